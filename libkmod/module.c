// SPDX-License-Identifier: LGPL-2.1-or-later
// Modules: one object for each name (and alias) in a context.
#include "internal.h"

#include <limits.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "base/strbuf.h"

static int compare(const void *a, const void *b)
{
	const struct kmod_module *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static struct kmod_module *pool_find(struct kmod_ctx *ctx, char *key)
{
	struct kmod_module wanted = { .key = key };
	struct kmod_module **found = tfind(&wanted, &ctx->pool, compare);

	return found ? *found : NULL;
}

static void module_free(struct kmod_module *mod)
{
	free(mod->key);
	free(mod->name);
	free(mod->path);
	free(mod->options);
	free(mod);
}

int module_new(struct kmod_ctx *ctx, const char *name, const char *alias,
	       struct kmod_module **ret)
{
	_cleanup_strbuf_ struct strbuf key = { 0 };
	struct kmod_module *mod;

	/* No name has a '\\'. */
	strbuf_addf(&key, "%s%s%s", name, alias ? "\\" : "",
		    alias ? alias : "");
	if (key.failed)
		return -ENOMEM;
	mod = pool_find(ctx, key.data);
	if (mod) {
		*ret = kmod_module_ref(mod);
		return 0;
	}
	mod = calloc(1, sizeof(*mod));
	if (!mod)
		return -ENOMEM;
	mod->refs = 1;
	mod->key = strbuf_take(&key);
	mod->name = strdup(name);
	mod->alias = alias ? mod->key + strlen(name) + 1 : NULL;
	if (!mod->name || !tsearch(mod, &ctx->pool, compare)) {
		module_free(mod);
		return -ENOMEM;
	}
	mod->ctx = kmod_ref(ctx);
	*ret = mod;
	return 0;
}

/* Up to the first '.', with '_'; false: there is nothing before it. */
static bool name_of(const char *s, char ret[static PATH_MAX])
{
	size_t len = strcspn(s, ".");

	len = MIN_OF(len, (size_t)PATH_MAX - 1);
	for (size_t i = 0; i < len; i++)
		ret[i] = s[i] == '-' ? '_' : s[i];
	ret[len] = '\0';
	return len;
}

int kmod_module_new_from_name(struct kmod_ctx *ctx, const char *name,
			      struct kmod_module **mod)
{
	char key[PATH_MAX];

	if (!ctx || !name || !mod)
		return -ENOENT;
	name_of(name, key);
	return module_new(ctx, key, NULL, mod);
}

static int set_path(struct kmod_module *mod, char **path)
{
	if (mod->path && strcmp(mod->path, *path) != 0) {
		LOG(mod->ctx, LOG_ERR,
		    "module '%s' is known from '%s' already, not '%s'\n",
		    mod->name, mod->path, *path);
		return -EEXIST;
	}
	if (!mod->path)
		mod->path = take_ptr(*path);
	mod->path_known = true;
	mod->builtin = BUILTIN_NO;
	return 0;
}

int kmod_module_new_from_path(struct kmod_ctx *ctx, const char *path,
			      struct kmod_module **mod)
{
	_cleanup_free_ char *absolute = NULL;
	struct kmod_module *found;
	char name[PATH_MAX];
	const char *slash;
	struct stat st;
	int rc;

	if (!ctx || !path || !mod)
		return -ENOENT;
	absolute = path_absolute(path);
	if (!absolute)
		return -ENOMEM;
	if (stat(absolute, &st) < 0) {
		rc = -errno;
		LOG(ctx, LOG_DEBUG, "cannot stat %s: %s\n", absolute,
		    strerrordesc_np(-rc));
		return rc;
	}
	slash = strrchr(absolute, '/');
	if (!name_of(slash + 1, name))
		return -ENOENT;
	rc = module_new(ctx, name, NULL, &found);
	if (rc < 0)
		return rc;
	rc = set_path(found, &absolute);
	if (rc < 0)
		kmod_module_unref(found);
	else
		*mod = found;
	return rc;
}

struct kmod_module *kmod_module_ref(struct kmod_module *mod)
{
	if (mod)
		mod->refs++;
	return mod;
}

struct kmod_module *kmod_module_unref(struct kmod_module *mod)
{
	struct kmod_ctx *ctx;

	if (!mod)
		return NULL;
	if (--mod->refs)
		return mod;
	ctx = mod->ctx;
	tdelete(mod, &ctx->pool, compare);
	module_free(mod);
	kmod_unref(ctx);
	return NULL;
}

static void unref(void *data)
{
	kmod_module_unref(data);
}

int kmod_module_unref_list(struct kmod_list *list)
{
	list_free(list, unref);
	return 0;
}

struct kmod_module *kmod_module_get_module(const struct kmod_list *entry)
{
	return entry ? kmod_module_ref(entry->data) : NULL;
}

int modules_add(struct kmod_list **list, struct kmod_module *mod)
{
	if (list_append(list, mod))
		return 0;
	kmod_module_unref(mod);
	return -ENOMEM;
}

const char *kmod_module_get_name(const struct kmod_module *mod)
{
	return mod ? mod->name : NULL;
}

/* What is asked for is looked up once; nobody sees that. */
static struct kmod_module *writable(const struct kmod_module *mod)
{
	return (struct kmod_module *)(uintptr_t)mod;
}

const char *kmod_module_get_path(const struct kmod_module *mod)
{
	struct kmod_module *m = writable(mod);
	const struct lkm_module_file *file;
	struct lkm_error *e = NULL;
	struct lkm_tree *tree;
	int rc;

	if (!mod)
		return NULL;
	if (mod->path_known)
		return mod->path;
	if (ctx_tree(mod->ctx, &tree) < 0)
		return NULL;
	rc = lkm_tree_module(tree, mod->name, &file, &e);
	if (rc > 0)
		m->path = lkm_tree_file_path(tree, file->path);
	m->path_known = rc == 0 || m->path;
	ctx_errno(mod->ctx, rc, e, LOG_ERR);
	ctx_tree_put(mod->ctx, tree);
	return mod->path;
}

const char *kmod_module_get_options(const struct kmod_module *mod)
{
	struct kmod_module *m = writable(mod);

	if (!mod)
		return NULL;
	if (!mod->options_known) {
		m->options = module_options(mod, NULL);
		m->options_known = m->options;
	}
	return mod->options && *mod->options ? mod->options : NULL;
}

static const char *command(const struct kmod_module *mod,
			   enum lkm_rule_kind kind)
{
	const struct lkm_rule *rule = mod ? module_rule(mod, kind) : NULL;

	return rule ? rule->value : NULL;
}

const char *kmod_module_get_install_commands(const struct kmod_module *mod)
{
	return mod && mod->install ? mod->install :
				     command(mod, LKM_RULE_INSTALL);
}

const char *kmod_module_get_remove_commands(const struct kmod_module *mod)
{
	return command(mod, LKM_RULE_REMOVE);
}

bool module_is_blacklisted(const struct kmod_module *mod)
{
	size_t count;
	const struct lkm_rule *rules = lkm_policy_rules(mod->ctx->policy,
							&count);

	for (size_t i = 0; i < count; i++) {
		if (rules[i].kind == LKM_RULE_BLACKLIST &&
		    !strcmp(rules[i].key, mod->name))
			return true;
	}
	return false;
}

bool module_is_builtin(struct kmod_module *mod)
{
	struct lkm_error *e = NULL;
	struct lkm_tree *tree;
	int rc;

	if (mod->builtin != BUILTIN_UNKNOWN)
		return mod->builtin == BUILTIN_YES;
	if (ctx_tree(mod->ctx, &tree) < 0)
		return false;
	rc = lkm_tree_builtin(tree, mod->name, &e);
	ctx_errno(mod->ctx, rc, e, LOG_ERR);
	ctx_tree_put(mod->ctx, tree);
	if (rc >= 0)
		mod->builtin = rc ? BUILTIN_YES : BUILTIN_NO;
	return rc > 0;
}

/* A reference to the module at @dep, which must be there. */
static int add_dependency(struct kmod_ctx *ctx, const struct lkm_tree *tree,
			  const struct lkm_dep *dep, struct kmod_list **list)
{
	_cleanup_free_ char *path = lkm_tree_file_path(tree, dep->path);
	struct kmod_module *found;
	int rc = path ? kmod_module_new_from_path(ctx, path, &found) : -ENOMEM;

	if (rc < 0)
		LOG(ctx, LOG_ERR, "cannot use %s: %s\n", dep->path,
		    strerrordesc_np(-rc));
	return rc < 0 ? rc : modules_add(list, found);
}

struct kmod_list *kmod_module_get_dependencies(const struct kmod_module *mod)
{
	const struct lkm_module_file *file;
	struct kmod_list *list = NULL;
	struct lkm_error *e = NULL;
	struct lkm_tree *tree;
	int rc;

	if (!mod || ctx_tree(mod->ctx, &tree) < 0)
		return NULL;
	rc = lkm_tree_module(tree, mod->name, &file, &e);
	ctx_errno(mod->ctx, rc, e, LOG_ERR);
	/* What has to be loaded first stands first. */
	for (size_t i = rc > 0 ? file->dep_count : 0; i > 0; i--) {
		rc = add_dependency(mod->ctx, tree, &file->deps[i - 1], &list);
		if (rc < 0)
			break;
	}
	ctx_tree_put(mod->ctx, tree);
	if (rc < 0) {
		kmod_module_unref_list(list);
		return NULL;
	}
	return list;
}

int kmod_module_apply_filter(const struct kmod_ctx *ctx,
			     enum kmod_filter filter_type,
			     const struct kmod_list *input,
			     struct kmod_list **output)
{
	const struct kmod_list *l;
	int rc = 0;

	if (!ctx || !output)
		return -ENOENT;
	*output = NULL;
	for (l = input; l && rc == 0; l = kmod_list_next(input, l)) {
		struct kmod_module *mod = l->data;

		if (filter_type & KMOD_FILTER_BLACKLIST &&
		    module_is_blacklisted(mod))
			continue;
		if (filter_type & KMOD_FILTER_BUILTIN && module_is_builtin(mod))
			continue;
		rc = modules_add(output, kmod_module_ref(mod));
	}
	if (rc < 0) {
		kmod_module_unref_list(*output);
		*output = NULL;
	}
	return rc;
}

int kmod_module_get_filtered_blacklist(const struct kmod_ctx *ctx,
				       const struct kmod_list *input,
				       struct kmod_list **output)
{
	return kmod_module_apply_filter(ctx, KMOD_FILTER_BLACKLIST, input,
					output);
}
