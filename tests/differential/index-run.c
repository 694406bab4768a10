// SPDX-License-Identifier: LGPL-2.1-or-later
// Indexes a tree as its options say, for the tests of the indexer.
#include <lkm/tree.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
	fputs("usage: index-run [-nqd] [-j N] [-o DIR] [-C FILE] ROOT RELEASE\n"
	      "-n no cache, -q quick, -d dry run\n",
	      stderr);
	return 2;
}

static void show(const char *what, const struct lkm_error *e)
{
	const char *source, *line;
	char *text = lkm_error_text(e);

	fprintf(stderr, "%s[%s]: %s\n", what, lkm_error_id(e),
		text ? text : "?");
	for (size_t i = 0; lkm_error_evidence(e, i, &source, &line); i++)
		fprintf(stderr, "  %s: %s\n", source, line);
	free(text);
}

static int options_read(int argc, char **argv, struct lkm_index_options *ret)
{
	static const char *config[1];
	int c;

	while ((c = getopt(argc, argv, "nqdj:o:C:")) != -1) {
		if (c == 'n')
			ret->flags |= LKM_INDEX_NO_CACHE;
		else if (c == 'q')
			ret->flags |= LKM_INDEX_QUICK;
		else if (c == 'd')
			ret->flags |= LKM_INDEX_DRY_RUN;
		else if (c == 'j')
			ret->threads = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'o')
			ret->output_dir = optarg;
		else if (c == 'C')
			config[ret->config_count++ % 1] = optarg;
		else
			return -1;
	}
	ret->config_paths = config;
	if (argc - optind != 2 || ret->config_count > 1)
		return -1;
	ret->root = argv[optind];
	ret->release = argv[optind + 1];
	return 0;
}

int main(int argc, char **argv)
{
	struct lkm_index_options options = { .size = sizeof(options) };
	struct lkm_index_report *report;
	struct lkm_error *e = NULL;

	if (options_read(argc, argv, &options) < 0)
		return usage();
	if (lkm_index_write(&options, &report, &e) < 0) {
		show("error", e);
		lkm_error_free(e);
		return 1;
	}
	printf("modules %zu read %zu cached %zu changed %zu warnings %zu\n",
	       report->modules, report->read, report->cached,
	       report->files_changed, report->warning_count);
	for (size_t i = 0; i < report->warning_count; i++)
		show("warning", report->warnings[i]);
	lkm_index_report_free(report);
	return 0;
}
