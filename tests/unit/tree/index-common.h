// SPDX-License-Identifier: LGPL-2.1-or-later
// A small module tree in a temporary directory, for the tests of the indexer.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <lkm/tree.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/module-builder.h"
#include "base/root.h"
#include "base/spawn.h"

#define RELEASE "1.0"
#define MODULES "/lib/modules/" RELEASE

static const char *const index_files[] = {
	"modules.dep",
	"modules.dep.bin",
	"modules.alias",
	"modules.alias.bin",
	"modules.symbols",
	"modules.symbols.bin",
	"modules.softdep",
	"modules.weakdep",
	"modules.devname",
	"modules.builtin.bin",
	"modules.builtin.alias.bin",
};

struct place {
	char root[64];
	struct lkm_index_options options;
	struct lkm_index_report *report;
	struct lkm_error *error;
};

/* The name on this machine of @path below the root; overwritten by the next
 * call but seven. */
static inline const char *at(const struct place *p, const char *path)
{
	static char names[8][512];
	static unsigned int next;
	char *name = names[next++ % 8];
	int n = snprintf(name, sizeof(names[0]), "%s%s", p->root, path);

	assert_in_range(n, 1, sizeof(names[0]) - 1);
	return name;
}

/* Folders on the way to @path. */
static inline void folders(const struct place *p, const char *path)
{
	char name[512];

	snprintf(name, sizeof(name), "%s", at(p, path));
	for (char *c = name + strlen(p->root) + 1; (c = strchr(c, '/')); c++) {
		*c = '\0';
		assert_true(mkdir(name, 0755) == 0 || errno == EEXIST);
		*c = '/';
	}
}

static inline void put_text(const struct place *p, const char *path,
			    const char *text)
{
	FILE *f;

	folders(p, path);
	f = fopen(at(p, path), "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* @path: below the module directory. */
static inline void put_module(const struct place *p, const char *path,
			      const char *recipe)
{
	char name[512];

	snprintf(name, sizeof(name), MODULES "/%s", path);
	folders(p, name);
	module_write(recipe, at(p, name));
}

static inline int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	/* In memory, where there is: hundreds of runs, each of which syncs. */
	snprintf(p->root, sizeof(p->root), "%s/lkm-index-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(p->root));
	folders(p, MODULES "/kernel/");
	p->options = (struct lkm_index_options){
		.size = sizeof(p->options),
		.root = p->root,
		.release = RELEASE,
		.flags = LKM_INDEX_NO_CACHE,
		.threads = 1,
	};
	setenv("LKM_CACHE_DIR", at(p, "/cache"), 1);
	*state = p;
	return 0;
}

static inline void place_forget(struct place *p)
{
	lkm_index_report_free(p->report);
	lkm_error_free(p->error);
	p->report = NULL;
	p->error = NULL;
}

static inline int place_teardown(void **state)
{
	struct place *p = *state;
	const char *const argv[] = { "rm", "-rf", p->root, NULL };
	const struct spawn s = { .argv = argv };
	int status;

	place_forget(p);
	assert_int_equal(spawn_run(&s, &status), 0);
	free(p);
	return 0;
}

static inline int run(struct place *p)
{
	place_forget(p);
	return lkm_index_write(&p->options, &p->report, &p->error);
}

static inline void run_well(struct place *p)
{
	int rc = run(p);

	if (rc < 0)
		print_error("%s: %s\n", lkm_error_id(p->error),
			    lkm_error_text(p->error));
	assert_int_equal(rc, 0);
}

/* The first warning with @id, NULL: none. */
static inline const struct lkm_error *warning(const struct place *p,
					      const char *id)
{
	for (size_t i = 0; i < p->report->warning_count; i++) {
		if (!strcmp(lkm_error_id(p->report->warnings[i]), id))
			return p->report->warnings[i];
	}
	return NULL;
}

/* The content of an index file; free().  NULL: absent. */
static inline char *content(const struct place *p, const char *file,
			    size_t *ret_size)
{
	_cleanup_root_ struct root root = ROOT_HOST;
	char name[512], *text;

	snprintf(name, sizeof(name), MODULES "/%s", file);
	assert_int_equal(root_open(&root, p->root), 0);
	if (root_read(&root, name, (size_t)64 << 20, &text, ret_size) < 0)
		return NULL;
	return text;
}

static inline void assert_content(const struct place *p, const char *file,
				  const char *expected)
{
	size_t size;
	char *text = content(p, file, &size);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}
