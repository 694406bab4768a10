// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm host: the hosted kernel's life.
#include "cli/verb-host.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/spawn.h"
#include "cli/json.h"
#include "cli/verbs.h"

/* -k or the argument; NULL: neither */
static const char *wanted_kernel(const struct cli *cli, int argc, char **argv)
{
	return argc ? argv[0] : cli->release;
}

/* A path, also where it has no '/': an argument that is a file. */
static int find_image(struct cli *cli, int argc, char **argv, char **ret,
		      struct lkm_error **reterr)
{
	const char *wanted = wanted_kernel(cli, argc, argv);
	char path[PATH_MAX];

	if (wanted && !strchr(wanted, '/') && !access(wanted, R_OK)) {
		snprintf(path, sizeof(path), "./%s", wanted);
		wanted = path;
	}
	return lkm_host_find(cli->root, wanted, ret, reterr);
}

static int host_start(struct cli *cli, int argc, char **argv)
{
	struct lkm_host_options o = { .size = sizeof(o) };
	_cleanup_free_ char *image = NULL;
	const struct lkm_host_info *info;
	struct lkm_error *e = NULL;
	char program[PATH_MAX];
	int rc = find_image(cli, argc, argv, &image, &e);

	if (rc < 0)
		return cli_fail(cli, e);
	o.image = image;
	o.program = cli_host_program(program, sizeof(program));
	o.flags = cli_has(cli, "guard") ? LKM_HOST_GUARD : 0;
	if (cli->dry_run) {
		cli_note(cli, "would start %s", image);
		return CLI_DONE;
	}
	if (lkm_host_start(&o, &cli->host, &e) < 0)
		return cli_fail(cli, e);
	info = lkm_host_info(cli->host);
	cli_note(cli, "Linux %s runs in process %u", info->release, info->pid);
	return CLI_DONE;
}

static int host_stop(struct cli *cli, int argc, char **argv)
{
	struct lkm_error *e = NULL;
	struct lkm_host *host;

	if (cli_host(cli, &host, &e) < 0)
		return cli_fail(cli, e);
	if (cli->dry_run)
		return CLI_DONE;
	cli_findings(cli);
	lkm_kernel_free(cli->kernel);
	cli->kernel = NULL;
	cli->host = NULL;
	cli->release = NULL;
	cli->root = NULL;
	return lkm_host_stop(host, &e) < 0 ? cli_fail(cli, e) : CLI_DONE;
}

static void flag_words(char *ret, size_t size, uint32_t flags)
{
	snprintf(ret, size, "%s%s",
		 flags & LKM_HOST_SANDBOX ? "sandbox" : "no sandbox",
		 flags & LKM_HOST_GUARD ? ", guard pages" : "");
}

static void status_json(const struct lkm_host_info *i,
			const struct lkm_host_status *s)
{
	struct json_object *o = json_new();

	json_add_str(o, "release", i->release);
	json_add_str(o, "image", i->image);
	json_add_str(o, "root", i->root);
	json_add_str(o, "banner", i->banner);
	json_add(o, "pid", json_of_num(i->pid));
	json_add(o, "sandbox", json_of_bool(i->flags & LKM_HOST_SANDBOX));
	json_add(o, "guard", json_of_bool(i->flags & LKM_HOST_GUARD));
	json_add(o, "taint", json_of_num((int64_t)i->taint));
	json_add(o, "uptime_ns", json_of_num((int64_t)s->uptime_ns));
	json_add(o, "allocations", json_of_num((int64_t)s->memory_live));
	json_add(o, "warnings", json_of_num((int64_t)s->warnings));
	json_add(o, "emulated", json_of_num((int64_t)s->emulated));
	json_add(o, "threads", json_of_num(s->threads));
	json_add(o, "connections", json_of_num(s->connections));
	json_add(o, "handles", json_of_num(s->handles));
	json_print(o);
}

static int host_status(struct cli *cli, int argc, char **argv)
{
	const struct lkm_host_info *i;
	struct lkm_host_status s;
	struct lkm_error *e = NULL;
	struct lkm_host *host;
	char flags[64];

	if (cli_host(cli, &host, &e) < 0 || lkm_host_status(host, &s, &e) < 0)
		return cli_fail(cli, e);
	i = lkm_host_info(host);
	if (cli->json) {
		status_json(i, &s);
		return CLI_DONE;
	}
	flag_words(flags, sizeof(flags), i->flags);
	printf("release:     %s\nimage:       %s\nmodules:     "
	       "%s/lib/modules/%s\nprocess:     %u (%s)\n",
	       i->release, i->image, strcmp(i->root, "/") ? i->root : "",
	       i->release, i->pid, flags);
	printf("up:          %" PRIu64 ".%03u s\ntaint:       %" PRIu64 "\n",
	       s.uptime_ns / 1000000000,
	       (unsigned int)(s.uptime_ns / 1000000 % 1000), i->taint);
	printf("allocations: %" PRIu64 "\nthreads:     %u\nopen files:  %u\n"
	       "clients:     %u\nwarnings:    %" PRIu64 "\n",
	       s.memory_live, s.threads, s.handles, s.connections, s.warnings);
	return CLI_DONE;
}

/* What it says is lkm-host's own: another process, which may die of it. */
static int host_doctor(struct cli *cli, int argc, char **argv)
{
	const char *args[] = { NULL, "doctor", NULL, NULL, NULL };
	struct spawn spawn = { .argv = args };
	_cleanup_free_ char *image = NULL;
	struct lkm_error *e = NULL;
	char program[PATH_MAX];
	int status, rc;

	if (find_image(cli, argc, argv, &image, &e) < 0)
		return cli_fail(cli, e);
	args[0] = cli_host_program(program, sizeof(program));
	if (!args[0])
		args[0] = LKM_LIBEXECDIR "/lkm-host";
	args[2] = image;
	args[3] = cli->json ? "--json" : NULL;
	fflush(stdout);
	rc = spawn_run(&spawn, &status);
	if (rc < 0) {
		FAIL(&e, HOST_PROGRAM_ABSENT, KV_STR("file", args[0]),
		     KV_ERRNO(-rc));
		return cli_fail(cli, e);
	}
	return status ? CLI_FAILED : CLI_DONE;
}

static const struct host_command commands[] = {
	{ "start", 0, 1, false, host_start },
	{ "stop", 0, 0, false, host_stop },
	{ "status", 0, 0, false, host_status },
	{ "doctor", 0, 1, false, host_doctor },
	{ "cat", 1, INT_MAX, false, host_verb_cat },
	{ "write", 1, 2, false, host_verb_write },
	{ "ls", 1, INT_MAX, false, host_verb_ls },
	{ "exec", 1, INT_MAX, true, host_verb_exec },
	{ "gdb", 0, INT_MAX, true, host_verb_gdb },
	{ "log", 0, 0, false, NULL },
};

static const struct host_command *command_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static int host_run(struct cli *cli, int argc, char **argv)
{
	const struct option_spec *tables[] = { common_options,
					       cli->verb->options, NULL };
	const struct host_command *c;
	int first, rc;

	if (!argc)
		return cli_usage(cli, "which: start, stop, status, ...?");
	c = command_of(argv[0]);
	if (!c)
		return cli_usage(cli, "there is no 'host %s'", argv[0]);
	rc = options_parse(cli, tables, c->stop, argc, argv, &first);
	if (!rc && cli_has(cli, "help")) {
		help_verb(stdout, cli->verb);
		return CLI_DONE;
	}
	if (!rc)
		rc = cli_apply_common(cli);
	if (rc)
		return rc;
	argc -= first;
	if (argc < c->least || argc > c->most)
		return cli_usage(cli, "'host %s' takes %s", c->name,
				 argc < c->least ? "more arguments" :
						   "fewer arguments");
	cli->on_hosted = true;
	return c->run ? c->run(cli, argc, argv + first) :
			verb_log.run(cli, argc, argv + first);
}

const struct verb verb_host = {
	.name = "host",
	.args = "start|stop|status|doctor|cat|write|ls|exec|gdb|log [ARGUMENT...]",
	.summary = "a distribution's own kernel in an ordinary process",
	.detail =
		"start [IMAGE]        boot the kernel of -k RELEASE or IMAGE in "
		"a process of yours\n"
		"stop                 end it\n"
		"status               what runs, since when, what it holds\n"
		"doctor [IMAGE]       can this image be hosted, and how much of "
		"it came up?\n"
		"cat PATH...          files of the hosted kernel, as "
		"/proc/modules\n"
		"write PATH [TEXT]    TEXT with a newline, or standard input, "
		"into one\n"
		"ls PATH...           its directories\n"
		"exec PROGRAM...      run a program whose devices, /proc, /sys "
		"and modules are its\n"
		"gdb [-- ARGUMENT...] gdb (or $LKM_GDB) attached to it, with its "
		"symbols and modules\n"
		"log                  its log\n\n"
		"It needs no privilege and no virtual machine: the unmodified "
		"image runs in a\nsandboxed process, and 'lkm --on hosted' acts "
		"on it as on the running kernel.\nThe image is that of -k below "
		"--root, else of /boot, else one that was unpacked in\n"
		"$LKM_KERNELS or ~/.cache/lkm/kernels; its modules are those "
		"that lie beside it.",
	.options =
		(const struct option_spec[]){
			{ "guard", 0, NULL,
			  "start: trap accesses outside of allocations" },
			{ "long", 'l', NULL, "ls: modes, owners, sizes" },
			{ "follow", 'f', NULL, "log: wait for more" },
			{ 0 },
		},
	.flags = VERB_STOP_AT_ARGS,
	.words = WORDS_LISTED,
	.run = host_run,
};
