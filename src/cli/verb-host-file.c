// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm host cat, write and ls: files of the hosted kernel.
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "cli/table.h"
#include "cli/verb-host.h"

#define STDIN_MAX ((size_t)64 << 20)

/* What no byte of may be lost: a file goes out as it is. */
static int cat_one(struct cli *cli, struct lkm_host *host, const char *path)
{
	_cleanup_free_ char *text = NULL;
	struct lkm_error *e = NULL;
	size_t size;

	if (lkm_host_read(host, path, &text, &size, &e) < 0)
		return cli_fail(cli, e);
	fwrite(text, 1, size, stdout);
	return CLI_DONE;
}

int host_verb_cat(struct cli *cli, int argc, char **argv)
{
	struct lkm_error *e = NULL;
	struct lkm_host *host;
	int rc = CLI_DONE;

	if (cli_host(cli, &host, &e) < 0)
		return cli_fail(cli, e);
	for (int i = 0; i < argc; i++)
		rc = cat_one(cli, host, argv[i]) ? CLI_FAILED : rc;
	return rc;
}

/* As echo(1) would write it, or all of stdin. */
static int what_to_write(int argc, char **argv, char **ret, size_t *ret_size,
			 struct lkm_error **reterr)
{
	struct strbuf b = { 0 };
	int rc;

	if (argc < 2 || !strcmp(argv[1], "-")) {
		rc = fd_read_all(STDIN_FILENO, STDIN_MAX, ret, ret_size);
		return rc < 0 ? error_system(reterr, rc, "read",
					     "standard input") :
				0;
	}
	strbuf_addf(&b, "%s\n", argv[1]);
	*ret_size = b.len;
	*ret = strbuf_take(&b);
	return *ret ? 0 : error_nomem(reterr);
}

int host_verb_write(struct cli *cli, int argc, char **argv)
{
	_cleanup_free_ char *text = NULL;
	struct lkm_error *e = NULL;
	struct lkm_host *host;
	size_t size = 0;
	int rc = what_to_write(argc, argv, &text, &size, &e);

	if (!rc)
		rc = cli_host(cli, &host, &e);
	if (!rc && cli->dry_run)
		return CLI_DONE;
	if (!rc)
		rc = lkm_host_write(host, argv[0], text, size, &e);
	return rc < 0 ? cli_fail(cli, e) : CLI_DONE;
}

enum { LS_MODE, LS_UID, LS_GID, LS_SIZE, LS_NAME, LS_TARGET };

static const struct column columns[] = {
	[LS_MODE] = { "mode", "MODE", 0 },
	[LS_UID] = { "uid", "UID", COLUMN_RIGHT },
	[LS_GID] = { "gid", "GID", COLUMN_RIGHT },
	[LS_SIZE] = { "size", "SIZE", COLUMN_RIGHT },
	[LS_NAME] = { "name", "NAME", 0 },
	[LS_TARGET] = { "target", "TARGET", COLUMN_TRUNC },
};

static const struct column short_columns[] = {
	{ "name", "NAME", 0 },
};

static void mode_text(uint32_t mode, char ret[11])
{
	static const char types[] = "?pc?d?b?-?l?s???";

	ret[0] = types[mode >> 12 & 15];
	for (unsigned int i = 0; i < 9; i++)
		ret[i + 1] = mode >> (8 - i) & 1 ? "rwx"[i % 3] : '-';
	ret[10] = '\0';
}

static void ls_row(struct table *t, struct lkm_host *host, const char *path,
		   const char *name)
{
	_cleanup_free_ char *target = NULL;
	struct lkm_error *ignored = NULL;
	struct lkm_host_file f;
	char mode[11];

	table_row(t, 0);
	table_str(t, LS_NAME, name);
	/* It may be gone by now. */
	if (lkm_host_stat(host, path, false, &f, &ignored) < 0) {
		lkm_error_free(ignored);
		return;
	}
	mode_text(f.mode, mode);
	table_str(t, LS_MODE, mode);
	table_num(t, LS_UID, f.uid);
	table_num(t, LS_GID, f.gid);
	if (S_ISCHR(f.mode) || S_ISBLK(f.mode))
		table_strf(t, LS_SIZE, "%u,%u", major(f.rdev), minor(f.rdev));
	else
		table_num(t, LS_SIZE, (int64_t)f.size);
	if (S_ISLNK(f.mode) &&
	    lkm_host_readlink(host, path, &target, &ignored) == 0)
		table_str(t, LS_TARGET, target);
	lkm_error_free(ignored);
}

static void ls_entry(struct table *t, struct lkm_host *host, const char *dir,
		     const char *name)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	if (t->columns == short_columns) {
		table_row(t, 0);
		table_str(t, 0, name);
	} else if (strbuf_addf(&path, "%s/%s", dir, name)) {
		ls_row(t, host, path.data, name);
	}
}

static int ls_one(struct lkm_host *host, struct table *t, const char *path,
		  struct lkm_error **reterr)
{
	_cleanup_free_ struct lkm_host_file *files = NULL;
	struct lkm_host_file self;
	size_t count = 0;
	int rc = lkm_host_stat(host, path, true, &self, reterr);

	if (rc < 0)
		return rc;
	if (!S_ISDIR(self.mode)) {
		ls_entry(t, host, "", path);
		return 0;
	}
	rc = lkm_host_list(host, path, &files, &count, reterr);
	for (size_t i = 0; !rc && i < count; i++)
		ls_entry(t, host, path, files[i].name);
	return rc;
}

int host_verb_ls(struct cli *cli, int argc, char **argv)
{
	_cleanup_table_ struct table t;
	bool is_long = cli_has(cli, "long");
	struct lkm_error *e = NULL;
	struct lkm_host *host;
	int rc = cli_host(cli, &host, &e);

	table_init(&t, "files", is_long ? columns : short_columns,
		   is_long ? ARRAY_SIZE(columns) : ARRAY_SIZE(short_columns));
	t.no_heading = !is_long;
	for (int i = 0; !rc && i < argc; i++)
		rc = ls_one(host, &t, argv[i], &e);
	return rc < 0 ? cli_fail(cli, e) : table_print(&t, cli);
}
