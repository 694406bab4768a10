// SPDX-License-Identifier: LGPL-2.1-or-later
// JSON output by json-c, which is loaded when first needed.
#include "cli/json.h"

#include <stdio.h>

#include "base/dl.h"
#include "base/macro.h"
#include "diag/error.h"

#ifdef HAVE_JSON

#include <json-c/json.h>

#define JSON_FUNCTIONS(X)                 \
	X(json_object_new_object)         \
	X(json_object_new_array)          \
	X(json_object_new_string)         \
	X(json_object_new_int64)          \
	X(json_object_new_boolean)        \
	X(json_object_object_add)         \
	X(json_object_array_add)          \
	X(json_object_to_json_string_ext) \
	X(json_object_put)

#ifdef LKM_STATIC
#define LIB(name) name

int json_load(struct lkm_error **reterr)
{
	return 0;
}
#else
DL_NOTE(json, "json", "JSON output", "recommended", "libjson-c.so.5");

#define LIB(name) lib_##name
#define X(name) static __typeof__(name) *lib_##name;
JSON_FUNCTIONS(X)
#undef X

int json_load(struct lkm_error **reterr)
{
#define X(name) { #name, (void **)&lib_##name },
	static const struct dl_symbol symbols[] = { JSON_FUNCTIONS(X) };
#undef X

	if (dl_load("libjson-c.so.5", symbols, ARRAY_SIZE(symbols), NULL) == 0)
		return 0;
	return FAIL(reterr, CLI_LIBRARY_MISSING,
		    KV_STR("library", "libjson-c.so.5"),
		    KV_STR("feature", "--json"));
}
#endif

/* An allocation failed: the document is not whole. */
static bool failed;

static struct json_object *made(struct json_object *object)
{
	failed |= !object;
	return object;
}

struct json_object *json_new(void)
{
	return made(LIB(json_object_new_object)());
}

struct json_object *json_new_list(void)
{
	return made(LIB(json_object_new_array)());
}

struct json_object *json_of_str(const char *s)
{
	return s ? made(LIB(json_object_new_string)(s)) : NULL;
}

struct json_object *json_of_num(int64_t n)
{
	return made(LIB(json_object_new_int64)(n));
}

struct json_object *json_of_bool(bool b)
{
	return made(LIB(json_object_new_boolean)(b));
}

void json_add(struct json_object *object, const char *key,
	      struct json_object *value)
{
	if (object && LIB(json_object_object_add)(object, key, value) == 0)
		return;
	LIB(json_object_put)(value);
	failed = true;
}

void json_append(struct json_object *list, struct json_object *value)
{
	if (list && LIB(json_object_array_add)(list, value) == 0)
		return;
	LIB(json_object_put)(value);
	failed = true;
}

bool json_print(struct json_object *object)
{
	const char *text = NULL;
	bool ok;

	/* json-c leaves parts out, in silence, when malloc fails: ask errno. */
	errno = 0;
	if (!failed)
		text = LIB(json_object_to_json_string_ext)(
			object, JSON_C_TO_STRING_PRETTY |
					JSON_C_TO_STRING_SPACED |
					JSON_C_TO_STRING_NOSLASHESCAPE);
	ok = text && errno != ENOMEM;
	if (ok)
		puts(text);
	else
		fputs("error[sys.memory]: out of memory\n", stderr);
	LIB(json_object_put)(object);
	failed = false;
	return ok;
}

#else /* !HAVE_JSON */

int json_load(struct lkm_error **reterr)
{
	return FAIL(reterr, CLI_LIBRARY_MISSING,
		    KV_STR("library", "json-c (left out of this build)"),
		    KV_STR("feature", "--json"));
}

struct json_object *json_new(void)
{
	return NULL;
}

struct json_object *json_new_list(void)
{
	return NULL;
}

struct json_object *json_of_str(const char *s)
{
	return NULL;
}

struct json_object *json_of_num(int64_t n)
{
	return NULL;
}

struct json_object *json_of_bool(bool b)
{
	return NULL;
}

void json_add(struct json_object *object, const char *key,
	      struct json_object *value)
{
}

void json_append(struct json_object *list, struct json_object *value)
{
}

bool json_print(struct json_object *object)
{
	return false;
}

#endif

void json_add_str(struct json_object *object, const char *key, const char *s)
{
	json_add(object, key, json_of_str(s));
}
