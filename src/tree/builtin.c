// SPDX-License-Identifier: LGPL-2.1-or-later
// modules.builtin.modinfo: what modinfo says about built-in modules.
#include "tree/builtin.h"

#include <string.h>

#include "base/text.h"
#include "tree/tree-impl.h"

static struct builtin_module *builtin_module_of(struct builtin *b,
						const char *name)
{
	struct builtin_module *m = map_get(&b->by_name, name);

	if (m)
		return m;
	m = arena_zalloc(&b->arena, sizeof(*m));
	if (!m)
		return NULL;
	m->name = arena_strdup(&b->arena, name);
	if (!m->name || !vec_push(&b->modules, m) ||
	    !map_set(&b->by_name, m->name, m))
		return NULL;
	return m;
}

/* One "module.key=value". */
static int builtin_add(struct builtin *b, struct span s)
{
	const uint8_t *dot = memchr(s.data, '.', s.size);
	const uint8_t *equals = memchr(s.data, '=', s.size);
	struct lkm_builtin_info info;
	char raw[TREE_NAME_MAX], name[TREE_NAME_MAX];
	struct builtin_module *m;
	size_t len;

	if (!dot || !equals || equals < dot + 2 ||
	    (size_t)(dot - s.data) >= sizeof(raw)) {
		b->skipped++;
		return 0;
	}
	len = (size_t)(dot - s.data);
	memcpy(raw, s.data, len);
	raw[len] = '\0';
	if (!module_name_of(raw, name, sizeof(name))) {
		b->skipped++;
		return 0;
	}
	m = builtin_module_of(b, name);
	info.key = arena_strndup(&b->arena, (const char *)dot + 1,
				 (size_t)(equals - dot) - 1);
	len = s.size - (size_t)(equals + 1 - s.data);
	info.value = arena_strndup(&b->arena, (const char *)equals + 1, len);
	if (!m || !info.key || !info.value || !vec_push(&m->entries, info))
		return -LKM_ENOMEM;
	return 0;
}

int builtin_parse(struct builtin *b, struct span text)
{
	size_t count = 0;

	while (text.size) {
		const uint8_t *end = memchr(text.data, '\0', text.size);
		size_t len = end ? (size_t)(end - text.data) : text.size;
		struct span line;

		if (!span_slice(text, 0, len, &line))
			break;
		if (len && ++count > BUILTIN_ENTRIES_MAX)
			return -LKM_ELIMIT;
		if (len && builtin_add(b, line) < 0)
			return -LKM_ENOMEM;
		if (!end)
			break;
		text.data += len + 1;
		text.size -= len + 1;
	}
	return 0;
}

const struct builtin_module *builtin_get(const struct builtin *b,
					 const char *name)
{
	return map_get(&b->by_name, name);
}

void builtin_release(struct builtin *b)
{
	for (size_t i = 0; i < b->modules.len; i++)
		vec_release(&b->modules.data[i]->entries);
	vec_release(&b->modules);
	map_release(&b->by_name);
	arena_release(&b->arena);
}
