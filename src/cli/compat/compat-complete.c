// SPDX-License-Identifier: LGPL-2.1-or-later
// Completion of kmod's names for three shells, from their option tables.
#include <string.h>

#include "cli/compat/compat.h"

/* Prints the names that lkm finds for what was typed so far. */
#define FIND "lkm -q find --name \"%s*\" 2>/dev/null | awk 'NR>1{print $3}'"
#define LOADED "cut -d' ' -f1 /proc/modules 2>/dev/null"
#define RELEASES "ls /lib/modules 2>/dev/null"

/* Codes below a blank are no letters: tool_getopt(). */
static bool has_letter(const struct option_spec *o)
{
	return o->letter > ' ';
}

static bool takes_path(const struct option_spec *o)
{
	return o->arg && (!strcmp(o->arg, "FILE") || !strcmp(o->arg, "DIR") ||
			  !strcmp(o->arg, "PATH"));
}

/* Of two spellings with one letter: is this the first? */
static bool is_first(const struct option_spec *options,
		     const struct option_spec *o)
{
	for (; options < o; options++) {
		if (options->letter == o->letter)
			return false;
	}
	return true;
}

/* @s, with the characters of @bad left out. */
static void print_without(const char *s, const char *bad)
{
	for (; *s; s++) {
		if (!strchr(bad, *s))
			putchar(*s);
	}
}

static void bash_options(const char *name, const struct option_spec *options)
{
	printf("\t%s) options=\"", name);
	for (const struct option_spec *o = options; o->name; o++) {
		if (has_letter(o) && is_first(options, o))
			printf("-%c ", o->letter);
		printf("--%s ", o->name);
	}
	puts("\" ;;");
}

static void bash_words(const struct compat *c)
{
	switch (c->words) {
	case COMPAT_MODULES:
		printf("\t%s) words=$(" FIND ") ;;\n", c->name, "$cur");
		break;
	case COMPAT_LOADED:
		printf("\t%s) words=$(" LOADED ") files= ;;\n", c->name);
		break;
	case COMPAT_RELEASES:
		printf("\t%s) words=$(" RELEASES ") ;;\n", c->name);
		break;
	case COMPAT_COMMANDS:
		printf("\t%s) words='help list static-nodes' files= ;;\n",
		       c->name);
		break;
	case COMPAT_NOTHING: printf("\t%s) files= ;;\n", c->name); break;
	case COMPAT_FILES: break;
	}
}

void compat_complete_bash(void)
{
	const struct compat *c;

	puts("# bash completion for kmod's names\n_lkm_kmod()\n{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} tool=${1##*/}\n"
	     "\tlocal options= words= files=-f\n"
	     "\t[[ $tool = kmod && ${COMP_WORDS[1]} = static-nodes &&\n"
	     "\t\t$COMP_CWORD -gt 1 ]] && tool=static-nodes\n"
	     "\tcase $tool in");
	for (size_t i = 0; (c = compat_nth(i)); i++)
		bash_options(c->name, c->options);
	bash_options("static-nodes", static_nodes_options);
	puts("\tesac\n"
	     "\tcase $cur in\n"
	     "\t-*)\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
	     "\t\treturn ;;\n"
	     "\tesac\n"
	     "\tcase $tool in");
	for (size_t i = 0; (c = compat_nth(i)); i++)
		bash_words(c);
	puts("\tesac\n"
	     "\tCOMPREPLY=($(compgen $files -W \"$words\" -- \"$cur\"))\n}");
	printf("complete -F _lkm_kmod");
	for (size_t i = 0; (c = compat_nth(i)); i++)
		printf(" %s", c->name);
	putchar('\n');
}

static void fish_options(const char *name, const char *condition,
			 const struct option_spec *options)
{
	for (const struct option_spec *o = options; o->name; o++) {
		printf("complete -c %s%s", name, condition);
		if (has_letter(o))
			printf(" -s %c", o->letter);
		printf(" -l %s%s -d '", o->name,
		       takes_path(o) ? " -r -F" :
		       o->arg	     ? " -x" :
				       "");
		print_without(o->help, "'\\");
		puts("'");
	}
}

static void fish_words(const struct compat *c)
{
	const char *start = "complete -c";

	switch (c->words) {
	case COMPAT_MODULES:
		printf("%s %s -a '(__lkm_kmod_modules)'\n", start, c->name);
		break;
	case COMPAT_LOADED:
		printf("%s %s -f -a \"(" LOADED ")\"\n", start, c->name);
		break;
	case COMPAT_RELEASES:
		printf("%s %s -a '(" RELEASES ")'\n", start, c->name);
		break;
	case COMPAT_COMMANDS:
		printf("%s %s -f -n __fish_use_subcommand -a "
		       "'help list static-nodes'\n",
		       start, c->name);
		break;
	case COMPAT_NOTHING: printf("%s %s -f\n", start, c->name); break;
	case COMPAT_FILES: break;
	}
}

void compat_complete_fish(void)
{
	const struct compat *c;

	puts("# fish completion for kmod's names\n"
	     "function __lkm_kmod_modules\n"
	     "\tset -l cur (commandline -ct)");
	printf("\t" FIND "\nend\n", "$cur");
	for (size_t i = 0; (c = compat_nth(i)); i++) {
		fish_options(c->name, "", c->options);
		fish_words(c);
	}
	fish_options("kmod", " -n '__fish_seen_subcommand_from static-nodes'",
		     static_nodes_options);
}

/* '(-a --all)'{-a,--all}'[help]', '--config=[help]:FILE:_files' */
static void zsh_options(const char *name, const struct option_spec *options)
{
	printf("%s)\n\t_arguments -s \\\n", name);
	for (const struct option_spec *o = options; o->name; o++) {
		const char *mark = o->arg ? "=" : "";

		if (has_letter(o) && is_first(options, o))
			printf("\t\t{-%c%s,--%s%s}'[", o->letter,
			       o->arg ? "+" : "", o->name, mark);
		else
			printf("\t\t'--%s%s[", o->name, mark);
		print_without(o->help, "'[]:\\");
		printf("]%s%s%s' \\\n", o->arg ? ":" : "", o->arg ? o->arg : "",
		       takes_path(o) ? ":_files" :
		       o->arg	     ? ": " :
				       "");
	}
}

static void zsh_words(const struct compat *c)
{
	switch (c->words) {
	case COMPAT_MODULES: puts("\t\t'*:module:_lkm_kmod_modules' ;;"); break;
	case COMPAT_LOADED: puts("\t\t\"*:module:($(" LOADED "))\" ;;"); break;
	case COMPAT_RELEASES:
		puts("\t\t\"1:kernel:($(" RELEASES "))\" '*:file:_files' ;;");
		break;
	case COMPAT_COMMANDS:
		puts("\t\t'1:command:(help list static-nodes)' ;;");
		break;
	case COMPAT_FILES: puts("\t\t'*:file:_files' ;;"); break;
	case COMPAT_NOTHING: puts("\t\t;;"); break;
	}
}

void compat_complete_zsh(void)
{
	const struct compat *c;

	printf("#compdef");
	for (size_t i = 0; (c = compat_nth(i)); i++)
		printf(" %s", c->name);
	printf("\n\n_lkm_kmod_modules() {\n"
	       "\tlocal -a names\n\tnames=(${(f)\"$(" FIND ")\"})\n"
	       "\tcompadd -a names\n\t_files\n}\n\n"
	       "local tool=$service\n"
	       "[[ $tool = kmod && $words[2] = static-nodes ]] &&\n"
	       "\ttool=static-nodes && shift words && (( CURRENT-- ))\n"
	       "case $tool in\n",
	       "$words[CURRENT]");
	for (size_t i = 0; (c = compat_nth(i)); i++) {
		zsh_options(c->name, c->options);
		zsh_words(c);
	}
	zsh_options("static-nodes", static_nodes_options);
	puts("\t\t;;\nesac");
}
