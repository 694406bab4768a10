// SPDX-License-Identifier: LGPL-2.1-or-later
// The order in which a module and what it leaves behind are unloaded.
#include "plan/plan.h"

#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "diag/error.h"

/*
 * DOC: the walk, on a simulated kernel
 *
 * The facts are copied into a small model that forgets modules as steps are
 * planned: use counts and holders are those at that point of the plan.
 * For each module: its "post" softdeps (last first), its holders where asked
 * for, itself, what it held and nobody holds now, its "pre" softdeps (last
 * first).  Only the target and its holders must succeed.
 */

/* A loaded module in the model. */
struct sim {
	const struct lkm_loaded *loaded;
	long refs;
	bool gone;
};

enum phase { PHASE_START, PHASE_POST, PHASE_HOLDERS, PHASE_SELF, PHASE_PRE };

struct step_frame {
	struct plan_node *node;
	struct sim *sim; /* NULL: not loaded (a remove line runs anyway) */
	enum lkm_step_role role;
	const char *wanted_by;
	const struct lkm_rule *rule;
	enum phase phase;
	size_t i; /* softdep line, or holder: counted down */
	size_t j;
	bool must;
};

struct unloader {
	struct resolver rs;
	struct sim *sims;
	size_t sim_count;
	struct map by_name;
	VEC(struct step_frame) stack;
	bool stopped; /* what must succeed cannot */
};

static int sims_init(struct unloader *u)
{
	const struct lkm_loaded *all = NULL;
	size_t count = 0;

	if (u->rs.in->facts)
		all = lkm_facts_modules(u->rs.in->facts, &count);
	if (!count)
		return 0;
	u->sims = calloc(count, sizeof(*u->sims));
	if (!u->sims)
		return error_nomem(u->rs.reterr);
	u->sim_count = count;
	for (size_t i = 0; i < count; i++) {
		u->sims[i] = (struct sim){ &all[i], all[i].refcount, false };
		if (!map_set(&u->by_name, all[i].name, &u->sims[i]))
			return error_nomem(u->rs.reterr);
	}
	return 0;
}

static struct sim *sim_of(struct unloader *u, const char *name)
{
	struct sim *s = map_get(&u->by_name, name);

	return s && !s->gone ? s : NULL;
}

static bool sim_holds(const struct sim *s, const char *holder)
{
	for (size_t i = 0; i < s->loaded->holder_count; i++)
		if (!strcmp(s->loaded->holders[i], holder))
			return true;
	return false;
}

static void sim_remove(struct unloader *u, struct sim *s)
{
	s->gone = true;
	for (size_t i = 0; i < u->sim_count; i++)
		if (sim_holds(&u->sims[i], s->loaded->name) &&
		    u->sims[i].refs > 0)
			u->sims[i].refs--;
}

static bool sim_in_use(const struct unloader *u, const struct sim *s)
{
	/* -1: a module without an exit function */
	return s->refs != 0 && !(u->rs.req->flags & LKM_PLAN_IGNORE_REFCOUNT);
}

/* Who is in the way, as words: "a, b", "a and 2 other users". */
static int name_users(struct unloader *u, struct sim *s)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct lkm_plan *plan = u->rs.plan;
	long left = s->refs;

	for (size_t i = 0; i < s->loaded->holder_count; i++) {
		const char *name = s->loaded->holders[i];

		if (!sim_of(u, name))
			continue;
		strbuf_addf(&b, "%s%s", b.len ? ", " : "", name);
		left--;
	}
	if (s->refs < 0)
		strbuf_adds(&b,
			    "the kernel for good (it has no exit function)");
	else if (left > 0)
		strbuf_addf(&b, "%s%ld %s outside of modules",
			    b.len ? " and " : "", left,
			    left == 1 ? "user" : "users");
	if (b.failed)
		return error_nomem(u->rs.reterr);
	plan->reason_users = arena_strdup(&plan->arena, strbuf_str(&b));
	return plan->reason_users ? 0 : error_nomem(u->rs.reterr);
}

static int stop(struct unloader *u, const char *module, struct sim *s,
		enum plan_reason reason)
{
	struct lkm_plan *plan = u->rs.plan;

	u->stopped = true;
	if (plan->reason != PLAN_FINE)
		return 0;
	plan->reason = reason;
	plan->reason_module = arena_strdup(&plan->arena, module);
	if (!plan->reason_module)
		return error_nomem(u->rs.reterr);
	return s ? name_users(u, s) : 0;
}

static bool ignores_commands(const struct unloader *u,
			     const struct plan_node *n)
{
	return n->is_target && u->rs.req->flags & LKM_PLAN_IGNORE_COMMANDS;
}

static const struct lkm_rule *remove_rule(const struct unloader *u,
					  const struct plan_node *n)
{
	return ignores_commands(u, n) ?
		       NULL :
		       resolver_rule(&u->rs, LKM_RULE_REMOVE, n->name);
}

static int emit(struct unloader *u, const struct step_frame *f,
		const struct lkm_rule *command)
{
	struct frame as = { .node = f->node,
			    .role = f->role,
			    .wanted_by = f->wanted_by };
	struct lkm_plan *plan = u->rs.plan;
	struct plan_step *s;
	int rc;

	f->node->required = f->must;
	rc = emit_simple(&u->rs, &as,
			 command ? LKM_STEP_REMOVE : LKM_STEP_UNLOAD,
			 command ? command : f->rule,
			 f->role == LKM_ROLE_UNUSED && f->sim && f->sim->refs ?
				 "if nothing outside of modules uses it" :
				 NULL);
	if (rc < 0)
		return rc;
	if (f->sim)
		sim_remove(u, f->sim);
	if (!command)
		return 0;
	s = &plan->steps.data[plan->steps.len - 1];
	s->pub.command_rule = arena_strdup(&plan->arena, command->value);
	s->pub.command = plan_fill_command(plan, command->value, "");
	if (!s->pub.command || !s->pub.command_rule)
		return error_nomem(u->rs.reterr);
	return 0;
}

/*
 * No module uses it any more.  Other users (a cipher's, a protocol's) often end
 * with the module that went; only the kernel can tell, and refuses if not.
 */
static bool sim_is_idle(struct unloader *u, const struct sim *s)
{
	if (s->gone || s->refs < 0)
		return false;
	for (size_t i = 0; i < s->loaded->holder_count; i++)
		if (sim_of(u, s->loaded->holders[i]))
			return false;
	return true;
}

/* What @by held and nobody holds now goes too. */
static int unload_unused(struct unloader *u, const char *by)
{
	VEC(const char *) removed = { 0 };
	struct plan_node *n;
	int rc = vec_push(&removed, by) ? 0 : error_nomem(u->rs.reterr);

	for (size_t at = 0; rc == 0 && at < removed.len; at++) {
		for (size_t i = 0; rc == 0 && i < u->sim_count; i++) {
			struct sim *s = &u->sims[i];
			struct step_frame f = { .sim = s,
						.role = LKM_ROLE_UNUSED,
						.wanted_by = removed.data[at] };

			if (!sim_is_idle(u, s) ||
			    !sim_holds(s, removed.data[at]))
				continue;
			n = resolver_node(&u->rs, s->loaded->name, NULL);
			/* One whose turn comes anyway is no by-catch. */
			if (n && n->open)
				continue;
			f.node = n;
			if (!n || !vec_push(&removed, n->name))
				rc = error_nomem(u->rs.reterr);
			else
				rc = emit(u, &f, NULL);
		}
	}
	vec_release(&removed);
	return rc;
}

/* The kmod dialect: what the index says it needs, deepest first, one round. */
static int unload_unused_kmod(struct unloader *u, struct plan_node *n)
{
	int rc = node_load_file(&u->rs, n);

	for (size_t i = 0; rc == 0 && i < n->deps.count; i++) {
		struct plan_node *d = n->deps.nodes[i];
		struct step_frame f = { .node = d,
					.sim = sim_of(u, d->name),
					.role = LKM_ROLE_UNUSED,
					.wanted_by = n->name };

		if (f.sim && sim_is_idle(u, f.sim))
			rc = emit(u, &f, NULL);
	}
	return rc;
}

static int push(struct unloader *u, const struct step_frame *f)
{
	return vec_push(&u->stack, *f) ? 0 : error_nomem(u->rs.reterr);
}

static void pop(struct unloader *u)
{
	u->stack.data[u->stack.len - 1].node->open = 0;
	u->stack.len--;
}

static int start(struct unloader *u, struct step_frame *f)
{
	struct plan_node *n = f->node;
	const struct lkm_rule *command = remove_rule(u, n);
	int rc;

	if (n->open++) {
		struct frame as = { .node = n,
				    .role = f->role,
				    .rule = f->rule,
				    .wanted_by = f->wanted_by };

		u->stack.len--;
		n->open--;
		n->required = false;
		if (!f->sim)
			return 0;
		return emit_simple(&u->rs, &as, LKM_STEP_CYCLE, f->rule,
				   "it is being unloaded already");
	}
	if (!f->sim && !command) {
		pop(u);
		return 0;
	}
	/* Dialect rule unload-optional: kmod first unloads its softdeps. */
	if (!u->rs.kmod && !f->must && !command && f->sim &&
	    sim_in_use(u, f->sim)) {
		pop(u);
		return 0;
	}
	if (!ignores_commands(u, n)) {
		rc = node_load_softs(&u->rs, n);
		if (rc < 0)
			return rc;
	}
	f->phase = PHASE_POST;
	f->i = n->soft_count;
	f->j = 0;
	return 0;
}

/* Push the next softdep, last first.  Return: 1 when there was one */
static int softs(struct unloader *u, struct step_frame *f, bool pre)
{
	struct step_frame next = { .wanted_by = f->node->name };
	int rc;

	next.role = pre ? LKM_ROLE_SOFTDEP_PRE : LKM_ROLE_SOFTDEP_POST;
	while (f->i > 0) {
		struct soft *soft = f->node->softs[f->i - 1];
		struct node_list *list = pre ? &soft->pre : &soft->post;

		if (f->j >= list->count) {
			f->i--;
			f->j = 0;
			continue;
		}
		next.node = list->nodes[list->count - 1 - f->j++];
		next.sim = sim_of(u, next.node->name);
		next.rule = soft->rule;
		rc = push(u, &next);
		return rc < 0 ? rc : 1;
	}
	return 0;
}

static int holders(struct unloader *u, struct step_frame *f)
{
	struct step_frame next = { .role = LKM_ROLE_HOLDER,
				   .must = true,
				   .wanted_by = f->node->name };
	int rc;

	if (!f->sim || !(u->rs.req->flags & LKM_PLAN_HOLDERS) ||
	    f->role == LKM_ROLE_SOFTDEP_PRE || f->role == LKM_ROLE_SOFTDEP_POST)
		return 0;
	while (f->i > 0) {
		const char *name = f->sim->loaded->holders[--f->i];

		next.sim = sim_of(u, name);
		if (!next.sim)
			continue;
		next.node = resolver_node(&u->rs, name, NULL);
		if (!next.node)
			return error_nomem(u->rs.reterr);
		rc = push(u, &next);
		return rc < 0 ? rc : 1;
	}
	return 0;
}

static int self(struct unloader *u, struct step_frame *f)
{
	struct plan_node *n = f->node;
	const struct lkm_rule *command = remove_rule(u, n);
	int rc;

	/* A softdep's walk may have taken it away meanwhile. */
	if (f->sim && f->sim->gone)
		return 1;
	if (!command && sim_in_use(u, f->sim)) {
		rc = f->must ? stop(u, n->name, f->sim, PLAN_INUSE) : 0;
		return rc < 0 ? rc : 1;
	}
	rc = emit(u, f, command);
	if (rc < 0 || command || u->rs.req->flags & LKM_PLAN_KEEP_UNUSED)
		return rc;
	return u->rs.kmod ? unload_unused_kmod(u, n) :
			    unload_unused(u, n->name);
}

static int advance(struct unloader *u)
{
	struct step_frame *f = &u->stack.data[u->stack.len - 1];
	int rc = 0;

	switch (f->phase) {
	case PHASE_START: return start(u, f);
	case PHASE_POST:
		rc = softs(u, f, false);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		f->phase = PHASE_HOLDERS;
		f->i = f->sim ? f->sim->loaded->holder_count : 0;
		return 0;
	case PHASE_HOLDERS:
		rc = holders(u, f);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		f->phase = PHASE_SELF;
		return 0;
	case PHASE_SELF:
		rc = self(u, f);
		if (rc != 0) {
			pop(u);
			return rc < 0 ? rc : 0;
		}
		f->phase = PHASE_PRE;
		f->i = f->node->soft_count;
		f->j = 0;
		return 0;
	case PHASE_PRE:
		rc = softs(u, f, true);
		if (rc == 0)
			pop(u);
		return rc < 0 ? rc : 0;
	}
	return 0;
}

static int unload_target(struct unloader *u, struct plan_node *n)
{
	struct step_frame f = { .node = n,
				.sim = sim_of(u, n->name),
				.role = LKM_ROLE_TARGET,
				.rule = n->via,
				.must = true };
	struct frame as = { .node = n, .role = LKM_ROLE_TARGET };
	int rc;

	n->is_target = true;
	if (!f.sim && !remove_rule(u, n)) {
		rc = lkm_tree_builtin(u->rs.in->tree, n->name, u->rs.reterr);
		if (rc < 0)
			return rc;
		if (!rc)
			return 0;
		n->required = true;
		rc = emit_simple(&u->rs, &as, LKM_STEP_BUILTIN, NULL, NULL);
		return rc < 0 ? rc : stop(u, n->name, NULL, PLAN_IS_BUILTIN);
	}
	rc = push(u, &f);
	while (rc == 0 && u->stack.len && !u->stopped)
		rc = advance(u);
	return rc;
}

static int find(struct unloader *u, struct node_list *targets)
{
	struct resolver *rs = &u->rs;
	const char *name = rs->req->name;
	char loaded[MODULE_NAME_MAX];
	struct plan_node **one;

	if (plan_is_path(name))
		return resolver_file(rs, targets);
	/* Dialect rule unload-loaded: kmod knows only what its index has. */
	if (rs->kmod || !module_name_of(name, loaded, sizeof(loaded)) ||
	    !sim_of(u, loaded))
		return resolver_lookup(rs, name, targets, &rs->plan->via);
	one = arena_alloc(&rs->plan->arena, sizeof(*one));
	if (!one)
		return error_nomem(rs->reterr);
	*one = resolver_node(rs, loaded, NULL);
	if (!*one)
		return error_nomem(rs->reterr);
	*targets = (struct node_list){ one, 1 };
	rs->plan->via = "name";
	return 1;
}

static int unload_all(struct unloader *u, const struct node_list *targets)
{
	struct lkm_plan *plan = u->rs.plan;
	int rc = 0;

	for (size_t i = 0; rc == 0 && !u->stopped && i < targets->count; i++) {
		struct plan_node *n = targets->nodes[i];

		rc = vec_push(&plan->targets, n->name) ?
			     unload_target(u, n) :
			     error_nomem(u->rs.reterr);
	}
	if (rc == 0 && !plan->steps.len && plan->reason == PLAN_FINE)
		rc = stop(u, targets->nodes[0]->name, NULL, PLAN_NOT_LOADED);
	return rc;
}

int lkm_plan_unload(const struct lkm_plan_inputs *inputs,
		    const struct lkm_plan_request *request,
		    struct lkm_plan **ret, struct lkm_error **reterr)
{
	struct node_list targets = { 0 };
	struct unloader u = { 0 };
	int rc;

	resolver_init(&u.rs, inputs, request, reterr);
	rc = plan_new(&u.rs.plan, reterr);
	if (rc == 0)
		rc = sims_init(&u);
	if (rc == 0) {
		rc = find(&u, &targets);
		if (rc == 0)
			rc = FAIL(reterr, PLAN_NOTFOUND,
				  KV_STR("name", request->name),
				  KV_STR("dir", lkm_tree_dir(inputs->tree)));
	}
	if (rc > 0)
		rc = unload_all(&u, &targets);
	if (rc == 0)
		*ret = take_ptr(u.rs.plan);
	map_release(&u.by_name);
	vec_release(&u.stack);
	free(u.sims);
	resolver_release(&u.rs);
	return rc;
}
