// SPDX-License-Identifier: LGPL-2.1-or-later
// A kernel behind one table of operations; live Linux is the first of them.
#pragma once

#include <lkm/kernel.h>

#include "base/macro.h"
#include "diag/error.h"

struct kernel_ops {
	int (*facts)(struct lkm_kernel *k, const char *const *names,
		     size_t count, struct lkm_facts **ret,
		     struct lkm_error **reterr);
	int (*load)(struct lkm_kernel *k, const char *path, const char *params,
		    unsigned int flags, unsigned int timeout_ms,
		    struct lkm_error **reterr);
	int (*unload)(struct lkm_kernel *k, const char *name,
		      unsigned int flags, unsigned int wait_ms,
		      struct lkm_error **reterr);
	int (*params)(struct lkm_kernel *k, const char *module,
		      struct lkm_param **ret, size_t *ret_count,
		      struct lkm_error **reterr);
	int (*set_param)(struct lkm_kernel *k, const char *module,
			 const char *param, const char *value,
			 struct lkm_error **reterr);
};

struct lkm_kernel {
	const struct kernel_ops *ops;
	char *proc;
	char *sys;
	char *kmsg; /* NULL: /dev/kmsg */
};

extern const struct kernel_ops live_ops;

/*
 * The text of a file below @base (k->proc or k->sys), without a newline at its
 * end.  0 or negative errno.
 */
int kernel_read(const char *base, const char *path, char **ret) _must_check_;

int live_facts(struct lkm_kernel *k, const char *const *names, size_t count,
	       struct lkm_facts **ret, struct lkm_error **reterr);
int live_load(struct lkm_kernel *k, const char *path, const char *params,
	      unsigned int flags, unsigned int timeout_ms,
	      struct lkm_error **reterr);
int live_unload(struct lkm_kernel *k, const char *name, unsigned int flags,
		unsigned int wait_ms, struct lkm_error **reterr);
int live_params(struct lkm_kernel *k, const char *module,
		struct lkm_param **ret, size_t *ret_count,
		struct lkm_error **reterr);
int live_set_param(struct lkm_kernel *k, const char *module, const char *param,
		   const char *value, struct lkm_error **reterr);

/* Run the command of an INSTALL or REMOVE step; @timeout_ms 0: none. */
int kernel_run_command(const struct lkm_step *s, unsigned int timeout_ms,
		       struct lkm_error **reterr);
/*
 * Why the kernel said EPERM or ENOSYS (@err) to a module system call, as far
 * as it can be known without its log: 0 when nothing explains it, else the
 * error's code.
 */
int live_why(struct lkm_kernel *k, int err, struct lkm_error **reterr);
/* Is this process in the user namespace that may load modules? */
enum lkm_known live_in_initial_userns(struct lkm_kernel *k);
/* "Live", "Loading", "Unloading" or "not there", of /proc/modules. */
const char *live_state(struct lkm_kernel *k, const char *module);
