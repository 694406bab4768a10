// SPDX-License-Identifier: LGPL-2.1-or-later
// depmod -w: aliases that a module has twice.
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/root.h"
#include "base/text.h"
#include "cli/compat/depmod.h"

/* As the index file is limited by its format. */
#define ALIASES_MAX ((size_t)256 << 20)

/* "alias PATTERN MODULE": as "PATTERN MODULE", the pattern in normal form. */
static char *entry_of(struct arena *a, struct span line)
{
	static const char start[] = "alias ";
	char *text = arena_strndup(a, (const char *)line.data, line.size);
	size_t size = line.size + 1;
	char *ret = arena_alloc(a, size);
	char *blank = text ? strrchr(text, ' ') : NULL;
	size_t len;

	if (!blank || !ret || !text_starts(text, start))
		return NULL;
	*blank = '\0';
	/* With an open bracket it is in no index. */
	if (!alias_normalise(text + strlen(start), ret, size))
		return NULL;
	len = strlen(ret);
	snprintf(ret + len, size - len, " %s", blank + 1);
	return ret;
}

void depmod_twice(struct depmod *d)
{
	static const struct root host = ROOT_HOST;
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_map_ struct map seen = { 0 };
	_cleanup_free_ char *path = NULL, *text = NULL;
	struct span line;
	size_t pos = 0, size;

	if (asprintf(&path, "%s%s%s/modules.alias", d->out ? d->out : d->full,
		     d->out ? "/" : "", d->out ? d->g.release : "") < 0 ||
	    root_read(&host, path, ALIASES_MAX, &text, &size) < 0)
		return;
	while (text_next_line((struct span){ (uint8_t *)text, size }, &pos,
			      &line)) {
		char *entry = entry_of(&arena, line);
		struct map_slot *slot = entry ? map_slot_of(&seen, entry) :
						NULL;

		if (!slot)
			continue;
		if (slot->value)
			tool_log(&d->t, LOG_WARNING,
				 "duplicate module alias:\n%s", entry);
		slot->value = entry;
	}
}
