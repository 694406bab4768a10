// SPDX-License-Identifier: LGPL-2.1-or-later
// Looking up modules, aliases and symbols.
#include <string.h>

#include "base/text.h"
#include "diag/error.h"
#include "tree/match.h"
#include "tree/tree-impl.h"

/* An index gave something that no indexer writes. */
static int lookup_damaged(struct lkm_tree *tree, enum lkm_index_kind kind,
			  const char *problem)
{
	tree->indexes[kind].file.problem = problem;
	tree->indexes[kind].file.offset = 0;
	return -LKM_EFORMAT;
}

bool tree_name_of_path(const char *path, char *ret, size_t size)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	size_t len = strcspn(file, ".");

	if (!len || len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		ret[i] = file[i] == '-' ? '_' : file[i];
	ret[len] = '\0';
	return true;
}

/* One of the words of a line of modules.dep: a path, and its module's name. */
static int dep_of_path(struct lkm_tree *tree, const char *path,
		       struct lkm_dep *ret)
{
	char name[TREE_NAME_MAX];

	if (!tree_name_of_path(path, name, sizeof(name)))
		return lookup_damaged(tree, LKM_INDEX_DEP,
				      "has a path that names no module");
	ret->name = arena_strdup(&tree->arena, name);
	ret->path = path;
	return ret->name ? 0 : -LKM_ENOMEM;
}

static size_t count_words(const char *s)
{
	size_t count = 0;

	for (s += strspn(s, " "); *s; s += strspn(s, " ")) {
		s += strcspn(s, " ");
		count++;
	}
	return count;
}

int tree_module_parse(struct lkm_tree *tree, const char *value,
		      struct lkm_module_file *ret)
{
	char *line = arena_strdup(&tree->arena, value);
	char *colon = line ? strchr(line, ':') : NULL;
	struct lkm_module_file m = { 0 };
	struct lkm_dep self, *deps;
	char *word, *end;
	int rc;

	if (!line)
		return -LKM_ENOMEM;
	if (!colon)
		return lookup_damaged(tree, LKM_INDEX_DEP,
				      "has a line without a colon");
	*colon = '\0';
	rc = dep_of_path(tree, line, &self);
	if (rc < 0)
		return rc;
	m.name = self.name;
	m.path = self.path;
	m.dep_count = count_words(colon + 1);
	deps = arena_zalloc(&tree->arena, (m.dep_count + 1) * sizeof(*deps));
	if (!deps)
		return -LKM_ENOMEM;
	word = colon + 1;
	for (size_t i = 0; i < m.dep_count; i++) {
		word += strspn(word, " ");
		end = word + strcspn(word, " ");
		if (*end)
			*end++ = '\0';
		rc = dep_of_path(tree, word, &deps[i]);
		if (rc < 0)
			return rc;
		word = end;
	}
	m.deps = deps;
	*ret = m;
	return 0;
}

/* Parse @value, which is that of module @name, and remember it. */
static int module_add(struct lkm_tree *tree, const char *name,
		      const char *value, struct lkm_module_file **ret)
{
	struct lkm_module_file *m = arena_zalloc(&tree->arena, sizeof(*m));
	int rc = m ? tree_module_parse(tree, value, m) : -LKM_ENOMEM;

	if (rc < 0)
		return rc;
	if (strcmp(m->name, name) != 0)
		return lookup_damaged(tree, LKM_INDEX_DEP,
				      "has a module's line under another name");
	if (!map_set(&tree->modules, m->name, m))
		return -LKM_ENOMEM;
	*ret = m;
	return 1;
}

static int module_find(struct lkm_tree *tree, struct index_file *ix,
		       const char *name, struct lkm_module_file **ret)
{
	int rc;

	tree->hits.list.len = 0;
	rc = index_find(ix, name, &tree->hits);
	if (rc <= 0)
		return rc;
	return module_add(tree, name, tree->hits.list.data[0].value, ret);
}

int lkm_tree_module(struct lkm_tree *tree, const char *name,
		    const struct lkm_module_file **ret,
		    struct lkm_error **reterr)
{
	struct lkm_module_file *m;
	struct index_file *ix;
	char key[TREE_NAME_MAX];
	int rc;

	if (!module_name_of(name, key, sizeof(key)))
		return 0;
	m = map_get(&tree->modules, key);
	if (m) {
		*ret = m;
		return 1;
	}
	do {
		rc = tree_index_get(tree, LKM_INDEX_DEP, &ix, reterr);
		if (rc < 0)
			return rc;
		rc = module_find(tree, ix, key, &m);
		if (rc >= 0)
			break;
		rc = tree_index_failed(tree, LKM_INDEX_DEP, rc, reterr);
	} while (!rc);
	if (rc == 1)
		*ret = m;
	return rc;
}

bool tree_is_name(const char *s)
{
	size_t len = 0;

	for (; *s; s++, len++) {
		if (*s <= ' ' || *s >= 0x7f || *s == '/')
			return false;
	}
	return len && len < TREE_NAME_MAX;
}

/*
 * A name in an index that came from the same run as modules.dep.bin is there
 * too; a damaged one rarely is.
 */
static int check_name(struct lkm_tree *tree, enum lkm_index_kind kind,
		      const char *name)
{
	struct index_file *dep = &tree->indexes[LKM_INDEX_DEP].file;
	struct index_hits found = { 0 };
	int rc;

	if (!tree_is_name(name))
		return lookup_damaged(tree, kind,
				      "has a value that is no name");
	if ((kind != LKM_INDEX_ALIAS && kind != LKM_INDEX_SYMBOLS) ||
	    !tree->indexes[kind].from_bin ||
	    !tree->indexes[LKM_INDEX_DEP].from_bin)
		return 0;
	rc = index_find(dep, name, &found);
	index_hits_release(&found);
	if (!rc)
		return lookup_damaged(tree, kind, "names an unknown module");
	/* Damage of modules.dep.bin is for a lookup in there to find. */
	return rc == -LKM_ENOMEM ? rc : 0;
}

/* The names among tree->hits, in the arena. */
static int names_of_hits(struct lkm_tree *tree, enum lkm_index_kind kind,
			 const char *const **ret)
{
	size_t count = tree->hits.list.len;
	const char **names = arena_alloc(&tree->arena,
					 (count + 1) * sizeof(*names));
	int rc;

	if (!names)
		return -LKM_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		names[i] = tree->hits.list.data[i].value;
		rc = check_name(tree, kind, names[i]);
		if (rc < 0)
			return rc;
	}
	names[count] = NULL;
	*ret = names;
	return 1;
}

struct name_query {
	enum lkm_index_kind kind;
	int (*lookup)(struct index_file *ix, const char *key,
		      struct index_hits *hits);
	const char *key;
};

static int lookup_names(struct lkm_tree *tree, const struct name_query *q,
			const char *const **ret_names, size_t *ret_count,
			struct lkm_error **reterr)
{
	struct index_file *ix;
	int rc;

	do {
		rc = tree_index_get(tree, q->kind, &ix, reterr);
		if (rc < 0)
			return rc;
		tree->hits.list.len = 0;
		rc = q->lookup(ix, q->key, &tree->hits);
		if (rc >= 0 && !tree->hits.list.len)
			return 0;
		if (rc >= 0)
			rc = names_of_hits(tree, q->kind, ret_names);
		if (rc == 1) {
			*ret_count = tree->hits.list.len;
			return 1;
		}
		rc = tree_index_failed(tree, q->kind, rc, reterr);
	} while (!rc);
	return rc;
}

static int lookup_alias(struct lkm_tree *tree, enum lkm_index_kind kind,
			const char *modalias, const char *const **ret_names,
			size_t *ret_count, struct lkm_error **reterr)
{
	char key[MATCH_KEY_MAX];
	const struct name_query q = { kind, index_match, key };

	/* Unbalanced brackets: no pattern was written for that. */
	if (!alias_normalise(modalias, key, sizeof(key)))
		return 0;
	return lookup_names(tree, &q, ret_names, ret_count, reterr);
}

int lkm_tree_alias(struct lkm_tree *tree, const char *modalias,
		   const char *const **ret_names, size_t *ret_count,
		   struct lkm_error **reterr)
{
	return lookup_alias(tree, LKM_INDEX_ALIAS, modalias, ret_names,
			    ret_count, reterr);
}

int lkm_tree_builtin_alias(struct lkm_tree *tree, const char *modalias,
			   const char *const **ret_names, size_t *ret_count,
			   struct lkm_error **reterr)
{
	return lookup_alias(tree, LKM_INDEX_BUILTIN_ALIAS, modalias, ret_names,
			    ret_count, reterr);
}

int lkm_tree_symbol(struct lkm_tree *tree, const char *symbol,
		    const char *const **ret_names, size_t *ret_count,
		    struct lkm_error **reterr)
{
	char key[INDEX_KEY_MAX];
	const struct name_query q = { LKM_INDEX_SYMBOLS, index_find, key };
	int len = snprintf(key, sizeof(key), "symbol:%s", symbol);

	if (len < 0 || (size_t)len >= sizeof(key))
		return 0;
	return lookup_names(tree, &q, ret_names, ret_count, reterr);
}

int lkm_tree_builtin(struct lkm_tree *tree, const char *name,
		     struct lkm_error **reterr)
{
	struct index_file *ix;
	char key[TREE_NAME_MAX];
	int rc;

	if (!module_name_of(name, key, sizeof(key)))
		return 0;
	do {
		rc = tree_index_get(tree, LKM_INDEX_BUILTIN, &ix, reterr);
		if (rc < 0)
			return rc;
		tree->hits.list.len = 0;
		rc = index_find(ix, key, &tree->hits);
		if (rc >= 0)
			break;
		rc = tree_index_failed(tree, LKM_INDEX_BUILTIN, rc, reterr);
	} while (!rc);
	return rc;
}
