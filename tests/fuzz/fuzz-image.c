// SPDX-License-Identifier: LGPL-2.1-or-later
// One module file from memory: everything that is asked of an image.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lkm/image.h>

#include "ask.h"
#include "image/extract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t ask_symbols(struct lkm_image *image)
{
	const struct lkm_version *versions;
	const struct lkm_export *exports;
	const struct lkm_need *needs;
	size_t count, sum = 0;
	int rc;

	ASK(lkm_image_exports(image, &exports, &count, &error));
	for (size_t i = 0; rc == 0 && i < count; i++)
		sum += look_at(exports[i].name) +
		       look_at(exports[i].name_space);
	ASK(lkm_image_needs(image, &needs, &count, &error));
	for (size_t i = 0; rc == 0 && i < count; i++)
		sum += look_at(needs[i].name);
	ASK(lkm_image_versions(image, &versions, &count, &error));
	for (size_t i = 0; rc == 0 && i < count; i++)
		sum += look_at(versions[i].name);
	return sum;
}

static size_t ask(struct lkm_image *image)
{
	const struct lkm_section *sections;
	const struct lkm_modinfo *modinfo;
	struct lkm_signature signature;
	size_t count, size, sum = 0;
	const uint8_t *id;
	const void *data;
	int rc;

	ASK(lkm_image_modinfo(image, &modinfo, &count, &error));
	for (size_t i = 0; rc == 0 && i < count; i++)
		sum += look_at(modinfo[i].key) + look_at(modinfo[i].value);
	sum += ask_symbols(image) + look_at(lkm_image_name(image));
	ASK(lkm_image_signature(image, &signature, &error));
	if (rc > 0)
		sum += look(signature.data, signature.size);
	ASK(lkm_image_build_id(image, &id, &size, &error));
	if (rc > 0)
		sum += look(id, size);
	ASK(lkm_image_sections(image, &sections, &count, &error));
	/* Sections may overlap; so many are looked into. */
	for (size_t i = 0; i < count && i < 64; i++) {
		sum += look_at(sections[i].name);
		ASK(lkm_image_section_data(image, i, &data, &size, &error));
		if (rc == 0)
			sum += look(data, size);
	}
	ASK(lkm_image_content(image, &data, &size, &error));
	return sum;
}

/* A file as it is opened by name. */
static size_t open_file(int fd)
{
	struct lkm_image *image = NULL;
	size_t sum = 0;
	char path[32];
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ASK(lkm_image_open(path, &image, &error));
	if (rc < 0)
		return 0;
	sum += look_at(lkm_image_name(image)) + look_at(lkm_image_path(image));
	if (lkm_image_fd(image) < 0 || lkm_image_elf(image)->type == 77 ||
	    lkm_image_compression(image) != LKM_COMPRESSION_NONE)
		sum++;
	lkm_image_free(image);
	return sum;
}

/* The indexer's way, from a file. */
static size_t extract(const uint8_t *data, size_t size)
{
	struct image_scratch scratch = { 0 };
	struct image_extract x;
	struct arena arena = { 0 };
	int fd = memfd_create("fuzz", MFD_CLOEXEC), rc = -1;
	size_t sum = 0;

	if (fd < 0)
		return 0;
	if (write(fd, data, size) == (ssize_t)size)
		ASK(image_extract(&scratch, fd, "fuzz.ko", &arena, &x, &error));
	image_scratch_release(&scratch);
	sum += open_file(fd);
	for (size_t i = 0; rc == 0 && i < x.export_count; i++)
		sum += look_at(x.exports[i]);
	for (size_t i = 0; rc == 0 && i < x.need_count; i++)
		sum += look_at(x.needs[i].name);
	arena_release(&arena);
	close(fd);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lkm_image *image = NULL;
	size_t sum = 0;
	int rc;

	/* What is compressed is fuzz-decompress's business. */
	if (size < 2 || data[0] != 0x7f)
		return 0;
	ASK(lkm_image_open_memory(data, size, "fuzz.ko", &image, &error));
	if (rc == 0)
		sum += ask(image);
	lkm_image_free(image);
	sum += extract(data, size);
	/* Never so many; but now the compiler can't leave the looks away. */
	if (sum == SIZE_MAX)
		abort();
	return 0;
}
