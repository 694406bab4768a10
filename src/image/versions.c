// SPDX-License-Identifier: LGPL-2.1-or-later
// Symbol versions: __versions, and the extended form for names of any length.
#include <string.h>

#include "image/parts.h"

static int versions_bad(const struct elf *e, const char *section,
			const char *problem, struct lkm_error **reterr)
{
	return FAIL(reterr, IMAGE_VERSIONS_BROKEN, KV_STR("file", e->file),
		    KV_STR("section", section), KV_STR("problem", problem));
}

static int versions_entry(const struct elf *e, struct span s, uint64_t at,
			  struct arena *out, struct lkm_need *ret,
			  struct lkm_error **reterr)
{
	uint64_t skip = e->header.is_64 ? 8 : 4;
	/* The CRC is the low half of the unsigned long. */
	uint64_t low = e->header.is_64 && e->header.is_big_endian ? 4 : 0;
	struct span entry;
	const char *name;

	if (!span_slice(s, at, VERSION_SIZE, &entry) ||
	    !span_u32(entry, low, e->header.is_big_endian, &ret->crc) ||
	    !span_string(entry, skip, &name))
		return versions_bad(e, "__versions", "a name has no end",
				    reterr);
	/* ppc64 (ELFv1): the dot of a function's entry point. */
	name += name[0] == '.';
	ret->name = arena_strdup(out, name);
	ret->has_crc = true;
	ret->weak = false;
	return ret->name ? 0 : error_nomem(reterr);
}

static int versions_basic(const struct elf *e, const struct parts *p,
			  struct arena *out, struct needs *ret,
			  struct lkm_error **reterr)
{
	struct lkm_need *items;
	size_t count;
	struct span s;
	int rc;

	rc = elf_content(e, &p->versions, &s, reterr);
	if (rc < 0)
		return rc;
	if (s.size % VERSION_SIZE)
		return versions_bad(e, "__versions",
				    "its size is no multiple of 64", reterr);
	count = s.size / VERSION_SIZE;
	rc = elf_check_count(e, "versions", count, ELF_SYMBOLS_MAX, reterr);
	if (rc < 0)
		return rc;
	items = arena_alloc(out, count * sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	for (size_t i = 0; i < count; i++) {
		rc = versions_entry(e, s, i * VERSION_SIZE, out, &items[i],
				    reterr);
		if (rc < 0)
			return rc;
	}
	*ret = (struct needs){ items, count };
	return 0;
}

/* Name number i belongs to the i-th CRC (kernel/module/version.c). */
static int versions_extended(const struct elf *e, const struct parts *p,
			     struct arena *out, struct needs *ret,
			     struct lkm_error **reterr)
{
	const char *section = "__version_ext_names";
	struct span crcs, names;
	struct lkm_need *items;
	uint64_t at = 0;
	size_t count;
	int rc;

	rc = elf_content(e, &p->ext_crcs, &crcs, reterr);
	if (rc < 0)
		return rc;
	rc = elf_strings(e, &p->ext_names, &names, reterr);
	if (rc < 0)
		return rc;
	count = crcs.size / sizeof(uint32_t);
	rc = elf_check_count(e, "versions", count, ELF_SYMBOLS_MAX, reterr);
	if (rc < 0)
		return rc;
	items = arena_alloc(out, count * sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	for (size_t i = 0; i < count; i++) {
		const char *name;

		if (!span_string(names, at, &name) ||
		    !span_u32(crcs, i * sizeof(uint32_t),
			      e->header.is_big_endian, &items[i].crc))
			return versions_bad(e, section, "names are missing",
					    reterr);
		at += strlen(name) + 1;
		items[i].name = arena_strdup(out, name);
		if (!items[i].name)
			return error_nomem(reterr);
		items[i].has_crc = true;
		items[i].weak = false;
	}
	*ret = (struct needs){ items, count };
	return 0;
}

int versions_read(const struct elf *e, const struct parts *p, struct arena *out,
		  struct needs *ret, struct lkm_error **reterr)
{
	if (p->ext_names.type && p->ext_crcs.type)
		return versions_extended(e, p, out, ret, reterr);
	if (p->versions.type)
		return versions_basic(e, p, out, ret, reterr);
	*ret = (struct needs){ 0 };
	return 0;
}
