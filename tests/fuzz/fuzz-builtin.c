// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as modules.builtin.modinfo.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tree/builtin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct builtin b = { 0 };
	size_t bytes = 0;

	if (builtin_parse(&b, (struct span){ data, size }) < 0)
		abort(); /* no input is as large as the limit */
	for (size_t i = 0; i < b.modules.len; i++) {
		const struct builtin_module *m = b.modules.data[i];

		if (builtin_get(&b, m->name) != m || !m->entries.len)
			abort();
		for (size_t k = 0; k < m->entries.len; k++)
			bytes += strlen(m->entries.data[k].key) +
				 strlen(m->entries.data[k].value) + 2;
	}
	if (bytes > size)
		abort();
	builtin_release(&b);
	return 0;
}
