// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of a kernel, as a value.
#include <lkm/facts.h>

#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"

struct lkm_facts {
	struct arena strings;
	struct map names; /* -> index into @modules, plus one */
	VEC(struct lkm_loaded) modules;
	const char *text[LKM_FACT_COUNT_];
	enum lkm_known known[LKM_FACT_COUNT_];
};

struct lkm_facts *lkm_facts_new(void)
{
	struct lkm_facts *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(f->known); i++)
		f->known[i] = LKM_UNKNOWN;
	return f;
}

void lkm_facts_free(struct lkm_facts *facts)
{
	if (!facts)
		return;
	map_release(&facts->names);
	vec_release(&facts->modules);
	arena_release(&facts->strings);
	free(facts);
}

/* Copy *@s where it is not NULL; false when memory is out. */
static bool facts_own(struct lkm_facts *f, const char **s)
{
	if (!*s)
		return true;
	*s = arena_strdup(&f->strings, *s);
	return *s;
}

static bool facts_own_holders(struct lkm_facts *f, struct lkm_loaded *m)
{
	const char **holders;

	if (!m->holder_count) {
		m->holders = NULL;
		return true;
	}
	holders = arena_memdup(&f->strings, m->holders,
			       m->holder_count * sizeof(*holders));
	if (!holders)
		return false;
	for (size_t i = 0; i < m->holder_count; i++) {
		if (!facts_own(f, &holders[i]))
			return false;
	}
	m->holders = holders;
	return true;
}

bool lkm_facts_add(struct lkm_facts *facts, const struct lkm_loaded *module)
{
	struct lkm_loaded m = *module;
	char *key = arena_strdup(&facts->strings, m.name);
	struct map_slot *slot;

	if (!key)
		return false;
	/* A kernel's names have no '-', but facts made by hand may. */
	module_name_of(m.name, key, strlen(key) + 1);
	if (!m.taints)
		m.taints = "";
	if (!facts_own(facts, &m.name) || !facts_own(facts, &m.taints) ||
	    !facts_own(facts, &m.version) || !facts_own(facts, &m.srcversion) ||
	    !facts_own_holders(facts, &m))
		return false;
	slot = map_slot_of(&facts->names, key);
	if (!slot || !vec_push(&facts->modules, m))
		return false;
	/* The first of two with one name is the one found. */
	if (!slot->value)
		slot->value = (void *)(uintptr_t)facts->modules.len;
	return true;
}

const struct lkm_loaded *lkm_facts_loaded(const struct lkm_facts *facts,
					  const char *name)
{
	char key[MODULE_NAME_MAX];
	size_t i;

	/* No kernel has loaded a module with a longer name. */
	if (!module_name_of(name, key, sizeof(key)))
		return NULL;
	i = (size_t)(uintptr_t)map_get(&facts->names, key);
	return i ? &facts->modules.data[i - 1] : NULL;
}

const struct lkm_loaded *lkm_facts_modules(const struct lkm_facts *facts,
					   size_t *ret_count)
{
	*ret_count = facts->modules.len;
	return facts->modules.data;
}

bool lkm_facts_set_text(struct lkm_facts *facts, enum lkm_fact fact,
			const char *value)
{
	if (!facts_own(facts, &value))
		return false;
	facts->text[fact] = value;
	return true;
}

void lkm_facts_set_known(struct lkm_facts *facts, enum lkm_fact fact,
			 enum lkm_known value)
{
	facts->known[fact] = value;
}

const char *lkm_facts_text(const struct lkm_facts *facts, enum lkm_fact fact)
{
	return facts->text[fact];
}

enum lkm_known lkm_facts_known(const struct lkm_facts *facts,
			       enum lkm_fact fact)
{
	return facts->known[fact];
}
