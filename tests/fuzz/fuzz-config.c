// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a modprobe.d file: read, and edited as lkm's own file.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/edit.h"
#include "policy/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

/* Of exactly that size, so that a sanitizer sees a read past its NUL. */
static struct lkm_policy *read_text(const void *bytes, size_t size)
{
	struct lkm_policy *p = calloc(1, sizeof(*p));
	char *text = malloc(size + 1);

	require(p && text);
	if (size)
		memcpy(text, bytes, size);
	text[size] = '\0';
	policy_read_text(p, "fuzz", text, size);
	free(text);
	for (size_t i = 0; i < p->rules.len; i++) {
		require(p->rules.data[i].line > 0);
		require(!strchr(p->rules.data[i].key, ' '));
	}
	return p;
}

static int has_rule(const struct strbuf *text, enum lkm_rule_kind kind,
		    const char *key, const char *value)
{
	struct lkm_policy *p = read_text(strbuf_str(text), text->len);
	int found = 0;

	for (size_t i = 0; i < p->rules.len; i++) {
		const struct lkm_rule *r = &p->rules.data[i];

		found |= r->kind == kind && !strcmp(r->key, key) &&
			 !strcmp(r->value, value);
	}
	lkm_policy_free(p);
	return found;
}

static struct strbuf edited(void (*change)(struct edit *, struct strbuf *),
			    struct edit e, const void *bytes, size_t size)
{
	struct strbuf ret = { 0 };

	e.old = (struct span){ bytes, size };
	change(&e, &ret);
	require(!ret.failed);
	return ret;
}

static void require_same(struct strbuf *a, struct strbuf *b)
{
	require(a->len == b->len &&
		(!a->len || !memcmp(a->data, b->data, a->len)));
	strbuf_release(b);
}

/* What is written is found again, once is enough, and it can be undone. */
static void edit_text(const uint8_t *data, size_t size)
{
	const struct edit on = { .name = "fuzzed", .on = true };
	const struct edit off = { .name = "fuzzed" };
	const struct edit set = { .name = "fuzzed",
				  .param = "p",
				  .value = "a\\ b" };
	const struct edit unset = { .name = "fuzzed", .param = "p" };
	struct strbuf a = edited(edit_forbid, on, data, size), b;

	require(has_rule(&a, LKM_RULE_FORBID, "fuzzed", ""));
	b = edited(edit_forbid, on, a.data, a.len);
	require_same(&a, &b);
	b = edited(edit_forbid, off, a.data, a.len);
	require(!has_rule(&b, LKM_RULE_FORBID, "fuzzed", ""));
	strbuf_release(&a);
	strbuf_release(&b);

	a = edited(edit_param, set, data, size);
	require(size > CONF_LINE_MAX / 2 ||
		has_rule(&a, LKM_RULE_OPTIONS, "fuzzed", "p=\"a\\ b\"") ||
		memmem(a.data, a.len, "p=\"a\\\\ b\"", 9));
	b = edited(edit_param, set, a.data, a.len);
	require_same(&a, &b);
	b = edited(edit_param, unset, a.data, a.len);
	require(!has_rule(&b, LKM_RULE_OPTIONS, "fuzzed", "p=\"a\\ b\""));
	strbuf_release(&a);
	strbuf_release(&b);

	a = edited(edit_load, on, data, size);
	b = edited(edit_load, on, a.data, a.len);
	require_same(&a, &b);
	b = edited(edit_load, off, a.data, a.len);
	strbuf_release(&a);
	strbuf_release(&b);
}

/* As a file, by the public function: the same rules. */
static void load_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	char path[32];
	const char *const paths[] = { path };
	struct lkm_policy_options o = { .size = sizeof(o),
					.paths = paths,
					.path_count = 1,
					.cmdline = "",
					.module_dir = "/no/such/folder" };
	struct lkm_policy *p = NULL, *q = read_text(data, size);
	struct lkm_error *error = NULL;
	size_t count;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (lkm_policy_load(&o, &p, &error) == 0) {
		lkm_policy_rules(p, &count);
		require(count == q->rules.len);
		lkm_policy_warnings(p, &count);
		require(count == q->warnings.len);
	} else {
		require(!strcmp(lkm_error_id(error), "policy.limit"));
		lkm_error_free(error);
	}
	lkm_policy_free(p);
	lkm_policy_free(q);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > CONF_FILE_MAX)
		return 0;
	load_file(data, size);
	edit_text(data, size);
	return 0;
}
