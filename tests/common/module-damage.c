// SPDX-License-Identifier: LGPL-2.1-or-later
// What is done to a finished module file, to see what its readers do.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module-builder-internal.h"

/* Offset and size for ELF32, then for ELF64. */
static const struct place {
	const char *name;
	uint8_t at[2], size[2];
} places[] = {
	{ "e_class", { 4, 4 }, { 1, 1 } },
	{ "e_data", { 5, 5 }, { 1, 1 } },
	{ "e_type", { 16, 16 }, { 2, 2 } },
	{ "e_machine", { 18, 18 }, { 2, 2 } },
	{ "e_shoff", { 32, 40 }, { 4, 8 } },
	{ "e_flags", { 36, 48 }, { 4, 4 } },
	{ "e_shentsize", { 46, 58 }, { 2, 2 } },
	{ "e_shnum", { 48, 60 }, { 2, 2 } },
	{ "e_shstrndx", { 50, 62 }, { 2, 2 } },
	{ "sh_name", { 0, 0 }, { 4, 4 } },
	{ "sh_type", { 4, 4 }, { 4, 4 } },
	{ "sh_flags", { 8, 8 }, { 4, 8 } },
	{ "sh_offset", { 16, 24 }, { 4, 8 } },
	{ "sh_size", { 20, 32 }, { 4, 8 } },
	{ "sh_link", { 24, 40 }, { 4, 4 } },
	{ "sh_info", { 28, 44 }, { 4, 4 } },
	{ "sh_entsize", { 36, 56 }, { 4, 8 } },
};

static uint64_t table_start(const struct builder *m, const struct bytes *out)
{
	size_t size = (size_t)(m->is_32 ? 4 : 8), at = m->is_32 ? 32 : 40;
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)out->data[at + i]
			 << 8 * (m->is_big ? size - 1 - i : i);
	return value;
}

/* "e_FIELD=N" or "SECTION,sh_FIELD=N" */
static void damage_set(const struct builder *m, struct bytes *out,
		       const char *arg)
{
	const char *comma = strchr(arg, ','), *equals = strchr(arg, '=');
	const char *name = comma ? comma + 1 : arg;
	uint64_t at = 0, value;

	if (!equals)
		builder_fail("no value in", arg);
	value = strtoull(equals + 1, NULL, 0);
	if (comma) {
		char section[MAX_TEXT];
		unsigned int index;

		snprintf(section, sizeof(section), "%.*s", (int)(comma - arg),
			 arg);
		index = strspn(section, "0123456789") == strlen(section) ?
				(unsigned int)strtoul(section, NULL, 10) :
				builder_section(m, section);
		at = table_start(m, out) + index * (m->is_32 ? 40UL : 64UL);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct place *p = &places[i];

		if (strncmp(p->name, name, (size_t)(equals - name)) != 0 ||
		    p->name[equals - name])
			continue;
		builder_put(out->data + at + p->at[!m->is_32], value,
			    p->size[!m->is_32], m->is_big);
		return;
	}
	builder_fail("no such field in", arg);
}

void builder_damage(const struct builder *m, struct bytes *out,
		    const char *word)
{
	char text[MAX_TEXT];

	if (builder_is_kind(word, "@set")) {
		damage_set(m, out, word + 5);
	} else if (builder_is_kind(word, "@flip")) {
		size_t at = strtoul(builder_field(word, 0, text), NULL, 0);

		builder_field(word, 1, text);
		out->data[at] ^= (uint8_t)strtoul(*text ? text : "0xff", NULL,
						  0);
	} else if (builder_is_kind(word, "@truncate")) {
		size_t size = strtoul(builder_field(word, 0, text), NULL, 0);

		out->size = size < out->size ? size : out->size;
	} else if (builder_is_kind(word, "@append")) {
		builder_add_hex(out, builder_field(word, 0, text));
	} else {
		builder_fail("no such damage", word);
	}
}
