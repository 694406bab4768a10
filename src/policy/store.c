// SPDX-License-Identifier: LGPL-2.1-or-later
// What lkm writes: /etc/modprobe.d/lkm.conf and /etc/modules-load.d/lkm.conf.
#include <lkm/policy.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fileset.h"
#include "base/root.h"
#include "base/text.h"
#include "diag/error.h"
#include "policy/edit.h"
#include "policy/rules.h"

#define PARAM_MAX 256

/* The file's text, "" where there is none. */
static int store_read(const struct root *root, const char *path, char **ret,
		      size_t *ret_size, struct lkm_error **reterr)
{
	_cleanup_close_ int fd = root_openat(root, path, O_PATH | O_NOFOLLOW);
	struct stat st;
	int rc;

	if (fd == -ENOENT) {
		*ret_size = 0;
		*ret = strdup("");
		return *ret ? 0 : error_nomem(reterr);
	}
	if (fd < 0)
		return error_system(reterr, fd, "open", path);
	if (fstat(fd, &st) < 0)
		return error_system(reterr, errno, "stat", path);
	/* A link is somebody's decision, /dev/null above all. */
	if (!S_ISREG(st.st_mode))
		return FAIL(reterr, POLICY_FILE_SPECIAL, KV_STR("file", path),
			    KV_STR("what", S_ISLNK(st.st_mode) ?
						   "a symbolic link" :
						   "no regular file"));
	rc = root_read(root, path, CONF_FILE_MAX, ret, ret_size);
	if (rc == -EFBIG)
		return FAIL(reterr, POLICY_LIMIT, KV_STR("file", path),
			    KV_NUM("limit", CONF_FILE_MAX),
			    KV_STR("what", "bytes"));
	return rc < 0 ? error_system(reterr, rc, "read", path) : 0;
}

/* Read, change and replace @path, nobody else writing meanwhile. */
static int store_edit(const struct root *root, const char *path,
		      void (*change)(struct edit *, struct strbuf *),
		      struct edit *e, struct lkm_error **reterr)
{
	_cleanup_fileset_ struct fileset *fs = NULL;
	_cleanup_strbuf_ struct strbuf text = { 0 };
	_cleanup_free_ char *old = NULL, *dir = NULL;
	const char *name = strrchr(path, '/') + 1;
	size_t size;
	int rc;

	dir = strndup(path, (size_t)(name - 1 - path));
	if (!dir)
		return error_nomem(reterr);
	rc = root_mkdirs(root, dir);
	if (!rc)
		rc = fileset_begin(root, dir, &fs);
	if (rc < 0)
		return error_system(reterr, rc, "open", dir);
	rc = store_read(root, path, &old, &size, reterr);
	if (rc < 0)
		return rc;
	e->old = (struct span){ (const uint8_t *)old, size };
	change(e, &text);
	if (text.failed)
		return error_nomem(reterr);
	rc = text.len ? fileset_add(fs, name, text.data, text.len, 0644) :
			fileset_remove(fs, name);
	if (!rc)
		rc = fileset_commit(fs, NULL);
	return rc < 0 ? error_system(reterr, rc, "write", path) : 0;
}

static int name_check(const char *name, char key[static MODULE_NAME_MAX],
		      struct lkm_error **reterr)
{
	if (policy_name_is_valid(name) &&
	    module_name_of(name, key, MODULE_NAME_MAX))
		return 0;
	return FAIL(reterr, POLICY_NAME_INVALID, KV_STR("name", name),
		    KV_NUM("max", MODULE_NAME_MAX - 1));
}

/* As store_edit(), on @root by its name. */
static int store_change(const char *root, const char *path,
			void (*change)(struct edit *, struct strbuf *),
			struct edit *e, struct lkm_error **reterr)
{
	_cleanup_root_ struct root r = ROOT_HOST;
	int rc = root_open(&r, root);

	if (rc < 0)
		return error_system(reterr, rc, "open", root);
	return store_edit(&r, path, change, e, reterr);
}

int lkm_policy_forbid(const char *root, const char *name,
		      struct lkm_error **reterr)
{
	char key[MODULE_NAME_MAX];
	struct edit e = { .name = key, .on = true };
	int rc = name_check(name, key, reterr);

	if (rc < 0)
		return rc;
	return store_change(root, LKM_CONF, edit_forbid, &e, reterr);
}

/* Does a file that is not ours still forbid it? */
static int forbid_elsewhere(const char *root, const char *key,
			    struct lkm_error **reterr)
{
	const struct lkm_policy_options o = { .size = sizeof(o),
					      .root = root,
					      .cmdline = "" };
	const struct lkm_rule *rule;
	struct lkm_policy *p;
	int rc = lkm_policy_load(&o, &p, reterr);

	if (rc < 0)
		return rc;
	rule = lkm_policy_forbids(p, key);
	if (rule)
		rc = FAIL(reterr, POLICY_FORBID_ELSEWHERE, KV_STR("name", key),
			  KV_STR("file", rule->file),
			  KV_NUM("line", rule->line));
	lkm_policy_free(p);
	return rc;
}

int lkm_policy_allow(const char *root, const char *name,
		     struct lkm_error **reterr)
{
	char key[MODULE_NAME_MAX];
	struct edit e = { .name = key };
	int rc = name_check(name, key, reterr);

	if (!rc)
		rc = store_change(root, LKM_CONF, edit_forbid, &e, reterr);
	if (!rc)
		rc = forbid_elsewhere(root, key, reterr);
	if (!rc && !e.found)
		return FAIL(reterr, POLICY_FORBID_ABSENT, KV_STR("name", key),
			    KV_STR("file", LKM_CONF));
	return rc;
}

/* NULL, or what is wrong with it. */
static const char *param_problem(const char *param, const char *value)
{
	size_t len = strlen(param);

	if (!len || len >= PARAM_MAX || *param == '-' ||
	    strspn(param, "abcdefghijklmnopqrstuvwxyz"
			  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "0123456789_-.") != len)
		return "it is no parameter's name";
	if (value && strlen(value) >= CONF_LINE_MAX / 4)
		return "its value is too long";
	/* The kernel splits at quotes and knows no escape for one. */
	if (value && strchr(value, '"'))
		return "its value contains a quote";
	for (; value && *value; value++) {
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return "its value contains a control character";
	}
	return NULL;
}

int lkm_policy_persist_param(const char *root, const char *module,
			     const char *param, const char *value,
			     struct lkm_error **reterr)
{
	char key[MODULE_NAME_MAX];
	struct edit e = { .name = key, .param = param, .value = value };
	int rc = name_check(module, key, reterr);
	const char *problem;

	if (rc < 0)
		return rc;
	problem = param_problem(param, value);
	if (problem)
		return FAIL(reterr, POLICY_PARAM_INVALID,
			    KV_STR("param", param), KV_STR("problem", problem));
	return store_change(root, LKM_CONF, edit_param, &e, reterr);
}

int lkm_policy_persist_load(const char *root, const char *module, bool on,
			    struct lkm_error **reterr)
{
	char key[MODULE_NAME_MAX];
	struct edit e = { .name = key, .on = on };
	int rc = name_check(module, key, reterr);

	if (rc < 0)
		return rc;
	return store_change(root, LKM_LOAD_CONF, edit_load, &e, reterr);
}
