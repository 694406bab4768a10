// SPDX-License-Identifier: LGPL-2.1-or-later
// Can every symbol that a module takes be had, and in that version?
#include "check/symbols.h"

#include <string.h>

#include "base/macro.h"
#include "base/vec.h"
#include "diag/error.h"

/* A module of the tree that exports something. */
struct owner {
	const char *name; /* the tree's */
	struct lkm_image *image;
};

struct search {
	const struct symbols_inputs *in;
	VEC(struct owner) owners;
};

/* include/linux/license.h, license_is_gpl_compatible() */
static bool is_gpl(const char *license)
{
	static const char *const gpl[] = {
		"GPL",		"GPL v2",	"GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	};

	for (size_t i = 0; license && i < ARRAY_SIZE(gpl); i++)
		if (!strcmp(license, gpl[i]))
			return true;
	return false;
}

static bool imports(struct lkm_image *image, const char *name_space)
{
	const struct lkm_modinfo *m;
	struct lkm_error *e = NULL;
	size_t count;

	if (lkm_image_modinfo(image, &m, &count, &e) < 0) {
		lkm_error_free(e);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (!strcmp(m[i].key, "import_ns") &&
		    !strcmp(m[i].value, name_space))
			return true;
	return false;
}

static struct lkm_image *owner_image(struct search *s, const char *name,
				     struct lkm_error **reterr)
{
	_cleanup_free_ char *path = NULL;
	const struct lkm_module_file *file;
	struct owner o = { .name = name };

	for (size_t i = 0; i < s->owners.len; i++)
		if (!strcmp(s->owners.data[i].name, name))
			return s->owners.data[i].image;
	if (lkm_tree_module(s->in->tree, name, &file, reterr) <= 0)
		return NULL;
	path = lkm_tree_file_path(s->in->tree, file->path);
	if (!path || lkm_image_open(path, &o.image, reterr) < 0)
		return NULL;
	if (!vec_push(&s->owners, o)) {
		lkm_image_free(o.image);
		return NULL;
	}
	return o.image;
}

static bool find_in_image(struct lkm_image *image, const char *symbol,
			  struct lkm_kexport *ret, struct lkm_error **reterr)
{
	const struct lkm_export *items;
	size_t count;

	if (lkm_image_exports(image, &items, &count, reterr) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(items[i].name, symbol) != 0)
			continue;
		*ret = (struct lkm_kexport){
			.name = items[i].name,
			.name_space = items[i].name_space,
			.crc = items[i].crc,
			.has_crc = items[i].has_crc,
			.gpl_only = items[i].gpl_only,
		};
		return true;
	}
	return false;
}

/* Who has it?  1; 0: nobody; negative: not to be found out. */
static int find(struct search *s, const char *symbol, struct lkm_kexport *ret,
		struct lkm_error **reterr)
{
	const struct lkm_kexport *own;
	const char *const *names;
	struct lkm_error *e = NULL;
	size_t count;
	int rc = lkm_vmlinux_export(s->in->kernel, symbol, &own, reterr);

	if (rc > 0)
		*ret = *own;
	if (rc || !s->in->tree)
		return rc;
	rc = lkm_tree_symbol(s->in->tree, symbol, &names, &count, reterr);
	for (size_t i = 0; rc > 0 && i < count; i++) {
		struct lkm_image *image = owner_image(s, names[i], &e);

		if (image && find_in_image(image, symbol, ret, &e))
			return 1;
		/* An index may name what is gone: the next one. */
		lkm_error_free(e);
		e = NULL;
	}
	return rc < 0 ? rc : 0;
}

/* check_version(): a module without any version is taken, with a taint. */
static bool fits(const struct lkm_kexport *x, const struct lkm_need *need,
		 bool has_versions)
{
	if (!x->has_crc || !has_versions)
		return true;
	return need->has_crc && need->crc == x->crc;
}

static int check_one(struct search *s, const struct lkm_need *need,
		     bool has_versions, struct lkm_error **reterr)
{
	const struct symbols_inputs *in = s->in;
	const char *license = lkm_image_modinfo_get(in->image, "license");
	struct lkm_kexport x = { 0 };
	int rc = find(s, need->name, &x, reterr);

	if (rc < 0)
		return rc;
	if (!rc)
		return need->weak ? 0 :
				    FAIL(reterr, MODULE_SYMBOL_MISSING,
					 KV_STR("module", in->module),
					 KV_STR("file", in->file),
					 KV_STR("symbol", need->name));
	if (x.gpl_only && !is_gpl(license))
		return FAIL(reterr, MODULE_SYMBOL_LICENSE,
			    KV_STR("module", in->module),
			    KV_STR("file", in->file),
			    KV_STR("symbol", need->name),
			    KV_STR("license", license ? license : "none"));
	if (!fits(&x, need, has_versions))
		return FAIL(reterr, MODULE_SYMBOL_VERSION,
			    KV_STR("module", in->module),
			    KV_STR("file", in->file),
			    KV_STR("symbol", need->name));
	if (x.name_space && *x.name_space && !imports(in->image, x.name_space))
		return FAIL(reterr, MODULE_SYMBOL_NAMESPACE,
			    KV_STR("module", in->module),
			    KV_STR("file", in->file),
			    KV_STR("symbol", need->name),
			    KV_STR("namespace", x.name_space));
	return 0;
}

int symbols_check(const struct symbols_inputs *in, struct lkm_error **reterr)
{
	struct search s = { .in = in };
	const struct lkm_version *versions;
	const struct lkm_need *needs;
	size_t count, version_count;
	int rc = lkm_image_needs(in->image, &needs, &count, reterr);

	if (!rc)
		rc = lkm_image_versions(in->image, &versions, &version_count,
					reterr);
	for (size_t i = 0; !rc && i < count; i++)
		rc = check_one(&s, &needs[i], version_count > 0, reterr);
	for (size_t i = 0; i < s.owners.len; i++)
		lkm_image_free(s.owners.data[i].image);
	vec_release(&s.owners);
	return rc;
}
