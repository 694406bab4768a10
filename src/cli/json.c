// SPDX-License-Identifier: LGPL-2.1-or-later
// JSON output by json-c, which is loaded when first needed.
#include "cli/json.h"

#include <stdio.h>

#include "base/dl.h"
#include "base/macro.h"
#include "diag/error.h"

#ifdef HAVE_JSON

#include <json-c/json.h>

#define JSON_FUNCTIONS(X)            \
	X(json_object_new_object)    \
	X(json_object_new_array)     \
	X(json_object_new_string)    \
	X(json_object_new_int64)     \
	X(json_object_new_boolean)   \
	X(json_object_object_add)    \
	X(json_object_array_add)     \
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

struct json_object *json_new(void)
{
	return LIB(json_object_new_object)();
}

struct json_object *json_new_list(void)
{
	return LIB(json_object_new_array)();
}

struct json_object *json_of_str(const char *s)
{
	return s ? LIB(json_object_new_string)(s) : NULL;
}

struct json_object *json_of_num(int64_t n)
{
	return LIB(json_object_new_int64)(n);
}

struct json_object *json_of_bool(bool b)
{
	return LIB(json_object_new_boolean)(b);
}

void json_add(struct json_object *object, const char *key,
	      struct json_object *value)
{
	LIB(json_object_object_add)(object, key, value);
}

void json_append(struct json_object *list, struct json_object *value)
{
	LIB(json_object_array_add)(list, value);
}

void json_print(struct json_object *object)
{
	puts(LIB(json_object_to_json_string_ext)(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE));
	LIB(json_object_put)(object);
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

void json_print(struct json_object *object)
{
}

#endif

void json_add_str(struct json_object *object, const char *key, const char *s)
{
	json_add(object, key, json_of_str(s));
}
