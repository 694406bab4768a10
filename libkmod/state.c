// SPDX-License-Identifier: LGPL-2.1-or-later
// What the running kernel says of a module, from /sys and /proc.
#include "internal.h"

#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "kernel/kernel.h"

#define SECTIONS_MAX ((size_t)1 << 20) /* -ffunction-sections has many */

const char *kmod_module_initstate_str(enum kmod_module_initstate state)
{
	switch (state) {
	case KMOD_MODULE_BUILTIN: return "builtin";
	case KMOD_MODULE_LIVE: return "live";
	case KMOD_MODULE_COMING: return "coming";
	case KMOD_MODULE_GOING: return "going";
	default: return NULL;
	}
}

/* @ret: "module/NAME/FILE", below /sys. */
static int sys_path(const struct kmod_module *mod, const char *file,
		    struct strbuf *ret)
{
	strbuf_addf(ret, "/sys/module/%s%s%s", mod->name, *file ? "/" : "",
		    file);
	return ret->failed ? -ENOMEM : 0;
}

/* The text of a file of @mod in /sys, or negative errno. */
static int sys_read(const struct kmod_module *mod, const char *file, char **ret)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	struct lkm_kernel *kernel;
	int rc = ctx_kernel(mod->ctx, &kernel);

	if (rc == 0)
		rc = sys_path(mod, file, &path);
	return rc < 0 ? rc : kernel_read(kernel, path.data, ret);
}

static int sys_number(const struct kmod_module *mod, const char *file,
		      long *ret)
{
	_cleanup_free_ char *text = NULL;
	int rc = sys_read(mod, file, &text);
	char *end;

	if (rc < 0)
		return rc;
	*ret = strtol(text, &end, 10);
	return end == text ? -EINVAL : 0;
}

/* Is there a directory of that name at all?  0 or negative errno. */
static int sys_find(const struct kmod_module *mod)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	struct lkm_kernel *kernel;
	struct stat st;
	int rc = ctx_kernel(mod->ctx, &kernel);

	if (rc < 0)
		return rc;
	strbuf_addf(&path, "%s/module/%s", kernel->sys, mod->name);
	if (path.failed)
		return -ENOMEM;
	if (stat(path.data, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int kmod_module_get_initstate(const struct kmod_module *mod)
{
	_cleanup_free_ char *text = NULL;
	int rc;

	if (!mod)
		return -ENOENT;
	if (module_is_builtin((struct kmod_module *)(uintptr_t)mod))
		return KMOD_MODULE_BUILTIN;
	rc = sys_read(mod, "initstate", &text);
	if (rc < 0) {
		/* Its directory is made before the file is. */
		int found = sys_find(mod);

		return found == 0 ? (int)KMOD_MODULE_COMING : rc;
	}
	for (int i = KMOD_MODULE_LIVE; i <= (int)KMOD_MODULE_GOING; i++) {
		if (!strcmp(text, kmod_module_initstate_str(i)))
			return i;
	}
	LOG(mod->ctx, LOG_ERR, "%s: unknown state '%s'\n", mod->name, text);
	return -EINVAL;
}

int kmod_module_get_refcnt(const struct kmod_module *mod)
{
	long number;
	int rc = mod ? sys_number(mod, "refcnt", &number) : -ENOENT;

	return rc < 0 ? rc : (int)number;
}

/* Kernels before 3.3 have no coresize. */
static long size_of_line(const struct kmod_module *mod)
{
	const struct lkm_loaded *loaded;
	struct lkm_kernel *kernel;
	struct lkm_facts *facts;
	long size = -ENOENT;
	int rc = ctx_kernel(mod->ctx, &kernel);

	if (rc < 0 || lkm_kernel_facts(kernel, &facts, NULL) < 0)
		return size;
	loaded = lkm_facts_loaded(facts, mod->name);
	if (loaded)
		size = (long)loaded->size;
	lkm_facts_free(facts);
	return size;
}

long kmod_module_get_size(const struct kmod_module *mod)
{
	long number;
	int rc;

	if (!mod)
		return -ENOENT;
	rc = sys_find(mod);
	if (rc < 0)
		return rc;
	rc = sys_number(mod, "coresize", &number);
	return rc < 0 ? size_of_line(mod) : number;
}

/* Names in a directory of @mod in /sys; root_free_names() them. */
static int sys_list(const struct kmod_module *mod, const char *dir,
		    char ***ret_names, size_t *ret_count)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	const struct root host = ROOT_HOST;
	struct lkm_kernel *kernel;
	int rc = ctx_kernel(mod->ctx, &kernel);

	if (rc < 0)
		return rc;
	strbuf_addf(&path, "%s/module/%s/%s", kernel->sys, mod->name, dir);
	if (path.failed)
		return -ENOMEM;
	rc = root_list(&host, path.data, SECTIONS_MAX, ret_names, ret_count);
	if (rc < 0)
		LOG(mod->ctx, LOG_ERR, "cannot read %s: %s\n", path.data,
		    strerrordesc_np(-rc));
	return rc;
}

struct kmod_list *kmod_module_get_holders(const struct kmod_module *mod)
{
	struct kmod_list *list = NULL;
	size_t count;
	char **names;
	int rc = 0;

	if (!mod || !mod->ctx || sys_list(mod, "holders", &names, &count) < 0)
		return NULL;
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct kmod_module *holder;

		rc = kmod_module_new_from_name(mod->ctx, names[i], &holder);
		if (rc == 0)
			rc = modules_add(&list, holder);
	}
	root_free_names(names, count);
	if (rc < 0) {
		kmod_module_unref_list(list);
		return NULL;
	}
	return list;
}

static int add_section(const struct kmod_module *mod, const char *name,
		       struct kmod_list **list)
{
	_cleanup_strbuf_ struct strbuf file = { 0 };
	_cleanup_free_ char *text = NULL;
	char *end;
	uint64_t address;
	int rc;

	if (!strbuf_addf(&file, "sections/%s", name))
		return -ENOMEM;
	rc = sys_read(mod, file.data, &text);
	if (rc < 0)
		return rc;
	address = strtoull(text, &end, 16);
	return end == text ? -EINVAL : items_add(list, name, NULL, address, 0);
}

struct kmod_list *kmod_module_get_sections(const struct kmod_module *mod)
{
	struct kmod_list *list = NULL;
	size_t count;
	char **names;
	int rc = 0;

	if (!mod || sys_list(mod, "sections", &names, &count) < 0)
		return NULL;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = add_section(mod, names[i], &list);
	root_free_names(names, count);
	if (rc < 0) {
		items_free(list);
		return NULL;
	}
	return list;
}

const char *kmod_module_section_get_name(const struct kmod_list *entry)
{
	return entry ? ((struct item *)entry->data)->key : NULL;
}

unsigned long kmod_module_section_get_address(const struct kmod_list *entry)
{
	if (!entry)
		return (unsigned long)-1;
	return (unsigned long)((struct item *)entry->data)->number;
}

void kmod_module_section_free_list(struct kmod_list *list)
{
	items_free(list);
}

static int add_loaded(struct kmod_ctx *ctx, const struct lkm_facts *facts,
		      struct kmod_list **list)
{
	size_t count;
	const struct lkm_loaded *loaded = lkm_facts_modules(facts, &count);
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		struct kmod_module *mod;

		rc = kmod_module_new_from_name(ctx, loaded[i].name, &mod);
		if (rc == 0)
			rc = modules_add(list, mod);
	}
	return rc;
}

int kmod_module_new_from_loaded(struct kmod_ctx *ctx, struct kmod_list **list)
{
	struct kmod_list *found = NULL;
	struct lkm_error *e = NULL;
	struct lkm_kernel *kernel;
	struct lkm_facts *facts;
	enum lkm_known known;
	int rc;

	if (!ctx || !list)
		return -ENOENT;
	rc = ctx_kernel(ctx, &kernel);
	if (rc < 0)
		return rc;
	rc = lkm_kernel_facts(kernel, &facts, &e);
	if (rc < 0)
		return ctx_errno(ctx, rc, e, LOG_ERR);
	known = lkm_facts_known(facts, LKM_FACT_HAS_MODULES);
	if (known != LKM_YES)
		rc = known == LKM_NO ? -ENOENT : -EACCES;
	else
		rc = add_loaded(ctx, facts, &found);
	lkm_facts_free(facts);
	if (rc < 0)
		kmod_module_unref_list(found);
	else
		list_join(list, found);
	return rc;
}
