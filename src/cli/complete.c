// SPDX-License-Identifier: LGPL-2.1-or-later
// Completion of lkm for three shells, from the tables of verbs and options.
#include "cli/complete.h"

#include <ctype.h>
#include <string.h>

#include "cli/verbs.h"

/* What a shell runs for names; %s: the target's options and the word so far */
#define FIND "lkm -q%s find --name \"%s*\" 2>/dev/null | awk 'NR>1{print $3}'"
#define LOADED "lkm -q%s list 2>/dev/null | awk 'NR>1{print $1}'"
#define RELEASES "ls /lib/modules 2>/dev/null"

/* Those that say which kernel: they go for names, too. */
#define TARGET "--root|--kernel|-k|--layer|--on"

enum value {
	VALUE_NO,
	VALUE_ANY,
	VALUE_LISTED,
	VALUE_DIR,
	VALUE_FILE,
	VALUE_RELEASE,
	VALUE_MODULE
};

static enum value value_of(const struct option_spec *o)
{
	static const struct {
		const char *arg;
		enum value value;
	} kinds[] = {
		{ "DIR", VALUE_DIR },	      { "FILE", VALUE_FILE },
		{ "PROGRAM", VALUE_FILE },    { "HOST:GUEST", VALUE_FILE },
		{ "RELEASE", VALUE_RELEASE }, { "NAME[,NAME...]", VALUE_MODULE }
	};

	if (!o->arg)
		return VALUE_NO;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(o->arg, kinds[i].arg))
			return kinds[i].value;
	return islower((unsigned char)*o->arg) && strchr(o->arg, '|') ?
		       VALUE_LISTED :
		       VALUE_ANY;
}

/* "a|b [C...]" as "a b" */
static void print_listed(const char *args)
{
	for (; *args && *args != ' '; args++)
		putchar(*args == '|' ? ' ' : *args);
}

static void print_verbs(void)
{
	for (const struct verb *const *v = all_verbs; *v; v++)
		if (!((*v)->flags & VERB_HIDDEN))
			printf("%s%s", v == all_verbs ? "" : " ", (*v)->name);
}

/* @s, with the characters of @bad left out. */
static void print_without(const char *s, const char *bad)
{
	for (; *s; s++)
		if (!strchr(bad, *s))
			putchar(*s);
}

/* Each option with a value of that kind, once: calls @print. */
static void each_option(void (*print)(const struct option_spec *o))
{
	for (const struct option_spec *o = common_options; o->name; o++)
		print(o);
	for (const struct verb *const *v = all_verbs; *v; v++)
		for (const struct option_spec *o = (*v)->options; o && o->name;
		     o++)
			print(o);
}

static void print_pattern(const struct option_spec *o)
{
	if (o->arg && o->letter)
		printf("|-%c", o->letter);
	if (o->arg)
		printf("|--%s", o->name);
}

/* bash */

static void bash_value(const struct option_spec *o)
{
	if (!o->arg)
		return;
	printf("\t\t--%s", o->name);
	if (o->letter)
		printf("|-%c", o->letter);
	fputs(") ", stdout);
	switch (value_of(o)) {
	case VALUE_LISTED:
		fputs("words='", stdout);
		print_listed(o->arg);
		putchar('\'');
		break;
	case VALUE_DIR: fputs("files=-d", stdout); break;
	case VALUE_FILE: fputs("files=-f", stdout); break;
	case VALUE_RELEASE: fputs("words=$(" RELEASES ")", stdout); break;
	case VALUE_MODULE:
		printf("words=$(" FIND ")", "$target", "$cur");
		break;
	case VALUE_ANY:
	case VALUE_NO: break;
	}
	puts(" ;;");
}

static void bash_verb(const struct verb *v)
{
	printf("\t%s) options='", v->name);
	for (const struct option_spec *o = v->options; o && o->name; o++)
		printf(" --%s", o->name);
	fputs("'; ", stdout);
	if (v->words == WORDS_FILES_TOO)
		fputs("files=-f; ", stdout);
	switch (v->words) {
	case WORDS_FILES_TOO:
	case WORDS_MODULES:
		printf("words=$(" FIND ")", "$target", "$cur");
		break;
	case WORDS_LOADED: printf("words=$(" LOADED ")", "$target"); break;
	case WORDS_RELEASES: fputs("words=$(" RELEASES ")", stdout); break;
	case WORDS_FILES: fputs("files=-f", stdout); break;
	case WORDS_COMMANDS: fputs("files='-c -f'", stdout); break;
	case WORDS_VERBS:
		fputs("words='", stdout);
		print_verbs();
		putchar('\'');
		break;
	case WORDS_LISTED:
		fputs("files=-f; [[ $first ]] || { files=; words='", stdout);
		print_listed(v->args);
		fputs("'; }", stdout);
		break;
	case WORDS_NONE: putchar(':'); break;
	}
	puts(" ;;");
}

void complete_bash(void)
{
	puts("# bash completion for lkm\n"
	     "_lkm() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	     "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tlocal i w verb= first= value= target= options= words= files=\n"
	     "\t# --on=vm comes as three words\n"
	     "\t[[ $cur = '=' ]] && cur=\n"
	     "\t[[ $prev = '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\tw=${COMP_WORDS[i]}\n"
	     "\t\t[[ $w = '=' ]] && continue\n"
	     "\t\tif [[ $value ]]; then\n"
	     "\t\t\t[[ $value = target ]] && target+=\" $w\"\n"
	     "\t\t\tvalue=\n"
	     "\t\t\tcontinue\n"
	     "\t\tfi\n"
	     "\t\tcase $w in\n"
	     "\t\t" TARGET ") value=target target+=\" $w\" ;;");
	fputs("\t\t''", stdout);
	each_option(print_pattern);
	puts(") value=other ;;\n"
	     "\t\t-*) ;;\n"
	     "\t\t*) [[ $verb ]] && first=${first:-$w} || verb=$w ;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\tif [[ $value ]]; then\n"
	     "\t\tcase $prev in");
	each_option(bash_value);
	puts("\t\tesac\n"
	     "\t\tCOMPREPLY=($(compgen $files -W \"$words\" -- \"$cur\"))\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tcase $verb in");
	fputs("\t'') words='", stdout);
	print_verbs();
	puts("' ;;");
	for (const struct verb *const *v = all_verbs; *v; v++)
		bash_verb(*v);
	puts("\tesac");
	fputs("\t[[ $cur = -* ]] && files= words=\"$options", stdout);
	for (const struct option_spec *o = common_options; o->name; o++)
		printf(" --%s", o->name);
	puts("\"\n"
	     "\tCOMPREPLY=($(compgen $files -W \"$words\" -- \"$cur\"))\n"
	     "}\ncomplete -F _lkm lkm");
}

/* fish */

static void fish_option(const char *condition, const struct option_spec *o)
{
	printf("complete -c lkm%s", condition);
	if (o->letter)
		printf(" -s %c", o->letter);
	printf(" -l %s", o->name);
	switch (value_of(o)) {
	case VALUE_NO: break;
	case VALUE_ANY: fputs(" -x", stdout); break;
	case VALUE_LISTED:
		fputs(" -x -a '", stdout);
		print_listed(o->arg);
		putchar('\'');
		break;
	case VALUE_DIR:
		fputs(" -x -a '(__fish_complete_directories)'", stdout);
		break;
	case VALUE_FILE: fputs(" -r -F", stdout); break;
	case VALUE_RELEASE: fputs(" -x -a '(" RELEASES ")'", stdout); break;
	case VALUE_MODULE: fputs(" -x -a '(__lkm_modules)'", stdout); break;
	}
	fputs(" -d '", stdout);
	print_without(o->help, "'\\");
	puts("'");
}

static void fish_verb(const struct verb *v)
{
	char condition[64];

	snprintf(condition, sizeof(condition), " -n '__lkm_verb %s'", v->name);
	for (const struct option_spec *o = v->options; o && o->name; o++)
		fish_option(condition, o);
	printf("complete -c lkm%s ", condition);
	switch (v->words) {
	case WORDS_FILES_TOO: puts("-F -a '(__lkm_modules)'"); break;
	case WORDS_MODULES: puts("-f -a '(__lkm_modules)'"); break;
	case WORDS_LOADED: puts("-f -a '(__lkm_loaded)'"); break;
	case WORDS_RELEASES: puts("-f -a '(" RELEASES ")'"); break;
	case WORDS_FILES: puts("-F"); break;
	case WORDS_COMMANDS: puts("-F -a '(__fish_complete_command)'"); break;
	case WORDS_VERBS:
		fputs("-f -a '", stdout);
		print_verbs();
		puts("'");
		break;
	case WORDS_LISTED:
		puts("-F");
		printf("complete -c lkm -n '__lkm_alone %s' -f -a '", v->name);
		print_listed(v->args);
		puts("'");
		break;
	case WORDS_NONE: puts("-f"); break;
	}
}

static void fish_pattern(const struct option_spec *o)
{
	if (o->arg && o->letter)
		printf(" -%c", o->letter);
	if (o->arg)
		printf(" --%s", o->name);
}

void complete_fish(void)
{
	puts("# fish completion for lkm\n"
	     "# the words of the line that are no options nor their values, or\n"
	     "# with \"target\" the options that say which kernel\n"
	     "function __lkm_line\n"
	     "\tset -l value\n"
	     "\tfor w in (commandline -opc)[2..-1]\n"
	     "\t\tif test -n \"$value\"\n"
	     "\t\t\ttest $value = target -a \"$argv\" = target; and echo $w\n"
	     "\t\t\tset value\n"
	     "\t\t\tcontinue\n"
	     "\t\tend\n"
	     "\t\tswitch $w\n"
	     "\t\t\tcase --root --kernel -k --layer --on\n"
	     "\t\t\t\tset value target\n"
	     "\t\t\t\ttest \"$argv\" = target; and echo $w");
	fputs("\t\t\tcase", stdout);
	each_option(fish_pattern);
	puts("\n\t\t\t\tset value other\n"
	     "\t\t\tcase '-*'\n"
	     "\t\t\tcase '*'\n"
	     "\t\t\t\ttest \"$argv\" = target; or echo $w\n"
	     "\t\tend\n"
	     "\tend\n"
	     "end\n"
	     "function __lkm_verb\n"
	     "\tset -l words (__lkm_line)\n"
	     "\ttest \"$words[1]\" = \"$argv\"\n"
	     "end\n"
	     "function __lkm_alone\n"
	     "\tset -l words (__lkm_line)\n"
	     "\ttest (count $words) -eq 1 -a \"$words[1]\" = \"$argv\"\n"
	     "end\n"
	     "function __lkm_modules\n"
	     "\tset -l target (__lkm_line target)\n"
	     "\tset -l cur (commandline -ct)");
	printf("\t" FIND "\nend\n", " $target", "$cur");
	puts("function __lkm_loaded\n"
	     "\tset -l target (__lkm_line target)");
	printf("\t" LOADED "\nend\n", " $target");
	for (const struct option_spec *o = common_options; o->name; o++)
		fish_option("", o);
	for (const struct verb *const *v = all_verbs; *v; v++) {
		if ((*v)->flags & VERB_HIDDEN)
			continue;
		printf("complete -c lkm -n '__lkm_verb \"\"' -f -a %s -d '",
		       (*v)->name);
		print_without((*v)->summary, "'\\");
		puts("'");
		fish_verb(*v);
	}
}

/* zsh */

/* '(-k --kernel)'{-k+,--kernel=}'[help]:RELEASE:...' */
static void zsh_option(const struct option_spec *o)
{
	const char *mark = o->arg ? "=" : "";

	if (o->letter)
		printf("\t\t{-%c%s,--%s%s}'[", o->letter, o->arg ? "+" : "",
		       o->name, mark);
	else
		printf("\t\t'--%s%s[", o->name, mark);
	print_without(o->help, "'[]:\\");
	putchar(']');
	if (o->arg) {
		putchar(':');
		print_without(o->arg, "'[]:\\");
		putchar(':');
	}
	switch (value_of(o)) {
	case VALUE_NO: break;
	case VALUE_ANY: putchar(' '); break;
	case VALUE_LISTED:
		putchar('(');
		print_listed(o->arg);
		putchar(')');
		break;
	case VALUE_DIR: fputs("_files -/", stdout); break;
	case VALUE_FILE: fputs("_files", stdout); break;
	case VALUE_RELEASE: fputs("($(" RELEASES "))", stdout); break;
	case VALUE_MODULE: fputs("_lkm_modules", stdout); break;
	}
	puts("' \\");
}

static void zsh_verb(const struct verb *v)
{
	printf("\t%s) _arguments -s $common \\\n", v->name);
	for (const struct option_spec *o = v->options; o && o->name; o++)
		zsh_option(o);
	switch (v->words) {
	case WORDS_FILES_TOO:
		puts("\t\t'*:module:_lkm_modules_or_files' ;;");
		break;
	case WORDS_MODULES: puts("\t\t'*:module:_lkm_modules' ;;"); break;
	case WORDS_LOADED: puts("\t\t'*:module:_lkm_loaded' ;;"); break;
	case WORDS_RELEASES:
		puts("\t\t\"1:kernel:($(" RELEASES "))\" ;;");
		break;
	case WORDS_FILES: puts("\t\t'*:file:_files' ;;"); break;
	case WORDS_COMMANDS:
		puts("\t\t'1:command:_command_names -e' '*:file:_files' ;;");
		break;
	case WORDS_VERBS:
		fputs("\t\t'1:verb:(", stdout);
		print_verbs();
		puts(")' ;;");
		break;
	case WORDS_LISTED:
		fputs("\t\t'1:what:(", stdout);
		print_listed(v->args);
		puts(")' '*:file:_files' ;;");
		break;
	case WORDS_NONE: puts("\t\t;;"); break;
	}
}

void complete_zsh(void)
{
	puts("#compdef lkm\n\n"
	     "_lkm_modules() {\n"
	     "\tlocal -a names");
	printf("\tnames=(${(f)\"$(" FIND ")\"})\n", " $target", "$PREFIX");
	puts("\tcompadd -a names\n"
	     "}\n"
	     "_lkm_modules_or_files() { _lkm_modules; _files }\n"
	     "_lkm_loaded() {\n"
	     "\tlocal -a names");
	printf("\tnames=(${(f)\"$(" LOADED ")\"})\n", " $target");
	puts("\tcompadd -a names\n"
	     "}\n\n"
	     "local curcontext=$curcontext state line o\n"
	     "local -A opt_args\n"
	     "local -a common target verbs\n"
	     "common=( \\");
	for (const struct option_spec *o = common_options; o->name; o++)
		zsh_option(o);
	puts(")\nverbs=(");
	for (const struct verb *const *v = all_verbs; *v; v++) {
		if ((*v)->flags & VERB_HIDDEN)
			continue;
		printf("\t'%s:", (*v)->name);
		print_without((*v)->summary, "':\\");
		puts("'");
	}
	puts(")\n"
	     "_arguments -C $common '1:verb:->verb' '*::word:->word' && return\n"
	     "for o in --root --kernel -k --layer --on; do\n"
	     "\t(( $+opt_args[$o] )) && target+=($o $opt_args[$o])\n"
	     "done\n"
	     "case $state in\n"
	     "verb) _describe verb verbs; return ;;\n"
	     "esac\n"
	     "case $words[1] in");
	for (const struct verb *const *v = all_verbs; *v; v++)
		zsh_verb(*v);
	puts("esac");
}
