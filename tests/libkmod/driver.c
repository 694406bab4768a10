// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks a libkmod everything and prints the answers; compiled once, against
// kmod's own header where that is installed, and run with either library.
//
// usage: driver DIRNAME PART [CONFIG...]; names or words on stdin
#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct kmod_list list;

static void print_modules(const char *tag, list *all)
{
	list *l;

	printf(" %s[", tag);
	kmod_list_foreach(l, all)
	{
		struct kmod_module *m = kmod_module_get_module(l);

		printf(" %s", kmod_module_get_name(m));
		kmod_module_unref(m);
	}
	printf(" ]");
}

static const char *or_none(const char *s)
{
	return s ? s : "(null)";
}

static void ask_config_of(struct kmod_module *m)
{
	list *pre = NULL, *post = NULL, *deps;

	deps = kmod_module_get_dependencies(m);
	print_modules("deps", deps);
	kmod_module_unref_list(deps);
	printf(" soft=%d", kmod_module_get_softdeps(m, &pre, &post));
	print_modules("pre", pre);
	print_modules("post", post);
	kmod_module_unref_list(pre);
	kmod_module_unref_list(post);
	printf(" options=<%s>", or_none(kmod_module_get_options(m)));
	printf(" install=<%s>", or_none(kmod_module_get_install_commands(m)));
	printf(" remove=<%s>\n", or_none(kmod_module_get_remove_commands(m)));
}

static void ask_state(struct kmod_module *m)
{
	list *holders = kmod_module_get_holders(m);
	list *sections = kmod_module_get_sections(m), *l;

	printf("state=%d refs=%d size=%ld", kmod_module_get_initstate(m),
	       kmod_module_get_refcnt(m), kmod_module_get_size(m));
	print_modules("holders", holders);
	kmod_module_unref_list(holders);
	kmod_list_foreach(l, sections)
		printf(" %s=%lx", kmod_module_section_get_name(l),
		       kmod_module_section_get_address(l));
	kmod_module_section_free_list(sections);
	printf("\n");
}

static int run_install(struct kmod_module *m, const char *command, void *data)
{
	printf("  run %s <%s> %s\n", kmod_module_get_name(m), command,
	       (const char *)data);
	return 0;
}

static void print_action(struct kmod_module *m, bool install, const char *opts)
{
	printf("  %s %s <%s> <%s>\n", install ? "install" : "insmod",
	       kmod_module_get_name(m),
	       install ? or_none(kmod_module_get_install_commands(m)) :
			 or_none(kmod_module_get_path(m)),
	       opts);
}

static void ask_probe(struct kmod_module *m)
{
	static const unsigned int flags[] = {
		KMOD_PROBE_DRY_RUN,
		KMOD_PROBE_DRY_RUN | KMOD_PROBE_IGNORE_LOADED,
		KMOD_PROBE_DRY_RUN | KMOD_PROBE_IGNORE_COMMAND |
			KMOD_PROBE_IGNORE_LOADED,
		KMOD_PROBE_DRY_RUN | KMOD_PROBE_APPLY_BLACKLIST,
		KMOD_PROBE_DRY_RUN | KMOD_PROBE_APPLY_BLACKLIST_ALL,
		KMOD_PROBE_DRY_RUN | KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY,
		KMOD_PROBE_DRY_RUN | KMOD_PROBE_FAIL_ON_LOADED,
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		int rc = kmod_module_probe_insert_module(
			m, flags[i], i % 2 ? "extra=1" : NULL, run_install,
			"data", print_action);

		printf("  probe %x: %d\n", flags[i], rc);
	}
}

static void ask_info(struct kmod_module *m)
{
	list *all = NULL, *l;

	printf("info %d\n", kmod_module_get_info(m, &all));
	kmod_list_foreach(l, all)
		printf(" %s=%s\n", kmod_module_info_get_key(l),
		       kmod_module_info_get_value(l));
	kmod_module_info_free_list(all);
	all = NULL;
	printf("versions %d\n", kmod_module_get_versions(m, &all));
	kmod_list_foreach(l, all)
		printf(" %s %#jx\n", kmod_module_version_get_symbol(l),
		       (uintmax_t)kmod_module_version_get_crc(l));
	kmod_module_versions_free_list(all);
	all = NULL;
	printf("symbols %d\n", kmod_module_get_symbols(m, &all));
	kmod_list_foreach(l, all)
		printf(" %s %#jx\n", kmod_module_symbol_get_symbol(l),
		       (uintmax_t)kmod_module_symbol_get_crc(l));
	kmod_module_symbols_free_list(all);
	all = NULL;
	printf("needs %d\n", kmod_module_get_dependency_symbols(m, &all));
	kmod_list_foreach(l, all) printf(
		" %s %#jx %c\n", kmod_module_dependency_symbol_get_symbol(l),
		(uintmax_t)kmod_module_dependency_symbol_get_crc(l),
		kmod_module_dependency_symbol_get_bind(l));
	kmod_module_dependency_symbols_free_list(all);
}

/* Not a question: in a guest of its own only. */
static void act(struct kmod_module *m, const char *part)
{
	if (strstr(part, "insert")) {
		printf("insert %s: ", kmod_module_get_name(m));
		printf("%d", kmod_module_probe_insert_module(
				     m, KMOD_PROBE_APPLY_BLACKLIST, NULL, NULL,
				     NULL, NULL));
		printf(" %d ", kmod_module_probe_insert_module(
				       m, KMOD_PROBE_FAIL_ON_LOADED, NULL, NULL,
				       NULL, NULL));
	} else {
		printf("remove %s: ", kmod_module_get_name(m));
		printf("%d ", kmod_module_remove_module(m, 0));
	}
	ask_state(m);
}

static void ask_loaded(struct kmod_ctx *ctx)
{
	list *all = NULL;

	printf("loaded %d", kmod_module_new_from_loaded(ctx, &all));
	print_modules("modules", all);
	printf("\n");
	kmod_module_unref_list(all);
}

static void ask_module(struct kmod_module *m, const char *part)
{
	if (strstr(part, "insert") || strstr(part, "remove")) {
		act(m, part);
		return;
	}
	printf("%s path=%s", kmod_module_get_name(m),
	       or_none(kmod_module_get_path(m)));
	ask_config_of(m);
	if (strstr(part, "info"))
		ask_info(m);
	if (strstr(part, "probe"))
		ask_probe(m);
	if (strstr(part, "state"))
		ask_state(m);
}

static void ask_word(struct kmod_ctx *ctx, const char *word, const char *part)
{
	list *all = NULL, *some = NULL, *l;
	struct kmod_module *m = NULL;

	printf("%s: %d", word, kmod_module_new_from_lookup(ctx, word, &all));
	print_modules("found", all);
	printf(" %d", kmod_module_apply_filter(ctx, KMOD_FILTER_BLACKLIST, all,
					       &some));
	print_modules("allowed", some);
	kmod_module_unref_list(some);
	kmod_module_apply_filter(ctx, KMOD_FILTER_BUILTIN, all, &some);
	print_modules("loadable", some);
	kmod_module_unref_list(some);
	printf("\n");
	kmod_list_foreach(l, all)
	{
		m = kmod_module_get_module(l);
		if (strcmp(part, "lookup"))
			ask_module(m, part);
		kmod_module_unref(m);
	}
	kmod_module_unref_list(all);
}

static void ask_name(struct kmod_ctx *ctx, const char *name, const char *part)
{
	struct kmod_module *m = NULL;
	int rc = strchr(name, '/') ? kmod_module_new_from_path(ctx, name, &m) :
				     kmod_module_new_from_name(ctx, name, &m);

	printf("%s: %d\n", name, rc);
	if (rc == 0)
		ask_module(m, part);
	kmod_module_unref(m);
}

static void dump_config(const char *kind, struct kmod_config_iter *iter)
{
	/* Twice: behind its end an iterator begins anew. */
	for (int i = 0; i < 2; i++) {
		printf("%s: <%s> <%s>\n", kind,
		       or_none(kmod_config_iter_get_key(iter)),
		       or_none(kmod_config_iter_get_value(iter)));
		while (kmod_config_iter_next(iter))
			printf(" <%s> <%s>\n", kmod_config_iter_get_key(iter),
			       or_none(kmod_config_iter_get_value(iter)));
	}
	kmod_config_iter_free_iter(iter);
}

static void ask_config(struct kmod_ctx *ctx)
{
	dump_config("blacklist", kmod_config_get_blacklists(ctx));
	dump_config("install", kmod_config_get_install_commands(ctx));
	dump_config("remove", kmod_config_get_remove_commands(ctx));
	dump_config("alias", kmod_config_get_aliases(ctx));
	dump_config("options", kmod_config_get_options(ctx));
	dump_config("softdep", kmod_config_get_softdeps(ctx));
}

static void ask_dump(struct kmod_ctx *ctx)
{
	for (int i = 0; i < 5; i++) {
		int rc;

		fflush(stdout);
		rc = kmod_dump_index(ctx, (enum kmod_index)i, STDOUT_FILENO);
		printf("dump %d: %d\n", i, rc);
	}
}

/* What nobody should ask. */
static void ask_nonsense(struct kmod_ctx *ctx)
{
	list *all = NULL, *more = NULL;
	struct kmod_module *m = NULL;

	printf("%d %d\n", kmod_load_resources(NULL),
	       kmod_validate_resources(NULL));
	kmod_unload_resources(NULL);
	printf("%d %d %d\n", kmod_dump_index(NULL, KMOD_INDEX_MODULES_DEP, 1),
	       kmod_dump_index(ctx, (enum kmod_index)5, 1),
	       kmod_dump_index(ctx, (enum kmod_index) - 1, 1));
	printf("%d\n", kmod_get_log_priority(NULL));
	printf("%p %p %p %p\n", (void *)kmod_ref(NULL),
	       (void *)kmod_unref(NULL), (void *)kmod_module_ref(NULL),
	       (void *)kmod_module_unref(NULL));
	printf("%d\n", kmod_module_unref_list(NULL));
	printf("%d %d %d %d\n", kmod_module_new_from_name(ctx, NULL, &m),
	       kmod_module_new_from_name(NULL, "a", &m),
	       kmod_module_new_from_path(ctx, NULL, &m),
	       kmod_module_new_from_path(ctx, "/no/such.ko", &m));
	printf("%d\n", kmod_module_new_from_path(ctx, "no-such.ko", &m));
	printf("%d %d\n", kmod_module_new_from_lookup(NULL, "a", &all),
	       kmod_module_new_from_lookup(ctx, NULL, &all));
	printf("%d %d %d\n", kmod_module_new_from_lookup(ctx, "a[b", &all),
	       kmod_module_new_from_lookup(ctx, "a]b", &all),
	       kmod_module_new_from_lookup(ctx, "a[b]", &all));
	printf("%d\n", kmod_module_new_from_lookup(ctx, "a", NULL));
	printf("%d %d %d %d\n", kmod_module_get_info(NULL, &all),
	       kmod_module_get_versions(NULL, &all),
	       kmod_module_get_symbols(NULL, &all),
	       kmod_module_get_dependency_symbols(NULL, &all));
	printf("%d %d %ld\n", kmod_module_get_initstate(NULL),
	       kmod_module_get_refcnt(NULL), kmod_module_get_size(NULL));
	printf("%d %d\n", kmod_module_insert_module(NULL, 0, NULL),
	       kmod_module_remove_module(NULL, 0));
	printf("%d\n", kmod_module_probe_insert_module(NULL, 0, NULL, NULL,
						       NULL, NULL));
	printf("%d %d\n", kmod_module_get_softdeps(NULL, &all, &more),
	       kmod_module_apply_filter(NULL, KMOD_FILTER_BLACKLIST, NULL,
					&all));
	printf("%d %p\n",
	       kmod_module_apply_filter(ctx, KMOD_FILTER_BUILTIN, NULL, &all),
	       (void *)all);
	printf("%p %p %p\n", (const void *)kmod_module_get_name(NULL),
	       (const void *)kmod_module_get_path(NULL),
	       (const void *)kmod_module_get_options(NULL));
	printf("%p %lx\n", (const void *)kmod_module_section_get_name(NULL),
	       kmod_module_section_get_address(NULL));
	printf("%p %p %jd\n", (const void *)kmod_module_info_get_key(NULL),
	       (const void *)kmod_module_version_get_symbol(NULL),
	       (intmax_t)kmod_module_version_get_crc(NULL));
	printf("%d\n", kmod_module_dependency_symbol_get_bind(NULL));
}

static void ask_odd(struct kmod_ctx *ctx)
{
	list *all = NULL, *more = NULL, *l;
	struct kmod_module *m = NULL, *same = NULL;
	int n = 0;

	for (int i = -1; i < 5; i++)
		printf("%s\n", or_none(kmod_module_initstate_str(
				       (enum kmod_module_initstate)i)));
	printf("%p %p %p\n", (void *)kmod_list_next(NULL, NULL),
	       (void *)kmod_list_prev(NULL, NULL),
	       (void *)kmod_list_last(NULL));
	printf("%s %s %d\n", or_none(kmod_config_iter_get_key(NULL)),
	       or_none(kmod_config_iter_get_value(NULL)),
	       kmod_config_iter_next(NULL));
	kmod_module_new_from_name(ctx, "snd-pcm.ko.xz", &m);
	kmod_module_new_from_name(ctx, "snd_pcm", &same);
	printf("%d %s %d\n", m == same, kmod_module_get_name(m),
	       kmod_module_unref(same) == m);
	printf("%p\n", (void *)kmod_module_unref(m));
	kmod_module_new_from_lookup(ctx, "btrfs", &all);
	printf("%d\n", kmod_module_new_from_lookup(ctx, "btrfs", &all));
	m = kmod_module_get_module(all);
	more = m ? kmod_module_get_dependencies(m) : NULL;
	kmod_list_foreach(l, more) n++;
	kmod_list_foreach_reverse(l, more) n -= 1;
	printf("%d %d\n", n,
	       kmod_list_next(more, kmod_list_last(more)) == NULL);
	kmod_module_unref_list(more);
	kmod_module_unref(m);
	kmod_module_unref_list(all);
	kmod_module_new_from_name(ctx, "no_such_module", &m);
	all = NULL;
	printf("%d %d %d\n", kmod_module_get_info(m, &all),
	       kmod_module_get_versions(m, &all),
	       kmod_module_insert_module(m, 0, ""));
	printf("%d\n",
	       kmod_module_probe_insert_module(m, 0, NULL, NULL, NULL, NULL));
	kmod_module_unref(m);
	n = 7;
	kmod_set_userdata(ctx, &n);
	kmod_set_log_priority(ctx, 6);
	printf("%d %d\n", kmod_get_userdata(ctx) == &n,
	       kmod_get_log_priority(ctx));
	printf("%s\n", kmod_get_dirname(ctx));
}

int main(int argc, char **argv)
{
	const char *part = argc > 2 ? argv[2] : "";
	struct kmod_ctx *ctx;
	char line[8192];

	if (argc < 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	ctx = kmod_new(argv[1], (const char *const *)argv + 3);
	if (!ctx)
		return 1;
	kmod_set_log_fn(ctx, NULL, NULL);
	/* With indexes that are opened each time, and with loaded ones. */
	if (!strstr(part, "cold"))
		printf("load %d %d\n", kmod_load_resources(ctx),
		       kmod_validate_resources(ctx));
	if (!strncmp(part, "config", 6))
		ask_config(ctx);
	if (!strncmp(part, "dump", 4))
		ask_dump(ctx);
	if (!strncmp(part, "nonsense", 8)) {
		ask_nonsense(ctx);
		ask_odd(ctx);
	}
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(part, "name", 4))
			ask_name(ctx, line, part);
		else
			ask_word(ctx, line, part);
	}
	if (strstr(part, "state"))
		ask_loaded(ctx);
	kmod_unref(ctx);
	return 0;
}
