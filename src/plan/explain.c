// SPDX-License-Identifier: LGPL-2.1-or-later
// What would load a module, what stops it, and why it is loaded.
#include "plan/plan.h"

#include <string.h>

#include "base/root.h"
#include "base/span.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "diag/error.h"
#include "policy/lines.h"

struct explainer {
	const struct lkm_plan_inputs *in;
	char name[MODULE_NAME_MAX];
	struct arena arena;
	VEC(struct lkm_reason) items;
	const char *dir;
	struct lkm_error **reterr;
};

struct owned {
	struct lkm_reasons pub;
	struct arena arena;
};

/* Everything is copied: the answer outlives what it was made from. */
static int add(struct explainer *x, struct lkm_reason r)
{
	r.subject = arena_strdup(&x->arena, r.subject ? r.subject : "");
	r.text = arena_strdup(&x->arena, r.text ? r.text : "");
	if (r.file) {
		r.file = arena_strdup(&x->arena, r.file);
		if (!r.file)
			return error_nomem(x->reterr);
	}
	if (!r.subject || !r.text || !vec_push(&x->items, r))
		return error_nomem(x->reterr);
	return 0;
}

static int add_rule(struct explainer *x, const struct lkm_rule *r,
		    const char *relation, const char *subject, const char *text)
{
	return add(x, (struct lkm_reason){ .relation = relation,
					   .subject = subject,
					   .text = text,
					   .file = r->file,
					   .line = r->line });
}

static bool names(const struct span *word, const char *name)
{
	char text[MODULE_NAME_MAX];

	if (word->size >= sizeof(text))
		return false;
	memcpy(text, word->data, word->size);
	text[word->size] = '\0';
	return module_name_equals(text, name);
}

/* Is the module one of the words, as its name? */
static bool has_word(const char *value, const char *name)
{
	struct span line = { (const uint8_t *)value, strlen(value) };
	struct span word;
	size_t pos = 0;

	while (text_next_word(line, &pos, &word))
		if (names(&word, name))
			return true;
	return false;
}

static int explain_rule(struct explainer *x, const struct lkm_rule *r)
{
	const char *name = x->name;

	switch (r->kind) {
	case LKM_RULE_ALIAS:
		if (!module_name_equals(r->value, name))
			return 0;
		return add_rule(x, r, "alias", r->key, "");
	case LKM_RULE_BLACKLIST:
	case LKM_RULE_FORBID:
		if (strcmp(r->key, name))
			return 0;
		return add_rule(x, r, lkm_rule_kind_name(r->kind), "", "");
	case LKM_RULE_OPTIONS:
		if (strcmp(r->key, name))
			return 0;
		return add_rule(x, r, "options", "", r->value);
	case LKM_RULE_INSTALL:
	case LKM_RULE_REMOVE:
		if (!plan_matches(r->key, name))
			return 0;
		return add_rule(x, r, lkm_rule_kind_name(r->kind), r->key,
				r->value);
	case LKM_RULE_SOFTDEP:
		if (!has_word(r->value, name))
			return 0;
		return add_rule(x, r, "softdep-of", r->key, r->value);
	case LKM_RULE_WEAKDEP:
		if (!has_word(r->value, name))
			return 0;
		return add_rule(x, r, "weakdep-of", r->key, r->value);
	}
	return 0;
}

static int explain_rules(struct explainer *x)
{
	const struct lkm_rule *rules;
	size_t count = 0;
	int rc = 0;

	if (!x->in->policy)
		return 0;
	rules = lkm_policy_rules(x->in->policy, &count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = explain_rule(x, &rules[i]);
	return rc;
}

static int tree_file(struct explainer *x, const char *name, const char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	strbuf_addf(&b, "%s/%s", x->dir, name);
	if (b.failed)
		return error_nomem(x->reterr);
	*ret = arena_strdup(&x->arena, b.data);
	return *ret ? 0 : error_nomem(x->reterr);
}

struct alias_ctx {
	struct explainer *x;
	const char *file;
};

static int explain_alias(void *ctx, const char *key, const char *value)
{
	struct alias_ctx *a = ctx;

	if (strcmp(value, a->x->name))
		return 0;
	return add(a->x, (struct lkm_reason){ .relation = "modules.alias",
					      .subject = key,
					      .file = a->file });
}

static int explain_tree(struct explainer *x)
{
	struct alias_ctx a = { .x = x };
	const struct lkm_module_file *modules;
	const char *file;
	size_t count;
	int rc = lkm_tree_builtin(x->in->tree, x->name, x->reterr);

	if (rc < 0)
		return rc;
	if (rc > 0) {
		rc = tree_file(x, "modules.builtin", &file);
		if (rc == 0)
			rc = add(x, (struct lkm_reason){ .relation = "builtin",
							 .file = file });
		if (rc < 0)
			return rc;
	}
	rc = tree_file(x, "modules.alias", &a.file);
	if (rc == 0)
		rc = lkm_tree_dump(x->in->tree, LKM_INDEX_ALIAS, explain_alias,
				   &a, x->reterr);
	if (rc == 0)
		rc = tree_file(x, "modules.dep", &file);
	if (rc == 0)
		rc = lkm_tree_modules(x->in->tree, &modules, &count, x->reterr);
	if (rc < 0)
		return rc;
	rc = 0;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct lkm_module_file *m = &modules[i];

		for (size_t j = 0; rc == 0 && j < m->dep_count; j++)
			if (!strcmp(m->deps[j].name, x->name))
				rc = add(x, (struct lkm_reason){
						    .relation = "needed-by",
						    .subject = m->name,
						    .file = file });
	}
	return rc;
}

/* modules-load.d(5): a name or alias on each line, ; and # are comments. */
static int explain_load_lines(struct explainer *x, struct conf_text *text)
{
	struct span all = { (const uint8_t *)text->text, text->size };
	struct span line, word;
	unsigned int number = 0;
	size_t pos = 0;
	int rc = 0;

	while (rc == 0 && text_next_line(all, &pos, &line)) {
		size_t at = 0;

		number++;
		if (!text_next_word(line, &at, &word) || !names(&word, x->name))
			continue;
		rc = add(x, (struct lkm_reason){ .relation = "modules-load",
						 .file = text->path,
						 .line = number });
	}
	return rc;
}

static int explain_load_files(struct explainer *x, const struct root *root)
{
	_cleanup_conf_files_ struct conf_files files = { 0 };
	struct conf_search search = { .folder = "modules-load.d" };
	struct conf_text text;
	int rc = conf_files_find(&files, root, &search, x->reterr);

	while (rc == 0) {
		rc = conf_files_next(&files, root, &text, x->reterr);
		if (rc <= 0)
			return rc;
		rc = text.text ? explain_load_lines(x, &text) : 0;
		free(text.text);
	}
	return rc;
}

static int explain_boot(struct explainer *x, const char *root_path)
{
	_cleanup_root_ struct root root = ROOT_HOST;
	int rc = root_open(&root, root_path);

	if (rc < 0)
		return error_system(x->reterr, rc, "open", root_path);
	return explain_load_files(x, &root);
}

static bool list_has(const char *list, size_t len, const char *name)
{
	while (len) {
		const char *comma = memchr(list, ',', len);
		size_t one = comma ? (size_t)(comma - list) : len;
		struct span word = { (const uint8_t *)list, one };

		if (names(&word, name))
			return true;
		list += one + (comma ? 1 : 0);
		len -= one + (comma ? 1 : 0);
	}
	return false;
}

/* systemd loads what modules_load= and rd.modules_load= name. */
static int explain_cmdline(struct explainer *x)
{
	const char *text = x->in->facts ? lkm_facts_text(x->in->facts,
							 LKM_FACT_CMDLINE) :
					  NULL;
	struct span line = { (const uint8_t *)text, text ? strlen(text) : 0 };
	struct span word;
	size_t pos = 0;

	while (text && text_next_word(line, &pos, &word)) {
		const char *s = (const char *)word.data;
		const char *equals = memchr(s, '=', word.size);
		char key[32] = "";

		if (!equals || (size_t)(equals - s) >= sizeof(key))
			continue;
		memcpy(key, s, equals - s);
		if (strcmp(key, "modules_load") &&
		    strcmp(key, "modules-load") &&
		    strcmp(key, "rd.modules_load"))
			continue;
		if (!list_has(equals + 1, word.size - (equals + 1 - s),
			      x->name))
			continue;
		return add(x, (struct lkm_reason){ .relation = "cmdline",
						   .subject = key,
						   .file = "/proc/cmdline" });
	}
	return 0;
}

static int explain_facts(struct explainer *x)
{
	static const char *const states[] = { "loaded", "loading",
					      "unloading" };
	const struct lkm_loaded *m = NULL;
	char text[64] = "";
	long others;
	int rc;

	if (x->in->facts)
		m = lkm_facts_loaded(x->in->facts, x->name);
	if (!m)
		return 0;
	rc = add(x, (struct lkm_reason){ .relation = states[m->state] });
	for (size_t i = 0; rc == 0 && i < m->holder_count; i++)
		rc = add(x, (struct lkm_reason){ .relation = "held-by",
						 .subject = m->holders[i] });
	others = m->refcount - (long)m->holder_count;
	if (rc < 0 || (others <= 0 && m->refcount >= 0))
		return rc;
	if (m->refcount < 0)
		snprintf(text, sizeof(text), "it has no exit function");
	else
		snprintf(text, sizeof(text), "%ld outside of modules", others);
	return add(x, (struct lkm_reason){ .relation = "users", .text = text });
}

int lkm_plan_explain(const struct lkm_plan_inputs *inputs, const char *root,
		     const char *name, struct lkm_reasons **ret,
		     struct lkm_error **reterr)
{
	struct explainer x = { .in = inputs,
			       .reterr = reterr,
			       .dir = lkm_tree_dir(inputs->tree) };
	struct owned *owned = calloc(1, sizeof(*owned));
	int rc = owned ? 0 : error_nomem(reterr);

	/* What cannot be a module's name is no module's: no items. */
	if (rc == 0 && module_name_of(name, x.name, sizeof(x.name))) {
		rc = explain_facts(&x);
		if (rc == 0)
			rc = explain_rules(&x);
		if (rc == 0)
			rc = explain_boot(&x, root);
		if (rc == 0)
			rc = explain_cmdline(&x);
		if (rc == 0)
			rc = explain_tree(&x);
	}
	if (rc == 0) {
		owned->pub.module = arena_strdup(&x.arena, x.name);
		if (!owned->pub.module)
			rc = error_nomem(reterr);
	}
	if (rc < 0) {
		vec_release(&x.items);
		arena_release(&x.arena);
		free(owned);
		return rc;
	}
	owned->pub.items = x.items.data;
	owned->pub.count = x.items.len;
	owned->arena = x.arena;
	*ret = &owned->pub;
	return 0;
}

void lkm_reasons_free(struct lkm_reasons *reasons)
{
	struct owned *owned = (struct owned *)reasons;

	if (!owned)
		return;
	arena_release(&owned->arena);
	free((void *)owned->pub.items);
	free(owned);
}
