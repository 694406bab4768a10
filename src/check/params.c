// SPDX-License-Identifier: LGPL-2.1-or-later
// Parameters on a module's command line, held against its declared types.
#include "check/params.h"

#include <string.h>

#include "base/macro.h"
#include "base/text.h"

struct number_type {
	const char *name;
	bool is_signed;
	uint64_t max; /* for signed ones -max - 1 is the least */
};

/* kernel/params.c; long as in a kernel of 64 bits, the wider of the two. */
static const struct number_type numbers[] = {
	{ "byte", false, UINT8_MAX },	 { "short", true, INT16_MAX },
	{ "ushort", false, UINT16_MAX }, { "int", true, INT32_MAX },
	{ "uint", false, UINT32_MAX },	 { "long", true, INT64_MAX },
	{ "ulong", false, UINT64_MAX },	 { "ullong", false, UINT64_MAX },
	{ "hexint", false, UINT32_MAX },
};

static bool number_is_valid(const struct number_type *t, const char *value)
{
	bool negative = t->is_signed && *value == '-';
	int base = strcmp(t->name, "hexint") ? 0 : 16;
	uint64_t number;

	/* kstrtoint() takes a leading '+' too, and one newline at the end. */
	if (negative || *value == '+')
		value++;
	if (!text_to_u64(value, base, &number))
		return false;
	return number <= t->max + (negative ? 1 : 0);
}

static bool bool_is_valid(const char *value)
{
	/* kstrtobool(): the first letter, or "on", "of..." */
	if (*value && strchr("yYtT1nNfF0", *value))
		return true;
	return (*value == 'o' || *value == 'O') && value[1] &&
	       strchr("nNfF", value[1]);
}

/* Is @value possible?  True where the type is not known. */
static bool value_is_valid(const char *type, const char *value, bool has_value)
{
	/* A bool without value is set; others must have one. */
	if (!strcmp(type, "bool"))
		return !has_value || bool_is_valid(value);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!strcmp(numbers[i].name, type))
			return has_value && number_is_valid(&numbers[i], value);
	}
	return true;
}

static char dash(char c)
{
	return c == '-' ? '_' : c;
}

/* The "parmtype" of @param, NULL: there is none. */
static const char *type_of(struct lkm_image *image, const char *param)
{
	const struct lkm_modinfo *info;
	struct lkm_error *e = NULL;
	size_t count;

	if (lkm_image_modinfo(image, &info, &count, &e) < 0) {
		lkm_error_free(e);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		const char *v = info[i].value, *p = param;

		if (strcmp(info[i].key, "parmtype") != 0)
			continue;
		for (; *p && dash(*p) == dash(*v); p++)
			v++;
		if (!*p && *v == ':')
			return v + 1;
	}
	return NULL;
}

/*
 * The next "name" or "name=value" at *@text as the kernel splits it: quotes
 * keep blanks, and those around a value are dropped (lib/cmdline.c).
 */
static bool next_param(const char **text, char *ret, size_t size)
{
	const char *p = *text;
	bool quoted = false;
	size_t n = 0;

	p += strspn(p, " \t\n");
	if (!*p)
		return false;
	for (; *p && (quoted || !strchr(" \t\n", *p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (n < size - 1)
			ret[n++] = *p;
	}
	ret[n] = '\0';
	*text = p;
	return true;
}

bool params_find_fault(struct lkm_image *image, const char *params,
		       struct param_fault *ret)
{
	char word[1024];

	while (next_param(&params, word, sizeof(word))) {
		char *value = strchr(word, '=');
		bool has_value = value;
		const char *type;

		/* What stands behind "--" is for the module's own init. */
		if (!strcmp(word, "--"))
			return false;
		if (value)
			*value++ = '\0';
		type = type_of(image, word);
		if (!type ||
		    value_is_valid(type, value ? value : "", has_value))
			continue;
		snprintf(ret->param, sizeof(ret->param), "%.63s", word);
		snprintf(ret->value, sizeof(ret->value), "%.127s",
			 value ? value : "");
		snprintf(ret->type, sizeof(ret->type), "%.31s", type);
		return true;
	}
	return false;
}
