// SPDX-License-Identifier: LGPL-2.1-or-later
// BTF: members, sizes and enumerators.
#include "vmlinux/btf.h"

#include <stdlib.h>
#include <string.h>

/* Types that are only names or qualifiers of others, one behind another. */
#define CHAIN_MAX 32
/* Unnamed members inside of each other. */
#define DEPTH_MAX 16
/* Members looked at for one answer; the largest structure has some 600. */
#define STEPS_MAX (1 << 14)

/* The type itself behind typedef, const and the like: 1, 0: void. */
static int type_strip(const struct btf *b, uint32_t id, struct btf_type *ret,
		      struct lkm_error **reterr)
{
	for (int i = 0; i < CHAIN_MAX; i++) {
		if (!id)
			return 0;
		if (!btf_get(b, id, ret))
			return btf_bad(b,
				       "a type refers to one that is not "
				       "there",
				       reterr);
		switch (ret->kind) {
		case BTF_TYPEDEF:
		case BTF_VOLATILE:
		case BTF_CONST:
		case BTF_RESTRICT:
		case BTF_TYPE_TAG: id = ret->target; break;
		default: return 1;
		}
	}
	return btf_bad(b, "a type refers to itself", reterr);
}

/* Bytes of @id; 0 of a function, a forward declaration or void. */
static int type_size(const struct btf *b, uint32_t id, uint32_t *ret,
		     struct lkm_error **reterr)
{
	uint64_t factor = 1;
	struct btf_type t;
	int rc;

	for (int i = 0; i < CHAIN_MAX; i++) {
		uint64_t size = 0;

		rc = type_strip(b, id, &t, reterr);
		if (rc < 0)
			return rc;
		if (rc > 0 && t.kind == BTF_ARRAY) {
			factor *= btf_u32(b, t.record, 20);
			if (factor > UINT32_MAX)
				break;
			id = btf_u32(b, t.record, 12);
			continue;
		}
		if (rc > 0 && t.kind == BTF_POINTER)
			size = b->pointer;
		else if (rc > 0 &&
			 (t.kind == BTF_INT || t.kind == BTF_STRUCT ||
			  t.kind == BTF_UNION || t.kind == BTF_ENUM ||
			  t.kind == BTF_ENUM64 || t.kind == BTF_FLOAT))
			size = t.target;
		if (size * factor > UINT32_MAX)
			break;
		*ret = (uint32_t)(size * factor);
		return 0;
	}
	return btf_bad(b, "a type is larger than 4 GiB", reterr);
}

/* A search for one member in a structure and its unnamed ones. */
struct search {
	const struct btf *b;
	struct span name;
	int steps;
	uint32_t found_type;
	uint64_t bit_offset;
	uint32_t bit_size;
};

static bool is_named(const char *s, struct span name)
{
	return !strncmp(s, (const char *)name.data, name.size) && !s[name.size];
}

static bool has_members(const struct btf_type *t)
{
	return t->kind == BTF_STRUCT || t->kind == BTF_UNION;
}

/* 1 found, 0 not; @base: bits before @t. */
static int search_in(struct search *s, const struct btf_type *t, uint64_t base,
		     int depth, struct lkm_error **reterr)
{
	struct btf_type inner;
	int rc = 0;

	if (depth > DEPTH_MAX)
		return btf_bad(s->b, "structures stand inside of each other",
			       reterr);
	for (uint64_t i = 0; rc == 0 && i < t->count; i++) {
		uint64_t at = 12 + 12 * i;
		const char *name = btf_string(s->b,
					      btf_u32(s->b, t->record, at));
		uint32_t type = btf_u32(s->b, t->record, at + 4);
		uint32_t bits = btf_u32(s->b, t->record, at + 8);
		uint64_t offset = base + (t->flag ? bits & 0xffffff : bits);

		if (++s->steps > STEPS_MAX)
			return btf_bad(s->b, "unnamed members without end",
				       reterr);
		if (*name && is_named(name, s->name)) {
			s->found_type = type;
			s->bit_offset = offset;
			s->bit_size = t->flag ? bits >> 24 : 0;
			return 1;
		}
		if (*name)
			continue;
		rc = type_strip(s->b, type, &inner, reterr);
		if (rc > 0)
			rc = has_members(&inner) ?
				     search_in(s, &inner, offset, depth + 1,
					       reterr) :
				     0;
	}
	return rc;
}

/* The type that a name stands for: 1, 0: none. */
static int type_named(const struct btf *b, struct span name, bool is_tag,
		      struct btf_type *ret, struct lkm_error **reterr)
{
	const uint32_t *offset = map_get_len(is_tag ? &b->tags : &b->names,
					     (const char *)name.data,
					     name.size);

	return offset ? type_strip(b, (uint32_t)(offset - b->offset), ret,
				   reterr) :
			0;
}

/* The part of @path up to its first '.'; what is behind, NULL: nothing. */
static struct span path_first(const char *path, const char **ret_rest)
{
	size_t size = strcspn(path, ".");

	*ret_rest = path[size] ? path + size + 1 : NULL;
	return (struct span){ (const uint8_t *)path, size };
}

int btf_member(const struct btf *b, const char *path,
	       struct lkm_btf_member *ret, struct lkm_error **reterr)
{
	struct search s = { .b = b };
	struct btf_type t;
	const char *rest;
	uint32_t size;
	int rc;

	s.name = path_first(path, &rest);
	rc = type_named(b, s.name, true, &t, reterr);
	if (rc == 0)
		rc = type_named(b, s.name, false, &t, reterr);
	if (rc <= 0 || !rest)
		return rc < 0 ? rc : 0;
	while (rest) {
		s.name = path_first(rest, &rest);
		if (!has_members(&t))
			return 0;
		rc = search_in(&s, &t, s.bit_offset, 0, reterr);
		if (rc <= 0)
			return rc;
		rc = rest ? type_strip(b, s.found_type, &t, reterr) : 1;
		if (rc <= 0)
			return rc;
	}
	rc = type_size(b, s.found_type, &size, reterr);
	if (rc < 0)
		return rc;
	if (s.bit_offset > UINT32_MAX)
		return btf_bad(b, "a member is behind 512 MiB", reterr);
	*ret = (struct lkm_btf_member){ (uint32_t)s.bit_offset, s.bit_size,
					size };
	return 1;
}

int btf_sizeof(const struct btf *b, const char *type, uint32_t *ret,
	       struct lkm_error **reterr)
{
	static const struct {
		const char *prefix;
		uint32_t kind;
	} tags[] = { { "struct ", BTF_STRUCT }, { "union ", BTF_UNION } };
	const uint32_t *offset = NULL;
	struct btf_type t;
	bool is_tag = false;
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(tags) && !is_tag; i++) {
		size_t skip = strlen(tags[i].prefix);

		if (strncmp(type, tags[i].prefix, skip) != 0)
			continue;
		is_tag = true;
		offset = map_get(&b->tags, type + skip);
		if (!offset ||
		    !btf_get(b, (uint32_t)(offset - b->offset), &t) ||
		    t.kind != tags[i].kind)
			return 0;
	}
	if (!is_tag)
		offset = map_get(&b->names, type);
	if (!offset)
		return 0;
	rc = type_size(b, (uint32_t)(offset - b->offset), ret, reterr);
	return rc < 0 ? rc : 1;
}

static int64_t enumerator_value(const struct btf *b, const struct btf_type *t,
				uint64_t at)
{
	uint32_t low = btf_u32(b, t->record, at + 4);

	if (t->kind == BTF_ENUM64)
		return (int64_t)((uint64_t)btf_u32(b, t->record, at + 8) << 32 |
				 low);
	return t->flag ? (int64_t)(int32_t)low : (int64_t)low;
}

static bool is_enum(const struct btf_type *t)
{
	return t->kind == BTF_ENUM || t->kind == BTF_ENUM64;
}

/* Those of type @t to @values; of a name the first counts. */
static bool enums_add(struct btf *b, const struct btf_type *t, int64_t *values)
{
	uint64_t size = t->kind == BTF_ENUM ? 8 : 12;
	struct map_slot *slot;

	for (uint32_t i = 0; i < t->count; i++) {
		uint64_t at = 12 + i * size;
		const char *name = btf_string(b, btf_u32(b, t->record, at));

		slot = map_slot_of(&b->enums, name);
		if (!slot)
			return false;
		values[i] = enumerator_value(b, t, at);
		if (!slot->value)
			slot->value = &values[i];
	}
	return true;
}

static bool enums_fill(struct btf *b)
{
	struct btf_type t;
	size_t count = 0;

	for (uint32_t id = 1; id < b->count; id++) {
		if (btf_get(b, id, &t) && is_enum(&t))
			count += t.count;
	}
	b->values = calloc(count + 1, sizeof(*b->values));
	if (!b->values)
		return false;
	count = 0;
	for (uint32_t id = 1; id < b->count; id++) {
		if (!btf_get(b, id, &t) || !is_enum(&t))
			continue;
		if (!enums_add(b, &t, b->values + count))
			return false;
		count += t.count;
	}
	return true;
}

int btf_enumerator(struct btf *b, const char *name, int64_t *ret,
		   struct lkm_error **reterr)
{
	const int64_t *value;

	if (!b->values && !enums_fill(b)) {
		map_release(&b->enums);
		free(b->values);
		b->values = NULL;
		return error_nomem(reterr);
	}
	value = map_get(&b->enums, name);
	if (!value)
		return 0;
	*ret = *value;
	return 1;
}
