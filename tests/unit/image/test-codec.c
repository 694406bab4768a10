// SPDX-License-Identifier: LGPL-2.1-or-later
// Compressed modules: good ones, damaged ones and bombs, made here.
#include "common.h"

#include <lzma.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "image/codec.h"
#include "image/extract.h"

/* What the test allows; lkm itself allows CODEC_SIZE_MAX. */
#define LIMIT ((size_t)3 << 20)

struct bytes {
	uint8_t *data;
	size_t size;
};

/* Compress @size bytes: @from, or zeros where that is NULL, piece by piece. */
static struct bytes make_xz(const uint8_t *from, size_t size, uint32_t dict)
{
	static const uint8_t zeros[1 << 16];
	struct bytes out = { malloc(8 << 20), 0 };
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_options_lzma options;
	lzma_filter filters[] = { { LZMA_FILTER_LZMA2, &options },
				  { LZMA_VLI_UNKNOWN, NULL } };
	lzma_ret rc = LZMA_OK;

	lzma_lzma_preset(&options, 0);
	options.dict_size = dict ? dict : options.dict_size;
	assert_int_equal(LZMA_OK,
			 lzma_stream_encoder(&s, filters, LZMA_CHECK_CRC32));
	s.next_out = out.data;
	s.avail_out = 8 << 20;
	while (rc == LZMA_OK) {
		if (!s.avail_in && size) {
			s.avail_in = from ? size : MIN_OF(size, sizeof(zeros));
			s.next_in = from ? from : zeros;
			size -= s.avail_in;
		}
		rc = lzma_code(&s, size ? LZMA_RUN : LZMA_FINISH);
	}
	assert_int_equal(LZMA_STREAM_END, rc);
	out.size = s.total_out;
	lzma_end(&s);
	return out;
}

static struct bytes make_zstd(const uint8_t *from, size_t size, int window)
{
	static const uint8_t zeros[1 << 16];
	struct bytes out = { malloc(8 << 20), 0 };
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_outBuffer to = { out.data, 8 << 20, 0 };
	size_t left;

	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, 1);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	if (window)
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window);
	do {
		size_t n = from ? size : MIN_OF(size, sizeof(zeros));
		ZSTD_inBuffer in = { from ? from : zeros, n, 0 };

		size -= n;
		do {
			left = ZSTD_compressStream2(c, &to, &in,
						    size ? ZSTD_e_continue :
							   ZSTD_e_end);
			assert_false(ZSTD_isError(left));
		} while (in.pos < in.size || (!size && left));
	} while (size);
	ZSTD_freeCCtx(c);
	out.size = to.pos;
	return out;
}

static struct bytes make_gzip(const uint8_t *from, size_t size)
{
	static const uint8_t zeros[1 << 16];
	struct bytes out = { malloc(8 << 20), 0 };
	z_stream s = { 0 };
	int rc = Z_OK;

	assert_int_equal(Z_OK, deflateInit2(&s, 1, Z_DEFLATED, 15 + 16, 8,
					    Z_DEFAULT_STRATEGY));
	s.next_out = out.data;
	s.avail_out = 8 << 20;
	while (rc == Z_OK) {
		if (!s.avail_in && size) {
			s.avail_in = (uInt)(from ? size :
						   MIN_OF(size, sizeof(zeros)));
			s.next_in = from ? from : zeros;
			size -= s.avail_in;
		}
		rc = deflate(&s, size ? Z_NO_FLUSH : Z_FINISH);
	}
	assert_int_equal(Z_STREAM_END, rc);
	out.size = s.total_out;
	deflateEnd(&s);
	return out;
}

static struct bytes make(int format, const uint8_t *from, size_t size)
{
	if (format == LKM_COMPRESSION_XZ)
		return make_xz(from, size, 0);
	if (format == LKM_COMPRESSION_ZSTD)
		return make_zstd(from, size, 0);
	return make_gzip(from, size);
}

#define each_format(f) \
	for (int f = LKM_COMPRESSION_GZIP; f <= LKM_COMPRESSION_ZSTD; f++)

static void test_formats(void **state)
{
	static const char *const names[] = { "none", "gzip", "xz", "zstd" };
	size_t size, got;
	uint8_t *plain = module_build(RECIPE, &size);

	each_format(f)
	{
		struct bytes b = make(f, plain, size);
		struct lkm_image *image;
		const void *data;

		assert_int_equal(0, lkm_image_open_memory(b.data, b.size,
							  "x.ko.xz", &image,
							  NULL));
		assert_int_equal(f, lkm_image_compression(image));
		assert_string_equal(
			names[f],
			lkm_compression_name(lkm_image_compression(image)));
		assert_int_equal(0,
				 lkm_image_content(image, &data, &got, NULL));
		assert_int_equal(size, got);
		assert_memory_equal(plain, data, size);
		assert_int_equal(0, ask_all(image, NULL));
		lkm_image_free(image);
		free(b.data);
	}
	free(plain);
}

static void test_extract(void **state)
{
	char path[] = "/tmp/lkm-codec-XXXXXX";
	int fd = mkstemp(path);
	struct image_scratch scratch = { 0 };
	struct arena arena = { 0 };
	struct image_extract x;
	size_t size;
	uint8_t *plain = module_build(RECIPE, &size);

	assert_true(fd >= 0);
	/* The same decoders twice, other files between. */
	for (int i = 0; i < 8; i++) {
		int f = 1 + i % 3;
		struct bytes b = make(f, plain, size);

		assert_int_equal(0, ftruncate(fd, 0));
		assert_int_equal(b.size, pwrite(fd, b.data, b.size, 0));
		assert_int_equal(
			0, image_extract(&scratch, fd, "x", &arena, &x, NULL));
		assert_int_equal(f, x.compression);
		assert_int_equal(3, x.export_count);
		assert_string_equal("foo_b", x.exports[1]);
		free(b.data);
	}
	image_scratch_release(&scratch);
	arena_release(&arena);
	close(fd);
	unlink(path);
	free(plain);
}

static void check_bytes(const uint8_t *data, size_t size, const char *want)
{
	/* Exactly as large, so that a sanitizer sees a read past it. */
	uint8_t *exact = malloc(size ? size : 1);
	const char *id;

	memcpy(exact, data, size);
	id = id_of_bytes(exact, size);
	free(exact);
	if (!id || strcmp(id, want) != 0)
		fail_msg("%zu bytes: %s, not %s", size, id ? id : "fine", want);
}

static void test_damage(void **state)
{
	size_t size, noticed;
	uint8_t *plain = module_build(RECIPE, &size);

	each_format(f)
	{
		struct bytes b = make(f, plain, size);

		for (size_t n = 8; n < b.size; n++)
			check_bytes(b.data, n, "image.compression.broken");
		noticed = 0;
		for (size_t n = 6; n < b.size; n++) {
			b.data[n] ^= 0x10;
			noticed += id_of_bytes(b.data, b.size) != NULL;
			b.data[n] ^= 0x10;
		}
		/*
		 * gzip's header and its tables of codes have bits that mean
		 * nothing; the check sum finds what changes the content.
		 */
		if (noticed + 30 < b.size)
			fail_msg("%d: %zu of %zu", f, noticed, b.size);
		/* Something else behind the end. */
		memset(b.data + b.size, 'x', 32);
		check_bytes(b.data, b.size + 32, "image.compression.broken");
		free(b.data);
	}
	free(plain);
}

/* xz, gzip and zstd join streams that follow one another, and so does kmod. */
static void test_concatenated(void **state)
{
	size_t size, got;
	uint8_t *plain = module_build(RECIPE, &size);

	each_format(f)
	{
		struct bytes a = make(f, plain, 100);
		struct bytes b = make(f, plain + 100, size - 100);
		struct lkm_image *image;
		const void *data;

		memcpy(a.data + a.size, b.data, b.size);
		assert_int_equal(0,
				 lkm_image_open_memory(a.data, a.size + b.size,
						       "x", &image, NULL));
		assert_int_equal(0,
				 lkm_image_content(image, &data, &got, NULL));
		assert_int_equal(size, got);
		assert_memory_equal(plain, data, size);
		lkm_image_free(image);
		free(a.data);
		free(b.data);
	}
	free(plain);
}

/* Decompress with a limit; the id of the failure, NULL: none. */
static const char *id_with_limit(int format, size_t size)
{
	struct codec codec = { .limit = LIMIT };
	struct bytes b = make(format, NULL, size);
	struct lkm_error *error = NULL;
	const char *id = NULL;

	if (codec_decode(&codec, (enum lkm_compression)format,
			 (struct span){ b.data, b.size }, "bomb", &error) < 0)
		id = lkm_error_id(error);
	else
		assert_int_equal(size, codec.size);
	lkm_error_free(error);
	codec_release(&codec);
	free(b.data);
	return id;
}

/* A little file that becomes a huge one. */
static void test_bombs(void **state)
{
	each_format(f)
	{
		assert_string_equal("image.compression.limit",
				    id_with_limit(f, LIMIT * 5));
		assert_string_equal("image.compression.limit",
				    id_with_limit(f, LIMIT + 1));
		assert_null(id_with_limit(f, LIMIT - 1));
	}
}

/* Settings that ask for more memory than a decoder may have. */
static void test_memory(void **state)
{
	static const uint8_t text[] = "a module, so to say";
	struct bytes b = make_xz(text, sizeof(text), 256 << 20);

	check_bytes(b.data, b.size, "image.compression.memory");
	free(b.data);
	b = make_zstd(NULL, 32 << 20, 30);
	check_bytes(b.data, b.size, "image.compression.memory");
	free(b.data);
}

static void test_not_elf(void **state)
{
	each_format(f)
	{
		struct bytes b = make(f, (const uint8_t *)"just a text of mine",
				      20);

		check_bytes(b.data, b.size, "image.elf.magic");
		free(b.data);
		b = make(f, (const uint8_t *)"", 0);
		check_bytes(b.data, b.size, "image.elf.truncated");
		free(b.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_extract),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_concatenated),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_not_elf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
