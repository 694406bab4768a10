// SPDX-License-Identifier: LGPL-2.1-or-later
// From a word to modules, and what the configuration says of each of them.
#include "plan/plan.h"

#include <fnmatch.h>
#include <string.h>

#include "base/span.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "diag/error.h"

void resolver_init(struct resolver *rs, const struct lkm_plan_inputs *in,
		   const struct lkm_plan_request *req,
		   struct lkm_error **reterr)
{
	*rs = (struct resolver){ .in = in, .req = req, .reterr = reterr };
	rs->kmod = in->dialect == LKM_DIALECT_KMOD;
	if (in->policy)
		rs->rules = lkm_policy_rules(in->policy, &rs->rule_count);
}

void resolver_release(struct resolver *rs)
{
	map_release(&rs->nodes);
	vec_release(&rs->stack);
	free(rs->softs);
	lkm_plan_free(rs->plan);
}

bool plan_is_path(const char *name)
{
	return text_starts(name, "/") || text_starts(name, "./") ||
	       text_starts(name, "../");
}

static bool is_special(char c)
{
	return c == '*' || c == '?' || c == '[' || c == '\\';
}

bool plan_matches(const char *key, const char *name)
{
	size_t i = 0;

	/* Nearly all patterns are plain names that differ early. */
	while (key[i] == name[i] && key[i] && !is_special(key[i]))
		i++;
	if (is_special(key[i]))
		return fnmatch(key, name, 0) == 0;
	return key[i] == name[i];
}

const struct lkm_rule *resolver_rule(const struct resolver *rs,
				     enum lkm_rule_kind kind, const char *name)
{
	for (size_t i = 0; i < rs->rule_count; i++)
		if (rs->rules[i].kind == kind &&
		    plan_matches(rs->rules[i].key, name))
			return &rs->rules[i];
	return NULL;
}

/* As resolver_rule(), the key taken literally. */
static const struct lkm_rule *
rule_exact(const struct resolver *rs, enum lkm_rule_kind kind, const char *name)
{
	for (size_t i = 0; i < rs->rule_count; i++)
		if (rs->rules[i].kind == kind &&
		    !strcmp(rs->rules[i].key, name))
			return &rs->rules[i];
	return NULL;
}

struct plan_node *resolver_node(struct resolver *rs, const char *name,
				const char *alias)
{
	struct arena *a = &rs->plan->arena;
	size_t len = strlen(name);
	size_t more = rs->kmod && alias ? strlen(alias) + 1 : 0;
	char *key = arena_alloc(a, len + more + 1);
	struct map_slot *slot;
	struct plan_node *n;

	if (!key)
		return NULL;
	memcpy(key, name, len + 1);
	if (more) {
		/* A module name has no '\\' that could be taken for this one.
		 */
		key[len] = '\\';
		memcpy(key + len + 1, alias, more);
	}
	slot = map_slot_of(&rs->nodes, key);
	if (!slot)
		return NULL;
	if (slot->value)
		return slot->value;
	n = arena_zalloc(a, sizeof(*n));
	slot->value = n;
	if (!n)
		return NULL;
	n->name = more ? arena_strndup(a, name, len) : key;
	n->alias = alias ? arena_strdup(a, alias) : NULL;
	return n->name && (n->alias || !alias) ? n : NULL;
}

static int list_add(struct resolver *rs, struct node_list *list,
		    struct plan_node *n, size_t room)
{
	if (!n)
		return error_nomem(rs->reterr);
	if (!list->nodes)
		list->nodes = arena_alloc(&rs->plan->arena,
					  room * sizeof(struct plan_node *));
	if (!list->nodes)
		return error_nomem(rs->reterr);
	list->nodes[list->count++] = n;
	return 0;
}

static int lookup_config(struct resolver *rs, const char *word,
			 struct node_list *ret)
{
	int rc;

	for (size_t i = 0; i < rs->rule_count; i++) {
		const struct lkm_rule *r = &rs->rules[i];
		struct plan_node *n;

		if (r->kind != LKM_RULE_ALIAS || !plan_matches(r->key, word))
			continue;
		n = resolver_node(rs, r->value, r->key);
		if (n && !n->via)
			n->via = r;
		rc = list_add(rs, ret, n, rs->rule_count);
		if (rc < 0)
			return rc;
	}
	return ret->count ? 1 : 0;
}

static int lookup_name(struct resolver *rs, const char *word,
		       struct node_list *ret)
{
	const struct lkm_module_file *file;
	int rc;

	if (strchr(word, ':'))
		return 0;
	rc = lkm_tree_module(rs->in->tree, word, &file, rs->reterr);
	if (rc <= 0)
		return rc;
	rc = list_add(rs, ret, resolver_node(rs, word, NULL), 1);
	return rc < 0 ? rc : 1;
}

static int add_names(struct resolver *rs, const char *word,
		     const char *const *names, size_t count,
		     struct node_list *ret)
{
	for (size_t i = 0; i < count; i++) {
		struct plan_node *n = resolver_node(rs, names[i], word);
		int rc = list_add(rs, ret, n, count);

		if (rc < 0)
			return rc;
	}
	return ret->count ? 1 : 0;
}

static int lookup_symbol(struct resolver *rs, const char *word,
			 struct node_list *ret)
{
	const char *const *names;
	size_t count;
	int rc;

	if (!text_starts(word, "symbol:"))
		return 0;
	rc = lkm_tree_symbol(rs->in->tree, word + strlen("symbol:"), &names,
			     &count, rs->reterr);
	return rc <= 0 ? rc : add_names(rs, word, names, count, ret);
}

static int lookup_command(struct resolver *rs, const char *word,
			  struct node_list *ret)
{
	const struct lkm_rule *r = rule_exact(rs, LKM_RULE_INSTALL, word);
	struct plan_node *n;
	int rc;

	if (!r && !rule_exact(rs, LKM_RULE_REMOVE, word))
		return 0;
	n = resolver_node(rs, word, NULL);
	if (n && r)
		n->command = r;
	rc = list_add(rs, ret, n, 1);
	return rc < 0 ? rc : 1;
}

static int lookup_alias(struct resolver *rs, const char *word,
			struct node_list *ret)
{
	const char *const *names;
	size_t count;
	int rc = lkm_tree_alias(rs->in->tree, word, &names, &count, rs->reterr);

	return rc <= 0 ? rc : add_names(rs, word, names, count, ret);
}

static int lookup_builtin(struct resolver *rs, const char *word,
			  struct node_list *ret)
{
	int rc = lkm_tree_builtin(rs->in->tree, word, rs->reterr);

	if (rc <= 0)
		return rc;
	rc = list_add(rs, ret, resolver_node(rs, word, NULL), 1);
	return rc < 0 ? rc : 1;
}

static int lookup_builtin_alias(struct resolver *rs, const char *word,
				struct node_list *ret)
{
	const char *const *names;
	size_t count;
	int rc = lkm_tree_builtin_alias(rs->in->tree, word, &names, &count,
					rs->reterr);

	return rc <= 0 ? rc : add_names(rs, word, names, count, ret);
}

int resolver_lookup(struct resolver *rs, const char *word,
		    struct node_list *ret, const char **ret_via)
{
	/* The first source that knows the word wins, as kmod has it. */
	static const struct {
		const char *via;
		int (*find)(struct resolver *rs, const char *word,
			    struct node_list *ret);
	} sources[] = {
		{ "alias", lookup_config },
		{ "name", lookup_name },
		{ "symbol", lookup_symbol },
		{ "command", lookup_command },
		{ "modules.alias", lookup_alias },
		{ "builtin", lookup_builtin },
		{ "builtin", lookup_builtin_alias },
	};
	char name[PLAN_MAX_NAME];

	if (!alias_normalise(word, name, sizeof(name)))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		struct node_list found = { 0 };
		int rc = sources[i].find(rs, name, &found);

		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		*ret = found;
		if (ret_via)
			*ret_via = sources[i].via;
		return 1;
	}
	return 0;
}

int node_load_file(struct resolver *rs, struct plan_node *n)
{
	const struct lkm_module_file *file;
	int rc;

	if (n->has_file)
		return 0;
	n->has_file = true;
	if (strchr(n->name, '/'))
		return 0;
	rc = lkm_tree_module(rs->in->tree, n->name, &file, rs->reterr);
	if (rc <= 0)
		return rc;
	n->rel = file->path;
	for (size_t i = file->dep_count; i > 0; i--) {
		const struct lkm_dep *dep = &file->deps[i - 1];
		struct plan_node *d = resolver_node(rs, dep->name, NULL);

		rc = list_add(rs, &n->deps, d, file->dep_count);
		if (rc < 0)
			return rc;
		if (!d->rel)
			d->rel = dep->path;
	}
	return 0;
}

/* The words of one half ("pre", "post") of a softdep line, looked up. */
static int soft_word(struct resolver *rs, struct span word,
		     struct node_list *list, size_t *room)
{
	char text[PLAN_MAX_NAME];
	struct node_list found = { 0 };
	int rc;

	if (word.size >= sizeof(text))
		return 0;
	if (rs->words++ >= PLAN_MAX_WORDS)
		return FAIL(rs->reterr, PLAN_LIMIT,
			    KV_STR("name", rs->req->name),
			    KV_STR("what", "softdeps"),
			    KV_NUM("limit", PLAN_MAX_WORDS));
	memcpy(text, word.data, word.size);
	text[word.size] = '\0';
	rc = resolver_lookup(rs, text, &found, NULL);
	if (rc < 0)
		return rc;
	if (!rc) {
		char name[PLAN_MAX_NAME];

		if (!alias_normalise(text, name, sizeof(name)))
			return 0;
		rc = list_add(rs, &found, resolver_node(rs, name, NULL), 1);
		if (rc < 0)
			return rc;
	}
	if (list->count + found.count > *room) {
		struct plan_node **more;

		*room = 2 * (list->count + found.count);
		more = arena_alloc(&rs->plan->arena, *room * sizeof(*more));
		if (!more)
			return error_nomem(rs->reterr);
		if (list->count)
			memcpy(more, list->nodes, list->count * sizeof(*more));
		list->nodes = more;
	}
	memcpy(list->nodes + list->count, found.nodes,
	       found.count * sizeof(*found.nodes));
	list->count += found.count;
	return 0;
}

static bool word_is(struct span word, const char *s)
{
	return word.size == strlen(s) && !memcmp(word.data, s, word.size);
}

static int soft_parse(struct resolver *rs, struct soft *soft)
{
	const char *value = soft->rule->value;
	struct span line = { (const uint8_t *)value, strlen(value) };
	struct node_list *list = NULL;
	size_t room[2] = { 0, 0 };
	struct span word;
	size_t pos = 0;
	int rc;

	while (text_next_word(line, &pos, &word)) {
		if (word_is(word, "pre:")) {
			list = &soft->pre;
			continue;
		}
		if (word_is(word, "post:")) {
			list = &soft->post;
			continue;
		}
		if (!list)
			continue;
		rc = soft_word(rs, word, list, &room[list == &soft->post]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int soft_of_rule(struct resolver *rs, size_t i, struct soft **ret)
{
	struct soft *soft;
	int rc;

	if (!rs->softs)
		rs->softs = calloc(rs->rule_count, sizeof(struct soft *));
	if (!rs->softs)
		return error_nomem(rs->reterr);
	if (!rs->softs[i]) {
		soft = arena_zalloc(&rs->plan->arena, sizeof(*soft));
		if (!soft)
			return error_nomem(rs->reterr);
		soft->rule = &rs->rules[i];
		rc = soft_parse(rs, soft);
		if (rc < 0)
			return rc;
		rs->softs[i] = soft;
	}
	*ret = rs->softs[i];
	return 0;
}

int node_load_softs(struct resolver *rs, struct plan_node *n)
{
	VEC(struct soft *) found = { 0 };
	struct soft *soft = NULL;
	int rc = 0;

	if (n->has_softs)
		return 0;
	n->has_softs = true;
	if (rs->req->flags & LKM_PLAN_NO_SOFTDEPS)
		return 0;
	for (size_t i = 0; i < rs->rule_count; i++) {
		const struct lkm_rule *r = &rs->rules[i];

		if (r->kind != LKM_RULE_SOFTDEP ||
		    !plan_matches(r->key, n->name))
			continue;
		rc = soft_of_rule(rs, i, &soft);
		if (rc == 0 && !vec_push(&found, soft))
			rc = error_nomem(rs->reterr);
		/* Dialect rule softdep-merge: kmod knows the first line only.
		 */
		if (rc < 0 || rs->kmod)
			break;
	}
	if (rc == 0 && found.len) {
		n->softs = arena_memdup(&rs->plan->arena, found.data,
					found.len * sizeof(*found.data));
		n->soft_count = found.len;
		if (!n->softs)
			rc = error_nomem(rs->reterr);
	}
	vec_release(&found);
	return rc;
}

const char *node_options(struct resolver *rs, const struct plan_node *n)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	const char *mine = n->is_target ? rs->req->options : NULL;

	for (size_t i = 0; i < rs->rule_count; i++) {
		const struct lkm_rule *r = &rs->rules[i];

		if (r->kind != LKM_RULE_OPTIONS || !r->value[0])
			continue;
		if (strcmp(r->key, n->name) &&
		    (!n->alias || strcmp(r->key, n->alias)))
			continue;
		if (b.len)
			strbuf_addc(&b, ' ');
		strbuf_adds(&b, r->value);
	}
	/* Dialect rule options-blank: kmod appends it before nothing, too. */
	if (b.len && (rs->kmod || (mine && mine[0])))
		strbuf_addc(&b, ' ');
	if (mine)
		strbuf_adds(&b, mine);
	if (b.failed)
		return NULL;
	return b.len ? arena_strdup(&rs->plan->arena, b.data) : "";
}

const char *plan_fill_command(struct lkm_plan *plan, const char *command,
			      const char *options)
{
	static const char var[] = "$CMDLINE_OPTS";
	size_t len = strlen(command);
	size_t opts = strlen(options);
	size_t room = len + 1;
	const char *p = command;
	const char *at;
	char *ret, *to;

	while ((at = strstr(p, var))) {
		room += opts;
		p = at + strlen(var);
	}
	ret = arena_alloc(&plan->arena, room);
	if (!ret)
		return NULL;
	/* Once only: a variable inside of the options is not looked at again.
	 */
	for (p = command, to = ret; (at = strstr(p, var));) {
		memcpy(to, p, at - p);
		to += at - p;
		memcpy(to, options, opts);
		to += opts;
		p = at + strlen(var);
	}
	memcpy(to, p, strlen(p) + 1);
	return ret;
}
