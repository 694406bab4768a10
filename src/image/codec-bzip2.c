// SPDX-License-Identifier: LGPL-2.1-or-later
// Kernels of bzip2: libbz2.
#include "image/codec.h"

#ifdef HAVE_BZIP2
#include <bzlib.h>
#include <limits.h>
#include <stdlib.h>

#include "base/dl.h"

struct bzip2 {
	bz_stream stream;
	__typeof__(&BZ2_bzDecompressInit) init;
	__typeof__(&BZ2_bzDecompress) decode;
	__typeof__(&BZ2_bzDecompressEnd) end;
};

#define BZIP2_LIBRARY "libbz2.so.1.0"
DL_NOTE(bzip2, "bzip2", "kernel images of bzip2", "suggested", BZIP2_LIBRARY);

static void bzip2_release(void *state)
{
	free(state);
}

static int bzip2_start(void **state, const char *file,
		       struct lkm_error **reterr)
{
	struct bzip2 *z;

	if (*state)
		return 0;
	z = calloc(1, sizeof(*z));
	if (!z)
		return error_nomem(reterr);
	const struct dl_symbol symbols[] = {
		{ "BZ2_bzDecompressInit", (void **)&z->init },
		{ "BZ2_bzDecompress", (void **)&z->decode },
		{ "BZ2_bzDecompressEnd", (void **)&z->end },
	};
	if (dl_load(BZIP2_LIBRARY, symbols, ARRAY_SIZE(symbols), NULL) < 0) {
		free(z);
		return codec_no_library(file, &codec_bzip2, "libbz2", reterr);
	}
	*state = z;
	return 0;
}

/* One stream of those that may follow one another. */
static int bzip2_stream(struct codec *c, struct bzip2 *z, const char *file,
			struct lkm_error **reterr)
{
	int result = BZ_OK, rc;
	unsigned int room = 1;

	while (result == BZ_OK) {
		/* Nothing left to read, and it did not fill what it had. */
		if (!z->stream.avail_in && z->stream.avail_out)
			return codec_broken(file, &codec_bzip2, "it ends early",
					    reterr);
		rc = codec_room(c, 1, file, reterr);
		if (rc < 0)
			return rc;
		room = (unsigned int)MIN_OF(c->alloc - c->size,
					    (size_t)UINT_MAX);
		z->stream.next_out = (char *)c->out + c->size;
		z->stream.avail_out = room;
		result = z->decode(&z->stream);
		c->size += room - z->stream.avail_out;
	}
	if (result == BZ_STREAM_END)
		return 0;
	if (result == BZ_MEM_ERROR)
		return error_nomem(reterr);
	return codec_broken(file, &codec_bzip2, "damaged data", reterr);
}

static int bzip2_decode(struct codec *c, void **state, struct span in,
			const char *file, struct lkm_error **reterr)
{
	struct bzip2 *z;
	int rc;

	rc = bzip2_start(state, file, reterr);
	if (rc < 0)
		return rc;
	z = *state;
	z->stream = (bz_stream){
		/* Files are far smaller than this (IMAGE_FILE_MAX). */
		.avail_in = (unsigned int)MIN_OF(in.size, (size_t)UINT_MAX),
		.next_in = (char *)(uintptr_t)in.data,
	};
	do {
		z->stream.avail_out = 0;
		if (z->init(&z->stream, 0, 0) != BZ_OK)
			return error_nomem(reterr);
		rc = bzip2_stream(c, z, file, reterr);
		z->end(&z->stream);
	} while (rc == 0 && z->stream.avail_in);
	return rc;
}
#else
#define bzip2_decode NULL
#define bzip2_release NULL
#endif

const struct codec_format codec_bzip2 = {
	.name = "bzip2",
	.magic = { 'B', 'Z', 'h' },
	.magic_size = 3,
	.decode = bzip2_decode,
	.release = bzip2_release,
};
