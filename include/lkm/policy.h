// SPDX-License-Identifier: LGPL-2.1-or-later
// What the administrator wants: modprobe.d, depmod.d, the kernel command line.
#pragma once

#include <lkm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum lkm_rule_kind - the directives of modprobe.d(5) */
enum lkm_rule_kind {
	LKM_RULE_ALIAS,	    /**< key: pattern; value: module */
	LKM_RULE_BLACKLIST, /**< key: module; value: "" */
	LKM_RULE_OPTIONS,   /**< key: module or alias; value: parameters */
	LKM_RULE_INSTALL,   /**< key: pattern of names; value: shell command */
	LKM_RULE_REMOVE,    /**< as INSTALL */
	LKM_RULE_SOFTDEP,   /**< key: pattern; value: "pre: a b post: c" */
	LKM_RULE_WEAKDEP,   /**< key: pattern; value: "a b" */
	LKM_RULE_FORBID,    /**< key: module; lkm's own marker; value: "" */
};

/**
 * struct lkm_rule - one directive and where it stands
 * @key: '-' is '_' (outside of brackets for aliases)
 * @file: path as seen below the root; "/proc/cmdline" for the command line;
 *	the tree's modules.softdep or modules.weakdep
 * @line: from 1; 0 for the command line
 */
struct lkm_rule {
	enum lkm_rule_kind kind;
	const char *key;
	const char *value;
	const char *file;
	unsigned int line;
};

/** struct lkm_policy_warning - a line that could not be used, and why */
struct lkm_policy_warning {
	const char *file;
	unsigned int line;
	const char *text;
};

/**
 * struct lkm_policy_options - zero this, then set @size
 * @size: sizeof(struct lkm_policy_options)
 * @root: NULL: this machine's
 * @paths: files or directories instead of the default directories (modprobe -C)
 * @path_count: entries of @paths; 0: the default directories
 * @cmdline: kernel command line; NULL: /proc/cmdline where the root is this
 *	machine's own, else none; "": none
 * @module_dir: /lib/modules/RELEASE (below the root) whose modules.softdep and
 *	modules.weakdep belong to the rules, in the place that their names give
 *	them among the files; NULL: none
 * @module_lines: lkm_tree_softdeps(), what these files would have and do not;
 *	NULL: none
 * @only_paths: no default directories, even where there are no @paths
 */
struct lkm_policy_options {
	size_t size;
	const char *root;
	const char *const *paths;
	size_t path_count;
	const char *cmdline;
	const char *module_dir;
	const char *module_lines;
	bool only_paths;
};

struct lkm_policy;

/**
 * lkm_policy_load() - read all rules
 *
 * Directories: /etc, /run, /usr/local/lib, /usr/lib, /lib + "/modprobe.d"; of
 * files with the same name only the first is read; then all in order of their
 * names, the command line last.  Malformed lines become warnings.
 *
 * Return: 0; sys.failed, policy.* on failure
 */
int lkm_policy_load(const struct lkm_policy_options *options,
		    struct lkm_policy **ret, struct lkm_error **reterr);
void lkm_policy_free(struct lkm_policy *policy);
/** lkm_policy_rules() - all rules in the order read; borrowed */
const struct lkm_rule *lkm_policy_rules(const struct lkm_policy *policy,
					size_t *ret_count);
/** lkm_policy_warnings() - lines that could not be used; borrowed */
const struct lkm_policy_warning *
lkm_policy_warnings(const struct lkm_policy *policy, size_t *ret_count);
/** lkm_rule_kind_name() - "alias", "blacklist", ... as in the file */
const char *lkm_rule_kind_name(enum lkm_rule_kind kind);
/** lkm_policy_forbids() - the forbid rule for module @name, or NULL */
const struct lkm_rule *lkm_policy_forbids(const struct lkm_policy *policy,
					  const char *name);

/**
 * DOC: what lkm writes
 *
 * /etc/modprobe.d/lkm.conf holds what "lkm forbid" and "lkm param --persist"
 * wrote, as ordinary directives with a marker comment;
 * /etc/modules-load.d/lkm.conf what "lkm load --persist" wrote.  Both are
 * replaced atomically.
 */

/** lkm_policy_forbid() - write rules against @name, where there are none yet */
int lkm_policy_forbid(const char *root, const char *name,
		      struct lkm_error **reterr);
/**
 * lkm_policy_allow() - take back what lkm_policy_forbid() wrote
 *
 * Return: 0; policy.forbid.absent where nothing forbids it;
 * policy.forbid.elsewhere where a file that is not ours (still) does
 */
int lkm_policy_allow(const char *root, const char *name,
		     struct lkm_error **reterr);
/**
 * struct lkm_forbid_gap - a way around a forbid rule that lkm cannot close
 * @loader: "kmod", "udev (libkmod)", "busybox", "initramfs"
 * @path: how it could still load the module
 * @file: what makes it so, NULL: nothing in particular
 * @line: of @file; 0: the whole file
 */
struct lkm_forbid_gap {
	const char *loader;
	const char *path;
	const char *file;
	unsigned int line;
};
struct lkm_forbid_gaps;

/**
 * lkm_policy_forbid_gaps() - who else on this machine could load @name
 * @policy: the rules of @root, read before or after lkm_policy_forbid()
 *
 * No path through lkm loads a forbidden module; this tells of the others that
 * are installed, and of initramfs images, which hold copies of modules and of
 * rules.  Only reads.
 *
 * Return: 0; sys.failed, policy.name.invalid
 */
int lkm_policy_forbid_gaps(const struct lkm_policy *policy, const char *root,
			   const char *name, struct lkm_forbid_gaps **ret,
			   struct lkm_error **reterr);
void lkm_forbid_gaps_free(struct lkm_forbid_gaps *gaps);
/** lkm_forbid_gaps_all() - the list; borrowed */
const struct lkm_forbid_gap *
lkm_forbid_gaps_all(const struct lkm_forbid_gaps *gaps, size_t *ret_count);

/**
 * lkm_policy_persist_param() - PARAM=VALUE at every load of @module
 * @value: NULL: no longer
 *
 * Return: 0; sys.failed, policy.name.invalid, policy.param.invalid,
 * policy.file.special
 */
int lkm_policy_persist_param(const char *root, const char *module,
			     const char *param, const char *value,
			     struct lkm_error **reterr);
/** lkm_policy_persist_load() - load @module at every boot, or no longer */
int lkm_policy_persist_load(const char *root, const char *module, bool on,
			    struct lkm_error **reterr);

#ifdef __cplusplus
}
#endif
