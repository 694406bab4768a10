// SPDX-License-Identifier: LGPL-2.1-or-later
// BTF: its header, its records, and the names of types.
#include "vmlinux/btf.h"

#include <stdlib.h>

/*
 * Documentation/bpf/btf.rst.  libbpf reads this too, but it takes a whole
 * library for three questions, and trusts what it reads further than a file
 * from elsewhere deserves: here every reach goes through a span.
 */
#define BTF_MAGIC 0xeb9f
#define HEADER_SIZE 24
#define RECORD_SIZE 12

int btf_bad(const struct btf *b, const char *problem, struct lkm_error **reterr)
{
	return FAIL(reterr, VMLINUX_BROKEN, KV_STR("file", b->file),
		    KV_STR("part", "BTF"), KV_STR("problem", problem));
}

uint32_t btf_u32(const struct btf *b, struct span record, uint64_t off)
{
	uint32_t v = 0;

	return span_u32(record, off, b->is_big_endian, &v) ? v : 0;
}

const char *btf_string(const struct btf *b, uint32_t off)
{
	return off < b->strings.size ? (const char *)b->strings.data + off : "";
}

/* What follows a record of @kind with @count entries; false: unknown. */
static bool extra_size(uint32_t kind, uint32_t count, uint64_t *ret)
{
	switch (kind) {
	case BTF_POINTER:
	case BTF_FORWARD:
	case BTF_TYPEDEF:
	case BTF_VOLATILE:
	case BTF_CONST:
	case BTF_RESTRICT:
	case BTF_FUNCTION:
	case BTF_FLOAT:
	case BTF_TYPE_TAG: *ret = 0; return true;
	case BTF_INT:
	case BTF_VARIABLE:
	case BTF_DECL_TAG: *ret = 4; return true;
	case BTF_ARRAY: *ret = 12; return true;
	case BTF_ENUM:
	case BTF_PROTOTYPE: *ret = 8 * (uint64_t)count; return true;
	case BTF_STRUCT:
	case BTF_UNION:
	case BTF_DATA_SECTION:
	case BTF_ENUM64: *ret = 12 * (uint64_t)count; return true;
	default: return false;
	}
}

/* The record at @at of the types. */
static bool record_at(const struct btf *b, uint64_t at, struct btf_type *ret)
{
	struct span head;
	uint64_t extra;
	uint32_t info;

	if (!span_slice(b->types, at, RECORD_SIZE, &head))
		return false;
	info = btf_u32(b, head, 4);
	ret->name = btf_string(b, btf_u32(b, head, 0));
	ret->kind = info >> 24 & 0x1f;
	ret->count = info & 0xffff;
	ret->flag = info >> 31;
	ret->target = btf_u32(b, head, 8);
	return extra_size(ret->kind, ret->count, &extra) &&
	       span_slice(b->types, at, RECORD_SIZE + extra, &ret->record);
}

bool btf_get(const struct btf *b, uint32_t id, struct btf_type *ret)
{
	return id && id < b->count && record_at(b, b->offset[id], ret);
}

/* The first of a name counts; an empty one is no name. */
static bool type_note(struct btf *b, const struct btf_type *t)
{
	struct map_slot *slot;

	if (!*t->name)
		return true;
	switch (t->kind) {
	case BTF_STRUCT:
	case BTF_UNION: slot = map_slot_of(&b->tags, t->name); break;
	case BTF_INT:
	case BTF_FLOAT:
	case BTF_TYPEDEF: slot = map_slot_of(&b->names, t->name); break;
	default: return true;
	}
	if (!slot)
		return false;
	if (!slot->value)
		slot->value = &b->offset[b->count];
	return true;
}

static int btf_walk(struct btf *b, uint64_t limit, struct lkm_error **reterr)
{
	struct btf_type t;
	uint64_t at = 0;

	for (b->count = 1; at < b->types.size; b->count++) {
		if (b->count >= limit)
			return btf_bad(b, "more types than there is room for",
				       reterr);
		if (!record_at(b, at, &t))
			return btf_bad(b,
				       "a type is cut short, or of an "
				       "unknown kind",
				       reterr);
		b->offset[b->count] = (uint32_t)at;
		if (!type_note(b, &t))
			return error_nomem(reterr);
		at += t.record.size;
	}
	return 0;
}

int btf_open(struct btf *b, struct span bytes, struct lkm_error **reterr)
{
	uint32_t size, length;
	uint64_t limit;
	uint16_t magic;
	struct span body;

	if (!span_u16(bytes, 0, b->is_big_endian, &magic) || magic != BTF_MAGIC)
		return btf_bad(b, "it has no magic number", reterr);
	size = btf_u32(b, bytes, 4);
	length = btf_u32(b, bytes, 20);
	if (size < HEADER_SIZE ||
	    !span_slice(bytes, size, bytes.size - MIN_OF(size, bytes.size),
			&body) ||
	    !span_slice(body, btf_u32(b, bytes, 8), btf_u32(b, bytes, 12),
			&b->types) ||
	    !span_slice(body, btf_u32(b, bytes, 16), length, &b->strings))
		return btf_bad(b, "its header points outside", reterr);
	if (!length || b->strings.data[length - 1])
		return btf_bad(b, "its strings do not end in a NUL", reterr);
	limit = MIN_OF(b->types.size / RECORD_SIZE + 2, BTF_TYPES_MAX);
	b->offset = calloc(limit, sizeof(*b->offset));
	if (!b->offset)
		return error_nomem(reterr);
	return btf_walk(b, limit, reterr);
}

void btf_release(struct btf *b)
{
	free(b->offset);
	map_release(&b->tags);
	map_release(&b->names);
	map_release(&b->enums);
	free(b->values);
	*b = (struct btf){ 0 };
}
