// SPDX-License-Identifier: LGPL-2.1-or-later
// Module parameters and the blacklist on the kernel command line.
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "policy/rules.h"

/*
 * One word: MODULE.PARAM or MODULE.PARAM=VALUE.  Only the value may have
 * quotes or blanks.  GRUB passes MODULE.PARAM="A B" on as "MODULE.PARAM=A B".
 */
struct word {
	struct span module;
	struct span param;
	struct span value; /* with its quotes; data NULL: no '=' */
	bool regrouped;	   /* a quote stood before the module */
};

/* The next word, blanks in quotes included; false at the end. */
static bool next_word(struct span text, size_t *pos, struct span *ret,
		      bool *ret_closed)
{
	static const char blanks[] = " \t\n";
	bool quoted = false;
	size_t i = *pos, start;

	while (i < text.size && memchr(blanks, text.data[i], 3))
		i++;
	start = i;
	for (; i < text.size; i++) {
		if (text.data[i] == '"')
			quoted = !quoted;
		else if (!quoted && memchr(blanks, text.data[i], 3))
			break;
	}
	*pos = i;
	*ret_closed = !quoted;
	return span_slice(text, start, i - start, ret) && ret->size;
}

/* Bytes before the first of @stops, or all. */
static size_t span_until(struct span s, const char *stops)
{
	size_t n = 0;

	while (n < s.size && s.data[n] && !strchr(stops, s.data[n]))
		n++;
	return n;
}

/* False: no word about a module, or an ill-formed one. */
static bool word_parse(struct span s, struct word *ret)
{
	struct word w = { 0 };
	size_t n;

	if (s.size && s.data[0] == '"') {
		w.regrouped = true;
		s = (struct span){ s.data + 1, s.size - 1 };
	}
	n = span_until(s, ".= \t\n\"");
	if (!n || n == s.size || s.data[n] != '.')
		return false;
	w.module = (struct span){ s.data, n };
	s = (struct span){ s.data + n + 1, s.size - n - 1 };
	n = span_until(s, ".= \t\n\"");
	if (!n || (n < s.size && s.data[n] != '='))
		return false;
	w.param = (struct span){ s.data, n };
	if (n < s.size)
		w.value = (struct span){ s.data + n + 1, s.size - n - 1 };
	*ret = w;
	return true;
}

static bool span_is(struct span s, const char *text)
{
	return span_equals(
		s, (struct span){ (const uint8_t *)text, strlen(text) });
}

/* The names between commas (and quotes); kmod 30 leaves their '-'. */
static void add_blacklist(struct lkm_policy *p, const struct place *at,
			  struct span names)
{
	size_t i = 0;

	while (i < names.size) {
		struct span rest = { names.data + i, names.size - i };
		size_t n = span_until(rest, ",\" \t\n");
		char name[256];

		i += n + 1;
		if (!n)
			continue;
		if (n >= sizeof(name)) {
			policy_warn(p, at, "overlong name in the blacklist");
			continue;
		}
		memcpy(name, rest.data, n);
		name[n] = '\0';
		if (alias_normalise(name, name, sizeof(name)))
			policy_add(p, at, LKM_RULE_BLACKLIST, name, "");
		else
			policy_warn(p, at, "unbalanced bracket in '%s'", name);
	}
}

static void add_options(struct lkm_policy *p, const struct place *at,
			const struct word *w)
{
	_cleanup_strbuf_ struct strbuf name = { 0 }, value = { 0 };

	strbuf_add(&name, w->module.data, w->module.size);
	strbuf_add(&value, w->param.data, w->param.size);
	if (w->value.data) {
		strbuf_adds(&value, w->regrouped ? "=\"" : "=");
		strbuf_add(&value, w->value.data, w->value.size);
	}
	if (name.failed || value.failed) {
		p->failed = -ENOMEM;
		return;
	}
	for (char *s = value.data; (s = strchr(s, '\t'));)
		*s = ' ';
	if (alias_normalise(name.data, name.data, name.len + 1))
		policy_add(p, at, LKM_RULE_OPTIONS, name.data, value.data);
	else
		policy_warn(p, at, "unbalanced bracket in '%s'", name.data);
}

void policy_read_cmdline(struct lkm_policy *p, const char *file,
			 struct span text)
{
	struct place at = { file, 0 };
	struct span s;
	size_t pos = 0;
	bool closed;

	/* The kernel's own text ends at its NUL. */
	text.size = strnlen((const char *)text.data, text.size);
	while (!p->failed && next_word(text, &pos, &s, &closed)) {
		struct word w;

		if (!closed || !word_parse(s, &w))
			continue;
		if (span_is(w.module, "modprobe") &&
		    span_is(w.param, "blacklist") && w.value.data)
			add_blacklist(p, &at, w.value);
		else
			add_options(p, &at, &w);
	}
}
