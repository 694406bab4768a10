// SPDX-License-Identifier: LGPL-2.1-or-later
// From names and aliases to modules, by liblkm's resolver.
#include "internal.h"

#include <string.h>
#include <syslog.h>

#include "base/span.h"
#include "base/text.h"
#include "diag/error.h"
#include "plan/plan.h"

/* The resolver with what it looks at; nothing is loaded yet. */
struct lookup {
	struct lkm_plan_inputs inputs;
	struct lkm_plan_request request;
	struct resolver resolver;
	struct lkm_error *error;
};

static void lookup_release(struct lookup *l)
{
	resolver_release(&l->resolver);
	lkm_error_free(l->error);
}

static int lookup_init(struct lookup *l, const struct kmod_ctx *ctx,
		       struct lkm_tree *tree)
{
	*l = (struct lookup){ .inputs = { .tree = tree,
					  .policy = ctx->policy,
					  .dialect = LKM_DIALECT_KMOD },
			      .request = { .size = sizeof(l->request) } };
	resolver_init(&l->resolver, &l->inputs, &l->request, &l->error);
	return plan_new(&l->resolver.plan, &l->error);
}

static int add_node(struct kmod_ctx *ctx, const struct plan_node *node,
		    const char *via, struct kmod_list **list)
{
	struct kmod_module *mod;
	int rc = module_new(ctx, node->name, node->alias, &mod);

	if (rc < 0)
		return rc;
	if (node->command)
		mod->install = node->command->value;
	/* By an alias too, of a module that modules.builtin does not list. */
	if (!strcmp(via, "builtin"))
		mod->builtin = BUILTIN_YES;
	return modules_add(list, mod);
}

static int lookup(struct kmod_ctx *ctx, const char *word,
		  struct kmod_list **list)
{
	struct node_list found = { 0 };
	const char *via = "";
	struct lkm_tree *tree;
	struct lookup l;
	int rc = ctx_tree(ctx, &tree);

	if (rc < 0)
		return rc;
	rc = lookup_init(&l, ctx, tree);
	if (rc == 0)
		rc = resolver_lookup(&l.resolver, word, &found, &via);
	if (rc < 0)
		rc = ctx_errno(ctx, rc, take_ptr(l.error), LOG_ERR);
	for (size_t i = 0; rc >= 0 && i < found.count; i++)
		rc = add_node(ctx, found.nodes[i], via, list);
	lookup_release(&l);
	ctx_tree_put(ctx, tree);
	return rc < 0 ? rc : 0;
}

int kmod_module_new_from_lookup(struct kmod_ctx *ctx, const char *given_alias,
				struct kmod_list **list)
{
	char normal[PLAN_MAX_NAME];
	int rc;

	if (!ctx || !given_alias)
		return -ENOENT;
	if (!list || *list) {
		LOG(ctx, LOG_ERR, "the list of a lookup must be empty\n");
		return -ENOSYS;
	}
	if (!alias_normalise(given_alias, normal, sizeof(normal))) {
		LOG(ctx, LOG_DEBUG, "'%s' is no alias\n", given_alias);
		return -EINVAL;
	}
	rc = lookup(ctx, normal, list);
	if (rc < 0) {
		kmod_module_unref_list(*list);
		*list = NULL;
	}
	return rc;
}

/*
 * kmod 30 had it among its oldest functions, later ones have it in a node of
 * its own: programs that were linked with either find it.
 */
#define NAME_LOOKUP "kmod_module_new_from_name_lookup"
__asm__(".symver name_lookup_5, " NAME_LOOKUP "@LIBKMOD_5");
__asm__(".symver name_lookup_30, " NAME_LOOKUP "@@LIBKMOD_30");
__typeof__(kmod_module_new_from_name_lookup) name_lookup_5, name_lookup_30;

int name_lookup_30(struct kmod_ctx *ctx, const char *modname,
		   struct kmod_module **mod)
{
	const struct lkm_module_file *file;
	struct lkm_error *e = NULL;
	char name[PLAN_MAX_NAME];
	struct lkm_tree *tree;
	int rc;

	if (!ctx || !modname || !mod)
		return -ENOENT;
	if (!module_name_of(modname, name, sizeof(name)))
		return 0;
	rc = ctx_tree(ctx, &tree);
	if (rc < 0)
		return rc;
	rc = lkm_tree_module(tree, name, &file, &e);
	if (rc == 0)
		rc = lkm_tree_builtin(tree, name, &e);
	rc = ctx_errno(ctx, rc, e, LOG_ERR);
	ctx_tree_put(ctx, tree);
	return rc > 0 ? module_new(ctx, name, NULL, mod) : rc;
}

int name_lookup_5(struct kmod_ctx *ctx, const char *modname,
		  struct kmod_module **mod)
{
	return name_lookup_30(ctx, modname, mod);
}

const struct lkm_rule *module_rule(const struct kmod_module *mod,
				   enum lkm_rule_kind kind)
{
	const struct lkm_rule *rules;
	size_t count;

	rules = lkm_policy_rules(mod->ctx->policy, &count);
	for (size_t i = 0; i < count; i++) {
		if (rules[i].kind == kind &&
		    plan_matches(rules[i].key, mod->name))
			return &rules[i];
	}
	return NULL;
}

char *module_options(const struct kmod_module *mod, const char *extra)
{
	struct plan_node node = { .name = mod->name,
				  .alias = mod->alias,
				  .is_target = true };
	const char *options = NULL;
	char *ret = NULL;
	struct lookup l;

	/* No index is asked for options. */
	if (lookup_init(&l, mod->ctx, NULL) == 0) {
		l.request.options = extra;
		/* A blank behind them belongs to a command line only. */
		l.resolver.kmod = extra;
		options = node_options(&l.resolver, &node);
	}
	if (options)
		ret = strdup(options);
	lookup_release(&l);
	return ret;
}

/* Which half of a line the words belong to; a weakdep line has but one. */
struct halves {
	struct kmod_list **pre;
	struct kmod_list **post;
};

static bool is_word(struct span word, const char *s)
{
	return span_equals(word,
			   (struct span){ (const uint8_t *)s, strlen(s) });
}

/* All that the words of @value stand for; what leads nowhere is left out. */
static void words_lookup(struct kmod_ctx *ctx, const char *value,
			 struct kmod_list **list, const struct halves *halves)
{
	struct span line = { (const uint8_t *)value, strlen(value) };
	struct span word;
	size_t pos = 0;

	while (text_next_word(line, &pos, &word)) {
		struct kmod_list *found = NULL;
		char text[PLAN_MAX_NAME];

		if (halves && is_word(word, "pre:")) {
			list = halves->pre;
			continue;
		}
		if (halves && is_word(word, "post:")) {
			list = halves->post;
			continue;
		}
		if (!list || word.size >= sizeof(text))
			continue;
		memcpy(text, word.data, word.size);
		text[word.size] = '\0';
		if (kmod_module_new_from_lookup(ctx, text, &found) < 0)
			LOG(ctx, LOG_ERR, "cannot look up '%s'\n", text);
		list_join(list, found);
	}
}

int kmod_module_get_softdeps(const struct kmod_module *mod,
			     struct kmod_list **pre, struct kmod_list **post)
{
	const struct halves halves = { pre, post };
	const struct lkm_rule *rule;

	if (!mod || !pre || !post)
		return -ENOENT;
	/* The dialect of kmod: the first line that matches. */
	rule = module_rule(mod, LKM_RULE_SOFTDEP);
	if (rule)
		words_lookup(mod->ctx, rule->value, NULL, &halves);
	return 0;
}

int kmod_module_get_weakdeps(const struct kmod_module *mod,
			     struct kmod_list **weak)
{
	const struct lkm_rule *rule;

	if (!mod || !weak)
		return -ENOENT;
	rule = module_rule(mod, LKM_RULE_WEAKDEP);
	if (rule)
		words_lookup(mod->ctx, rule->value, weak, NULL);
	return 0;
}
