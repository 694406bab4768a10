// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm help, and what is generated from the same tables.
#include "cli/verbs.h"

#include <string.h>

#include "cli/compat/compat.h"
#include "cli/complete.h"

static const struct option_spec no_options[] = { { 0 } };

static const struct option_spec *options_of(const struct verb *v)
{
	return v->options ? v->options : no_options;
}

static int help_run(struct cli *cli, int argc, char **argv)
{
	const struct verb *v;

	if (!argc) {
		help_overview(stdout);
		return CLI_DONE;
	}
	v = verb_find_by_name(argv[0]);
	if (!v)
		return cli_usage(cli, "there is no verb '%s'", argv[0]);
	help_verb(stdout, v);
	return CLI_DONE;
}

const struct verb verb_help = {
	.name = "help",
	.args = "[VERB]",
	.summary = "show help",
	.detail = "The list of verbs, or what one of them does.",
	.words = WORDS_VERBS,
	.run = help_run,
};

static void man_options(const struct option_spec *options)
{
	for (const struct option_spec *o = options; o->name; o++) {
		if (o->letter)
			printf("*-%c*, ", o->letter);
		printf("*--%s*", o->name);
		if (o->arg)
			printf(" _%s_", o->arg);
		printf("\n\t%c%s.\n\n", *o->help & ~0x20, o->help + 1);
	}
}

/*
 * scdoc(5) takes '_' and '*' for mark-up, and a '-' at the start of a line for
 * a list: escape them in running text.
 */
static void man_text(const char *s)
{
	const char *start = s;

	for (; *s; s++) {
		bool first = s == start || s[-1] == '\n';

		if (strchr("_*\\[]", *s) || (first && strchr("-.#|", *s)))
			putchar('\\');
		putchar(*s);
	}
	puts("\n");
}

static void man_page(void)
{
	puts("lkm(8)\n\n# NAME\n\nlkm - find, resolve, load, configure and "
	     "explain Linux kernel modules\n\n# SYNOPSIS\n\n*lkm* [OPTIONS] "
	     "_VERB_ [OPTIONS] [ARGUMENTS]\n\n# COMMON OPTIONS\n\nBefore or "
	     "after the verb.\n");
	man_options(common_options);
	puts("# VERBS\n");
	for (const struct verb *const *v = all_verbs; *v; v++) {
		if ((*v)->flags & VERB_HIDDEN)
			continue;
		printf("## lkm %s ", (*v)->name);
		man_text((*v)->args);
		man_text((*v)->detail);
		man_options(options_of(*v));
	}
	puts("# EXIT STATUS\n\n*0* done, *1* failed, *2* usage, *3* partly "
	     "done.\n\n# FILES\n\n/etc/modprobe.d/lkm.conf\n\tWhat *lkm forbid* "
	     "and *lkm param --persist* write.\n\n/etc/modules-load.d/lkm.conf\n"
	     "\tWhat *lkm load --persist* writes.\n\n/var/cache/lkm\n\tWhat *lkm "
	     "index* has read; may be deleted at any time.\n\n# SEE ALSO\n\n"
	     "*modprobe.d*(5), *depmod.d*(5), *modules-load.d*(5)");
}

static int generate_run(struct cli *cli, int argc, char **argv)
{
	static const struct {
		const char *what;
		void (*print)(void);
		void (*print_kmod)(void); /* of kmod's names */
	} kinds[] = { { "bash", complete_bash, compat_complete_bash },
		      { "fish", complete_fish, compat_complete_fish },
		      { "man", man_page, NULL },
		      { "zsh", complete_zsh, compat_complete_zsh } };

	if (argc == 2 && !strcmp(argv[0], "man") && compat_man(argv[1]))
		return CLI_DONE;
	for (size_t i = 0; argc && i < ARRAY_SIZE(kinds); i++) {
		void (*print)(void) = kinds[i].print;

		if (argc == 2 && !strcmp(argv[1], "kmod"))
			print = kinds[i].print_kmod;
		else if (argc > 1)
			continue;
		if (print && !strcmp(argv[0], kinds[i].what)) {
			print();
			return CLI_DONE;
		}
	}
	return cli_usage(cli, "one of: bash, fish, man, zsh; man TOOL; bash, "
			      "fish or zsh and kmod");
}

const struct verb verb_generate = {
	.name = "generate",
	.args = "bash|fish|man|zsh [TOOL|kmod]",
	.summary = "print the completion for a shell, or the man page's source",
	.detail = "Made from the same tables as --help; with a second word, of "
		  "kmod's names.",
	.flags = VERB_HIDDEN,
	.words = WORDS_LISTED,
	.run = generate_run,
};
