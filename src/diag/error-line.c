// SPDX-License-Identifier: LGPL-2.1-or-later
// An error as a line of text, for another process of lkm's.
#include <string.h>

#include "base/strbuf.h"
#include "diag/error.h"

#define LINE_FACTS_MAX 16

/* Tabs part the facts, a newline ends the line: neither is in a value. */
static void add_value(struct strbuf *b, const char *value)
{
	for (; *value; value++)
		strbuf_addc(b, (unsigned char)*value < ' ' ? ' ' : *value);
}

char *error_to_line(const struct lkm_error *e)
{
	struct strbuf b = { 0 };
	const char *name, *value;

	strbuf_adds(&b, lkm_error_id(e));
	for (size_t i = 0; lkm_error_field(e, i, &name, &value); i++) {
		strbuf_addf(&b, "\t%s=", name);
		add_value(&b, value);
	}
	return strbuf_take(&b);
}

/* The facts of "NAME=VALUE\tNAME=VALUE", which is written into. */
static size_t facts_of(char *line, struct kv *ret)
{
	size_t count = 0;
	char *word;

	while (count < LINE_FACTS_MAX && (word = strsep(&line, "\t"))) {
		char *equals = strchr(word, '=');

		if (!equals)
			continue;
		*equals = '\0';
		ret[count++] = KV_STR(word, equals + 1);
	}
	return count;
}

int error_from_line(const char *line, struct lkm_error **reterr)
{
	struct kv facts[LINE_FACTS_MAX];
	_cleanup_free_ char *copy = strndup(line, strcspn(line, "\n"));
	const char *id, *sentence;
	char *rest = copy;
	size_t count;

	if (!copy)
		return error_nomem(reterr);
	strsep(&rest, "\t");
	for (size_t i = 0; lkm_error_catalogue(i, &id, &sentence); i++) {
		if (strcmp(id, copy) != 0)
			continue;
		count = facts_of(rest, facts);
		return error_make(reterr, (enum error_id)i, facts, count);
	}
	return 0;
}
