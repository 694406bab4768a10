// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm info: what a module file says of itself.
#include <lkm/image.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "cli/table.h"
#include "cli/verbs.h"

#include <string.h>
#include <sys/stat.h>

enum { INFO_FIELD, INFO_VALUE, INFO_MODULE };

static const struct column columns[] = {
	[INFO_FIELD] = { "field", "FIELD", 0 },
	[INFO_VALUE] = { "value", "VALUE", 0 },
	[INFO_MODULE] = { "module", "MODULE", COLUMN_JSON_ONLY },
};

struct info {
	struct cli *cli;
	struct table t;
	const char *module;
};

static void info_add(struct info *in, const char *field, const char *value)
{
	const char *only = cli_opt(in->cli, "field");

	if (only && strcasecmp(only, field))
		return;
	table_row(&in->t, 0);
	table_str(&in->t, INFO_FIELD, field);
	table_str(&in->t, INFO_VALUE, value);
	table_str(&in->t, INFO_MODULE, in->module);
}

static void info_signature(struct info *in, struct lkm_image *image)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct lkm_signature s;
	_cleanup_error_ struct lkm_error *e = NULL;
	int rc = lkm_image_signature(image, &s, &e);

	if (rc > 0)
		strbuf_addf(&b, "%s, %zu bytes (not verified)",
			    s.id_type == 2 ? "PKCS#7" : "unknown type", s.size);
	else
		strbuf_adds(&b, rc ? lkm_error_id(e) : "none");
	in->t.failed |= b.failed;
	info_add(in, "signature", strbuf_str(&b));
}

static void info_build_id(struct info *in, struct lkm_image *image)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	const uint8_t *id;
	size_t size;

	if (lkm_image_build_id(image, &id, &size, NULL) <= 0)
		return;
	for (size_t i = 0; i < size; i++)
		strbuf_addf(&b, "%02x", id[i]);
	in->t.failed |= b.failed;
	info_add(in, "build-id", strbuf_str(&b));
}

/* "parm=NAME:text" and "parmtype=NAME:int" make one line. */
static void info_params(struct info *in, const struct lkm_modinfo *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf b = { 0 };
		const char *colon = strchr(m[i].value, ':');
		size_t len = colon ? (size_t)(colon - m[i].value) + 1 : 0;

		if (strcmp(m[i].key, "parm"))
			continue;
		strbuf_adds(&b, m[i].value);
		for (size_t k = 0; len && k < n; k++) {
			if (!strcmp(m[k].key, "parmtype") &&
			    !strncmp(m[k].value, m[i].value, len))
				strbuf_addf(&b, " (%s)", m[k].value + len);
		}
		in->t.failed |= b.failed;
		info_add(in, "parm", strbuf_str(&b));
	}
}

static int info_file(struct info *in, const char *path,
		     struct lkm_error **reterr)
{
	struct lkm_image *image;
	const struct lkm_modinfo *m;
	size_t n;
	int rc = lkm_image_open(path, &image, reterr);

	if (rc < 0)
		return rc;
	rc = lkm_image_modinfo(image, &m, &n, reterr);
	if (!rc) {
		in->module = lkm_image_name(image);
		info_add(in, "filename", path);
		for (size_t i = 0; i < n; i++) {
			if (strcmp(m[i].key, "parm") &&
			    strcmp(m[i].key, "parmtype"))
				info_add(in, m[i].key, m[i].value);
		}
		info_add(in, "compression",
			 lkm_compression_name(lkm_image_compression(image)));
		info_build_id(in, image);
		info_signature(in, image);
		info_params(in, m, n);
	}
	lkm_image_free(image);
	return rc;
}

static int info_builtin(struct info *in, struct lkm_tree *tree,
			const char *name, struct lkm_error **reterr)
{
	const struct lkm_builtin_info *m;
	size_t n;
	int rc = lkm_tree_builtin_info(tree, name, &m, &n, reterr);

	if (rc < 0)
		return rc;
	in->module = name;
	info_add(in, "name", name);
	info_add(in, "filename", "(builtin)");
	for (size_t i = 0; rc > 0 && i < n; i++)
		info_add(in, m[i].key, m[i].value);
	return 0;
}

static int info_module(struct info *in, struct lkm_tree *tree, const char *name,
		       struct lkm_error **reterr)
{
	const struct lkm_module_file *file;
	_cleanup_free_ char *path = NULL;
	int rc = lkm_tree_module(tree, name, &file, reterr);

	if (rc < 0)
		return rc;
	if (!rc)
		return info_builtin(in, tree, name, reterr);
	path = lkm_tree_file_path(tree, file->path);
	if (!path)
		return error_nomem(reterr);
	return info_file(in, path, reterr);
}

static bool is_file(const char *name)
{
	size_t stem;
	struct stat st;

	/* "/x", "./x" and "../x" can be nothing else. */
	if (*name == '/' || text_starts(name, "./") || text_starts(name, "../"))
		return true;
	return (strchr(name, '/') || module_file_stem(name, &stem)) &&
	       stat(name, &st) == 0;
}

/* Names, or what an alias stands for: the resolver knows. */
static int info_name(struct info *in, const char *name,
		     struct lkm_error **reterr)
{
	struct lkm_plan_request request = { .size = sizeof(request),
					    .name = name };
	struct lkm_plan_inputs inputs;
	struct lkm_plan *plan;
	const char *const *targets;
	size_t count;
	int rc;

	if (is_file(name))
		return info_file(in, name, reterr);
	rc = cli_plan_inputs(in->cli, &inputs, reterr);
	if (!rc)
		rc = lkm_plan_load(&inputs, &request, &plan, reterr);
	if (rc < 0)
		return rc;
	targets = lkm_plan_targets(plan, &count);
	for (size_t i = 0; i < count && !rc; i++)
		rc = info_module(in, inputs.tree, targets[i], reterr);
	lkm_plan_free(plan);
	return rc;
}

static int info_run(struct cli *cli, int argc, char **argv)
{
	struct info in = { .cli = cli };
	struct lkm_error *e = NULL;
	bool plain = cli_has(cli, "field") && !cli->json;
	int rc = CLI_DONE;

	if (!argc)
		return cli_usage(cli, "which module?");
	table_init(&in.t, "info", columns, ARRAY_SIZE(columns));
	in.t.no_heading = true;
	for (int i = 0; i < argc; i++) {
		if (info_name(&in, argv[i], &e) < 0) {
			rc = i ? CLI_PARTLY : CLI_FAILED;
			cli_fail(cli, e);
			e = NULL;
		}
	}
	for (size_t i = 0; plain && i < in.t.rows.len; i++)
		puts(table_cell_text(&in.t,
				     &in.t.rows.data[i].cells[INFO_VALUE]));
	if (!plain && (in.t.rows.len || !rc) && table_print(&in.t, cli) && !rc)
		rc = CLI_FAILED;
	table_release(&in.t);
	return rc;
}

const struct verb verb_info = {
	.name = "info",
	.args = "NAME|FILE...",
	.summary = "what a module says of itself",
	.detail =
		"All modinfo fields of a module (by name, alias or file; "
		"built-in ones too), its\nsignature, build-id and parameters.",
	.options =
		(const struct option_spec[]){
			{ "field", 'F', "NAME",
			  "only this field, values only" },
			{ 0 },
		},
	.flags = VERB_ON,
	.words = WORDS_FILES_TOO,
	.run = info_run,
};
