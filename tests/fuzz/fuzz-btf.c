// SPDX-License-Identifier: LGPL-2.1-or-later
// BTF, and questions about every type that it names.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmlinux/btf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Types and members asked for, of one input. */
#define ASK_MAX 40

static void check(int rc, struct lkm_error *error)
{
	if ((rc < 0) != (error != NULL))
		abort();
	lkm_error_free(error);
}

#define ASK(call)                               \
	do {                                    \
		struct lkm_error *error = NULL; \
		int rc = (call);                \
                                                \
		check(rc, error);               \
	} while (0)

static void ask_member(const struct btf *b, const char *type,
		       const char *member)
{
	struct lkm_btf_member found;
	char path[256];

	snprintf(path, sizeof(path), "%s.%s", type, member);
	ASK(btf_member(b, path, &found, &error));
	snprintf(path, sizeof(path), "%s.%s.x", type, member);
	ASK(btf_member(b, path, &found, &error));
}

static void ask_type(struct btf *b, const struct btf_type *t)
{
	const char *inner = btf_string(b, btf_u32(b, t->record, 12));
	char name[128];
	uint32_t size;
	int64_t value;

	ASK(btf_sizeof(b, t->name, &size, &error));
	snprintf(name, sizeof(name), "struct %.100s", t->name);
	ASK(btf_sizeof(b, name, &size, &error));
	if (t->kind == BTF_STRUCT)
		ask_member(b, t->name, inner);
	ask_member(b, t->name, "none");
	if (t->kind == BTF_ENUM)
		ASK(btf_enumerator(b, inner, &value, &error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf b = { .file = "fuzz", .pointer = 8 };
	struct btf_type t;

	b.is_big_endian = size && data[0] == 0xeb;
	ASK(btf_open(&b, (struct span){ data, size }, &error));
	/* Of one that is broken the first types are known all the same. */
	for (uint32_t id = 1; id < b.count && id < ASK_MAX; id++) {
		if (!btf_get(&b, id, &t))
			abort();
		if (strlen(t.name) < 100)
			ask_type(&b, &t);
	}
	btf_release(&b);
	return 0;
}
