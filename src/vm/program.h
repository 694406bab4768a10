// SPDX-License-Identifier: LGPL-2.1-or-later
// The shared libraries of a program, so that it runs elsewhere.
#pragma once

#include <lkm/error.h>

#include "base/strbuf.h"

/*
 * Appends to @ret_files, each with its NUL, the paths of the loader and the
 * libraries that program @path needs on this machine, those that it loads on
 * demand (.note.dlopen) included where they are here.  Nothing for a static
 * program, a script or anything else.
 *
 * 0, sys.failed
 */
int program_files(const char *path, struct strbuf *ret_files,
		  struct lkm_error **reterr);
