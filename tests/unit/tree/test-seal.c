// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksums behind an index: where they stand, and that no damage of a
// sealed file goes unnoticed.
#include "lookup-common.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "base/root.h"
#include "tree/seal.h"

#define PAGE 4096
#define ROUNDS 1500

/* Bit by bit, as the definition has it. */
static uint32_t slow_crc(const uint8_t *p, size_t size)
{
	uint32_t crc = UINT32_MAX;

	while (size--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static uint32_t word_at(const struct strbuf *b, size_t at)
{
	const uint8_t *p = (const uint8_t *)b->data + at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* An index of @count modules; its size without the seal. */
static size_t make(struct strbuf *b, int count)
{
	struct text_index t = { 0 };
	char key[32], value[96];
	size_t size;

	for (int i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "m%d_%x", i,
			 (unsigned int)i * 2654435);
		snprintf(value, sizeof(value), "kernel/%s.ko: kernel/m%d.ko",
			 key, i / 2);
		assert_int_equal(text_add(&t, key, value, (uint32_t)i), 0);
	}
	assert_int_equal(trie_write(&t.items, b), 0);
	size = b->len;
	text_release(&t);
	return size;
}

static int file_of(const void *bytes, size_t size)
{
	int fd = memfd_create("index", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, size), 0);
	return fd;
}

static int count_entry(void *ctx, const char *key, const struct index_hit *hit)
{
	size_t *sum = ctx;

	*sum = *sum * 31 + strlen(key) + strlen(hit->value) + hit->priority;
	return 0;
}

/* Everything of the file.  0 or the first failure; *@ret_problem with it. */
static int read_all(const void *bytes, size_t size, size_t *ret_sum,
		    const char **ret_problem)
{
	struct index_file ix;
	size_t sum = 0;
	int stop, rc = index_open_fd(&ix, file_of(bytes, size));

	if (!rc)
		rc = index_each(&ix, count_entry, &sum, &stop);
	*ret_sum = sum;
	*ret_problem = ix.problem;
	index_close(&ix);
	return rc;
}

static void test_format(void **state)
{
	static const int counts[] = { 0, 1, 57, 58, 400 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct strbuf b = { 0 }, plain = { 0 };
		size_t size = make(&b, counts[i]), pages = 0;

		make(&plain, counts[i]);
		assert_int_equal(seal_add(&b, 0), 0);
		for (size_t at = 0; at < size; at += PAGE, pages++)
			assert_int_equal(
				word_at(&b, size + 4 * pages),
				slow_crc((uint8_t *)b.data + at,
					 MIN_OF(size - at, (size_t)PAGE)));
		assert_int_equal(b.len, size + 4 * pages + 12);
		assert_int_equal(word_at(&b, b.len - 12), size);
		assert_int_equal(
			word_at(&b, b.len - 8),
			slow_crc((uint8_t *)b.data + size, 4 * pages + 4));
		assert_memory_equal(b.data + b.len - 4, "lkm1", 4);
		/* One bit is all that differs in the index itself. */
		assert_int_equal(word_at(&b, 8),
				 word_at(&plain, 8) | SEAL_FOLLOWS);
		memcpy(b.data + 8, plain.data + 8, 4);
		assert_memory_equal(b.data, plain.data, size);
		strbuf_release(&plain);
		strbuf_release(&b);
	}
}

/* Same answers with and without, from a file and from memory. */
static void test_same(void **state)
{
	const char *problem;
	size_t sums[3];

	(void)state;
	for (int count = 0; count < 300; count += 7) {
		struct strbuf b = { 0 };
		struct index_file ix;
		size_t size = make(&b, count), sum = 0;
		int stop;

		assert_int_equal(read_all(b.data, size, &sums[0], &problem), 0);
		assert_int_equal(seal_add(&b, 0), 0);
		assert_int_equal(read_all(b.data, b.len, &sums[1], &problem),
				 0);
		assert_int_equal(index_open_heap(&ix, (uint8_t *)b.data, b.len),
				 0);
		assert_int_equal(index_each(&ix, count_entry, &sum, &stop), 0);
		index_close(&ix);
		assert_int_equal(sums[0], sums[1]);
		assert_int_equal(sums[0], sum);
	}
}

/* A lookup reads its pages and the seal's, not more. */
static void test_lazy(void **state)
{
	struct strbuf b = { 0 };
	struct index_hits hits = { 0 };
	struct index_file ix;
	size_t size = make(&b, 20000);

	(void)state;
	assert_true(size > 200 * PAGE);
	assert_int_equal(seal_add(&b, 0), 0);
	/* Damage far from where the lookup goes is not its matter. */
	b.data[100 * PAGE + 5] ^= 1;
	assert_int_equal(index_open_fd(&ix, file_of(b.data, b.len)), 0);
	assert_true(ix.source.reads <= 3);
	assert_int_equal(index_find(&ix, "m19999_11", &hits), 0);
	assert_true(ix.source.reads < 12);
	assert_int_equal(ix.source.error, 0);
	index_close(&ix);
	index_hits_release(&hits);
	strbuf_release(&b);
}

static void check_problem(const void *bytes, size_t size, const char *expected)
{
	const char *problem = NULL;
	size_t sum;

	assert_int_equal(read_all(bytes, size, &sum, &problem), -LKM_EFORMAT);
	assert_string_equal(problem, expected);
}

static void test_problems(void **state)
{
	static const char cut[] = "was cut off, or changed, at its end";
	static const char differs[] = "differs from what was written";
	struct strbuf b = { 0 };
	size_t size = make(&b, 400);

	(void)state;
	assert_int_equal(seal_add(&b, 0), 0);
	for (size_t n = 12; n < b.len; n += n + 40 < b.len ? 37 : 1)
		check_problem(b.data, n, cut);
	check_problem(b.data, 11, "is too short");
	b.data[b.len - 1] ^= 1; /* magic */
	check_problem(b.data, b.len, cut);
	b.data[b.len - 1] ^= 1;
	b.data[b.len - 5] ^= 1; /* checksum of the seal */
	check_problem(b.data, b.len, "has damaged checksums");
	b.data[b.len - 5] ^= 1;
	b.data[b.len - 9] ^= 1; /* size */
	check_problem(b.data, b.len, "has damaged checksums");
	b.data[b.len - 9] ^= 1;
	b.data[size] ^= 1; /* checksum of the first page */
	check_problem(b.data, b.len, "has damaged checksums");
	b.data[size] ^= 1;
	b.data[8] ^= 0x10; /* what says that there is a seal */
	check_problem(b.data, b.len, differs);
	b.data[8] ^= 0x10;
	b.data[PAGE + 7] ^= 0x40;
	check_problem(b.data, b.len, differs);
	b.data[PAGE + 7] ^= 0x40;
	b.data[size - 1] ^= 1; /* the last byte, in a page with the seal */
	check_problem(b.data, b.len, differs);
	b.data[size - 1] ^= 1;
	strbuf_add(&b, "x", 1);
	check_problem(b.data, b.len, cut);
	strbuf_release(&b);
}

/* Who reads all of a damaged file is told so, every time. */
static void test_every_damage(void **state)
{
	static const int counts[] = { 0, 3, 60, 400 };
	uint32_t seed = 5;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct strbuf b = { 0 };
		size_t changed = 0;
		uint8_t *copy;

		make(&b, counts[i]);
		assert_int_equal(seal_add(&b, 0), 0);
		copy = malloc(b.len);
		assert_non_null(copy);
		for (int round = 0; round < ROUNDS; round++) {
			const char *problem;
			size_t size, sum;

			memcpy(copy, b.data, b.len);
			size = corrupt(copy, b.len, &seed);
			/* A file of no bytes is for the tree to judge. */
			if (!size ||
			    (size == b.len && !memcmp(copy, b.data, size)))
				continue;
			changed++;
			assert_int_equal(read_all(copy, size, &sum, &problem),
					 -LKM_EFORMAT);
		}
		assert_true(changed > ROUNDS / 2);
		free(copy);
		strbuf_release(&b);
	}
}

/* An empty file is damage where no indexer writes one, else the text knows. */
static void test_empty(void **state)
{
	static const struct {
		const char *name;
		bool warned;
	} files[] = {
		{ DIR_NAME "/modules.dep.bin", true },
		{ DIR_NAME "/modules.alias.bin", true },
		{ DIR_NAME "/modules.symbols.bin", true },
		{ DIR_NAME "/modules.builtin.bin", false },
		{ DIR_NAME "/modules.builtin.alias.bin", false },
	};
	const char *const *names;
	size_t count;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct lkm_tree *tree;
		struct world w;
		char text[256];

		world_open(&w);
		world_builtin(&w);
		world_text(&w);
		world_bin(&w);
		put(&w, files[i].name, "", 0);
		tree = open_tree(&w, 0, NULL, 0);
		module_text(tree, "b-x", text);
		assert_string_equal(text, "kernel/b-x.ko: kernel/c.ko");
		alias_text(tree, "fs-ext9", text);
		assert_string_equal(text, "d");
		assert_int_equal(
			lkm_tree_symbol(tree, "c_fn", &names, &count, NULL), 1);
		assert_string_equal(names[0], "c");
		assert_int_equal(lkm_tree_builtin(tree, "other", NULL), 1);
		assert_int_equal(lkm_tree_builtin_alias(tree, "net-pf-9",
							&names, &count, NULL),
				 1);
		assert_string_equal(names[0], "other");
		assert_int_equal(has_warning(tree, "tree.index.damaged"),
				 files[i].warned);
		lkm_tree_free(tree);
		world_close(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_lazy),
		cmocka_unit_test(test_problems),
		cmocka_unit_test(test_every_damage),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
