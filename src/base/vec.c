// SPDX-License-Identifier: LGPL-2.1-or-later
// Growing arrays: the part that need not be a macro.
#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>

bool vec_grow(void **data, size_t len, size_t *alloc, size_t size)
{
	size_t want = *alloc ? *alloc * 2 : 8;
	void *grown;

	if (len < *alloc)
		return true;
	if (want > SIZE_MAX / 2 / size)
		return false;
	grown = realloc(*data, want * size);
	if (!grown)
		return false;
	*data = grown;
	*alloc = want;
	return true;
}
