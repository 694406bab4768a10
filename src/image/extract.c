// SPDX-License-Identifier: LGPL-2.1-or-later
// The facts that an index needs of one module file, fast, for thousands.
#include "image/extract.h"

#include <string.h>

#include "base/map.h"
#include "image/parts.h"
#include "image/symbols.h"

void image_scratch_release(struct image_scratch *s)
{
	source_release(&s->file);
	codec_release(&s->codec);
}

/* @needs, then the versions that none of them took. */
static int needs_join(const struct needs *needs, const struct needs *versions,
		      struct arena *out, struct image_extract *ret,
		      struct lkm_error **reterr)
{
	_cleanup_map_ struct map seen = { 0 };
	struct lkm_need *all;
	size_t count = 0;

	all = arena_alloc(out, (needs->count + versions->count) * sizeof(*all));
	if (!all)
		return error_nomem(reterr);
	for (; count < needs->count; count++) {
		all[count] = needs->items[count];
		if (!map_set(&seen, all[count].name, &all[count]))
			return error_nomem(reterr);
	}
	for (size_t i = 0; i < versions->count; i++) {
		if (!map_get(&seen, versions->items[i].name))
			all[count++] = versions->items[i];
	}
	ret->needs = all;
	ret->need_count = count;
	return 0;
}

/*
 * The versions are as many as the undefined symbols, and module_layout before
 * them, in nearly every module: then their names, half of all bytes that would
 * be read, have nothing new.
 */
static int extract_needs(const struct elf *e, const struct parts *p,
			 struct arena *out, struct image_extract *ret,
			 struct lkm_error **reterr)
{
	struct needs needs = { 0 }, versions = { 0 };
	int rc = needs_undefined(e, out, &needs, reterr);

	if (rc < 0)
		return rc;
	if (!p->ext_names.type &&
	    p->versions.size == (needs.count + 1) * VERSION_SIZE) {
		ret->needs = needs.items;
		ret->need_count = needs.count;
		return 0;
	}
	rc = versions_read(e, p, out, &versions, reterr);
	if (rc < 0)
		return rc;
	return needs_join(&needs, &versions, out, ret, reterr);
}

/* Sections that stand close to each other are one read. */
#define GAP_MAX ((uint64_t)16 << 10)

static void extract_read_ahead(const struct elf *e, const struct parts *p)
{
	const struct lkm_section *s[] = { &p->modinfo, &p->strings };
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
