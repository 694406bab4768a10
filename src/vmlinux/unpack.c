// SPDX-License-Identifier: LGPL-2.1-or-later
// From the file as it is distributed to the kernel's own bytes.
#include "vmlinux/unpack.h"

#include <elf.h>
#include <string.h>

#include "image/codec.h"
#include "image/parts.h"

/* Documentation/arch/x86/boot.rst: the header of a bzImage. */
#define HEADER_END 0x250
#define SETUP_SECTORS 0x1f1
#define BOOT_FLAG 0x1fe
#define BOOT_FLAG_VALUE 0xaa55
#define MAGIC 0x202
#define VERSION 0x206
#define VERSION_PAYLOAD 0x208 /* the first that says where it is */
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
#define SECTOR 512
#define SECTORS_DEFAULT 4
/* Documentation/arch/arm64/booting.rst */
#define ARM64_MAGIC 0x38

/* A well packed kernel; more than that is not believed before it is seen. */
#define RATIO_MAX 32

static int unpack_format(const char *file, const char *problem,
			 struct lkm_error **reterr)
{
	return FAIL(reterr, VMLINUX_FORMAT, KV_STR("file", file),
		    KV_STR("problem", problem));
}

static bool has_magic(struct span s, uint64_t at, const char *magic,
		      size_t size)
{
	struct span found;

	return span_slice(s, at, size, &found) &&
	       !memcmp(found.data, magic, size);
}

/* Is it a kernel as it is?  False: not one that is known. */
static bool is_kernel(struct span head, enum unpack_kind *ret)
{
	if (has_magic(head, 0, ELFMAG, SELFMAG))
		*ret = UNPACK_ELF;
	else if (has_magic(head, ARM64_MAGIC, "ARM\x64", 4))
		*ret = UNPACK_ARM64;
	else
		return false;
	return true;
}

static bool is_bzimage(struct span head)
{
	uint16_t flag;

	return span_u16(head, BOOT_FLAG, false, &flag) &&
	       flag == BOOT_FLAG_VALUE && has_magic(head, MAGIC, "HdrS", 4);
}

/* The packed kernel of a bzImage. */
static int find_payload(struct source *source, struct span head,
			const char *file, struct span *ret,
			struct lkm_error **reterr)
{
	uint32_t offset, length;
	uint16_t version;
	uint8_t sectors;
	uint64_t at;

	if (!span_u8(head, SETUP_SECTORS, &sectors) ||
	    !span_u16(head, VERSION, false, &version) ||
	    !span_u32(head, PAYLOAD_OFFSET, false, &offset) ||
	    !span_u32(head, PAYLOAD_LENGTH, false, &length))
		return FAIL(reterr, VMLINUX_TRUNCATED, KV_STR("file", file),
			    KV_STR("what", "the setup header"),
			    KV_NUM("length", HEADER_END), KV_NUM("offset", 0),
			    KV_NUM("size", source->size));
	if (version < VERSION_PAYLOAD)
		return unpack_format(file,
				     "a bzImage from before v2.6.26 does not "
				     "say where its kernel is",
				     reterr);
	at = ((uint64_t)(sectors ? sectors : SECTORS_DEFAULT) + 1) * SECTOR +
	     offset;
	if (source_slice(source, at, length, ret))
		return 0;
	if (source->error)
		return image_read_all(source, file, ret, reterr);
	return FAIL(reterr, VMLINUX_TRUNCATED, KV_STR("file", file),
		    KV_STR("what", "the packed kernel"),
		    KV_NUM("length", length), KV_NUM("offset", at),
		    KV_NUM("size", source->size));
}

/* Decompress @packed; the result is @source, the file is left. */
static int decompress(struct source *source, struct span packed,
		      enum lkm_compression format, uint64_t size,
		      const char *file, struct lkm_error **reterr)
{
	struct codec codec = { 0 };
	size_t got;
	int rc;

	/* One byte more than the last: an end is noticed without growing. */
	codec.first = MIN_OF(size, (uint64_t)packed.size * RATIO_MAX) + 1;
	rc = codec_decode(&codec, format, packed, file, reterr);
	got = codec.size;
	if (rc == 0 && size && got != size)
		rc = FAIL(reterr, VMLINUX_BROKEN, KV_STR("file", file),
			  KV_STR("part", "packed kernel"),
			  KV_STR("problem", "it has another size than stated"));
	if (rc == 0) {
		source_release(source);
		*source = (struct source){ .fd = -1 };
		source_from_heap(source, codec_take(&codec), got);
	}
	codec_release(&codec);
	return rc;
}

/*
 * The kernel's build appends the size to all but gzip's, which ends in it
 * (scripts/Makefile.lib, size_append).
 */
static int unpack_payload(struct source *source, struct span packed,
			  const char *file, const char **ret_payload,
			  struct lkm_error **reterr)
{
	enum lkm_compression format = codec_detect_kernel(packed);
	uint32_t size = 0;
	int rc;

	if (format == LKM_COMPRESSION_NONE)
		return unpack_format(file,
				     "the kernel in it is packed in an unknown "
				     "way",
				     reterr);
	if (packed.size < sizeof(size) ||
	    !span_u32(packed, packed.size - sizeof(size), false, &size))
		return FAIL(reterr, VMLINUX_BROKEN, KV_STR("file", file),
			    KV_STR("part", "packed kernel"),
			    KV_STR("problem", "it is too short"));
	if (format != LKM_COMPRESSION_GZIP)
		packed.size -= sizeof(size);
	rc = decompress(source, packed, format, size, file, reterr);
	if (rc < 0)
		return rc;
	*ret_payload = lkm_compression_name(format);
	return 0;
}

static int unpack_bzimage(struct source *source, struct span head,
			  const char *file, struct unpacked *ret,
			  struct lkm_error **reterr)
{
	struct span packed;
	int rc;

	rc = find_payload(source, head, file, &packed, reterr);
	if (rc < 0)
		return rc;
	rc = unpack_payload(source, packed, file, &ret->payload, reterr);
	if (rc < 0)
		return rc;
	if (source_slice(source, 0, MIN_OF(source->size, HEADER_END), &head) &&
	    is_kernel(head, &ret->kind) && ret->kind == UNPACK_ELF)
		return 0;
	return unpack_format(file, "what is packed in it is no ELF file",
			     reterr);
}

/* vmlinux.xz, or arm64's Image.gz: a whole file, as those tools write it. */
static int unpack_file(struct source *source, enum lkm_compression format,
		       const char *file, struct unpacked *ret,
		       struct lkm_error **reterr)
{
	struct span all, head;
	int rc;

	rc = image_read_all(source, file, &all, reterr);
	if (rc < 0)
		return rc;
	rc = decompress(source, all, format, 0, file, reterr);
	if (rc < 0)
		return rc;
	ret->payload = lkm_compression_name(format);
	if (source_slice(source, 0, MIN_OF(source->size, HEADER_END), &head) &&
	    is_kernel(head, &ret->kind))
		return 0;
	return unpack_format(file, "what is packed in it is no kernel", reterr);
}

int unpack(struct source *source, const char *file, struct unpacked *ret,
	   struct lkm_error **reterr)
{
	enum lkm_compression format;
	struct span head;

	if (!source_slice(source, 0, MIN_OF(source->size, HEADER_END), &head))
		return image_read_all(source, file, &head, reterr);
	ret->payload = lkm_compression_name(LKM_COMPRESSION_NONE);
	if (is_bzimage(head))
		return unpack_bzimage(source, head, file, ret, reterr);
	if (is_kernel(head, &ret->kind))
		return 0;
	format = codec_detect_kernel(head);
	if (format != LKM_COMPRESSION_NONE)
		return unpack_file(source, format, file, ret, reterr);
	return unpack_format(file,
			     "it is neither a bzImage, nor ELF, nor arm64's "
			     "Image",
			     reterr);
}
