// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading all rules, and asking for them.
#include <lkm/policy.h>

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "diag/error.h"
#include "policy/rules.h"

#define CMDLINE_FILE "/proc/cmdline"

void policy_add(struct lkm_policy *p, const struct place *at,
		enum lkm_rule_kind kind, const char *key, const char *value)
{
	struct lkm_rule rule = { kind, arena_strdup(&p->strings, key),
				 arena_strdup(&p->strings, value), at->file,
				 at->line };

	if (p->rules.len >= RULES_MAX)
		p->failed = -E2BIG;
	else if (!rule.key || !rule.value || !vec_push(&p->rules, rule))
		p->failed = -ENOMEM;
}

void policy_warn(struct lkm_policy *p, const struct place *at, const char *fmt,
		 ...)
{
	struct lkm_policy_warning w = { at->file, at->line, NULL };
	char text[200], *copy;
	va_list ap;

	if (p->warnings.len >= WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* The words are a file's: they must not steer a terminal. */
	for (char *s = text; *s; s++) {
		if (iscntrl((unsigned char)*s))
			*s = '?';
	}
	copy = arena_strdup(&p->strings, p->warnings.len + 1 < WARNINGS_MAX ?
						 text :
						 "further warnings left out");
	w.text = copy;
	if (!copy || !vec_push(&p->warnings, w))
		p->failed = -ENOMEM;
}

static int policy_fail(const struct lkm_policy *p, const char *file,
		       struct lkm_error **reterr)
{
	if (p->failed == -E2BIG)
		return FAIL(reterr, POLICY_LIMIT, KV_STR("file", file),
			    KV_NUM("limit", RULES_MAX),
			    KV_STR("what", "rules"));
	return error_nomem(reterr);
}

/* The kernel's own softdeps have a place among the files, by their name. */
static bool add_module_dir(struct conf_files *files, const char *dir)
{
	static const char *const names[] = { "modules.softdep",
					     "modules.weakdep" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };

		if (!strbuf_addf(&path, "%s/%s", dir, names[i]) ||
		    !conf_files_add(files, names[i], path.data, false))
			return false;
	}
	return true;
}

static int read_files(struct lkm_policy *p, const struct root *root,
		      const struct lkm_policy_options *o,
		      struct lkm_error **reterr)
{
	_cleanup_conf_files_ struct conf_files files = { 0 };
	const struct conf_search search = { "modprobe.d", ".alias", o->paths,
					    o->path_count, o->only_paths };
	struct conf_text text;
	int rc;

	if (o->module_dir && !add_module_dir(&files, o->module_dir))
		return error_nomem(reterr);
	rc = conf_files_find(&files, root, &search, reterr);
	if (rc < 0)
		return rc;
	while ((rc = conf_files_next(&files, root, &text, reterr)) > 0) {
		struct place at = { arena_strdup(&p->strings, text.path), 0 };

		if (!at.file)
			p->failed = -ENOMEM;
		else if (text.problem)
			policy_warn(p, &at, "not read: %s", text.problem);
		else
			policy_read_text(p, at.file, text.text, text.size);
		free(text.text);
		if (p->failed)
			return policy_fail(p, text.path, reterr);
	}
	return rc;
}

/* The modules' own lines where no index file has them. */
static int read_module_lines(struct lkm_policy *p,
			     const struct lkm_policy_options *o,
			     struct lkm_error **reterr)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ char *text = NULL;
	const char *file;

	if (!o->module_lines || !*o->module_lines)
		return 0;
	text = strdup(o->module_lines);
	strbuf_addf(&path, "%s/modules.softdep",
		    o->module_dir ? o->module_dir : "");
	file = arena_strdup(&p->strings, strbuf_str(&path));
	if (!text || path.failed || !file)
		return error_nomem(reterr);
	policy_read_text(p, file, text, strlen(text));
	return p->failed ? policy_fail(p, file, reterr) : 0;
}

static int read_cmdline(struct lkm_policy *p, const struct root *root,
			const struct lkm_policy_options *o,
			struct lkm_error **reterr)
{
	_cleanup_free_ char *text = NULL;
	const char *line = o->cmdline;
	size_t size = line ? strlen(line) : 0;
	struct place at = { CMDLINE_FILE, 0 };
	int rc = 0;

	if (!line && root_is_host(root)) {
		rc = root_read(root, CMDLINE_FILE, CMDLINE_MAX, &text, &size);
		line = text;
	}
	if (rc == -EFBIG || size > CMDLINE_MAX)
		return FAIL(reterr, POLICY_LIMIT, KV_STR("file", CMDLINE_FILE),
			    KV_NUM("limit", CMDLINE_MAX),
			    KV_STR("what", "bytes"));
	/* A chroot without /proc is quite usual. */
	if (rc < 0 && rc != -ENOENT)
		policy_warn(p, &at, "not read: %s", strerrordesc_np(-rc));
	if (rc == 0 && line)
		policy_read_cmdline(
			p, CMDLINE_FILE,
			(struct span){ (const uint8_t *)line, size });
	return p->failed ? policy_fail(p, CMDLINE_FILE, reterr) : 0;
}

/* The first marker of a module is the one that is named. */
static int index_forbidden(struct lkm_policy *p, struct lkm_error **reterr)
{
	for (size_t i = 0; i < p->rules.len; i++) {
		struct lkm_rule *rule = &p->rules.data[i];
		struct map_slot *slot;

		if (rule->kind != LKM_RULE_FORBID)
			continue;
		slot = map_slot_of(&p->forbidden, rule->key);
		if (!slot)
			return error_nomem(reterr);
		if (!slot->value)
			slot->value = rule;
	}
	return 0;
}

int lkm_policy_load(const struct lkm_policy_options *options,
		    struct lkm_policy **ret, struct lkm_error **reterr)
{
	struct lkm_policy_options o = { 0 };
	_cleanup_root_ struct root root = ROOT_HOST;
	struct lkm_policy *p;
	int rc;

	if (options)
		memcpy(&o, options, MIN_OF(options->size, sizeof(o)));
	rc = root_open(&root, o.root);
	if (rc < 0)
		return error_system(reterr, rc, "open", o.root);
	p = calloc(1, sizeof(*p));
	if (!p)
		return error_nomem(reterr);
	rc = read_files(p, &root, &o, reterr);
	if (rc == 0)
		rc = read_module_lines(p, &o, reterr);
	if (!rc)
		rc = read_cmdline(p, &root, &o, reterr);
	if (!rc)
		rc = index_forbidden(p, reterr);
	if (rc < 0) {
		lkm_policy_free(p);
		return rc;
	}
	*ret = p;
	return 0;
}

void lkm_policy_free(struct lkm_policy *policy)
{
	if (!policy)
		return;
	map_release(&policy->forbidden);
	vec_release(&policy->rules);
	vec_release(&policy->warnings);
	arena_release(&policy->strings);
	free(policy);
}

const struct lkm_rule *lkm_policy_rules(const struct lkm_policy *policy,
					size_t *ret_count)
{
	*ret_count = policy->rules.len;
	return policy->rules.data;
}

const struct lkm_policy_warning *
lkm_policy_warnings(const struct lkm_policy *policy, size_t *ret_count)
{
	*ret_count = policy->warnings.len;
	return policy->warnings.data;
}

const char *lkm_rule_kind_name(enum lkm_rule_kind kind)
{
	static const char *const names[] = {
		[LKM_RULE_ALIAS] = "alias",
		[LKM_RULE_BLACKLIST] = "blacklist",
		[LKM_RULE_OPTIONS] = "options",
		[LKM_RULE_INSTALL] = "install",
		[LKM_RULE_REMOVE] = "remove",
		[LKM_RULE_SOFTDEP] = "softdep",
		[LKM_RULE_WEAKDEP] = "weakdep",
		[LKM_RULE_FORBID] = "forbid",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

const struct lkm_rule *lkm_policy_forbids(const struct lkm_policy *policy,
					  const char *name)
{
	char key[MODULE_NAME_MAX];

	if (!module_name_of(name, key, sizeof(key)))
		return NULL;
	return map_get(&policy->forbidden, key);
}
