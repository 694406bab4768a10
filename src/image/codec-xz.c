// SPDX-License-Identifier: LGPL-2.1-or-later
// .ko.xz, and kernels of xz and of its predecessor lzma: liblzma.
#include "image/codec.h"

#ifdef HAVE_XZ
#include <lzma.h>
#include <stdlib.h>

#include "base/dl.h"

struct xz {
	lzma_stream stream; /* its decoder's memory is reused */
	__typeof__(&lzma_stream_decoder) decoder;
	__typeof__(&lzma_alone_decoder) alone;
	__typeof__(&lzma_code) code;
	__typeof__(&lzma_end) end;
};

#ifdef LKM_STATIC
static int xz_library(struct xz *xz)
{
	xz->decoder = lzma_stream_decoder;
	xz->alone = lzma_alone_decoder;
	xz->code = lzma_code;
	xz->end = lzma_end;
	return 0;
}
#else
#define XZ_LIBRARY "liblzma.so.5"
DL_NOTE(xz, "xz", "modules compressed with xz", "recommended", XZ_LIBRARY);

static int xz_library(struct xz *xz)
{
	const struct dl_symbol symbols[] = {
		{ "lzma_stream_decoder", (void **)&xz->decoder },
		{ "lzma_alone_decoder", (void **)&xz->alone },
		{ "lzma_code", (void **)&xz->code },
		{ "lzma_end", (void **)&xz->end },
	};

	return dl_load(XZ_LIBRARY, symbols, ARRAY_SIZE(symbols), NULL);
}
#endif

static void xz_release(void *state)
{
	struct xz *xz = state;

	xz->end(&xz->stream);
	free(xz);
}

static int xz_start(void **state, const struct codec_format *format,
		    const char *file, struct lkm_error **reterr)
{
	struct xz *xz;

	if (*state)
		return 0;
	xz = calloc(1, sizeof(*xz));
	if (!xz)
		return error_nomem(reterr);
	if (xz_library(xz) < 0) {
		free(xz);
		return codec_no_library(file, format, "liblzma", reterr);
	}
	*state = xz;
	return 0;
}

static int xz_failed(lzma_ret rc, const struct codec_format *format,
		     const char *file, struct lkm_error **reterr)
{
	switch (rc) {
	case LZMA_MEM_ERROR: return error_nomem(reterr);
	case LZMA_MEMLIMIT_ERROR: return codec_no_memory(file, reterr);
	case LZMA_BUF_ERROR:
		return codec_broken(file, format, "it ends early", reterr);
	case LZMA_OPTIONS_ERROR:
		return codec_broken(file, format, "unknown options", reterr);
	case LZMA_FORMAT_ERROR:
		return codec_broken(file, format, "other data follows", reterr);
	default: return codec_broken(file, format, "damaged data", reterr);
	}
}

static int xz_run(struct codec *c, struct xz *xz, struct span in,
		  const char *file, lzma_ret *ret_result,
		  struct lkm_error **reterr)
{
	lzma_ret result = LZMA_OK;
	int rc;

	xz->stream.next_in = in.data;
	xz->stream.avail_in = in.size;
	while (result == LZMA_OK) {
		if (c->size == c->alloc) {
			rc = codec_grow(c, file, reterr);
			if (rc < 0)
				return rc;
		}
		xz->stream.next_out = c->out + c->size;
		xz->stream.avail_out = c->alloc - c->size;
		result = xz->code(&xz->stream, LZMA_FINISH);
		c->size = c->alloc - xz->stream.avail_out;
		/* A full output is no error: LZMA_OK, or LZMA_BUF_ERROR. */
		if (result == LZMA_BUF_ERROR && c->size == c->alloc)
			result = LZMA_OK;
	}
	*ret_result = result;
	return 0;
}

static int xz_decode(struct codec *c, void **state, struct span in,
		     const char *file, struct lkm_error **reterr)
{
	lzma_ret result;
	struct xz *xz;
	int rc;

	rc = xz_start(state, &codec_xz, file, reterr);
	if (rc < 0)
		return rc;
	xz = *state;
	result = xz->decoder(&xz->stream, CODEC_MEMORY_MAX, LZMA_CONCATENATED);
	if (result == LZMA_OK)
		rc = xz_run(c, xz, in, file, &result, reterr);
	if (rc < 0)
		return rc;
	if (result != LZMA_STREAM_END)
		return xz_failed(result, &codec_xz, file, reterr);
	return 0;
}

static int lzma_decode(struct codec *c, void **state, struct span in,
		       const char *file, struct lkm_error **reterr)
{
	lzma_ret result;
	struct xz *xz;
	int rc;

	rc = xz_start(state, &codec_lzma, file, reterr);
	if (rc < 0)
		return rc;
	xz = *state;
	result = xz->alone(&xz->stream, CODEC_MEMORY_MAX);
	if (result == LZMA_OK)
		rc = xz_run(c, xz, in, file, &result, reterr);
	if (rc < 0)
		return rc;
	if (result != LZMA_STREAM_END)
		return xz_failed(result, &codec_lzma, file, reterr);
	return 0;
}
#else
#define xz_decode NULL
#define lzma_decode NULL
#define xz_release NULL
#endif

const struct codec_format codec_xz = {
	.name = "xz",
	.magic = { 0xfd, '7', 'z', 'X', 'Z', 0 },
	.magic_size = 6,
	.decode = xz_decode,
	.release = xz_release,
};

/* The properties' usual byte, and a dictionary of whole 64 KiB. */
const struct codec_format codec_lzma = {
	.name = "lzma",
	.magic = { 0x5d, 0, 0 },
	.magic_size = 3,
	.decode = lzma_decode,
	.release = xz_release,
};
