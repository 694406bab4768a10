// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests of module images share.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lkm/image.h>

#include "../../common/module-builder.h"

#define RECIPE                                                               \
	"name=foo license=GPL alias=pci:v1 vermagic=6.1%20SMP depends= "     \
	"export:foo_a:0x1234:gpl:MY_NS export:foo_b:0x5 export:foo_c "       \
	"need:printk:0x99 need:unversioned weak:maybe:0x7 buildid:01020304 " \
	"sign:20"

/* Ask for everything; the first failure, 0: none. */
static inline int ask_all(struct lkm_image *image, struct lkm_error **reterr)
{
	const struct lkm_modinfo *modinfo;
	const struct lkm_export *exports;
	const struct lkm_need *needs;
	const struct lkm_version *versions;
	const struct lkm_section *sections;
	struct lkm_signature signature;
	const uint8_t *id;
	const void *data;
	size_t count, size, seen = 0;
	int rc;

	if ((rc = lkm_image_modinfo(image, &modinfo, &count, reterr)) < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		seen += strlen(modinfo[i].key) + strlen(modinfo[i].value);
	if ((rc = lkm_image_exports(image, &exports, &count, reterr)) < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		seen += strlen(exports[i].name) +
			(exports[i].name_space ? strlen(exports[i].name_space) :
						 0);
	if ((rc = lkm_image_needs(image, &needs, &count, reterr)) < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		seen += strlen(needs[i].name);
	if ((rc = lkm_image_versions(image, &versions, &count, reterr)) < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		seen += strlen(versions[i].name);
	if ((rc = lkm_image_signature(image, &signature, reterr)) < 0)
		return rc;
	for (size_t i = 0; rc && i < signature.size; i++)
		seen += signature.data[i];
	if ((rc = lkm_image_build_id(image, &id, &size, reterr)) < 0)
		return rc;
	for (size_t i = 0; rc && i < size; i++)
		seen += id[i];
	if ((rc = lkm_image_sections(image, &sections, &count, reterr)) < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		seen += strlen(sections[i].name);
		rc = lkm_image_section_data(image, i, &data, &size, reterr);
		if (rc < 0)
			return rc;
		for (size_t k = 0; k < size; k++)
			seen += ((const uint8_t *)data)[k];
	}
	seen += strlen(lkm_image_name(image));
	if ((rc = lkm_image_content(image, &data, &size, reterr)) < 0)
		return rc;
	for (size_t k = 0; k < size; k++)
		seen += ((const uint8_t *)data)[k];
	/* All bytes of every answer were read: a sanitizer has seen them. */
	return seen == SIZE_MAX ? 1 : 0;
}

/* Open these bytes and ask for everything; the id of the failure, NULL: none.
 */
static inline const char *id_of_bytes(const uint8_t *bytes, size_t size)
{
	struct lkm_error *error = NULL;
	struct lkm_image *image;
	const char *id;
	int rc;

	rc = lkm_image_open_memory(bytes, size, "test.ko", &image, &error);
	if (rc == 0) {
		rc = ask_all(image, &error);
		lkm_image_free(image);
	}
	if (rc == 0)
		return NULL;
	assert_non_null(error);
	id = lkm_error_id(error);
	assert_int_equal(-rc, lkm_error_code(error));
	lkm_error_free(error);
	return id;
}

static inline const char *id_of(const char *recipe)
{
	size_t size;
	uint8_t *bytes = module_build(recipe, &size);
	const char *id = id_of_bytes(bytes, size);

	free(bytes);
	return id;
}
