// SPDX-License-Identifier: LGPL-2.1-or-later
// Changing the text of lkm's own configuration files.
#include "policy/edit.h"

#include <string.h>

#include "base/text.h"
#include "policy/rules.h"

#define HEADER "# Made by lkm. Lines that you add here are kept.\n"

/* The lines of the old text, each as it stands and as it is read. */
struct walk {
	struct span old;
	char *copy;
	struct conf_lines lines;
	struct span raw; /* current line with its newlines */
	char *line;	 /* the same, joined; may be changed */
};

static bool walk_begin(struct walk *w, struct span old)
{
	*w = (struct walk){ .old = old, .copy = malloc(old.size + 1) };
	if (!w->copy)
		return false;
	if (old.size)
		memcpy(w->copy, old.data, old.size);
	w->copy[old.size] = '\0';
	w->lines = CONF_LINES(w->copy, old.size);
	return true;
}

static bool walk_next(struct walk *w)
{
	size_t from = w->lines.pos;
	struct conf_line line;

	if (!conf_lines_next(&w->lines, &line))
		return false;
	w->line = line.text;
	return span_slice(w->old, from, w->lines.pos - from, &w->raw);
}

static void add_span(struct strbuf *b, struct span s)
{
	strbuf_add(b, s.data, s.size);
}

/* So that an appended line is neither joined nor swallowed. */
static void end_line(struct strbuf *b)
{
	bool complete = true;

	for (size_t i = 0; i < b->len; i++) {
		complete = b->data[i] == '\n';
		if (b->data[i] == '\\' && ++i == b->len)
			strbuf_addc(b, '\n');
	}
	if (!complete)
		strbuf_addc(b, '\n');
}

/* @add behind what there is, below a header where there is nothing. */
static void append(struct strbuf *b, const char *add)
{
	if (!b->len)
		strbuf_adds(b, HEADER);
	end_line(b);
	strbuf_adds(b, add);
}

/* A file with nothing but our header is not worth keeping. */
static void drop_bare_header(struct strbuf *b)
{
	if (b->len == strlen(HEADER) && !memcmp(b->data, HEADER, b->len))
		strbuf_clear(b);
}

/* Is @line "WORD NAME [REST]", and nothing behind? */
static bool line_is(char *line, const char *word, const char *name,
		    const char *rest)
{
	const char *got = conf_word(&line);

	if (!got || strcmp(got, word))
		return false;
	got = conf_word(&line);
	if (!got || !module_name_equals(got, name))
		return false;
	got = conf_word(&line);
	return rest ? got && !strcmp(got, rest) && !conf_word(&line) : !got;
}

static bool marks(char *line, const char *name)
{
	const char *marked = forbid_marker(line);

	return marked && module_name_equals(marked, name);
}

/* Leave out each block of ours; *@ret_whole: one was complete. */
static void remove_blocks(struct edit *e, struct strbuf *ret, bool *ret_whole)
{
	struct walk w;
	int stage = 0; /* lines of the block that were passed */

	if (!walk_begin(&w, e->old)) {
		ret->failed = true;
		return;
	}
	while (walk_next(&w)) {
		/* Reading takes the line apart: each question its own copy. */
		_cleanup_free_ char *again = strdup(w.line);

		ret->failed |= !again;
		if (!again)
			break;
		if (marks(w.line, e->name))
			stage = 1;
		else if (stage == 1 &&
			 line_is(again, "blacklist", e->name, NULL))
			stage = 2;
		else if (stage == 2 &&
			 line_is(again, "install", e->name, "/bin/false"))
			stage = 3;
		else
			stage = 0;
		if (!stage)
			add_span(ret, w.raw);
		e->found |= stage > 0;
		*ret_whole |= stage == 3;
		if (stage == 3)
			stage = 0;
	}
	free(w.copy);
}

void edit_forbid(struct edit *e, struct strbuf *ret)
{
	_cleanup_strbuf_ struct strbuf block = { 0 };
	bool whole = false;

	remove_blocks(e, ret, &whole);
	if (!e->on) {
		drop_bare_header(ret);
		return;
	}
	if (whole) {
		strbuf_clear(ret);
		add_span(ret, e->old);
		return;
	}
	strbuf_addf(&block,
		    "# lkm: forbid %s\nblacklist %s\n"
		    "install %s /bin/false\n",
		    e->name, e->name, e->name);
	append(ret, strbuf_str(&block));
	ret->failed |= block.failed;
}

/* The reader takes one '\\' of each away. */
static void add_escaped(struct strbuf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\')
			strbuf_addc(b, '\\');
		strbuf_addc(b, s[i]);
	}
}

static void add_assignment(struct strbuf *b, const struct edit *e)
{
	bool blanks = strpbrk(e->value, " \t");

	strbuf_addf(b, " %s=%s", e->param, blanks ? "\"" : "");
	add_escaped(b, e->value, strlen(e->value));
	if (blanks)
		strbuf_addc(b, '"');
}

/* The next parameter; blanks in quotes belong to it, as in the kernel. */
static bool next_param(const char **pos, const char **ret, size_t *ret_len)
{
	const char *s = *pos + strspn(*pos, " \t");
	bool quoted = false;

	*ret = s;
	for (; *s && (quoted || (*s != ' ' && *s != '\t')); s++)
		quoted ^= *s == '"';
	*ret_len = (size_t)(s - *ret);
	*pos = s;
	return *ret_len;
}

static bool param_is(const char *s, size_t len, const char *param)
{
	char name[256];

	if (len && *s == '"') {
		s++;
		len--;
	}
	len = strcspn(s, "=") < len ? strcspn(s, "=") : len;
	if (len >= sizeof(name))
		return false;
	memcpy(name, s, len);
	name[len] = '\0';
	/* '-' and '_' are the same in parameters too (kernel/params.c). */
	return module_name_equals(name, param);
}

/*
 * One "options" line of the module: true when it has the parameter; then the
 * line with the new value (*@set: there was one already) or without is added.
 */
static bool edit_options(const struct edit *e, char *line, bool *set,
			 struct strbuf *ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	const char *word = conf_word(&line), *key, *rest, *s;
	bool has = false, any = false;
	size_t len;

	if (!word || strcmp(word, "options"))
		return false;
	key = conf_word(&line);
	if (!key || !module_name_equals(key, e->name))
		return false;
	strbuf_addf(&b, "options %s", key);
	for (rest = line; next_param(&rest, &s, &len);) {
		bool same = param_is(s, len, e->param);

		has |= same;
		if (same && (!e->value || *set))
			continue;
		any = true;
		if (same) {
			add_assignment(&b, e);
			*set = true;
		} else {
			strbuf_addc(&b, ' ');
			add_escaped(&b, s, len);
		}
	}
	strbuf_addc(&b, '\n');
	if (has && any)
		strbuf_add(ret, strbuf_str(&b), b.len);
	ret->failed |= b.failed;
	return has;
}

void edit_param(struct edit *e, struct strbuf *ret)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	bool set = false;
	struct walk w;

	if (!walk_begin(&w, e->old)) {
		ret->failed = true;
		return;
	}
	while (walk_next(&w)) {
		if (edit_options(e, w.line, &set, ret))
			e->found = true;
		else
			add_span(ret, w.raw);
	}
	free(w.copy);
	if (e->value && !set) {
		strbuf_addf(&line, "options %s", e->name);
		add_assignment(&line, e);
		strbuf_addc(&line, '\n');
		append(ret, strbuf_str(&line));
		ret->failed |= line.failed;
	}
	drop_bare_header(ret);
}

/* modules-load.d: a name in each line, no continuation (systemd). */
static bool line_names(struct span line, const char *name)
{
	char copy[MODULE_NAME_MAX];
	struct span word;
	size_t pos = 0;

	if (!text_next_word(line, &pos, &word) || word.size >= sizeof(copy))
		return false;
	memcpy(copy, word.data, word.size);
	copy[word.size] = '\0';
	return module_name_equals(copy, name) &&
	       !text_next_word(line, &pos, &word);
}

void edit_load(struct edit *e, struct strbuf *ret)
{
	struct span line, raw;
	size_t pos = 0, from = 0;

	while (text_next_line(e->old, &pos, &line)) {
		bool same = line_names(line, e->name);

		if (span_slice(e->old, from, pos - from, &raw) &&
		    (!same || (e->on && !e->found)))
			add_span(ret, raw);
		e->found |= same;
		from = pos;
	}
	if (e->on && !e->found) {
		if (!ret->len)
			strbuf_adds(ret, HEADER);
		else if (ret->data[ret->len - 1] != '\n')
			strbuf_addc(ret, '\n');
		strbuf_addf(ret, "%s\n", e->name);
	}
	drop_bare_header(ret);
}
