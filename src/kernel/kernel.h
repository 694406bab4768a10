// SPDX-License-Identifier: LGPL-2.1-or-later
// A kernel behind one table of operations; live Linux is the first of them.
#pragma once

#include <lkm/kernel.h>

#include <sys/types.h>

#include "base/macro.h"
#include "diag/error.h"
#include "diag/kmsg.h"
#include "kernel/wait.h"

/* A place in a kernel's log. */
struct kernel_log {
	struct kmsg kmsg; /* live */
	uint64_t next;	  /* hosted: the first record that is not read */
};

/*
 * What the kinds of kernel differ in: how its files are reached, and its module
 * loader.  Everything else is made of these.  Paths are as the kernel has
 * them: "/proc/modules", "/sys/module/x/refcnt".  Negative errno on failure.
 */
struct kernel_ops {
	/* All of a file, NUL-terminated. */
	int (*read)(struct lkm_kernel *k, const char *path, char **ret,
		    size_t *ret_size);
	/* As root_list() gives it. */
	int (*list)(struct lkm_kernel *k, const char *path, size_t limit,
		    char ***ret_names, size_t *ret_count);
	int (*mode)(struct lkm_kernel *k, const char *path, mode_t *ret);
	/* In one write(2). */
	int (*write)(struct lkm_kernel *k, const char *path, const char *bytes,
		     size_t size);
	/* LKM_FACT_RELEASE, _MACHINE and _CAN_LOAD; a negative lkm_code */
	int (*identity)(struct lkm_kernel *k, struct lkm_facts *facts,
			struct lkm_error **reterr);
	/* finit_module or init_module; -errno when it could not be made. */
	int (*insert)(struct lkm_kernel *k, const struct load_call *call,
		      unsigned int timeout_ms, bool direct,
		      struct load_result *ret);
	/* delete_module; its answer. */
	int (*remove)(struct lkm_kernel *k, const char *name,
		      unsigned int flags);
	void (*log_open)(struct lkm_kernel *k, struct kernel_log *log);
	/* Append the lines since then. */
	int (*log_read)(struct lkm_kernel *k, struct kernel_log *log,
			struct kmsg_lines *ret);
	/*
	 * Why it said EPERM or ENOSYS (@err) to a module system call, as far
	 * as it can be known without its log: 0 when nothing explains it, else
	 * the error's code.  NULL: there is no such reason.
	 */
	int (*why)(struct lkm_kernel *k, int err, struct lkm_error **reterr);
	/* A load of @module from @path begins.  NULL: nobody wants to know. */
	void (*coming)(struct lkm_kernel *k, const char *module,
		       const char *path);
	/* As lkm_kernel_log(). */
	int (*log_all)(struct lkm_kernel *k, uint64_t from,
		       void (*fn)(void *ctx,
				  const struct lkm_log_record *record),
		       void *ctx, uint64_t *ret_next);
	/* insert() takes descriptors only, of files that are not compressed. */
	bool plain_files_only;
};

struct lkm_kernel {
	const struct kernel_ops *ops;
	char *proc; /* live: what stands for /proc ... */
	char *sys;
	char *kmsg;	       /* NULL: /dev/kmsg */
	struct lkm_host *host; /* hosted: borrowed */
	/* Of the modprobe that it may call: see struct lkm_kernel_options. */
	int (*inputs)(void *ctx, struct lkm_plan_inputs *ret,
		      struct lkm_error **reterr);
	void *inputs_ctx;
};

extern const struct kernel_ops live_ops;
extern const struct kernel_ops hosted_ops;

/* Let @host's request_module() come to @k; and no longer. */
void hosted_attach(struct lkm_kernel *k, struct lkm_host *host);
void hosted_detach(struct lkm_kernel *k);

/*
 * The text of a file, without a newline at its end.  0 or negative errno.
 */
int kernel_read(struct lkm_kernel *k, const char *path, char **ret)
	_must_check_;
bool kernel_has(struct lkm_kernel *k, const char *path);
/* "Live", "Loading", "Unloading" or "not there", of /proc/modules. */
const char *kernel_state(struct lkm_kernel *k, const char *module);
/* ops->why(), where there is one. */
int kernel_why(struct lkm_kernel *k, int err, struct lkm_error **reterr);

/* Run the command of an INSTALL or REMOVE step; @timeout_ms 0: none. */
int kernel_run_command(const struct lkm_step *s, unsigned int timeout_ms,
		       struct lkm_error **reterr);

/* why.c */
int live_why(struct lkm_kernel *k, int err, struct lkm_error **reterr);
/* Has this process the capability, in the user namespace where it counts? */
enum lkm_known live_can_load(struct lkm_kernel *k);
