// SPDX-License-Identifier: GPL-2.0-only
// The kernel's symbols as addresses in this process, from its kallsyms.
#include <string.h>

#include "host/host.h"

static uint64_t moved(uint64_t address)
{
	if (address >= host.link_base && address < host.link_end)
		return address + (uint64_t)host.distance;
	return address; /* percpu offsets and absolute values */
}

uint64_t sym(const char *name)
{
	const struct lkm_ksym *s;

	if (lkm_vmlinux_symbol(host.image, name, &s, NULL) <= 0)
		return 0;
	return moved(s->address);
}

bool is_kernel_text(uint64_t address)
{
	return (address >= IMAGE_BASE && address < host.text_end) ||
	       (address >= host.init_begin && address < host.init_end);
}

bool is_module_area(uint64_t address)
{
	return address >= MODULES_BASE && address < MODULES_BASE + MODULES_SIZE;
}

const char *sym_name_at(uint64_t address, uint64_t *ret_offset)
{
	const struct lkm_ksym *s;
	uint64_t link = address - (uint64_t)host.distance;

	if (link < host.link_base || link >= host.link_end ||
	    lkm_vmlinux_symbol_at(host.image, link, &s, NULL) <= 0)
		return NULL;
	*ret_offset = link - s->address;
	return s->name;
}

/*
 * Compilers split functions: "f.part.0", "f.isra.0" and "f.constprop.0" have
 * to be replaced where "f" is.  A ".cold" part is only jumped to from inside.
 */
void symbols_for_variants(void (*visit)(const char *base, uint64_t address))
{
	const struct lkm_ksym *all;
	size_t count;
	char base[128];

	if (lkm_vmlinux_symbols(host.image, &all, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		const char *dot = strchr(all[i].name, '.');
		size_t len;

		if (!dot || dot == all[i].name || (all[i].type | 0x20) != 't')
			continue;
		if (!strncmp(dot, ".cold", 5))
			continue;
		len = (size_t)(dot - all[i].name);
		if (len >= sizeof(base) || strstr(dot, ".cold"))
			continue;
		memcpy(base, all[i].name, len);
		base[len] = '\0';
		visit(base, moved(all[i].address));
	}
}
