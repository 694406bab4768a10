// SPDX-License-Identifier: LGPL-2.1-or-later
// From a module to the step that stands for it: load, run, skip or refuse.
#include "plan/plan.h"

#include <string.h>
#include <unistd.h>

#include <lkm/image.h>

#include "diag/error.h"

const struct lkm_loaded *node_loaded(const struct resolver *rs,
				     const struct plan_node *n)
{
	if (!rs->in->facts || rs->req->flags & LKM_PLAN_IGNORE_LOADED)
		return NULL;
	return lkm_facts_loaded(rs->in->facts, n->name);
}

int node_path(struct resolver *rs, struct plan_node *n)
{
	_cleanup_free_ char *path = NULL;

	if (n->path || !n->rel)
		return 0;
	path = lkm_tree_file_path(rs->in->tree, n->rel);
	if (!path)
		return error_nomem(rs->reterr);
	n->path = arena_strdup(&rs->plan->arena, path);
	return n->path ? 0 : error_nomem(rs->reterr);
}

/* Everything that the step shows is copied: the plan outlives its inputs. */
static int fill(struct resolver *rs, struct plan_step *s, const struct frame *f,
		const struct lkm_rule *rule)
{
	struct arena *a = &rs->plan->arena;

	s->pub.role = f->role;
	s->pub.module = f->node->name;
	s->pub.wanted_by = f->wanted_by;
	s->pub.target = rs->plan->targets.len ? rs->plan->targets.len - 1 : 0;
	s->pub.optional = !f->node->required;
	if (!rule)
		return 0;
	s->pub.file = arena_strdup(a, rule->file);
	s->pub.line = rule->line;
	return s->pub.file ? 0 : error_nomem(rs->reterr);
}

int emit_simple(struct resolver *rs, const struct frame *f,
		enum lkm_step_kind kind, const struct lkm_rule *rule,
		const char *note)
{
	int rc = 0;
	struct plan_step *s = plan_add(rs, &rc);

	if (!s)
		return rc;
	rc = fill(rs, s, f, rule);
	s->pub.kind = kind;
	if (kind == LKM_STEP_CYCLE)
		s->pub.optional = true;
	if (rule && rule->kind == LKM_RULE_FORBID)
		s->reason = PLAN_FORBIDDEN;
	if (rule && rule->kind == LKM_RULE_BLACKLIST)
		s->reason = PLAN_BLACKLISTED;
	if (note) {
		s->pub.note = arena_strdup(&rs->plan->arena, note);
		if (!s->pub.note)
			return error_nomem(rs->reterr);
	}
	return rc;
}

static int emit_command(struct resolver *rs, const struct frame *f,
			const struct lkm_rule *rule)
{
	const char *options = node_options(rs, f->node);
	int rc = 0;
	struct plan_step *s = plan_add(rs, &rc);

	if (!s)
		return rc;
	s->pub.kind = LKM_STEP_INSTALL;
	s->pub.options = options;
	s->pub.command_rule = arena_strdup(&rs->plan->arena, rule->value);
	if (!options || !s->pub.command_rule)
		return error_nomem(rs->reterr);
	s->pub.command = plan_fill_command(rs->plan, rule->value, options);
	if (!s->pub.command)
		return error_nomem(rs->reterr);
	return fill(rs, s, f, rule);
}

static int emit_file(struct resolver *rs, const struct frame *f,
		     const char *note)
{
	const char *options;
	struct plan_step *s;
	int rc = 0;

	/* Only looked at here; the kernel's answer is what counts later. */
	if (access(f->node->path, F_OK) != 0) {
		rc = emit_simple(rs, f, LKM_STEP_MISSING, f->rule,
				 "its file is gone");
		if (rc < 0)
			return rc;
		s = &rs->plan->steps.data[rs->plan->steps.len - 1];
		s->pub.path = f->node->path;
		return 0;
	}
	options = node_options(rs, f->node);
	s = plan_add(rs, &rc);
	if (!s)
		return rc;
	s->pub.kind = LKM_STEP_LOAD;
	s->pub.path = f->node->path;
	s->pub.options = options;
	s->pub.note = note;
	if (!options)
		return error_nomem(rs->reterr);
	return fill(rs, s, f, f->rule);
}

/*
 * Is the module that is loaded another one than the file's?  *ret: a note in
 * the plan's arena, NULL: no, or nothing to compare.
 */
static int compare_loaded(struct resolver *rs, struct plan_node *n,
			  const struct lkm_loaded *loaded, const char **ret)
{
	struct lkm_image *image;
	const char *key = loaded->srcversion ? "srcversion" : "version";
	const char *have = loaded->srcversion ? loaded->srcversion :
						loaded->version;
	const char *want;
	char note[256];
	int rc;

	/* Dialect rule loaded-version: kmod does not look. */
	if (rs->kmod || !have)
		return 0;
	rc = node_load_file(rs, n);
	if (rc < 0)
		return rc;
	rc = node_path(rs, n);
	if (rc < 0 || !n->path)
		return rc;
	/* A note is not worth a failure: a file that cannot be read has none.
	 */
	if (lkm_image_open(n->path, &image, NULL) < 0)
		return 0;
	want = lkm_image_modinfo_get(image, key);
	if (want && strcmp(want, have)) {
		snprintf(note, sizeof(note),
			 "%s %.64s is loaded, the file has %.64s", key, have,
			 want);
		*ret = arena_strdup(&rs->plan->arena, note);
		rc = *ret ? 0 : error_nomem(rs->reterr);
	}
	lkm_image_free(image);
	return rc;
}

static int emit_loaded(struct resolver *rs, const struct frame *f,
		       const struct lkm_loaded *loaded)
{
	const char *note = NULL;
	int rc = compare_loaded(rs, f->node, loaded, &note);
	struct plan_step *s;

	if (rc < 0)
		return rc;
	rc = emit_simple(rs, f, LKM_STEP_LOADED, f->rule, note);
	if (rc < 0)
		return rc;
	s = &rs->plan->steps.data[rs->plan->steps.len - 1];
	s->pub.path = f->node->path;
	return 0;
}

static const char *coming_note(const struct lkm_loaded *loaded)
{
	if (!loaded)
		return NULL;
	return loaded->state == LKM_STATE_COMING ?
		       "another loader's init function of it still runs" :
		       "it is just being unloaded";
}

/* It has no file: part of the kernel, or nowhere. */
static int emit_without_file(struct resolver *rs, const struct frame *f)
{
	int rc = lkm_tree_builtin(rs->in->tree, f->node->name, rs->reterr);

	if (rc < 0)
		return rc;
	if (rc)
		return emit_simple(rs, f, LKM_STEP_BUILTIN, f->rule, NULL);
	return emit_simple(rs, f, LKM_STEP_MISSING, f->rule,
			   "no module of that name in the tree");
}

static int emit_forbidden_inside(struct resolver *rs, const struct frame *f,
				 struct plan_node *inside)
{
	const char *note = plan_join(rs->plan, "in", f->node->path);
	struct frame as = *f;

	if (!note)
		return error_nomem(rs->reterr);
	as.node = inside;
	return emit_simple(rs, &as, LKM_STEP_REFUSED,
			   lkm_policy_forbids(rs->in->policy, inside->name),
			   note);
}

int emit_node(struct resolver *rs, struct plan_node *n, const struct frame *f)
{
	struct plan_node *inside;
	struct frame as = *f;
	const struct lkm_loaded *loaded = node_loaded(rs, n);
	const struct lkm_rule *rule;
	int rc;

	as.node = n;
	n->listed = true;
	if (loaded && loaded->state == LKM_STATE_LIVE)
		return emit_loaded(rs, &as, loaded);
	rule = rs->in->policy ? lkm_policy_forbids(rs->in->policy, n->name) :
				NULL;
	if (rule)
		return emit_simple(rs, &as, LKM_STEP_REFUSED, rule, NULL);
	if (!(rs->req->flags & LKM_PLAN_IGNORE_LOADED) && !n->is_file) {
		rc = lkm_tree_builtin(rs->in->tree, n->name, rs->reterr);
		if (rc < 0)
			return rc;
		if (rc)
			return emit_simple(rs, &as, LKM_STEP_BUILTIN, as.rule,
					   NULL);
	}
	/* Not taken from kmod: a softdep does not put the command aside. */
	rule = n->command ? n->command :
			    resolver_rule(rs, LKM_RULE_INSTALL, n->name);
	if (rule && !n->ignore_command)
		return emit_command(rs, &as, rule);
	rc = node_load_file(rs, n);
	if (rc < 0)
		return rc;
	rc = node_path(rs, n);
	if (rc < 0)
		return rc;
	if (!n->path)
		return emit_without_file(rs, &as);
	rc = resolver_forbidden_inside(rs, n, &inside);
	if (rc < 0)
		return rc;
	if (inside)
		return emit_forbidden_inside(rs, &as, inside);
	return emit_file(rs, &as, coming_note(loaded));
}
