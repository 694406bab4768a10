// SPDX-License-Identifier: LGPL-2.1-or-later
// modprobe -c, --show-modversions and --show-exports.
#include "cli/compat/modprobe.h"

#include <lkm/image.h>

#include <string.h>

#include "base/span.h"
#include "base/text.h"

/* The names of one half of a softdep line, behind "pre:" or "post:". */
static void print_softdep(const char *value, bool post)
{
	struct span line = { (const uint8_t *)value, strlen(value) }, word;
	bool in_post = false, in_half = false;
	size_t pos = 0;

	while (text_next_word(line, &pos, &word)) {
		bool is_pre = span_equals(word, SPAN_LITERAL("pre:"));
		bool is_post = span_equals(word, SPAN_LITERAL("post:"));

		if (is_pre || is_post) {
			in_half = true;
			in_post = is_post;
		} else if (in_half && in_post == post) {
			printf(" %.*s", (int)word.size,
			       (const char *)word.data);
		}
	}
}

static bool has_half(const char *value, const char *half)
{
	const char *p = strstr(value, half);

	return p && p[strspn(p + strlen(half), " \t") + strlen(half)];
}

static void print_rule(const struct lkm_rule *r)
{
	printf("%s %s", lkm_rule_kind_name(r->kind), r->key);
	if (r->kind == LKM_RULE_SOFTDEP) {
		bool pre = has_half(r->value, "pre:");
		bool post = has_half(r->value, "post:");

		printf("%s", pre ? " pre:" : "");
		print_softdep(r->value, false);
		printf("%s", post ? " post:" : pre ? "" : " ");
		print_softdep(r->value, true);
	} else if (*r->value) {
		printf(" %s", r->value);
	}
	putchar('\n');
}

static int print_entry(void *ctx, const char *key, const char *value)
{
	(void)ctx;
	printf("alias %s %s\n", key, value);
	return 0;
}

static int open_inputs(struct modprobe *m, struct lkm_error **reterr)
{
	struct lkm_tree_options tree = { .size = sizeof(tree),
					 .root = m->t.cli->root,
					 .release = m->t.cli->release,
					 .flags = LKM_TREE_EMPTY };
	int rc = lkm_tree_open(&tree, &m->t.cli->tree, reterr);

	return rc < 0 ? rc : target_policy(&m->g, &m->t, reterr);
}

int modprobe_show_config(struct modprobe *m)
{
	static const enum lkm_rule_kind kinds[] = {
		LKM_RULE_BLACKLIST, LKM_RULE_INSTALL, LKM_RULE_REMOVE,
		LKM_RULE_ALIAS,	    LKM_RULE_OPTIONS, LKM_RULE_SOFTDEP,
		LKM_RULE_WEAKDEP,
	};
	const struct lkm_rule *rules;
	struct lkm_error *e = NULL;
	size_t count;
	int rc = open_inputs(m, &e);

	if (rc < 0)
		goto out;
	rules = lkm_policy_rules(m->t.cli->policy, &count);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (size_t i = 0; i < count; i++) {
			if (rules[i].kind == kinds[k])
				print_rule(&rules[i]);
		}
	}
	puts("\n# End of configuration files. Dumping indexes now:\n");
	rc = lkm_tree_dump(m->t.cli->tree, LKM_INDEX_ALIAS, print_entry, NULL,
			   &e);
	if (!rc)
		rc = lkm_tree_dump(m->t.cli->tree, LKM_INDEX_SYMBOLS,
				   print_entry, NULL, &e);
out:
	if (rc < 0) {
		tool_log(&m->t, LOG_ERR, "could not read the configuration: %s",
			 strerrordesc_np(tool_errno(e)));
		tool_explain(&m->t, e);
	}
	return rc < 0 ? CLI_FAILED : CLI_DONE;
}

static int open_image(struct modprobe *m, const char *file, const char *what,
		      struct lkm_image **ret)
{
	struct lkm_error *e = NULL;
	int rc;

	if (access(file, F_OK) != 0) {
		tool_log(&m->t, LOG_CRIT, "Module %s not found.", file);
		return CLI_FAILED;
	}
	rc = lkm_image_open(file, ret, &e);
	if (rc < 0) {
		tool_log(&m->t, LOG_CRIT, "could not get %s of %s: %s", what,
			 file, strerrordesc_np(tool_errno(e)));
		tool_explain(&m->t, e);
	}
	return rc < 0 ? CLI_FAILED : CLI_DONE;
}

/* None at all is a failure there. */
static int told(struct modprobe *m, const char *file, const char *what, int rc,
		size_t count, struct lkm_error *e)
{
	if (rc >= 0 && count)
		return CLI_DONE;
	tool_log(&m->t, LOG_CRIT, "could not get %s of %s: %s", what, file,
		 strerrordesc_np(rc < 0 ? tool_errno(e) : ENOENT));
	tool_explain(&m->t, e);
	return CLI_FAILED;
}

int modprobe_show_versions(struct modprobe *m, const char *file)
{
	const struct lkm_version *v;
	struct lkm_image *image;
	struct lkm_error *e = NULL;
	size_t count = 0;
	int rc;

	if (open_image(m, file, "modversions", &image) != CLI_DONE)
		return CLI_FAILED;
	rc = lkm_image_versions(image, &v, &count, &e);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		printf("0x%08x\t%s\n", v[i].crc, v[i].name);
	rc = told(m, file, "modversions", rc, count, e);
	lkm_image_free(image);
	return rc;
}

int modprobe_show_exports(struct modprobe *m, const char *file)
{
	const struct lkm_export *x;
	struct lkm_image *image;
	struct lkm_error *e = NULL;
	size_t count = 0;
	int rc;

	if (open_image(m, file, "symbols", &image) != CLI_DONE)
		return CLI_FAILED;
	rc = lkm_image_exports(image, &x, &count, &e);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		printf("0x%08x\t%s\n", x[i].crc, x[i].name);
	rc = told(m, file, "symbols", rc, count, e);
	lkm_image_free(image);
	return rc;
}
