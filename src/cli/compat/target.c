// SPDX-License-Identifier: LGPL-2.1-or-later
// Whose modules and rules: -d and -S of modprobe, -b and -k of modinfo.
#include "cli/compat/tool.h"

#include <limits.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/text.h"

char *tool_absolute(const char *path)
{
	_cleanup_free_ char *cwd = NULL;
	char *ret;

	if (*path == '/' || !*path)
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (!cwd || asprintf(&ret, "%s/%s", cwd, path) < 0)
		return NULL;
	return ret;
}

/* The hosted kernel's, where nothing else was asked for. */
static bool adopt_hosted(struct target *g, struct tool *t)
{
	struct lkm_error *e = NULL;
	struct lkm_host *host;

	if (!t->cli->on_hosted || (g->root && g->release))
		return true;
	if (cli_host(t->cli, &host, &e) < 0) {
		cli_fail(t->cli, e);
		return false;
	}
	if (!g->root && strcmp(t->cli->root, "/") != 0)
		g->root = t->cli->root;
	if (!g->release)
		g->release = t->cli->release;
	return true;
}

bool target_open(struct target *g, struct tool *t)
{
	struct utsname u;
	const char *release;

	if (!adopt_hosted(g, t))
		return false;
	release = g->release;

	if (!release) {
		if (uname(&u) < 0) {
			tool_log(t, LOG_CRIT, "uname() failed: %s",
				 strerrordesc_np(errno));
			return false;
		}
		release = u.release;
	}
	g->absolute = tool_absolute(g->root ? g->root : "");
	if (!g->absolute ||
	    asprintf(&g->dir, "%s/lib/modules/%s", g->absolute, release) < 0) {
		g->dir = NULL;
		tool_nomem(t);
		return false;
	}
	g->skip = strlen(g->absolute);
	while (g->skip && g->absolute[g->skip - 1] == '/')
		g->skip--;
	t->cli->root = g->skip ? g->absolute : NULL;
	t->cli->release = g->release;
	return true;
}

void target_release(struct target *g)
{
	free(g->absolute);
	free(g->dir);
}

char *target_path(const struct target *g, const char *path)
{
	char *ret;

	if (!g->root || strncmp(path, g->absolute, g->skip) != 0 ||
	    path[g->skip] != '/')
		return strdup(path);
	if (asprintf(&ret, "%s%s", g->absolute, path + g->skip) < 0)
		return NULL;
	return ret;
}

static void tell_warnings(const struct target *g, struct tool *t)
{
	const struct lkm_policy_warning *w;
	size_t count;

	/* These are of the library's, which reads rules before options. */
	if (tool_env_priority(LOG_ERR) < LOG_ERR)
		return;
	w = lkm_policy_warnings(t->cli->policy, &count);
	for (size_t i = 0; i < count; i++) {
		/* Line 0: the file is not there, or may not be read. */
		if (w[i].line && !text_starts(w[i].file, g->dir))
			tool_log(t, LOG_ERR, "%s line %u: %s", w[i].file,
				 w[i].line, w[i].text);
	}
}

int target_policy(struct target *g, struct tool *t, struct lkm_error **reterr)
{
	_cleanup_free_ char *cmdline = NULL;
	struct cli *cli = t->cli;
	bool host = cli->config_count || !cli->root;
	struct lkm_policy_options options = { .size = sizeof(options),
					      .root = host ? NULL : cli->root,
					      .paths = cli->config,
					      .path_count = cli->config_count };
	int rc = 0;

	if (cli->policy)
		return 0;
	/* Another system's modules have nothing to do with this command line.
	 */
	options.cmdline = cli->root ? "" : NULL;
	rc = cli_hosted_cmdline(cli, &cmdline, reterr);
	if (cmdline)
		options.cmdline = cmdline;
	options.module_dir = host ? g->dir : g->dir + g->skip;
	while (!host && options.module_dir[0] == '/' &&
	       options.module_dir[1] == '/')
		options.module_dir++;
	if (!rc && cli->tree)
		rc = lkm_tree_softdeps(cli->tree, &options.module_lines,
				       reterr);
	if (rc < 0)
		return rc;
	rc = lkm_policy_load(&options, &cli->policy, reterr);
	if (rc < 0)
		return rc;
	tell_warnings(g, t);
	return 0;
}
