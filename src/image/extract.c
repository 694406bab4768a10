// SPDX-License-Identifier: LGPL-2.1-or-later
// The facts that an index needs of one module file, fast, for thousands.
#include "image/extract.h"

#include <elf.h>
#include <string.h>

#include "base/map.h"
#include "image/parts.h"
#include "image/symbols.h"

void image_scratch_release(struct image_scratch *s)
{
	source_release(&s->file);
	codec_release(&s->codec);
}

/* Are all undefined symbols in the @listed versions? */
static bool needs_all_listed(const struct elf *e, const struct elf_symtab *t,
			     size_t listed)
{
	struct elf_symbol symbol;
	size_t undefined = 0;

	for (uint64_t i = 0; i < t->count; i++) {
		elf_symbol(e, t, i, &symbol);
		if (!symbol_is_need(e, &symbol))
			continue;
		/* Of these the name must be known. */
		if (symbol.bind == STB_WEAK)
			return false;
		undefined++;
	}
	/* One more than these: module_layout. */
	return undefined < listed;
}

/* The undefined symbols, then the versions that none of them took. */
static int needs_join(const struct elf *e, const struct needs *listed,
		      struct arena *out, struct needs *ret,
		      struct lkm_error **reterr)
{
	_cleanup_map_ struct map seen = { 0 };
	struct needs undefined;
	struct lkm_need *all;
	size_t count;
	int rc;

	rc = needs_read(e, listed, out, &undefined, reterr);
	if (rc < 0)
		return rc;
	count = undefined.count;
	all = arena_alloc(out, (count + listed->count) * sizeof(*all));
	if (!all)
		return error_nomem(reterr);
	for (size_t i = 0; i < count; i++) {
		all[i] = undefined.items[i];
		if (!map_set(&seen, all[i].name, &all[i]))
			return error_nomem(reterr);
	}
	for (size_t i = 0; i < listed->count; i++) {
		if (!map_get(&seen, listed->items[i].name))
			all[count++] = listed->items[i];
	}
	*ret = (struct needs){ all, count };
	return 0;
}

static int extract_needs(const struct elf *e, const struct parts *p,
			 struct arena *out, struct image_extract *ret,
			 struct lkm_error **reterr)
{
	struct elf_symtab table;
	struct needs needs;
	int rc;

	rc = versions_read(e, p, out, &needs, reterr);
	if (rc < 0)
		return rc;
	rc = elf_symtab(e, UINT64_MAX, false, &table, reterr);
	if (rc < 0)
		return rc;
	if (!needs_all_listed(e, &table, needs.count))
		rc = needs_join(e, &needs, out, &needs, reterr);
	if (rc < 0)
		return rc;
	ret->needs = needs.items;
	ret->need_count = needs.count;
	return 0;
}

/* Sections that stand close to each other are one read. */
#define GAP_MAX ((uint64_t)16 << 10)

static void extract_read_ahead(const struct elf *e, const struct parts *p)
{
	const struct lkm_section *s[] = { &p->modinfo, &p->strings,
					  &p->versions };
	uint64_t first = UINT64_MAX, last = 0, bytes = 0;
	struct span ahead;

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		if (!s[i]->type || s[i]->offset > e->source->size ||
		    s[i]->size > e->source->size)
			continue;
		first = MIN_OF(first, s[i]->offset);
		last = MAX_OF(last, s[i]->offset + s[i]->size);
		bytes += s[i]->size;
	}
	/* When it fails, the exact reads that follow say why. */
	if (first < last && last - first < bytes + GAP_MAX)
		(void)source_slice(e->source, first, last - first, &ahead);
}

static int extract_elf(struct source *source, const char *name,
		       struct arena *out, struct image_extract *ret,
		       struct lkm_error **reterr)
{
	struct parts parts;
	struct elf e;
	int rc;

	rc = elf_open(&e, source, name, reterr);
	if (rc < 0)
		return rc;
	parts_find(&e, &parts);
	extract_read_ahead(&e, &parts);
	rc = modinfo_read(&e, &parts, out, &ret->modinfo, &ret->modinfo_count,
			  reterr);
	if (rc < 0)
		return rc;
	rc = exports_names(&e, &parts, out, &ret->exports, &ret->export_count,
			   reterr);
	if (rc == 0)
		rc = exports_symbols(&e, out, &ret->exports, &ret->export_count,
				     reterr);
	if (rc < 0)
		return rc;
	return extract_needs(&e, &parts, out, ret, reterr);
}

static int extract_file(struct image_scratch *s, int fd, const char *name,
			struct arena *out, struct image_extract *ret,
			struct lkm_error **reterr)
{
	struct source plain = { .fd = -1 };
	int rc;

	source_recycle(&s->file);
	rc = source_open_stat(&s->file, fd, &ret->stat, IMAGE_FILE_MAX);
	if (rc < 0)
		return image_open_failed(rc, name, (uint64_t)ret->stat.st_size,
					 reterr);
	codec_trim(&s->codec);
	rc = image_decode(&s->file, &s->codec, name, &ret->compression, reterr);
	if (rc < 0)
		return rc;
	if (!rc)
		return extract_elf(&s->file, name, out, ret, reterr);
	source_from_span(&plain, (struct span){ s->codec.out, s->codec.size });
	return extract_elf(&plain, name, out, ret, reterr);
}

int image_extract(struct image_scratch *s, int fd, const char *name,
		  struct arena *out, struct image_extract *ret,
		  struct lkm_error **reterr)
{
	struct image_extract result = { 0 };
	int rc = extract_file(s, fd, name, out, &result, reterr);

	if (rc < 0)
		return rc;
	*ret = result;
	return 0;
}
