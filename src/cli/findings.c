// SPDX-License-Identifier: LGPL-2.1-or-later
// What a hosted kernel found wrong, for people and as JSON.
#include "cli/cli.h"

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

static struct lkm_error *finding_error(const struct lkm_finding *f)
{
	struct lkm_error *e = NULL;

	FAIL(&e, HOST_FINDING, KV_STR("kind", f->kind),
	     KV_STR("module", *f->module ? f->module : "the kernel"),
	     KV_STR("text", f->text));
	for (size_t i = 0; i < f->frame_count; i++) {
		_cleanup_free_ char *text = frame_text(&f->frames[i]);

		if (text)
			error_add_evidence(&e, i ? "from" : "at", text);
	}
	return e;
}

static void print_json(const struct cli *cli)
{
	struct json_object *list = json_new_list(), *o = json_new();
	const struct lkm_finding *f;

	for (size_t i = 0; (f = lkm_host_finding(cli->host, i)); i++) {
		struct lkm_error *e = finding_error(f);

		json_append(list, json_of_error(e));
		lkm_error_free(e);
	}
	json_add(o, "findings", list);
	json_print(o);
}

int cli_findings(struct cli *cli)
{
	const struct lkm_finding *f;

	if (!cli->host || !lkm_host_finding(cli->host, 0))
		return CLI_DONE;
	if (cli->json)
		print_json(cli);
	for (size_t i = 0; !cli->json && (f = lkm_host_finding(cli->host, i));
	     i++) {
		struct lkm_error *e = finding_error(f);

		cli_report(e);
		lkm_error_free(e);
	}
	lkm_host_forget(cli->host);
	return CLI_FAILED;
}
