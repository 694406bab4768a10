// SPDX-License-Identifier: LGPL-2.1-or-later
// The decompressors: any bytes, one decoder after another.
#include <stdint.h>
#include <stdlib.h>

#include "image/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small, so that a bomb costs the fuzzer little. */
#define LIMIT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	struct codec codec = { .limit = LIMIT };
	struct lkm_error *error = NULL;
	enum lkm_compression format = codec_detect_kernel(in);
	size_t seen = 0;

	if (format == LKM_COMPRESSION_NONE)
		return 0;
	/* Twice: a decoder that failed must work again. */
	for (int i = 0; i < 2; i++) {
		int rc = codec_decode(&codec, format, in, "fuzz", &error);

		if ((rc < 0) != (error != NULL) || codec.size > LIMIT)
			abort();
		for (size_t k = 0; k < codec.size; k += 512)
			seen += codec.out[k];
		lkm_error_free(error);
		error = NULL;
	}
	codec_release(&codec);
	/* Never so many; but now the compiler can't leave the reads away. */
	if (seen == SIZE_MAX)
		abort();
	return 0;
}
