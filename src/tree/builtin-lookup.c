// SPDX-License-Identifier: LGPL-2.1-or-later
// What a tree's modules.builtin.modinfo says of a module.
#include "base/text.h"
#include "diag/error.h"
#include "tree/tree-impl.h"

/* Larger than any kernel's by far: 6.12 of Debian has 60 KB. */
#define BUILTIN_SIZE_MAX ((size_t)64 << 20)

static int tree_parse_builtin(struct lkm_tree *tree, const char *path,
			      struct span text, struct lkm_error **reterr)
{
	struct lkm_error *warning = NULL;
	int rc = builtin_parse(tree->builtin, text);

	if (rc == -LKM_ENOMEM)
		return error_nomem(reterr);
	if (rc < 0)
		return FAIL(reterr, TREE_BUILTIN_LIMIT, KV_STR("file", path),
			    KV_NUM("limit", BUILTIN_ENTRIES_MAX));
	if (tree->builtin->skipped) {
		(void)FAIL(&warning, TREE_BUILTIN_FORMAT, KV_STR("file", path),
			   KV_NUM("count", tree->builtin->skipped));
		tree_warn(tree, warning);
	}
	return 0;
}

int tree_load_builtin(struct lkm_tree *tree, struct lkm_error **reterr)
{
	_cleanup_free_ char *path = tree_path(tree, "modules.builtin.modinfo");
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int rc;

	if (tree->builtin)
		return 0;
	if (!path)
		return error_nomem(reterr);
	rc = root_read(&tree->root, path, BUILTIN_SIZE_MAX, &text, &size);
	/* Kernels before 5.2 have no such file. */
	if (rc < 0 && rc != -ENOENT)
		return error_system(reterr, rc, "read", path);
	tree->builtin = calloc(1, sizeof(*tree->builtin));
	if (!tree->builtin)
		return error_nomem(reterr);
	rc = tree_parse_builtin(tree, path,
				(struct span){ (const uint8_t *)text, size },
				reterr);
	if (rc < 0)
		tree_forget_builtin(tree);
	return rc;
}

void tree_forget_builtin(struct lkm_tree *tree)
{
	if (!tree->builtin)
		return;
	builtin_release(tree->builtin);
	free(tree->builtin);
	tree->builtin = NULL;
}

int lkm_tree_builtin_info(struct lkm_tree *tree, const char *name,
			  const struct lkm_builtin_info **ret,
			  size_t *ret_count, struct lkm_error **reterr)
{
	const struct builtin_module *m;
	char key[TREE_NAME_MAX];
	int rc;

	if (!module_name_of(name, key, sizeof(key)))
		return 0;
	rc = tree_load_builtin(tree, reterr);
	if (rc < 0)
		return rc;
	m = builtin_get(tree->builtin, key);
	if (!m)
		return 0;
	*ret = m->entries.data;
	*ret_count = m->entries.len;
	return 1;
}
