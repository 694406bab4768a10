// SPDX-License-Identifier: LGPL-2.1-or-later
// Parameters of loaded modules: /sys/module/NAME/parameters.
#include <string.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "kernel/kernel.h"

#define PARAMS_MAX 4096

/* "/sys/module/NAME" and @tail; NULL: no memory, or NAME can't be one. */
static char *module_path(const char *module, const char *tail)
{
	struct strbuf b = { 0 };
	char name[MODULE_NAME_MAX];

	if (!module_name_of(module, name, sizeof(name)) || strchr(name, '/'))
		snprintf(name, sizeof(name), "?");
	strbuf_addf(&b, "/sys/module/%s%s", name, tail);
	return strbuf_take(&b);
}

static int fail_absent(const char *module, struct lkm_error **reterr)
{
	return FAIL(reterr, KERNEL_UNLOAD_NOTLOADED, KV_STR("module", module));
}

void lkm_params_free(struct lkm_param *params, size_t count)
{
	for (size_t i = 0; params && i < count; i++) {
		free((char *)(uintptr_t)params[i].name);
		free((char *)(uintptr_t)params[i].value);
	}
	free(params);
}

/* @name becomes the parameter's, unless there is no memory. */
static bool param_fill(struct lkm_kernel *k, const char *folder, char *name,
		       struct lkm_param *ret)
{
	struct strbuf path = { 0 };
	mode_t mode;
	char *value;

	if (!strbuf_addf(&path, "%s/%s", folder, name)) {
		strbuf_release(&path);
		return false;
	}
	*ret = (struct lkm_param){ .name = name };
	/* Modes, not access(2): root may open what the kernel won't write. */
	ret->writable = !k->ops->mode(k, path.data, &mode) && (mode & 0222);
	if (kernel_read(k, path.data, &value) == 0)
		ret->value = value;
	strbuf_release(&path);
	return true;
}

int lkm_kernel_params(struct lkm_kernel *k, const char *module,
		      struct lkm_param **ret, size_t *ret_count,
		      struct lkm_error **reterr)
{
	_cleanup_free_ char *top = module_path(module, "");
	_cleanup_free_ char *folder = module_path(module, "/parameters");
	struct lkm_param *params = NULL;
	char **names = NULL;
	size_t count = 0;
	int rc;

	if (!top || !folder)
		return error_nomem(reterr);
	if (!kernel_has(k, top))
		return fail_absent(module, reterr);
	rc = k->ops->list(k, folder, PARAMS_MAX, &names, &count);
	if (rc < 0 && rc != -ENOENT)
		return error_system(reterr, rc, "list", folder);
	params = calloc(count + 1, sizeof(*params));
	for (size_t i = 0; params && i < count; i++) {
		if (!param_fill(k, folder, names[i], &params[i])) {
			lkm_params_free(params, count);
			params = NULL;
		} else {
			names[i] = NULL;
		}
	}
	root_free_names(names, count);
	if (!params)
		return error_nomem(reterr);
	*ret = params;
	*ret_count = count;
	return 0;
}

static int fail_param(int err, const char *module, const char *param,
		      const char *value, struct lkm_error **reterr)
{
	return FAIL(reterr, KERNEL_PARAM_REJECTED, KV_STR("module", module),
		    KV_STR("param", param), KV_STR("value", value),
		    KV_ERRNO(err));
}

static int param_write(struct lkm_kernel *k, const char *path,
		       const char *value)
{
	/* An empty write would not reach the parameter at all. */
	const char *bytes = *value ? value : "\n";

	return k->ops->write(k, path, bytes, strlen(bytes));
}

/* The kernel holds '-' and '_' in parameter names for the same. */
static char *param_path(struct lkm_kernel *k, const char *module,
			const char *param)
{
	struct strbuf b = { 0 };
	char *path;

	strbuf_addf(&b, "/parameters/%s", param);
	path = module_path(module, strbuf_str(&b));
	if (path && !kernel_has(k, path)) {
		size_t skip = strlen("/parameters/");

		free(path);
		for (char *p = b.data ? b.data + skip : NULL; p && *p; p++)
			*p = *p == '-' ? '_' : *p;
		path = module_path(module, strbuf_str(&b));
	}
	strbuf_release(&b);
	return path;
}

int lkm_kernel_set_param(struct lkm_kernel *k, const char *module,
			 const char *param, const char *value,
			 struct lkm_error **reterr)
{
	_cleanup_free_ char *top = module_path(module, "");
	_cleanup_free_ char *path = param_path(k, module, param);
	mode_t mode;
	int rc;

	if (!top || !path)
		return error_nomem(reterr);
	if (!kernel_has(k, top))
		return fail_absent(module, reterr);
	if (!*param || *param == '.' || strchr(param, '/') ||
	    k->ops->mode(k, path, &mode) < 0)
		return FAIL(reterr, KERNEL_PARAM_UNKNOWN,
			    KV_STR("module", module), KV_STR("param", param));
	if (!(mode & 0222))
		return FAIL(reterr, KERNEL_PARAM_READONLY,
			    KV_STR("module", module), KV_STR("param", param));
	rc = param_write(k, path, value);
	if (rc == -EACCES || rc == -EPERM)
		return error_system(reterr, rc, "write", path);
	return rc < 0 ? fail_param(-rc, module, param, value, reterr) : 0;
}
