// SPDX-License-Identifier: LGPL-2.1-or-later
// --help, from the tables.
#include "cli/cli.h"

#include <stdarg.h>
#include <string.h>

static void help_options(FILE *f, const struct option_spec *options)
{
	for (const struct option_spec *o = options; o && o->name; o++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s --%s%s%s",
			 o->letter ? "-" : " ", o->letter ? o->letter : ' ',
			 o->letter ? "," : " ", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
		fprintf(f, "  %-26s %s\n", left, o->help);
	}
}

void help_overview(FILE *f)
{
	fputs("usage: lkm [OPTIONS] VERB [OPTIONS] [ARGUMENTS]\n\n"
	      "Find, resolve, load, configure and explain Linux kernel modules."
	      "\n\nverbs:\n",
	      f);
	for (const struct verb *const *v = all_verbs; *v; v++) {
		if (!((*v)->flags & VERB_HIDDEN))
			fprintf(f, "  %-10s %s\n", (*v)->name, (*v)->summary);
	}
	fputs("\ncommon options, before or after the verb:\n", f);
	help_options(f, common_options);
	fputs("\n'lkm VERB --help' says more.  Exit status: 0 done, 1 failed, "
	      "2 usage, 3 partly done.\n",
	      f);
}

void help_verb(FILE *f, const struct verb *verb)
{
	fprintf(f, "usage: lkm %s [OPTIONS]%s%s\n\n%s\n", verb->name,
		*verb->args ? " " : "", verb->args, verb->detail);
	if (verb->options && verb->options->name) {
		fputs("\noptions:\n", f);
		help_options(f, verb->options);
	}
	fputs("\ncommon options:\n", f);
	help_options(f, common_options);
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	fputs("lkm: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n  try:   lkm %s%s--help\n",
		cli->verb ? cli->verb->name : "", cli->verb ? " " : "");
	return CLI_USAGE;
}
