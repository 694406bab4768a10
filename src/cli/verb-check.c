// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm check: would that kernel take this module?
#include <lkm/check.h>
#include <lkm/vmlinux.h>

#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "cli/act.h"
#include "cli/table.h"
#include "cli/verbs.h"

enum { CHECK_FILE, CHECK_ID, CHECK_TEXT, CHECK_HINT };

static const struct column columns[] = {
	[CHECK_FILE] = { "file", "FILE", 0 },
	[CHECK_ID] = { "finding", "FINDING", 0 },
	[CHECK_TEXT] = { "text", "TEXT", 0 },
	[CHECK_HINT] = { "hint", "HINT", COLUMN_JSON_ONLY },
};

struct checking {
	struct cli *cli;
	struct lkm_check_options options;
	struct lkm_facts *facts; /* ours, where the target does not run */
	struct lkm_keys *keys;	 /* of the image */
	struct table t;
	size_t found;
};

/* What is known of a kernel that is only a file. */
static int facts_of_image(struct checking *c, struct lkm_error **reterr)
{
	const char *release = lkm_vmlinux_release(c->options.kernel);

	c->facts = lkm_facts_new();
	if (!c->facts)
		return error_nomem(reterr);
	if (release && !lkm_facts_set_text(c->facts, LKM_FACT_RELEASE, release))
		return error_nomem(reterr);
	c->options.facts = c->facts;
	return 0;
}

/* Of an image that has keys, where they can be read. */
static int open_keys(struct checking *c, struct lkm_error **reterr)
{
	_cleanup_error_ struct lkm_error *e = NULL;
	int rc = lkm_keys_new(&c->keys, &e);

	if (rc >= 0)
		rc = lkm_keys_add_kernel(c->keys, c->options.kernel, &e);
	if (rc == -LKM_ENOMEM) {
		*reterr = take_ptr(e);
		return rc;
	}
	if (rc < 0)
		cli_detail(c->cli, "note: signatures are not verified: %s",
			   lkm_error_id(e));
	else
		c->options.keys = c->keys;
	return 0;
}

static int open_target(struct checking *c, struct lkm_error **reterr)
{
	_cleanup_free_ char *image = NULL;
	struct cli *cli = c->cli;
	int rc;

	cli->tree_may_be_gone = true;
	rc = cli_tree(cli, &c->options.tree, reterr);
	if (rc < 0)
		return rc;
	image = cli_image(cli, lkm_tree_release(c->options.tree));
	if (!image)
		cli_note(cli,
			 "note: no image of kernel %s was found (--image "
			 "names one); its own symbols are not checked",
			 lkm_tree_release(c->options.tree));
	else
		rc = lkm_vmlinux_open(image, &c->options.kernel, reterr);
	if (!rc && c->options.kernel)
		rc = open_keys(c, reterr);
	if (rc < 0)
		return rc;
	if (!cli_has_kernel(cli) && c->options.kernel)
		return facts_of_image(c, reterr);
	return cli_facts(cli, &c->options.facts, reterr);
}

static void add_row(struct checking *c, const char *file,
		    const struct lkm_error *e)
{
	_cleanup_free_ char *text = e ? lkm_error_text(e) : NULL;
	_cleanup_free_ char *hint = e ? lkm_error_hint(e) : NULL;

	table_row(&c->t, 0);
	table_str(&c->t, CHECK_FILE, file);
	table_str(&c->t, CHECK_ID, e ? lkm_error_id(e) : "none");
	table_str(&c->t, CHECK_TEXT, text);
	table_str(&c->t, CHECK_HINT, hint && *hint ? hint : NULL);
	c->found += e != NULL;
}

static int check_path(struct checking *c, const char *path, const char *params,
		      struct lkm_error **reterr)
{
	_cleanup_error_ struct lkm_error *found = NULL;
	int rc;

	c->options.params = params;
	rc = lkm_check_file(path, &c->options, &found);
	if (rc == -LKM_ENOMEM || rc == -LKM_ESYSTEM) {
		*reterr = take_ptr(found);
		return rc;
	}
	add_row(c, path, rc < 0 ? found : NULL);
	return 0;
}

static int check_request(struct checking *c, const struct request *r,
			 struct lkm_error **reterr)
{
	_cleanup_free_ char *path = NULL;
	const struct lkm_module_file *file;
	int rc;

	if (strchr(r->name, '/') || access(r->name, F_OK) == 0)
		return check_path(c, r->name, r->params, reterr);
	rc = lkm_tree_module(c->options.tree, r->name, &file, reterr);
	if (rc < 0)
		return rc;
	if (!rc)
		return FAIL(reterr, CLI_MODULE_UNKNOWN,
			    KV_STR("tree", lkm_tree_dir(c->options.tree)),
			    KV_STR("module", r->name));
	path = lkm_tree_file_path(c->options.tree, file->path);
	return path ? check_path(c, path, r->params, reterr) :
		      error_nomem(reterr);
}

static int check_all(struct checking *c, struct lkm_error **reterr)
{
	const struct lkm_module_file *modules;
	size_t count;
	int rc = lkm_tree_modules(c->options.tree, &modules, &count, reterr);

	for (size_t i = 0; rc >= 0 && i < count; i++) {
		_cleanup_free_ char *path = lkm_tree_file_path(c->options.tree,
							       modules[i].path);

		rc = path ? check_path(c, path, NULL, reterr) :
			    error_nomem(reterr);
	}
	return rc < 0 ? rc : 0;
}

static int check_run(struct cli *cli, int argc, char **argv)
{
	struct checking c = { .cli = cli,
			      .options = { .size = sizeof(c.options) } };
	struct request requests[ACT_MAX];
	struct lkm_error *e = NULL;
	size_t count = 0;
	bool all = cli_has(cli, "all");
	int rc;

	if (all != (argc == 0))
		return cli_usage(cli, "either NAMEs or --all");
	rc = all ? 0 : act_requests(cli, argc, argv, requests, &count);
	if (rc)
		return rc;
	table_init(&c.t, "findings", columns, ARRAY_SIZE(columns));
	rc = open_target(&c, &e);
	if (!rc && all)
		rc = check_all(&c, &e);
	for (size_t i = 0; !rc && i < count; i++)
		rc = check_request(&c, &requests[i], &e);
	act_requests_release(requests, count);
	lkm_keys_free(c.keys);
	lkm_vmlinux_free(c.options.kernel);
	rc = rc < 0 ? cli_fail(cli, e) : table_print(&c.t, cli);
	lkm_facts_free(c.facts);
	table_release(&c.t);
	return rc ? rc : c.found ? CLI_FAILED : CLI_DONE;
}

const struct verb verb_check = {
	.name = "check",
	.args = "NAME|FILE [PARAM=VALUE]...",
	.summary = "would that kernel take this module, and if not why",
	.detail =
		"Makes the kernel's own checks of a module file without "
		"loading it: format, signature\nrules, vermagic, every symbol "
		"(is it there, in that version, for this license and\n"
		"namespace), parameters.  The kernel is the running one, or "
		"that of --kernel and --root;\nits image is read for its "
		"symbols.  What is found is no promise for the rest: the\n"
		"module's init function is not run.  Exit status 1 when "
		"something was found.",
	.options =
		(const struct option_spec[]){
			{ "all", 'a', NULL, "every module of the tree" },
			OPTION_IMAGE,
			{ 0 },
		},
	.flags = VERB_ON,
	.words = WORDS_FILES_TOO,
	.run = check_run,
};
