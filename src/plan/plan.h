// SPDX-License-Identifier: LGPL-2.1-or-later
// Inside of plans: the steps as they are collected, and the resolver's state.
#pragma once

#include <lkm/plan.h>

#include "base/arena.h"
#include "base/macro.h"
#include "base/map.h"
#include "base/vec.h"

/* More steps than any sane configuration gives; the kmod dialect repeats. */
#define PLAN_MAX_STEPS 65536
/* A name, alias or modalias; the kernel's own uevents stay below 2048. */
#define PLAN_MAX_NAME 4096
/* Words of all softdep lines of one module. */
#define PLAN_MAX_WORDS 65536

/* Why a step is refused or a plan cannot be executed. */
enum plan_reason {
	PLAN_FINE,
	PLAN_FORBIDDEN,
	PLAN_BLACKLISTED,
	PLAN_MISSING,
	PLAN_INUSE,
	PLAN_IS_BUILTIN,
	PLAN_NOT_LOADED,
};

struct plan_step {
	struct lkm_step pub;
	enum plan_reason reason;
};

struct lkm_plan {
	struct arena arena;
	VEC(struct plan_step) steps;
	VEC(const char *) targets;
	const char *via;
	/* the first thing in the way that is not a step (unloading) */
	enum plan_reason reason;
	const char *reason_module;
	const char *reason_users;
};

struct node_list {
	struct plan_node **nodes;
	size_t count;
};

/* A softdep line, its names looked up. */
struct soft {
	const struct lkm_rule *rule;
	struct node_list pre;
	struct node_list post;
};

/*
 * A module as the resolver meets it.  In the kmod dialect a module that was
 * reached by an alias is another node than the same module by name, as there;
 * otherwise there is one node per name.
 */
struct plan_node {
	const char *name;
	const char *alias;		/* how it was reached, NULL: by name */
	const struct lkm_rule *via;	/* the alias line, NULL */
	const struct lkm_rule *command; /* install line found by its name */
	const char *rel;		/* path in the tree, NULL: none */
	const char *path;      /* openable, NULL: not asked yet or none */
	struct node_list deps; /* in the order of loading */
	struct soft **softs;
	size_t soft_count;
	unsigned int open; /* its softdeps are being walked, how deep */
	bool has_file;	   /* @rel and @deps are looked up */
	bool has_softs;
	bool is_file; /* asked for by path: @path is no tree path */
	bool is_target;
	bool required;
	bool visited;
	bool filled;
	bool listed;
	bool ignore_command;
	bool cycle_told; /* a step says so; webs have cycles by the million */
};

enum frame_kind { FRAME_VISIT, FRAME_FILL };

struct frame {
	struct plan_node *node;
	enum frame_kind kind;
	unsigned int phase;
	enum lkm_step_role role;
	const char *wanted_by;
	const struct lkm_rule *rule; /* the softdep line */
	size_t i;
	size_t j;
};

struct resolver {
	const struct lkm_plan_inputs *in;
	const struct lkm_plan_request *req;
	struct lkm_plan *plan;
	const struct lkm_rule *rules;
	size_t rule_count;
	struct map nodes;
	struct soft **softs; /* by rule, made when first needed */
	VEC(struct frame) stack;
	size_t words;
	bool kmod;
	struct lkm_error **reterr;
};

/* plan.c */
int plan_new(struct lkm_plan **ret, struct lkm_error **reterr);
/* A zeroed step at the end; NULL: no memory or too many (reterr is set). */
struct plan_step *plan_add(struct resolver *rs, int *ret_rc);
/* "a b" in the plan's arena; NULL: no memory. */
const char *plan_join(struct lkm_plan *plan, const char *a, const char *b);

/* lookup.c */
void resolver_init(struct resolver *rs, const struct lkm_plan_inputs *in,
		   const struct lkm_plan_request *req,
		   struct lkm_error **reterr);
void resolver_release(struct resolver *rs);
struct plan_node *resolver_node(struct resolver *rs, const char *name,
				const char *alias);
/* What @word stands for; count 0: nothing.  *ret_via may be NULL. */
int resolver_lookup(struct resolver *rs, const char *word,
		    struct node_list *ret, const char **ret_via);
int resolver_file(struct resolver *rs, struct node_list *ret);
/*
 * The module in @n's file where that is another than the file's name says
 * (Debian's nvidia-current.ko has nvidia) and a rule forbids it; NULL: none.
 */
int resolver_forbidden_inside(struct resolver *rs, const struct plan_node *n,
			      struct plan_node **ret);
/* The very module that the request names (LKM_PLAN_EXACT). */
int resolver_exact(struct resolver *rs, struct node_list *ret);
int node_load_file(struct resolver *rs, struct plan_node *n);
int node_load_softs(struct resolver *rs, struct plan_node *n);
/* First rule of @kind whose pattern matches @name. */
const struct lkm_rule *resolver_rule(const struct resolver *rs,
				     enum lkm_rule_kind kind, const char *name);
/* All options of the node, the request's too; NULL: no memory. */
const char *node_options(struct resolver *rs, const struct plan_node *n);
/* @command with $CMDLINE_OPTS replaced, in the plan's arena. */
const char *plan_fill_command(struct lkm_plan *plan, const char *command,
			      const char *options);
bool plan_is_path(const char *name);
/* Does rule pattern @key (an fnmatch pattern) match @name? */
bool plan_matches(const char *key, const char *name);

/* emit.c */
int emit_node(struct resolver *rs, struct plan_node *n, const struct frame *f);
int emit_simple(struct resolver *rs, const struct frame *f,
		enum lkm_step_kind kind, const struct lkm_rule *rule,
		const char *note);
/* The loaded module, NULL: not loaded, not live, or it does not matter. */
const struct lkm_loaded *node_loaded(const struct resolver *rs,
				     const struct plan_node *n);
int node_path(struct resolver *rs, struct plan_node *n);
