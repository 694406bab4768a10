// SPDX-License-Identifier: LGPL-2.1-or-later
// Man pages and completion of kmod's tools, from their option tables.
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
		puts("# EXIT STATUS\n\n*0* done, *1* failed. Where stderr is a "
		     "terminal, or $LKM\\_EXPLAIN is 1, the reason of a "
		     "failure follows its message.\n\n# SEE ALSO\n\n*lkm*(8), "
		     "*modprobe.d*(5), *depmod.d*(5)");
		return true;
	}
	return false;
}

static void bash_options(const struct option_spec *options)
{
	for (const struct option_spec *o = options; o->name; o++) {
		if (o->letter > ' ')
			printf("-%c ", o->letter);
		printf("--%s ", o->name);
	}
}

void compat_complete_bash(void)
{
	const struct compat *c;

	puts("\n# kmod's names\n_lkm_compat()\n{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} options= words=\n"
	     "\tcase ${1##*/} in");
	for (size_t i = 0; (c = compat_nth(i)); i++) {
		printf("\t%s) options=\"", c->name);
		bash_options(c->options);
		puts("\" ;;");
	}
	puts("\tesac\n"
	     "\tcase ${1##*/} in\n"
	     "\tmodprobe|modinfo) words=$(lkm -q find --name \"$cur*\" "
	     "2>/dev/null | awk 'NR>1{print $3}') ;;\n"
	     "\trmmod) words=$(cut -d' ' -f1 /proc/modules 2>/dev/null) ;;\n"
	     "\tkmod) words=\"help list static-nodes\" ;;\n"
	     "\tdepmod) words=$(ls /lib/modules 2>/dev/null) ;;\n"
	     "\tesac\n"
	     "\tcase $cur in\n"
	     "\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
	     "\t*) COMPREPLY=($(compgen -f -W \"$words\" -- \"$cur\")) ;;\n"
	     "\tesac\n}");
	printf("complete -F _lkm_compat");
	for (size_t i = 0; (c = compat_nth(i)); i++)
		printf(" %s", c->name);
	putchar('\n');
}
