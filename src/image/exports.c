// SPDX-License-Identifier: LGPL-2.1-or-later
// Exported symbols.
#include <string.h>

#include "image/parts.h"

/*
 * Since v5.4 each name is followed by its namespace, mostly "".  Sizes tell:
 * struct kernel_symbol then has three fields, 12 or 24 bytes in all, and a CRC
 * has 4 (include/linux/export-internal.h).
 */
static bool has_namespaces(const struct parts *p, uint64_t strings)
{
	uint64_t names = strings / 2;

	return strings % 2 == 0 &&
	       (p->ksymtab_size == names * 12 ||
		p->ksymtab_size == names * 24 || p->kcrctab_size == names * 4);
}

/* Before, two fields. */
static bool has_plain_names(const struct parts *p, uint64_t strings)
{
	return p->ksymtab_size == strings * 8 ||
	       p->ksymtab_size == strings * 16;
}

int exports_names(const struct elf *e, const struct parts *p, struct arena *out,
		  const char *const **ret, size_t *ret_count,
		  struct lkm_error **reterr)
{
	size_t strings = 0, count = 0, step;
	const char **names, *copy;
	struct span s = { 0 };
	int rc;

	if (p->strings.type) {
		rc = elf_strings(e, &p->strings, &s, reterr);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < s.size; i++)
		strings += !s.data[i];
	rc = elf_check_count(e, "exports", strings, ELF_SYMBOLS_MAX * 2,
			     reterr);
	if (rc < 0)
		return rc;
	if (has_namespaces(p, strings))
		step = 2;
	else if (has_plain_names(p, strings))
		step = 1;
	else
		return 0;
	copy = arena_strndup(out, (const char *)s.data, s.size);
	names = arena_alloc(out, (strings / step) * sizeof(*names));
	if (!copy || !names)
		return error_nomem(reterr);
	for (size_t i = 0; i < strings; i++) {
		if (i % step == 0 && *copy)
			names[count++] = copy;
		copy += strlen(copy) + 1;
	}
	*ret = names;
	*ret_count = count;
	return 1;
}
