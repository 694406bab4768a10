// SPDX-License-Identifier: LGPL-2.1-or-later
// Module names, words and numbers in text.
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"

bool text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

static bool name_copy(const char *name, size_t len, char *ret, size_t size)
{
	if (!len || len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		ret[i] = name[i] == '-' ? '_' : name[i];
	ret[len] = '\0';
	return true;
}

bool module_name_of(const char *name, char *ret, size_t size)
{
	return name_copy(name, strlen(name), ret, size);
}

bool module_file_stem(const char *file_name, size_t *ret_len)
{
	static const char *const endings[] = { ".ko", ".ko.gz", ".ko.xz",
					       ".ko.zst" };
	size_t len = strlen(file_name);

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && !memcmp(file_name + len - n, endings[i], n)) {
			*ret_len = len - n;
			return true;
		}
	}
	return false;
}

bool module_name_of_file(const char *path, char *ret, size_t size)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	size_t len;

	if (!module_file_stem(file, &len))
		len = strcspn(file, ".");
	return name_copy(file, len, ret, size);
}

bool module_name_equals(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		char x = *a == '-' ? '_' : *a;
		char y = *b == '-' ? '_' : *b;

		if (x != y)
			return false;
	}
	return *a == *b;
}

bool alias_normalise(const char *alias, char *ret, size_t size)
{
	bool bracket = false;
	size_t i;

	for (i = 0; alias[i]; i++) {
		if (i + 1 >= size)
			return false;
		if (alias[i] == '[')
			bracket = true;
		if (alias[i] == ']' && !bracket)
			return false;
		if (alias[i] == ']')
			bracket = false;
		ret[i] = alias[i] == '-' && !bracket ? '_' : alias[i];
	}
	if (i >= size)
		return false;
	ret[i] = '\0';
	return !bracket;
}

bool text_to_u64(const char *s, int base, uint64_t *ret)
{
	unsigned long long v;
	char *end;

	/* strtoull() takes blanks and signs; a number has neither. */
	if (!isxdigit((unsigned char)*s))
		return false;
	errno = 0;
	v = strtoull(s, &end, base);
	if (errno || *end || end == s)
		return false;
	*ret = v;
	return true;
}

bool text_next_line(struct span text, size_t *pos, struct span *ret)
{
	const uint8_t *from = text.data + *pos;
	const uint8_t *nl;

	if (*pos >= text.size)
		return false;
	nl = memchr(from, '\n', text.size - *pos);
	*ret = (struct span){ from,
			      nl ? (size_t)(nl - from) : text.size - *pos };
	*pos += ret->size + (nl ? 1 : 0);
	return true;
}

bool text_next_word(struct span line, size_t *pos, struct span *ret)
{
	size_t i = *pos, start;

	while (i < line.size && (line.data[i] == ' ' || line.data[i] == '\t'))
		i++;
	start = i;
	while (i < line.size && line.data[i] != ' ' && line.data[i] != '\t')
		i++;
	*pos = i;
	if (i == start)
		return false;
	*ret = (struct span){ line.data + start, i - start };
	return true;
}
