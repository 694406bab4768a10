// SPDX-License-Identifier: LGPL-2.1-or-later
// Who else could load a forbidden module, and by which path.
#include <lkm/policy.h>

#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>

#include "base/arena.h"
#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/vec.h"
#include "diag/error.h"
#include "policy/edit.h"
#include "policy/rules.h"

#define BOOT_FILES_MAX ((size_t)4096)

struct lkm_forbid_gaps {
	struct arena strings;
	VEC(struct lkm_forbid_gap) gaps;
	bool failed;
};

static void gap_add(struct lkm_forbid_gaps *g, const char *loader,
		    const char *path, const struct lkm_rule *at)
{
	struct lkm_forbid_gap gap = { loader, path, NULL, at ? at->line : 0 };

	if (at) {
		gap.file = arena_strdup(&g->strings, at->file);
		g->failed |= !gap.file;
	}
	g->failed |= !vec_push(&g->gaps, gap);
}

static bool exists_any(const struct root *r, const char *const *paths)
{
	for (; *paths; paths++) {
		_cleanup_close_ int fd = root_openat(r, *paths, O_PATH);

		if (fd >= 0)
			return true;
	}
	return false;
}

/* The first rule of @kind for the module: the only one that kmod looks at. */
static const struct lkm_rule *first_match(const struct lkm_policy *p,
					  enum lkm_rule_kind kind,
					  const char *name)
{
	for (size_t i = 0; i < p->rules.len; i++) {
		const struct lkm_rule *rule = &p->rules.data[i];

		if (rule->kind == kind && !fnmatch(rule->key, name, 0))
			return rule;
	}
	return NULL;
}

/* An install line that is read before ours and runs something else. */
static const struct lkm_rule *earlier_install(const struct lkm_policy *p,
					      const char *name)
{
	const struct lkm_rule *rule = first_match(p, LKM_RULE_INSTALL, name);
	const char *ours = strrchr(LKM_CONF, '/') + 1;
	const char *slash;

	if (!rule || !strcmp(rule->file, LKM_CONF) ||
	    !strcmp(rule->value, "/bin/false"))
		return NULL;
	slash = strrchr(rule->file, '/');
	return slash && strcmp(slash + 1, ours) < 0 ? rule : NULL;
}

static void libkmod_gaps(struct lkm_forbid_gaps *g, const struct lkm_policy *p,
			 const struct root *r, const char *name)
{
	static const char *const kmod[] = { "/usr/bin/kmod", "/bin/kmod",
					    "/sbin/modprobe", NULL };
	static const char *const udev[] = { "/usr/lib/systemd/systemd-udevd",
					    "/lib/systemd/systemd-udevd",
					    "/sbin/udevd", NULL };
	const struct lkm_rule *soft = first_match(p, LKM_RULE_SOFTDEP, name);
	const struct lkm_rule *install = earlier_install(p, name);
	bool has_udev = exists_any(r, udev);

	/* An empty softdep has no such effect. */
	if (soft && !*soft->value)
		soft = NULL;
	if (exists_any(r, kmod)) {
		gap_add(g, "kmod",
			"insmod FILE and modprobe --ignore-install ask no rule",
			NULL);
		if (soft)
			gap_add(g, "kmod",
				"modprobe ignores the install line of a module "
				"that has a softdep: by its name or as a "
				"dependency it is loaded",
				soft);
		if (install)
			gap_add(g, "kmod",
				"modprobe runs this install line, which it "
				"reads first, in place of /bin/false",
				install);
	}
	if (has_udev && soft)
		gap_add(g, "udev (libkmod)",
			"as a dependency of another module: libkmod ignores "
			"the install line of a module that has a softdep, and "
			"blacklist does not hold for dependencies",
			soft);
	if (has_udev && install)
		gap_add(g, "udev (libkmod)",
			"as a dependency of another module: libkmod runs this "
			"install line, which it reads first, in place of "
			"/bin/false",
			install);
}

static void busybox_gaps(struct lkm_forbid_gaps *g, const struct root *r)
{
	static const char *const busybox[] = { "/usr/bin/busybox",
					       "/bin/busybox", NULL };

	if (!exists_any(r, busybox))
		return;
	gap_add(g, "busybox",
		"insmod FILE asks no rule; modprobe knows no install lines and "
		"asks the blacklist with -b only: by its name or as a "
		"dependency it is loaded",
		NULL);
}

static bool is_initramfs(const char *name)
{
	return text_starts(name, "initrd") || text_starts(name, "initramfs");
}

static int initramfs_gaps(struct lkm_forbid_gaps *g, const struct root *r,
			  struct lkm_error **reterr)
{
	size_t count = 0;
	char **names;
	int rc = root_list(r, "/boot", BOOT_FILES_MAX, &names, &count);

	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc < 0)
		return error_system(reterr, rc, "read", "/boot");
	for (size_t i = 0; i < count; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };

		if (!is_initramfs(names[i]))
			continue;
		strbuf_addf(&path, "/boot/%s", names[i]);
		g->failed |= path.failed;
		gap_add(g, "initramfs",
			"has copies of the modules and rules from when it was "
			"made: rebuild it",
			&(struct lkm_rule){ .file = strbuf_str(&path) });
	}
	root_free_names(names, count);
	return 0;
}

int lkm_policy_forbid_gaps(const struct lkm_policy *policy, const char *root,
			   const char *name, struct lkm_forbid_gaps **ret,
			   struct lkm_error **reterr)
{
	_cleanup_root_ struct root r = ROOT_HOST;
	char key[MODULE_NAME_MAX];
	struct lkm_forbid_gaps *g;
	int rc;

	if (!policy_name_is_valid(name) ||
	    !module_name_of(name, key, sizeof(key)))
		return FAIL(reterr, POLICY_NAME_INVALID, KV_STR("name", name),
			    KV_NUM("max", MODULE_NAME_MAX - 1));
	rc = root_open(&r, root);
	if (rc < 0)
		return error_system(reterr, rc, "open", root);
	g = calloc(1, sizeof(*g));
	if (!g)
		return error_nomem(reterr);
	libkmod_gaps(g, policy, &r, key);
	busybox_gaps(g, &r);
	rc = initramfs_gaps(g, &r, reterr);
	if (!rc && g->failed)
		rc = error_nomem(reterr);
	if (rc < 0) {
		lkm_forbid_gaps_free(g);
		return rc;
	}
	*ret = g;
	return 0;
}

void lkm_forbid_gaps_free(struct lkm_forbid_gaps *gaps)
{
	if (!gaps)
		return;
	vec_release(&gaps->gaps);
	arena_release(&gaps->strings);
	free(gaps);
}

const struct lkm_forbid_gap *
lkm_forbid_gaps_all(const struct lkm_forbid_gaps *gaps, size_t *ret_count)
{
	*ret_count = gaps->gaps.len;
	return gaps->gaps.data;
}
