// SPDX-License-Identifier: LGPL-2.1-or-later
// kmod: its own commands.
#include "cli/compat/compat.h"

#include <getopt.h>
#include <string.h>

#include "cli/compat/tool.h"

struct command {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
	const char *help;
};

static int run_help(struct cli *cli, int argc, char **argv);

static const struct command commands[] = {
	{ "help", run_help, "Show help message" },
	{ "list", compat_lsmod, "list currently loaded modules" },
	{ "static-nodes", compat_static_nodes,
	  "outputs the static-node information installed with the currently "
	  "running kernel" },
};

const struct option_spec kmod_options[] = {
	{ "help", 'h', NULL, "show help" },
	{ "version", 'V', NULL, "show the version" },
	{ 0 },
};

static int help(const char *argv0)
{
	static const char *const names[] = { "lsmod",	"rmmod",    "insmod",
					     "modinfo", "modprobe", "depmod" };
	const char *slash = strrchr(argv0, '/');

	printf("kmod - Manage kernel modules: list, load, unload, etc\n"
	       "Usage:\n\t%s [options] command [command_options]\n\n"
	       "Options:\n"
	       "\t-V, --version     show version\n"
	       "\t-h, --help        show this help\n\n"
	       "Commands:\n",
	       slash ? slash + 1 : argv0);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-12s %s\n", commands[i].name, commands[i].help);
	puts("\nkmod also handles gracefully if called from following "
	     "symlinks:");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		printf("  %-12s compat %s command\n", names[i], names[i]);
	return CLI_DONE;
}

static int run_help(struct cli *cli, int argc, char **argv)
{
	(void)cli;
	(void)argc;
	return help(argv[0]);
}

int compat_kmod(struct cli *cli, int argc, char **argv)
{
	int c, first;

	while ((c = tool_getopt(kmod_options, "+", argc, argv)) != -1) {
		switch (c) {
		case 'h': return help(argv[0]);
		case 'V': return tool_version();
		default: return CLI_FAILED;
		}
	}
	first = optind;
	if (first >= argc) {
		fputs("missing command\n", stderr);
		help(argv[0]);
		return CLI_FAILED;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, argv[first]) != 0)
			continue;
		/* The command reads its own options from the start. */
		optind = 0;
		return commands[i].run(cli, argc - first, argv + first);
	}
	fprintf(stderr, "invalid command '%s'\n", argv[first]);
	help(argv[0]);
	return CLI_FAILED;
}
