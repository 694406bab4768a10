// SPDX-License-Identifier: LGPL-2.1-or-later
// The hosted kernel of a command: the one that runs, or one for the command.
#include "cli/cli.h"

#include <limits.h>
#include <string.h>

#include "base/text.h"

/* In a build directory the two programs lie so. */
#define BUILD_LKM "/src/cli/lkm"
#define BUILD_HOST "/src/host/lkm-host"

const char *cli_host_program(char *ret, size_t size)
{
	const char *named = secure_getenv("LKM_HOST");
	char self[PATH_MAX];
	ssize_t n;

	if (named && *named)
		return named;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return NULL;
	self[n] = '\0';
	if (!text_ends(self, BUILD_LKM))
		return NULL;
	snprintf(ret, size, "%.*s" BUILD_HOST,
		 (int)((size_t)n - strlen(BUILD_LKM)), self);
	return access(ret, X_OK) == 0 ? ret : NULL;
}

/* A kernel for this command: with what is said of it on stderr. */
static int start_private(struct cli *cli, struct lkm_error **reterr)
{
	struct lkm_host_options o = { .size = sizeof(o),
				      .flags = LKM_HOST_PRIVATE };
	_cleanup_free_ char *image = NULL;
	char program[PATH_MAX];
	int rc = lkm_host_find(cli->root, cli->release, &image, reterr);

	if (rc < 0)
		return rc;
	if (cli_has(cli, "guard"))
		o.flags |= LKM_HOST_GUARD;
	o.image = image;
	o.program = cli_host_program(program, sizeof(program));
	rc = lkm_host_start(&o, &cli->host, reterr);
	if (rc < 0)
		return rc;
	cli->host_is_ours = true;
	cli_note(cli,
		 "no hosted kernel runs; %s is started for this command only",
		 lkm_host_info(cli->host)->release);
	return 0;
}

static int fail_other(struct cli *cli, struct lkm_error **reterr)
{
	return FAIL(reterr, HOST_KERNEL_OTHER,
		    KV_STR("release", lkm_host_info(cli->host)->release),
		    KV_STR("wanted", cli->release));
}

/* Its tree is the one that lies beside its image, unless another is named. */
static int adopt(struct cli *cli, struct lkm_error **reterr)
{
	const struct lkm_host_info *i = lkm_host_info(cli->host);

	if (cli->release && strchr(cli->release, '/'))
		cli->release = NULL; /* the image's path, and it is running */
	if (cli->release && cli->release != cli->only_release &&
	    strcmp(cli->release, i->release) != 0)
		return fail_other(cli, reterr);
	cli->release = i->release;
	if (!cli->root)
		cli->root = i->root;
	return 0;
}

/* What the kernel's own modprobe would go by. */
static int inputs(void *ctx, struct lkm_plan_inputs *ret,
		  struct lkm_error **reterr)
{
	struct cli *cli = ctx;
	struct lkm_plan_inputs in = *ret;
	int rc = cli_tree(cli, &in.tree, reterr);

	if (!rc)
		rc = cli_policy(cli, &in.policy, reterr);
	if (!rc)
		*ret = in;
	return rc;
}

/* Also what only reads a file may make the kernel ask for a module. */
static int attach(struct cli *cli, struct lkm_error **reterr)
{
	struct lkm_kernel_options o = { .size = sizeof(o),
					.host = cli->host,
					.inputs = inputs,
					.inputs_ctx = cli };

	return lkm_kernel_open(LKM_KERNEL_HOSTED, &o, &cli->kernel, reterr);
}

int cli_host(struct cli *cli, struct lkm_host **ret, struct lkm_error **reterr)
{
	bool may_start = cli->verb && (cli->verb->flags & VERB_BOOTS);
	struct lkm_error *e = NULL;
	int rc;

	if (!cli->host) {
		rc = lkm_host_connect(&cli->host, &e);
		if (rc == -LKM_ENOTFOUND && may_start) {
			lkm_error_free(e);
			e = NULL;
			rc = start_private(cli, &e);
		}
		if (!rc)
			rc = adopt(cli, &e);
		if (!rc)
			rc = attach(cli, &e);
		if (rc < 0) {
			*reterr = e;
			return rc;
		}
	}
	*ret = cli->host;
	return 0;
}

int cli_target(struct cli *cli, struct lkm_error **reterr)
{
	struct lkm_host *host;

	return cli->on_hosted ? cli_host(cli, &host, reterr) : 0;
}

int cli_open_kernel(struct cli *cli, struct lkm_error **reterr)
{
	if (cli->on_hosted)
		return cli_target(cli, reterr);
	if (cli->kernel)
		return 0;
	return lkm_kernel_open(LKM_KERNEL_LIVE, NULL, &cli->kernel, reterr);
}

bool cli_choose_kernel(struct cli *cli)
{
	const char *on = cli->on ? cli->on : secure_getenv("LKM_ON");

	if (!on || !*on || !strcmp(on, "live"))
		return true;
	cli->on_hosted = !strcmp(on, "hosted");
	cli->on_vm = !strcmp(on, "vm");
	return cli->on_hosted || cli->on_vm;
}
