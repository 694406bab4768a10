// SPDX-License-Identifier: LGPL-2.1-or-later
// The lines and words of a configuration file.
#include "policy/lines.h"

#include <string.h>

bool conf_lines_next(struct conf_lines *l, struct conf_line *ret)
{
	char *to = l->text + l->pos;

	if (l->pos >= l->size)
		return false;
	*ret = (struct conf_line){ to, 0, l->number + 1 };
	/* Joining and unescaping only shorten: @to never passes the reader. */
	while (l->pos < l->size) {
		char c = l->text[l->pos++];

		if (c == '\n') {
			l->number++;
			break;
		}
		if (c == '\\') {
			if (l->pos == l->size)
				break;
			c = l->text[l->pos++];
			if (c == '\n') {
				l->number++;
				continue;
			}
		}
		*to++ = c;
	}
	*to = '\0';
	ret->size = (size_t)(to - ret->text);
	return true;
}

char *conf_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");
	char *end = word + strcspn(word, " \t");

	if (!*word)
		return NULL;
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}
