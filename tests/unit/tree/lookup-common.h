// SPDX-License-Identifier: LGPL-2.1-or-later
// A small module tree in a temporary directory, for the tests of lookups.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lkm/tree.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/module-builder.h"
#include "base/spawn.h"
#include "tree/index-reader.h"
#include "tree/text-reader.h"
#include "tree/trie.h"

#define RELEASE "1.0"
#define DIR_NAME "/lib/modules/" RELEASE

/* What an index run writes for the modules of world_modules(). */
#define DEP_TEXT                                   \
	"kernel/a.ko: kernel/b-x.ko kernel/c.ko\n" \
	"kernel/b-x.ko: kernel/c.ko\n"             \
	"kernel/c.ko:\n"                           \
	"kernel/d.ko:\n"
#define ALIAS_TEXT                                       \
	"# Aliases extracted from modules themselves.\n" \
	"alias pci:v00008086d* a\n"                      \
	"alias pci:v00008086d*9 a\n"                     \
	"alias of:N*T*Cfoo,bar-baz b_x\n"                \
	"alias pci:v00008086d000015* c\n"                \
	"alias usb:v1[0-9]p* d\n"                        \
	"alias fs-ext9 d\n"
#define SYMBOLS_TEXT                                         \
	"# Aliases for symbols, used by symbol_request().\n" \
	"alias symbol:b_fn b_x\n"                            \
	"alias symbol:c_fn c\n"
#define BUILTIN_TEXT "kernel/built-in.ko\nkernel/other.ko\n"
#define MODINFO_TEXT                                       \
	"built_in.license=GPL\0built_in.alias=net-pf-99\0" \
	"other.alias=net-pf-*\0built_in.parm=x:y=z"

struct world {
	char root[64];
};

static inline void path_in(const struct world *w, const char *name,
			   char ret[static 256])
{
	assert_true(snprintf(ret, 256, "%s%s", w->root, name) < 256);
}

static inline void put(const struct world *w, const char *name,
		       const void *bytes, size_t size)
{
	char path[256];
	FILE *f;

	path_in(w, name, path);
	/* Else ext4 writes out a file that replaces another one's content. */
	unlink(path);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static inline void put_text(const struct world *w, const char *name,
			    const char *text)
{
	put(w, name, text, strlen(text));
}

static inline void make_dir(const struct world *w, const char *name)
{
	char path[256];

	path_in(w, name, path);
	for (char *p = path + strlen(w->root) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	mkdir(path, 0755);
}

static inline void drop(const struct world *w, const char *name)
{
	char path[256];

	path_in(w, name, path);
	assert_int_equal(unlink(path), 0);
}

static inline void make_module(const struct world *w, const char *name,
			       const char *recipe)
{
	char path[256];

	path_in(w, name, path);
	module_write(recipe, path);
}

static inline void world_open(struct world *w)
{
	snprintf(w->root, sizeof(w->root), "/tmp/lkm-test-lookup-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	make_dir(w, DIR_NAME "/kernel");
}

static inline void world_close(struct world *w)
{
	const char *const argv[] = { "rm", "-rf", w->root, NULL };
	int status;

	assert_int_equal(spawn_run(&(struct spawn){ .argv = argv }, &status),
			 0);
}

static inline void world_modules(const struct world *w)
{
	make_module(w, DIR_NAME "/kernel/a.ko",
		    "name=a alias=pci:v00008086d* alias=pci:v00008086d*9 "
		    "need:b_fn:0x1 need:c_fn:0x2");
	make_module(w, DIR_NAME "/kernel/b-x.ko",
		    "name=b_x alias=of:N*T*Cfoo,bar-baz export:b_fn:0x1 "
		    "need:c_fn:0x2");
	make_module(w, DIR_NAME "/kernel/c.ko",
		    "name=c alias=pci:v00008086d000015* export:c_fn:0x2");
	make_module(w, DIR_NAME "/kernel/d.ko",
		    "name=d alias=usb:v1[0-9]p* alias=fs-ext9");
	put_text(w, DIR_NAME "/modules.order",
		 "kernel/a.ko\nkernel/b-x.ko\nkernel/c.ko\nkernel/d.ko\n");
}

static inline void world_builtin(const struct world *w)
{
	put_text(w, DIR_NAME "/modules.builtin", BUILTIN_TEXT);
	put(w, DIR_NAME "/modules.builtin.modinfo", MODINFO_TEXT,
	    sizeof(MODINFO_TEXT));
}

static inline void world_text(const struct world *w)
{
	put_text(w, DIR_NAME "/modules.dep", DEP_TEXT);
	put_text(w, DIR_NAME "/modules.alias", ALIAS_TEXT);
	put_text(w, DIR_NAME "/modules.symbols", SYMBOLS_TEXT);
}

static inline void put_bin(const struct world *w, const char *name,
			   struct text_index *t)
{
	struct strbuf b = { 0 };

	assert_int_equal(trie_write(&t->items, &b), 0);
	put(w, name, b.data, b.len);
	strbuf_release(&b);
	text_release(t);
}

#define SPAN_OF(text) ((struct span){ (const uint8_t *)(text), strlen(text) })

static inline void world_bin(const struct world *w)
{
	struct text_index dep = { 0 }, alias = { 0 }, symbols = { 0 };
	struct text_index builtin = { 0 }, builtin_alias = { 0 };
	struct map places = { 0 };

	assert_int_equal(text_read_dep(&dep, SPAN_OF(DEP_TEXT)), 0);
	assert_int_equal(text_places(&dep, &places), 0);
	assert_int_equal(text_read_alias(&alias, SPAN_OF(ALIAS_TEXT), &places),
			 0);
	assert_int_equal(
		text_read_alias(&symbols, SPAN_OF(SYMBOLS_TEXT), &places), 0);
	assert_int_equal(text_read_builtin(&builtin, SPAN_OF(BUILTIN_TEXT)), 0);
	assert_int_equal(text_add(&builtin_alias, "net_pf_99", "built_in", 0),
			 0);
	assert_int_equal(text_add(&builtin_alias, "net_pf_*", "other", 0), 0);
	map_release(&places);
	put_bin(w, DIR_NAME "/modules.alias.bin", &alias);
	put_bin(w, DIR_NAME "/modules.symbols.bin", &symbols);
	put_bin(w, DIR_NAME "/modules.dep.bin", &dep);
	put_bin(w, DIR_NAME "/modules.builtin.bin", &builtin);
	put_bin(w, DIR_NAME "/modules.builtin.alias.bin", &builtin_alias);
}

static inline struct lkm_tree *open_tree(const struct world *w,
					 unsigned int flags,
					 const char *const *layers,
					 size_t layer_count)
{
	const struct lkm_tree_options o = {
		.size = sizeof(o),
		.root = w->root,
		.release = RELEASE,
		.layers = layers,
		.layer_count = layer_count,
		.flags = flags | LKM_TREE_NO_CACHE,
	};
	struct lkm_error *e = NULL;
	struct lkm_tree *tree;

	if (lkm_tree_open(&o, &tree, &e) < 0)
		fail_msg("open: %s", lkm_error_text(e));
	return tree;
}

/* The answer as "a b c", "" for none, "!id" for an error. */
static inline void alias_text(struct lkm_tree *tree, const char *alias,
			      char ret[static 256])
{
	const char *const *names;
	struct lkm_error *e = NULL;
	size_t count, len = 0;
	int rc = lkm_tree_alias(tree, alias, &names, &count, &e);

	ret[0] = '\0';
	if (rc < 0)
		snprintf(ret, 256, "!%s", lkm_error_id(e));
	for (size_t i = 0; rc == 1 && i < count; i++)
		len += (size_t)snprintf(ret + len, 256 - len, "%s%s",
					i ? " " : "", names[i]);
	lkm_error_free(e);
}

/* "path: dep dep" */
static inline void module_text(struct lkm_tree *tree, const char *name,
			       char ret[static 256])
{
	const struct lkm_module_file *m;
	struct lkm_error *e = NULL;
	int rc = lkm_tree_module(tree, name, &m, &e);
	size_t len;

	ret[0] = '\0';
	if (rc < 0)
		snprintf(ret, 256, "!%s", lkm_error_id(e));
	lkm_error_free(e);
	if (rc != 1)
		return;
	len = (size_t)snprintf(ret, 256, "%s:", m->path);
	for (size_t i = 0; i < m->dep_count; i++)
		len += (size_t)snprintf(ret + len, 256 - len, " %s",
					m->deps[i].path);
}

static inline bool has_warning(const struct lkm_tree *tree, const char *id)
{
	const struct lkm_error *e;

	for (size_t i = 0; (e = lkm_tree_warning(tree, i)); i++) {
		if (!strcmp(lkm_error_id(e), id))
			return true;
	}
	return false;
}

static inline uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Change 1 to 32 bytes, cut, clear a run, or copy one place to another. */
static inline size_t corrupt(uint8_t *p, size_t size, uint32_t *seed)
{
	uint32_t kind = next_random(seed) % 8, run;
	size_t from = next_random(seed) % size, to = next_random(seed) % size;

	if (kind == 0)
		return from;
	run = 1 + next_random(seed) % (kind == 1 ? 4096 : 32);
	run = (uint32_t)MIN_OF(run, size - MAX_OF(from, to));
	if (kind == 1)
		memset(p + from, 0, run);
	else if (kind == 2)
		memmove(p + to, p + from, run);
	for (; kind > 2 && run; run--)
		p[next_random(seed) % size] = (uint8_t)next_random(seed);
	return size;
}
