// SPDX-License-Identifier: LGPL-2.1-or-later
// One module file: opening it, and what is asked of it.
#include <lkm/image.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/text.h"
#include "image/extract.h"
#include "image/parts.h"
#include "image/symbols.h"

struct lkm_image {
	char *path;
	int fd;
	enum lkm_compression compression;
	struct source source; /* decompressed */
	struct elf elf;
	struct parts parts;
	struct arena arena;
	char name[MODULE_NAME_MAX];
	/* What was asked for already. */
	bool has_modinfo;
	const struct lkm_modinfo *modinfo;
	size_t modinfo_count;
	bool has_needs;
	struct needs needs;
	bool has_exports;
	const struct lkm_export *exports;
	size_t export_count;
	bool has_versions;
	const struct lkm_version *versions;
	size_t version_count;
	const struct lkm_section *sections;
};

int image_open_failed(int err, const char *name, uint64_t size,
		      struct lkm_error **reterr)
{
	if (err == -EFBIG)
		return FAIL(reterr, IMAGE_SIZE, KV_STR("file", name),
			    KV_NUM("size", size),
			    KV_NUM("limit", IMAGE_FILE_MAX));
	if (err == -EISDIR || err == -EINVAL)
		return FAIL(reterr, IMAGE_TYPE, KV_STR("file", name));
	return error_system(reterr, err, "read", name);
}

int image_read_all(struct source *file, const char *name, struct span *ret,
		   struct lkm_error **reterr)
{
	if (source_all(file, ret))
		return 0;
	if (file->error == ENODATA)
		return FAIL(reterr, IMAGE_CHANGED, KV_STR("file", name));
	return error_system(reterr, file->error, "read", name);
}

int image_decode(struct source *file, struct codec *codec, const char *name,
		 enum lkm_compression *ret, struct lkm_error **reterr)
{
	const char *unknown;
	struct span bytes;
	int rc;

	/* An unreadable head is reported by whoever needs it next. */
	if (!source_slice(file, 0, MIN_OF(file->size, 16), &bytes))
		return image_read_all(file, name, &bytes, reterr);
	*ret = codec_detect(bytes, &unknown);
	if (unknown)
		return FAIL(reterr, IMAGE_COMPRESSION_UNSUPPORTED,
			    KV_STR("file", name), KV_STR("format", unknown));
	if (*ret == LKM_COMPRESSION_NONE)
		return 0;
	rc = image_read_all(file, name, &bytes, reterr);
	if (rc < 0)
		return rc;
	rc = codec_decode(codec, *ret, bytes, name, reterr);
	return rc < 0 ? rc : 1;
}

static int image_load(struct lkm_image *image, struct lkm_error **reterr)
{
	struct codec codec = { 0 };
	size_t size;
	int rc;

	rc = image_decode(&image->source, &codec, image->path,
			  &image->compression, reterr);
	if (rc > 0) {
		size = codec.size;
		source_from_heap(&image->source, codec_take(&codec), size);
	}
	codec_release(&codec);
	if (rc < 0)
		return rc;
	rc = elf_open(&image->elf, &image->source, image->path, reterr);
	if (rc < 0)
		return rc;
	parts_find(&image->elf, &image->parts);
	return 0;
}

static int image_new(const char *path, struct lkm_image **ret,
		     struct lkm_error **reterr)
{
	struct lkm_image *image = calloc(1, sizeof(*image));

	if (!image)
		return error_nomem(reterr);
	image->fd = -1;
	image->source.fd = -1;
	image->path = strdup(path);
	if (!image->path) {
		lkm_image_free(image);
		return error_nomem(reterr);
	}
	*ret = image;
	return 0;
}

/* @fd is the caller's until this has succeeded. */
int lkm_image_open_fd(int fd, const char *name, struct lkm_image **ret,
		      struct lkm_error **reterr)
{
	struct lkm_image *image;
	struct stat st = { 0 };
	int rc;

	rc = image_new(name, &image, reterr);
	if (rc < 0)
		return rc;
	rc = source_open_stat(&image->source, fd, &st, IMAGE_FILE_MAX);
	if (rc < 0)
		rc = image_open_failed(rc, name, (uint64_t)st.st_size, reterr);
	else
		rc = image_load(image, reterr);
	if (rc < 0) {
		lkm_image_free(image);
		return rc;
	}
	image->fd = fd;
	*ret = image;
	return 0;
}

int lkm_image_open(const char *path, struct lkm_image **ret,
		   struct lkm_error **reterr)
{
	int fd = open(path, IMAGE_OPEN_FLAGS);
	int rc;

	if (fd < 0)
		return error_system(reterr, errno, "open", path);
	rc = lkm_image_open_fd(fd, path, ret, reterr);
	if (rc < 0)
		close(fd);
	return rc;
}

int lkm_image_open_memory(const void *bytes, size_t size, const char *name,
			  struct lkm_image **ret, struct lkm_error **reterr)
{
	struct lkm_image *image;
	int rc;

	rc = image_new(name, &image, reterr);
	if (rc < 0)
		return rc;
	source_from_span(&image->source, (struct span){ bytes, size });
	rc = image_load(image, reterr);
	if (rc < 0) {
		lkm_image_free(image);
		return rc;
	}
	*ret = image;
	return 0;
}

void lkm_image_free(struct lkm_image *image)
{
	if (!image)
		return;
	source_release(&image->source);
	arena_release(&image->arena);
	if (image->fd >= 0)
		close(image->fd);
	free(image->path);
	free(image);
}

const char *lkm_image_path(const struct lkm_image *image)
{
	return image->path;
}

const char *lkm_image_name(struct lkm_image *image)
{
	const char *name = lkm_image_modinfo_get(image, "name");

	if (name && *name)
		return name;
	if (!*image->name &&
	    !module_name_of_file(image->path, image->name, sizeof(image->name)))
		return "";
	return image->name;
}

enum lkm_compression lkm_image_compression(const struct lkm_image *image)
{
	return image->compression;
}

int lkm_image_fd(const struct lkm_image *image)
{
	return image->fd;
}

const struct lkm_elf *lkm_image_elf(const struct lkm_image *image)
{
	return &image->elf.header;
}

int lkm_image_content(struct lkm_image *image, const void **ret_bytes,
		      size_t *ret_size, struct lkm_error **reterr)
{
	struct span all;
	int rc;

	rc = elf_slice(&image->elf, 0, image->source.size, "the file", &all,
		       reterr);
	if (rc < 0)
		return rc;
	*ret_bytes = all.data;
	*ret_size = all.size;
	return 0;
}

int lkm_image_modinfo(struct lkm_image *image, const struct lkm_modinfo **ret,
		      size_t *ret_count, struct lkm_error **reterr)
{
	int rc;

	if (!image->has_modinfo) {
		rc = modinfo_read(&image->elf, &image->parts, &image->arena,
				  &image->modinfo, &image->modinfo_count,
				  reterr);
		if (rc < 0)
			return rc;
		image->has_modinfo = true;
	}
	*ret = image->modinfo;
	*ret_count = image->modinfo_count;
	return 0;
}

const char *lkm_image_modinfo_get(struct lkm_image *image, const char *key)
{
	const struct lkm_modinfo *items;
	size_t count;

	if (lkm_image_modinfo(image, &items, &count, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(items[i].key, key))
			return items[i].value;
	}
	return NULL;
}

static int image_read_needs(struct lkm_image *image, struct lkm_error **reterr)
{
	struct needs versions;
	int rc;

	rc = versions_read(&image->elf, &image->parts, &image->arena, &versions,
			   reterr);
	if (rc < 0)
		return rc;
	rc = needs_read(&image->elf, &versions, &image->arena, &image->needs,
			reterr);
	image->has_needs = rc == 0;
	return rc;
}

int lkm_image_needs(struct lkm_image *image, const struct lkm_need **ret,
		    size_t *ret_count, struct lkm_error **reterr)
{
	int rc = image->has_needs ? 0 : image_read_needs(image, reterr);

	if (rc < 0)
		return rc;
	*ret = image->needs.items;
	*ret_count = image->needs.count;
	return 0;
}

int lkm_image_exports(struct lkm_image *image, const struct lkm_export **ret,
		      size_t *ret_count, struct lkm_error **reterr)
{
	int rc;

	if (!image->has_exports) {
		rc = exports_read(&image->elf, &image->parts, &image->arena,
				  &image->exports, &image->export_count,
				  reterr);
		if (rc < 0)
			return rc;
		image->has_exports = true;
	}
	*ret = image->exports;
	*ret_count = image->export_count;
	return 0;
}

static int image_read_versions(struct lkm_image *image,
			       struct lkm_error **reterr)
{
	struct lkm_version *items;
	struct needs read;
	int rc;

	rc = versions_read(&image->elf, &image->parts, &image->arena, &read,
			   reterr);
	if (rc < 0)
		return rc;
	items = arena_alloc(&image->arena, read.count * sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	for (size_t i = 0; i < read.count; i++)
		items[i] = (struct lkm_version){ read.items[i].name,
						 read.items[i].crc };
	image->versions = items;
	image->version_count = read.count;
	image->has_versions = true;
	return 0;
}

int lkm_image_versions(struct lkm_image *image, const struct lkm_version **ret,
		       size_t *ret_count, struct lkm_error **reterr)
{
	int rc = image->has_versions ? 0 : image_read_versions(image, reterr);

	if (rc < 0)
		return rc;
	*ret = image->versions;
	*ret_count = image->version_count;
	return 0;
}

int lkm_image_sections(struct lkm_image *image, const struct lkm_section **ret,
		       size_t *ret_count, struct lkm_error **reterr)
{
	uint32_t count = image->elf.count;
	struct lkm_section *items;

	if (!image->sections) {
		items = arena_alloc(&image->arena, count * sizeof(*items));
		if (!items)
			return error_nomem(reterr);
		for (uint32_t i = 0; i < count; i++)
			elf_section(&image->elf, i, &items[i]);
		image->sections = items;
	}
	*ret = image->sections;
	*ret_count = count;
	return 0;
}

int lkm_image_section_data(struct lkm_image *image, size_t index,
			   const void **ret_bytes, size_t *ret_size,
			   struct lkm_error **reterr)
{
	struct lkm_section section;
	char name[32];
	struct span s;
	int rc;

	if (index >= image->elf.count)
		return FAIL(reterr, IMAGE_SECTION_UNKNOWN,
			    KV_STR("file", image->path),
			    KV_NUM("section", index));
	elf_section(&image->elf, (uint32_t)index, &section);
	snprintf(name, sizeof(name), "section %zu", index);
	section.name = name;
	rc = elf_content(&image->elf, &section, &s, reterr);
	if (rc < 0)
		return rc;
	*ret_bytes = s.data;
	*ret_size = s.size;
	return 0;
}

int lkm_image_signature(struct lkm_image *image, struct lkm_signature *ret,
			struct lkm_error **reterr)
{
	return signature_find(&image->elf, ret, reterr);
}

int lkm_image_build_id(struct lkm_image *image, const uint8_t **ret,
		       size_t *ret_size, struct lkm_error **reterr)
{
	struct span s;
	int rc = build_id_find(&image->elf, &s, reterr);

	if (rc <= 0)
		return rc;
	*ret = s.data;
	*ret_size = s.size;
	return 1;
}
