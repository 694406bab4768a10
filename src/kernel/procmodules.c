// SPDX-License-Identifier: LGPL-2.1-or-later
// The lines of /proc/modules.
#include "kernel/procmodules.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/vec.h"

/*
 * "name size refcount holders state 0xaddress (taints)"; refcount is '-' where
 * the kernel can't unload; holders is "a,b," or "-", with "[permanent]," for a
 * module without exit function (kernel/module/procfs.c).
 */
enum { NAME, SIZE, REFS, HOLDERS, STATE, ADDRESS, TAINTS, WORDS };

static bool parse_state(const char *word, enum lkm_initstate *ret)
{
	if (!strcmp(word, "Live"))
		*ret = LKM_STATE_LIVE;
	else if (!strcmp(word, "Loading"))
		*ret = LKM_STATE_COMING;
	else if (!strcmp(word, "Unloading"))
		*ret = LKM_STATE_GOING;
	else
		return false;
	return true;
}

static int parse_holders(struct arena *a, char *word, struct lkm_loaded *m)
{
	VEC(const char *) names = { 0 };
	char *rest = word, *name;
	bool ok = true;

	if (!strcmp(word, "-"))
		return 0;
	while (ok && (name = strsep(&rest, ","))) {
		if (!strcmp(name, "[permanent]"))
			m->refcount = -1;
		else if (*name && names.len < PROC_HOLDERS_MAX)
			ok = vec_push(&names, name);
	}
	if (ok && names.len) {
		m->holders = arena_memdup(a, names.data,
					  names.len * sizeof(*names.data));
		m->holder_count = names.len;
		ok = m->holders;
	}
	vec_release(&names);
	return ok ? 0 : -ENOMEM;
}

/* Strip the brackets of "(OE)". */
static const char *parse_taints(char *word)
{
	size_t len = strlen(word);

	if (len < 2 || word[0] != '(' || word[len - 1] != ')')
		return "";
	word[len - 1] = '\0';
	return word + 1;
}

static int parse_words(struct arena *a, char *words[WORDS],
		       struct lkm_loaded *m)
{
	uint64_t refs = 0;
	bool permanent = !strcmp(words[REFS], "-");
	int rc;

	if (!text_to_u64(words[SIZE], 10, &m->size) ||
	    (!permanent && !text_to_u64(words[REFS], 10, &refs)) ||
	    refs > LONG_MAX || !parse_state(words[STATE], &m->state) ||
	    strlen(words[NAME]) >= MODULE_NAME_MAX)
		return -EBADMSG;
	m->name = words[NAME];
	m->refcount = permanent ? -1 : (long)refs;
	rc = parse_holders(a, words[HOLDERS], m);
	if (rc < 0)
		return rc;
	/* Hidden addresses read 0; a kernel without kallsyms may say less. */
	if (words[ADDRESS] && !text_to_u64(words[ADDRESS], 0, &m->address))
		return -EBADMSG;
	m->taints = words[TAINTS] ? parse_taints(words[TAINTS]) : "";
	return 0;
}

static int parse_line(struct arena *a, struct span line, struct lkm_loaded *m)
{
	char *words[WORDS] = { NULL };
	struct span word;
	size_t pos = 0;

	for (size_t i = 0; i < WORDS && text_next_word(line, &pos, &word);
	     i++) {
		if (memchr(word.data, 0, word.size))
			return -EBADMSG;
		words[i] = arena_strndup(a, (const char *)word.data, word.size);
		if (!words[i])
			return -ENOMEM;
	}
	return words[STATE] ? parse_words(a, words, m) : -EBADMSG;
}

int procmodules_parse(struct span text, procmodules_fn fn, void *ctx,
		      unsigned int *ret_line)
{
	struct span line;
	size_t pos = 0;

	for (unsigned int n = 1; text_next_line(text, &pos, &line); n++) {
		_cleanup_arena_ struct arena a = { 0 };
		struct lkm_loaded m = { 0 };
		int rc;

		if (!line.size)
			continue;
		rc = parse_line(&a, line, &m);
		if (rc < 0) {
			*ret_line = n;
			return rc;
		}
		if (!fn(ctx, &m))
			return -ECANCELED;
	}
	return 0;
}
