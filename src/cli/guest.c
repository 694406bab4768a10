// SPDX-License-Identifier: LGPL-2.1-or-later
// --on vm: the command itself, in a guest that is started for it.
#include "cli/guest.h"

#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "cli/act.h"

struct guest {
	struct arena memory;
	char *image;
	VEC(const char *) argv;
	VEC(const char *) modules;
	VEC(struct vm_copy) copies;
	char self[PATH_MAX];
	bool no_memory;
};

void guest_output(void *ctx, enum vm_stream stream, const char *bytes,
		  size_t len)
{
	FILE *f = stream == VM_STDOUT ? stdout : stderr;

	(void)ctx;
	fwrite(bytes, 1, len, f);
	fflush(f);
}

void guest_detail(const struct cli *cli, const struct vm_result *r)
{
	cli_detail(cli,
		   "guest: first process after %u ms, %u ms in all, "
		   "initramfs %zu kB, %s",
		   r->boot_ms, r->total_ms, r->initramfs_bytes >> 10,
		   r->used_kvm ? "KVM" : "software emulation");
}

static void word_add(struct guest *g, const char *word)
{
	g->no_memory |= !word || !vec_push(&g->argv, word);
}

static const char *joined(struct guest *g, const char *a, const char *b)
{
	size_t size = strlen(a) + strlen(b) + 1;
	char *ret = arena_alloc(&g->memory, size);

	if (ret)
		snprintf(ret, size, "%s%s", a, b);
	g->no_memory |= !ret;
	return ret;
}

static bool takes_value(const struct cli *cli, const char *name)
{
	const struct option_spec *tables[] = { common_options,
					       cli->verb->options };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct option_spec *o = tables[i]; o && o->name; o++)
			if (!strcmp(o->name, name))
				return o->arg;
	return false;
}

/* Those that say which kernel are done with when it has booted. */
static void add_options(struct guest *g, const struct cli *cli)
{
	for (size_t i = 0; i < cli->given_count; i++) {
		const struct given *o = &cli->given[i];
		const char *option;

		if (!strcmp(o->name, "on") || !strcmp(o->name, "kernel") ||
		    !strcmp(o->name, "root"))
			continue;
		option = joined(g, "--", o->name);
		if (option && takes_value(cli, o->name))
			option = joined(g, option, "=");
		if (option)
			option = joined(g, option, o->value);
		word_add(g, option);
	}
}

/* A file has the same path there, which is an absolute one. */
static const char *named(struct guest *g, const char *word)
{
	char path[PATH_MAX];

	if (!strchr(word, '/') || !realpath(word, path))
		return word;
	return joined(g, path, "");
}

static void add_arguments(struct guest *g, const struct cli *cli, int argc,
			  char **argv)
{
	word_add(g, "--");
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];

		/* what is loaded is to be there; others ask about it */
		if (cli->verb->flags & VERB_BOOTS && !act_is_param(argv[i])) {
			word = named(g, argv[i]);
			g->no_memory |= !vec_push(&g->modules, word);
		}
		word_add(g, word);
	}
}

static void add_rules(struct guest *g, const struct cli *cli)
{
	static const char *const folders[] = { "/etc/modprobe.d",
					       "/run/modprobe.d",
					       "/usr/local/lib/modprobe.d",
					       "/usr/lib/modprobe.d",
					       "/lib/modprobe.d" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		const char *here = joined(g, cli->root ? cli->root : "",
					  folders[i]);

		if (here && !access(here, R_OK | X_OK))
			g->no_memory |= !vec_push(
				&g->copies,
				((struct vm_copy){ here, folders[i] }));
	}
}

static void add_program(struct guest *g)
{
	if (readlink("/proc/self/exe", g->self, sizeof(g->self) - 1) > 0)
		g->no_memory |= !vec_push(
			&g->copies, ((struct vm_copy){ g->self, VM_LKM_PATH }));
	word_add(g, VM_LKM_PATH);
}

/* ROOT/boot/vmlinuz-RELEASE, wherever a hosted kernel would come from */
static int find_kernel(struct guest *g, struct cli *cli)
{
	static const char place[] = "/boot/vmlinuz-";
	struct lkm_error *e = NULL;
	const char *found;

	if (lkm_host_find(cli->root, cli->release, &g->image, &e) < 0)
		return cli_fail(cli, e);
	found = strstr(g->image, place);
	if (!found || strchr(found + strlen(place), '/'))
		return cli_usage(cli, "'%s' is not ROOT/boot/vmlinuz-RELEASE",
				 g->image);
	cli->release = found + strlen(place);
	if (!cli->root && found > g->image) {
		cli->root = arena_strndup(&g->memory, g->image,
					  (size_t)(found - g->image));
		g->no_memory |= !cli->root;
	}
	return CLI_DONE;
}

static int boot(struct guest *g, struct cli *cli, struct lkm_error **reterr)
{
	_cleanup_vm_result_ struct vm_result result = { 0 };
	const char *const *const command = g->argv.data;
	struct vm_options o = { .image = g->image,
				.root = cli->root,
				.release = cli->release,
				.layers = cli->layers,
				.layer_count = cli->layer_count,
				.modules = g->modules.data,
				.module_count = g->modules.len,
				.copies = g->copies.data,
				.copy_count = g->copies.len,
				.commands = &command,
				.command_count = 1,
				.show_console = cli->verbose > 1,
				.output = guest_output };
	int rc = vm_run(&o, &result, reterr);

	if (rc < 0)
		return rc;
	guest_detail(cli, &result);
	return result.answers[0].status;
}

/* The command line of the guest, and what goes into it */
static int fill(struct guest *g, struct cli *cli, int argc, char **argv)
{
	int rc = find_kernel(g, cli);

	if (rc)
		return rc;
	add_program(g);
	word_add(g, cli->verb->name);
	add_options(g, cli);
	add_arguments(g, cli, argc, argv);
	add_rules(g, cli);
	g->no_memory |= !vec_push(&g->argv, NULL);
	return CLI_DONE;
}

int guest_run(struct cli *cli, int argc, char **argv)
{
	struct guest g = { 0 };
	struct lkm_error *e = NULL;
	int rc;

	if (!(cli->verb->flags & VERB_GUEST))
		return cli_usage(cli,
				 "'%s' is no verb for --on vm, where each "
				 "command has a new kernel ('lkm vm' runs "
				 "several in one)",
				 cli->verb->name);
	if (cli_has(cli, "persist"))
		return cli_usage(cli, "--persist does not go with --on vm");
	rc = fill(&g, cli, argc, argv);
	if (!rc)
		rc = g.no_memory ? error_nomem(&e) : boot(&g, cli, &e);
	if (rc < 0)
		rc = cli_fail(cli, e);
	vec_release(&g.argv);
	vec_release(&g.modules);
	vec_release(&g.copies);
	arena_release(&g.memory);
	free(g.image);
	return rc;
}
