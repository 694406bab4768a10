// SPDX-License-Identifier: LGPL-2.1-or-later
// Child processes: an argument vector, never a shell line.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"
#include "base/strbuf.h"

struct spawn {
	const char *const *argv;   /* NULL-terminated; argv[0] via PATH */
	const char *const *env;	   /* NULL: ours; else NULL-terminated */
	const char *input;	   /* stdin, NULL: /dev/null */
	struct strbuf *ret_output; /* stdout, NULL: ours */
	struct strbuf *ret_errors; /* stderr, NULL: ours */
	/* Gets stdout as it comes, all of it, instead of @ret_output. */
	void (*output)(void *ctx, const char *bytes, size_t len);
	void *output_ctx;
	bool share_input;	 /* stdin is ours; @input is NULL */
	size_t output_limit;	 /* bytes of each, 0: 16 MiB; rest dropped */
	unsigned int timeout_ms; /* 0: none; then SIGTERM, SIGKILL */
	bool own_group; /* a timeout ends what it started too; Ctrl-C does not
			 */
};

/*
 * Run it with our output, and ours as input with @share_input; not waited for.
 * 0 and its number, or negative errno.
 */
int spawn_start(const struct spawn *s, pid_t *ret) _must_check_;
/*
 * Run and wait.  0 and *@ret_status (as waitpid(2) gives it), or negative
 * errno: -ETIMEDOUT after it was killed, -ENOENT no such program.
 */
int spawn_run(const struct spawn *s, int *ret_status) _must_check_;
