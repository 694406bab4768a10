// SPDX-License-Identifier: LGPL-2.1-or-later
// Parameters on a module's command line, held against its declared types.
#pragma once

#include <lkm/image.h>

#include <stdbool.h>

struct param_fault {
	char param[64];
	char value[128];
	char type[32]; /* "int", "bool", ... as in modinfo */
};

/*
 * The first value of "a=1 b=\"x y\"" that its parameter's type can't have.
 * Types that a module defines itself are not judged.
 */
bool params_find_fault(struct lkm_image *image, const char *params,
		       struct param_fault *ret);
