// SPDX-License-Identifier: LGPL-2.1-or-later
// modprobe: kmod's command line, text and exit status on lkm's resolver.
#include "cli/compat/modprobe.h"

#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#include "cli/compat/compat.h"

/* Codes of options without a letter; see tool_getopt(). */
enum {
	OPT_VERMAGIC = 1,
	OPT_MODVERSION,
	OPT_FIRST_TIME,
	OPT_VERSIONS,
	OPT_HOLDERS,
	OPT_EXPORTS,
};

/* The order is that of the names in getopt's "ambiguous" message. */
const struct option_spec modprobe_options[] = {
	{ "all", 'a', NULL, "every argument is a module" },
	{ "remove", 'r', NULL, "unload instead of load" },
	{ "remove-dependencies", OPT_HOLDERS, NULL,
	  "the deprecated name of --remove-holders" },
	{ "remove-holders", OPT_HOLDERS, NULL,
	  "with -r: unload what uses the module as well" },
	{ "wait", 'w', "MSEC", "with -r: retry for so long while in use" },
	{ "resolve-alias", 'R', NULL, "print the modules of a name, no more" },
	{ "first-time", OPT_FIRST_TIME, NULL, "fail when it is done already" },
	{ "ignore-install", 'i', NULL, "no install line for the module" },
	{ "ignore-remove", 'i', NULL, "no remove line for the module" },
	{ "use-blacklist", 'b', NULL, "blacklist lines hold for names too" },
	{ "force", 'f', NULL,
	  "--force-modversion and --force-vermagic; with -r: force" },
	{ "force-modversion", OPT_MODVERSION, NULL, "ignore symbol versions" },
	{ "force-vermagic", OPT_VERMAGIC, NULL, "ignore the version magic" },
	{ "show-depends", 'D', NULL, "print what would be loaded" },
	{ "showconfig", 'c', NULL, "print all rules and aliases" },
	{ "show-config", 'c', NULL, "print all rules and aliases" },
	{ "show-modversions", OPT_VERSIONS, NULL,
	  "print the symbol versions that a file needs" },
	{ "dump-modversions", OPT_VERSIONS, NULL,
	  "the deprecated name of --show-modversions" },
	{ "show-exports", OPT_EXPORTS, NULL,
	  "print the symbols that a file exports" },
	{ "dry-run", 'n', NULL, "do nothing" },
	{ "show", 'n', NULL, "the deprecated name of --dry-run" },
	{ "config", 'C', "FILE",
	  "rules of this file or directory only (repeatable)" },
	{ "dirname", 'd', "DIR", "modules below DIR/lib/modules" },
	{ "set-version", 'S', "VERSION", "modules of this kernel" },
	{ "syslog", 's', NULL, "messages go to the system log" },
	{ "quiet", 'q', NULL, "no messages" },
	{ "verbose", 'v', NULL, "print what is done" },
	{ "version", 'V', NULL, "show the version" },
	{ "help", 'h', NULL, "show help" },
	/* kmod's newer name; last, for the message of the older ones */
	{ "show-alias", 'R', NULL, "print the modules of a name, no more" },
	{ 0 },
};

static const char help_text[] =
	"Management Options:\n"
	"\t-a, --all                   Consider every non-argument to\n"
	"\t                            be a module name to be inserted\n"
	"\t                            or removed (-r)\n"
	"\t-r, --remove                Remove modules instead of inserting\n"
	"\t    --remove-dependencies   Deprecated: use --remove-holders\n"
	"\t    --remove-holders        Also remove module holders (use "
	"together with -r)\n"
	"\t-w, --wait <MSEC>           When removing a module, wait up to "
	"MSEC for\n"
	"\t                            module's refcount to become 0 so it "
	"can be\n"
	"\t                            removed (use together with -r)\n"
	"\t    --first-time            Fail if module already inserted or "
	"removed\n"
	"\t-i, --ignore-install        Ignore install commands\n"
	"\t-i, --ignore-remove         Ignore remove commands\n"
	"\t-b, --use-blacklist         Apply blacklist to resolved alias.\n"
	"\t-f, --force                 Force module insertion or removal.\n"
	"\t                            implies --force-modversions and\n"
	"\t                            --force-vermagic\n"
	"\t    --force-modversion      Ignore module's version\n"
	"\t    --force-vermagic        Ignore module's version magic\n"
	"\n"
	"Query Options:\n"
	"\t-R, --resolve-alias         Only lookup and print alias and exit\n"
	"\t-D, --show-depends          Only print module dependencies and "
	"exit\n"
	"\t-c, --showconfig            Print out known configuration and "
	"exit\n"
	"\t-c, --show-config           Same as --showconfig\n"
	"\t    --show-modversions      Dump module symbol version and exit\n"
	"\t    --dump-modversions      Same as --show-modversions\n"
	"\t    --show-exports          Only print module exported symbol "
	"versions and exit\n"
	"\n"
	"General Options:\n"
	"\t-n, --dry-run               Do not execute operations, just print "
	"out\n"
	"\t-n, --show                  Same as --dry-run\n"
	"\t-C, --config=FILE           Use FILE instead of default search "
	"paths\n"
	"\t-d, --dirname=DIR           Use DIR as filesystem root for "
	"/lib/modules\n"
	"\t-S, --set-version=VERSION   Use VERSION instead of `uname -r`\n"
	"\t-s, --syslog                print to syslog, not stderr\n"
	"\t-q, --quiet                 disable messages\n"
	"\t-v, --verbose               enables more messages\n"
	"\t-V, --version               show version\n"
	"\t-h, --help                  show this help\n";

static int help(const struct modprobe *m)
{
	static const char *const usages[] = {
		"[-i] [-b] modulename",
		"-a [-i] [-b] modulename [modulename...]",
		"-r [-i] modulename",
		"-r -a [-i] modulename [modulename...]",
		"-c",
		"--dump-modversions filename",
	};

	puts("Usage:");
	for (size_t i = 0; i < ARRAY_SIZE(usages); i++)
		printf("\t%s [options] %s\n", m->t.name, usages[i]);
	fputs(help_text, stdout);
	return CLI_DONE;
}

static int set_wait(struct modprobe *m, const char *value)
{
	char *end;

	m->wait_ms = strtoul(value, &end, 0);
	if (*value && !*end)
		return -1;
	tool_log(&m->t, LOG_ERR, "unexpected wait value '%s'.", value);
	return CLI_FAILED;
}

static int add_config(struct modprobe *m, const char *path)
{
	struct cli *cli = m->t.cli;

	if (cli->config_count == ARRAY_SIZE(cli->config)) {
		tool_log(&m->t, LOG_ERR, "more than %zu times -C",
			 ARRAY_SIZE(cli->config));
		return CLI_FAILED;
	}
	cli->config[cli->config_count++] = path;
	modprobe_options_append(&m->t, "-C");
	modprobe_options_append(&m->t, path);
	return -1;
}

/* Flags that do no more than to be remembered. */
static bool *flag_of(struct modprobe *m, int c)
{
	switch (c) {
	case 'r': return &m->remove;
	case OPT_HOLDERS: return &m->holders;
	case OPT_FIRST_TIME: return &m->first_time;
	case 'i': return &m->ignore_commands;
	case 'b': return &m->blacklist;
	case 'f': return &m->force;
	case OPT_MODVERSION: return &m->force_modversion;
	case OPT_VERMAGIC: return &m->force_vermagic;
	case 'R': return &m->names_only;
	case 'c': return &m->show_config;
	case OPT_VERSIONS: return &m->show_versions;
	case OPT_EXPORTS: return &m->show_exports;
	case 'n': return &m->dry_run;
	default: return NULL;
	}
}

/* An exit status, or -1: go on. */
static int option(struct modprobe *m, int c)
{
	bool *flag = flag_of(m, c);

	if (flag) {
		*flag = true;
		return -1;
	}
	switch (c) {
	case 'a':
		m->all = true;
		m->worst = LOG_WARNING;
		return -1;
	case 'w': return set_wait(m, optarg);
	case 'D': m->show_depends = m->dry_run = true; return -1;
	case 'C': return add_config(m, optarg);
	case 'd': m->g.root = optarg; return -1;
	case 'S': m->g.release = optarg; return -1;
	case 's':
		modprobe_options_append(&m->t, "-s");
		m->syslog = true;
		return -1;
	case 'q':
		modprobe_options_append(&m->t, "-q");
		m->level = LOG_EMERG;
		return -1;
	case 'v':
		modprobe_options_append(&m->t, "-v");
		m->level++;
		return -1;
	case 'V': return tool_version();
	case 'h': return help(m);
	default: return CLI_FAILED;
	}
}

static int remove_each(struct modprobe *m, int argc, char **argv)
{
	int rc = CLI_DONE;

	for (int i = 0; i < argc && !m->t.ended; i++) {
		int one = modprobe_remove(m, argv[i]);

		rc = one ? one : rc;
		cli_facts_expire(m->t.cli);
	}
	return rc;
}

static int act(struct modprobe *m, int argc, char **argv)
{
	_cleanup_free_ char *params = NULL;

	if (m->show_config)
		return modprobe_show_config(m);
	if (m->show_versions)
		return modprobe_show_versions(m, argv[0]);
	if (m->show_exports)
		return modprobe_show_exports(m, argv[0]);
	if (m->remove)
		return remove_each(m, argc, argv);
	if (m->all)
		return modprobe_all(m, argc, argv);
	params = modprobe_params(argc - 1, argv + 1, true);
	return params ? modprobe_insert(m, argv[0], params) : tool_nomem(&m->t);
}

static int run(struct modprobe *m, int argc, char **argv)
{
	/* Messages of the options themselves are never silenced. */
	int c, rc;

	while ((c = tool_getopt(modprobe_options, "", argc, argv)) != -1) {
		rc = option(m, c);
		if (rc >= 0)
			return rc;
	}
	tool_log_open(&m->t, m->syslog || fcntl(STDERR_FILENO, F_GETFD) < 0);
	if (!m->show_config && optind == argc) {
		tool_log(&m->t, LOG_ERR, "missing parameters. See -h.");
		return CLI_FAILED;
	}
	m->t.priority = m->level;
	m->verbose = m->level > LOG_WARNING;
	/* What is removed depends on what is loaded, -D or not. */
	if (m->holders)
		m->remove = true;
	if (!target_open(&m->g, &m->t))
		return CLI_FAILED;
	return act(m, argc - optind, argv + optind);
}

int compat_modprobe(struct cli *cli, int argc, char **argv)
{
	struct modprobe m = { .worst = LOG_CRIT, .level = LOG_WARNING };
	_cleanup_free_ char *buffer = NULL;
	_cleanup_free_ char **all = NULL;
	int rc;

	tool_init(&m.t, cli, argv[0], LOG_ERR);
	all = modprobe_words(&argc, argv, &buffer);
	rc = all ? run(&m, argc, all) : tool_nomem(&m.t);
	target_release(&m.g);
	return rc;
}
