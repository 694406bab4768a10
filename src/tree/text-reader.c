// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading the text twins of the .bin indexes.
#include "tree/text-reader.h"

#include <lkm/error.h>
#include <string.h>

#include "base/text.h"
#include "tree/tree-impl.h"

/* A pattern that has room for more than a trie's key is left out anyway. */
#define TEXT_KEY_MAX 4096

void text_release(struct text_index *t)
{
	vec_release(&t->items);
	arena_release(&t->strings);
}

static int text_problem(struct text_index *t, const char *problem)
{
	t->problem = problem;
	return -LKM_EFORMAT;
}

int text_add(struct text_index *t, const char *key, const char *value,
	     uint32_t priority)
{
	struct trie_item item = { .priority = priority };

	if (trie_key_problem(key))
		return 0;
	item.key = arena_strdup(&t->strings, key);
	item.value = arena_strdup(&t->strings, value);
	if (!item.key || !item.value || !vec_push(&t->items, item))
		return -LKM_ENOMEM;
	return 0;
}

/* The next line, as a string in the arena.  1, 0 at the end, or an error. */
static int text_line(struct text_index *t, struct span text, size_t *pos,
		     char **ret)
{
	struct span line;

	if (!text_next_line(text, pos, &line))
		return 0;
	if (++t->line > TEXT_LINES_MAX)
		return text_problem(t, "has too many lines");
	if (memchr(line.data, '\0', line.size))
		return text_problem(t, "has a NUL byte");
	*ret = arena_strndup(&t->strings, (const char *)line.data, line.size);
	return *ret ? 1 : -LKM_ENOMEM;
}

static bool is_module_path(const char *path, size_t len)
{
	char copy[TEXT_KEY_MAX], name[TREE_NAME_MAX];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, path, len);
	copy[len] = '\0';
	return tree_name_of_path(copy, name, sizeof(name));
}

static bool are_module_paths(const char *words)
{
	size_t len;

	for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
		len = strcspn(words, " ");
		if (!is_module_path(words, len))
			return false;
		words += len;
	}
	return true;
}

int text_read_dep(struct text_index *t, struct span text)
{
	uint32_t place = 0;
	size_t pos = 0;
	char *line;
	int rc;

	while ((rc = text_line(t, text, &pos, &line)) > 0) {
		char name[TREE_NAME_MAX];
		char *colon = strchr(line, ':');

		if (!colon)
			return text_problem(t, "has a line without a colon");
		*colon = '\0';
		if (!tree_name_of_path(line, name, sizeof(name)) ||
		    !are_module_paths(colon + 1))
			return text_problem(t, "has a path without a name");
		*colon = ':';
		rc = text_add(t, name, line, place++);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int text_places(const struct text_index *t, struct map *places)
{
	for (size_t i = 0; i < t->items.len; i++) {
		const struct trie_item *item = &t->items.data[i];
		uintptr_t place = (uintptr_t)item->priority + 1;

		if (!map_set(places, item->key, (void *)place))
			return -LKM_ENOMEM;
	}
	return 0;
}

/* "alias PATTERN NAME"; a pattern may have blanks, a name has none. */
static int text_alias_line(struct text_index *t, char *line,
			   const struct map *places)
{
	static const char word[] = "alias ";
	char key[TEXT_KEY_MAX];
	char *pattern, *name;
	uintptr_t place;

	if (!text_starts(line, word))
		return text_problem(t, "has a line that is no alias");
	pattern = line + sizeof(word) - 1;
	name = strrchr(pattern, ' ');
	if (!name || name == pattern || !name[1])
		return text_problem(t, "has a line that is no alias");
	*name++ = '\0';
	if (!tree_is_name(name))
		return text_problem(t, "has a value that is no name");
	if (!alias_normalise(pattern, key, sizeof(key)))
		return 0;
	place = (uintptr_t)map_get(places, name);
	/* Where modules.dep does not say: as here, behind all others. */
	return text_add(t, key, name,
			place ? (uint32_t)place - 1 :
				TREE_MODULES_MAX + (uint32_t)t->line);
}

int text_read_alias(struct text_index *t, struct span text,
		    const struct map *places)
{
	size_t pos = 0;
	char *line;
	int rc;

	while ((rc = text_line(t, text, &pos, &line)) > 0) {
		if (!*line || *line == '#')
			continue;
		rc = text_alias_line(t, line, places);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int text_read_builtin(struct text_index *t, struct span text)
{
	size_t pos = 0;
	char *line;
	int rc;

	while ((rc = text_line(t, text, &pos, &line)) > 0) {
		char name[TREE_NAME_MAX];

		if (!*line)
			continue;
		if (!tree_name_of_path(line, name, sizeof(name)))
			return text_problem(t, "has a path without a name");
		rc = text_add(t, name, "", 0);
		if (rc < 0)
			return rc;
	}
	return rc;
}
