// SPDX-License-Identifier: LGPL-2.1-or-later
// A module's signature as the fields that modinfo and libkmod tell of it.
#pragma once

#include <lkm/image.h>

#include "base/macro.h"

/* @value lives for the call.  Non-zero ends the walk. */
typedef int (*signer_field_fn)(void *ctx, const char *key, const char *value);

/*
 * sig_id, signer, sig_key, sig_hashalgo and signature, in this order; nothing
 * for a module that is not signed, or of whose signature nothing can be read.
 * 0, what @fn returned, or -LKM_ENOMEM.
 */
int signer_fields(struct lkm_image *image, signer_field_fn fn, void *ctx)
	_must_check_;
