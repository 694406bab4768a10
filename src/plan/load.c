// SPDX-License-Identifier: LGPL-2.1-or-later
// The order in which a module, what it needs and its softdeps are loaded.
#include "plan/plan.h"

#include <string.h>

#include "diag/error.h"

/*
 * DOC: the walk
 *
 * VISIT of a module, once each: FILL what it needs, deepest first, then FILL
 * itself.  FILL: VISIT its "pre" softdeps, list it, VISIT its "post" softdeps.
 * So the softdeps of a needed module come with it, and a module's own "pre"
 * softdeps come after what it needs.  The stack is explicit: softdep lines may
 * make chains of any length.  Each module is visited once, and its softdeps
 * are walked once, so a web of softdeps costs what its lines are long.
 */

enum { VISIT_START, VISIT_DEPS };
enum { FILL_START, FILL_PRE, FILL_POST };

static int push(struct resolver *rs, const struct frame *f)
{
	return vec_push(&rs->stack, *f) ? 0 : error_nomem(rs->reterr);
}

static bool node_is_live(const struct resolver *rs, const struct plan_node *n)
{
	const struct lkm_loaded *loaded = node_loaded(rs, n);

	return loaded && loaded->state == LKM_STATE_LIVE;
}

static const struct lkm_rule *forbids(const struct resolver *rs,
				      const struct plan_node *n)
{
	if (!rs->in->policy || node_is_live(rs, n))
		return NULL;
	return lkm_policy_forbids(rs->in->policy, n->name);
}

/*
 * What nobody strictly needs is left out where a rule forbids it or something
 * that it needs itself.  Return: 1 when it was, and a step says so.
 */
static int leave_out(struct resolver *rs, const struct frame *f)
{
	struct plan_node *n = f->node;
	const struct lkm_rule *rule = forbids(rs, n);
	char note[128] = "left out";
	int rc;

	if (n->required || node_is_live(rs, n))
		return 0;
	for (size_t i = 0; !rule && i < n->deps.count; i++) {
		rule = forbids(rs, n->deps.nodes[i]);
		snprintf(note, sizeof(note), "left out: it needs %.64s",
			 n->deps.nodes[i]->name);
	}
	if (!rule)
		return 0;
	n->listed = true;
	rc = emit_simple(rs, f, LKM_STEP_REFUSED, rule, note);
	return rc < 0 ? rc : 1;
}

/*
 * Dialect rule once: kmod lists a module again for each one that needs it.
 * One whose softdeps are still being walked is not done: as in kmod, what
 * needs it goes behind the rest of them.
 */
static bool is_done(const struct resolver *rs, const struct plan_node *n)
{
	return !rs->kmod && n->listed && !n->open;
}

/* Somebody wants it again: is it waiting for that somebody? */
static int visit_again(struct resolver *rs, const struct frame *f)
{
	struct plan_node *n = f->node;

	if (n->listed || !n->open || n->cycle_told ||
	    f->role != LKM_ROLE_SOFTDEP_PRE)
		return 0;
	n->cycle_told = true;
	return emit_simple(rs, f, LKM_STEP_CYCLE, f->rule,
			   "it waits for this module itself");
}

static int visit(struct resolver *rs, struct frame *f)
{
	struct plan_node *n = f->node;
	struct frame next;
	int rc;

	if (f->phase == VISIT_START) {
		if (n->visited || is_done(rs, n)) {
			rc = visit_again(rs, f);
			rs->stack.len--;
			return rc;
		}
		n->visited = true;
		rc = node_load_file(rs, n);
		if (rc < 0)
			return rc;
		rc = leave_out(rs, f);
		if (rc != 0) {
			rs->stack.len--;
			return rc < 0 ? rc : 0;
		}
		f->phase = VISIT_DEPS;
	}
	if (f->i < n->deps.count) {
		next = (struct frame){ .node = n->deps.nodes[f->i++],
				       .kind = FRAME_FILL,
				       .role = LKM_ROLE_DEPENDENCY,
				       .wanted_by = n->name };
		return push(rs, &next);
	}
	if (n->ignore_command) {
		next = *f;
		rs->stack.len--;
		return emit_node(rs, n, &next);
	}
	f->kind = FRAME_FILL;
	f->phase = FILL_START;
	f->i = 0;
	return 0;
}

/* Return: 1 when this module's softdeps need not be walked (again) */
static int fill_start(struct resolver *rs, struct frame *f)
{
	struct plan_node *n = f->node;
	int rc;

	if (is_done(rs, n))
		return 1;
	if (n->filled) {
		rc = emit_node(rs, n, f);
		return rc < 0 ? rc : 1;
	}
	if (n->open && !n->listed && !n->cycle_told) {
		n->cycle_told = true;
		/* Its "pre" softdep needs it: what is needed goes first. */
		rc = emit_simple(rs, f, LKM_STEP_CYCLE, f->rule,
				 "its softdep needs it, and comes after it");
		if (rc < 0)
			return rc;
	}
	n->open++;
	return node_load_softs(rs, n);
}

/* Push the next softdep of one half.  Return: 1 when there was one */
static int fill_softs(struct resolver *rs, struct frame *f)
{
	bool pre = f->phase == FILL_PRE;
	struct plan_node *n = f->node;
	struct frame next = { .kind = FRAME_VISIT, .wanted_by = n->name };
	int rc;

	next.role = pre ? LKM_ROLE_SOFTDEP_PRE : LKM_ROLE_SOFTDEP_POST;
	while (f->i < n->soft_count) {
		struct soft *soft = n->softs[f->i];
		struct node_list *list = pre ? &soft->pre : &soft->post;

		if (f->j < list->count) {
			next.node = list->nodes[f->j++];
			next.rule = soft->rule;
			rc = push(rs, &next);
			return rc < 0 ? rc : 1;
		}
		f->i++;
		f->j = 0;
	}
	f->i = 0;
	return 0;
}

static int fill(struct resolver *rs, struct frame *f)
{
	int rc;

	if (f->phase == FILL_START) {
		rc = fill_start(rs, f);
		if (rc != 0) {
			rs->stack.len--;
			return rc < 0 ? rc : 0;
		}
		f->phase = FILL_PRE;
	}
	if (f->phase == FILL_PRE) {
		rc = fill_softs(rs, f);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		f->phase = FILL_POST;
		if (rs->kmod || !f->node->listed)
			rc = emit_node(rs, f->node, f);
		if (rc < 0)
			return rc;
	}
	rc = fill_softs(rs, f);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	f->node->open--;
	f->node->filled = true;
	rs->stack.len--;
	return 0;
}

static int walk(struct resolver *rs)
{
	int rc = 0;

	while (rc == 0 && rs->stack.len) {
		struct frame *f = &rs->stack.data[rs->stack.len - 1];

		rc = f->kind == FRAME_VISIT ? visit(rs, f) : fill(rs, f);
	}
	return rc;
}

static int require(struct resolver *rs, struct plan_node *n)
{
	int rc = node_load_file(rs, n);

	if (rc < 0)
		return rc;
	n->required = true;
	n->is_target = true;
	n->ignore_command = rs->req->flags & LKM_PLAN_IGNORE_COMMANDS;
	for (size_t i = 0; i < n->deps.count; i++)
		n->deps.nodes[i]->required = true;
	return 0;
}

/* kmod makes a list of its own for each target: nothing is remembered. */
static void forget(struct resolver *rs)
{
	map_foreach(&rs->nodes, slot) {
		struct plan_node *n = slot->value;

		n->visited = false;
		n->filled = false;
		n->listed = false;
		n->required = false;
		n->is_target = false;
	}
}

static const struct lkm_rule *blacklists(const struct resolver *rs,
					 const struct plan_node *n)
{
	if (rs->req->flags & LKM_PLAN_EXACT ||
	    (!n->alias && !(rs->req->flags & LKM_PLAN_BLACKLIST)))
		return NULL;
	for (size_t i = 0; i < rs->rule_count; i++)
		if (rs->rules[i].kind == LKM_RULE_BLACKLIST &&
		    !strcmp(rs->rules[i].key, n->name))
			return &rs->rules[i];
	return NULL;
}

static int load_target(struct resolver *rs, struct plan_node *n, bool others)
{
	struct frame f = { .node = n,
			   .kind = FRAME_VISIT,
			   .rule = n->via,
			   .role = LKM_ROLE_TARGET };
	const struct lkm_rule *rule;
	int rc;

	if (node_is_live(rs, n))
		return emit_node(rs, n, &f);
	if (!(rs->req->flags & LKM_PLAN_IGNORE_LOADED) && !n->is_file) {
		rc = lkm_tree_builtin(rs->in->tree, n->name, rs->reterr);
		if (rc != 0)
			return rc < 0 ? rc : emit_node(rs, n, &f);
	}
	if (forbids(rs, n))
		return emit_node(rs, n, &f);
	rule = blacklists(rs, n);
	if (rule) {
		n->required = !others;
		return emit_simple(rs, &f, LKM_STEP_REFUSED, rule, NULL);
	}
	rc = push(rs, &f);
	return rc < 0 ? rc : walk(rs);
}

static int load_all(struct resolver *rs, const struct node_list *targets)
{
	bool others = false;
	int rc;

	for (size_t i = 0; i < targets->count; i++) {
		if (blacklists(rs, targets->nodes[i]) &&
		    !forbids(rs, targets->nodes[i]))
			continue;
		others = true;
		rc = rs->kmod ? 0 : require(rs, targets->nodes[i]);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < targets->count; i++) {
		struct plan_node *n = targets->nodes[i];

		if (!vec_push(&rs->plan->targets, n->name))
			return error_nomem(rs->reterr);
		if (rs->kmod) {
			forget(rs);
			rc = require(rs, n);
			if (rc < 0)
				return rc;
		}
		rc = load_target(rs, n, others);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int find_targets(struct resolver *rs, struct node_list *ret)
{
	if (rs->req->flags & LKM_PLAN_EXACT)
		return resolver_exact(rs, ret);
	if (plan_is_path(rs->req->name))
		return resolver_file(rs, ret);
	return resolver_lookup(rs, rs->req->name, ret, &rs->plan->via);
}

int lkm_plan_load(const struct lkm_plan_inputs *inputs,
		  const struct lkm_plan_request *request, struct lkm_plan **ret,
		  struct lkm_error **reterr)
{
	struct node_list targets = { 0 };
	struct resolver rs;
	int rc;

	resolver_init(&rs, inputs, request, reterr);
	rc = plan_new(&rs.plan, reterr);
	if (rc == 0)
		rc = find_targets(&rs, &targets);
	if (rc == 0)
		rc = FAIL(reterr, PLAN_NOTFOUND, KV_STR("name", request->name),
			  KV_STR("dir", lkm_tree_dir(inputs->tree)));
	if (rc > 0)
		rc = load_all(&rs, &targets);
	if (rc == 0)
		*ret = take_ptr(rs.plan);
	resolver_release(&rs);
	return rc;
}
