// SPDX-License-Identifier: LGPL-2.1-or-later
// Damaged and hostile module files: always a named error, never a crash.
#include "common.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kinds[] = { "", "32", "be", "32 be" };

static const struct {
	const char *recipe;
	const char *id; /* NULL: fine */
} cases[] = {
	{ "@truncate:0", "image.elf.truncated" },
	{ "@truncate:3", "image.elf.truncated" },
	{ "@truncate:51", "image.elf.truncated" },
	{ "@flip:0", "image.elf.magic" },
	{ "@set:e_class=7", "image.elf.class" },
	{ "@set:e_class=0", "image.elf.class" },
	{ "@set:e_data=3", "image.elf.class" },
	{ "@set:e_shoff=0", "image.elf.sections" },
	{ "@set:e_shoff=0xffffffffffffffff", "image.elf.truncated" },
	{ "@set:e_shoff=0xfffffffffffffff0", "image.elf.truncated" },
	{ "@set:e_shentsize=1", "image.elf.sections" },
	{ "@set:e_shnum=0", "image.elf.sections" },
	{ "@set:e_shnum=0xfeff", "image.elf.truncated" },
	{ "@set:e_shnum=0 @set:0,sh_size=0xffffffff", "image.elf.limit" },
	{ "@set:e_shnum=0 @set:0,sh_size=0x100000", "image.elf.truncated" },
	{ "@set:e_shstrndx=0", "image.elf.sections" },
	{ "@set:e_shstrndx=0xfffe", "image.elf.sections" },
	{ "@set:e_shstrndx=1", "image.elf.sections" },
	{ "@set:e_shstrndx=0xffff @set:0,sh_link=0xffffffff",
	  "image.elf.sections" },
	{ "@set:.shstrtab,sh_size=5", "image.elf.strings" },
	{ "@set:.shstrtab,sh_size=0xffffffffffffffff", "image.elf.truncated" },
	{ "@set:.modinfo,sh_size=3", "image.elf.strings" },
	{ "@set:.modinfo,sh_size=0xffffffffffffffff", "image.elf.truncated" },
	{ "@set:.modinfo,sh_offset=0xfffffffffffffffc", "image.elf.truncated" },
	{ "@set:.modinfo,sh_size=0", NULL },
	{ "@set:.modinfo,sh_type=8", NULL },
	{ "@set:__versions,sh_size=65", "image.versions.broken" },
	{ "@set:__versions,sh_size=0xffffffff", "image.elf.truncated" },
	/* A name without an end: this table is made of the code's bytes. */
	{ "section:__version_ext_names:6161 section:__version_ext_crcs:00000000",
	  "image.elf.strings" },
	{ "section:__version_ext_names:6100 "
	  "section:__version_ext_crcs:0000000000000000",
	  "image.versions.broken" },
	{ "@set:__ksymtab_strings,sh_size=3", "image.elf.strings" },
	{ "@set:.symtab,sh_size=0xffffffffffffff00", "image.elf.truncated" },
	{ "@set:.symtab,sh_offset=0xffffffffffffff00", "image.elf.truncated" },
	{ "@set:.symtab,sh_info=0xffffffff", NULL },
	{ "@set:.symtab,sh_link=0xffffffff", NULL },
	{ "@set:.symtab,sh_link=0", NULL },
	{ "@set:.symtab,sh_type=1", NULL },
	{ "@set:.strtab,sh_size=7", "image.elf.strings" },
	{ "@set:.text,sh_name=0xffffffff", NULL },
	{ "@set:.note.gnu.build-id,sh_size=8", "image.note.broken" },
	{ "@set:.note.gnu.build-id,sh_size=0", "image.note.broken" },
	{ "@append:7e4d6f64756c65207369676e617475726520617070656e6465647e0a",
	  "image.signature.broken" },
	/* All sections in one place. */
	{ "@set:.text,sh_offset=0 @set:__ksymtab,sh_offset=0", NULL },
};

static void check_id(const char *recipe, const char *want)
{
	const char *id = id_of(recipe);

	if ((!id && !want) || (id && want && !strcmp(id, want)))
		return;
	fail_msg("'%s': %s, not %s", recipe, id ? id : "fine",
		 want ? want : "fine");
}

static void test_cases(void **state)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			char recipe[1024];

			snprintf(recipe, sizeof(recipe), "%s %s %s", RECIPE,
				 kinds[k], cases[i].recipe);
			check_id(recipe, cases[i].id);
		}
	}
}

/* A section without end inside of its table, as a whole entry. */
static void test_version_without_end(void **state)
{
	char recipe[512] = "section:__versions:";

	for (int i = 0; i < 64; i++)
		strncat(recipe, "61", sizeof(recipe) - strlen(recipe) - 1);
	check_id(recipe, "image.versions.broken");
}

/* Counts beyond their limits, in a file that is as large: sparse. */
static void check_limit(const char *recipe, const char *what)
{
	char path[] = "/tmp/lkm-image-XXXXXX";
	int fd = mkstemp(path);
	struct lkm_error *error = NULL;
	struct lkm_image *image;

	assert_true(fd >= 0);
	module_write(recipe, path);
	assert_int_equal(0, ftruncate(fd, 0x20010000));
	assert_int_equal(0, lkm_image_open(path, &image, NULL));
	assert_int_equal(-LKM_ELIMIT, ask_all(image, &error));
	assert_string_equal("image.elf.limit", lkm_error_id(error));
	assert_string_equal(what, lkm_error_get(error, "what"));
	lkm_error_free(error);
	lkm_image_free(image);
	close(fd);
	unlink(path);
}

static void test_limits(void **state)
{
	check_limit("32 need:printk @set:.symtab,sh_size=0x4000010", "symbols");
	check_limit("need:a:1 @set:__versions,sh_size=0x10000040", "versions");
	check_limit("need:a:1 extonly "
		    "@set:__version_ext_crcs,sh_size=0x1000004",
		    "versions");
	check_limit("export:a @set:__ksymtab_strings,sh_size=0x1000000",
		    "exports");
}

/* A table of names, appended, that is one long name. */
static void test_long_name(void **state)
{
	const size_t more = 4096;
	char recipe[256];
	uint8_t *bytes;
	size_t size;

	free(module_build("need:printk", &size));
	snprintf(recipe, sizeof(recipe),
		 "need:printk @set:.strtab,sh_offset=%zu "
		 "@set:.strtab,sh_size=%zu",
		 size, more);
	bytes = realloc(module_build(recipe, &size), size + more);
	memset(bytes + size, 'n', more);
	bytes[size + more - 1] = '\0';
	assert_string_equal("image.elf.limit", id_of_bytes(bytes, size + more));
	bytes[size + 1000] = '\0';
	assert_null(id_of_bytes(bytes, size + more));
	free(bytes);
}

static void test_every_length(void **state)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		char recipe[1024];
		uint8_t *bytes;
		size_t size;

		snprintf(recipe, sizeof(recipe), "%s %s", RECIPE, kinds[k]);
		bytes = module_build(recipe, &size);
		for (size_t n = 0; n < size; n++) {
			/* Exactly as large, so that a sanitizer sees the end.
			 */
			uint8_t *cut = malloc(n ? n : 1);
			const char *id;

			memcpy(cut, bytes, n);
			id = id_of_bytes(cut, n);
			/* The signature may go; what is before may not. */
			if (!id && n + 60 < size)
				fail_msg("%s: %zu of %zu bytes are fine",
					 kinds[k], n, size);
			free(cut);
		}
		free(bytes);
	}
}

static void test_every_byte(void **state)
{
	static const uint8_t masks[] = { 0x01, 0x80, 0xff };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		size_t size, failed = 0;
		char recipe[1024];
		uint8_t *bytes;

		snprintf(recipe, sizeof(recipe), "%s %s", RECIPE, kinds[k]);
		bytes = module_build(recipe, &size);
		for (size_t n = 0; n < size * 3; n++) {
			bytes[n / 3] ^= masks[n % 3];
			failed += id_of_bytes(bytes, size) != NULL;
			bytes[n / 3] ^= masks[n % 3];
		}
		/* Many are noticed; most bytes are code, names and padding. */
		assert_true(failed > 100);
		assert_null(id_of_bytes(bytes, size));
		free(bytes);
	}
}

static const char *id_of_path(const char *path)
{
	struct lkm_error *error = NULL;
	struct lkm_image *image;
	const char *id;

	if (lkm_image_open(path, &image, &error) == 0) {
		lkm_image_free(image);
		return "";
	}
	id = lkm_error_id(error);
	lkm_error_free(error);
	return id;
}

static void test_not_files(void **state)
{
	char path[] = "/tmp/lkm-image-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_string_equal("image.elf.truncated", id_of_path(path));
	assert_int_equal(2, write(fd, "BZ", 2));
	assert_string_equal("image.elf.truncated", id_of_path(path));
	assert_int_equal(18, write(fd, "h91AY&SY0123456789", 18));
	assert_string_equal("image.compression.unsupported", id_of_path(path));
	assert_int_equal(0, ftruncate(fd, (off_t)2 << 30));
	assert_string_equal("image.size", id_of_path(path));
	unlink(path);
	assert_string_equal("sys.failed", id_of_path(path));
	assert_int_equal(0, mkfifo(path, 0600));
	assert_string_equal("image.type", id_of_path(path));
	unlink(path);
	assert_string_equal("image.type", id_of_path("/tmp"));
	close(fd);
}

/* A file that becomes shorter while it is open: no SIGBUS, but words. */
static void test_changed(void **state)
{
	char path[] = "/tmp/lkm-image-XXXXXX";
	int fd = mkstemp(path);
	struct lkm_error *error = NULL;
	struct lkm_image *image;
	const void *data;
	struct stat st;
	size_t size;

	assert_true(fd >= 0);
	module_write(RECIPE, path);
	assert_int_equal(0, fstat(fd, &st));
	/* Large, its tables at the end: the middle is not read yet. */
	assert_int_equal(0, ftruncate(fd, st.st_size + (1 << 20)));
	assert_int_equal(0, lkm_image_open(path, &image, NULL));
	assert_int_equal(0, ftruncate(fd, 4096));
	assert_int_equal(-LKM_EBUSY,
			 lkm_image_content(image, &data, &size, &error));
	assert_string_equal("image.changed", lkm_error_id(error));
	lkm_error_free(error);
	lkm_image_free(image);
	close(fd);
	unlink(path);
}

static void test_unknown_section(void **state)
{
	struct lkm_error *error = NULL;
	struct lkm_image *image;
	const void *data;
	size_t size;
	uint8_t *bytes = module_build(RECIPE, &size);

	assert_int_equal(
		0, lkm_image_open_memory(bytes, size, "x.ko", &image, NULL));
	assert_int_equal(-LKM_EUSAGE, lkm_image_section_data(image, 99, &data,
							     &size, &error));
	assert_string_equal("image.section.unknown", lkm_error_id(error));
	lkm_error_free(error);
	lkm_image_free(image);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_version_without_end),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_not_files),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_unknown_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
