// SPDX-License-Identifier: LGPL-2.1-or-later
// What an image says of a well-formed module.
#include "common.h"

#include <fcntl.h>
#include <unistd.h>

struct opened {
	uint8_t *bytes;
	struct lkm_image *image;
};

static struct opened open_recipe(const char *recipe)
{
	struct opened o;
	size_t size;

	o.bytes = module_build(recipe, &size);
	assert_int_equal(0, lkm_image_open_memory(o.bytes, size, "a/my-mod.ko",
						  &o.image, NULL));
	return o;
}

static void close_opened(struct opened o)
{
	lkm_image_free(o.image);
	free(o.bytes);
}

static const char *const kinds[] = { "", "32", "be", "32 be" };

static void check_exports(struct lkm_image *image)
{
	const struct lkm_export *x;
	size_t count;

	assert_int_equal(0, lkm_image_exports(image, &x, &count, NULL));
	assert_int_equal(3, count);
	assert_string_equal("foo_a", x[0].name);
	assert_string_equal("MY_NS", x[0].name_space);
	assert_true(x[0].gpl_only && x[0].has_crc);
	assert_int_equal(0x1234, x[0].crc);
	assert_string_equal("foo_b", x[1].name);
	assert_null(x[1].name_space);
	assert_true(!x[1].gpl_only && x[1].has_crc);
	assert_int_equal(5, x[1].crc);
	assert_string_equal("foo_c", x[2].name);
	assert_false(x[2].has_crc);
}

static void check_needs(struct lkm_image *image)
{
	const struct lkm_version *v;
	const struct lkm_need *x;
	size_t count;

	assert_int_equal(0, lkm_image_needs(image, &x, &count, NULL));
	assert_int_equal(3, count);
	assert_string_equal("printk", x[0].name);
	assert_true(x[0].has_crc && !x[0].weak);
	assert_int_equal(0x99, x[0].crc);
	assert_string_equal("unversioned", x[1].name);
	assert_false(x[1].has_crc);
	assert_string_equal("maybe", x[2].name);
	assert_true(x[2].weak && x[2].has_crc);
	assert_int_equal(0, lkm_image_versions(image, &v, &count, NULL));
	assert_int_equal(3, count);
	assert_string_equal("module_layout", v[0].name);
	assert_int_equal(0x12345678, v[0].crc);
	assert_string_equal("maybe", v[2].name);
	assert_int_equal(7, v[2].crc);
}

static void check_rest(struct lkm_image *image)
{
	const struct lkm_modinfo *m;
	struct lkm_signature s;
	const uint8_t *id;
	size_t count;

	assert_int_equal(0, lkm_image_modinfo(image, &m, &count, NULL));
	assert_int_equal(5, count);
	assert_string_equal("name", m[0].key);
	assert_string_equal("foo", m[0].value);
	assert_string_equal("", m[4].value);
	assert_string_equal("6.1 SMP",
			    lkm_image_modinfo_get(image, "vermagic"));
	assert_null(lkm_image_modinfo_get(image, "nothing"));
	assert_string_equal("foo", lkm_image_name(image));
	assert_int_equal(1, lkm_image_signature(image, &s, NULL));
	assert_int_equal(20, s.size);
	assert_int_equal(2, s.id_type);
	assert_int_equal(0x30, s.data[0]);
	assert_int_equal(1, lkm_image_build_id(image, &id, &count, NULL));
	assert_int_equal(4, count);
	assert_memory_equal("\1\2\3\4", id, 4);
}

static void test_all_kinds(void **state)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char recipe[1024];
		struct opened o;

		snprintf(recipe, sizeof(recipe), "%s %s", RECIPE, kinds[i]);
		o = open_recipe(recipe);
		assert_int_equal(!strstr(kinds[i], "32"),
				 lkm_image_elf(o.image)->is_64);
		assert_int_equal(!!strstr(kinds[i], "be"),
				 lkm_image_elf(o.image)->is_big_endian);
		assert_int_equal(1, lkm_image_elf(o.image)->type);
		assert_int_equal(62, lkm_image_elf(o.image)->machine);
		check_exports(o.image);
		check_needs(o.image);
		check_rest(o.image);
		assert_int_equal(0, ask_all(o.image, NULL));
		close_opened(o);
	}
}

/* Before namespaces: names alone, and CRCs that are values of symbols. */
static void test_old_exports(void **state)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct lkm_export *x;
		char recipe[256];
		struct opened o;
		size_t count;

		snprintf(recipe, sizeof(recipe),
			 "oldexports export:a:0x11:gpl export:b:0x22 %s",
			 kinds[i]);
		o = open_recipe(recipe);
		assert_int_equal(0,
				 lkm_image_exports(o.image, &x, &count, NULL));
		assert_int_equal(2, count);
		assert_string_equal("a", x[0].name);
		assert_int_equal(0x11, x[0].crc);
		assert_true(x[0].gpl_only);
		assert_string_equal("b", x[1].name);
		assert_int_equal(0x22, x[1].crc);
		close_opened(o);
	}
}

/* Strings that fit neither form: the symbol table decides. */
static void test_exports_by_symbols(void **state)
{
	struct opened o = open_recipe("export:a:0x11:gpl export:b:0x22 "
				      "@set:__ksymtab,sh_size=1 "
				      "@set:__kcrctab,sh_size=5");
	const struct lkm_export *x;
	size_t count;

	assert_int_equal(0, lkm_image_exports(o.image, &x, &count, NULL));
	assert_int_equal(2, count);
	assert_string_equal("a", x[0].name);
	assert_string_equal("b", x[1].name);
	assert_int_equal(0x22, x[1].crc);
	close_opened(o);
}

static void test_extended_versions(void **state)
{
	static const char *const forms[] = { "ext", "extonly", "extonly be 32",
					     "" };
	const char *name = "a_name_that_is_much_longer_than_the_fifty_five_"
			   "bytes_that_the_old_table_has_for_it";

	for (size_t i = 0; i < 4; i++) {
		const struct lkm_version *v;
		const struct lkm_need *x;
		char recipe[512];
		struct opened o;
		size_t count;

		snprintf(recipe, sizeof(recipe), "need:%s:0x42 need:b:0x43 %s",
			 name, forms[i]);
		o = open_recipe(recipe);
		assert_int_equal(0,
				 lkm_image_versions(o.image, &v, &count, NULL));
		assert_int_equal(3, count);
		assert_int_equal(0x42, v[1].crc);
		assert_int_equal(0, lkm_image_needs(o.image, &x, &count, NULL));
		assert_int_equal(2, count);
		assert_string_equal(name, x[0].name);
		/* The old table has cut the name: it is another. */
		assert_int_equal(*forms[i] != 0, x[0].has_crc);
		assert_true(x[1].has_crc);
		close_opened(o);
	}
}

/* Of sparc's two undefined symbols one is the name of a register. */
static void test_sparc_register(void **state)
{
	struct opened o = open_recipe("need:printk need:reg machine:43");
	const struct lkm_section *sections;
	const struct lkm_need *x;
	size_t count, table = 0;

	assert_int_equal(0,
			 lkm_image_sections(o.image, &sections, &count, NULL));
	while (strcmp(sections[table].name, ".symtab") != 0)
		assert_true(++table < count);
	/* st_info of symbol 2: global, STT_SPARC_REGISTER. */
	o.bytes[sections[table].offset + 2 * 24 + 4] = 0x1d;
	assert_int_equal(0, lkm_image_needs(o.image, &x, &count, NULL));
	assert_int_equal(1, count);
	assert_string_equal("printk", x[0].name);
	close_opened(o);
}

static void test_nothing_there(void **state)
{
	struct opened o = open_recipe("");
	const struct lkm_section *sections;
	const struct lkm_version *v;
	const struct lkm_modinfo *m;
	const struct lkm_export *x;
	const struct lkm_need *n;
	struct lkm_signature s;
	const uint8_t *id;
	size_t count;

	assert_int_equal(0, lkm_image_modinfo(o.image, &m, &count, NULL));
	assert_int_equal(0, count);
	assert_int_equal(0, lkm_image_exports(o.image, &x, &count, NULL));
	assert_int_equal(0, count);
	assert_int_equal(0, lkm_image_needs(o.image, &n, &count, NULL));
	assert_int_equal(0, count);
	assert_int_equal(0, lkm_image_versions(o.image, &v, &count, NULL));
	assert_int_equal(0, count);
	assert_int_equal(0, lkm_image_signature(o.image, &s, NULL));
	assert_int_equal(0, lkm_image_build_id(o.image, &id, &count, NULL));
	assert_int_equal(0,
			 lkm_image_sections(o.image, &sections, &count, NULL));
	assert_int_equal(6, count);
	assert_string_equal(".text", sections[1].name);
	assert_int_equal(4, sections[1].size);
	assert_string_equal("my_mod", lkm_image_name(o.image));
	assert_string_equal("a/my-mod.ko", lkm_image_path(o.image));
	assert_int_equal(-1, lkm_image_fd(o.image));
	assert_int_equal(LKM_COMPRESSION_NONE, lkm_image_compression(o.image));
	assert_string_equal("none", lkm_compression_name(LKM_COMPRESSION_NONE));
	close_opened(o);
}

/* gABI: counts that do not fit the header stand in section 0. */
static void test_extended_numbering(void **state)
{
	struct opened o = open_recipe("need:printk @set:e_shnum=0 "
				      "@set:0,sh_size=6 @set:e_shstrndx=0xffff "
				      "@set:0,sh_link=5");
	const struct lkm_section *sections;
	size_t count;

	assert_int_equal(0,
			 lkm_image_sections(o.image, &sections, &count, NULL));
	assert_int_equal(6, count);
	assert_string_equal(".shstrtab", sections[5].name);
	close_opened(o);
}

static void test_file(void **state)
{
	char path[] = "/tmp/lkm-image-XXXXXX";
	int fd = mkstemp(path), taken;
	struct lkm_image *image;
	const void *data;
	size_t size;

	assert_true(fd >= 0);
	module_write(RECIPE, path);
	assert_int_equal(0, lkm_image_open(path, &image, NULL));
	assert_true(lkm_image_fd(image) >= 0);
	check_exports(image);
	check_needs(image);
	check_rest(image);
	assert_int_equal(0, lkm_image_content(image, &data, &size, NULL));
	assert_memory_equal("\177ELF", data, 4);
	lkm_image_free(image);
	/* Taken over: closed with the image. */
	taken = dup(fd);
	assert_int_equal(0, lkm_image_open_fd(taken, "x", &image, NULL));
	lkm_image_free(image);
	assert_int_equal(-1, fcntl(taken, F_GETFD));
	lkm_image_free(NULL);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_old_exports),
		cmocka_unit_test(test_exports_by_symbols),
		cmocka_unit_test(test_extended_versions),
		cmocka_unit_test(test_sparc_register),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_extended_numbering),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
