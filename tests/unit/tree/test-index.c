// SPDX-License-Identifier: LGPL-2.1-or-later
// What the indexer makes of a tree, and what it says of a bad one.
#include "index-common.h"

#define ALIASES "# Aliases extracted from modules themselves.\n"

static void test_all_files(void **state)
{
	struct place *p = *state;

	put_module(p, "kernel/b-1.ko", "name=b_1 export:b_fn need:c_fn");
	put_module(p, "kernel/c.ko",
		   "name=c export:c_fn weakdep=w alias=devname:c/d "
		   "alias=char-major-1-2");
	put_module(p, "kernel/a.ko",
		   "name=a need:b_fn need:nobody weak:no softdep=pre:%20x "
		   "alias=pci:v1-*");
	put_text(p, MODULES "/modules.order",
		 "kernel/a.ko\nkernel/b-1.ko\nkernel/c.ko\n");
	put_text(p, MODULES "/modules.builtin", "kernel/in-it.ko\n");
	run_well(p);
	assert_int_equal(p->report->modules, 3);
	assert_int_equal(p->report->read, 3);
	assert_int_equal(p->report->files_changed, 11);
	assert_int_equal(p->report->warning_count, 0);
	assert_content(p, "modules.dep",
		       "kernel/a.ko: kernel/b-1.ko kernel/c.ko\n"
		       "kernel/b-1.ko: kernel/c.ko\nkernel/c.ko:\n");
	assert_content(p, "modules.alias",
		       ALIASES "alias pci:v1-* a\nalias devname:c/d c\n"
			       "alias char-major-1-2 c\n");
	assert_content(p, "modules.softdep",
		       "# Soft dependencies extracted from modules "
		       "themselves.\nsoftdep a pre: x\n");
	assert_content(p, "modules.weakdep",
		       "# Weak dependencies extracted from modules "
		       "themselves.\nweakdep c w\n");
	assert_content(p, "modules.devname",
		       "# Device nodes to trigger on-demand module loading.\n"
		       "c c/d c1:2\n");
	run_well(p);
	assert_int_equal(p->report->files_changed, 0);
}

static void test_cycle(void **state)
{
	struct place *p = *state;
	const char *source, *line;

	put_module(p, "kernel/a.ko", "export:a_fn need:c_fn");
	put_module(p, "kernel/b.ko", "export:b_fn need:a_fn");
	put_module(p, "kernel/c.ko", "export:c_fn need:b_fn need:e_fn");
	put_module(p, "kernel/d.ko", "need:c_fn");
	put_module(p, "kernel/e.ko", "export:e_fn");
	put_module(p, "kernel/f.ko", "export:f_fn need:g_fn need:a_fn");
	put_module(p, "kernel/g.ko", "export:g_fn need:f_fn");
	assert_int_equal(run(p), -LKM_EFORMAT);
	assert_string_equal(lkm_error_id(p->error), "tree.cycle");
	assert_true(lkm_error_evidence(p->error, 1, &source, &line));
	assert_false(lkm_error_evidence(p->error, 2, &source, &line));
	for (size_t i = 0; i < 2; i++) {
		assert_true(lkm_error_evidence(p->error, i, &source, &line));
		assert_true(!strcmp(line, "a -> c -> b -> a") ||
			    !strcmp(line, "b -> a -> c -> b") ||
			    !strcmp(line, "c -> b -> a -> c") ||
			    !strcmp(line, "f -> g -> f") ||
			    !strcmp(line, "g -> f -> g"));
	}
	assert_null(content(p, "modules.dep", &(size_t){ 0 }));
}

static void test_damaged_module(void **state)
{
	struct place *p = *state;
	const struct lkm_error *e;

	put_module(p, "kernel/a.ko", "need:b_fn alias=x @truncate:300");
	put_module(p, "kernel/b.ko", "export:b_fn alias=y");
	put_text(p, MODULES "/kernel/empty.ko", "");
	put_text(p, MODULES "/modules.order",
		 "kernel/a.ko\nkernel/b.ko\nkernel/empty.ko\n");
	run_well(p);
	assert_int_equal(p->report->warning_count, 2);
	e = p->report->warnings[0];
	assert_memory_equal(lkm_error_id(e), "image.", 6);
	assert_string_equal(lkm_error_get(e, "file"), "kernel/a.ko");
	assert_content(p, "modules.dep",
		       "kernel/a.ko:\nkernel/b.ko:\nkernel/empty.ko:\n");
	assert_content(p, "modules.alias", ALIASES "alias y b\n");
}

static void test_bad_aliases(void **state)
{
	struct place *p = *state;
	struct lkm_tree_options options = { .size = sizeof(options),
					    .root = p->root,
					    .release = RELEASE };
	const char *const *names;
	struct lkm_tree *tree;
	size_t count;

	put_module(p, "kernel/a.ko",
		   "alias=caf%C3%A9 alias=ok alias=x%0Aalias%20evil "
		   "alias=[ alias=devname:lost");
	run_well(p);
	assert_int_equal(p->report->warning_count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct lkm_error *e = p->report->warnings[i];

		assert_string_equal(lkm_error_id(e), "tree.alias");
		assert_string_equal(lkm_error_get(e, "file"), "kernel/a.ko");
	}
	/* In the text as modules have them, but for what would be a line. */
	assert_content(p, "modules.alias",
		       ALIASES "alias caf\xc3\xa9 a\nalias ok a\nalias [ a\n"
			       "alias devname:lost a\n");
	assert_int_equal(lkm_tree_open(&options, &tree, NULL), 0);
	assert_int_equal(lkm_tree_alias(tree, "ok", &names, &count, NULL), 1);
	assert_string_equal(names[0], "a");
	lkm_tree_free(tree);
}

static void test_duplicate(void **state)
{
	struct place *p = *state;
	const struct lkm_error *e;

	put_module(p, "kernel/x/a.ko", "alias=x");
	put_module(p, "kernel/y/a.ko", "alias=y");
	put_module(p, "kernel/b-c.ko", "alias=old");
	put_module(p, "updates/b_c.ko", "alias=new");
	put_text(p, MODULES "/modules.order",
		 "kernel/x/a.ko\nkernel/y/a.ko\nupdates/b_c.ko\n");
	run_well(p);
	assert_int_equal(p->report->modules, 2);
	assert_int_equal(p->report->warning_count, 1);
	e = warning(p, "tree.duplicate");
	assert_non_null(e);
	assert_string_equal(lkm_error_get(e, "module"), "a");
	/* A rule, and there is nothing to be in doubt of. */
	put_text(p, "/etc/depmod.d/a.conf", "override a * kernel/y\n");
	run_well(p);
	assert_int_equal(p->report->warning_count, 0);
	assert_content(p, "modules.alias",
		       ALIASES "alias y a\nalias new b_c\n");
}

static void test_config(void **state)
{
	struct place *p = *state;
	const struct lkm_error *e;
	char *text;
	size_t size;

	put_module(p, "kernel/a.ko", "alias=no");
	put_module(p, "attic/b.ko", "alias=no");
	folders(p, "/opt/modules/sub/");
	module_write("alias=yes", at(p, "/opt/modules/sub/a.ko"));
	module_write("alias=no", at(p, "/opt/b.ko"));
	put_text(p, "/etc/depmod.d/a.conf",
		 "exclude attic\nsearch external built-in\n"
		 "external 1\\.0 /opt/modules\nexternal 2.* /opt\n"
		 "frobnicate\noverride x\nexternal * relative\n");
	run_well(p);
	assert_int_equal(p->report->modules, 1);
	assert_content(p, "modules.dep", "/opt/modules/sub/a.ko:\n");
	assert_content(p, "modules.alias", ALIASES "alias yes a\n");
	assert_int_equal(p->report->warning_count, 3);
	e = warning(p, "tree.config");
	assert_non_null(e);
	assert_string_equal(lkm_error_get(e, "line"), "5");
	/* Not the root's, but those that were asked for. */
	put_text(p, "/other.conf", "exclude attic\n");
	p->options.config_paths = (const char *[]){ "/other.conf" };
	p->options.config_count = 1;
	run_well(p);
	text = content(p, "modules.dep", &size);
	assert_string_equal(text, "kernel/a.ko:\n");
	free(text);
}

static void test_names(void **state)
{
	struct place *p = *state;
	const struct lkm_error *e;
	char name[80];

	snprintf(name, sizeof(name), "kernel/%056d.ko", 0);
	put_module(p, name, "alias=x");
	put_module(p, "kernel/.ko", "alias=x");
	put_module(p, "kernel/.hidden.ko", "alias=x");
	put_module(p, "kernel/a.b.ko", "alias=x");
	put_module(p, "kernel/c.ko.bak", "alias=x");
	put_module(p, "build/d.ko", "alias=x");
	put_module(p, "kernel/source/e.ko", "alias=x");
	run_well(p);
	assert_content(p, "modules.dep", "kernel/a.b.ko:\n");
	assert_int_equal(p->report->warning_count, 2);
	e = warning(p, "tree.name");
	assert_non_null(e);
	assert_string_equal(lkm_error_get(e, "limit"), "55");
	memcpy(name + 62, ".ko", 4);
	put_module(p, name, "alias=x");
	run_well(p);
	assert_int_equal(p->report->modules, 2);
}

static void test_order(void **state)
{
	struct place *p = *state;

	put_module(p, "kernel/a.ko", "alias=x");
	put_module(p, "kernel/b.ko", "alias=x");
	put_text(p, MODULES "/modules.order", "kernel/a.ko\nkernel/b.ko");
	run_well(p);
	assert_non_null(warning(p, "tree.order"));
	put_text(p, MODULES "/modules.order", "kernel/b.ko\n\n\nkernel/a.ko\n");
	run_well(p);
	assert_int_equal(p->report->warning_count, 0);
	assert_content(p, "modules.dep", "kernel/b.ko:\nkernel/a.ko:\n");
}

static void test_no_tree(void **state)
{
	struct place *p = *state;

	p->options.release = "../1.0";
	assert_int_equal(run(p), -LKM_EUSAGE);
	assert_string_equal(lkm_error_id(p->error), "tree.release");
	p->options.release = "2.0";
	assert_int_equal(run(p), -LKM_ENOTFOUND);
	assert_string_equal(lkm_error_id(p->error), "tree.notfound");
	p->options.root = "/nonexistent";
	assert_int_equal(run(p), -LKM_ESYSTEM);
}

static void test_limit(void **state)
{
	struct place *p = *state;
	char name[64];
	int dir;

	folders(p, MODULES "/kernel/");
	dir = open(at(p, MODULES "/kernel"), O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	for (int i = 0; i < 65535; i++) {
		int fd;

		snprintf(name, sizeof(name), "m%d.ko", i);
		fd = openat(dir, name, O_CREAT | O_WRONLY, 0644);
		assert_true(fd >= 0);
		close(fd);
	}
	close(dir);
	assert_int_equal(run(p), -LKM_ELIMIT);
	assert_string_equal(lkm_error_id(p->error), "tree.limit");
	assert_string_equal(lkm_error_get(p->error, "limit"), "65534");
}

static void test_links(void **state)
{
	struct place *p = *state;

	put_module(p, "kernel/a.ko", "alias=x");
	folders(p, MODULES "/kernel/b/");
	/* Two links to themselves would be a path for every string of them. */
	assert_int_equal(symlink(".", at(p, MODULES "/kernel/l")), 0);
	assert_int_equal(symlink(".", at(p, MODULES "/kernel/m")), 0);
	assert_int_equal(symlink("..", at(p, MODULES "/kernel/b/up")), 0);
	/* A maze without a loop. */
	for (int i = 0; i < 40; i++) {
		char name[64], next[64];

		snprintf(name, sizeof(name), MODULES "/maze/%d/x/", i);
		folders(p, name);
		if (i == 39)
			break;
		for (int k = 0; k < 3; k++) {
			snprintf(name, sizeof(name), MODULES "/maze/%d/l%d", i,
				 k);
			snprintf(next, sizeof(next), "../%d", i + 1);
			assert_int_equal(symlink(next, at(p, name)), 0);
		}
	}
	put_module(p, "maze/39/deep.ko", "alias=x");
	/* Inside of the root, by a path as the root has it. */
	folders(p, "/store/");
	module_write("alias=stored", at(p, "/store/s.ko"));
	assert_int_equal(symlink("/store/s.ko", at(p, MODULES "/kernel/s.ko")),
			 0);
	assert_int_equal(symlink("/nowhere", at(p, MODULES "/kernel/n.ko")), 0);
	run_well(p);
	assert_int_equal(p->report->modules, 3);
	assert_int_equal(p->report->warning_count, 1);
	assert_string_equal(lkm_error_id(p->report->warnings[0]), "sys.failed");
}

static void test_dry_run(void **state)
{
	struct place *p = *state;
	size_t size;
	char *text;

	put_module(p, "kernel/a.ko", "alias=x");
	p->options.flags |= LKM_INDEX_DRY_RUN;
	run_well(p);
	assert_int_equal(p->report->files_changed, 11);
	assert_null(content(p, "modules.dep", &size));
	p->options.flags &= ~(unsigned int)LKM_INDEX_DRY_RUN;
	p->options.output_dir = "/var/index";
	run_well(p);
	assert_null(content(p, "modules.dep", &size));
	text = content(p, "../../../var/index/" RELEASE "/modules.dep", &size);
	assert_string_equal(text, "kernel/a.ko:\n");
	free(text);
	p->options.flags |= LKM_INDEX_DRY_RUN;
	run_well(p);
	assert_int_equal(p->report->files_changed, 0);
}

int main(void)
{
#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_all_files),	   TEST(test_cycle),
		TEST(test_damaged_module), TEST(test_bad_aliases),
		TEST(test_duplicate),	   TEST(test_config),
		TEST(test_names),	   TEST(test_order),
		TEST(test_no_tree),	   TEST(test_limit),
		TEST(test_links),	   TEST(test_dry_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
