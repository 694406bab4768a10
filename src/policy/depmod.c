// SPDX-License-Identifier: LGPL-2.1-or-later
// depmod.d: which of several modules with one name is the one.
#include "policy/depmod.h"

#include <regex.h>
#include <string.h>

#include "base/strbuf.h"
#include "diag/error.h"
#include "policy/lines.h"

#define PATTERN_MAX 256
#define PATTERN_PLUSES_MAX 8

struct loader {
	const struct depmod_source *source;
	struct depmod_policy *policy;
	const char *file;
	unsigned int line;
};

static int warn(struct loader *l, const char *why)
{
	struct lkm_error *e = NULL;

	FAIL(&e, TREE_CONFIG, KV_STR("file", l->file), KV_NUM("line", l->line),
	     KV_STR("why", why));
	if (!vec_push(&l->policy->warnings, e)) {
		lkm_error_free(e);
		return -ENOMEM;
	}
	return 0;
}

/*
 * glibc copies what a '+' or '{' repeats, so that nested ones double it each
 * time: a{1000}{1000} takes 210 MB, ten more '+' a thousand times as long.
 * Back references are no part of POSIX's extended expressions.
 */
static bool is_complex(const char *pattern)
{
	size_t len = strlen(pattern), pluses = 0;

	for (size_t i = 0; i < len; i++) {
		pluses += pattern[i] == '+';
		if (pattern[i] == '{' ||
		    (pattern[i] == '\\' && strchr("123456789", pattern[i + 1])))
			return true;
	}
	return len > PATTERN_MAX || pluses > PATTERN_PLUSES_MAX;
}

/* Is @pattern, "*" or an unanchored regular expression, our release's? */
static int release_matches(struct loader *l, const char *pattern)
{
	regex_t re;
	int rc;

	if (!strcmp(pattern, "*"))
		return 1;
	if (is_complex(pattern))
		return warn(l, "the version is too complex");
	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return warn(l, "the version is no regular expression");
	rc = regexec(&re, l->source->release, 0, NULL, 0) == 0;
	regfree(&re);
	return rc;
}

static int add_search(struct loader *l, char *rest)
{
	const char *word;

	while ((word = conf_word(&rest))) {
		struct depmod_search s = { DEPMOD_SEARCH_FOLDER, NULL };

		if (!*word)
			continue;
		if (!strcmp(word, "built-in"))
			s.kind = DEPMOD_SEARCH_BUILT_IN;
		else if (!strcmp(word, "external"))
			s.kind = DEPMOD_SEARCH_EXTERNAL;
		s.folder = arena_strdup(&l->policy->strings, word);
		if (!s.folder || !vec_push(&l->policy->searches, s))
			return -ENOMEM;
	}
	return 0;
}

static int add_override(struct loader *l, char *rest)
{
	const char *module = conf_word(&rest);
	const char *version = conf_word(&rest);
	const char *folder = conf_word(&rest);
	_cleanup_strbuf_ struct strbuf path = { 0 };
	const char *copy;
	int rc;

	if (!module || !version || !folder)
		return warn(l, "override needs MODULE VERSION FOLDER");
	rc = release_matches(l, version);
	if (rc <= 0)
		return rc;
	if (!strbuf_addf(&path, "%s/%s", folder, module))
		return -ENOMEM;
	copy = arena_strdup(&l->policy->strings, path.data);
	return copy && vec_push(&l->policy->overrides, copy) ? 0 : -ENOMEM;
}

static int add_external(struct loader *l, char *rest)
{
	const char *version = conf_word(&rest);
	const char *folder = conf_word(&rest);
	const char *copy;
	int rc;

	if (!version || !folder)
		return warn(l, "external needs VERSION FOLDER");
	if (folder[0] != '/')
		return warn(l, "external needs an absolute path");
	rc = release_matches(l, version);
	if (rc <= 0)
		return rc;
	copy = arena_strdup(&l->policy->strings, folder);
	return copy && vec_push(&l->policy->externals, copy) ? 0 : -ENOMEM;
}

static int add_exclude(struct loader *l, char *rest)
{
	const char *word;

	while ((word = conf_word(&rest))) {
		const char *copy;

		if (!*word)
			continue;
		copy = arena_strdup(&l->policy->strings, word);
		if (!copy || !vec_push(&l->policy->excludes, copy))
			return -ENOMEM;
	}
	return 0;
}

static int add_line(struct loader *l, const struct conf_line *line)
{
	char *rest = line->text;
	const char *verb;

	l->line = line->number;
	if (strlen(line->text) != line->size)
		return warn(l, "a NUL byte");
	if (*rest == '#' || !(verb = conf_word(&rest)))
		return 0;
	if (!strcmp(verb, "search"))
		return add_search(l, rest);
	if (!strcmp(verb, "override"))
		return add_override(l, rest);
	if (!strcmp(verb, "external"))
		return add_external(l, rest);
	if (!strcmp(verb, "exclude"))
		return add_exclude(l, rest);
	/* Known to old depmods; kmod ignores them without a word. */
	if (!strcmp(verb, "include") || !strcmp(verb, "make_map_files"))
		return 0;
	return warn(l, "no such directive");
}

static int load_file(struct loader *l, struct conf_text *text)
{
	struct conf_lines lines = CONF_LINES(text->text, text->size);
	struct conf_line line;
	int rc = 0;

	l->file = text->path;
	l->line = 0;
	if (text->problem)
		return warn(l, text->problem);
	while (!rc && conf_lines_next(&lines, &line))
		rc = add_line(l, &line);
	return rc;
}

static int load_all(struct loader *l, struct lkm_error **reterr)
{
	const struct conf_search search = { "depmod.d", NULL, l->source->paths,
					    l->source->path_count, false };
	_cleanup_conf_files_ struct conf_files files = { 0 };
	struct conf_text text;
	int rc = conf_files_find(&files, l->source->root, &search, reterr);

	if (rc < 0)
		return rc;
	while ((rc = conf_files_next(&files, l->source->root, &text, reterr)) ==
	       1) {
		rc = load_file(l, &text);
		free(text.text);
		if (rc < 0)
			return error_nomem(reterr);
	}
	return rc;
}

int depmod_policy_load(const struct depmod_source *source,
		       struct depmod_policy *ret, struct lkm_error **reterr)
{
	static const struct depmod_search updates = { DEPMOD_SEARCH_FOLDER,
						      "updates" };
	struct depmod_policy policy = { 0 };
	struct loader l = { .source = source, .policy = &policy };
	int rc = load_all(&l, reterr);

	if (!rc && !policy.searches.len && !vec_push(&policy.searches, updates))
		rc = error_nomem(reterr);
	if (rc < 0)
		depmod_policy_release(&policy);
	else
		*ret = policy;
	return rc;
}

bool depmod_policy_excludes(const struct depmod_policy *p, const char *name)
{
	for (size_t i = 0; i < p->excludes.len; i++) {
		if (!strcmp(p->excludes.data[i], name))
			return true;
	}
	return false;
}

static bool is_below(const struct depmod_file *f, const char *folder)
{
	size_t len = strlen(folder);

	return f->stem > len && f->path[len] == '/' &&
	       !memcmp(f->path, folder, len);
}

static bool is_override(const struct depmod_file *f, const char *stem)
{
	return f->stem == strlen(stem) && !memcmp(f->path, stem, f->stem);
}

struct rank {
	int built_in, now, before;
};

/*
 * A folder that both are in raises only the newcomer: so does kmod, and of two
 * files below "updates" the one found last is taken.
 */
static void rank_folder(struct rank *r, int place, const char *folder,
			const struct depmod_file *now,
			const struct depmod_file *before)
{
	if (is_below(now, folder))
		r->now = place;
	else if (is_below(before, folder))
		r->before = place;
}

bool depmod_policy_prefers(const struct depmod_policy *p,
			   const struct depmod_file *now,
			   const struct depmod_file *before)
{
	struct rank r = { -1, -1, -1 };
	int place = 0;

	for (size_t i = p->overrides.len; i-- > 0;) {
		if (is_override(now, p->overrides.data[i]))
			return true;
		if (is_override(before, p->overrides.data[i]))
			return false;
	}
	for (size_t i = p->searches.len; i-- > 0; place++) {
		const struct depmod_search *s = &p->searches.data[i];

		if (s->kind == DEPMOD_SEARCH_BUILT_IN)
			r.built_in = place;
		else if (s->kind == DEPMOD_SEARCH_FOLDER)
			rank_folder(&r, place, s->folder, now, before);
		else
			for (size_t k = p->externals.len; k-- > 0; place++)
				rank_folder(&r, place, p->externals.data[k],
					    now, before);
	}
	if (r.now < 0)
		r.now = r.built_in;
	if (r.before < 0)
		r.before = r.built_in;
	return r.now > r.before;
}

void depmod_policy_release(struct depmod_policy *p)
{
	vec_release(&p->searches);
	vec_release(&p->overrides);
	vec_release(&p->externals);
	vec_release(&p->excludes);
	for (size_t i = 0; i < p->warnings.len; i++)
		lkm_error_free(p->warnings.data[i]);
	vec_release(&p->warnings);
	arena_release(&p->strings);
}
