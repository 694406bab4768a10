// SPDX-License-Identifier: LGPL-2.1-or-later
// JSON output by json-c, which is loaded when first needed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

struct lkm_error;

/* Load json-c: 0, or cli.library.missing.  main() does it for --json. */
int json_load(struct lkm_error **reterr);
struct json_object *json_new(void);
struct json_object *json_new_list(void);
struct json_object *json_of_str(const char *s);
struct json_object *json_of_num(int64_t n);
struct json_object *json_of_bool(bool b);
/* @value is taken over. */
void json_add(struct json_object *object, const char *key,
	      struct json_object *value);
void json_append(struct json_object *list, struct json_object *value);
void json_add_str(struct json_object *object, const char *key, const char *s);
/*
 * Print to stdout with a newline and free.  False and a message when memory
 * ran out on the way: nothing is printed then, never a part.
 */
bool json_print(struct json_object *object);

struct json_object *json_of_error(const struct lkm_error *e);
