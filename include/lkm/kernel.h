// SPDX-License-Identifier: LGPL-2.1-or-later
// A kernel that modules are loaded into.
#pragma once

#include <lkm/error.h>
#include <lkm/facts.h>
#include <lkm/host.h>
#include <lkm/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum lkm_kernel_kind - which kernel */
enum lkm_kernel_kind {
	LKM_KERNEL_LIVE,   /**< the running Linux */
	LKM_KERNEL_HOSTED, /**< one in a process: lkm/host.h */
};

/**
 * struct lkm_kernel_options - zero this, then set @size
 * @size: sizeof(struct lkm_kernel_options)
 * @proc: NULL: "/proc"; a directory with recorded files for tests
 * @sys: NULL: "/sys"; as above
 * @kmsg: NULL: "/dev/kmsg"; a file with recorded log records for tests
 * @host: the hosted kernel, which outlives this one
 * @inputs: tree and policy for the modules that a hosted kernel asks for itself
 *	(request_module); called while a request of ours is in work, it leaves
 *	facts alone.  NULL: there is no modprobe
 * @inputs_ctx: for @inputs
 */
struct lkm_kernel_options {
	size_t size;
	const char *proc;
	const char *sys;
	const char *kmsg;
	struct lkm_host *host;
	int (*inputs)(void *ctx, struct lkm_plan_inputs *ret,
		      struct lkm_error **reterr);
	void *inputs_ctx;
};

struct lkm_kernel;

int lkm_kernel_open(enum lkm_kernel_kind kind,
		    const struct lkm_kernel_options *options,
		    struct lkm_kernel **ret, struct lkm_error **reterr);
void lkm_kernel_free(struct lkm_kernel *kernel);

/** lkm_kernel_facts() - what is known of it now; lkm_facts_free() it */
int lkm_kernel_facts(struct lkm_kernel *kernel, struct lkm_facts **ret,
		     struct lkm_error **reterr);
/**
 * lkm_kernel_facts_for() - as above, with versions of some modules
 * @names: modules whose version and srcversion are read, two files each;
 *	lkm_kernel_facts() reads none, for it opens no file per module
 */
int lkm_kernel_facts_for(struct lkm_kernel *kernel, const char *const *names,
			 size_t count, struct lkm_facts **ret,
			 struct lkm_error **reterr);
/** enum lkm_load_flags - for lkm_kernel_load() */
enum lkm_load_flags {
	LKM_LOAD_FORCE_MODVERSIONS = 1, /**< MODULE_INIT_IGNORE_MODVERSIONS */
	LKM_LOAD_FORCE_VERMAGIC = 2,	/**< MODULE_INIT_IGNORE_VERMAGIC */
	LKM_LOAD_FIRST_TIME =
		4, /**< lkm_kernel_run(): loaded already is an error */
	LKM_LOAD_DIRECT = 8, /**< no child process: nothing can end the wait */
	LKM_LOAD_FORCE_NEEDS =
		16, /**< lkm_kernel_run(): force what the target needs, too */
};
/**
 * lkm_kernel_load() - load one file, no dependencies
 * @path: module file, compressed or not
 * @params: "a=1 b=2", NULL: none
 * @timeout_ms: give up waiting after this long, 0: never.  The kernel goes on
 *	with the module's init function; that is said in the error.
 *
 * Needs CAP_SYS_MODULE.  A child process makes the system call, for one that
 * is in a module's init function can neither be killed nor left; meanwhile
 * SIGINT and SIGTERM, unless blocked or ignored, end the wait instead of
 * reaching their handlers.
 *
 * Return: 0; kernel.load.refused with the kernel's log lines as evidence;
 * kernel.load.exists, kernel.load.timeout, kernel.load.interrupted,
 * kernel.modules.*, kernel.permission.*, image.*
 */
int lkm_kernel_load(struct lkm_kernel *kernel, const char *path,
		    const char *params, unsigned int flags,
		    unsigned int timeout_ms, struct lkm_error **reterr);
/** enum lkm_unload_flags - for lkm_kernel_unload() */
enum lkm_unload_flags {
	LKM_UNLOAD_FORCE =
		1, /**< O_TRUNC: CONFIG_MODULE_FORCE_UNLOAD kernels */
};
/** lkm_kernel_unload() - unload one module; retried for @wait_ms while in use
 */
int lkm_kernel_unload(struct lkm_kernel *kernel, const char *name,
		      unsigned int flags, unsigned int wait_ms,
		      struct lkm_error **reterr);

/**
 * lkm_kernel_log() - the log's records from number @from on
 * @fn: called with each
 * @ret_next: the number of the next record to come; may be NULL
 */
int lkm_kernel_log(struct lkm_kernel *kernel, uint64_t from,
		   void (*fn)(void *ctx, const struct lkm_log_record *record),
		   void *ctx, uint64_t *ret_next, struct lkm_error **reterr);

/** struct lkm_param - a parameter of a loaded module */
struct lkm_param {
	const char *name;
	const char *value; /**< NULL: may not be read */
	bool writable;
};
/** lkm_kernel_params() - parameters of a loaded (or built-in) module; free with
 * lkm_params_free() */
int lkm_kernel_params(struct lkm_kernel *kernel, const char *module,
		      struct lkm_param **ret, size_t *ret_count,
		      struct lkm_error **reterr);
void lkm_params_free(struct lkm_param *params, size_t count);
int lkm_kernel_set_param(struct lkm_kernel *kernel, const char *module,
			 const char *param, const char *value,
			 struct lkm_error **reterr);

/**
 * struct lkm_run_options - zero this, then set @size
 * @load_flags: &enum lkm_load_flags, for the target
 * @unload_flags: &enum lkm_unload_flags, for the target
 * @timeout_ms: for each step, 0: none
 * @wait_ms: unload: retry while in use
 * @before: called before each step that acts; may be NULL
 * @after: called after it, with its result; may be NULL
 * @ctx: for these two
 * @only_target: number + 1 of the one target whose steps are executed, 0: all
 */
struct lkm_run_options {
	size_t size;
	unsigned int load_flags;
	unsigned int unload_flags;
	unsigned int timeout_ms;
	unsigned int wait_ms;
	void (*before)(void *ctx, const struct lkm_step *step);
	void (*after)(void *ctx, const struct lkm_step *step, int rc,
		      const struct lkm_error *error);
	void *ctx;
	unsigned int only_target;
};
/**
 * lkm_kernel_run() - execute a plan
 * @ret_done: steps that acted and succeeded; set on failure too; may be NULL
 *
 * Refuses a plan whose lkm_plan_verdict() is not 0, before its first step.
 * Loaded steps stay loaded when a later one fails; *@ret_done says how many.
 */
int lkm_kernel_run(struct lkm_kernel *kernel, const struct lkm_plan *plan,
		   const struct lkm_run_options *options, size_t *ret_done,
		   struct lkm_error **reterr);

#ifdef __cplusplus
}
#endif
