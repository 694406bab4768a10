// SPDX-License-Identifier: LGPL-2.1-or-later
// The target of a command: its tree, policy, kernel and facts, opened once.
#include "cli/cli.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"

/* More kernels than anybody has in one root. */
#define RELEASES_MAX 256

bool cli_has_kernel(const struct cli *cli)
{
	struct utsname u;

	if (cli->on_hosted)
		return true;
	if (cli->root && strcmp(cli->root, "/"))
		return false;
	if (!cli->release)
		return true;
	return uname(&u) == 0 && !strcmp(u.release, cli->release);
}

void cli_adopt_only_release(struct cli *cli)
{
	_cleanup_root_ struct root root = ROOT_HOST;
	struct utsname u;
	char **names;
	size_t count;
	bool running = uname(&u) < 0;

	if (!cli->root || cli->release || cli->on_hosted || cli->on_vm ||
	    root_open(&root, cli->root) < 0 ||
	    root_list(&root, "/lib/modules", RELEASES_MAX, &names, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		running |= !strcmp(names[i], u.release);
	if (count == 1 && !running)
		cli->release = cli->only_release = take_ptr(names[0]);
	root_free_names(names, count);
}

static bool was_shown(const struct cli *cli, const struct lkm_error *warning)
{
	for (size_t i = 0; i < cli->tree_warnings.len; i++) {
		if (cli->tree_warnings.data[i] == warning)
			return true;
	}
	return false;
}

void cli_tree_warnings(struct cli *cli)
{
	const struct lkm_error *warning;

	if (!cli->tree)
		return;
	for (size_t i = 0; (warning = lkm_tree_warning(cli->tree, i)); i++) {
		if (was_shown(cli, warning))
			continue;
		cli_warn(cli, warning);
		/* Without memory it is shown twice. */
		(void)!vec_push(&cli->tree_warnings, warning);
	}
}

int cli_tree(struct cli *cli, struct lkm_tree **ret, struct lkm_error **reterr)
{
	int rc = cli_target(cli, reterr);
	struct lkm_tree_options options = { .size = sizeof(options),
					    .root = cli->root,
					    .release = cli->release,
					    .layers = cli->layers,
					    .layer_count = cli->layer_count,
					    .flags = cli->tree_may_be_gone ?
							     LKM_TREE_EMPTY :
							     0 };

	if (rc < 0)
		return rc;
	if (!cli->tree) {
		rc = lkm_tree_open(&options, &cli->tree, reterr);
		if (rc < 0)
			return rc;
		cli_tree_warnings(cli);
	}
	*ret = cli->tree;
	return 0;
}

/* The module directory, without a need for the tree to be there. */
static char *module_dir(const struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct utsname u;

	if (cli->release)
		strbuf_addf(&b, "/lib/modules/%s", cli->release);
	else if (uname(&u) == 0)
		strbuf_addf(&b, "/lib/modules/%s", u.release);
	return strbuf_take(&b);
}

int cli_hosted_cmdline(struct cli *cli, char **ret, struct lkm_error **reterr)
{
	size_t size;

	if (!cli->host)
		return 0;
	return lkm_host_read(cli->host, "/proc/cmdline", ret, &size, reterr);
}

int cli_policy(struct cli *cli, const struct lkm_policy **ret,
	       struct lkm_error **reterr)
{
	_cleanup_free_ char *cmdline = NULL;
	int rc = cli_target(cli, reterr);
	_cleanup_free_ char *dir = module_dir(cli);
	struct lkm_policy_options options = { .size = sizeof(options),
					      .root = cli->root,
					      .paths = cli->config,
					      .path_count = cli->config_count,
					      .module_dir = dir };
	const struct lkm_policy_warning *w;
	size_t count;

	if (rc < 0)
		return rc;
	if (!dir)
		return error_nomem(reterr);
	if (!cli->policy) {
		/* Rules alone need no tree: one that is there is asked. */
		rc = cli->tree ?
			     lkm_tree_softdeps(cli->tree, &options.module_lines,
					       reterr) :
			     0;
		if (!rc)
			rc = cli_hosted_cmdline(cli, &cmdline, reterr);
		if (rc < 0)
			return rc;
		options.cmdline = cmdline;
		rc = lkm_policy_load(&options, &cli->policy, reterr);
		if (rc < 0)
			return rc;
		w = lkm_policy_warnings(cli->policy, &count);
		for (size_t i = 0; i < count; i++) {
			/* The tree's own lines are no administrator's to mend.
			 */
			if (cli->verbose || !text_starts(w[i].file, dir))
				cli_note(cli, "warning: %s:%u: %s", w[i].file,
					 w[i].line, w[i].text);
		}
	}
	*ret = cli->policy;
	return 0;
}

int cli_kernel(struct cli *cli, struct lkm_kernel **ret,
	       struct lkm_error **reterr)
{
	int rc;

	if (!cli_has_kernel(cli))
		return FAIL(reterr, CLI_TARGET_OFFLINE,
			    KV_STR("root", cli->root ? cli->root : "/"),
			    KV_STR("release",
				   cli->release ? cli->release : "its own"));
	rc = cli_open_kernel(cli, reterr);
	if (!rc)
		*ret = cli->kernel;
	return rc;
}

int cli_facts(struct cli *cli, const struct lkm_facts **ret,
	      struct lkm_error **reterr)
{
	struct lkm_kernel *kernel;
	int rc;

	if (!cli->facts && !cli_has_kernel(cli)) {
		cli->facts = lkm_facts_new();
		if (!cli->facts)
			return error_nomem(reterr);
	}
	if (!cli->facts) {
		rc = cli_kernel(cli, &kernel, reterr);
		if (rc < 0)
			return rc;
		rc = lkm_kernel_facts(kernel, &cli->facts, reterr);
		if (rc < 0)
			return rc;
	}
	*ret = cli->facts;
	return 0;
}

void cli_facts_expire(struct cli *cli)
{
	lkm_facts_free(cli->facts);
	cli->facts = NULL;
}

char *cli_image(const struct cli *cli, const char *release)
{
	const char *given = cli_opt(cli, "image");
	struct lkm_error *e = NULL;
	char *image = NULL;

	if (given)
		return strdup(given);
	if (lkm_host_find(cli->root, release, &image, &e) < 0)
		lkm_error_free(e);
	return image;
}

int cli_plan_inputs(struct cli *cli, struct lkm_plan_inputs *ret,
		    struct lkm_error **reterr)
{
	struct lkm_plan_inputs in = { .dialect = cli->dialect };
	int rc = cli_tree(cli, &in.tree, reterr);

	if (!rc)
		rc = cli_policy(cli, &in.policy, reterr);
	if (!rc)
		rc = cli_facts(cli, &in.facts, reterr);
	if (!rc)
		*ret = in;
	return rc;
}

void cli_release(struct cli *cli)
{
	lkm_facts_free(cli->facts);
	lkm_kernel_free(cli->kernel);
	lkm_host_free(cli->host);
	lkm_policy_free(cli->policy);
	lkm_tree_free(cli->tree);
	free(cli->only_release);
	vec_release(&cli->tree_warnings);
	cli->facts = NULL;
	cli->kernel = NULL;
	cli->host = NULL;
	cli->policy = NULL;
	cli->tree = NULL;
}
