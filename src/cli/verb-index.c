// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm index: write the index files of a module tree.
#include "cli/table.h"
#include "cli/verbs.h"

#include "cli/json.h"

static void show_progress(void *ctx, size_t done, size_t total)
{
	(void)ctx;
	fprintf(stderr, "\rreading modules: %zu of %zu", done, total);
	if (done == total)
		fputs("\r\033[K", stderr);
}

static int index_print(struct cli *cli, const struct lkm_index_report *r)
{
	struct json_object *o, *list;

	if (!cli->json) {
		cli_detail(cli,
			   "%zu modules (%zu read, %zu from the cache), "
			   "%zu index files changed",
			   r->modules, r->read, r->cached, r->files_changed);
		return CLI_DONE;
	}
	o = json_new();
	list = json_new_list();
	json_add(o, "modules", json_of_num((int64_t)r->modules));
	json_add(o, "read", json_of_num((int64_t)r->read));
	json_add(o, "cached", json_of_num((int64_t)r->cached));
	json_add(o, "files-changed", json_of_num((int64_t)r->files_changed));
	for (size_t i = 0; i < r->warning_count; i++)
		json_append(list, json_of_error(r->warnings[i]));
	json_add(o, "warnings", list);
	return json_print(o) ? CLI_DONE : CLI_FAILED;
}

static int index_run(struct cli *cli, int argc, char **argv)
{
	struct lkm_index_options options = { .size = sizeof(options),
					     .root = cli->root,
					     .release = cli->release };
	struct lkm_index_report *report = NULL;
	struct lkm_error *e = NULL;
	uint64_t threads = 0;
	int rc;

	if (argc > 1)
		return cli_usage(cli, "one release at a time");
	if (!cli_opt_number(cli, "threads", &threads))
		return CLI_USAGE;
	if (argc == 1)
		options.release = argv[0];
	options.output_dir = cli_opt(cli, "output");
	options.threads = (unsigned int)MIN_OF(threads, (uint64_t)64);
	if (cli_has(cli, "no-cache"))
		options.flags |= LKM_INDEX_NO_CACHE;
	if (cli->dry_run)
		options.flags |= LKM_INDEX_DRY_RUN;
	if (cli_has(cli, "quick"))
		options.flags |= LKM_INDEX_QUICK;
	if (cli_is_terminal(STDERR_FILENO) && !cli->quiet)
		options.progress = show_progress;
	if (lkm_index_write(&options, &report, &e) < 0)
		return cli_fail(cli, e);
	for (size_t i = 0; i < report->warning_count && !cli->json; i++)
		cli_warn(cli, report->warnings[i]);
	rc = index_print(cli, report);
	lkm_index_report_free(report);
	return rc;
}

const struct verb verb_index = {
	.name = "index",
	.args = "[RELEASE]",
	.summary = "write the index files of a module tree",
	.detail = "Reads the modules below /lib/modules/RELEASE and writes "
		  "modules.dep, modules.alias and\nthe rest: the files of "
		  "depmod, the text files identical to the byte, the others\n"
		  "with checksums behind.  What was read is kept in a cache, "
		  "so that a second run reads\nonly what changed.  All files "
		  "are replaced together; a full disk or a kill leaves the\n"
		  "old ones.",
	.options =
		(const struct option_spec[]){
			{ "quick", 'A', NULL, "only if a module changed" },
			{ "no-cache", 0, NULL, "read every module" },
			{ "output", 'o', "DIR",
			  "write below DIR/RELEASE instead" },
			{ "threads", 0, "N", "how many threads read modules" },
			{ 0 },
		},
	.words = WORDS_RELEASES,
	.run = index_run,
};
