// SPDX-License-Identifier: LGPL-2.1-or-later
// lsmod, and kmod list: /proc/modules as a table.
#include "cli/compat/compat.h"

#include <getopt.h>
#include <string.h>

#include "base/root.h"
#include "base/text.h"
#include "cli/compat/tool.h"

/* More lines than any kernel has modules. */
#define PROC_MODULES_MAX ((size_t)16 << 20)

const struct option_spec lsmod_options[] = {
	{ "syslog", 's', NULL, "messages go to the system log" },
	{ "verbose", 'v', NULL, "more messages" },
	{ "version", 'V', NULL, "show the version" },
	{ "help", 'h', NULL, "show help" },
	{ 0 },
};

/* "a,b,[permanent],": only what is a module. */
static void print_holders(struct span word)
{
	_cleanup_free_ char *copy = strndup((const char *)word.data, word.size);
	char *rest = copy, *name, separator = ' ';

	while (rest && (name = strsep(&rest, ","))) {
		if (!*name || *name == '[' || !strcmp(name, "-"))
			continue;
		printf("%c%s", separator, name);
		separator = ',';
	}
}

/* "NAME SIZE USERS HOLDERS STATE ADDRESS" */
static void print_line(struct span line)
{
	struct span name, size, users, holders;
	size_t pos = 0;

	if (!text_next_word(line, &pos, &name) ||
	    !text_next_word(line, &pos, &size) ||
	    !text_next_word(line, &pos, &users) ||
	    !text_next_word(line, &pos, &holders))
		return;
	printf("%-19.*s %8.*s  %.*s", (int)name.size, (const char *)name.data,
	       (int)size.size, (const char *)size.data, (int)users.size,
	       (const char *)users.data);
	print_holders(holders);
	putchar('\n');
}

static int read_modules(struct cli *cli, char **ret, size_t *ret_size)
{
	static const struct root host = { NULL, -1 };
	struct lkm_error *e = NULL;
	struct lkm_host *hosted;
	int rc;

	if (!cli->on_hosted) {
		rc = root_read(&host, "/proc/modules", PROC_MODULES_MAX, ret,
			       ret_size);
		if (rc < 0)
			fprintf(stderr,
				"libkmod: ERROR could not open /proc/modules: "
				"%s\n",
				strerrordesc_np(-rc));
		return rc;
	}
	if (cli_host(cli, &hosted, &e) == 0 &&
	    lkm_host_read(hosted, "/proc/modules", ret, ret_size, &e) == 0)
		return 0;
	cli_fail(cli, e);
	return -ENOENT;
}

static int list(struct cli *cli)
{
	_cleanup_free_ char *text = NULL;
	struct span all, line;
	size_t pos = 0, size;
	int rc = read_modules(cli, &text, &size);

	if (rc < 0) {
		fprintf(stderr, "Error: could not get list of modules: %s\n",
			strerrordesc_np(-rc));
		return CLI_FAILED;
	}
	puts("Module                  Size  Used by");
	all = (struct span){ (const uint8_t *)text, size };
	while (text_next_line(all, &pos, &line))
		print_line(line);
	return CLI_DONE;
}

static int help(const struct tool *t)
{
	printf("Usage:\n\t%s [options]\nOptions:\n"
	       "\t-s, --syslog      print to syslog, not stderr\n"
	       "\t-v, --verbose     enables more messages\n"
	       "\t-V, --version     show version\n"
	       "\t-h, --help        show this help\n",
	       t->name);
	return CLI_DONE;
}

int compat_lsmod(struct cli *cli, int argc, char **argv)
{
	struct tool t;
	int c;

	tool_init(&t, cli, argv[0], LOG_ERR);
	/* Without options of its own it had one sentence for all of them. */
	opterr = 0;
	while ((c = tool_getopt(lsmod_options, "", argc, argv)) != -1) {
		if (c == 'h')
			return help(&t);
		if (c == 'V')
			return tool_version();
		if (c == '?')
			break;
	}
	if (c != -1 || optind < argc) {
		fprintf(stderr, "Usage: %s\n", argv[0]);
		return CLI_FAILED;
	}
	return list(cli);
}
