// SPDX-License-Identifier: LGPL-2.1-or-later
// What the two halves of modinfo share: finding modules, printing fields.
#pragma once

#include <lkm/image.h>

#include "base/vec.h"
#include "cli/compat/tool.h"

/* "parm" and "parmtype" entries of one parameter; borrowed. */
struct modinfo_param {
	const char *name;
	size_t len;
	const char *text; /* NULL: none */
	const char *type; /* NULL: none */
};

struct modinfo {
	struct tool t;
	struct target g;
	const char *field; /* only this one; NULL: all */
	char end;	   /* of each value */
	bool is_name;
	VEC(struct modinfo_param) params;
};

void modinfo_release(struct modinfo *m);
/* The line of a built-in module's name, where it is wanted. */
void modinfo_name(const struct modinfo *m, const char *name);
/* True: that was all that is wanted. */
bool modinfo_filename(const struct modinfo *m, const char *path);
void modinfo_field(struct modinfo *m, const char *key, const char *value);
/* Parameters, which come last. */
void modinfo_end(struct modinfo *m);
/* All fields of a file. */
int modinfo_image(struct modinfo *m, struct lkm_image *image,
		  struct lkm_error **reterr);
