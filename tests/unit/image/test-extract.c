// SPDX-License-Identifier: LGPL-2.1-or-later
// The extract for an index says what the image says.
#include "common.h"

#include <unistd.h>

#include "image/extract.h"

struct extracted {
	struct image_scratch scratch;
	struct arena arena;
	struct image_extract x;
	char path[32];
};

static int extract(struct extracted *e, const char *recipe,
		   struct lkm_error **reterr)
{
	int fd, rc;

	strncpy(e->path, "/tmp/lkm-extract-XXXXXX", sizeof(e->path) - 1);
	fd = mkstemp(e->path);
	assert_true(fd >= 0);
	module_write(recipe, e->path);
	rc = image_extract(&e->scratch, fd, "x.ko", &e->arena, &e->x, reterr);
	close(fd);
	unlink(e->path);
	return rc;
}

static void extracted_release(struct extracted *e)
{
	image_scratch_release(&e->scratch);
	arena_release(&e->arena);
}

static const struct lkm_need *need_of(const struct image_extract *x,
				      const char *name)
{
	for (size_t i = 0; i < x->need_count; i++) {
		if (!strcmp(x->needs[i].name, name))
			return &x->needs[i];
	}
	return NULL;
}

/* One scratch for many files, small after large and the other way round. */
static void test_recipes(void **state)
{
	static const char *const more[] = { "",	      "32",	    "be",
					    "32 be",  "oldexports", "ext",
					    "extonly" };
	struct extracted e = { 0 };

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		char recipe[1024];

		snprintf(recipe, sizeof(recipe), "%s %s", RECIPE, more[i]);
		assert_int_equal(0, extract(&e, recipe, NULL));
		assert_int_equal(3, e.x.export_count);
		assert_string_equal("foo_a", e.x.exports[0]);
		assert_string_equal("foo_c", e.x.exports[2]);
		assert_int_equal(5, e.x.modinfo_count);
		assert_string_equal("alias", e.x.modinfo[2].key);
		assert_string_equal("pci:v1", e.x.modinfo[2].value);
		assert_int_equal(4, e.x.need_count);
		assert_string_equal("printk", e.x.needs[0].name);
		assert_true(need_of(&e.x, "maybe")->weak);
		assert_string_equal("unversioned", e.x.needs[1].name);
		assert_non_null(need_of(&e.x, "module_layout"));
		assert_true(e.x.stat.st_size > 0);
		assert_int_equal(0, extract(&e, "need:a:1", NULL));
		/* module_layout, which no symbol is for, is not read. */
		assert_int_equal(1, e.x.need_count);
		assert_int_equal(0, e.x.export_count);
	}
	extracted_release(&e);
}

/*
 * What __versions does not list must not be lost: a module that was built
 * without its provider's Module.symvers has undefined symbols without versions.
 */
static void test_needs_beside_versions(void **state)
{
	struct extracted e = { 0 };

	assert_int_equal(0, extract(&e, "need:a:1 need:b", NULL));
	assert_int_equal(3, e.x.need_count);
	assert_non_null(need_of(&e.x, "a"));
	assert_non_null(need_of(&e.x, "b"));
	assert_int_equal(0, extract(&e, "need:b", NULL));
	assert_int_equal(1, e.x.need_count);
	/* A version that no symbol is for. */
	assert_int_equal(0, extract(&e,
				    "need:a:1 need:b:2 "
				    "@set:.symtab,sh_type=1",
				    NULL));
	assert_int_equal(3, e.x.need_count);
	assert_non_null(need_of(&e.x, "b"));
	extracted_release(&e);
}

static void test_failures(void **state)
{
	struct extracted e = { 0 };
	struct lkm_error *error = NULL;

	assert_int_equal(-LKM_EFORMAT, extract(&e, "@flip:1", &error));
	assert_string_equal("image.elf.magic", lkm_error_id(error));
	lkm_error_free(error);
	assert_int_equal(-LKM_EFORMAT,
			 extract(&e, "a=b @set:.modinfo,sh_size=2", &error));
	assert_string_equal("image.elf.strings", lkm_error_id(error));
	lkm_error_free(error);
	/* The scratch goes on. */
	assert_int_equal(0, extract(&e, RECIPE, NULL));
	assert_int_equal(-LKM_ESYSTEM, image_extract(&e.scratch, -1, "x.ko",
						     &e.arena, &e.x, NULL));
	extracted_release(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recipes),
		cmocka_unit_test(test_needs_beside_versions),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
