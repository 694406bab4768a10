// SPDX-License-Identifier: LGPL-2.1-or-later
// What is in a module's file.
#include "internal.h"

#include <lkm/image.h>

#include <string.h>
#include <syslog.h>

#include "base/map.h"
#include "trust/signer.h"

/* The image of @mod, whose file has to be there. */
static int image_open(const struct kmod_module *mod, struct lkm_image **ret)
{
	const char *path = kmod_module_get_path(mod);
	struct lkm_error *e = NULL;
	int rc;

	if (!path)
		return -ENOENT;
	rc = lkm_image_open(path, ret, &e);
	return ctx_errno(mod->ctx, rc, e, LOG_INFO);
}

/* End a list that was made from @image: its length, or negative errno. */
static int finish(struct lkm_image *image, int rc, struct kmod_list **made,
		  struct kmod_list **list)
{
	int count = 0;

	lkm_image_free(image);
	if (rc < 0) {
		items_free(*made);
		return rc;
	}
	for (struct kmod_list *l = *made; l; l = kmod_list_next(*made, l))
		count++;
	*list = *made;
	return count;
}

static int add_builtin(struct kmod_module *mod, struct kmod_list **list)
{
	const struct lkm_builtin_info *info;
	struct lkm_error *e = NULL;
	struct lkm_tree *tree;
	size_t count = 0;
	int rc = ctx_tree(mod->ctx, &tree);

	if (rc < 0)
		return rc;
	rc = lkm_tree_builtin_info(tree, mod->name, &info, &count, &e);
	rc = ctx_errno(mod->ctx, rc, e, LOG_ERR);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = items_add(list, info[i].key, info[i].value, 0, 0);
	ctx_tree_put(mod->ctx, tree);
	return rc < 0 ? rc : 0;
}

static int add_field(void *list, const char *key, const char *value)
{
	return items_add(list, key, value, 0, 0);
}

static int add_modinfo(const struct kmod_module *mod, struct lkm_image *image,
		       struct kmod_list **list)
{
	const struct lkm_modinfo *info;
	struct lkm_error *e = NULL;
	size_t count = 0;
	int rc = lkm_image_modinfo(image, &info, &count, &e);

	rc = ctx_errno(mod->ctx, rc, e, LOG_INFO);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = items_add(list, info[i].key, info[i].value, 0, 0);
	if (rc == 0 && !count)
		rc = -ENOENT;
	/* The one error of its own is the lack of memory. */
	if (rc == 0 && signer_fields(image, add_field, list) != 0)
		rc = -ENOMEM;
	return rc;
}

int kmod_module_get_info(const struct kmod_module *mod, struct kmod_list **list)
{
	struct kmod_module *m = (struct kmod_module *)(uintptr_t)mod;
	struct lkm_image *image = NULL;
	struct kmod_list *made = NULL;
	int rc;

	if (!mod || !list)
		return -ENOENT;
	if (module_is_builtin(m))
		return finish(NULL, add_builtin(m, &made), &made, list);
	rc = image_open(mod, &image);
	if (rc < 0)
		return rc;
	return finish(image, add_modinfo(mod, image, &made), &made, list);
}

int kmod_module_get_versions(const struct kmod_module *mod,
			     struct kmod_list **list)
{
	const struct lkm_version *versions;
	struct kmod_list *made = NULL;
	struct lkm_error *e = NULL;
	struct lkm_image *image;
	size_t count = 0;
	int rc;

	if (!mod || !list)
		return -ENOENT;
	rc = image_open(mod, &image);
	if (rc < 0)
		return rc;
	rc = lkm_image_versions(image, &versions, &count, &e);
	rc = ctx_errno(mod->ctx, rc, e, LOG_INFO);
	if (rc == 0 && !count)
		rc = -ENOENT;
	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = items_add(&made, versions[i].name, NULL, versions[i].crc,
			       0);
	return finish(image, rc, &made, list);
}

int kmod_module_get_symbols(const struct kmod_module *mod,
			    struct kmod_list **list)
{
	const struct lkm_export *exports;
	struct kmod_list *made = NULL;
	struct lkm_error *e = NULL;
	struct lkm_image *image;
	size_t count = 0;
	int rc;

	if (!mod || !list)
		return -ENOENT;
	rc = image_open(mod, &image);
	if (rc < 0)
		return rc;
	rc = lkm_image_exports(image, &exports, &count, &e);
	rc = ctx_errno(mod->ctx, rc, e, LOG_INFO);
	if (rc == 0 && !count)
		rc = -ENOENT;
	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = items_add(&made, exports[i].name, NULL, exports[i].crc, 0);
	return finish(image, rc, &made, list);
}

/* Symbols that only __versions knows of, behind those of the symbol table. */
static int add_versions(const struct kmod_module *mod, struct lkm_image *image,
			struct map *seen, struct kmod_list **list)
{
	const struct lkm_version *versions;
	struct lkm_error *e = NULL;
	size_t count = 0;
	int rc = lkm_image_versions(image, &versions, &count, &e);

	rc = ctx_errno(mod->ctx, rc, e, LOG_INFO);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		if (!map_get(seen, versions[i].name))
			rc = items_add(list, versions[i].name, NULL,
				       versions[i].crc, KMOD_SYMBOL_UNDEF);
	}
	return rc;
}

static int add_needs(const struct kmod_module *mod, struct lkm_image *image,
		     struct kmod_list **list)
{
	_cleanup_map_ struct map seen = { 0 };
	const struct lkm_need *needs;
	struct lkm_error *e = NULL;
	size_t count = 0;
	int rc = lkm_image_needs(image, &needs, &count, &e);

	rc = ctx_errno(mod->ctx, rc, e, LOG_INFO);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		int bind = needs[i].weak ? KMOD_SYMBOL_WEAK : KMOD_SYMBOL_UNDEF;

		if (!map_set(&seen, needs[i].name, list))
			return -ENOMEM;
		rc = items_add(list, needs[i].name, NULL, needs[i].crc, bind);
	}
	return rc < 0 ? rc : add_versions(mod, image, &seen, list);
}

int kmod_module_get_dependency_symbols(const struct kmod_module *mod,
				       struct kmod_list **list)
{
	struct kmod_list *made = NULL;
	struct lkm_image *image;
	int rc;

	if (!mod || !list)
		return -ENOENT;
	rc = image_open(mod, &image);
	if (rc < 0)
		return rc;
	return finish(image, add_needs(mod, image, &made), &made, list);
}

static const char *key_of(const struct kmod_list *entry)
{
	return entry ? ((const struct item *)entry->data)->key : NULL;
}

static uint64_t number_of(const struct kmod_list *entry)
{
	return entry ? ((const struct item *)entry->data)->number : 0;
}

const char *kmod_module_info_get_key(const struct kmod_list *entry)
{
	return key_of(entry);
}

const char *kmod_module_info_get_value(const struct kmod_list *entry)
{
	return entry ? ((const struct item *)entry->data)->value : NULL;
}

void kmod_module_info_free_list(struct kmod_list *list)
{
	items_free(list);
}

const char *kmod_module_version_get_symbol(const struct kmod_list *entry)
{
	return key_of(entry);
}

uint64_t kmod_module_version_get_crc(const struct kmod_list *entry)
{
	return number_of(entry);
}

void kmod_module_versions_free_list(struct kmod_list *list)
{
	items_free(list);
}

const char *kmod_module_symbol_get_symbol(const struct kmod_list *entry)
{
	return key_of(entry);
}

uint64_t kmod_module_symbol_get_crc(const struct kmod_list *entry)
{
	return number_of(entry);
}

void kmod_module_symbols_free_list(struct kmod_list *list)
{
	items_free(list);
}

const char *
kmod_module_dependency_symbol_get_symbol(const struct kmod_list *entry)
{
	return key_of(entry);
}

int kmod_module_dependency_symbol_get_bind(const struct kmod_list *entry)
{
	return entry ? ((const struct item *)entry->data)->bind : 0;
}

uint64_t kmod_module_dependency_symbol_get_crc(const struct kmod_list *entry)
{
	return number_of(entry);
}

void kmod_module_dependency_symbols_free_list(struct kmod_list *list)
{
	items_free(list);
}
