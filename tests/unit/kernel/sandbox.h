// SPDX-License-Identifier: LGPL-2.1-or-later
// A made-up kernel for tests: recorded /proc and /sys, and a seccomp filter
// that answers the module system calls.
#pragma once

#include <lkm/kernel.h>

#include <stdbool.h>

struct sandbox {
	char dir[64];
	char proc[96], sys[96], kmsg[96], module[96];
	int log; /* our end of the pipe that stands in for /dev/kmsg */
	struct lkm_kernel *kernel;
};

/* A kernel with nothing loaded, all rights, and an empty, readable log. */
void sandbox_open(struct sandbox *s);
void sandbox_close(struct sandbox *s);
/* Write file @path ("proc/modules", "sys/module/compression"). */
void sandbox_file(struct sandbox *s, const char *path, const char *text);
void sandbox_remove(struct sandbox *s, const char *path);
/* Write the module file that s->module names (see module-builder.h). */
void sandbox_module(struct sandbox *s, const char *file, const char *recipe);
/* The same as a .gz file. */
void sandbox_module_gzip(struct sandbox *s, const char *file,
			 const char *recipe);
/* The next read of the log gives this line. */
void sandbox_log(struct sandbox *s, const char *line);

/* What the system calls answer: 0, an errno, or one of these. */
enum { ANSWER_HANG = 4096, ANSWER_REAL };
struct answers {
	int finit_module; /* with a descriptor that is not -1 */
	int probe;	  /* with -1 */
	int init_module;
	int delete_module;
};

/*
 * Run @fn in a child process under these answers.  It is to assert; false: it
 * did not get to its end.
 */
bool sandbox_run(struct sandbox *s, const struct answers *answers,
		 void (*fn)(struct sandbox *s));
