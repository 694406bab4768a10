// SPDX-License-Identifier: LGPL-2.1-or-later
// Lookups give the same answers from .bin files, text files and modules.
#include "lookup-common.h"

static void check_module(struct lkm_tree *tree, const char *name,
			 const char *expected)
{
	char text[256];

	module_text(tree, name, text);
	assert_string_equal(text, expected);
}

static void check_alias(struct lkm_tree *tree, const char *alias,
			const char *expected)
{
	char text[256];

	alias_text(tree, alias, text);
	assert_string_equal(text, expected);
}

static void check_modules(struct lkm_tree *tree)
{
	const struct lkm_module_file *m, *again;

	check_module(tree, "a", "kernel/a.ko: kernel/b-x.ko kernel/c.ko");
	check_module(tree, "b-x", "kernel/b-x.ko: kernel/c.ko");
	check_module(tree, "b_x", "kernel/b-x.ko: kernel/c.ko");
	check_module(tree, "d", "kernel/d.ko:");
	check_module(tree, "e", "");
	check_module(tree, "", "");
	check_module(tree, "ab", "");
	assert_int_equal(lkm_tree_module(tree, "a", &m, NULL), 1);
	assert_string_equal(m->name, "a");
	assert_string_equal(m->deps[0].name, "b_x");
	assert_int_equal(lkm_tree_module(tree, "a", &again, NULL), 1);
	assert_ptr_equal(m, again);
}

static void check_aliases(struct lkm_tree *tree)
{
	/* By module; one of several matching patterns stands as often. */
	check_alias(tree, "pci:v00008086d00001599", "a a c");
	check_alias(tree, "pci:v00008086d00001590", "a c");
	check_alias(tree, "pci:v00008086d2", "a");
	check_alias(tree, "pci:v00008087d2", "");
	check_alias(tree, "of:NxT(null)Cfoo,bar_baz", "b_x");
	check_alias(tree, "of:NxT(null)Cfoo,bar-baz", "b_x");
	check_alias(tree, "of:NxT(null)Cfoo,bar-bazz", "");
	check_alias(tree, "usb:v17p1", "d");
	check_alias(tree, "usb:v1Ap1", "");
	check_alias(tree, "fs-ext9", "d");
	check_alias(tree, "fs_ext9", "d");
	check_alias(tree, "fs-ext", "");
	check_alias(tree, "x[", "");
	check_alias(tree, "", "");
}

static void check_symbols(struct lkm_tree *tree)
{
	const char *const *names;
	size_t count;

	assert_int_equal(lkm_tree_symbol(tree, "c_fn", &names, &count, NULL),
			 1);
	assert_int_equal(count, 1);
	assert_string_equal(names[0], "c");
	assert_int_equal(lkm_tree_symbol(tree, "c_f", &names, &count, NULL), 0);
	assert_int_equal(lkm_tree_symbol(tree, "*", &names, &count, NULL), 0);
}

static void check_builtin(struct lkm_tree *tree)
{
	const struct lkm_builtin_info *info;
	const char *const *names;
	size_t count;

	assert_int_equal(lkm_tree_builtin(tree, "built-in", NULL), 1);
	assert_int_equal(lkm_tree_builtin(tree, "other", NULL), 1);
	assert_int_equal(lkm_tree_builtin(tree, "a", NULL), 0);
	assert_int_equal(
		lkm_tree_builtin_alias(tree, "net-pf-99", &names, &count, NULL),
		1);
	/* All have one priority: met last, given first, as kmod does. */
	assert_int_equal(count, 2);
	assert_string_equal(names[0], "built_in");
	assert_string_equal(names[1], "other");
	assert_int_equal(
		lkm_tree_builtin_info(tree, "built-in", &info, &count, NULL),
		1);
	assert_int_equal(count, 3);
	assert_string_equal(info[0].key, "license");
	assert_string_equal(info[2].key, "parm");
	assert_string_equal(info[2].value, "x:y=z");
	assert_int_equal(lkm_tree_builtin_info(tree, "no", &info, &count, NULL),
			 0);
}

static void check_list(struct lkm_tree *tree)
{
	const struct lkm_module_file *list;
	size_t count;

	assert_int_equal(lkm_tree_modules(tree, &list, &count, NULL), 1);
	assert_int_equal(count, 4);
	assert_string_equal(list[0].path, "kernel/a.ko");
	assert_int_equal(list[0].dep_count, 2);
	assert_string_equal(list[3].name, "d");
}

static int append(void *ctx, const char *key, const char *value)
{
	char *text = ctx;
	size_t len = strlen(text);

	snprintf(text + len, 512 - len, "%s %s\n", key, value);
	return strstr(value, "STOP") != NULL;
}

static int stop(void *ctx, const char *key, const char *value)
{
	(void)key;
	(void)value;
	return ++*(int *)ctx == 2 ? 77 : 0;
}

static void check_dump(struct lkm_tree *tree)
{
	char text[512] = "";
	int calls = 0;

	assert_int_equal(
		lkm_tree_dump(tree, LKM_INDEX_ALIAS, append, text, NULL), 0);
	assert_string_equal(text, "fs_ext9 d\n"
				  "of:N*T*Cfoo,bar_baz b_x\n"
				  "pci:v00008086d* a\n"
				  "pci:v00008086d*9 a\n"
				  "pci:v00008086d000015* c\n"
				  "usb:v1[0-9]p* d\n");
	text[0] = '\0';
	assert_int_equal(
		lkm_tree_dump(tree, LKM_INDEX_SYMBOLS, append, text, NULL), 0);
	assert_string_equal(text, "symbol:b_fn b_x\nsymbol:c_fn c\n");
	assert_int_equal(
		lkm_tree_dump(tree, LKM_INDEX_ALIAS, stop, &calls, NULL), 77);
	assert_int_equal(calls, 2);
}

static void check_all(struct lkm_tree *tree, const char *source)
{
	check_modules(tree);
	check_aliases(tree);
	check_symbols(tree);
	check_builtin(tree);
	check_list(tree);
	check_dump(tree);
	assert_string_equal(lkm_tree_source(tree), source);
	assert_null(lkm_tree_warning(tree, 0));
	lkm_tree_free(tree);
}

static void test_sources(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_builtin(&w);
	world_modules(&w);
	check_all(open_tree(&w, 0, NULL, 0), "scan");
	world_text(&w);
	check_all(open_tree(&w, 0, NULL, 0), "text");
	world_bin(&w);
	check_all(open_tree(&w, 0, NULL, 0), "index");
	check_all(open_tree(&w, LKM_TREE_NO_SCAN, NULL, 0), "index");
	check_all(open_tree(&w, LKM_TREE_SCAN, NULL, 0), "scan");
	world_close(&w);
}

static void test_names(void **state)
{
	struct lkm_tree *tree;
	char expected[256];
	struct world w;
	char *path;

	(void)state;
	world_open(&w);
	world_bin(&w);
	tree = open_tree(&w, 0, NULL, 0);
	assert_string_equal(lkm_tree_dir(tree), DIR_NAME);
	assert_string_equal(lkm_tree_release(tree), RELEASE);
	path = lkm_tree_file_path(tree, "kernel/a.ko");
	path_in(&w, DIR_NAME "/kernel/a.ko", expected);
	assert_string_equal(path, expected);
	free(path);
	path = lkm_tree_file_path(tree, "/ext/a.ko");
	path_in(&w, "/ext/a.ko", expected);
	assert_string_equal(path, expected);
	free(path);
	lkm_tree_free(tree);
	lkm_tree_free(NULL);
	world_close(&w);
}

/* A kernel without built-in modules, or from before modules.builtin.modinfo. */
static void test_no_builtin(void **state)
{
	const struct lkm_builtin_info *info;
	const char *const *names;
	struct lkm_tree *tree;
	struct world w;
	size_t count;

	(void)state;
	world_open(&w);
	world_bin(&w);
	drop(&w, DIR_NAME "/modules.builtin.bin");
	put(&w, DIR_NAME "/modules.builtin.alias.bin", "", 0);
	tree = open_tree(&w, 0, NULL, 0);
	assert_int_equal(lkm_tree_builtin(tree, "other", NULL), 0);
	assert_int_equal(
		lkm_tree_builtin_alias(tree, "net-pf-99", &names, &count, NULL),
		0);
	assert_int_equal(
		lkm_tree_builtin_info(tree, "other", &info, &count, NULL), 0);
	assert_null(lkm_tree_warning(tree, 0));
	lkm_tree_free(tree);
	world_close(&w);
}

/* kmod from 34 on writes a node before its children. */
static void test_node_first(void **state)
{
	static const uint8_t bytes[] = "\xb0\x07\xf4\x57\0\2\0\1\xa0\0\0\x0c"
				       "a\0bc\x40\0\0\x18\x40\0\0\x22"
				       "\0\0\0\1\0\0\0\1x\0"
				       "\0\0\0\2\0\0\0\0y\0\0\0\0\7z";
	uint8_t *copy = malloc(sizeof(bytes));
	struct index_hits hits = { 0 };
	struct index_file ix;

	(void)state;
	assert_non_null(copy);
	memcpy(copy, bytes, sizeof(bytes));
	assert_int_equal(index_open_heap(&ix, copy, sizeof(bytes)), 0);
	assert_int_equal(index_find(&ix, "ab", &hits), 1);
	assert_string_equal(hits.list.data[0].value, "x");
	assert_int_equal(index_find(&ix, "a", &hits), 0);
	assert_int_equal(index_find(&ix, "abc", &hits), 0);
	hits.list.len = 0;
	assert_int_equal(index_match(&ix, "ac", &hits), 0);
	assert_int_equal(hits.list.len, 2);
	assert_string_equal(hits.list.data[1].value, "z");
	assert_int_equal(hits.list.data[1].priority, 7);
	index_hits_release(&hits);
	index_close(&ix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_builtin),
		cmocka_unit_test(test_node_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
