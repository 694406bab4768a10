// SPDX-License-Identifier: LGPL-2.1-or-later
// .ko.gz: zlib.
#include "image/codec.h"

#ifdef HAVE_ZLIB
#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/dl.h"

/* 15 bits of window, and a gzip header instead of zlib's. */
#define GZIP_WINDOW (15 + 16)

struct gzip {
	z_stream stream;
	__typeof__(&inflateInit2_) init;
	__typeof__(&inflateReset) reset;
	__typeof__(&inflate) decode;
	__typeof__(&inflateEnd) end;
};

#ifdef LKM_STATIC
static int gzip_library(struct gzip *g)
{
	g->init = inflateInit2_;
	g->reset = inflateReset;
	g->decode = inflate;
	g->end = inflateEnd;
	return 0;
}
#else
#define GZIP_LIBRARY "libz.so.1"
DL_NOTE(gzip, "gzip", "modules compressed with gzip", "recommended",
	GZIP_LIBRARY);

static int gzip_library(struct gzip *g)
{
	const struct dl_symbol symbols[] = {
		{ "inflateInit2_", (void **)&g->init },
		{ "inflateReset", (void **)&g->reset },
		{ "inflate", (void **)&g->decode },
		{ "inflateEnd", (void **)&g->end },
	};

	return dl_load(GZIP_LIBRARY, symbols, ARRAY_SIZE(symbols), NULL);
}
#endif

static void gzip_release(void *state)
{
	struct gzip *g = state;

	g->end(&g->stream);
	free(g);
}

static int gzip_start(void **state, const char *file, struct lkm_error **reterr)
{
	struct gzip *g;

	if (*state)
		return 0;
	g = calloc(1, sizeof(*g));
	if (!g)
		return error_nomem(reterr);
	if (gzip_library(g) < 0) {
		free(g);
		return codec_no_library(file, &codec_gzip, "zlib", reterr);
	}
	if (g->init(&g->stream, GZIP_WINDOW, ZLIB_VERSION,
		    (int)sizeof(g->stream)) != Z_OK) {
		free(g);
		return error_nomem(reterr);
	}
	*state = g;
	return 0;
}

/* One call of inflate() with as much room as there is. */
static int gzip_step(struct codec *c, struct gzip *g, const char *file,
		     int *ret_result, struct lkm_error **reterr)
{
	size_t room;
	int rc;

	if (c->size == c->alloc) {
		rc = codec_grow(c, file, reterr);
		if (rc < 0)
			return rc;
	}
	room = MIN_OF(c->alloc - c->size, (size_t)UINT_MAX);
	g->stream.next_out = c->out + c->size;
	g->stream.avail_out = (uInt)room;
	*ret_result = g->decode(&g->stream, Z_NO_FLUSH);
	c->size += room - g->stream.avail_out;
	return 0;
}

static int gzip_member(struct codec *c, struct gzip *g, const char *file,
		       struct lkm_error **reterr)
{
	int result = Z_OK, rc;

	while (result == Z_OK) {
		rc = gzip_step(c, g, file, &result, reterr);
		if (rc < 0)
			return rc;
		if (result == Z_BUF_ERROR && !g->stream.avail_out)
			result = Z_OK;
	}
	if (result == Z_STREAM_END)
		return 0;
	if (result == Z_MEM_ERROR)
		return error_nomem(reterr);
	if (result == Z_BUF_ERROR)
		return codec_broken(file, &codec_gzip, "it ends early", reterr);
	return codec_broken(file, &codec_gzip, "damaged data", reterr);
}

static int gzip_decode(struct codec *c, void **state, struct span in,
		       const char *file, struct lkm_error **reterr)
{
	struct gzip *g;
	int rc;

	rc = gzip_start(state, file, reterr);
	if (rc < 0)
		return rc;
	g = *state;
	/* Files are far smaller than this (IMAGE_FILE_MAX). */
	g->stream.next_in = in.data;
	g->stream.avail_in = (uInt)MIN_OF(in.size, (size_t)UINT_MAX);
	/* gzip(1) joins members that follow one another; so does the kernel. */
	do {
		if (g->reset(&g->stream) != Z_OK)
			return error_nomem(reterr);
		rc = gzip_member(c, g, file, reterr);
		if (rc < 0)
			return rc;
	} while (g->stream.avail_in);
	return 0;
}
#else
#define gzip_decode NULL
#define gzip_release NULL
#endif

const struct codec_format codec_gzip = {
	.name = "gzip",
	.magic = { 0x1f, 0x8b },
	.magic_size = 2,
	.decode = gzip_decode,
	.release = gzip_release,
};
