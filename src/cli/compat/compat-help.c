// SPDX-License-Identifier: LGPL-2.1-or-later
// Man pages of kmod's tools, from their option tables.
#include <string.h>

#include "cli/compat/compat.h"

static void man_options(const struct option_spec *options)
{
	for (const struct option_spec *o = options; o->name; o++) {
		/* Codes below a blank are no letters: tool_getopt(). */
		if (o->letter > ' ')
			printf("*-%c*, ", o->letter);
		printf("*--%s*", o->name);
		if (o->arg)
			printf(" _%s_", o->arg);
		putchar('\n');
		putchar('\t');
		for (const char *s = o->help; *s; s++) {
			if (strchr("_*\\", *s) ||
			    (s == o->help && strchr("-.#|", *s)))
				putchar('\\');
			putchar(s == o->help && *s >= 'a' && *s <= 'z' ?
					*s - 'a' + 'A' :
					*s);
		}
		puts(".\n");
	}
}

bool compat_man(const char *name)
{
	const struct compat *c;

	for (size_t i = 0; (c = compat_nth(i)); i++) {
		if (strcmp(c->name, name) != 0)
			continue;
		printf("%s(8)\n\n# NAME\n\n%s - %s\n\n# SYNOPSIS\n\n"
		       "*%s* [OPTIONS] ",
		       name, name, c->summary, name);
		for (const char *s = c->args; *s; s++)
			printf("%s%c", strchr("[]_*", *s) ? "\\" : "", *s);
		printf("\n\n# DESCRIPTION\n\n%s\n\n# OPTIONS\n\n", c->detail);
		man_options(c->options);
		if (c->words == COMPAT_COMMANDS) {
			puts("# OPTIONS OF STATIC-NODES\n");
			man_options(static_nodes_options);
		}
		puts("# EXIT STATUS\n\n*0* done, *1* failed. Where stderr is a "
		     "terminal, or $LKM\\_EXPLAIN is 1, the reason of a "
		     "failure follows its message.\n\n# SEE ALSO\n\n*lkm*(8), "
		     "*modprobe.d*(5), *depmod.d*(5)");
		return true;
	}
	return false;
}
