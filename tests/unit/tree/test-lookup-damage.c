// SPDX-License-Identifier: LGPL-2.1-or-later
// Index files that are damaged, missing or of two runs; trees that are not
// there.
#include "lookup-common.h"

#include <sys/utsname.h>

#include "base/fileset.h"
#include "tree/seal.h"

#define ROUNDS 1500 /* that each file is damaged */

static const char *const bins[] = {
	DIR_NAME "/modules.dep.bin",	       DIR_NAME "/modules.alias.bin",
	DIR_NAME "/modules.symbols.bin",       DIR_NAME "/modules.builtin.bin",
	DIR_NAME "/modules.builtin.alias.bin",
};

static size_t get(const struct world *w, const char *name, uint8_t *ret,
		  size_t size)
{
	char path[256];
	size_t n;
	FILE *f;

	path_in(w, name, path);
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(ret, 1, size, f);
	fclose(f);
	return n;
}

static void check_answers(struct lkm_tree *tree)
{
	char text[256];

	module_text(tree, "a", text);
	assert_string_equal(text, "kernel/a.ko: kernel/b-x.ko kernel/c.ko");
	alias_text(tree, "pci:v00008086d00001599", text);
	assert_string_equal(text, "a a c");
	assert_int_equal(lkm_tree_builtin(tree, "other", NULL), 1);
}

/* Every index cut short, and with a wrong head: the text has the answers. */
static void test_heads(void **state)
{
	static const uint8_t heads[][12] = {
		"\x7f\x45LF\0\2\0\1\0\0\0\x0c",		  /* magic */
		"\xb0\x07\xf4\x57\0\3\0\1\0\0\0\x0c",	  /* version */
		"\xb0\x07\xf4\x57\0\2\0\1\0\0\0\0",	  /* no root */
		"\xb0\x07\xf4\x57\0\2\0\1\x20\0\xff\xff", /* root outside */
		"\xb0\x07\xf4\x57\0\2\0\1\x80\0\0\x01",	  /* in the head */
		"\xb0\x07\xf4\x57\0\2\0\1\x10\0\0\x0c",	  /* reserved bit */
	};
	struct world w;

	(void)state;
	world_open(&w);
	world_builtin(&w);
	world_text(&w);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct lkm_tree *tree;

		for (size_t k = 0; k < ARRAY_SIZE(bins); k++)
			put(&w, bins[k], heads[i], 12);
		tree = open_tree(&w, 0, NULL, 0);
		check_answers(tree);
		assert_true(has_warning(tree, "tree.index.damaged"));
		assert_string_equal(lkm_tree_source(tree), "text");
		lkm_tree_free(tree);
	}
	world_close(&w);
}

/* Only the file that is damaged is replaced. */
static void test_one_damaged(void **state)
{
	struct lkm_tree *tree;
	struct world w;

	(void)state;
	world_open(&w);
	world_builtin(&w);
	world_text(&w);
	world_bin(&w);
	put(&w, bins[1], "\xb0\x07\xf4\x57\0\2", 6);
	tree = open_tree(&w, 0, NULL, 0);
	check_answers(tree);
	assert_true(has_warning(tree, "tree.index.damaged"));
	assert_string_equal(lkm_tree_source(tree), "index");
	lkm_tree_free(tree);
	/* Without its text twin the modules are read. */
	world_modules(&w);
	drop(&w, DIR_NAME "/modules.alias");
	tree = open_tree(&w, 0, NULL, 0);
	check_answers(tree);
	lkm_tree_free(tree);
	world_close(&w);
}

struct answers {
	char text[8][256];
};

static void ask(struct lkm_tree *tree, struct answers *ret)
{
	const struct lkm_module_file *m;
	const char *const *names;
	struct lkm_error *e = NULL;
	size_t count = 0;
	int rc;

	memset(ret, 0, sizeof(*ret));
	module_text(tree, "a", ret->text[0]);
	module_text(tree, "b-x", ret->text[1]);
	alias_text(tree, "pci:v00008086d00001599", ret->text[2]);
	alias_text(tree, "of:NxTyCfoo,bar-baz", ret->text[3]);
	rc = lkm_tree_symbol(tree, "b_fn", &names, &count, &e);
	snprintf(ret->text[4], 256, "%d %s", rc, rc == 1 ? names[0] : "");
	lkm_error_free(e);
	e = NULL;
	rc = lkm_tree_modules(tree, &m, &count, &e);
	snprintf(ret->text[5], 256, "%d %zu", rc, rc == 1 ? count : 0);
	lkm_error_free(e);
	e = NULL;
	rc = lkm_tree_builtin_alias(tree, "net-pf-99", &names, &count, &e);
	for (size_t i = 0; rc == 1 && i < count; i++)
		strncat(ret->text[6], names[i], 255 - strlen(ret->text[6]));
	lkm_error_free(e);
	e = NULL;
	snprintf(ret->text[7], 256, "%d %d",
		 lkm_tree_builtin(tree, "built-in", &e),
		 lkm_tree_builtin(tree, "a", NULL));
	lkm_error_free(e);
}

static void seal(const struct world *w, const char *name)
{
	struct strbuf b = { 0 };
	uint8_t bytes[4096];

	strbuf_add(&b, bytes, get(w, name, bytes, sizeof(bytes)));
	assert_int_equal(seal_add(&b, 0), 0);
	put(w, name, b.data, b.len);
	strbuf_release(&b);
}

/* Damage each file; percent that was noticed, count of wrong answers. */
static void count_damage(bool sealed, size_t *ret_warned, size_t *ret_wrong)
{
	struct answers right, now;
	size_t wrong = 0, warned = 0;
	struct lkm_tree *tree;
	uint32_t seed = 7;
	struct world w;

	world_open(&w);
	world_builtin(&w);
	world_text(&w);
	world_bin(&w);
	for (size_t k = 0; sealed && k < ARRAY_SIZE(bins); k++)
		seal(&w, bins[k]);
	tree = open_tree(&w, 0, NULL, 0);
	ask(tree, &right);
	assert_null(lkm_tree_warning(tree, 0));
	lkm_tree_free(tree);
	for (size_t k = 0; k < ARRAY_SIZE(bins); k++) {
		uint8_t sound[2048], bytes[2048];
		size_t size = get(&w, bins[k], sound, sizeof(sound));

		assert_in_range(size, 20, sizeof(sound) - 1);
		for (int i = 0; i < ROUNDS; i++) {
			memcpy(bytes, sound, size);
			put(&w, bins[k], bytes, corrupt(bytes, size, &seed));
			tree = open_tree(&w, 0, NULL, 0);
			ask(tree, &now);
			wrong += memcmp(&now, &right, sizeof(now)) != 0;
			warned += has_warning(tree, "tree.index.damaged");
			lkm_tree_free(tree);
		}
		put(&w, bins[k], sound, size);
	}
	print_message("%d times each: %zu noticed, %zu gave another answer\n",
		      ROUNDS, warned, wrong);
	world_close(&w);
	*ret_warned = warned * 100 / ARRAY_SIZE(bins) / ROUNDS;
	*ret_wrong = wrong;
}

/* What lkm writes: no damage gives another answer. */
static void test_random_sealed(void **state)
{
	size_t warned, wrong;

	(void)state;
	count_damage(true, &warned, &wrong);
	assert_true(warned > 90);
	assert_int_equal(wrong, 0);
}

/*
 * What depmod writes has no checksum: a letter that changed in a key is an
 * entry that is not found, one in a path or a pattern gives another answer.  In
 * files as small as these that happens often; no crash, no hang is the least.
 */
static void test_random(void **state)
{
	size_t warned, wrong;

	(void)state;
	count_damage(false, &warned, &wrong);
	assert_true(warned > 70);
	assert_true(wrong < ROUNDS);
}

static void test_torn(void **state)
{
	struct lkm_tree *tree;
	struct world w;

	(void)state;
	world_open(&w);
	world_modules(&w);
	world_builtin(&w);
	world_text(&w);
	world_bin(&w);
	put_text(&w, DIR_NAME "/" FILESET_JOURNAL, "+modules.dep\nend\n");
	tree = open_tree(&w, 0, NULL, 0);
	assert_true(has_warning(tree, "tree.index.torn"));
	check_answers(tree);
	assert_string_equal(lkm_tree_source(tree), "scan");
	lkm_tree_free(tree);
	world_close(&w);
}

/* A text file that is damaged too is a warning; the modules are read. */
static void test_text_damaged(void **state)
{
	static const char *const bad[] = {
		"no colon\n",
		": kernel/a.ko\n",
		"kernel/a.ko: .ko\n",
		"kernel/a.ko: kernel/\n",
	};
	static const char *const bad_alias[] = {
		"alias x\n",
		"alias x y\x01z\n",
		"option a b\n",
		"alias x \n",
	};
	struct lkm_tree *tree;
	struct world w;

	(void)state;
	world_open(&w);
	world_modules(&w);
	world_builtin(&w);
	world_text(&w);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_text(&w, DIR_NAME "/modules.dep", bad[i]);
		put_text(&w, DIR_NAME "/modules.alias", bad_alias[i]);
		tree = open_tree(&w, 0, NULL, 0);
		check_answers(tree);
		assert_true(has_warning(tree, "tree.text.damaged"));
		assert_string_equal(lkm_tree_source(tree), "scan");
		lkm_tree_free(tree);
	}
	put(&w, DIR_NAME "/modules.dep", "kernel/a.ko:\0\n", 14);
	tree = open_tree(&w, 0, NULL, 0);
	check_answers(tree);
	lkm_tree_free(tree);
	world_close(&w);
}

static void check_open_fails(const struct world *w, const char *release,
			     unsigned int flags, const char *id)
{
	const struct lkm_tree_options o = {
		.size = sizeof(o),
		.root = w->root,
		.release = release,
		.flags = flags,
	};
	struct lkm_error *e = NULL;
	struct lkm_tree *tree;

	assert_true(lkm_tree_open(&o, &tree, &e) < 0);
	assert_string_equal(lkm_error_id(e), id);
	lkm_error_free(e);
}

static void test_not_there(void **state)
{
	char dir[256];
	struct lkm_tree_options host = { .size = sizeof(host), .dir = dir };
	struct lkm_error *e = NULL;
	struct utsname u;
	struct lkm_tree *tree;
	struct world w;
	char *text;

	(void)state;
	world_open(&w);
	check_open_fails(&w, RELEASE, LKM_TREE_NO_SCAN, "tree.index.missing");
	check_open_fails(&w, "2.0", 0, "tree.notfound");
	/* The running kernel's, while there are others. */
	assert_int_equal(uname(&u), 0);
	path_in(&w, "/lib/modules", dir);
	assert_true(lkm_tree_open(&host, &tree, &e) < 0);
	assert_string_equal(lkm_error_id(e), "tree.notfound.running");
	text = lkm_error_text(e);
	assert_non_null(strstr(text, u.release));
	assert_non_null(strstr(text, RELEASE));
	free(text);
	lkm_error_free(e);
	/* Nothing at all. */
	path_in(&w, DIR_NAME "/kernel", dir);
	assert_int_equal(rmdir(dir), 0);
	path_in(&w, DIR_NAME, dir);
	assert_int_equal(rmdir(dir), 0);
	check_open_fails(&w, RELEASE, 0, "tree.notfound.all");
	world_close(&w);
	check_open_fails(&w, RELEASE, 0, "sys.failed");
}

static void test_empty(void **state)
{
	struct lkm_tree *tree;
	struct world w;
	char text[256];

	(void)state;
	world_open(&w);
	tree = open_tree(&w, 0, NULL, 0);
	module_text(tree, "a", text);
	assert_string_equal(text, "");
	assert_true(has_warning(tree, "tree.modules.none"));
	lkm_tree_free(tree);
	world_close(&w);
}

/* A name that modules.dep cannot hold: that module, and no other, is lost. */
static void test_unusable(void **state)
{
	struct lkm_tree *tree;
	struct world w;
	char text[256];

	(void)state;
	world_open(&w);
	make_module(&w, DIR_NAME "/kernel/x:y.ko", "name=x");
	make_module(&w, DIR_NAME "/kernel/c.ko", "name=c");
	tree = open_tree(&w, 0, NULL, 0);
	module_text(tree, "x:y", text);
	assert_string_equal(text, "!tree.index.unusable");
	module_text(tree, "c", text);
	assert_string_equal(text, "kernel/c.ko:");
	lkm_tree_free(tree);
	world_close(&w);
}

static void test_builtin_damaged(void **state)
{
	const struct lkm_builtin_info *info;
	size_t count, size = 8 * 1000001;
	struct lkm_error *e = NULL;
	struct lkm_tree *tree;
	struct world w;
	char *many;

	(void)state;
	world_open(&w);
	world_bin(&w);
	put(&w, DIR_NAME "/modules.builtin.modinfo",
	    "nothing\0a.b=c\0.x=y\0a.=y\0=.\0a.license=GPL", 41);
	tree = open_tree(&w, 0, NULL, 0);
	assert_int_equal(lkm_tree_builtin_info(tree, "a", &info, &count, NULL),
			 1);
	assert_int_equal(count, 2);
	assert_string_equal(info[1].value, "GPL");
	assert_true(has_warning(tree, "tree.builtin.format"));
	lkm_tree_free(tree);
	many = malloc(size);
	assert_non_null(many);
	for (size_t i = 0; i < size; i += 8)
		memcpy(many + i, "abc.d=e", 8);
	put(&w, DIR_NAME "/modules.builtin.modinfo", many, size);
	free(many);
	tree = open_tree(&w, 0, NULL, 0);
	assert_int_equal(lkm_tree_builtin_info(tree, "a", &info, &count, &e),
			 -LKM_ELIMIT);
	assert_string_equal(lkm_error_id(e), "tree.builtin.limit");
	lkm_error_free(e);
	lkm_tree_free(tree);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_one_damaged),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_sealed),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_text_damaged),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_unusable),
		cmocka_unit_test(test_builtin_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
