// SPDX-License-Identifier: LGPL-2.1-or-later
// The lines of /proc/modules.
#pragma once

#include <lkm/facts.h>

#include "base/span.h"

/* Longer lists of holders than this are cut; a kernel has about 4,000 modules.
 */
#define PROC_HOLDERS_MAX 8192

/* Called with each module, whose strings live for the call; false: stop. */
typedef bool (*procmodules_fn)(void *ctx, struct lkm_loaded *module);

/*
 * Parse @text.  0; -EBADMSG: line *@ret_line (from 1) is malformed; -ENOMEM;
 * -ECANCELED: @fn said so.
 */
int procmodules_parse(struct span text, procmodules_fn fn, void *ctx,
		      unsigned int *ret_line);
