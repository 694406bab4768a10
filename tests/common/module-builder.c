// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes a small module file of a line of text, for tests.
#include "module-builder.h"

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module-builder-internal.h"

void builder_fail(const char *what, const char *word)
{
	fprintf(stderr, "module_build: %s '%s'\n", what, word);
	abort();
}

static void *check(void *p)
{
	if (!p)
		builder_fail("out of", "memory");
	return p;
}

static void add(struct bytes *b, const void *data, size_t size)
{
	b->data = check(realloc(b->data, b->size + size + 1));
	if (data)
		memcpy(b->data + b->size, data, size);
	else
		memset(b->data + b->size, 0, size);
	b->size += size;
}

void builder_put(uint8_t *at, uint64_t value, size_t size, bool big)
{
	for (size_t i = 0; i < size; i++)
		at[big ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
}

static void add_number(struct bytes *b, uint64_t value, size_t size, bool big)
{
	uint8_t raw[8];

	builder_put(raw, value, size, big);
	add(b, raw, size);
}

static size_t word_size(const struct builder *m)
{
	return m->is_32 ? 4 : 8;
}

void builder_add_hex(struct bytes *b, const char *hex)
{
	for (; hex[0] && hex[1]; hex += 2) {
		char pair[3] = { hex[0], hex[1], 0 };

		add_number(b, strtoul(pair, NULL, 16), 1, false);
	}
}

/* %XX as a byte; the length without the NUL. */
static size_t decode(const char *from, size_t len, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < MAX_TEXT - 1; i++) {
		char pair[3] = { 0 };

		if (from[i] != '%' || i + 2 >= len) {
			to[n++] = from[i];
			continue;
		}
		memcpy(pair, from + i + 1, 2);
		to[n++] = (char)strtoul(pair, NULL, 16);
		i += 2;
	}
	to[n] = '\0';
	return n;
}

/* Field @index of "KIND:A:B:C" (A is 0); "" where there is none. */
const char *builder_field(const char *word, int index, char *to)
{
	const char *at = strchr(word, ':');

	while (at && index--)
		at = strchr(at + 1, ':');
	decode(at ? at + 1 : "", at ? strcspn(at + 1, ":") : 0, to);
	return to;
}

static void parse_export(struct builder *m, const char *word)
{
	struct export *x = &m->exports[m->export_count++];
	char text[MAX_TEXT];

	builder_field(word, 0, x->name);
	x->has_crc = *builder_field(word, 1, text);
	x->crc = (uint32_t)strtoul(text, NULL, 0);
	x->gpl = !strcmp(builder_field(word, 2, text), "gpl");
	builder_field(word, 3, x->name_space);
}

static void parse_need(struct builder *m, const char *word)
{
	struct need *x = &m->needs[m->need_count++];
	char text[MAX_TEXT];

	builder_field(word, 0, x->name);
	x->has_crc = *builder_field(word, 1, text);
	x->crc = (uint32_t)strtoul(text, NULL, 0);
	x->bind = word[0] == 'w' ? STB_WEAK : STB_GLOBAL;
}

bool builder_is_kind(const char *word, const char *kind)
{
	size_t len = strlen(kind);

	return !strncmp(word, kind, len) && word[len] == ':';
}

static bool parse_flag(struct builder *m, const char *word)
{
	if (!strcmp(word, "32") || !strcmp(word, "64"))
		m->is_32 = word[0] == '3';
	else if (!strcmp(word, "be") || !strcmp(word, "le"))
		m->is_big = word[0] == 'b';
	else if (!strcmp(word, "oldexports"))
		m->old_exports = true;
	else if (!strcmp(word, "ext"))
		m->ext = true;
	else if (!strcmp(word, "extonly"))
		m->ext_only = true;
	else
		return false;
	return true;
}

static void parse_word(struct builder *m, const char *word)
{
	char text[MAX_TEXT];

	if (parse_flag(m, word) || word[0] == '@')
		return;
	if (builder_is_kind(word, "machine")) {
		m->machine = (uint16_t)strtoul(builder_field(word, 0, text),
					       NULL, 0);
	} else if (builder_is_kind(word, "export")) {
		parse_export(m, word);
	} else if (builder_is_kind(word, "need") ||
		   builder_is_kind(word, "weak")) {
		parse_need(m, word);
	} else if (builder_is_kind(word, "section")) {
		struct section *s = &m->extra[m->extra_count++];

		builder_field(word, 0, s->name);
		builder_add_hex(&s->data, builder_field(word, 1, text));
	} else if (builder_is_kind(word, "buildid")) {
		builder_add_hex(&m->build_id, builder_field(word, 0, text));
	} else if (builder_is_kind(word, "sign")) {
		m->signature = strtol(builder_field(word, 0, text), NULL, 0);
	} else if (strchr(word, '=')) {
		size_t len = decode(word, strlen(word), text);

		add(&m->modinfo, text, len + 1);
	} else {
		builder_fail("no such word", word);
	}
}

static void add_section(struct builder *m, const char *name, uint32_t type,
			struct bytes data, uint32_t flags)
{
	struct section *s = &m->sections[m->section_count++];

	snprintf(s->name, sizeof(s->name), "%s", name);
	s->type = type;
	s->data = data;
	s->flags = flags;
}

unsigned int builder_section(const struct builder *m, const char *name)
{
	for (unsigned int i = 0; i < m->section_count; i++) {
		if (!strcmp(m->sections[i].name, name))
			return i;
	}
	return 0;
}

static void add_local(struct builder *m, const char *prefix, const char *name,
		      uint64_t value, unsigned int section)
{
	struct local *l = &m->locals[m->local_count++];

	snprintf(l->name, sizeof(l->name), "%s%.*s", prefix, MAX_TEXT - 16,
		 name);
	l->value = value;
	l->section = section;
}

enum { STRINGS, KSYMTAB, KSYMTAB_GPL, KCRCTAB, KCRCTAB_GPL, TABLES };

static void add_export(struct builder *m, const struct export *x,
		       struct bytes *t, const unsigned int *where)
{
	bool old = m->old_exports;
	int gpl = x->gpl;

	add_local(m, "__kstrtab_", x->name, t[STRINGS].size, where[STRINGS]);
	add(&t[STRINGS], x->name, strlen(x->name) + 1);
	if (!old) {
		add_local(m, "__kstrtabns_", x->name, t[STRINGS].size,
			  where[STRINGS]);
		add(&t[STRINGS], x->name_space, strlen(x->name_space) + 1);
	}
	add_local(m, "__ksymtab_", x->name, t[KSYMTAB + gpl].size,
		  where[KSYMTAB + gpl]);
	add(&t[KSYMTAB + gpl], NULL, old ? 2 * word_size(m) : 12);
	if (!x->has_crc)
		return;
	if (old) {
		add_local(m, "__crc_", x->name, x->crc, SHN_ABS);
		return;
	}
	add_local(m, "__crc_", x->name, t[KCRCTAB + gpl].size,
		  where[KCRCTAB + gpl]);
	add_number(&t[KCRCTAB + gpl], x->crc, 4, m->is_big);
}

static void add_exports(struct builder *m)
{
	static const char *const names[TABLES] = {
		"__ksymtab_strings", "__ksymtab",     "__ksymtab_gpl",
		"__kcrctab",	     "__kcrctab_gpl",
	};
	unsigned int where[TABLES] = { 0 }, next = m->section_count;
	struct bytes t[TABLES] = { 0 };
	bool has[TABLES] = { 0 };

	for (unsigned int i = 0; i < m->export_count; i++) {
		const struct export *x = &m->exports[i];

		has[STRINGS] = has[KSYMTAB + x->gpl] = true;
		has[KCRCTAB + x->gpl] |= x->has_crc && !m->old_exports;
	}
	for (int i = 0; i < TABLES; i++)
		where[i] = has[i] ? next++ : 0;
	for (unsigned int i = 0; i < m->export_count; i++)
		add_export(m, &m->exports[i], t, where);
	for (int i = 0; i < TABLES; i++) {
		if (has[i])
			add_section(m, names[i], SHT_PROGBITS, t[i], 2);
	}
}

static void add_version(const struct builder *m, const char *name, uint32_t crc,
			struct bytes *v)
{
	char padded[64] = { 0 };

	snprintf(padded, 64 - word_size(m), "%s", name);
	add_number(&v[0], crc, word_size(m), m->is_big);
	add(&v[0], padded, 64 - word_size(m));
	add_number(&v[1], crc, 4, m->is_big);
	add(&v[2], name, strlen(name) + 1);
}

static void add_versions(struct builder *m)
{
	static const char *const names[] = {
		"__versions",
		"__version_ext_crcs",
		"__version_ext_names",
	};
	const bool wanted[] = { !m->ext_only, m->ext || m->ext_only,
				m->ext || m->ext_only };
	struct bytes v[3] = { 0 };

	for (unsigned int i = 0; i < m->need_count; i++) {
		const struct need *x = &m->needs[i];

		if (!x->has_crc)
			continue;
		if (!v[0].size)
			add_version(m, "module_layout", 0x12345678, v);
		add_version(m, x->name, x->crc, v);
	}
	for (int i = 0; i < 3; i++) {
		if (wanted[i] && v[i].size)
			add_section(m, names[i], SHT_PROGBITS, v[i], 2);
		else
			free(v[i].data);
	}
}

static void add_build_id(struct builder *m)
{
	struct bytes note = { 0 };

	if (!m->build_id.data)
		return;
	add_number(&note, 4, 4, m->is_big);
	add_number(&note, m->build_id.size, 4, m->is_big);
	add_number(&note, 3, 4, m->is_big);
	add(&note, "GNU", 4);
	add(&note, m->build_id.data, m->build_id.size);
	add_section(m, ".note.gnu.build-id", SHT_NOTE, note, 2);
}

static void add_symbol(struct builder *m, struct bytes *table,
		       const struct local *s, uint8_t bind, uint8_t type)
{
	size_t name = *s->name ? m->strings.size : 0;
	uint8_t info = (uint8_t)(bind << 4 | type);

	if (*s->name)
		add(&m->strings, s->name, strlen(s->name) + 1);
	add_number(table, name, 4, m->is_big);
	if (m->is_32) {
		add_number(table, s->value, 4, m->is_big);
		add_number(table, 0, 4, m->is_big);
	}
	add_number(table, info, 1, m->is_big);
	add_number(table, 0, 1, m->is_big);
	add_number(table, s->section, 2, m->is_big);
	if (!m->is_32) {
		add_number(table, s->value, 8, m->is_big);
		add_number(table, 0, 8, m->is_big);
	}
}

static void add_symbols(struct builder *m)
{
	struct local s = { .name = "" };
	struct bytes table = { 0 };

	add(&m->strings, "", 1);
	add_symbol(m, &table, &s, STB_LOCAL, 0);
	for (unsigned int i = 0; i < m->local_count; i++)
		add_symbol(m, &table, &m->locals[i], STB_LOCAL, 0);
	s.section = builder_section(m, ".text");
	for (unsigned int i = 0; i < m->export_count; i++) {
		snprintf(s.name, sizeof(s.name), "%s", m->exports[i].name);
		add_symbol(m, &table, &s, STB_GLOBAL, STT_FUNC);
	}
	s.section = 0;
	for (unsigned int i = 0; i < m->need_count; i++) {
		snprintf(s.name, sizeof(s.name), "%s", m->needs[i].name);
		add_symbol(m, &table, &s, m->needs[i].bind, 0);
	}
	add_section(m, ".symtab", SHT_SYMTAB, table, 0);
	m->sections[m->section_count - 1].link = m->section_count;
	m->sections[m->section_count - 1].info = 1 + m->local_count;
	add_section(m, ".strtab", SHT_STRTAB, m->strings, 0);
}

static void add_names(struct builder *m)
{
	struct bytes names = { 0 };

	add_section(m, ".shstrtab", SHT_STRTAB, names, 0);
	for (unsigned int i = 0; i < m->section_count; i++)
		add(&names, m->sections[i].name,
		    strlen(m->sections[i].name) + 1);
	m->sections[m->section_count - 1].data = names;
}

static void add_padding(struct bytes *b)
{
	add(b, NULL, -b->size % 8);
}

static void add_section_header(struct builder *m, struct bytes *headers,
			       size_t name, const struct section *s,
			       size_t offset)
{
	size_t w = word_size(m);
	uint64_t align = s->type == SHT_NOTE ? 4 : 8;

	add_number(headers, name, 4, m->is_big);
	add_number(headers, s->type, 4, m->is_big);
	add_number(headers, s->flags, w, m->is_big);
	add_number(headers, 0, w, m->is_big);
	add_number(headers, offset, w, m->is_big);
	add_number(headers, s->data.size, w, m->is_big);
	add_number(headers, s->link, 4, m->is_big);
	add_number(headers, s->info, 4, m->is_big);
	add_number(headers, s->type ? align : 0, w, m->is_big);
	add_number(headers,
		   s->type != SHT_SYMTAB ? 0 :
		   m->is_32		 ? 16 :
					   24,
		   w, m->is_big);
}

static void write_header(struct builder *m, uint8_t *out, size_t shoff)
{
	static const uint8_t magic[] = { 0x7f, 'E', 'L', 'F' };
	size_t end = m->is_32 ? 40 : 52;

	memcpy(out, magic, sizeof(magic));
	out[4] = m->is_32 ? 1 : 2;
	out[5] = m->is_big ? 2 : 1;
	out[6] = 1;
	builder_put(out + 16, ET_REL, 2, m->is_big);
	builder_put(out + 18, m->machine, 2, m->is_big);
	builder_put(out + 20, 1, 4, m->is_big);
	builder_put(out + (m->is_32 ? 32 : 40), shoff, word_size(m), m->is_big);
	builder_put(out + end, m->is_32 ? 52 : 64, 2, m->is_big);
	builder_put(out + end + 6, m->is_32 ? 40 : 64, 2, m->is_big);
	builder_put(out + end + 8, m->section_count, 2, m->is_big);
	builder_put(out + end + 10, m->section_count - 1, 2, m->is_big);
}

static void add_signature(struct builder *m, struct bytes *out)
{
	static const uint8_t trailer[8] = { 0, 0, 2 };

	if (m->signature < 0)
		return;
	for (long i = 0; i < m->signature; i++)
		add(out, "\x30", 1);
	add(out, trailer, sizeof(trailer));
	add_number(out, (uint64_t)m->signature, 4, true);
	add(out, "~Module signature appended~\n", 28);
}

static struct bytes finish(struct builder *m)
{
	struct bytes out = { 0 }, headers = { 0 };
	size_t name = 0;

	add(&out, NULL, m->is_32 ? 52 : 64);
	for (unsigned int i = 0; i < m->section_count; i++) {
		const struct section *s = &m->sections[i];

		add_padding(&out);
		add_section_header(m, &headers, name, s,
				   s->type ? out.size : 0);
		add(&out, s->data.data ? s->data.data : (uint8_t *)"",
		    s->data.size);
		name += strlen(s->name) + 1;
	}
	add_padding(&out);
	write_header(m, out.data, out.size);
	add(&out, headers.data, headers.size);
	free(headers.data);
	add_signature(m, &out);
	return out;
}

static void each_word(struct builder *m, const char *recipe, struct bytes *out)
{
	char word[MAX_TEXT];

	while (*recipe) {
		size_t len = strcspn(recipe, " \n\t");

		if (len >= sizeof(word))
			builder_fail("word too long", recipe);
		memcpy(word, recipe, len);
		word[len] = '\0';
		if (!len)
			;
		else if (!out)
			parse_word(m, word);
		else if (word[0] == '@')
			builder_damage(m, out, word);
		recipe += len + (recipe[len] != '\0');
	}
}

uint8_t *module_build(const char *recipe, size_t *ret_size)
{
	struct builder *m = check(calloc(1, sizeof(*m)));
	static const struct bytes none;
	struct bytes text = { 0 }, out;

	m->machine = EM_X86_64;
	m->signature = -1;
	each_word(m, recipe, NULL);
	add_section(m, "", SHT_NULL, none, 0);
	add(&text, "\xc3\xc3\xc3\xc3", 4);
	add_section(m, ".text", SHT_PROGBITS, text, 6);
	add_section(m, ".modinfo", SHT_PROGBITS, m->modinfo, 2);
	add_exports(m);
	add_versions(m);
	add_build_id(m);
	for (unsigned int i = 0; i < m->extra_count; i++)
		add_section(m, m->extra[i].name, SHT_PROGBITS, m->extra[i].data,
			    0);
	add_symbols(m);
	add_names(m);
	out = finish(m);
	each_word(m, recipe, &out);
	for (unsigned int i = 0; i < m->section_count; i++)
		free(m->sections[i].data.data);
	free(m->build_id.data);
	free(m);
	*ret_size = out.size;
	return out.data;
}

void module_write(const char *recipe, const char *path)
{
	size_t size;
	uint8_t *bytes = module_build(recipe, &size);
	FILE *f = fopen(path, "we");

	if (!f || fwrite(bytes, 1, size, f) != size || fclose(f) != 0)
		builder_fail("cannot write", path);
	free(bytes);
}
