// SPDX-License-Identifier: LGPL-2.1-or-later
// Errors and notes for people, and errors as JSON.
#include "cli/cli.h"

#include <stdarg.h>
#include <string.h>

#include "base/strbuf.h"
#include "cli/json.h"

bool cli_is_terminal(int fd)
{
	return isatty(fd);
}

const char *cli_printable(const char *s, char **ret_made)
{
	struct strbuf b = { 0 };
	const char *p = s;

	while (*p && !((unsigned char)*p < ' ' || *p == 0x7f))
		p++;
	if (!*p)
		return s;
	for (p = s; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			strbuf_addf(&b, "\\x%02x", (unsigned char)*p);
		else
			strbuf_addc(&b, *p);
	}
	*ret_made = strbuf_take(&b);
	return *ret_made ? *ret_made : "?";
}

static void say_line(const char *before, const char *source, const char *line)
{
	_cleanup_free_ char *source_made = NULL;
	_cleanup_free_ char *line_made = NULL;

	fprintf(stderr, "%s%s%s%s\n", before,
		cli_printable(source, &source_made), *source ? ": " : "",
		cli_printable(line, &line_made));
}

static const char *colour(const char *code)
{
	if (!cli_is_terminal(STDERR_FILENO) || getenv("NO_COLOR"))
		return "";
	return code;
}

static bool has_evidence(const struct lkm_error *e, const char *wanted)
{
	const char *source, *line;

	for (size_t i = 0; lkm_error_evidence(e, i, &source, &line); i++) {
		if (!strcmp(line, wanted))
			return true;
	}
	return false;
}

/* What is known of @e; of a cause only what @shown did not say already. */
static void report_lines(const struct lkm_error *e,
			 const struct lkm_error *shown)
{
	const char *source, *line;

	for (size_t i = 0; (line = lkm_error_context(e, i)); i++)
		say_line("  while: ", "", line);
	for (size_t i = 0; lkm_error_evidence(e, i, &source, &line); i++) {
		if (!shown || !has_evidence(shown, line))
			say_line("  ", source, line);
	}
}

static void report(const char *word, const char *code,
		   const struct lkm_error *e)
{
	_cleanup_free_ char *text = lkm_error_text(e);
	_cleanup_free_ char *hint = lkm_error_hint(e);

	fprintf(stderr, "%s%s[%s]%s: ", colour(code), word, lkm_error_id(e),
		colour("\033[0m"));
	say_line("", "", text ? text : lkm_error_id(e));
	report_lines(e, NULL);
	for (const struct lkm_error *c = lkm_error_cause(e); c;
	     c = lkm_error_cause(c)) {
		_cleanup_free_ char *why = lkm_error_text(c);

		fprintf(stderr, "  cause: [%s] ", lkm_error_id(c));
		say_line("", "", why ? why : "");
		report_lines(c, e);
	}
	if (hint)
		say_line("  try:   ", "", hint);
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

void cli_report(const struct lkm_error *e)
{
	report("error", "\033[1;31m", e);
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
		cli_report(e);
	}
	lkm_error_free(e);
	return rc;
}

void cli_warn(struct cli *cli, const struct lkm_error *e)
{
	if (!cli->quiet)
		report("warning", "\033[1;33m", e);
}

static void say_formatted(const char *fmt, va_list ap) _printf_(1, 0);

static void say_formatted(const char *fmt, va_list ap)
{
	_cleanup_free_ char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	say_line("", "", text ? text : "out of memory");
}

void cli_note(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->quiet)
		return;
	va_start(ap, fmt);
	say_formatted(fmt, ap);
	va_end(ap);
}

void cli_detail(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->verbose < 1)
		return;
	va_start(ap, fmt);
	say_formatted(fmt, ap);
	va_end(ap);
}
