// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm log: what the kernel says.
#include "cli/json.h"
#include "cli/verbs.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define FOLLOW_MS 200

struct logging {
	struct cli *cli;
	struct json_object *list; /* NULL: as text */
	unsigned int level;	  /* up to this */
};

static void log_json(struct logging *l, const struct lkm_log_record *r)
{
	struct json_object *o = json_new();

	json_add(o, "seq", json_of_num((int64_t)r->seq));
	json_add(o, "ns", json_of_num((int64_t)r->ns));
	json_add(o, "level", json_of_num(r->level));
	json_add_str(o, "text", r->text);
	json_append(l->list, o);
}

static void log_record(void *ctx, const struct lkm_log_record *r)
{
	_cleanup_free_ char *made = NULL;
	struct logging *l = ctx;

	if (r->level > l->level)
		return;
	if (l->list) {
		log_json(l, r);
		return;
	}
	printf("[%5" PRIu64 ".%06u] %s\n", r->ns / 1000000000,
	       (unsigned int)(r->ns / 1000 % 1000000),
	       cli_printable(r->text, &made));
}

/* Until a signal ends it, or the kernel. */
static int follow(struct logging *l, struct lkm_kernel *kernel, uint64_t next,
		  struct lkm_error **reterr)
{
	const struct timespec pause = { 0, FOLLOW_MS * 1000000L };
	int rc = 0;

	while (!rc && !fflush(stdout)) {
		nanosleep(&pause, NULL);
		rc = lkm_kernel_log(kernel, next, log_record, l, &next, reterr);
	}
	return rc;
}

static int log_run(struct cli *cli, int argc, char **argv)
{
	struct logging l = { .cli = cli, .level = 7 };
	uint64_t level = l.level, next = 0;
	bool follows = cli_has(cli, "follow");
	struct lkm_error *e = NULL;
	struct lkm_kernel *kernel;

	if (argc)
		return cli_usage(cli, "log takes no arguments");
	if (follows && cli->json)
		return cli_usage(cli, "--follow has no end, so no JSON");
	if (!cli_opt_number(cli, "level", &level))
		return CLI_USAGE;
	l.level = (unsigned int)MIN_OF(level, (uint64_t)7);
	if (cli_kernel(cli, &kernel, &e) < 0)
		return cli_fail(cli, e);
	l.list = cli->json ? json_new_list() : NULL;
	if (lkm_kernel_log(kernel, 0, log_record, &l, &next, &e) < 0)
		return cli_fail(cli, e);
	if (cli->json) {
		struct json_object *o = json_new();

		json_add(o, "records", l.list);
		return json_print(o) ? CLI_DONE : CLI_FAILED;
	}
	if (follows && follow(&l, kernel, next, &e) < 0)
		return cli_fail(cli, e);
	return CLI_DONE;
}

const struct verb verb_log = {
	.name = "log",
	.args = "",
	.summary = "the kernel's log",
	.detail = "The records of /dev/kmsg, or of the hosted kernel: seconds "
		  "since its start, text.",
	.options =
		(const struct option_spec[]){
			{ "level", 0, "N",
			  "up to this: 3 errors, 4 warnings, 6 all but debug" },
			{ "follow", 'f', NULL, "wait for more" },
			{ 0 },
		},
	.flags = VERB_ON | VERB_GUEST,
	.run = log_run,
};
