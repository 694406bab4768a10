// SPDX-License-Identifier: LGPL-2.1-or-later
// Decompression of whole module files and kernels: the table of formats.
#include "image/codec.h"

#include <stdlib.h>
#include <string.h>

#define OUT_FIRST ((size_t)1 << 20)
#define OUT_KEEP ((size_t)16 << 20)

static const struct codec_format *const formats[] = {
	[LKM_COMPRESSION_GZIP] = &codec_gzip,
	[LKM_COMPRESSION_XZ] = &codec_xz,
	[LKM_COMPRESSION_ZSTD] = &codec_zstd,
	[LKM_COMPRESSION_LZ4] = &codec_lz4,
	[LKM_COMPRESSION_LZO] = &codec_lzo,
	[LKM_COMPRESSION_BZIP2] = &codec_bzip2,
	[LKM_COMPRESSION_LZMA] = &codec_lzma,
};

/* Those up to this one are for modules, those behind for kernels only. */
#define LAST_OF_MODULES LKM_COMPRESSION_ZSTD

/* Known to people, not to the kernel's build of modules. */
static const struct {
	const char *name;
	const char *magic;
} others[] = {
	{ "bzip2", "BZh" },
	{ "lz4", "\x04\x22\x4d\x18" },
	{ "lzop", "\x89LZO" },
};

const char *lkm_compression_name(enum lkm_compression compression)
{
	if (compression == LKM_COMPRESSION_NONE ||
	    compression >= ARRAY_SIZE(formats))
		return "none";
	return formats[compression]->name;
}

static bool has_prefix(struct span head, const void *magic, size_t size)
{
	return head.size >= size && !memcmp(head.data, magic, size);
}

enum lkm_compression codec_detect_kernel(struct span head)
{
	for (size_t i = 1; i < ARRAY_SIZE(formats); i++) {
		if (has_prefix(head, formats[i]->magic, formats[i]->magic_size))
			return (enum lkm_compression)i;
	}
	return LKM_COMPRESSION_NONE;
}

enum lkm_compression codec_detect(struct span head, const char **ret_unknown)
{
	enum lkm_compression found = codec_detect_kernel(head);

	*ret_unknown = NULL;
	if (found != LKM_COMPRESSION_NONE && found <= LAST_OF_MODULES)
		return found;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (has_prefix(head, others[i].magic, strlen(others[i].magic)))
			*ret_unknown = others[i].name;
	}
	return LKM_COMPRESSION_NONE;
}

int codec_decode(struct codec *c, enum lkm_compression format, struct span in,
		 const char *file, struct lkm_error **reterr)
{
	const struct codec_format *f = formats[format];

	c->size = 0;
	if (!f->decode)
		return FAIL(reterr, IMAGE_COMPRESSION_UNSUPPORTED,
			    KV_STR("file", file), KV_STR("format", f->name));
	return f->decode(c, &c->states[format], in, file, reterr);
}

int codec_grow(struct codec *c, const char *file, struct lkm_error **reterr)
{
	size_t limit = c->limit ? c->limit : CODEC_SIZE_MAX;
	size_t first = c->first ? c->first : OUT_FIRST;
	size_t want = MIN_OF(c->alloc ? c->alloc * 2 : first, limit);
	uint8_t *grown;

	if (c->alloc >= limit)
		return FAIL(reterr, IMAGE_COMPRESSION_LIMIT,
			    KV_STR("file", file), KV_NUM("limit", limit));
	grown = realloc(c->out, want);
	if (!grown)
		return error_nomem(reterr);
	c->out = grown;
	c->alloc = want;
	return 0;
}

int codec_room(struct codec *c, size_t more, const char *file,
	       struct lkm_error **reterr)
{
	while (c->alloc - c->size < more) {
		int rc = codec_grow(c, file, reterr);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int codec_broken(const char *file, const struct codec_format *format,
		 const char *problem, struct lkm_error **reterr)
{
	return FAIL(reterr, IMAGE_COMPRESSION_BROKEN, KV_STR("file", file),
		    KV_STR("format", format->name), KV_STR("problem", problem));
}

int codec_no_library(const char *file, const struct codec_format *format,
		     const char *library, struct lkm_error **reterr)
{
	return FAIL(reterr, IMAGE_COMPRESSION_LIBRARY, KV_STR("file", file),
		    KV_STR("format", format->name), KV_STR("library", library));
}

int codec_no_memory(const char *file, struct lkm_error **reterr)
{
	return FAIL(reterr, IMAGE_COMPRESSION_MEMORY, KV_STR("file", file),
		    KV_NUM("limit", CODEC_MEMORY_MAX));
}

uint8_t *codec_take(struct codec *c)
{
	uint8_t *exact = realloc(c->out, c->size ? c->size : 1);
	uint8_t *out = exact ? exact : c->out;

	c->out = NULL;
	c->alloc = 0;
	return out;
}

void codec_trim(struct codec *c)
{
	if (c->alloc <= OUT_KEEP)
		return;
	free(c->out);
	c->out = NULL;
	c->size = 0;
	c->alloc = 0;
}

void codec_release(struct codec *c)
{
	for (size_t i = 1; i < ARRAY_SIZE(formats); i++) {
		if (c->states[i])
			formats[i]->release(c->states[i]);
	}
	free(c->out);
	*c = (struct codec){ 0 };
}
