// SPDX-License-Identifier: LGPL-2.1-or-later
// What a hosted kernel found wrong, for people and as JSON.
#include "cli/cli.h"

#include <lkm/lines.h>

#include <inttypes.h>
#include <string.h>

#include "cli/json.h"

/* "symbol+0x6/0x17 [module]", with '?' where it may be a rest on the stack */
static char *frame_text(const struct lkm_frame *f)
{
	char *ret;

	if (asprintf(&ret, "%s%s+0x%" PRIx64 "/0x%" PRIx64 "%s%s%s",
		     f->reliable ? "" : "? ", f->symbol, f->offset, f->size,
		     *f->module ? " [" : "", f->module,
		     *f->module ? "]" : "") < 0)
		return NULL;
	return ret;
}

/* The source of the module that frames are in; kept from frame to frame. */
struct source {
	const struct lkm_host *host;
	const char *module; /* of @lines */
	struct lkm_lines *lines;
};

/* @lines stays NULL where the file or its debug information is not there. */
static void source_open(struct source *s, const char *module)
{
	_cleanup_free_ char *file = NULL;
	struct lkm_error *ignored = NULL;

	if (s->module && !strcmp(s->module, module))
		return;
	lkm_lines_free(s->lines);
	s->lines = NULL;
	s->module = module;
	file = lkm_host_module_file(s->host, module);
	if (file && lkm_lines_open(file, &s->lines, &ignored) < 0)
		lkm_error_free(ignored);
}

static void add_frame(struct lkm_error **e, struct source *s,
		      const struct lkm_frame *f, const char *word)
{
	_cleanup_free_ char *text = frame_text(f), *with = NULL;
	const struct lkm_line *line;
	struct lkm_error *ignored = NULL;
	int count = 0;

	if (!text)
		return;
	if (*f->module)
		source_open(s, f->module);
	/* A return address is behind the call that is meant. */
	if (*f->module && s->lines)
		count = lkm_lines_find(s->lines, f->symbol,
				       f->offset - !f->exact, &line, &ignored);
	lkm_error_free(ignored);
	if (count <= 0) {
		error_add_evidence(e, word, text);
		return;
	}
	if (asprintf(&with, "%s %s:%u", text, line->file, line->line) < 0)
		with = NULL;
	error_add_evidence(e, word, with ? with : text);
	for (int i = 1; i < count; i++) {
		_cleanup_free_ char *at = NULL;

		if (asprintf(&at, "inlined into %s at %s:%u",
			     line[i].function ? line[i].function : "?",
			     line[i].file, line[i].line) >= 0)
			error_add_evidence(e, word, at);
		else
			at = NULL;
	}
}

static struct lkm_error *finding_error(const struct lkm_host *host,
				       const struct lkm_finding *f)
{
	struct source s = { .host = host };
	struct lkm_error *e = NULL;

	FAIL(&e, HOST_FINDING, KV_STR("kind", f->kind),
	     KV_STR("module", *f->module ? f->module : "the kernel"),
	     KV_STR("text", f->text));
	for (size_t i = 0; i < f->frame_count; i++)
		add_frame(&e, &s, &f->frames[i], i ? "from" : "at");
	lkm_lines_free(s.lines);
	return e;
}

static void print_json(const struct cli *cli)
{
	struct json_object *list = json_new_list(), *o = json_new();
	const struct lkm_finding *f;

	for (size_t i = 0; (f = lkm_host_finding(cli->host, i)); i++) {
		struct lkm_error *e = finding_error(cli->host, f);

		json_append(list, json_of_error(e));
		lkm_error_free(e);
	}
	json_add(o, "findings", list);
	json_print(o);
}

void cli_report_findings(const struct lkm_host *host)
{
	const struct lkm_finding *f;

	for (size_t i = 0; (f = lkm_host_finding(host, i)); i++) {
		struct lkm_error *e = finding_error(host, f);

		cli_report(e);
		lkm_error_free(e);
	}
}

int cli_findings(struct cli *cli)
{
	if (!cli->host || !lkm_host_finding(cli->host, 0))
		return CLI_DONE;
	if (cli->json)
		print_json(cli);
	else
		cli_report_findings(cli->host);
	lkm_host_forget(cli->host);
	return CLI_FAILED;
}
