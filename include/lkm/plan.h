// SPDX-License-Identifier: LGPL-2.1-or-later
// From a name to the steps that would load or unload it.
#pragma once

#include <lkm/error.h>
#include <lkm/facts.h>
#include <lkm/policy.h>
#include <lkm/tree.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: a plan is a value
 *
 * Making a plan changes nothing anywhere.  The same plan is printed, explained,
 * checked, packed or executed (lkm_kernel_run()).  A plan with a refused or
 * missing step can be looked at but not executed: lkm_plan_verdict() says why.
 */

/** enum lkm_dialect - whose rules; docs/differences.md lists the differences */
enum lkm_dialect { LKM_DIALECT_LKM, LKM_DIALECT_KMOD };

/** enum lkm_step_kind - what a step does */
enum lkm_step_kind {
	LKM_STEP_LOAD,	  /**< load @path with @options */
	LKM_STEP_INSTALL, /**< run @command, an install line */
	LKM_STEP_BUILTIN, /**< nothing: part of the kernel */
	LKM_STEP_LOADED,  /**< nothing: loaded already */
	LKM_STEP_REFUSED, /**< a rule forbids it: @file, @line */
	LKM_STEP_MISSING, /**< not in the tree */
	LKM_STEP_CYCLE,	  /**< nothing: would wait for itself (softdep cycle) */
	LKM_STEP_UNLOAD,  /**< unload @module */
	LKM_STEP_REMOVE,  /**< run @command, a remove line */
};

/** enum lkm_step_role - why a step is there */
enum lkm_step_role {
	LKM_ROLE_TARGET,      /**< it was asked for */
	LKM_ROLE_DEPENDENCY,  /**< @wanted_by needs its symbols */
	LKM_ROLE_SOFTDEP_PRE, /**< a softdep line of @wanted_by */
	LKM_ROLE_SOFTDEP_POST,
	LKM_ROLE_HOLDER, /**< unload: it uses @wanted_by */
	LKM_ROLE_UNUSED, /**< unload: only @wanted_by used it */
};

/** struct lkm_step - borrowed from the plan */
struct lkm_step {
	enum lkm_step_kind kind;
	enum lkm_step_role role;
	const char *module;    /**< name with '_' */
	const char *path;      /**< openable, root included; NULL where none */
	const char *options;   /**< parameters, "" */
	const char *command;   /**< INSTALL, REMOVE: $CMDLINE_OPTS filled in */
	const char *wanted_by; /**< module, NULL for the target */
	const char *note;      /**< "srcversion differs from the file", NULL */
	const char *file;      /**< the rule that decided, NULL: none */
	unsigned int line;
	bool optional; /**< its failure does not stop the plan (softdeps) */
	const char *command_rule; /**< INSTALL, REMOVE: as the line has it */
	unsigned int target;	  /**< belongs to lkm_plan_targets()[target] */
};

struct lkm_plan;

/** struct lkm_plan_inputs - what a plan is made from; all borrowed */
struct lkm_plan_inputs {
	struct lkm_tree *tree;
	const struct lkm_policy *policy;
	const struct lkm_facts *facts; /**< NULL: an empty kernel */
	enum lkm_dialect dialect;
};

/** enum lkm_plan_flags - for &struct lkm_plan_request */
enum lkm_plan_flags {
	LKM_PLAN_IGNORE_LOADED = 1,   /**< as if nothing were loaded (-D) */
	LKM_PLAN_IGNORE_COMMANDS = 2, /**< no command of the target (-i) */
	LKM_PLAN_BLACKLIST = 4,	      /**< blacklists hold for names too (-b) */
	LKM_PLAN_HOLDERS = 8,	      /**< unload: holders as well */
	LKM_PLAN_KEEP_UNUSED = 16,    /**< unload: dependencies stay */
	LKM_PLAN_IGNORE_REFCOUNT = 32, /**< unload: users do not matter (-f) */
	LKM_PLAN_NO_SOFTDEPS = 64,
	LKM_PLAN_EXACT = 128, /**< load: @name is a module's, nothing is looked
				 up; blacklists are the caller's affair */
};

/**
 * struct lkm_plan_request - zero this, then set @size
 * @size: sizeof(struct lkm_plan_request)
 * @name: module name, alias (modalias, "symbol:X", ...), or a file: a path
 *	that begins with '/', './' or '../'
 * @options: parameters for the target, "" or NULL
 * @flags: &enum lkm_plan_flags
 * @alias: EXACT: how @name was found, for its options; NULL: by itself
 * @path: EXACT: its file instead of the tree's; NULL: the tree's
 */
struct lkm_plan_request {
	size_t size;
	const char *name;
	const char *options;
	unsigned int flags;
	const char *alias;
	const char *path;
};

/**
 * lkm_plan_load() - steps that load @request->name
 *
 * Return: 0 (the plan may hold refused or missing steps; see
 * lkm_plan_verdict()); plan.notfound where the name leads nowhere
 */
int lkm_plan_load(const struct lkm_plan_inputs *inputs,
		  const struct lkm_plan_request *request, struct lkm_plan **ret,
		  struct lkm_error **reterr);
/** lkm_plan_unload() - steps that unload it */
int lkm_plan_unload(const struct lkm_plan_inputs *inputs,
		    const struct lkm_plan_request *request,
		    struct lkm_plan **ret, struct lkm_error **reterr);
void lkm_plan_free(struct lkm_plan *plan);
size_t lkm_plan_count(const struct lkm_plan *plan);
const struct lkm_step *lkm_plan_step(const struct lkm_plan *plan, size_t i);
/** lkm_plan_targets() - the module names that the request stands for */
const char *const *lkm_plan_targets(const struct lkm_plan *plan,
				    size_t *ret_count);
/**
 * lkm_plan_via() - how the name was found: "name", "alias" (config), "file",
 * "modules.alias", "symbol", "builtin", "command"
 */
const char *lkm_plan_via(const struct lkm_plan *plan);
/**
 * lkm_plan_verdict() - may this plan be executed?
 *
 * Return: 0; plan.forbidden, plan.blacklisted, plan.missing, plan.inuse, ...
 */
int lkm_plan_verdict(const struct lkm_plan *plan, struct lkm_error **reterr);

/**
 * struct lkm_reason - one thing that is known about a module's loading
 * @relation: what it is, as a word:
 *	would load it: "alias" (@subject is the pattern), "modules.alias",
 *	"builtin", "needed-by" (@subject needs it), "softdep-of",
 *	"weakdep-of", "modules-load" (at boot), "cmdline";
 *	stops it: "forbid", "blacklist", "install" (@text is the command);
 *	is said of it: "options", "remove";
 *	it is there: "loaded", "loading", "unloading", "held-by" (@subject
 *	holds it), "users" (@text says how many that are no modules)
 * @subject: the other module, pattern or word; "" where there is none
 * @text: the rest of the line, ""
 * @file: where it stands, below the root; NULL: it is a fact of the kernel
 * @line: from 1; 0: not a line
 */
struct lkm_reason {
	const char *relation;
	const char *subject;
	const char *text;
	const char *file;
	unsigned int line;
};

/** struct lkm_reasons - free with lkm_reasons_free() */
struct lkm_reasons {
	const char *module; /**< the name with '_' */
	const struct lkm_reason *items;
	size_t count;
};

/**
 * lkm_plan_explain() - why module @name is loaded, would be, or would not be
 * @root: whose modules-load.d directories are read; NULL: this machine's
 *
 * Reads files only.  A name that nothing is known of gives no items.
 *
 * Return: 0; sys.failed, tree.*
 */
int lkm_plan_explain(const struct lkm_plan_inputs *inputs, const char *root,
		     const char *name, struct lkm_reasons **ret,
		     struct lkm_error **reterr);
/** lkm_reasons_free() - NULL is fine */
void lkm_reasons_free(struct lkm_reasons *reasons);

/** lkm_step_kind_name() - "load", "install", "builtin", ... */
const char *lkm_step_kind_name(enum lkm_step_kind kind);
/** lkm_step_role_name() - "target", "dependency", "softdep-pre", ... */
const char *lkm_step_role_name(enum lkm_step_role role);

#ifdef __cplusplus
}
#endif
