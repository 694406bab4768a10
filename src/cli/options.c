// SPDX-License-Identifier: LGPL-2.1-or-later
// Parsing by the option tables.
#include "cli/cli.h"

#include <getopt.h>
#include <string.h>

#include "base/text.h"

const struct option_spec common_options[] = {
	{ "root", 0, "DIR", "work on the system below DIR" },
	{ "kernel", 'k', "RELEASE", "this kernel (host start: or its image)" },
	{ "layer", 0, "DIR",
	  "a module directory laid over the kernel's own (repeatable)" },
	{ "on", 0, "live|hosted|vm", "which kernel to act on" },
	{ "dialect", 0, "lkm|kmod", "resolve as lkm does, or as kmod does" },
	{ "json", 0, NULL, "print JSON" },
	{ "dry-run", 'n', NULL, "do everything but the deed" },
	{ "quiet", 'q', NULL, "no notes and warnings" },
	{ "verbose", 'v', NULL, "say more (repeatable)" },
	{ "help", 'h', NULL, "show help" },
	{ "version", 'V', NULL, "show the version" },
	{ 0 },
};

#define OPTION_MAX 64
#define FIRST_CODE 256

struct parser {
	const struct option_spec *specs[OPTION_MAX];
	struct option longs[OPTION_MAX + 1];
	char shorts[3 * OPTION_MAX + 3];
	size_t count;
};

static void parser_build(struct parser *p,
			 const struct option_spec *const *tables, bool stop)
{
	char *s = p->shorts;

	/* ':' makes a missing argument tell itself from a wrong option. */
	if (stop)
		*s++ = '+';
	*s++ = ':';
	for (; *tables; tables++) {
		for (const struct option_spec *o = *tables; o->name; o++) {
			if (p->count == OPTION_MAX)
				return;
			p->longs[p->count] = (struct option){
				o->name,
				o->arg ? required_argument : no_argument, NULL,
				FIRST_CODE + (int)p->count
			};
			p->specs[p->count++] = o;
			if (!o->letter)
				continue;
			*s++ = o->letter;
			if (o->arg)
				*s++ = ':';
		}
	}
}

static const struct option_spec *parser_find(const struct parser *p, int c)
{
	if (c >= FIRST_CODE && (size_t)(c - FIRST_CODE) < p->count)
		return p->specs[c - FIRST_CODE];
	for (size_t i = 0; i < p->count; i++) {
		if (p->specs[i]->letter && p->specs[i]->letter == c)
			return p->specs[i];
	}
	return NULL;
}

int options_parse(struct cli *cli, const struct option_spec *const *tables,
		  bool stop, int argc, char **argv, int *ret_first)
{
	struct parser p = { 0 };
	int c;

	parser_build(&p, tables, stop);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, p.shorts, p.longs, NULL)) != -1) {
		const struct option_spec *o = parser_find(&p, c);

		if (c == ':')
			return cli_usage(cli, "option '%s' needs an argument",
					 argv[optind - 1]);
		if (!o)
			return cli_usage(cli, "unknown option '%s'",
					 argv[optind - 1]);
		if (cli->given_count == CLI_GIVEN_MAX)
			return cli_usage(cli, "too many options");
		cli->given[cli->given_count++] = (struct given){
			o->name, o->arg ? optarg : ""
		};
	}
	*ret_first = optind;
	return CLI_DONE;
}

const char *cli_opt_nth(const struct cli *cli, const char *name, size_t i)
{
	for (size_t n = 0; n < cli->given_count; n++) {
		if (!strcmp(cli->given[n].name, name) && i-- == 0)
			return cli->given[n].value;
	}
	return NULL;
}

const char *cli_opt(const struct cli *cli, const char *name)
{
	const char *ret = NULL;

	for (size_t n = 0; n < cli->given_count; n++) {
		if (!strcmp(cli->given[n].name, name))
			ret = cli->given[n].value;
	}
	return ret;
}

bool cli_has(const struct cli *cli, const char *name)
{
	return cli_opt(cli, name) != NULL;
}

bool cli_opt_number(const struct cli *cli, const char *name, uint64_t *ret)
{
	const char *value = cli_opt(cli, name);

	if (!value || text_to_u64(value, 10, ret))
		return true;
	cli_usage(cli, "--%s takes a number, not '%s'", name, value);
	return false;
}
