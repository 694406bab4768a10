// SPDX-License-Identifier: LGPL-2.1-or-later
// Module directories laid over a tree that nobody indexes again.
#include "lookup-common.h"

#define EXT "/ext/" RELEASE
#define TOP "/top"

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

static void check_owner(struct lkm_tree *tree, const char *symbol,
			const char *expected)
{
	const char *const *names;
	size_t count;

	assert_int_equal(lkm_tree_symbol(tree, symbol, &names, &count, NULL),
			 1);
	assert_int_equal(count, 1);
	assert_string_equal(names[0], expected);
}

/*
 * EXT has "n", which needs base module b_x and "h" of its own, and its own c,
 * which needs h; TOP has another h.
 */
static void make_layers(const struct world *w)
{
	make_dir(w, EXT "/kernel");
	make_dir(w, EXT "/updates");
	make_dir(w, TOP);
	make_module(w, EXT "/kernel/n.ko",
		    "name=n alias=pci:v00008086d000015* need:b_fn:0x1 "
		    "softdep=pre:%20crc weakdep=x "
		    "need:h_fn:0x3 need:printk:0x9");
	make_module(w, EXT "/updates/c.ko",
		    "name=c alias=new:c export:c_fn:0x2 need:h_fn:0x3");
	make_module(w, EXT "/kernel/h.ko", "name=h export:h_fn:0x3");
	make_module(w, TOP "/h.ko", "name=h export:h_fn:0x3 export:b_fn:0x1");
}

static const char *const layers[] = { EXT, TOP };

static void check_layers(struct lkm_tree *tree, const char *source)
{
	const struct lkm_module_file *list;
	const char *lines;
	size_t count;

	/* What the base's modules.softdep cannot have. */
	assert_int_equal(lkm_tree_softdeps(tree, &lines, NULL), 0);
	assert_string_equal(lines, "softdep n pre: crc\nweakdep n x\n");
	/* "a" needs base modules only, of which one was replaced. */
	check_module(tree, "h", TOP "/h.ko:");
	check_module(tree, "c", EXT "/updates/c.ko: " TOP "/h.ko");
	check_module(tree, "b-x",
		     "kernel/b-x.ko: " EXT "/updates/c.ko " TOP "/h.ko");
	check_module(tree, "d", "kernel/d.ko:");
	/* Of two exporters of b_fn the one of the layer counts. */
	check_module(tree, "n", EXT "/kernel/n.ko: " TOP "/h.ko");
	check_owner(tree, "b_fn", "h");
	check_owner(tree, "c_fn", "c");
	/* The aliases of the base's c went with it. */
	check_alias(tree, "pci:v00008086d00001590", "a n");
	check_alias(tree, "new:c", "c");
	check_alias(tree, "usb:v17p1", "d");
	assert_int_equal(lkm_tree_modules(tree, &list, &count, NULL), 1);
	assert_int_equal(count, 6);
	assert_int_equal(lkm_tree_builtin(tree, "built-in", NULL), 1);
	assert_string_equal(lkm_tree_source(tree), source);
	assert_null(lkm_tree_warning(tree, 0));
	lkm_tree_free(tree);
}

static void test_layers(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_modules(&w);
	world_builtin(&w);
	make_layers(&w);
	world_text(&w);
	check_layers(open_tree(&w, 0, layers, 2), "text");
	world_bin(&w);
	check_layers(open_tree(&w, 0, layers, 2), "index");
	check_layers(open_tree(&w, LKM_TREE_NO_SCAN, layers, 2), "index");
	world_close(&w);
}

/* Without any index the layers are part of the scan. */
static void test_scan(void **state)
{
	struct lkm_tree *tree;
	const char *lines;
	struct world w;

	(void)state;
	world_open(&w);
	world_modules(&w);
	make_layers(&w);
	tree = open_tree(&w, 0, layers, 2);
	assert_int_equal(lkm_tree_softdeps(tree, &lines, NULL), 0);
	assert_string_equal(lines, "softdep n pre: crc\nweakdep n x\n");
	check_module(tree, "c", EXT "/updates/c.ko: " TOP "/h.ko");
	check_module(tree, "b-x",
		     "kernel/b-x.ko: " EXT "/updates/c.ko " TOP "/h.ko");
	check_alias(tree, "pci:v00008086d00001590", "a n");
	assert_string_equal(lkm_tree_source(tree), "scan");
	lkm_tree_free(tree);
	world_close(&w);
}

/* Of a damaged index the file of softdeps is still read: not twice. */
static void test_softdeps_of_file(void **state)
{
	struct lkm_tree *tree;
	const char *lines;
	struct world w;

	(void)state;
	world_open(&w);
	world_modules(&w);
	make_module(&w, DIR_NAME "/kernel/n.ko",
		    "name=n softdep=pre:%20crc weakdep=x");
	put_text(&w, DIR_NAME "/modules.softdep", "softdep n pre: crc\n");
	tree = open_tree(&w, 0, NULL, 0);
	assert_int_equal(lkm_tree_softdeps(tree, &lines, NULL), 0);
	assert_string_equal(lines, "weakdep n x\n");
	lkm_tree_free(tree);
	world_close(&w);
}

/* Modules that no layer touches are not even opened. */
static void test_base_unread(void **state)
{
	struct lkm_tree *tree;
	struct world w;

	(void)state;
	world_open(&w);
	world_bin(&w); /* no module file is there at all */
	make_dir(&w, EXT);
	make_module(&w, EXT "/n.ko", "name=n need:b_fn:0x1");
	tree = open_tree(&w, 0, layers, 1);
	check_module(tree, "n", EXT "/n.ko: kernel/b-x.ko kernel/c.ko");
	check_module(tree, "a", "kernel/a.ko: kernel/b-x.ko kernel/c.ko");
	assert_null(lkm_tree_warning(tree, 0));
	lkm_tree_free(tree);
	world_close(&w);
}

static void check_fails(const struct world *w, const char *name, const char *id)
{
	struct lkm_tree *tree = open_tree(w, 0, layers, 1);
	const struct lkm_module_file *m;
	struct lkm_error *e = NULL;

	assert_true(lkm_tree_module(tree, name, &m, &e) < 0);
	assert_string_equal(lkm_error_id(e), id);
	lkm_error_free(e);
	lkm_tree_free(tree);
}

static void test_bad_layers(void **state)
{
	struct lkm_tree *tree;
	struct world w;

	(void)state;
	world_open(&w);
	world_modules(&w);
	world_bin(&w);
	check_fails(&w, "a", "sys.failed"); /* there is no such directory */
	make_dir(&w, EXT);
	/* A circle through the base: c of the layer needs b_x, which needs c.
	 */
	make_module(&w, EXT "/c.ko", "name=c export:c_fn:0x2 need:b_fn:0x1");
	check_fails(&w, "a", "tree.cycle");
	/* A file that cannot be read is a warning, not the end. */
	put_text(&w, EXT "/c.ko", "no module");
	tree = open_tree(&w, 0, layers, 1);
	check_module(tree, "c", EXT "/c.ko:");
	assert_non_null(lkm_tree_warning(tree, 0));
	lkm_tree_free(tree);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_softdeps_of_file),
		cmocka_unit_test(test_base_unread),
		cmocka_unit_test(test_bad_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
