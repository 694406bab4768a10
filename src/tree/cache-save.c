// SPDX-License-Identifier: LGPL-2.1-or-later
// What was read from module files, kept for the next run.
#include "tree/cache.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/root.h"
#include "base/span.h"
#include "base/strbuf.h"
#include "tree/cache-file.h"

/* New numbers for the names of one table: only those that are used. */
struct renumber {
	const struct names *names;
	uint32_t *number; /* plus one; 0: none yet */
};

struct saver {
	VEC(struct renumber) tables;
	struct renumber *last;
	struct strbuf strings, entries, ids;
	uint64_t name_count;
	struct names symbols;  /* those that have a number, and */
	VEC(uint32_t) numbers; /* which, plus one */
};

static struct renumber *table_of(struct saver *s, const struct names *names)
{
	struct renumber r = { .names = names };

	for (size_t i = 0; i < s->tables.len; i++) {
		if (s->tables.data[i].names == names)
			return &s->tables.data[i];
	}
	r.number = calloc(names->list.len + 1, sizeof(*r.number));
	if (!r.number)
		return NULL;
	if (!vec_push(&s->tables, r)) {
		free(r.number);
		return NULL;
	}
	return &s->tables.data[s->tables.len - 1];
}

/* A new number for @name plus one; 0: no memory. */
static uint32_t save_name(struct saver *s, const char *name, bool is_symbol)
{
	uint32_t seen = 0;

	/* Each reader has a table of its own: the same symbols in all. */
	if (is_symbol) {
		seen = names_intern(&s->symbols, name);
		if (seen == NAMES_FULL)
			return 0;
		if (seen < s->numbers.len)
			return s->numbers.data[seen];
	}
	strbuf_add(&s->strings, name, strlen(name) + 1);
	s->name_count++;
	if (is_symbol && !vec_push(&s->numbers, (uint32_t)s->name_count))
		return 0;
	return (uint32_t)s->name_count;
}

static bool save_entry(struct saver *s, const struct cache_entry *e)
{
	const struct facts *f = &e->facts;
	struct cache_record record = { .id = e->id };
	size_t total = facts_total(f);
	size_t symbols = f->counts[FACT_EXPORT] + f->counts[FACT_NEED];

	memcpy(record.counts, f->counts, sizeof(f->counts));
	if (!s->last || s->last->names != f->names)
		s->last = table_of(s, f->names);
	if (!s->last)
		return false;
	for (size_t i = 0; i < total; i++) {
		uint32_t *number = &s->last->number[f->ids[i]];
		uint32_t id;

		if (!*number)
			*number = save_name(s, f->names->list.data[f->ids[i]],
					    i < symbols);
		if (!*number)
			return false;
		id = *number - 1;
		strbuf_add(&s->ids, &id, sizeof(id));
	}
	return strbuf_add(&s->entries, &record, sizeof(record));
}

/* Join the parts behind a header; false: no memory. */
static bool save_join(struct saver *s, const struct cache_header *head,
		      struct strbuf *ret)
{
	struct cache_header h = *head;

	h.string_bytes = s->strings.len;
	h.name_count = s->name_count;
	h.id_count = s->ids.len / sizeof(uint32_t);
	strbuf_add(ret, &h, sizeof(h));
	strbuf_add(ret, strbuf_str(&s->strings), s->strings.len);
	strbuf_add(ret, strbuf_str(&s->entries), s->entries.len);
	strbuf_add(ret, strbuf_str(&s->ids), s->ids.len);
	if (ret->failed || s->strings.failed || s->ids.failed)
		return false;
	h.hash = cache_hash(h.time, ret->data + sizeof(h),
			    ret->len - sizeof(h));
	memcpy(ret->data, &h, sizeof(h));
	return true;
}

/* No sync: what a crash leaves does not have the right hash. */
int cache_save(const struct cache_place *place, const char *file,
	       const struct cache_entry *entries, size_t count, int64_t time)
{
	const struct cache_header head = { .magic = CACHE_MAGIC,
					   .version = CACHE_VERSION,
					   .time = (uint64_t)time,
					   .entry_count = count };
	_cleanup_strbuf_ struct strbuf bytes = { 0 };
	struct cache_piece all;
	struct saver s = { 0 };
	bool ok = true;

	if (place->dir < 0)
		return 0;
	for (size_t i = 0; i < count && ok; i++)
		ok = save_entry(&s, &entries[i]);
	for (size_t i = 0; i < count && ok; i++)
		ok = strbuf_add(&s.strings, entries[i].path,
				strlen(entries[i].path) + 1);
	ok = ok && save_join(&s, &head, &bytes);
	for (size_t i = 0; i < s.tables.len; i++)
		free(s.tables.data[i].number);
	vec_release(&s.tables);
	names_release(&s.symbols);
	vec_release(&s.numbers);
	strbuf_release(&s.strings);
	strbuf_release(&s.entries);
	strbuf_release(&s.ids);
	all = (struct cache_piece){ bytes.data, bytes.len };
	return ok ? cache_put(place, file, &all, 1) : -ENOMEM;
}
