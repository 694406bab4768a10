// SPDX-License-Identifier: LGPL-2.1-or-later
// rmmod: the modules that are named, nothing else.
#include "cli/compat/compat.h"

#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "cli/compat/tool.h"

const struct option_spec rmmod_options[] = {
	{ "force", 'f', NULL, "even while in use (the kernel may crash)" },
	{ "syslog", 's', NULL, "messages go to the system log" },
	{ "verbose", 'v', NULL, "more messages" },
	{ "version", 'V', NULL, "show the version" },
	{ "help", 'h', NULL, "show help" },
	{ 0 },
};

static int help(const struct tool *t)
{
	printf("Usage:\n\t%s [options] modulename ...\nOptions:\n"
	       "\t-f, --force       forces a module unload and may crash your\n"
	       "\t                  machine. This requires Forced Module "
	       "Removal\n"
	       "\t                  option in your kernel. DANGEROUS\n"
	       "\t-s, --syslog      print to syslog, not stderr\n"
	       "\t-v, --verbose     enables more messages\n"
	       "\t-V, --version     show version\n"
	       "\t-h, --help        show this help\n",
	       t->name);
	return CLI_DONE;
}

static bool is_builtin(struct tool *t, const char *module)
{
	struct lkm_tree_options options = { .size = sizeof(options),
					    .root = t->cli->root,
					    .release = t->cli->release,
					    .flags = LKM_TREE_EMPTY |
						     LKM_TREE_NO_SCAN };
	struct cli *cli = t->cli;

	if (!cli->tree && lkm_tree_open(&options, &cli->tree, NULL) < 0)
		return false;
	return lkm_tree_builtin(cli->tree, module, NULL) > 0;
}

/* May it go?  Else it was said why not. */
static bool is_free(struct tool *t, const char *module,
		    const struct lkm_facts *facts)
{
	const struct lkm_loaded *m = lkm_facts_loaded(facts, module);
	_cleanup_strbuf_ struct strbuf holders = { 0 };

	if (!m && is_builtin(t, module)) {
		tool_log(t, LOG_ERR, "Module %s is builtin.", module);
		return false;
	}
	if (!m) {
		tool_log(t, LOG_ERR, "Module %s is not currently loaded",
			 module);
		return false;
	}
	for (size_t i = 0; i < m->holder_count; i++)
		strbuf_addf(&holders, " %s", m->holders[i]);
	if (holders.len)
		tool_log(t, LOG_ERR, "Module %s is in use by:%s", module,
			 holders.data);
	else if (m->refcount > 0)
		tool_log(t, LOG_ERR, "Module %s is in use", module);
	return !m->holder_count && m->refcount <= 0;
}

static int remove_one(struct tool *t, const char *arg, bool force)
{
	struct cli *cli = t->cli;
	struct lkm_error *e = NULL;
	char module[MODULE_NAME_MAX];
	struct stat st;
	bool named = stat(arg, &st) == 0 ?
			     module_name_of_file(arg, module, sizeof(module)) :
			     module_name_of(arg, module, sizeof(module));
	int rc;

	if (!named) {
		tool_log(t, LOG_ERR, "could not use module %s: %s", arg,
			 strerrordesc_np(*arg ? ENAMETOOLONG : ENOENT));
		return CLI_FAILED;
	}
	rc = cli_open_kernel(cli, &e);
	cli_facts_expire(cli);
	if (!rc && !force)
		rc = lkm_kernel_facts(cli->kernel, &cli->facts, &e);
	if (!rc && !force && !is_free(t, module, cli->facts))
		return CLI_FAILED;
	if (!rc)
		rc = lkm_kernel_unload(cli->kernel, module,
				       force ? LKM_UNLOAD_FORCE : 0, 0, &e);
	if (rc < 0) {
		const char *why = strerrordesc_np(tool_errno(e));

		tool_log(t, LOG_ERR, "could not remove '%s': %s", module, why);
		tool_log(t, LOG_ERR, "could not remove module %s: %s", arg,
			 why);
		tool_explain(t, e);
	}
	return rc < 0 ? CLI_FAILED : CLI_DONE;
}

int compat_rmmod(struct cli *cli, int argc, char **argv)
{
	bool force = false, to_syslog = false;
	struct tool t;
	int c, rc = CLI_DONE;

	tool_init(&t, cli, argv[0], LOG_ERR);
	while ((c = tool_getopt(rmmod_options, "w", argc, argv)) != -1) {
		switch (c) {
		case 'f': force = true; break;
		case 's': to_syslog = true; break;
		case 'v': t.priority++; break;
		case 'w': break; /* the default since there is no waiting */
		case 'h': return help(&t);
		case 'V': return tool_version();
		default: return CLI_FAILED;
		}
	}
	tool_log_open(&t, to_syslog);
	if (optind >= argc) {
		tool_log(&t, LOG_ERR, "missing module name.");
		return CLI_FAILED;
	}
	for (int i = optind; i < argc; i++)
		rc = remove_one(&t, argv[i], force) ? CLI_FAILED : rc;
	return rc;
}
