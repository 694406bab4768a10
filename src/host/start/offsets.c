// SPDX-License-Identifier: GPL-2.0-only
// Where members of the kernel's structures are, from the image's BTF.
#include "diag/error.h"
#include "host/host.h"

enum kind { NEEDED, MAY, SIZE_OF, SIZE_OF_MAY };

struct wanted {
	const char *path;
	size_t place;
	enum kind kind;
};

static const struct wanted wanted[] = {
#define OFFSET(field, path) { path, offsetof(struct offsets, field), NEEDED },
#define OFFSET_MAY(field, path) { path, offsetof(struct offsets, field), MAY },
#define SIZE(field, type) { type, offsetof(struct offsets, field), SIZE_OF },
#define SIZE_MAY(field, type) \
	{ type, offsetof(struct offsets, field), SIZE_OF_MAY },
#include "host/start/offsets.def"
#undef OFFSET
#undef OFFSET_MAY
#undef SIZE
#undef SIZE_MAY
};

int offsets_read(struct lkm_error **reterr)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const struct wanted *w = &wanted[i];
		struct lkm_btf_member m = { 0 };
		uint32_t value = NO_OFFSET;
		int r;

		if (w->kind == SIZE_OF || w->kind == SIZE_OF_MAY) {
			uint32_t size;

			r = lkm_vmlinux_sizeof(host.image, w->path, &size,
					       reterr);
			if (r > 0)
				value = size;
		} else {
			r = lkm_vmlinux_member(host.image, w->path, &m, reterr);
			if (r > 0)
				value = m.bit_offset / 8;
		}
		if (r < 0)
			return r;
		if (!r && w->kind != MAY && w->kind != SIZE_OF_MAY)
			return FAIL(reterr, HOST_OFFSET_ABSENT,
				    KV_STR("path", w->path));
		*(uint32_t *)((char *)&host.off + w->place) = value;
	}
	return 0;
}
