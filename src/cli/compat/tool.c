// SPDX-License-Identifier: LGPL-2.1-or-later
// Options and messages of kmod's tools.
#include "cli/compat/tool.h"

#include <ctype.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include "cli/act.h"

/* The version whose options and files these tools have. */
#define KMOD_VERSION "34"

void tool_init(struct tool *t, struct cli *cli, const char *argv0, int priority)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	*t = (struct tool){ .cli = cli, .priority = priority };
	t->name = slash ? slash + 1 : argv0 ? argv0 : "kmod";
	cli->dialect = LKM_DIALECT_KMOD;
	/* lkm's notes would stand between kmod's messages. */
	cli->quiet = true;
	/* kmod looks for a module in a folder that is not there, and says so.
	 */
	cli->tree_may_be_gone = true;
}

void tool_log_open(struct tool *t, bool use_syslog)
{
	t->syslog = use_syslog;
	if (use_syslog)
		openlog(t->name, LOG_CONS, LOG_DAEMON);
}

static const char *level_name(int priority)
{
	switch (priority) {
	case LOG_CRIT: return "FATAL";
	case LOG_ERR: return "ERROR";
	case LOG_WARNING: return "WARNING";
	case LOG_NOTICE: return "NOTICE";
	case LOG_INFO: return "INFO";
	default: return "DEBUG";
	}
}

void tool_log(struct tool *t, int priority, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	if (priority > t->priority)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (priority <= LOG_CRIT)
		t->ended = true;
	if (!text)
		return;
	fflush(stdout);
	if (t->syslog)
		syslog(priority, "%s: %s", level_name(priority), text);
	else
		fprintf(stderr, "%s: %s: %s\n", t->name, level_name(priority),
			text);
}

bool tool_explains(const struct tool *t)
{
	const char *env = getenv("LKM_EXPLAIN");

	if (t->syslog || t->priority < LOG_ERR)
		return false;
	return env ? !strcmp(env, "1") :
		     t->explains || cli_is_terminal(STDERR_FILENO);
}

void tool_explain(struct tool *t, struct lkm_error *e)
{
	if (!e || !tool_explains(t)) {
		lkm_error_free(e);
		return;
	}
	act_explain(t->cli, &e);
	cli_fail(t->cli, e);
}

int tool_nomem(struct tool *t)
{
	tool_log(t, LOG_CRIT, "%s", strerrordesc_np(ENOMEM));
	return CLI_FAILED;
}

int tool_errno(const struct lkm_error *e)
{
	int err = lkm_error_errno(e);

	if (err)
		return err;
	/* A damaged module is "invalid" there, and what is none "no format". */
	if (!strcmp(lkm_error_id(e), "image.elf.magic"))
		return ENOEXEC;
	switch (lkm_error_code(e)) {
	case LKM_ENOMEM: return ENOMEM;
	case LKM_ENOTFOUND: return ENOENT;
	case LKM_EEXISTS: return EEXIST;
	case LKM_EBUSY: return EBUSY;
	case LKM_EFORMAT: break;
	case LKM_EMISMATCH: return ENOEXEC;
	case LKM_EREFUSED: return EPERM;
	case LKM_EUNSUPPORTED: return ENOSYS;
	case LKM_EINTERRUPTED: return EINTR;
	default: break;
	}
	return EINVAL;
}

int tool_version(void)
{
	puts("kmod version " KMOD_VERSION);
	puts("+ZSTD +XZ +ZLIB +OPENSSL -MBEDTLS +LKM");
	return CLI_DONE;
}

int tool_env_priority(int otherwise)
{
	const char *env = secure_getenv("KMOD_LOG");

	if (!env)
		return otherwise;
	if (isdigit((unsigned char)*env))
		return (int)strtol(env, NULL, 10);
	if (!strncmp(env, "err", 3))
		return LOG_ERR;
	if (!strncmp(env, "info", 4))
		return LOG_INFO;
	if (!strncmp(env, "debug", 5))
		return LOG_DEBUG;
	return 0;
}

#define LONGS_MAX 48

int tool_getopt(const struct option_spec *specs, const char *more, int argc,
		char **argv)
{
	struct option longs[LONGS_MAX + 1] = { 0 };
	char shorts[2 * LONGS_MAX + 32];
	size_t count = 0;
	char *s = shorts;

	s += snprintf(s, 32, "%.30s", more);
	for (const struct option_spec *o = specs; o->name; o++) {
		if (count == LONGS_MAX)
			break;
		longs[count++] = (struct option){ o->name,
						  o->arg ? required_argument :
							   no_argument,
						  NULL, o->letter };
		if (o->letter <= ' ')
			continue;
		*s++ = o->letter;
		if (o->arg)
			*s++ = ':';
	}
	*s = '\0';
	return getopt_long(argc, argv, shorts, longs, NULL);
}
