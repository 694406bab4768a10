// SPDX-License-Identifier: LGPL-2.1-or-later
// modinfo: kmod's command line and text on lkm's module reader.
#include <lkm/image.h>

#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "cli/compat/compat.h"
#include "cli/compat/modinfo.h"

const struct option_spec modinfo_options[] = {
	{ "author", 'a', NULL, "only the authors" },
	{ "description", 'd', NULL, "only the description" },
	{ "license", 'l', NULL, "only the licence" },
	{ "parameters", 'p', NULL, "only the parameters" },
	{ "filename", 'n', NULL, "only the file's path" },
	{ "null", '0', NULL, "NUL bytes instead of newlines" },
	{ "modname", 'm', NULL, "names are module names, no aliases or files" },
	{ "field", 'F', "FIELD", "only this field" },
	{ "set-version", 'k', "VERSION", "modules of this kernel" },
	{ "basedir", 'b', "DIR", "modules below DIR/lib/modules" },
	{ "version", 'V', NULL, "show the version" },
	{ "help", 'h', NULL, "show help" },
	{ 0 },
};

static int help(const struct modinfo *m)
{
	printf("Usage:\n\t%s [options] <modulename|filename> [args]\n",
	       m->t.name);
	fputs("Options:\n"
	      "\t-a, --author                Print only 'author'\n"
	      "\t-d, --description           Print only 'description'\n"
	      "\t-l, --license               Print only 'license'\n"
	      "\t-p, --parameters            Print only 'parm'\n"
	      "\t-n, --filename              Print only 'filename'\n"
	      "\t-0, --null                  Use \\0 instead of \\n\n"
	      "\t-m, --modname               Handle argument as module name "
	      "instead of alias or filename\n"
	      "\t-F, --field=FIELD           Print only provided FIELD\n"
	      "\t-k, --set-version=VERSION   Use VERSION instead of `uname "
	      "-r`\n"
	      "\t-b, --basedir=DIR           Use DIR as filesystem root for "
	      "/lib/modules\n"
	      "\t-V, --version               Show version\n"
	      "\t-h, --help                  Show this help\n",
	      stdout);
	return CLI_DONE;
}

static int failed(struct modinfo *m, const char *name, struct lkm_error *e)
{
	tool_log(&m->t, LOG_ERR, "could not get modinfo from '%s': %s", name,
		 strerrordesc_np(tool_errno(e)));
	tool_explain(&m->t, e);
	return CLI_FAILED;
}

static int show_file(struct modinfo *m, const char *name, const char *path)
{
	_cleanup_free_ char *shown = target_path(&m->g, path);
	struct lkm_image *image;
	struct lkm_error *e = NULL;
	int rc;

	if (modinfo_filename(m, shown ? shown : path))
		return CLI_DONE;
	rc = lkm_image_open(path, &image, &e);
	if (rc < 0)
		return failed(m, name, e);
	rc = modinfo_image(m, image, &e);
	lkm_image_free(image);
	return rc < 0 ? failed(m, name, e) : CLI_DONE;
}

static int show_builtin(struct modinfo *m, const char *name)
{
	const struct lkm_builtin_info *info;
	struct lkm_error *e = NULL;
	size_t count = 0;
	int rc;

	modinfo_name(m, name);
	if (modinfo_filename(m, "(builtin)"))
		return CLI_DONE;
	rc = lkm_tree_builtin_info(m->t.cli->tree, name, &info, &count, &e);
	if (rc < 0)
		return failed(m, name, e);
	/* An old kernel that has no modules.builtin.modinfo. */
	for (size_t i = 0; rc > 0 && i < count; i++)
		modinfo_field(m, info[i].key, info[i].value);
	modinfo_end(m);
	return CLI_DONE;
}

static int show_module(struct modinfo *m, const char *name)
{
	const struct lkm_module_file *file;
	struct lkm_tree *tree = m->t.cli->tree;
	struct lkm_error *e = NULL;
	_cleanup_free_ char *path = NULL;
	int rc = lkm_tree_module(tree, name, &file, &e);

	if (rc < 0)
		return failed(m, name, e);
	if (!rc)
		return show_builtin(m, name);
	path = lkm_tree_file_path(tree, file->path);
	return path ? show_file(m, name, path) : tool_nomem(&m->t);
}

static int open_tree(struct modinfo *m, struct lkm_error **reterr)
{
	struct lkm_tree_options options = { .size = sizeof(options),
					    .root = m->t.cli->root,
					    .release = m->t.cli->release,
					    .flags = LKM_TREE_EMPTY };

	if (m->t.cli->tree)
		return 0;
	return lkm_tree_open(&options, &m->t.cli->tree, reterr);
}

/* With -m: a module of that very name. */
static int show_name(struct modinfo *m, const char *name)
{
	const struct lkm_module_file *file;
	char module[MODULE_NAME_MAX];
	struct lkm_error *e = NULL;
	int rc = open_tree(m, &e);

	if (!module_name_of(name, module, sizeof(module)))
		snprintf(module, sizeof(module), "?");
	if (!rc)
		rc = lkm_tree_module(m->t.cli->tree, module, &file, &e);
	if (!rc)
		rc = lkm_tree_builtin(m->t.cli->tree, module, &e);
	if (rc > 0)
		return show_module(m, module);
	tool_log(&m->t, LOG_ERR, "Module name %s not found.", name);
	tool_explain(&m->t, e);
	return CLI_FAILED;
}

/* Looked up as the kernel's requests are, without rules of modprobe.d. */
static int show_alias(struct modinfo *m, const char *name)
{
	struct lkm_plan_request request = {
		.size = sizeof(request),
		.name = name,
		.flags = LKM_PLAN_IGNORE_LOADED | LKM_PLAN_NO_SOFTDEPS,
	};
	struct lkm_plan_inputs in = { .dialect = LKM_DIALECT_KMOD };
	struct lkm_plan *plan = NULL;
	struct lkm_error *e = NULL;
	const char *const *targets;
	char alias[4096];
	size_t count = 0;
	int ret = CLI_DONE, rc = open_tree(m, &e);

	in.tree = m->t.cli->tree;
	if (!rc)
		rc = lkm_plan_load(&in, &request, &plan, &e);
	if (rc < 0) {
		/* Not found is one thing, and what cannot be an alias another.
		 */
		tool_log(&m->t, LOG_ERR, "Module %s%s not found.",
			 alias_normalise(name, alias, sizeof(alias)) ? "" :
								       "alias ",
			 name);
		tool_explain(&m->t, e);
		return CLI_FAILED;
	}
	targets = lkm_plan_targets(plan, &count);
	for (size_t i = 0; i < count; i++)
		ret = show_module(m, targets[i]) ? CLI_FAILED : ret;
	lkm_plan_free(plan);
	return ret;
}

static bool is_module_file(const char *name)
{
	const char *slash = strrchr(name, '/');
	struct stat st;
	size_t stem;

	return stat(name, &st) == 0 && S_ISREG(st.st_mode) &&
	       module_file_stem(slash ? slash + 1 : name, &stem);
}

static int show(struct modinfo *m, const char *name)
{
	_cleanup_free_ char *path = NULL;
	char module[MODULE_NAME_MAX];

	if (m->is_name)
		return show_name(m, name);
	if (!is_module_file(name))
		return show_alias(m, name);
	path = tool_absolute(name);
	if (!path)
		return tool_nomem(&m->t);
	if (!module_name_of_file(name, module, sizeof(module)))
		return CLI_FAILED;
	return show_file(m, module, path);
}

/* An exit status, or -1: go on. */
static int option(struct modinfo *m, int c)
{
	switch (c) {
	case 'a': m->field = "author"; return -1;
	case 'd': m->field = "description"; return -1;
	case 'l': m->field = "license"; return -1;
	case 'p': m->field = "parm"; return -1;
	case 'n': m->field = "filename"; return -1;
	case 'F': m->field = optarg; return -1;
	case '0': m->end = '\0'; return -1;
	case 'm': m->is_name = true; return -1;
	case 'k': m->g.release = optarg; return -1;
	case 'b': m->g.root = optarg; return -1;
	case 'V': return tool_version();
	case 'h': return help(m);
	default: return CLI_FAILED;
	}
}

int compat_modinfo(struct cli *cli, int argc, char **argv)
{
	struct modinfo m = { .end = '\n' };
	int c, ret = CLI_DONE;

	tool_init(&m.t, cli, argv[0], LOG_ERR);
	/* Its library's log is what lkm has to say. */
	m.t.explains = tool_env_priority(LOG_ERR) >= LOG_INFO;
	while ((c = tool_getopt(modinfo_options, "", argc, argv)) != -1) {
		ret = option(&m, c);
		if (ret >= 0)
			return ret;
	}
	if (optind >= argc) {
		tool_log(&m.t, LOG_ERR, "missing module or filename.");
		return CLI_FAILED;
	}
	ret = target_open(&m.g, &m.t) ? CLI_DONE : CLI_FAILED;
	for (int i = optind; m.g.dir && i < argc; i++)
		ret = show(&m, argv[i]) ? CLI_FAILED : ret;
	modinfo_release(&m);
	target_release(&m.g);
	return m.t.ended ? CLI_FAILED : ret;
}
