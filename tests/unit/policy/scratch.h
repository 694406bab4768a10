// SPDX-License-Identifier: LGPL-2.1-or-later
// A root directory for one test, with files of given text.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lkm/policy.h>

#define SCRATCH_PATH 512

struct scratch {
	char root[64];
};

static inline const char *scratch_name(const struct scratch *s,
				       const char *path, char *ret)
{
	snprintf(ret, SCRATCH_PATH, "%s%s", s->root, path);
	return ret;
}

/* Make the folders above @path below the root. */
static inline void scratch_folder(const struct scratch *s, const char *path)
{
	char name[SCRATCH_PATH];

	scratch_name(s, path, name);
	for (char *p = name + strlen(s->root) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(name, 0755);
		*p = '/';
	}
}

static inline void scratch_bytes(const struct scratch *s, const char *path,
				 const void *bytes, size_t size)
{
	char name[SCRATCH_PATH];
	FILE *f;

	scratch_folder(s, path);
	f = fopen(scratch_name(s, path, name), "we");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static inline void scratch_write(const struct scratch *s, const char *path,
				 const char *text)
{
	scratch_bytes(s, path, text, strlen(text));
}

/* The file's text (free() it), NULL where there is none. */
static inline char *scratch_read(const struct scratch *s, const char *path)
{
	char name[SCRATCH_PATH];
	char *text = calloc(1, 65536);
	FILE *f = fopen(scratch_name(s, path, name), "re");

	if (!f) {
		free(text);
		return NULL;
	}
	assert_true(fread(text, 1, 65535, f) < 65535);
	fclose(f);
	return text;
}

static inline void assert_file(const struct scratch *s, const char *path,
			       const char *want)
{
	char *text = scratch_read(s, path);

	if (!want) {
		assert_null(text);
		return;
	}
	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

static inline int scratch_setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	snprintf(s->root, sizeof(s->root), "/tmp/test-policy-XXXXXX");
	*state = s;
	return mkdtemp(s->root) ? 0 : -1;
}

static inline int scratch_unlink(const char *path, const struct stat *st,
				 int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline int scratch_teardown(void **state)
{
	struct scratch *s = *state;

	nftw(s->root, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS);
	free(s);
	return 0;
}

#define scratch_test(fn) \
	cmocka_unit_test_setup_teardown(fn, scratch_setup, scratch_teardown)

/* Check and free @error. */
static inline void assert_error(struct lkm_error *error, const char *id)
{
	assert_non_null(error);
	assert_string_equal(lkm_error_id(error), id);
	lkm_error_free(error);
}

static inline struct lkm_policy *scratch_load(const struct scratch *s,
					      const char *cmdline,
					      const char *module_dir)
{
	struct lkm_policy_options o = { .size = sizeof(o),
					.root = s->root,
					.cmdline = cmdline,
					.module_dir = module_dir };
	struct lkm_policy *p = NULL;

	assert_int_equal(lkm_policy_load(&o, &p, NULL), 0);
	return p;
}

/* All rules as "KIND KEY VALUE @FILE:LINE\n"; free() it. */
static inline char *rules_text(const struct lkm_policy *p)
{
	const struct lkm_rule *rules;
	char *text = NULL;
	size_t count, size;
	FILE *f = open_memstream(&text, &size);

	rules = lkm_policy_rules(p, &count);
	for (size_t i = 0; i < count; i++)
		fprintf(f, "%s %s [%s] @%s:%u\n",
			lkm_rule_kind_name(rules[i].kind), rules[i].key,
			rules[i].value, rules[i].file, rules[i].line);
	fclose(f);
	return text;
}

static inline char *warnings_text(const struct lkm_policy *p)
{
	const struct lkm_policy_warning *w;
	char *text = NULL;
	size_t count, size;
	FILE *f = open_memstream(&text, &size);

	w = lkm_policy_warnings(p, &count);
	for (size_t i = 0; i < count; i++)
		fprintf(f, "%s:%u: %s\n", w[i].file, w[i].line, w[i].text);
	fclose(f);
	return text;
}

static inline void assert_rules(const struct lkm_policy *p, const char *want)
{
	char *text = rules_text(p);

	assert_string_equal(text, want);
	free(text);
}

static inline void assert_warnings(const struct lkm_policy *p, const char *want)
{
	char *text = warnings_text(p);

	assert_string_equal(text, want);
	free(text);
}
