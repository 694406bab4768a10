// SPDX-License-Identifier: LGPL-2.1-or-later
// Kernels of lzo, in the file format of lzop: liblzo2.
#include "image/codec.h"

#ifdef HAVE_LZO
#include <lzo1x.h>
#include <stdlib.h>
#include <string.h>

#include "base/dl.h"

/* Fields of the header behind its magic; numbers are big-endian. */
#define MAGIC_SIZE 9
#define VERSION_FILTERS 0x0940 /* from here on: level, needed version, ... */
#define FLAG_ADLER32 0x1
#define FLAG_ADLER32_PACKED 0x2
#define FLAG_EXTRA 0x40
#define FLAG_CRC32 0x100
#define FLAG_CRC32_PACKED 0x200
#define FLAG_FILTER 0x800
/* lzop's own limit. */
#define BLOCK_MAX ((uint32_t)64 << 20)

struct lzo {
	__typeof__(&lzo1x_decompress_safe) decode;
	__typeof__(&lzo_adler32) adler32;
	__typeof__(&lzo_crc32) crc32;
};

/* Where the reader is. */
struct cursor {
	struct span in;
	uint64_t at;
	bool failed; /* it was asked for more than there is */
};

#define LZO_LIBRARY "liblzo2.so.2"
DL_NOTE(lzo, "lzo", "kernel images of lzo", "suggested", LZO_LIBRARY);

static void lzo_release(void *state)
{
	free(state);
}

static int lzo_start(void **state, const char *file, struct lkm_error **reterr)
{
	struct lzo *z;

	if (*state)
		return 0;
	z = calloc(1, sizeof(*z));
	if (!z)
		return error_nomem(reterr);
	const struct dl_symbol symbols[] = {
		{ "lzo1x_decompress_safe", (void **)&z->decode },
		{ "lzo_adler32", (void **)&z->adler32 },
		{ "lzo_crc32", (void **)&z->crc32 },
	};
	if (dl_load(LZO_LIBRARY, symbols, ARRAY_SIZE(symbols), NULL) < 0) {
		free(z);
		return codec_no_library(file, &codec_lzo, "liblzo2", reterr);
	}
	*state = z;
	return 0;
}

static uint32_t next32(struct cursor *c)
{
	uint32_t v = 0;

	c->failed |= !span_u32(c->in, c->at, true, &v);
	c->at += sizeof(v);
	return v;
}

static uint32_t next8(struct cursor *c)
{
	uint8_t v = 0;

	c->failed |= !span_u8(c->in, c->at, &v);
	c->at += sizeof(v);
	return v;
}

/* Version, library's version, [needed version,] method, [level,] flags, ... */
static uint32_t lzo_header(struct cursor *c)
{
	uint16_t version = 0;
	uint32_t flags;
	bool is_new;

	c->at = MAGIC_SIZE;
	c->failed |= !span_u16(c->in, c->at, true, &version);
	is_new = version >= VERSION_FILTERS;
	c->at += is_new ? 2 + 2 + 2 + 1 + 1 : 2 + 2 + 1;
	flags = next32(c);
	if (flags & FLAG_FILTER)
		next32(c);
	c->at += is_new ? 4 + 4 + 4 : 4 + 4; /* mode, time, its upper half */
	c->at += next8(c);		     /* name */
	next32(c);			     /* checksum of this */
	if (flags & FLAG_EXTRA) {
		c->at += next32(c);
		next32(c);
	}
	return flags;
}

/* The checksums of a block; those of its packed form say nothing more. */
struct sums {
	uint32_t adler32, crc32;
};

static void lzo_sums(struct cursor *c, uint32_t flags, bool is_packed,
		     struct sums *ret)
{
	*ret = (struct sums){ 0 };
	if (flags & FLAG_ADLER32)
		ret->adler32 = next32(c);
	if (flags & FLAG_CRC32)
		ret->crc32 = next32(c);
	if (is_packed && (flags & FLAG_ADLER32_PACKED))
		next32(c);
	if (is_packed && (flags & FLAG_CRC32_PACKED))
		next32(c);
}

static bool sums_fit(const struct lzo *z, uint32_t flags,
		     const struct sums *sums, struct span out)
{
	if ((flags & FLAG_ADLER32) &&
	    z->adler32(1, out.data, out.size) != sums->adler32)
		return false;
	return !(flags & FLAG_CRC32) ||
	       z->crc32(0, out.data, out.size) == sums->crc32;
}

static bool lzo_block(const struct lzo *z, uint8_t *to, size_t size,
		      struct span packed)
{
	lzo_uint done = size;

	if (packed.size == size) {
		memcpy(to, packed.data, size);
		return true;
	}
	return z->decode(packed.data, packed.size, to, &done, NULL) ==
		       LZO_E_OK &&
	       done == size;
}

/* The next block: 1, 0 at the end. */
static int lzo_next(struct codec *c, const struct lzo *z, struct cursor *from,
		    uint32_t flags, const char *file, struct lkm_error **reterr)
{
	uint32_t size = next32(from), packed_size;
	struct span packed, out;
	struct sums sums;
	int rc;

	if (!from->failed && !size)
		return 0;
	packed_size = next32(from);
	lzo_sums(from, flags, packed_size < size, &sums);
	if (from->failed ||
	    !span_slice(from->in, from->at, packed_size, &packed))
		return codec_broken(file, &codec_lzo, "it ends early", reterr);
	if (size > BLOCK_MAX || packed_size > size)
		return codec_broken(file, &codec_lzo, "damaged data", reterr);
	from->at += packed_size;
	rc = codec_room(c, size, file, reterr);
	if (rc < 0)
		return rc;
	out = (struct span){ c->out + c->size, size };
	if (!lzo_block(z, c->out + c->size, size, packed) ||
	    !sums_fit(z, flags, &sums, out))
		return codec_broken(file, &codec_lzo, "damaged data", reterr);
	c->size += size;
	return 1;
}

static int lzo_decode(struct codec *c, void **state, struct span in,
		      const char *file, struct lkm_error **reterr)
{
	struct cursor from = { .in = in };
	uint32_t flags;
	int rc;

	rc = lzo_start(state, file, reterr);
	if (rc < 0)
		return rc;
	flags = lzo_header(&from);
	do {
		rc = lzo_next(c, *state, &from, flags, file, reterr);
	} while (rc > 0);
	return rc;
}
#else
#define lzo_decode NULL
#define lzo_release NULL
#endif

const struct codec_format codec_lzo = {
	.name = "lzo",
	.magic = { 0x89, 'L', 'Z', 'O' },
	.magic_size = 4,
	.decode = lzo_decode,
	.release = lzo_release,
};
