// SPDX-License-Identifier: LGPL-2.1-or-later
// insmod: one file into the kernel, nothing else.
#include "cli/compat/compat.h"

#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/compat/tool.h"

enum { OPT_VERMAGIC = 1, OPT_MODVERSION };

const struct option_spec insmod_options[] = {
	{ "version", 'V', NULL, "show the version" },
	{ "help", 'h', NULL, "show help" },
	{ "syslog", 's', NULL, "messages go to the system log" },
	{ "verbose", 'v', NULL, "more messages" },
	{ "force", 'f', NULL, "--force-modversion and --force-vermagic" },
	{ "force-modversion", OPT_MODVERSION, NULL, "ignore symbol versions" },
	{ "force-vermagic", OPT_VERMAGIC, NULL, "ignore the version magic" },
	{ 0 },
};

struct insmod {
	struct tool t;
	unsigned int flags; /* &enum lkm_load_flags */
	bool syslog;
};

static int help(const struct insmod *in)
{
	printf("Usage:\n\t%s [options] filename [args]\nOptions:\n"
	       "\t-V, --version     show version\n"
	       "\t-h, --help        show this help\n",
	       in->t.name);
	return CLI_DONE;
}

static const char *reason(int err)
{
	switch (err) {
	case ENOEXEC: return "Invalid module format";
	case ENOENT: return "Unknown symbol in module";
	case ESRCH: return "Module has wrong symbol version";
	case EINVAL: return "Invalid parameters";
	default: return strerrordesc_np(err);
	}
}

static int insert(struct insmod *in, const char *file, const char *params)
{
	struct cli *cli = in->t.cli;
	struct lkm_error *e = NULL;
	struct stat st;
	int rc;

	if (stat(file, &st) != 0) {
		tool_log(&in->t, LOG_ERR, "could not load module %s: %s", file,
			 strerrordesc_np(errno));
		return CLI_FAILED;
	}
	if (S_ISDIR(st.st_mode)) {
		tool_log(&in->t, LOG_ERR, "could not insert module %s: %s",
			 file, strerrordesc_np(EISDIR));
		return CLI_FAILED;
	}
	rc = cli_open_kernel(cli, &e);
	if (!rc)
		rc = lkm_kernel_load(cli->kernel, file, params, in->flags, 0,
				     &e);
	if (rc < 0) {
		tool_log(&in->t, LOG_ERR, "could not insert module %s: %s",
			 file, reason(tool_errno(e)));
		tool_explain(&in->t, e);
	}
	return rc < 0 ? CLI_FAILED : CLI_DONE;
}

/* An exit status, or -1: go on. */
static int option(struct insmod *in, int c)
{
	switch (c) {
	case 'f':
		in->flags |= LKM_LOAD_FORCE_MODVERSIONS |
			     LKM_LOAD_FORCE_VERMAGIC;
		return -1;
	case OPT_MODVERSION: in->flags |= LKM_LOAD_FORCE_MODVERSIONS; return -1;
	case OPT_VERMAGIC: in->flags |= LKM_LOAD_FORCE_VERMAGIC; return -1;
	case 's': in->syslog = true; return -1;
	case 'p': /* older than kmod, and without meaning since */
	case 'v': return -1;
	case 'h': return help(in);
	case 'V': return tool_version();
	default: return CLI_FAILED;
	}
}

int compat_insmod(struct cli *cli, int argc, char **argv)
{
	_cleanup_free_ char *params = NULL;
	struct insmod in = { 0 };
	int c, rc;

	tool_init(&in.t, cli, argv[0], LOG_ERR);
	while ((c = tool_getopt(insmod_options, "p", argc, argv)) != -1) {
		rc = option(&in, c);
		if (rc >= 0)
			return rc;
	}
	tool_log_open(&in.t, in.syslog);
	if (optind >= argc) {
		tool_log(&in.t, LOG_ERR, "missing filename.");
		return CLI_FAILED;
	}
	if (!strcmp(argv[optind], "-")) {
		tool_log(&in.t, LOG_ERR,
			 "this tool does not support loading from stdin!");
		return CLI_FAILED;
	}
	params = modprobe_params(argc - optind - 1, argv + optind + 1, true);
	return params ? insert(&in, argv[optind], params) : tool_nomem(&in.t);
}
