// SPDX-License-Identifier: LGPL-2.1-or-later
// .ko.zst: libzstd.
#include "image/codec.h"

#ifdef HAVE_ZSTD
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/dl.h"

/* The window that decoding may need: log2 of CODEC_MEMORY_MAX. */
#define ZSTD_WINDOW_LOG 27

struct zstd {
	ZSTD_DStream *stream;
	__typeof__(&ZSTD_createDStream) create;
	__typeof__(&ZSTD_freeDStream) destroy;
	__typeof__(&ZSTD_DCtx_reset) reset;
	__typeof__(&ZSTD_DCtx_setParameter) set;
	__typeof__(&ZSTD_decompressStream) decode;
	__typeof__(&ZSTD_isError) is_error;
	__typeof__(&ZSTD_getErrorCode) error;
};

#ifdef LKM_STATIC
static int zstd_library(struct zstd *z)
{
	z->create = ZSTD_createDStream;
	z->destroy = ZSTD_freeDStream;
	z->reset = ZSTD_DCtx_reset;
	z->set = ZSTD_DCtx_setParameter;
	z->decode = ZSTD_decompressStream;
	z->is_error = ZSTD_isError;
	z->error = ZSTD_getErrorCode;
	return 0;
}
#else
#define ZSTD_LIBRARY "libzstd.so.1"
DL_NOTE(zstd, "zstd", "modules compressed with zstd", "recommended",
	ZSTD_LIBRARY);

static int zstd_library(struct zstd *z)
{
	const struct dl_symbol symbols[] = {
		{ "ZSTD_createDStream", (void **)&z->create },
		{ "ZSTD_freeDStream", (void **)&z->destroy },
		{ "ZSTD_DCtx_reset", (void **)&z->reset },
		{ "ZSTD_DCtx_setParameter", (void **)&z->set },
		{ "ZSTD_decompressStream", (void **)&z->decode },
		{ "ZSTD_isError", (void **)&z->is_error },
		{ "ZSTD_getErrorCode", (void **)&z->error },
	};

	return dl_load(ZSTD_LIBRARY, symbols, ARRAY_SIZE(symbols), NULL);
}
#endif

static void zstd_release(void *state)
{
	struct zstd *z = state;

	z->destroy(z->stream);
	free(z);
}

static int zstd_start(void **state, const char *file, struct lkm_error **reterr)
{
	struct zstd *z;

	if (*state)
		return 0;
	z = calloc(1, sizeof(*z));
	if (!z)
		return error_nomem(reterr);
	if (zstd_library(z) < 0) {
		free(z);
		return codec_no_library(file, &codec_zstd, "libzstd", reterr);
	}
	z->stream = z->create();
	if (!z->stream) {
		free(z);
		return error_nomem(reterr);
	}
	z->set(z->stream, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	*state = z;
	return 0;
}

static int zstd_failed(ZSTD_ErrorCode code, const char *file,
		       struct lkm_error **reterr)
{
	switch (code) {
	case ZSTD_error_memory_allocation: return error_nomem(reterr);
	case ZSTD_error_frameParameter_windowTooLarge:
		return codec_no_memory(file, reterr);
	case ZSTD_error_prefix_unknown:
		return codec_broken(file, &codec_zstd, "other data follows",
				    reterr);
	default: return codec_broken(file, &codec_zstd, "damaged data", reterr);
	}
}

static int zstd_decode(struct codec *c, void **state, struct span in,
		       const char *file, struct lkm_error **reterr)
{
	ZSTD_inBuffer from = { in.data, in.size, 0 };
	size_t left = 1;
	struct zstd *z;
	int rc;

	rc = zstd_start(state, file, reterr);
	if (rc < 0)
		return rc;
	z = *state;
	z->reset(z->stream, ZSTD_reset_session_only);
	/* Frames may follow one another; @left is 0 at the end of each. */
	while (from.pos < from.size || left) {
		ZSTD_outBuffer to;
		size_t before = from.pos;

		if (c->size == c->alloc) {
			rc = codec_grow(c, file, reterr);
			if (rc < 0)
				return rc;
		}
		to = (ZSTD_outBuffer){ c->out, c->alloc, c->size };
		left = z->decode(z->stream, &to, &from);
		if (z->is_error(left))
			return zstd_failed(z->error(left), file, reterr);
		if (left && to.pos == c->size && from.pos == before)
			return codec_broken(file, &codec_zstd, "it ends early",
					    reterr);
		c->size = to.pos;
	}
	return 0;
}
#else
#define zstd_decode NULL
#define zstd_release NULL
#endif

const struct codec_format codec_zstd = {
	.name = "zstd",
	.magic = { 0x28, 0xb5, 0x2f, 0xfd },
	.magic_size = 4,
	.decode = zstd_decode,
	.release = zstd_release,
};
