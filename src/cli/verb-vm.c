// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm vm: run commands in a guest with another kernel.
#include "cli/guest.h"
#include "cli/json.h"
#include "cli/verbs.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define MODULES_MAX 8192

/* Lists that are as long as the command line; options keep their order. */
struct vm_lists {
	struct vm_copy copies[CLI_GIVEN_MAX + 1];
	struct vm_share shares[CLI_GIVEN_MAX];
	const char *modules[MODULES_MAX];
	const char *env[CLI_GIVEN_MAX + 1];
	char *names[CLI_GIVEN_MAX + MODULES_MAX]; /* to be freed */
	size_t name_count;
	char self[PATH_MAX];
};

/* HOST:GUEST at its last colon; without one the guest's is the same. */
static int split(struct cli *cli, struct vm_lists *l, const char *arg,
		 const char **ret_host, const char **ret_guest)
{
	const char *colon = strrchr(arg, ':');
	char *host = strndup(arg, colon ? (size_t)(colon - arg) : strlen(arg));

	if (!host)
		return cli_usage(cli, "out of memory");
	l->names[l->name_count++] = host;
	*ret_host = host;
	*ret_guest = colon ? colon + 1 : host;
	if (**ret_guest != '/' || !*host)
		return cli_usage(cli,
				 "'%s' is not HOST:GUEST with an absolute "
				 "path in the guest",
				 arg);
	return CLI_DONE;
}

static int take_shares(struct cli *cli, const char *option, bool writable,
		       struct vm_lists *l, struct vm_options *o)
{
	const char *arg;

	for (size_t i = 0; (arg = cli_opt_nth(cli, option, i)); i++) {
		struct vm_share *s = &l->shares[o->share_count++];
		int rc = split(cli, l, arg, &s->host, &s->guest);

		if (rc)
			return rc;
		s->writable = writable;
	}
	return CLI_DONE;
}

/* "a,b,c" */
static int take_modules(struct cli *cli, struct vm_lists *l,
			struct vm_options *o, const char *arg)
{
	for (size_t len; *arg; arg += len + (arg[len] == ',')) {
		char *name;

		len = strcspn(arg, ",");
		if (l->name_count == MODULES_MAX)
			return cli_usage(cli, "at most %d modules",
					 MODULES_MAX);
		name = strndup(arg, len);
		if (!name)
			return cli_usage(cli, "out of memory");
		l->names[l->name_count++] = name;
		if (len)
			l->modules[o->module_count++] = name;
	}
	return CLI_DONE;
}

static int take_lists(struct cli *cli, struct vm_lists *l, struct vm_options *o)
{
	const char *arg;
	int rc;

	for (size_t i = 0; (arg = cli_opt_nth(cli, "copy", i)); i++) {
		struct vm_copy *c = &l->copies[o->copy_count++];

		rc = split(cli, l, arg, &c->host, &c->guest);
		if (rc)
			return rc;
	}
	if (readlink("/proc/self/exe", l->self, sizeof(l->self) - 1) > 0)
		l->copies[o->copy_count++] = (struct vm_copy){ l->self,
							       VM_LKM_PATH };
	for (size_t i = 0; (arg = cli_opt_nth(cli, "module", i)); i++) {
		rc = take_modules(cli, l, o, arg);
		if (rc)
			return rc;
	}
	for (size_t i = 0; (arg = cli_opt_nth(cli, "env", i)); i++)
		l->env[i] = arg;
	rc = take_shares(cli, "share", false, l, o);
	return rc ? rc : take_shares(cli, "share-rw", true, l, o);
}

static int take_numbers(struct cli *cli, struct vm_options *o)
{
	uint64_t timeout = 0, memory = 0, cpus = 0;
	const char *accel = cli_opt(cli, "accel");

	if (!cli_opt_number(cli, "timeout", &timeout) ||
	    !cli_opt_number(cli, "memory", &memory) ||
	    !cli_opt_number(cli, "cpus", &cpus))
		return CLI_USAGE;
	if (timeout > UINT_MAX / 1000 || memory > UINT_MAX || cpus > 255)
		return cli_usage(cli, "that is too large a number");
	o->timeout_ms = (unsigned int)timeout * 1000;
	o->memory_mb = (unsigned int)memory;
	o->cpus = (unsigned int)cpus;
	if (!accel || !strcmp(accel, "tcg"))
		o->accel = VM_ACCEL_TCG;
	else if (!strcmp(accel, "kvm"))
		o->accel = VM_ACCEL_KVM;
	else if (!strcmp(accel, "auto"))
		o->accel = VM_ACCEL_AUTO;
	else
		return cli_usage(cli, "--accel is 'tcg', 'kvm' or 'auto'");
	return CLI_DONE;
}

static void print_json(const struct vm_result *r)
{
	struct json_object *j = json_new();

	json_add(j, "status", json_of_num(r->answers[0].status));
	json_add_str(j, "stdout", strbuf_str(&r->answers[0].out));
	json_add_str(j, "stderr", strbuf_str(&r->answers[0].err));
	json_add_str(j, "console", strbuf_str(&r->console));
	json_add(j, "boot_ms", json_of_num(r->boot_ms));
	json_add(j, "total_ms", json_of_num(r->total_ms));
	json_add(j, "kvm", json_of_bool(r->used_kvm));
	json_print(j);
}

static int boot(struct cli *cli, struct vm_options *o)
{
	_cleanup_vm_result_ struct vm_result result = { 0 };
	struct lkm_error *e = NULL;

	if (!cli->json)
		o->output = guest_output;
	if (vm_run(o, &result, &e) < 0)
		return cli_fail(cli, e);
	guest_detail(cli, &result);
	if (cli->json)
		print_json(&result);
	return result.answers[0].status;
}

static int vm_verb(struct cli *cli, int argc, char **argv)
{
	const char *const *command = (const char *const *)argv;
	struct vm_lists *l = calloc(1, sizeof(*l));
	struct vm_options o = { .root = cli->root,
				.release = cli->release,
				.layers = cli->layers,
				.layer_count = cli->layer_count,
				.image = cli_opt(cli, "image"),
				.modules_dir = cli_opt(cli, "modules"),
				.append = cli_opt(cli, "append"),
				.qemu = cli_opt(cli, "qemu"),
				.show_console = cli_has(cli, "console"),
				.commands = &command,
				.command_count = argc > 0 };
	int rc;

	if (!l)
		return cli_usage(cli, "out of memory");
	o.copies = l->copies;
	o.shares = l->shares;
	o.modules = l->modules;
	o.env = l->env;
	rc = take_lists(cli, l, &o);
	if (!rc)
		rc = take_numbers(cli, &o);
	if (!rc && !argc && (cli->json || !cli_is_terminal(0)))
		rc = cli_usage(cli,
			       "which command? (a shell needs a terminal)");
	if (!rc)
		rc = boot(cli, &o);
	for (size_t i = 0; i < l->name_count; i++)
		free(l->names[i]);
	free(l);
	return rc;
}

const struct verb verb_vm = {
	.name = "vm",
	.args = "[COMMAND [ARG...]]",
	.summary = "run a command under another kernel, in QEMU",
	.detail =
		"Boots the kernel of --kernel (ROOT/boot/vmlinuz-RELEASE) or of "
		"--image with a small\ninitramfs that has lkm, busybox where "
		"this machine has it, and the modules named by\n--module with "
		"all they need; runs the command as root and ends with its "
		"exit status.\nWithout a command: a shell (Ctrl-A x ends it).  "
		"Needs no privilege, and changes\nnothing here but what is "
		"below a --share-rw.\n\n"
		"lkm --on vm load NAME (also list, log, param) is that verb in a "
		"guest with the modules\nthat it names.  What these ask the "
		"kernel for while they start is there only with\nlkm vm "
		"--module.",
	.options =
		(const struct option_spec[]){
			{ "image", 0, "FILE", "the kernel image" },
			{ "modules", 0, "DIR",
			  "its modules, as /lib/modules/RELEASE" },
			{ "module", 'm', "NAME[,NAME...]",
			  "put these modules in, not loaded (repeatable)" },
			{ "copy", 0, "HOST:GUEST",
			  "a file, a program with its libraries, or a directory" },
			{ "share", 0, "HOST:GUEST", "a directory, read-only" },
			{ "share-rw", 0, "HOST:GUEST",
			  "a directory, writable" },
			{ "env", 0, "NAME=VALUE",
			  "for the command (repeatable)" },
			{ "append", 0, "ARGS", "to the kernel command line" },
			{ "timeout", 0, "SECONDS", "for the whole run" },
			{ "memory", 0, "MB", "of the guest" },
			{ "cpus", 0, "N", "of the guest" },
			{ "accel", 0, "tcg|kvm|auto",
			  "in software, or by KVM; auto: if a trial "
			  "boot succeeds" },
			{ "console", 0, NULL, "kernel messages on stderr" },
			{ "qemu", 0, "PROGRAM", "instead of " VM_QEMU },
			{ 0 },
		},
	.flags = VERB_STOP_AT_ARGS,
	.words = WORDS_COMMANDS,
	.run = vm_verb,
};
