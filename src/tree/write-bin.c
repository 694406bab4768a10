// SPDX-License-Identifier: LGPL-2.1-or-later
// The .bin index files.
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "diag/error.h"
#include "tree/seal.h"
#include "tree/trie.h"
#include "tree/write.h"

#define LINE_NAME_MAX 256 /* of a file, in modules.builtin */

struct writer {
	struct write_output *out;
	struct arena strings;
	trie_items items;
	bool failed;
};

static void put(struct writer *w, const char *key, const char *value,
		uint32_t priority)
{
	struct trie_item item = { key, value, priority, 0 };

	if (!vec_push(&w->items, item))
		w->failed = true;
}

/* Write what was put; an index of nothing is an empty file if @may_be_empty. */
static int finish(struct writer *w, bool may_be_empty)
{
	struct strbuf *out = &w->out->bytes;
	size_t start = out->len;
	int rc = w->failed ? -ENOMEM : 0;

	if (!rc && (w->items.len || !may_be_empty)) {
		rc = trie_write(&w->items, out);
		if (!rc)
			rc = seal_add(out, start);
	}
	vec_release(&w->items);
	arena_release(&w->strings);
	return rc;
}

int write_dep_bin(const struct write_input *in, struct write_output *out)
{
	struct writer w = { .out = out };
	_cleanup_strbuf_ struct strbuf line = { 0 };

	for (size_t i = 0; i < in->graph->count && !w.failed; i++) {
		const struct graph_module *m = &in->graph->modules[i];
		const char *copy;

		/* A name that is not ASCII is reported by its alias, if any. */
		if (trie_key_problem(m->name))
			continue;
		strbuf_clear(&line);
		write_dep_line(m, &line);
		copy = arena_strndup(&w.strings, strbuf_str(&line), line.len);
		if (line.failed || !copy)
			w.failed = true;
		else
			put(&w, m->name, copy, m->index);
	}
	return finish(&w, false);
}

static void warn(struct writer *w, const char *file, const char *alias,
		 const char *why)
{
	struct lkm_error *e = NULL;

	FAIL(&e, TREE_ALIAS, KV_STR("file", file), KV_STR("alias", alias),
	     KV_STR("why", why));
	if (!error_list_take(&w->out->warnings, e))
		w->failed = true;
}

/* Put @alias in its normal form, or say why not. */
static void put_alias(struct writer *w, const char *alias, const char *file,
		      const char *name, uint32_t priority)
{
	const char *problem = trie_key_problem(alias);
	/* Most have nothing to normalise, and then need no copy. */
	bool is_normal = !strpbrk(alias, "-[]");
	char key[TRIE_KEY_MAX + 1];

	if (!problem && !is_normal && !alias_normalise(alias, key, sizeof(key)))
		problem = "unmatched bracket";
	if (problem) {
		warn(w, file, alias, problem);
		return;
	}
	if (!is_normal)
		alias = arena_strdup(&w->strings, key);
	if (alias)
		put(w, alias, name, priority);
	else
		w->failed = true;
}

int write_alias_bin(const struct write_input *in, struct write_output *out)
{
	struct writer w = { .out = out };

	for (size_t i = 0; i < in->graph->count && !w.failed; i++) {
		const struct graph_module *m = &in->graph->modules[i];

		for (size_t k = 0; k < m->aliases.count; k++)
			put_alias(&w, m->aliases.data[k], m->path, m->name,
				  m->index);
	}
	return finish(&w, false);
}

int write_symbols_bin(const struct write_input *in, struct write_output *out)
{
	struct writer w = { .out = out };

	for (size_t i = 0; i < in->graph->symbol_count && !w.failed; i++) {
		const struct graph_symbol *s = &in->graph->symbols[i];
		size_t len = strlen(s->name);
		char *key = arena_alloc(&w.strings, len + sizeof("symbol:"));

		if (!key) {
			w.failed = true;
			break;
		}
		memcpy(key, "symbol:", strlen("symbol:"));
		memcpy(key + strlen("symbol:"), s->name, len + 1);
		if (trie_key_problem(key))
			warn(&w, s->owner->path, key, trie_key_problem(key));
		else
			put(&w, key, s->owner->name, s->owner->index);
	}
	return finish(&w, false);
}

int write_builtin_bin(const struct write_input *in, struct write_output *out)
{
	struct writer w = { .out = out };
	struct span line;
	size_t pos = 0;

	while (!w.failed && text_next_line(in->builtin_list, &pos, &line)) {
		char file[LINE_NAME_MAX], name[LINE_NAME_MAX];
		const uint8_t *slash = memrchr(line.data, '/', line.size);
		const char *copy;

		/* Paths begin with a letter; else kmod takes no line either. */
		if (!line.size || !isalpha(line.data[0]))
			continue;
		if (slash) {
			line.size -= (size_t)(slash + 1 - line.data);
			line.data = slash + 1;
		}
		if (line.size >= sizeof(file))
			continue;
		memcpy(file, line.data, line.size);
		file[line.size] = '\0';
		file[strcspn(file, ".")] = '\0';
		if (!module_name_of(file, name, sizeof(name)) ||
		    trie_key_problem(name))
			continue;
		copy = arena_strdup(&w.strings, name);
		if (copy)
			put(&w, copy, "", 0);
		else
			w.failed = true;
	}
	return finish(&w, !in->builtin_list.size);
}

int write_builtin_alias_bin(const struct write_input *in,
			    struct write_output *out)
{
	struct writer w = { .out = out };

	for (size_t i = 0; i < in->builtin->modules.len; i++) {
		const struct builtin_module *m = in->builtin->modules.data[i];

		for (size_t k = 0; k < m->entries.len; k++) {
			const struct lkm_builtin_info *e = &m->entries.data[k];

			if (!strcmp(e->key, "alias"))
				put_alias(&w, e->value,
					  "modules.builtin.modinfo", m->name,
					  0);
		}
	}
	return finish(&w, true);
}
