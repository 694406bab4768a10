// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm find: which module has this symbol, alias, firmware or file?
#include <lkm/image.h>

#include "base/text.h"
#include "cli/table.h"
#include "cli/verbs.h"

#include <fnmatch.h>
#include <string.h>

enum { FIND_KIND, FIND_MATCH, FIND_MODULE };

static const struct column columns[] = {
	[FIND_KIND] = { "kind", "KIND", 0 },
	[FIND_MATCH] = { "match", "MATCH", COLUMN_TRUNC },
	[FIND_MODULE] = { "module", "MODULE", 0 },
};

struct finder {
	struct cli *cli;
	struct table t;
	struct lkm_tree *tree;
	const char *what;
	const char *kind;
};

static bool wants(const struct finder *f, const char *kind)
{
	static const char *const kinds[] = { "name", "symbol", "alias", "file",
					     "firmware" };
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		any |= cli_has(f->cli, kinds[i]);
	/* Firmware means opening every module: only when asked for. */
	return any ? cli_has(f->cli, kind) : strcmp(kind, "firmware") != 0;
}

static void found(struct finder *f, const char *kind, const char *match,
		  const char *module)
{
	table_row(&f->t, 0);
	table_str(&f->t, FIND_KIND, kind);
	table_str(&f->t, FIND_MATCH, match);
	table_str(&f->t, FIND_MODULE, module);
}

/* A pattern of the user's, or a name as it stands. */
static int match_entry(void *ctx, const char *key, const char *value)
{
	struct finder *f = ctx;
	const char *symbol = text_starts(key, "symbol:") ? key + 7 : key;

	if (fnmatch(f->what, symbol, 0) == 0)
		found(f, f->kind, symbol, value);
	return 0;
}

static bool is_pattern(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

static int find_symbol(struct finder *f, struct lkm_error **reterr)
{
	const char *const *names;
	size_t count;
	int rc;

	f->kind = "symbol";
	if (is_pattern(f->what))
		return lkm_tree_dump(f->tree, LKM_INDEX_SYMBOLS, match_entry, f,
				     reterr);
	rc = lkm_tree_symbol(f->tree, f->what, &names, &count, reterr);
	for (size_t i = 0; rc > 0 && i < count; i++)
		found(f, "symbol", f->what, names[i]);
	return rc < 0 ? rc : 0;
}

/* A module answers once for each pattern that matches: show it once. */
static void found_each(struct finder *f, const char *kind,
		       const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool again = false;

		for (size_t k = 0; k < i && !again; k++)
			again = !strcmp(names[i], names[k]);
		if (!again)
			found(f, kind, f->what, names[i]);
	}
}

static int find_alias(struct finder *f, struct lkm_error **reterr)
{
	const char *const *names;
	size_t count;
	int rc;

	f->kind = "alias";
	if (is_pattern(f->what))
		return lkm_tree_dump(f->tree, LKM_INDEX_ALIAS, match_entry, f,
				     reterr);
	rc = lkm_tree_alias(f->tree, f->what, &names, &count, reterr);
	if (rc > 0)
		found_each(f, "alias", names, count);
	if (rc >= 0)
		rc = lkm_tree_builtin_alias(f->tree, f->what, &names, &count,
					    reterr);
	if (rc > 0)
		found_each(f, "builtin-alias", names, count);
	return rc < 0 ? rc : 0;
}

static int find_firmware_in(struct finder *f, const struct lkm_module_file *m,
			    struct lkm_error **reterr)
{
	_cleanup_free_ char *path = lkm_tree_file_path(f->tree, m->path);
	const struct lkm_modinfo *info;
	struct lkm_image *image;
	size_t count;
	int rc;

	if (!path)
		return error_nomem(reterr);
	rc = lkm_image_open(path, &image, reterr);
	if (rc < 0)
		return rc;
	rc = lkm_image_modinfo(image, &info, &count, reterr);
	for (size_t i = 0; !rc && i < count; i++) {
		if (!strcmp(info[i].key, "firmware") &&
		    fnmatch(f->what, info[i].value, 0) == 0)
			found(f, "firmware", info[i].value, m->name);
	}
	lkm_image_free(image);
	return rc;
}

/* Names and files, and with --firmware what each module asks for. */
static int find_modules(struct finder *f, struct lkm_error **reterr)
{
	const struct lkm_module_file *all;
	size_t count;
	int rc = lkm_tree_modules(f->tree, &all, &count, reterr);

	for (size_t i = 0; rc >= 0 && i < count; i++) {
		const char *slash = strrchr(all[i].path, '/');
		const char *base = slash ? slash + 1 : all[i].path;

		if (wants(f, "name") &&
		    (fnmatch(f->what, all[i].name, 0) == 0 ||
		     module_name_equals(f->what, all[i].name)))
			found(f, "name", all[i].path, all[i].name);
		if (wants(f, "file") &&
		    (fnmatch(f->what, all[i].path, 0) == 0 ||
		     fnmatch(f->what, base, 0) == 0))
			found(f, "file", all[i].path, all[i].name);
		if (wants(f, "firmware"))
			rc = find_firmware_in(f, &all[i], reterr);
	}
	return rc < 0 ? rc : 0;
}

static int find_run(struct cli *cli, int argc, char **argv)
{
	struct finder f = { .cli = cli };
	struct lkm_error *e = NULL;
	int rc;

	if (argc != 1)
		return cli_usage(cli, "one name or pattern at a time");
	f.what = argv[0];
	table_init(&f.t, "matches", columns, ARRAY_SIZE(columns));
	rc = cli_tree(cli, &f.tree, &e);
	if (!rc)
		rc = find_modules(&f, &e);
	if (!rc && wants(&f, "symbol"))
		rc = find_symbol(&f, &e);
	if (!rc && wants(&f, "alias"))
		rc = find_alias(&f, &e);
	if (!rc && !f.t.rows.len)
		rc = FAIL(&e, CLI_FIND_NOTHING, KV_STR("what", f.what),
			  KV_STR("tree", lkm_tree_dir(f.tree)));
	rc = rc < 0 ? cli_fail(cli, e) : table_print(&f.t, cli);
	table_release(&f.t);
	return rc;
}

const struct verb verb_find = {
	.name = "find",
	.args = "NAME|PATTERN",
	.summary = "which module has this symbol, alias, firmware or file",
	.detail = "Looks among module names, files, exported symbols and "
		  "aliases; a modalias of a device\nfinds its drivers.  '*', "
		  "'?' and '[]' make a pattern.  With options only these "
		  "kinds.",
	.options =
		(const struct option_spec[]){
			{ "name", 0, NULL, "module names" },
			{ "symbol", 0, NULL, "exported symbols" },
			{ "alias", 0, NULL,
			  "aliases; a modalias finds its drivers" },
			{ "file", 0, NULL, "files of the tree" },
			{ "firmware", 0, NULL,
			  "firmware that modules ask for (reads every module)" },
			{ 0 },
		},
	.flags = VERB_ON,
	.words = WORDS_MODULES,
	.run = find_run,
};
