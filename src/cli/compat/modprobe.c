// SPDX-License-Identifier: LGPL-2.1-or-later
// modprobe: kmod's command line, text and exit status on lkm's resolver.
#include "cli/compat/compat.h"

#include <stdarg.h>
#include <string.h>

#include "base/strbuf.h"
#include "cli/act.h"

static const struct option_spec options[] = {
	{ "all", 'a', NULL, "every argument is a module" },
	{ "remove", 'r', NULL, "unload" },
	{ "remove-dependencies", 0, NULL, "unload what uses it as well" },
	{ "remove-holders", 0, NULL, "unload what uses it as well" },
	{ "wait", 'w', "MSEC", "retry to unload for so long" },
	{ "resolve-alias", 'R', NULL, "print the modules of an alias" },
	{ "show-alias", 0, NULL, "print the modules of an alias" },
	{ "first-time", 0, NULL, "fail when nothing is to be done" },
	{ "ignore-install", 'i', NULL, "no install line for the module" },
	{ "ignore-remove", 0, NULL, "no remove line for the module" },
	{ "use-blacklist", 'b', NULL, "blacklist lines hold for names too" },
	{ "force", 'f', NULL, "ignore symbol versions and vermagic" },
	{ "force-modversion", 0, NULL, "ignore symbol versions" },
	{ "force-vermagic", 0, NULL, "ignore the version magic" },
	{ "show-depends", 'D', NULL, "print what would be loaded" },
	{ "dry-run", 'n', NULL, "do nothing" },
	{ "show", 0, NULL, "do nothing" },
	{ "config", 'C', "FILE", "read this instead of the directories" },
	{ "dirname", 'd', "DIR", "use DIR/lib/modules" },
	{ "set-version", 'S', "VERSION", "of this kernel" },
	{ "syslog", 's', NULL, "messages go to the system log" },
	{ "quiet", 'q', NULL, "no messages" },
	{ "verbose", 'v', NULL, "say more" },
	{ "version", 'V', NULL, "show the version" },
	{ "help", 'h', NULL, "show help" },
	{ 0 },
};

static int say(const struct cli *cli, const char *level, const char *fmt, ...)
	_printf_(3, 4);

static int say(const struct cli *cli, const char *level, const char *fmt, ...)
{
	va_list ap;

	if (cli->quiet)
		return CLI_FAILED;
	fprintf(stderr, "modprobe: %s: ", level);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CLI_FAILED;
}

/* lkm's own words follow the historic ones where a person reads them. */
static void explain(struct cli *cli, struct lkm_error *e)
{
	const char *env = getenv("LKM_EXPLAIN");

	if (cli->quiet ||
	    (!cli_is_terminal(STDERR_FILENO) && (!env || strcmp(env, "1")))) {
		lkm_error_free(e);
		return;
	}
	act_explain(cli, &e);
	cli_fail(cli, e);
}

static void print_step(const struct lkm_step *s)
{
	switch (s->kind) {
	case LKM_STEP_LOAD:
		printf("insmod %s %s\n", s->path, s->options);
		break;
	case LKM_STEP_INSTALL: printf("install %s\n", s->command); break;
	case LKM_STEP_BUILTIN: printf("builtin %s\n", s->module); break;
	case LKM_STEP_UNLOAD: printf("rmmod %s\n", s->module); break;
	case LKM_STEP_REMOVE: printf("remove %s\n", s->command); break;
	default: break;
	}
}

static void print_before(void *ctx, const struct lkm_step *step)
{
	const struct cli *cli = ctx;

	if (cli->verbose)
		print_step(step);
}

static unsigned int plan_flags(const struct cli *cli)
{
	unsigned int flags = 0;

	if (cli_has(cli, "show-depends"))
		flags |= LKM_PLAN_IGNORE_LOADED;
	if (cli_has(cli, "ignore-install") || cli_has(cli, "ignore-remove"))
		flags |= LKM_PLAN_IGNORE_COMMANDS;
	if (cli_has(cli, "use-blacklist"))
		flags |= LKM_PLAN_BLACKLIST;
	if (cli_has(cli, "remove-dependencies") ||
	    cli_has(cli, "remove-holders"))
		flags |= LKM_PLAN_HOLDERS;
	if (cli_has(cli, "force"))
		flags |= LKM_PLAN_IGNORE_REFCOUNT;
	return flags;
}

static int show_names(struct cli *cli, const struct lkm_plan *plan)
{
	size_t count;
	const char *const *names = lkm_plan_targets(plan, &count);

	for (size_t i = 0; i < count; i++)
		puts(names[i]);
	return CLI_DONE;
}

static int execute(struct cli *cli, const struct lkm_plan *plan,
		   struct lkm_error **reterr)
{
	struct lkm_run_options run = { .size = sizeof(run),
				       .before = print_before,
				       .ctx = cli };
	struct lkm_kernel *kernel;
	uint64_t wait = 0;
	int rc = cli_kernel(cli, &kernel, reterr);

	if (rc < 0)
		return rc;
	cli_opt_number(cli, "wait", &wait);
	run.wait_ms = (unsigned int)MIN_OF(wait, (uint64_t)1000000000);
	if (cli_has(cli, "force") || cli_has(cli, "force-modversion"))
		run.load_flags |= LKM_LOAD_FORCE_MODVERSIONS;
	if (cli_has(cli, "force") || cli_has(cli, "force-vermagic"))
		run.load_flags |= LKM_LOAD_FORCE_VERMAGIC;
	if (cli_has(cli, "force"))
		run.unload_flags |= LKM_UNLOAD_FORCE;
	return lkm_kernel_run(kernel, plan, &run, NULL, reterr);
}

/* kmod's sentence for what stopped this. */
static int say_failed(struct cli *cli, const char *name, bool remove,
		      struct lkm_error *e)
{
	int err = lkm_error_errno(e);

	if (lkm_error_code(e) == LKM_ENOTFOUND)
		say(cli, cli_has(cli, "all") ? "WARNING" : "FATAL",
		    "Module %s not found%s%s", name,
		    cli->tree ? " in directory " : ".",
		    cli->tree ? lkm_tree_dir(cli->tree) : "");
	else if (remove && lkm_error_code(e) == LKM_EBUSY)
		say(cli, "FATAL", "Module %s is in use.", name);
	else
		say(cli, "ERROR", "could not %s '%s': %s",
		    remove ? "remove" : "insert", name,
		    strerrordesc_np(err ? err : EPERM));
	explain(cli, e);
	return CLI_FAILED;
}

/* Is there anything left to do for the modules that were asked for? */
static bool is_idle(const struct lkm_plan *plan)
{
	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);

		if (s->role == LKM_ROLE_TARGET && s->kind != LKM_STEP_LOADED &&
		    s->kind != LKM_STEP_BUILTIN)
			return false;
	}
	return true;
}

static int one(struct cli *cli, const struct request *request)
{
	bool remove = cli_has(cli, "remove") ||
		      cli_has(cli, "remove-dependencies") ||
		      cli_has(cli, "remove-holders");
	struct lkm_error *e = NULL;
	struct lkm_plan *plan = NULL;
	int rc = act_plan(cli, request, plan_flags(cli), remove, &plan, &e);

	if (rc < 0)
		return say_failed(cli, request->name, remove, e);
	if (cli_has(cli, "resolve-alias") || cli_has(cli, "show-alias")) {
		rc = show_names(cli, plan);
		lkm_plan_free(plan);
		return rc;
	}
	if (cli_has(cli, "first-time") && !remove && is_idle(plan)) {
		lkm_plan_free(plan);
		return say(cli, "ERROR",
			   "could not insert '%s': Module already "
			   "in kernel",
			   request->name);
	}
	if (cli->dry_run) {
		for (size_t i = 0; i < lkm_plan_count(plan); i++) {
			if (cli_has(cli, "show-depends") || cli->verbose)
				print_step(lkm_plan_step(plan, i));
		}
		rc = lkm_plan_verdict(plan, &e);
	} else {
		rc = execute(cli, plan, &e);
	}
	lkm_plan_free(plan);
	return rc < 0 ? say_failed(cli, request->name, remove, e) : CLI_DONE;
}

static int each(struct cli *cli, int argc, char **argv)
{
	struct request requests[ACT_MAX];
	size_t count;
	int worst, rc;

	/* Without -a and -r the words after the name are parameters. */
	if (!cli_has(cli, "all") && !cli_has(cli, "remove")) {
		struct strbuf b = { 0 };
		struct request single = { argv[0], NULL };

		for (int i = 1; i < argc; i++)
			act_add_param(&b, argv[i]);
		single.params = strbuf_take(&b);
		rc = single.params ? one(cli, &single) : CLI_FAILED;
		free(single.params);
		return rc;
	}
	worst = act_requests(cli, argc, argv, requests, &count);
	if (worst)
		return CLI_FAILED;
	for (size_t i = 0; i < count; i++) {
		rc = one(cli, &requests[i]);
		cli_facts_expire(cli);
		worst = rc ? CLI_FAILED : worst;
	}
	act_requests_release(requests, count);
	return worst;
}

static int apply(struct cli *cli)
{
	const char *config;
	uint64_t wait;

	if (!cli_opt_number(cli, "wait", &wait))
		return CLI_FAILED;
	cli->dialect = LKM_DIALECT_KMOD;
	cli->root = cli_opt(cli, "dirname");
	cli->release = cli_opt(cli, "set-version");
	cli->quiet = cli_has(cli, "quiet");
	cli->verbose = cli_has(cli, "verbose");
	cli->dry_run = cli_has(cli, "dry-run") || cli_has(cli, "show") ||
		       cli_has(cli, "show-depends");
	for (size_t i = 0; (config = cli_opt_nth(cli, "config", i)); i++) {
		if (i == ARRAY_SIZE(cli->config))
			return say(cli, "ERROR", "too many -C");
		cli->config[i] = config;
		cli->config_count = i + 1;
	}
	return CLI_DONE;
}

static const struct verb self = {
	.name = "modprobe",
	.args = "NAME [PARAM=VALUE]...",
	.summary = "load or unload modules, as kmod's modprobe",
	.detail = "Loads or unloads a module with what it needs.",
	.options = options,
};

static void help(void)
{
	puts("Usage:\n\tmodprobe [options] [-i] [-b] modulename\n"
	     "\tmodprobe [options] -a [-i] [-b] modulename [modulename...]\n"
	     "\tmodprobe [options] -r [-i] modulename\n\nOptions:");
	for (const struct option_spec *o = options; o->name; o++)
		printf("\t%c%c --%-22s %s\n", o->letter ? '-' : ' ',
		       o->letter ? o->letter : ' ', o->name, o->help);
}

/* $MODPROBE_OPTIONS: words, with quotes, that stand before the others. */
static char **with_environment(int *argc, char **argv, char **ret_words)
{
	const char *env = getenv("MODPROBE_OPTIONS");
	char *words = env ? strdup(env) : NULL;
	char **ret;
	char *p = words, *w;
	int n = 1;

	ret = calloc((size_t)*argc + (env ? strlen(env) : 0) + 2, sizeof(*ret));
	*ret_words = words;
	if (!ret || (env && !words))
		return ret;
	ret[0] = argv[0];
	while (p && *p) {
		char quote = 0;

		while (*p == ' ')
			p++;
		if (!*p)
			break;
		ret[n++] = w = p;
		for (; *p && (quote || *p != ' '); p++) {
			if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? 0 : *p;
			else
				*w++ = *p;
		}
		if (*p)
			p++;
		*w = '\0';
	}
	for (int i = 1; i < *argc; i++)
		ret[n++] = argv[i];
	*argc = n;
	return ret;
}

int compat_modprobe(struct cli *cli, int argc, char **argv)
{
	const struct option_spec *tables[] = { options, NULL };
	_cleanup_free_ char *words = NULL;
	_cleanup_free_ char **all = with_environment(&argc, argv, &words);
	int first, rc;

	cli->verb = &self;
	if (!all)
		return CLI_FAILED;
	rc = options_parse(cli, tables, false, argc, all, &first);
	if (rc)
		return CLI_FAILED;
	if (cli_has(cli, "help")) {
		help();
		return CLI_DONE;
	}
	if (cli_has(cli, "version")) {
		puts("kmod version 34 (lkm)");
		return CLI_DONE;
	}
	rc = apply(cli);
	if (rc)
		return rc;
	if (first == argc)
		return say(cli, "ERROR", "missing parameters. See -h.");
	return each(cli, argc - first, all + first);
}
