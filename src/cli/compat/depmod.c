// SPDX-License-Identifier: LGPL-2.1-or-later
// depmod: kmod's command line and text on lkm's indexer.
#include "cli/compat/depmod.h"

#include <getopt.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/strbuf.h"
#include "cli/compat/compat.h"

const struct option_spec depmod_options[] = {
	{ "all", 'a', NULL, "all modules (the default)" },
	{ "quick", 'A', NULL, "only if something changed" },
	{ "basedir", 'b', "DIR", "modules below DIR/lib/modules" },
	{ "config", 'C', "PATH",
	  "rules of this file or directory only (repeatable)" },
	{ "symvers", 'E', "FILE", "with -e: check with this Module.symvers" },
	{ "filesyms", 'F', "FILE", "with -e: check with this System.map" },
	{ "errsyms", 'e', NULL, "tell symbols that nothing supplies" },
	{ "unresolved-error", 'u', NULL, "deprecated, ignored" },
	{ "quiet", 'q', NULL, "deprecated, ignored" },
	{ "root", 'r', NULL, "deprecated, ignored" },
	{ "verbose", 'v', NULL, "tell who needs which symbol" },
	{ "show", 'n', NULL, "print the text files, write nothing" },
	{ "dry-run", 'n', NULL, "print the text files, write nothing" },
	{ "symbol-prefix", 'P', "CHAR", "symbols begin with this" },
	{ "warn", 'w', NULL, "tell aliases that a module has twice" },
	{ "map", 1, NULL, "deprecated, ignored" },
	{ "moduledir", 'm', "DIR", "instead of lib/modules" },
	{ "outdir", 'o', "DIR", "write below DIR/lib/modules" },
	{ "version", 'V', NULL, "show the version" },
	{ "help", 'h', NULL, "show help" },
	{ 0 },
};

static int help(const struct depmod *d)
{
	printf("Usage:\n\t%s -[aA] [options] [forced_version]\n\n", d->t.name);
	fputs("If no arguments (except options) are given, \"depmod -a\" is "
	      "assumed\n\n"
	      "depmod will output a dependency list suitable for the modprobe "
	      "utility.\n\n"
	      "Options:\n"
	      "\t-a, --all            Probe all modules\n"
	      "\t-A, --quick          Only does the work if there's a new "
	      "module\n"
	      "\t-e, --errsyms        Report not supplied symbols\n"
	      "\t-n, --show           Write the dependency file on stdout "
	      "only\n"
	      "\t-P, --symbol-prefix  Architecture symbol prefix\n"
	      "\t-C, --config=PATH    Read configuration from PATH\n"
	      "\t-v, --verbose        Enable verbose mode\n"
	      "\t-w, --warn           Warn on duplicates\n"
	      "\t-V, --version        show version\n"
	      "\t-h, --help           show this help\n\n"
	      "The following options are useful for people managing "
	      "distributions:\n"
	      "\t-b, --basedir=DIR    Use an image of a module tree.\n"
	      "\t-F, --filesyms=FILE  Use the file instead of the\n"
	      "\t                     current kernel symbols.\n"
	      "\t-E, --symvers=FILE   Use Module.symvers file to check\n"
	      "\t                     symbol versions.\n",
	      stdout);
	return CLI_DONE;
}

static int fatal(struct depmod *d, const char *what, int err)
{
	tool_log(&d->t, LOG_CRIT, "%s: %s", what, strerrordesc_np(err));
	return CLI_FAILED;
}

/* Texts of the files that -n prints, in the order that it prints them. */
static const char *const shown[] = {
	"modules.dep",	   "modules.alias",   "modules.softdep",
	"modules.weakdep", "modules.symbols", "modules.devname",
};

struct texts {
	struct strbuf text[ARRAY_SIZE(shown)];
};

static void keep_text(void *ctx, const char *name, const char *bytes,
		      size_t size)
{
	struct texts *t = ctx;

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		if (!strcmp(shown[i], name))
			strbuf_add(&t->text[i], bytes, size);
	}
}

static int print_texts(struct depmod *d, struct texts *t)
{
	bool failed = false;

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		const char *text = strbuf_str(&t->text[i]);
		const char *line = strchr(text, '\n');

		/* kmod 30 knows no weakdep: nothing where there is none. */
		if (strcmp(shown[i], "modules.weakdep") != 0 ||
		    (line && line[1]))
			fputs(text, stdout);
		failed = failed || t->text[i].failed;
		strbuf_release(&t->text[i]);
	}
	return failed ? tool_nomem(&d->t) : CLI_DONE;
}

/* Inputs that a kernel's build leaves, and a tree should have. */
static void tell_absent(struct depmod *d, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s", d->full, name) > 0 &&
	    access(path, R_OK) != 0)
		tool_log(&d->t, LOG_WARNING, "could not open %s at %s: %s",
			 name, d->full, strerrordesc_np(errno));
}

/* "Cycle detected: a -> b -> a", for each. */
static int failed_cycles(struct depmod *d, const struct lkm_error *e)
{
	const char *source, *line;
	size_t modules = 0;

	for (size_t i = 0; lkm_error_evidence(e, i, &source, &line); i++) {
		tool_log(&d->t, LOG_ERR, "Cycle detected: %s", line);
		while ((line = strstr(line, " -> "))) {
			line += strlen(" -> ");
			modules++;
		}
	}
	tool_log(&d->t, LOG_ERR, "Found %zu modules in dependency cycles!",
		 modules);
	return CLI_FAILED;
}

static int failed(struct depmod *d, struct lkm_error *e)
{
	_cleanup_free_ char *text = lkm_error_text(e);

	if (!strcmp(lkm_error_id(e), "tree.cycle")) {
		tell_absent(d, "modules.order");
		failed_cycles(d, e);
	} else if (access(d->full, F_OK) != 0) {
		tool_log(&d->t, LOG_ERR, "could not open directory %s: %s",
			 d->full, strerrordesc_np(errno));
		fatal(d, "could not search modules", errno);
	} else {
		tool_log(&d->t, LOG_ERR, "%s", text ? text : lkm_error_id(e));
	}
	tool_explain(&d->t, e);
	return CLI_FAILED;
}

static void tell_warnings(struct depmod *d, const struct lkm_index_report *r)
{
	for (size_t i = 0; i < r->warning_count; i++) {
		const char *id = lkm_error_id(r->warnings[i]);
		_cleanup_free_ char *text = lkm_error_text(r->warnings[i]);

		/* kmod says nothing of it, even when asked for duplicates. */
		if (strcmp(id, "tree.duplicate") != 0 ||
		    (d->duplicates && tool_explains(&d->t)))
			tool_log(&d->t, LOG_WARNING, "%s", text ? text : id);
	}
}

static int check_files(struct depmod *d, int count, char **files)
{
	for (int i = 0; i < count; i++) {
		if (files[i][0] != '/') {
			tool_log(&d->t, LOG_CRIT, "%s: not absolute path.",
				 files[i]);
			return CLI_FAILED;
		}
		if (access(files[i], F_OK) != 0) {
			tool_log(&d->t, LOG_CRIT,
				 "could not create module %s: %s", files[i],
				 strerrordesc_np(errno));
			return CLI_FAILED;
		}
	}
	return CLI_DONE;
}

static int write_index(struct depmod *d, int count, char **files)
{
	struct cli *cli = d->t.cli;
	struct texts texts = { 0 };
	struct lkm_index_options options = {
		.size = sizeof(options),
		.root = cli->root,
		.release = d->g.release,
		.dir = d->dir,
		.output_dir = d->out,
		.config_paths = cli->config,
		.config_count = cli->config_count,
		.files = (const char *const *)files,
		.file_count = (size_t)count,
	};
	struct lkm_index_report *report = NULL;
	struct lkm_error *e = NULL;
	bool wrote;

	if (d->show) {
		options.flags |= LKM_INDEX_DRY_RUN;
		options.output = keep_text;
		options.output_ctx = &texts;
	}
	if (count)
		options.flags |= LKM_INDEX_NO_CACHE;
	if (d->quick)
		options.flags |= LKM_INDEX_QUICK;
	if (lkm_index_write(&options, &report, &e) < 0)
		return failed(d, e);
	wrote = report->files_changed > 0;
	if (!d->quick || wrote)
		tell_absent(d, "modules.order");
	tell_warnings(d, report);
	lkm_index_report_free(report);
	if ((d->unknown || d->t.priority > LOG_WARNING) && depmod_check(d))
		return CLI_FAILED;
	if (d->show)
		return print_texts(d, &texts);
	if (d->duplicates && (!d->quick || wrote))
		depmod_twice(d);
	if (!d->quick) {
		tell_absent(d, "modules.builtin");
		tell_absent(d, "modules.builtin.modinfo");
	}
	return CLI_DONE;
}

static char *join(const char *a, const char *b)
{
	char *ret;

	return asprintf(&ret, "%s/%s", a, b) < 0 ? NULL : ret;
}

/* The rules of the root, where it is not given to the indexer. */
static bool root_config(struct depmod *d, const char *root)
{
	static const char *const dirs[] = { "etc", "run", "usr/local/lib",
					    "usr/lib", "lib" };
	struct cli *cli = d->t.cli;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char *path;

		if (asprintf(&path, "%s/%s/depmod.d", root, dirs[i]) < 0)
			return false;
		if (access(path, F_OK) == 0)
			cli->config[cli->config_count++] = path;
		else
			free(path);
	}
	return true;
}

/*
 * With files, a configuration or an output folder, which are paths of this
 * machine, there is no root for the indexer: the module folder's whole path.
 */
static bool set_paths(struct depmod *d, bool whole)
{
	struct cli *cli = d->t.cli;
	const char *sub = d->module_dir ? d->module_dir : "lib/modules";
	_cleanup_free_ char *out = d->output ? tool_absolute(d->output) : NULL;

	while (*sub == '/')
		sub++;
	if (!target_open(&d->g, &d->t) || (d->output && !out))
		return false;
	free(d->g.dir);
	d->g.dir = NULL;
	if (asprintf(&d->g.dir, "%s/%s/%s", d->g.absolute, sub, d->g.release) <
	    0)
		return false;
	d->full = d->g.dir;
	whole = whole || out || cli->config_count;
	d->dir = join(whole ? d->g.absolute : "", sub);
	d->out = out ? join(out, sub) : NULL;
	if (!d->dir || (out && !d->out))
		return false;
	if (!whole || !cli->root)
		return true;
	if (!cli->config_count && !root_config(d, d->g.absolute))
		return false;
	cli->root = NULL;
	return true;
}

/* What keeps it from seeing whether there is anything to do. */
static void tell_not_quick(struct depmod *d)
{
	_cleanup_free_ char *dep = NULL;

	if (access(d->full, F_OK) != 0)
		tool_log(&d->t, LOG_ERR, "could not open directory %s: %s",
			 d->full, strerrordesc_np(errno));
	else if (asprintf(&dep, "%s/modules.dep", d->full) > 0 &&
		 access(dep, F_OK) != 0)
		tool_log(&d->t, LOG_ERR,
			 "could not fstatat(%s, modules.dep): %s", d->full,
			 strerrordesc_np(errno));
}

static bool is_version(const char *word)
{
	unsigned int a, b;

	return sscanf(word, "%u.%u", &a, &b) == 2;
}

static int run(struct depmod *d, int argc, char **argv)
{
	struct utsname u;
	bool forced = argc && is_version(argv[0]);

	if (argc && !forced && argv[0][0] != '/') {
		tool_log(&d->t, LOG_ERR, "Bad version passed %s", argv[0]);
		return CLI_FAILED;
	}
	if (forced) {
		d->g.release = argv[0];
		argc--;
		argv++;
	} else if (uname(&u) < 0) {
		return fatal(d, "uname() failed", errno);
	} else {
		d->g.release = u.release;
	}
	if (d->quick && d->show)
		return CLI_DONE;
	if (d->quick)
		argc = 0;
	if (!set_paths(d, argc > 0))
		return d->t.ended ? CLI_FAILED : tool_nomem(&d->t);
	if (d->symvers && access(d->symvers, R_OK) != 0) {
		tool_log(&d->t, LOG_CRIT, "could not load %s: %s", d->symvers,
			 strerrordesc_np(errno));
		return CLI_FAILED;
	}
	if (!d->symvers && d->system_map && access(d->system_map, R_OK) != 0) {
		tool_log(&d->t, LOG_CRIT, "could not load %s: %s",
			 d->system_map, strerrordesc_np(errno));
		return CLI_FAILED;
	}
	if (d->unknown && !d->symvers && !d->system_map) {
		tool_log(&d->t, LOG_WARNING, "-e needs -E or -F");
		d->unknown = false;
	}
	if (check_files(d, argc, argv) != CLI_DONE)
		return CLI_FAILED;
	if (d->quick)
		tell_not_quick(d);
	return write_index(d, argc, argv);
}

static int add_config(struct depmod *d, const char *path)
{
	struct cli *cli = d->t.cli;
	char *copy = tool_absolute(path);

	if (!copy || cli->config_count == ARRAY_SIZE(cli->config)) {
		free(copy);
		tool_log(&d->t, LOG_ERR, "more than %zu times -C",
			 ARRAY_SIZE(cli->config));
		return CLI_FAILED;
	}
	cli->config[cli->config_count++] = copy;
	return -1;
}

static int set_prefix(struct depmod *d, const char *value)
{
	if (!value[0] || value[1]) {
		tool_log(&d->t, LOG_CRIT, "-P only takes a single char");
		return CLI_FAILED;
	}
	d->prefix = value[0];
	return -1;
}

static int ignore(struct depmod *d, int c, bool is_long)
{
	static const char *const names[] = { ['u'] = "unresolved-error",
					     ['q'] = "quiet",
					     ['r'] = "root",
					     [1] = "map" };

	if (is_long)
		tool_log(&d->t, LOG_WARNING, "Ignored deprecated option --%s",
			 names[c]);
	else
		tool_log(&d->t, LOG_WARNING, "Ignored deprecated option -%c",
			 c);
	return -1;
}

/* An exit status, or -1: go on. */
static int option(struct depmod *d, int c, bool is_long)
{
	switch (c) {
	case 'a': return -1;
	case 'A': d->quick = true; return -1;
	case 'b': d->g.root = optarg; return -1;
	case 'C': return add_config(d, optarg);
	case 'E': d->symvers = optarg; return -1;
	case 'F': d->system_map = optarg; return -1;
	case 'e': d->unknown = true; return -1;
	case 'v': d->t.priority++; return -1;
	case 'n': d->show = true; return -1;
	case 'P': return set_prefix(d, optarg);
	case 'w': d->duplicates = true; return -1;
	case 'm': d->module_dir = optarg; return -1;
	case 'o': d->output = optarg; return -1;
	case 'u':
	case 'q':
	case 'r':
	case 1: return ignore(d, c, is_long);
	case 'V': return tool_version();
	case 'h': return help(d);
	default: return CLI_FAILED;
	}
}

int compat_depmod(struct cli *cli, int argc, char **argv)
{
	struct depmod d = { 0 };
	int c, rc = -1;

	/* Its messages about options say WARNING, too. */
	tool_init(&d.t, cli, argv[0], LOG_WARNING);
	while (rc < 0 &&
	       (c = tool_getopt(depmod_options, "", argc, argv)) != -1) {
		const char *word = argv[optind - 1];

		rc = option(&d, c, word[0] == '-' && word[1] == '-');
	}
	if (rc < 0)
		rc = run(&d, argc - optind, argv + optind);
	for (size_t i = 0; i < cli->config_count; i++)
		free((char *)cli->config[i]);
	cli->config_count = 0;
	target_release(&d.g);
	free(d.dir);
	free(d.out);
	return rc;
}
