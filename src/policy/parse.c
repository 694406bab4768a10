// SPDX-License-Identifier: LGPL-2.1-or-later
// The directives of modprobe.d.
#include <ctype.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "policy/rules.h"

/* What follows the first word. */
enum shape {
	SHAPE_NAME,    /* one name; kmod ignores the rest */
	SHAPE_TWO,     /* two names; as above */
	SHAPE_COMMAND, /* a name, then anything */
	SHAPE_OPTIONS, /* as above; tabs become blanks */
	SHAPE_SOFTDEP, /* a name, then names behind "pre:" and "post:" */
	SHAPE_WEAKDEP, /* a name, then names */
	SHAPE_GONE,    /* kmod 3 dropped it */
};

static const struct directive {
	const char *word;
	enum shape shape;
	enum lkm_rule_kind kind;
} directives[] = {
	{ "alias", SHAPE_TWO, LKM_RULE_ALIAS },
	{ "blacklist", SHAPE_NAME, LKM_RULE_BLACKLIST },
	{ "options", SHAPE_OPTIONS, LKM_RULE_OPTIONS },
	{ "install", SHAPE_COMMAND, LKM_RULE_INSTALL },
	{ "remove", SHAPE_COMMAND, LKM_RULE_REMOVE },
	{ "softdep", SHAPE_SOFTDEP, LKM_RULE_SOFTDEP },
	{ "weakdep", SHAPE_WEAKDEP, LKM_RULE_WEAKDEP },
	{ "include", SHAPE_GONE, 0 },
	{ "config", SHAPE_GONE, 0 },
};

/* '-' to '_' outside of brackets, in place; false: unbalanced. */
static bool underscores(char *s)
{
	return alias_normalise(s, s, strlen(s) + 1);
}

/* The next name of *@rest in normal form; NULL after a warning. */
static char *take_name(struct lkm_policy *p, const struct place *at,
		       const char *word, char **rest)
{
	char *name = conf_word(rest);

	if (!name) {
		policy_warn(p, at, "'%s' lacks a name", word);
		return NULL;
	}
	if (!underscores(name)) {
		policy_warn(p, at, "unbalanced bracket in '%s'", name);
		return NULL;
	}
	return name;
}

/* The next word by isspace(3), as kmod takes softdeps apart. */
static char *next_dep(char **rest)
{
	char *s = *rest, *word;

	while (isspace((unsigned char)*s))
		s++;
	if (!*s)
		return NULL;
	word = s;
	while (*s && !isspace((unsigned char)*s))
		s++;
	if (*s)
		*s++ = '\0';
	*rest = s;
	return word;
}

static void add_dep(struct strbuf *list, const char *name)
{
	if (list->len)
		strbuf_addc(list, ' ');
	strbuf_adds(list, name);
}

/* "pre: a post: c pre: b" becomes "pre: a b post: c". */
static void add_softdep(struct lkm_policy *p, const struct place *at,
			const char *key, char *rest)
{
	_cleanup_strbuf_ struct strbuf pre = { 0 }, post = { 0 };
	struct strbuf *list = NULL;
	char *word;

	while ((word = next_dep(&rest))) {
		if (!strcmp(word, "pre:"))
			list = &pre;
		else if (!strcmp(word, "post:"))
			list = &post;
		else if (list)
			add_dep(list, word);
		else
			policy_warn(p, at,
				    "'%s' stands before 'pre:' and 'post:'",
				    word);
	}
	if (pre.len) {
		_cleanup_strbuf_ struct strbuf all = { 0 };

		strbuf_addf(&all, "pre: %s", pre.data);
		strbuf_release(&pre);
		pre = all;
		all = (struct strbuf){ 0 };
	}
	if (post.len)
		strbuf_addf(&pre, "%spost: %s", pre.len ? " " : "", post.data);
	if (pre.failed || post.failed)
		p->failed = -ENOMEM;
	policy_add(p, at, LKM_RULE_SOFTDEP, key, strbuf_str(&pre));
}

static void add_weakdep(struct lkm_policy *p, const struct place *at,
			const char *key, char *rest)
{
	_cleanup_strbuf_ struct strbuf list = { 0 };
	char *word;

	while ((word = next_dep(&rest)))
		add_dep(&list, word);
	if (list.failed)
		p->failed = -ENOMEM;
	policy_add(p, at, LKM_RULE_WEAKDEP, key, strbuf_str(&list));
}

/* @key and the rest of the line, for the shapes that have one. */
static void add_rest(struct lkm_policy *p, const struct place *at,
		     const struct directive *d, const char *key, char *rest)
{
	if (!*rest) {
		policy_warn(p, at, "'%s %s' lacks its value", d->word, key);
		return;
	}
	switch (d->shape) {
	case SHAPE_SOFTDEP: add_softdep(p, at, key, rest); break;
	case SHAPE_WEAKDEP: add_weakdep(p, at, key, rest); break;
	case SHAPE_OPTIONS:
		for (char *s = rest; (s = strchr(s, '\t'));)
			*s = ' ';
		policy_add(p, at, d->kind, key, rest);
		break;
	default: policy_add(p, at, d->kind, key, rest);
	}
}

static void read_directive(struct lkm_policy *p, const struct place *at,
			   const struct directive *d, char *rest)
{
	const char *key, *value;

	if (d->shape == SHAPE_GONE) {
		policy_warn(p, at, "'%s' is not supported any more", d->word);
		return;
	}
	key = take_name(p, at, d->word, &rest);
	if (!key)
		return;
	switch (d->shape) {
	case SHAPE_NAME: policy_add(p, at, d->kind, key, ""); break;
	case SHAPE_TWO:
		value = take_name(p, at, d->word, &rest);
		if (value)
			policy_add(p, at, d->kind, key, value);
		break;
	default: add_rest(p, at, d, key, rest);
	}
}

static void read_comment(struct lkm_policy *p, const struct place *at,
			 char *line)
{
	const char *name = forbid_marker(line);
	char key[MODULE_NAME_MAX];

	if (!name)
		return;
	if (policy_name_is_valid(name) &&
	    module_name_of(name, key, sizeof(key)))
		policy_add(p, at, LKM_RULE_FORBID, key, "");
	else
		policy_warn(p, at, "cannot forbid '%s': no module's name",
			    name);
}

static void read_line(struct lkm_policy *p, const struct place *at, char *line)
{
	char *rest = line, *word;

	if (*line == '#') {
		read_comment(p, at, line);
		return;
	}
	word = conf_word(&rest);
	if (!word)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(directives); i++) {
		if (!strcmp(word, directives[i].word)) {
			read_directive(p, at, &directives[i], rest);
			return;
		}
	}
	if (*word == '#')
		policy_warn(p, at, "a comment's '#' must begin the line");
	else
		policy_warn(p, at, "unknown directive '%s'", word);
}

void policy_read_text(struct lkm_policy *p, const char *file, char *text,
		      size_t size)
{
	struct conf_lines lines = CONF_LINES(text, size);
	struct place at = { file, 0 };
	struct conf_line line;

	while (!p->failed && conf_lines_next(&lines, &line)) {
		at.line = line.number;
		if (line.size > CONF_LINE_MAX) {
			policy_warn(p, &at, "longer than %zu bytes",
				    CONF_LINE_MAX);
			continue;
		}
		/* To kmod the line ends there; so it does to us, but aloud. */
		if (strlen(line.text) < line.size)
			policy_warn(p, &at, "cut off at a NUL byte");
		read_line(p, &at, line.text);
	}
}
