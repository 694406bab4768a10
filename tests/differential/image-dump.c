// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints what lkm reads in module files, for image.py to compare.

/*
 * Records end in a NUL, their fields are separated by tabs: "file PATH", then
 * "info KEY VALUE", "export NAME CRC", "version NAME CRC", "need NAME CRC W|U",
 * "build-id HEX", and of the indexer's extract "x-export NAME" and
 * "x-need NAME CRC W|U".
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <lkm/image.h>

#include "image/extract.h"

static void die(const char *path, struct lkm_error *error)
{
	fprintf(stderr, "%s: %s\n", path, lkm_error_id(error));
	exit(1);
}

static void print_needs(const char *tag, const struct lkm_need *x, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("%s\t%s\t%08x\t%c%c", tag, x[i].name, x[i].crc,
		       x[i].weak ? 'W' : 'U', 0);
}

static void dump_lists(struct lkm_image *image, const char *path)
{
	struct lkm_error *error = NULL;
	const struct lkm_modinfo *info;
	const struct lkm_version *version;
	const struct lkm_export *export;
	const struct lkm_need *need;
	size_t count;

	if (lkm_image_modinfo(image, &info, &count, &error) < 0)
		die(path, error);
	for (size_t i = 0; i < count; i++)
		printf("info\t%s\t%s%c", info[i].key, info[i].value, 0);
	if (lkm_image_exports(image, &export, &count, &error) < 0)
		die(path, error);
	for (size_t i = 0; i < count; i++)
		printf("export\t%s\t%08x%c", export[i].name, export[i].crc, 0);
	if (lkm_image_versions(image, &version, &count, &error) < 0)
		die(path, error);
	for (size_t i = 0; i < count; i++)
		printf("version\t%s\t%08x%c", version[i].name, version[i].crc,
		       0);
	if (lkm_image_needs(image, &need, &count, &error) < 0)
		die(path, error);
	print_needs("need", need, count);
}

static void dump_image(const char *path)
{
	struct lkm_error *error = NULL;
	struct lkm_image *image;
	const uint8_t *id;
	size_t size;
	int rc;

	if (lkm_image_open(path, &image, &error) < 0)
		die(path, error);
	dump_lists(image, path);
	rc = lkm_image_build_id(image, &id, &size, &error);
	if (rc < 0)
		die(path, error);
	if (rc) {
		printf("build-id\t");
		for (size_t i = 0; i < size; i++)
			printf("%02x", id[i]);
		putchar(0);
	}
	lkm_image_free(image);
}

static void dump_extract(const char *path, struct image_scratch *scratch)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_close_ int fd = open(path, IMAGE_OPEN_FLAGS);
	struct lkm_error *error = NULL;
	struct image_extract x;

	if (image_extract(scratch, fd, path, &arena, &x, &error) < 0)
		die(path, error);
	for (size_t i = 0; i < x.export_count; i++)
		printf("x-export\t%s%c", x.exports[i], 0);
	print_needs("x-need", x.needs, x.need_count);
}

int main(void)
{
	struct image_scratch scratch = { 0 };
	_cleanup_free_ char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getdelim(&line, &room, 0, stdin)) > 0) {
		printf("file\t%s%c", line, 0);
		dump_image(line);
		dump_extract(line, &scratch);
	}
	image_scratch_release(&scratch);
	return fclose(stdout) ? 1 : 0;
}
