// SPDX-License-Identifier: LGPL-2.1-or-later
// Errors and notes for people, and errors as JSON.
#include "cli/cli.h"

#include <stdarg.h>
#include <string.h>

#include "cli/json.h"

bool cli_is_terminal(int fd)
{
	return isatty(fd);
}

static const char *colour(const char *code)
{
	if (!cli_is_terminal(STDERR_FILENO) || getenv("NO_COLOR"))
		return "";
	return code;
}

static void report_lines(const struct lkm_error *e)
{
	const char *source, *line;

	for (size_t i = 0; (line = lkm_error_context(e, i)); i++)
		fprintf(stderr, "  while: %s\n", line);
	for (size_t i = 0; lkm_error_evidence(e, i, &source, &line); i++)
		fprintf(stderr, "  %s: %s\n", source, line);
}

static void report(const char *word, const char *code,
		   const struct lkm_error *e)
{
	_cleanup_free_ char *text = lkm_error_text(e);
	_cleanup_free_ char *hint = lkm_error_hint(e);

	fprintf(stderr, "%s%s[%s]%s: %s\n", colour(code), word, lkm_error_id(e),
		colour("\033[0m"), text ? text : lkm_error_id(e));
	report_lines(e);
	for (const struct lkm_error *c = lkm_error_cause(e); c;
	     c = lkm_error_cause(c)) {
		_cleanup_free_ char *why = lkm_error_text(c);

		fprintf(stderr, "  cause: [%s] %s\n", lkm_error_id(c),
			why ? why : "");
		report_lines(c);
	}
	if (hint)
		fprintf(stderr, "  try:   %s\n", hint);
}

static struct json_object *json_of_fields(const struct lkm_error *e)
{
	struct json_object *fields = json_new();
	const char *name, *value;

	for (size_t i = 0; lkm_error_field(e, i, &name, &value); i++)
		json_add_str(fields, name, value);
	return fields;
}

static struct json_object *json_of_evidence(const struct lkm_error *e)
{
	struct json_object *list = json_new_list();
	const char *source, *line;

	for (size_t i = 0; lkm_error_evidence(e, i, &source, &line); i++) {
		struct json_object *item = json_new();

		json_add_str(item, "source", source);
		json_add_str(item, "line", line);
		json_append(list, item);
	}
	return list;
}

struct json_object *json_of_error(const struct lkm_error *e)
{
	_cleanup_free_ char *text = lkm_error_text(e);
	_cleanup_free_ char *hint = lkm_error_hint(e);
	struct json_object *o = json_new();
	struct json_object *contexts = json_new_list();
	const char *line;

	json_add_str(o, "id", lkm_error_id(e));
	json_add_str(o, "text", text);
	json_add_str(o, "basis", lkm_basis_name(lkm_error_basis(e)));
	json_add(o, "fields", json_of_fields(e));
	for (size_t i = 0; (line = lkm_error_context(e, i)); i++)
		json_append(contexts, json_of_str(line));
	json_add(o, "while", contexts);
	json_add(o, "evidence", json_of_evidence(e));
	json_add_str(o, "hint", hint);
	if (lkm_error_cause(e))
		json_add(o, "cause", json_of_error(lkm_error_cause(e)));
	return o;
}

int cli_fail(struct cli *cli, struct lkm_error *e)
{
	int rc = CLI_FAILED;

	if (!e)
		return CLI_FAILED;
	if (lkm_error_code(e) == LKM_EUSAGE)
		rc = CLI_USAGE;
	if (cli->json) {
		struct json_object *o = json_new();

		json_add(o, "error", json_of_error(e));
		json_print(o);
	} else {
		report("error", "\033[1;31m", e);
	}
	lkm_error_free(e);
	return rc;
}

void cli_warn(struct cli *cli, const struct lkm_error *e)
{
	if (!cli->quiet)
		report("warning", "\033[1;33m", e);
}

void cli_note(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->quiet)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void cli_detail(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->verbose < 1)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
