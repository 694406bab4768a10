// SPDX-License-Identifier: LGPL-2.1-or-later
// One kernel image from memory: everything that is asked of it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lkm/vmlinux.h>

#include "ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t ask_symbols(struct lkm_vmlinux *image)
{
	const struct lkm_ksym *items, *found;
	size_t count = 0, sum = 0;
	int rc;

	ASK(lkm_vmlinux_symbols(image, &items, &count, &error));
	if (rc < 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		sum += look_at(items[i].name) + (size_t)items[i].type;
		if (i && items[i].address < items[i - 1].address)
			abort();
	}
	ASK(lkm_vmlinux_symbol(image, items[count / 2].name, &found, &error));
	if (rc != 1 || strcmp(found->name, items[count / 2].name) != 0)
		abort();
	ASK(lkm_vmlinux_symbol_at(image, found->address, &found, &error));
	return sum;
}

static size_t ask_exports(struct lkm_vmlinux *image)
{
	const struct lkm_kexport *items, *found;
	size_t count = 0, sum = 0;
	int rc;

	ASK(lkm_vmlinux_exports(image, &items, &count, &error));
	for (size_t i = 0; rc == 0 && i < count; i++)
		sum += look_at(items[i].name) + look_at(items[i].name_space);
	ASK(lkm_vmlinux_export(image, "alloc_it", &found, &error));
	return sum;
}

static size_t ask_btf(struct lkm_vmlinux *image)
{
	/* Of tests/common/mkkernel.py. */
	static const char *const members[] = {
		"thing.first",	"thing.x",  "thing.array",
		"thing_t.next", "nest.x",   "thing.inner.high",
		"wide.none",	"either.b",
	};
	static const char *const types[] = { "struct thing", "union either",
					     "int",	     "loop",
					     "gone",	     "vast" };
	static const char *const enums[] = { "RED", "HUGE" };
	struct lkm_btf_member member;
	uint32_t size;
	int64_t value;
	size_t sum = 0;
	int rc;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		ASK(lkm_vmlinux_member(image, members[i], &member, &error));
		sum += rc > 0 ? member.size : 0;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		ASK(lkm_vmlinux_sizeof(image, types[i], &size, &error));
	for (size_t i = 0; i < sizeof(enums) / sizeof(enums[0]); i++)
		ASK(lkm_vmlinux_enumerator(image, enums[i], &value, &error));
	return sum;
}

static size_t ask(struct lkm_vmlinux *image)
{
	const struct lkm_kparam *params;
	const struct lkm_kcert *certs;
	struct lkm_krelocs relocs;
	const void *bytes;
	uint16_t machine;
	size_t count = 0, size, sum = 0;
	int rc;

	ASK(lkm_vmlinux_elf(image, &bytes, &size, &error));
	if (rc == 0)
		sum += look(bytes, size);
	for (size = 1; size < 20000; size *= 19) {
		char part[20000];

		ASK(lkm_vmlinux_read(image, size - 1, size, part, &error));
		if (rc == 0)
			sum += look(part, size);
	}
	if (lkm_vmlinux_machine(image, &machine))
		sum += machine;
	ASK(lkm_vmlinux_relocs(image, &relocs, &error));
	if (rc == 0)
		sum += look(relocs.abs32, relocs.abs32_count * 8) +
		       look(relocs.inv32, relocs.inv32_count * 8) +
		       look(relocs.abs64, relocs.abs64_count * 8);
	ASK(lkm_vmlinux_params(image, &params, &count, &error));
	for (size_t i = 0; rc == 0 && i < count; i++)
		sum += look_at(params[i].name);
	ASK(lkm_vmlinux_certs(image, &certs, &count, &error));
	for (size_t i = 0; rc == 0 && i < count; i++)
		sum += look(certs[i].der, certs[i].size);
	ASK(lkm_vmlinux_bytes(image, 0xffffffff81000000, 64, &bytes, &error));
	if (rc > 0)
		sum += look(bytes, 64);
	return sum + look_at(lkm_vmlinux_banner(image)) +
	       look_at(lkm_vmlinux_release(image)) +
	       look_at(lkm_vmlinux_vermagic(image)) +
	       look_at(lkm_vmlinux_payload(image));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lkm_vmlinux *image = NULL;
	size_t sum = 0;
	int rc;

	ASK(lkm_vmlinux_open_memory(data, size, "fuzz", &image, &error));
	if (rc == 0)
		sum += ask(image) + ask_symbols(image) + ask_exports(image) +
		       ask_btf(image);
	lkm_vmlinux_free(image);
	/* Never so many; but now the compiler can't leave the looks away. */
	if (sum == SIZE_MAX)
		abort();
	return 0;
}
