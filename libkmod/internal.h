// SPDX-License-Identifier: LGPL-2.1-or-later
// What the parts of libkmod.so.2 share: its objects and how liblkm is asked.
#pragma once

#include "libkmod.h"

#include <lkm/kernel.h>
#include <lkm/plan.h>
#include <lkm/policy.h>
#include <lkm/tree.h>

#include "base/macro.h"
#include "base/vec.h"

/* A path and when it was changed last, 0: it was not there. */
struct stamp {
	char *path;
	uint64_t mtime; /* ns */
};

/* Everything hangs on the context: one for each thread, and no locks. */
struct kmod_ctx {
	unsigned int refs;
	int log_priority;
	void (*log_fn)(void *data, int priority, const char *file, int line,
		       const char *fn, const char *format, va_list args);
	const void *log_data;
	const void *userdata;
	char *dirname;
	char *parent;	     /* of @dirname, and */
	const char *release; /* its last part, in the same memory */
	struct lkm_policy *policy;
	struct lkm_tree *tree;	   /* NULL: resources are not loaded */
	struct lkm_kernel *kernel; /* opened when first needed */
	VEC(struct stamp) config;
	VEC(struct stamp) indexes; /* of @tree */
	void *pool;		   /* of tsearch(3): modules by their key */
};

enum is_builtin { BUILTIN_UNKNOWN, BUILTIN_NO, BUILTIN_YES };

struct kmod_module {
	struct kmod_ctx *ctx; /* a reference */
	unsigned int refs;
	char *key;	     /* NAME, or NAME\ALIAS */
	char *name;	     /* with '_' */
	const char *alias;   /* in @key: how it was found; NULL: by its name */
	char *path;	     /* NULL: not known yet, or none */
	char *options;	     /* as above */
	const char *install; /* the policy's; as above */
	bool path_known;
	bool options_known;
	enum is_builtin builtin;
};

/* A list is its first node; the last one's @next is the first again. */
struct kmod_list {
	struct kmod_list *next;
	struct kmod_list *prev;
	void *data;
};

/* @data at the end; *@list is NULL while empty.  False: no memory. */
bool list_append(struct kmod_list **list, void *data) _must_check_;
/* All of *@more to the end of *@list. */
void list_join(struct kmod_list **list, struct kmod_list *more);
/* Free the nodes, and what they hold by @free_data (NULL: keep it). */
void list_free(struct kmod_list *list, void (*free_data)(void *data));

/* What is not a list of modules is a list of these. */
struct item {
	char *key;
	char *value;
	uint64_t number; /* a CRC, an address */
	int bind;
};
/* -ENOMEM or 0.  @value may be NULL. */
int items_add(struct kmod_list **list, const char *key, const char *value,
	      uint64_t number, int bind) _must_check_;
void items_free(struct kmod_list *list);

/* context.c */
struct log_place {
	const char *file;
	int line;
	const char *fn;
};
void ctx_log(const struct kmod_ctx *ctx, int priority,
	     const struct log_place *place, const char *format, ...)
	_printf_(4, 5);
#define LOG(ctx, priority, ...)                                            \
	ctx_log(ctx, priority,                                             \
		&(const struct log_place){ __FILE__, __LINE__, __func__ }, \
		__VA_ARGS__)
/*
 * The one place where lkm's codes become errnos.  @rc is what liblkm returned;
 * @e is logged at @priority and freed.
 */
int ctx_errno(const struct kmod_ctx *ctx, int rc, struct lkm_error *e,
	      int priority);
char *path_absolute(const char *path);
/*
 * The indexes: those that are loaded, else as they are now.  0, or negative
 * errno; give it back with ctx_tree_put().
 */
int ctx_tree(const struct kmod_ctx *ctx, struct lkm_tree **ret) _must_check_;
void ctx_tree_put(const struct kmod_ctx *ctx, struct lkm_tree *tree);
/* The running kernel, for all calls of this context. */
int ctx_kernel(const struct kmod_ctx *ctx, struct lkm_kernel **ret)
	_must_check_;

/* module.c */
int module_new(struct kmod_ctx *ctx, const char *name, const char *alias,
	       struct kmod_module **ret) _must_check_;
bool module_is_blacklisted(const struct kmod_module *mod);
bool module_is_builtin(struct kmod_module *mod);
/* @mod as a reference at the end of *@list; it is given up on failure. */
int modules_add(struct kmod_list **list, struct kmod_module *mod) _must_check_;

/* lookup.c */
/* First rule of @kind whose pattern matches the name; NULL: none. */
const struct lkm_rule *module_rule(const struct kmod_module *mod,
				   enum lkm_rule_kind kind);
/*
 * Its configured options, and @extra ones where this is for a command line;
 * "" or more; NULL: no memory.
 */
char *module_options(const struct kmod_module *mod, const char *extra);
