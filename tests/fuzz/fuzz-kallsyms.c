// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes, searched for kallsyms.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmlinux/kallsyms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the search: small, so that what costs much is found. */
#define FUEL ((uint64_t)1 << 22)

static void search(struct span all, unsigned int word, bool is_big)
{
	struct kallsyms *k = calloc(1, sizeof(*k));
	uint64_t last = 0, address;

	if (!k)
		return;
	k->all = all;
	k->word = word;
	k->is_big_endian = is_big;
	k->fuel = FUEL;
	if (kallsyms_find(k)) {
		/* What is found must be sorted, and within its limits. */
		if (!k->count || k->count > KSYMS_MAX ||
		    k->text_size > KSYM_NAMES_MAX)
			abort();
		for (uint32_t i = 0; i < k->count; i++) {
			address = kallsyms_address(k, i);
			if (address < last)
				abort();
			last = address;
		}
	}
	free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = { data, size };

	search(all, 8, false);
	search(all, 4, false);
	search(all, 8, true);
	return 0;
}
