// SPDX-License-Identifier: LGPL-2.1-or-later
// A module file, facts of a kernel, and a tree in place of tree/.
#include "fixture.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../common/module-builder.h"

struct lkm_tree {
	const struct fixture *fixture;
	struct lkm_module_file module;
};

const char *lkm_tree_release(const struct lkm_tree *tree)
{
	return "6.1.0-9";
}

int lkm_tree_modules(struct lkm_tree *tree, const struct lkm_module_file **ret,
		     size_t *ret_count, struct lkm_error **reterr)
{
	*ret = &tree->module;
	*ret_count = *tree->fixture->model ? 1 : 0;
	return 0;
}

int lkm_tree_module(struct lkm_tree *tree, const char *name,
		    const struct lkm_module_file **ret,
		    struct lkm_error **reterr)
{
	if (strcmp(name, tree->module.name) != 0)
		return 0;
	*ret = &tree->module;
	return 1;
}

char *lkm_tree_file_path(const struct lkm_tree *tree, const char *path)
{
	return strdup(path);
}

int lkm_tree_symbol(struct lkm_tree *tree, const char *symbol,
		    const char *const **ret_names, size_t *ret_count,
		    struct lkm_error **reterr)
{
	static const char *const names[] = { "exporter" };

	if (strcmp(symbol, "of_exporter") != 0)
		return 0;
	*ret_names = names;
	*ret_count = 1;
	return 1;
}

void fixture_open(struct fixture *f, const char *recipe, const char *model)
{
	*f = (struct fixture){ .dir = "/tmp/lkm-check-XXXXXX" };
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->file, sizeof(f->file), "%s/some-mod.ko", f->dir);
	module_write(recipe, f->file);
	if (model) {
		snprintf(f->model, sizeof(f->model), "%s/exporter.ko", f->dir);
		module_write(model, f->model);
	}
	f->facts = lkm_facts_new();
	f->tree = calloc(1, sizeof(*f->tree));
	assert_non_null(f->facts);
	assert_non_null(f->tree);
	f->tree->fixture = f;
	f->tree->module = (struct lkm_module_file){ .name = "exporter",
						    .path = f->model };
	assert_true(lkm_facts_set_text(f->facts, LKM_FACT_RELEASE, "6.1.0-9"));
	assert_true(lkm_facts_set_text(f->facts, LKM_FACT_MACHINE, "x86_64"));
	assert_true(lkm_facts_set_text(f->facts, LKM_FACT_LOCKDOWN, "none"));
	assert_true(lkm_facts_set_text(f->facts, LKM_FACT_CMDLINE, "quiet"));
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *place)
{
	return remove(path);
}

void fixture_close(struct fixture *f)
{
	lkm_facts_free(f->facts);
	free(f->tree);
	assert_int_equal(nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void fixture_loaded(struct fixture *f, const char *name, bool coming)
{
	struct lkm_loaded m = { .name = name,
				.taints = "",
				.state = coming ? LKM_STATE_COMING :
						  LKM_STATE_LIVE };

	assert_true(lkm_facts_add(f->facts, &m));
}
