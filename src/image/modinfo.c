// SPDX-License-Identifier: LGPL-2.1-or-later
// .modinfo: "key=value" strings, one after another.
#include <string.h>

#include "image/parts.h"

/* Strings of .modinfo; the most of any module are some thousand aliases. */
#define MODINFO_MAX ((uint64_t)1 << 20)

static const struct {
	const char *name;
	size_t at;
} wanted[] = {
	{ ".modinfo", offsetof(struct parts, modinfo) },
	{ "__versions", offsetof(struct parts, versions) },
	{ "__version_ext_names", offsetof(struct parts, ext_names) },
	{ "__version_ext_crcs", offsetof(struct parts, ext_crcs) },
	{ "__ksymtab_strings", offsetof(struct parts, strings) },
};

static void parts_note(const struct elf *e, uint32_t i, const char *name,
		       struct parts *p)
{
	struct lkm_section section;

	for (size_t k = 0; k < ARRAY_SIZE(wanted); k++) {
		struct lkm_section *to;

		if (strcmp(name, wanted[k].name) != 0)
			continue;
		to = (struct lkm_section *)((char *)p + wanted[k].at);
		if (!to->type)
			elf_section(e, i, to);
		return;
	}
	if (!strcmp(name, "__ksymtab") || !strcmp(name, "__ksymtab_gpl")) {
		elf_section(e, i, &section);
		p->ksymtab_size += section.size;
	} else if (!strcmp(name, "__kcrctab") ||
		   !strcmp(name, "__kcrctab_gpl")) {
		elf_section(e, i, &section);
		p->kcrctab_size += section.size;
	}
}

void parts_find(const struct elf *e, struct parts *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (uint32_t i = 1; i < e->count; i++) {
		const char *name = elf_section_name(e, i);

		/* All of them begin so; most sections do not. */
		if (name[0] == '_' || (name[0] == '.' && name[1] == 'm'))
			parts_note(e, i, name, ret);
	}
}

/* Split @s, which ends in a NUL, into @items; count only where that is NULL. */
static size_t modinfo_split(char *s, size_t size, struct lkm_modinfo *items)
{
	size_t count = 0;

	for (size_t at = 0, len; at < size; at += len + 1) {
		char *equals;

		len = strlen(s + at);
		if (!len)
			continue;
		if (items) {
			equals = memchr(s + at, '=', len);
			items[count].key = s + at;
			items[count].value = equals ? equals + 1 : s + at + len;
			if (equals)
				*equals = '\0';
		}
		count++;
	}
	return count;
}

int modinfo_read(const struct elf *e, const struct parts *p, struct arena *out,
		 const struct lkm_modinfo **ret, size_t *ret_count,
		 struct lkm_error **reterr)
{
	struct lkm_modinfo *items;
	struct span s = { 0 };
	size_t count;
	char *copy;
	int rc;

	if (p->modinfo.type) {
		rc = elf_strings(e, &p->modinfo, &s, reterr);
		if (rc < 0)
			return rc;
	}
	copy = arena_strndup(out, (const char *)s.data, s.size);
	if (!copy)
		return error_nomem(reterr);
	count = modinfo_split(copy, s.size, NULL);
	rc = elf_check_count(e, "modinfo strings", count, MODINFO_MAX, reterr);
	if (rc < 0)
		return rc;
	items = arena_alloc(out, count * sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	*ret_count = modinfo_split(copy, s.size, items);
	*ret = items;
	return 0;
}
