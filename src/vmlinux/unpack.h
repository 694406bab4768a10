// SPDX-License-Identifier: LGPL-2.1-or-later
// From the file as it is distributed to the kernel's own bytes.
#pragma once

#include "base/source.h"
#include "diag/error.h"

/* What kind of thing the kernel itself is. */
enum unpack_kind {
	UNPACK_ELF,
	UNPACK_ARM64, /* arch/arm64's Image */
};

struct unpacked {
	enum unpack_kind kind;
	const char *payload; /* "none", "gzip", ... */
};

/*
 * @source is the file, and becomes the kernel where that is packed.  @file is
 * for messages.  vmlinux.format, vmlinux.truncated, vmlinux.broken,
 * image.compression.*
 */
int unpack(struct source *source, const char *file, struct unpacked *ret,
	   struct lkm_error **reterr);
