// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of a kernel, from few reads of its /proc and /sys.
#include <string.h>

#include "base/text.h"
#include "kernel/kernel.h"
#include "kernel/procmodules.h"

struct gather {
	struct lkm_kernel *kernel;
	struct lkm_facts *facts;
	const char *const *names;
	size_t count;
};

static bool is_wanted(const struct gather *g, const char *name)
{
	for (size_t i = 0; i < g->count; i++) {
		if (module_name_equals(g->names[i], name))
			return true;
	}
	return false;
}

static char *read_of(struct lkm_kernel *k, const char *module, const char *file)
{
	char path[32 + MODULE_NAME_MAX];
	char *text;

	snprintf(path, sizeof(path), "/sys/module/%s/%s", module, file);
	return kernel_read(k, path, &text) < 0 ? NULL : text;
}

static bool gather_module(void *ctx, struct lkm_loaded *m)
{
	_cleanup_free_ char *version = NULL, *srcversion = NULL;
	struct gather *g = ctx;

	if (is_wanted(g, m->name)) {
		version = read_of(g->kernel, m->name, "version");
		srcversion = read_of(g->kernel, m->name, "srcversion");
		m->version = version;
		m->srcversion = srcversion;
	}
	return lkm_facts_add(g->facts, m);
}

static int gather_modules(struct gather *g, struct lkm_error **reterr)
{
	_cleanup_free_ char *text = NULL;
	unsigned int line = 0;
	int rc = kernel_read(g->kernel, "/proc/modules", &text);

	if (rc == -EPIPE && kernel_why(g->kernel, EPIPE, NULL) < 0)
		return kernel_why(g->kernel, EPIPE, reterr);
	if (rc < 0) {
		lkm_facts_set_known(g->facts, LKM_FACT_HAS_MODULES,
				    rc == -ENOENT ? LKM_NO : LKM_UNKNOWN);
		return 0;
	}
	lkm_facts_set_known(g->facts, LKM_FACT_HAS_MODULES, LKM_YES);
	rc = procmodules_parse(
		(struct span){ (const uint8_t *)text, strlen(text) },
		gather_module, g, &line);
	if (rc == -EBADMSG)
		return FAIL(reterr, KERNEL_PROC_MALFORMED,
			    KV_STR("file", "/proc/modules"),
			    KV_NUM("line", line));
	return rc < 0 ? error_nomem(reterr) : 0;
}

/* "0", "N" and "1", "Y": files of /proc/sys and of bool parameters. */
static enum lkm_known known_of(const char *text)
{
	if (!strcmp(text, "1") || !strcmp(text, "Y"))
		return LKM_YES;
	if (!strcmp(text, "0") || !strcmp(text, "N"))
		return LKM_NO;
	return LKM_UNKNOWN;
}

static void gather_known(struct gather *g, enum lkm_fact fact, const char *path)
{
	_cleanup_free_ char *text = NULL;

	if (kernel_read(g->kernel, path, &text) == 0)
		lkm_facts_set_known(g->facts, fact, known_of(text));
}

static bool gather_text(struct gather *g, enum lkm_fact fact, const char *path)
{
	_cleanup_free_ char *text = NULL;

	/* Absent means unknown: the kernel may lack the feature. */
	if (kernel_read(g->kernel, path, &text) < 0)
		return true;
	return lkm_facts_set_text(g->facts, fact, text);
}

/* "none [integrity] confidentiality" -> "integrity" */
static bool gather_lockdown(struct gather *g)
{
	_cleanup_free_ char *text = NULL;
	char *open, *close;

	if (kernel_read(g->kernel, "/sys/kernel/security/lockdown", &text) < 0)
		return true;
	open = strchr(text, '[');
	close = open ? strchr(open, ']') : NULL;
	if (!close)
		return true;
	*close = '\0';
	return lkm_facts_set_text(g->facts, LKM_FACT_LOCKDOWN, open + 1);
}

static int gather_all(struct gather *g, struct lkm_error **reterr)
{
	struct lkm_kernel *k = g->kernel;
	int rc = gather_modules(g, reterr);

	if (!rc)
		rc = k->ops->identity(k, g->facts, reterr);
	if (rc < 0)
		return rc;
	gather_known(g, LKM_FACT_MODULES_DISABLED,
		     "/proc/sys/kernel/modules_disabled");
	gather_known(g, LKM_FACT_SIG_ENFORCE,
		     "/sys/module/module/parameters/sig_enforce");
	if (!gather_text(g, LKM_FACT_CMDLINE, "/proc/cmdline") ||
	    !gather_text(g, LKM_FACT_COMPRESSION, "/sys/module/compression") ||
	    !gather_lockdown(g))
		return error_nomem(reterr);
	return 0;
}

int lkm_kernel_facts_for(struct lkm_kernel *k, const char *const *names,
			 size_t count, struct lkm_facts **ret,
			 struct lkm_error **reterr)
{
	struct gather g = { k, lkm_facts_new(), names, count };
	int rc;

	if (!g.facts)
		return error_nomem(reterr);
	rc = gather_all(&g, reterr);
	if (rc < 0)
		lkm_facts_free(g.facts);
	else
		*ret = g.facts;
	return rc;
}
