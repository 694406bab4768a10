// SPDX-License-Identifier: LGPL-2.1-or-later
// What the two halves of the module builder share.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ITEMS 64
#define MAX_TEXT 512

struct bytes {
	uint8_t *data;
	size_t size;
};

struct section {
	char name[MAX_TEXT];
	uint32_t type;
	struct bytes data;
	uint32_t flags, link, info;
};

struct export
{
	char name[MAX_TEXT], name_space[MAX_TEXT];
	uint32_t crc;
	bool has_crc, gpl;
};

struct need {
	char name[MAX_TEXT];
	uint32_t crc;
	bool has_crc;
	uint8_t bind;
};

struct local {
	char name[MAX_TEXT];
	uint64_t value;
	unsigned int section;
};

struct builder {
	bool is_32, is_big, old_exports, ext, ext_only;
	uint16_t machine;
	struct bytes modinfo, build_id, strings;
	long signature;
	struct section sections[MAX_ITEMS], extra[MAX_ITEMS];
	struct export exports[MAX_ITEMS];
	struct need needs[MAX_ITEMS];
	struct local locals[MAX_ITEMS * 4];
	unsigned int section_count, extra_count, export_count, need_count,
		local_count;
};

_Noreturn void builder_fail(const char *what, const char *word);
void builder_add_hex(struct bytes *b, const char *hex);
void builder_put(uint8_t *at, uint64_t value, size_t size, bool big);
bool builder_is_kind(const char *word, const char *kind);
/* Field @index of "KIND:A:B:C" (A is 0) into MAX_TEXT bytes; "" where none. */
const char *builder_field(const char *word, int index, char *to);
unsigned int builder_section(const struct builder *m, const char *name);
/* Do what one '@' word says to the finished file. */
void builder_damage(const struct builder *m, struct bytes *out,
		    const char *word);
