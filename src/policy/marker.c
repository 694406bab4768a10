// SPDX-License-Identifier: LGPL-2.1-or-later
// The marker comment by which lkm knows its forbid rules.
#include <string.h>

#include "base/text.h"
#include "policy/rules.h"

#define NAME_BYTES                   \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789_-.+,"

const char *forbid_marker(char *line)
{
	const char *word, *name;

	if (*line != '#')
		return NULL;
	line++;
	word = conf_word(&line);
	if (!word || strcmp(word, "lkm:"))
		return NULL;
	word = conf_word(&line);
	if (!word || strcmp(word, "forbid"))
		return NULL;
	name = conf_word(&line);
	/* More words: not a name, and the caller says so. */
	return name && !conf_word(&line) ? name : "";
}

bool policy_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= MODULE_NAME_MAX || *name == '-' || *name == '.')
		return false;
	/* No blank, pattern, quote or path: the name goes into directives. */
	return strspn(name, NAME_BYTES) == len;
}
