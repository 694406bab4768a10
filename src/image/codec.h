// SPDX-License-Identifier: LGPL-2.1-or-later
// Decompression of whole module files and kernels: one table of formats.
#pragma once

#include <lkm/image.h>

#include "base/span.h"
#include "diag/error.h"

/*
 * The largest decompressed module: the largest of any distribution is below
 * 100 MB, with debug information below 500.
 */
#define CODEC_SIZE_MAX ((uint64_t)1 << 30)
/* Memory for the decoder itself: xz -9 needs 65 MiB, the kernel far less. */
#define CODEC_MEMORY_MAX ((uint64_t)128 << 20)

/*
 * Decoders and their output, kept between files.  Zero-initialise; for one
 * thread at a time.
 */
struct codec {
	uint8_t *out; /* @alloc bytes, of which @size are the file's */
	size_t size;
	size_t alloc;
	size_t limit; /* of @size; 0: CODEC_SIZE_MAX */
	size_t first; /* room to begin with; 0: for most modules */
	void *states[LKM_COMPRESSION_LZMA + 1];
};

/*
 * Which format of modules the first bytes are of; NULL in @*ret_unknown or a
 * name.
 */
enum lkm_compression codec_detect(struct span head, const char **ret_unknown);
/* As above, of modules and of kernels. */
enum lkm_compression codec_detect_kernel(struct span head);
/* Decompress @in to codec->out; @file is for messages. */
int codec_decode(struct codec *c, enum lkm_compression format, struct span in,
		 const char *file, struct lkm_error **reterr);
/* Hand over the output, exactly its size; the codec has none afterwards. */
uint8_t *codec_take(struct codec *c);
/* Give back the memory of an output much larger than most. */
void codec_trim(struct codec *c);
void codec_release(struct codec *c);

/* What one format's file offers to the table; *@state is its own. */
struct codec_format {
	const char *name;
	uint8_t magic[6];
	uint8_t magic_size;
	/* NULL: this build cannot. */
	int (*decode)(struct codec *c, void **state, struct span in,
		      const char *file, struct lkm_error **reterr);
	void (*release)(void *state);
};

extern const struct codec_format codec_gzip;
extern const struct codec_format codec_xz;
extern const struct codec_format codec_zstd;
extern const struct codec_format codec_lz4;
extern const struct codec_format codec_lzo;
extern const struct codec_format codec_bzip2;
extern const struct codec_format codec_lzma;

/* For the formats: more room for the output, and the errors they share. */
int codec_grow(struct codec *c, const char *file, struct lkm_error **reterr);
/* As above, until there is room for @more bytes. */
int codec_room(struct codec *c, size_t more, const char *file,
	       struct lkm_error **reterr);
int codec_broken(const char *file, const struct codec_format *format,
		 const char *problem, struct lkm_error **reterr);
int codec_no_library(const char *file, const struct codec_format *format,
		     const char *library, struct lkm_error **reterr);
int codec_no_memory(const char *file, struct lkm_error **reterr);
