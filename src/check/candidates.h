// SPDX-License-Identifier: LGPL-2.1-or-later
// What an errno of a module load can mean, less what is known not to be.
#pragma once

#include <lkm/facts.h>

struct candidates_inputs {
	int err;
	const char *module;
	const char *params;
	bool log_is_readable;  /* then what the kernel logs is ruled out */
	const char *log_error; /* why it is not */
	const struct lkm_facts *facts; /* NULL: none */
};

/* Is the module's own init function all that is left? */
bool candidates_only_init(const struct candidates_inputs *in);
/* "a; or b"; NULL: no memory.  free() */
char *candidates_text(const struct candidates_inputs *in);
/* What could not be looked at; NULL: no memory.  free() */
char *candidates_unchecked(const struct candidates_inputs *in);
/* What an init function that returns -@err usually wants to say. */
const char *candidates_init_advice(int err);
