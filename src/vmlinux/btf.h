// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel's own description of its types, as far as lkm asks.
#pragma once

#include "base/map.h"
#include "vmlinux/kimage.h"

/* Debian's 6.12 has 137,000 types. */
#define BTF_TYPES_MAX ((uint64_t)1 << 22)

/*
 * Borrows its bytes.  Every type's record is known to be inside of them; the
 * ids that records refer to are not checked before they are followed.
 */
struct btf {
	const char *file;
	bool is_big_endian;
	unsigned int pointer; /* bytes */
	struct span types;
	struct span strings;
	uint32_t *offset; /* of type id, in @types; 0 is void */
	uint32_t count;	  /* ids; 0 included */
	struct map tags;  /* struct, union: name -> record */
	struct map names; /* typedef, basic type */
	struct map enums; /* enumerator -> value; filled when first asked */
	int64_t *values;
};

/*
 * @bytes: section .BTF of a kernel whose order and pointers are set in @b, and
 * its name.  @b is released by the caller, also on failure.
 */
int btf_open(struct btf *b, struct span bytes, struct lkm_error **reterr);
void btf_release(struct btf *b);
/* As the functions of lkm/vmlinux.h: 1, 0, vmlinux.broken. */
int btf_member(const struct btf *b, const char *path,
	       struct lkm_btf_member *ret, struct lkm_error **reterr);
int btf_sizeof(const struct btf *b, const char *type, uint32_t *ret,
	       struct lkm_error **reterr);
int btf_enumerator(struct btf *b, const char *name, int64_t *ret,
		   struct lkm_error **reterr);

/* One type's record. */
struct btf_type {
	struct span record; /* with what follows its 12 bytes */
	const char *name;
	uint32_t kind;
	uint32_t count;	 /* members, enumerators, ... */
	bool flag;	 /* bit fields; signed */
	uint32_t target; /* size, or the id of another type */
};

enum btf_kind {
	BTF_INT = 1,
	BTF_POINTER = 2,
	BTF_ARRAY = 3,
	BTF_STRUCT = 4,
	BTF_UNION = 5,
	BTF_ENUM = 6,
	BTF_FORWARD = 7,
	BTF_TYPEDEF = 8,
	BTF_VOLATILE = 9,
	BTF_CONST = 10,
	BTF_RESTRICT = 11,
	BTF_FUNCTION = 12,
	BTF_PROTOTYPE = 13,
	BTF_VARIABLE = 14,
	BTF_DATA_SECTION = 15,
	BTF_FLOAT = 16,
	BTF_DECL_TAG = 17,
	BTF_TYPE_TAG = 18,
	BTF_ENUM64 = 19,
};

/* Type @id; false: there is none, or it is void. */
bool btf_get(const struct btf *b, uint32_t id, struct btf_type *ret);
/* A record's own numbers; it has them, so this does not fail. */
uint32_t btf_u32(const struct btf *b, struct span record, uint64_t off);
/* The string at @off, "" where there is none. */
const char *btf_string(const struct btf *b, uint32_t off);
int btf_bad(const struct btf *b, const char *problem,
	    struct lkm_error **reterr);
