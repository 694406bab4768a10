// SPDX-License-Identifier: LGPL-2.1-or-later
// What an index run keeps for the next, and when it is not believed.
#include "index-common.h"

#include <ftw.h>
#include <glob.h>

#include "tree/order.h"

/* So old that nothing in the tree is too fresh to be believed. */
static void come_to_rest(void)
{
	usleep(2100000);
}

static void make_tree_of(struct place *p, size_t count)
{
	p->options.flags = 0;
	put_module(p, "kernel/a.ko", "need:b_fn alias=a1");
	put_module(p, "kernel/b.ko", "export:b_fn alias=b1");
	put_module(p, "kernel/c.ko", "alias=c1");
	put_text(p, MODULES "/modules.order",
		 "kernel/a.ko\nkernel/b.ko\nkernel/c.ko\n");
	come_to_rest();
	run_well(p);
	assert_int_equal(p->report->read, count);
}

static void make_tree(struct place *p)
{
	make_tree_of(p, 3);
}

static void assert_run(struct place *p, size_t read, size_t cached,
		       size_t changed)
{
	run_well(p);
	assert_int_equal(p->report->read, read);
	assert_int_equal(p->report->cached, cached);
	assert_int_equal(p->report->files_changed, changed);
}

static void test_identity(void **state)
{
	struct place *p = *state;
	struct timespec times[2];
	struct stat st;

	make_tree(p);
	assert_run(p, 0, 3, 0);
	/* Same size, same mtime: the inode's own time gives it away. */
	assert_int_equal(stat(at(p, MODULES "/kernel/c.ko"), &st), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	put_module(p, "kernel/c.ko", "alias=c2");
	assert_int_equal(
		utimensat(AT_FDCWD, at(p, MODULES "/kernel/c.ko"), times, 0),
		0);
	assert_run(p, 1, 2, 2);
	assert_content(p, "modules.alias",
		       "# Aliases extracted from modules themselves.\n"
		       "alias a1 a\nalias b1 b\nalias c2 c\n");
	/* It was written just before it was read: read again. */
	assert_run(p, 1, 2, 0);
	come_to_rest();
	assert_run(p, 1, 2, 0);
	assert_run(p, 0, 3, 0);
	/* Gone, and back by another path. */
	assert_int_equal(rename(at(p, MODULES "/kernel/b.ko"),
				at(p, MODULES "/kernel/b.off")),
			 0);
	/* c is read again: for one module the cache is not written anew. */
	assert_run(p, 1, 1, 6);
	assert_content(p, "modules.dep", "kernel/a.ko:\nkernel/c.ko:\n");
	folders(p, MODULES "/extra/");
	assert_int_equal(rename(at(p, MODULES "/kernel/b.off"),
				at(p, MODULES "/extra/b.ko")),
			 0);
	run_well(p);
	assert_content(p, "modules.dep",
		       "kernel/a.ko: extra/b.ko\nkernel/c.ko:\nextra/b.ko:\n");
}

static int damage(const char *path, const struct stat *st, int type,
		  struct FTW *where)
{
	FILE *f;
	int c;

	(void)where;
	if (type != FTW_F)
		return 0;
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, st->st_size / 2, SEEK_SET), 0);
	c = fgetc(f);
	assert_int_equal(fseek(f, st->st_size / 2, SEEK_SET), 0);
	assert_true(fputc(c ^ 1, f) >= 0);
	fclose(f);
	return 0;
}

static int open_to_all(const char *path, const struct stat *st, int type,
		       struct FTW *where)
{
	(void)st;
	(void)where;
	return type == FTW_D ? chmod(path, 0777) : 0;
}

static void test_not_believed(void **state)
{
	struct place *p = *state;

	make_tree(p);
	assert_int_equal(nftw(at(p, "/cache"), damage, 8, 0), 0);
	assert_run(p, 3, 0, 0);
	assert_run(p, 0, 3, 0);
	/* What others may write to could say anything. */
	assert_int_equal(nftw(at(p, "/cache"), open_to_all, 8, 0), 0);
	assert_run(p, 3, 0, 0);
	p->options.flags = LKM_INDEX_NO_CACHE;
	assert_run(p, 3, 0, 0);
	/* No cache to be had is no failure. */
	p->options.flags = 0;
	setenv("LKM_CACHE_DIR", "/proc/nowhere", 1);
	assert_run(p, 3, 0, 0);
}

/* Nothing changed but an index file: it is made again. */
static void test_damaged_index(void **state)
{
	struct place *p = *state;

	make_tree(p);
	assert_run(p, 0, 3, 0);
	put_text(p, MODULES "/modules.dep", "kernel/a.ko: kernel/c.ko\n");
	assert_run(p, 0, 3, 1);
	assert_int_equal(unlink(at(p, MODULES "/modules.alias.bin")), 0);
	assert_run(p, 0, 3, 1);
	assert_run(p, 0, 3, 0);
	put_text(p, MODULES "/modules.builtin", "kernel/new.ko\n");
	assert_run(p, 0, 3, 1);
	put_text(p, MODULES "/modules.order", "kernel/c.ko\n");
	run_well(p);
	assert_true(p->report->files_changed > 0);
}

/* Without a cache times decide, those of folders too. */
static void test_quick(void **state)
{
	struct place *p = *state;

	make_tree(p);
	p->options.flags = LKM_INDEX_NO_CACHE | LKM_INDEX_QUICK;
	assert_run(p, 0, 3, 0);
	assert_int_equal(unlink(at(p, MODULES "/kernel/c.ko")), 0);
	assert_run(p, 2, 0, 4);
	usleep(20000);
	assert_int_equal(unlink(at(p, MODULES "/modules.softdep")), 0);
	assert_run(p, 2, 0, 1);
}

static bool is_walk_kept(void)
{
	char pattern[512];
	glob_t found;
	int rc;

	snprintf(pattern, sizeof(pattern), "%s/*/walked",
		 getenv("LKM_CACHE_DIR"));
	rc = glob(pattern, 0, NULL, &found);
	if (!rc)
		globfree(&found);
	return rc == 0;
}

static void rename_in_tree(const struct place *p, const char *from,
			   const char *to)
{
	char name[512];

	snprintf(name, sizeof(name), "%s%s", MODULES, from);
	folders(p, to);
	assert_int_equal(rename(at(p, name), at(p, to)), 0);
}

/* A tree that is known is not walked: each kind of change is seen still. */
static void test_unwalked(void **state)
{
	struct place *p = *state;

	p->options.threads = 4;
	put_module(p, "kernel/x/d.ko", "alias=d1");
	put_module(p, "updates/note.txt", "alias=no");
	make_tree_of(p, 4);
	assert_true(is_walk_kept());
	assert_run(p, 0, 4, 0);
	/* An index that is removed and made again is no change of modules. */
	assert_int_equal(unlink(at(p, MODULES "/modules.alias")), 0);
	assert_run(p, 0, 4, 1);
	assert_run(p, 0, 4, 0);
	/* Removed and added, in a folder below and at the top. */
	rename_in_tree(p, "/kernel/x/d.ko", "/d.off");
	assert_run(p, 0, 3, 4);
	come_to_rest();
	assert_run(p, 0, 3, 0);
	assert_run(p, 0, 3, 0);
	rename_in_tree(p, "/../../../d.off", MODULES "/d.ko");
	run_well(p);
	assert_int_equal(p->report->modules, 4);
	come_to_rest();
	run_well(p);
	assert_run(p, 0, 4, 0);
	rename_in_tree(p, "/d.ko", MODULES "/new/d.ko");
	run_well(p);
	assert_int_equal(p->report->modules, 4);
	assert_true(p->report->files_changed > 0);
	/* What is in a folder now known. */
	come_to_rest();
	run_well(p);
	assert_run(p, 0, 4, 0);
	rename_in_tree(p, "/new/d.ko", MODULES "/new/e.ko");
	run_well(p);
	assert_true(p->report->files_changed > 0);
}

/* Another configuration finds others: the kept walk is not for it. */
static void test_unwalked_config(void **state)
{
	struct place *p = *state;

	put_module(p, "extra/c.ko", "alias=other");
	make_tree(p);
	assert_true(is_walk_kept());
	assert_run(p, 0, 3, 0);
	put_text(p, "/etc/depmod.d/a.conf", "override c * extra\n");
	run_well(p);
	assert_content(p, "modules.alias",
		       "# Aliases extracted from modules themselves.\n"
		       "alias a1 a\nalias b1 b\nalias other c\n");
}

/* The order itself is held against depmod's in the differential tests. */
static void test_bucket_order(void **state)
{
	struct order_item items[] = { { "x", 0 },
				      { "a", 1 },
				      { "snd_pcm", 2 },
				      { "ext4", 3 },
				      { "jbd2", 4 } };

	(void)state;
	assert_int_equal(order_by_bucket(items, 5, 512), 0);
	for (size_t i = 1; i < 5; i++)
		assert_string_not_equal(items[i - 1].name, items[i].name);
	/* One bucket: sorted. */
	assert_int_equal(order_by_bucket(items, 5, 1), 0);
	for (size_t i = 1; i < 5; i++)
		assert_true(strcmp(items[i - 1].name, items[i].name) < 0);
}

int main(void)
{
#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_identity),
		TEST(test_not_believed),
		TEST(test_damaged_index),
		TEST(test_quick),
		TEST(test_unwalked),
		TEST(test_unwalked_config),
		cmocka_unit_test(test_bucket_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
