// SPDX-License-Identifier: LGPL-2.1-or-later
// The signature that is appended to a module: where it is, not whether it
// holds.
#include "image/parts.h"

static const char marker[] = "~Module signature appended~\n";

#define MARKER_SIZE (sizeof(marker) - 1)
/* struct module_signature: five bytes, three of padding, a big-endian size. */
#define TRAILER_SIZE 12
#define TRAILER_LENGTH_AT 8

int signature_find(const struct elf *e, struct lkm_signature *ret,
		   struct lkm_error **reterr)
{
	uint64_t end = e->source->size, rest;
	struct lkm_signature found = { 0 };
	struct span s, trailer, data;
	uint32_t length;
	int rc;

	if (end < MARKER_SIZE)
		return 0;
	end -= MARKER_SIZE;
	rc = elf_slice(e, end, MARKER_SIZE, "the signature", &s, reterr);
	if (rc < 0)
		return rc;
	if (!span_equals(s, SPAN_LITERAL(marker)))
		return 0;
	rest = MIN_OF(end, TRAILER_SIZE);
	rc = elf_slice(e, end - rest, rest, "the signature", &trailer, reterr);
	if (rc < 0)
		return rc;
	if (!span_u8(trailer, 0, &found.algo) ||
	    !span_u8(trailer, 1, &found.hash) ||
	    !span_u8(trailer, 2, &found.id_type) ||
	    !span_u8(trailer, 3, &found.signer_len) ||
	    !span_u8(trailer, 4, &found.key_id_len) ||
	    !span_u32(trailer, TRAILER_LENGTH_AT, true, &length) || !length ||
	    length > end - TRAILER_SIZE)
		return FAIL(reterr, IMAGE_SIGNATURE_BROKEN,
			    KV_STR("file", e->file));
	found.signed_size = end - TRAILER_SIZE - length;
	found.size = length;
	rc = elf_slice(e, found.signed_size, length, "the signature", &data,
		       reterr);
	if (rc < 0)
		return rc;
	found.data = data.data;
	*ret = found;
	return 1;
}

/* A note: sizes of name and content, type, then both, padded to 4 bytes. */
#define NOTE_HEAD 12
#define NT_GNU_BUILD_ID_TYPE 3

int build_id_find(const struct elf *e, struct span *ret,
		  struct lkm_error **reterr)
{
	bool big = e->header.is_big_endian;
	struct lkm_section section;
	uint32_t name_size, size, type;
	struct span s, name;
	int rc;

	if (!elf_find(e, ".note.gnu.build-id", &section))
		return 0;
	rc = elf_content(e, &section, &s, reterr);
	if (rc < 0)
		return rc;
	if (!span_u32(s, 0, big, &name_size) || !span_u32(s, 4, big, &size) ||
	    !span_u32(s, 8, big, &type) || type != NT_GNU_BUILD_ID_TYPE ||
	    !span_slice(s, NOTE_HEAD, name_size, &name) ||
	    !span_equals(name, ((struct span){ (const uint8_t *)"GNU", 4 })) ||
	    !span_slice(s, NOTE_HEAD + 4, size, ret))
		return FAIL(reterr, IMAGE_NOTE_BROKEN, KV_STR("file", e->file),
			    KV_STR("section", section.name));
	return 1;
}
