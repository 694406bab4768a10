// SPDX-License-Identifier: LGPL-2.1-or-later
// Changing the text of lkm's own configuration files.  Lines that lkm did not
// write come out as they went in.
#pragma once

#include <stdbool.h>

#include "base/span.h"
#include "base/strbuf.h"

#define LKM_CONF "/etc/modprobe.d/lkm.conf"
#define LKM_LOAD_CONF "/etc/modules-load.d/lkm.conf"

/*
 * What to change; names are valid (policy_name_is_valid()) and in normal form.
 * Each function appends the new text to @ret; failure sticks there.  An empty
 * text: the file is not needed any more.
 */
struct edit {
	struct span old;
	const char *name;
	const char *param; /* edit_param() */
	const char *value; /* edit_param(); NULL: remove */
	bool on;	   /* edit_forbid(), edit_load() */
	bool found;	   /* set: there was something to remove */
};

void edit_forbid(struct edit *e, struct strbuf *ret);
void edit_param(struct edit *e, struct strbuf *ret);
void edit_load(struct edit *e, struct strbuf *ret);
