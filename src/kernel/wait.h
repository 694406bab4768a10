// SPDX-License-Identifier: LGPL-2.1-or-later
// A module system call that can be left while the kernel is still at it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

struct load_call {
	int fd;		/* finit_module; -1: init_module of @image */
	int init_flags; /* MODULE_INIT_* */
	const void *image;
	size_t size;
	const char *params;
};

/* How a call ended. */
struct load_result {
	enum { LOAD_DONE, LOAD_TIMEOUT, LOAD_SIGNAL } end;
	int rc;	    /* LOAD_DONE: 0 or negative errno */
	int signal; /* LOAD_SIGNAL: which */
};

/* Make the call here and now. */
int load_direct(const struct load_call *call);
/*
 * Make the call in a child process and wait until it returns, @timeout_ms (0:
 * never) have passed, or SIGINT or SIGTERM arrives.  0 and *@ret, or negative
 * errno when there can be no child.
 */
int load_wait(const struct load_call *call, unsigned int timeout_ms,
	      struct load_result *ret) _must_check_;
