// SPDX-License-Identifier: LGPL-2.1-or-later
// depmod -e and -v: who needs which symbol, and whether anything has it.
#include <lkm/image.h>

#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/root.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/compat/depmod.h"

/* Of System.map and Module.symvers; a kernel's are 5 MB. */
#define SYMBOLS_FILE_MAX ((size_t)256 << 20)

struct supply {
	const char *owner; /* path of the module; NULL: the kernel */
	uint32_t crc;
	struct user
		*user; /* of the owner: who was told last; NULL: the kernel */
};

/* The module that was last said to need this one: each is told once. */
struct user {
	const char *path;
};

struct check {
	struct depmod *d;
	struct arena arena;
	struct map supplies; /* by symbol */
};

static const char *without_prefix(const struct check *c, const char *name)
{
	return c->d->prefix && *name == c->d->prefix ? name + 1 : name;
}

static bool add(struct check *c, const char *name, const char *owner,
		uint32_t crc, struct user *user)
{
	struct supply *s = arena_alloc(&c->arena, sizeof(*s));
	char *key = arena_strdup(&c->arena, without_prefix(c, name));

	if (!s || !key)
		return false;
	*s = (struct supply){ owner, crc, user };
	return map_set(&c->supplies, key, s);
}

/* "0xCRC SYMBOL vmlinux ..." */
static bool add_symvers_line(struct check *c, char *line)
{
	char *rest = line;
	char *crc = strtok_r(rest, " \t", &rest);
	char *name = strtok_r(NULL, " \t", &rest);
	char *where = strtok_r(NULL, " \t", &rest);
	uint64_t value;

	if (!where || strcmp(where, "vmlinux") != 0 ||
	    !text_to_u64(crc, 16, &value))
		return true;
	return add(c, name, NULL, (uint32_t)value, NULL);
}

/* "ffffffff81000000 r __ksymtab_SYMBOL" */
static bool add_map_line(struct check *c, char *line)
{
	static const char mark[] = "__ksymtab_";
	char *rest = line;
	const char *name;

	strtok_r(rest, " \t", &rest);
	strtok_r(NULL, " \t", &rest);
	name = strtok_r(NULL, " \t", &rest);
	if (!name)
		return true;
	name = without_prefix(c, name);
	return !text_starts(name, mark) ||
	       add(c, name + strlen(mark), NULL, 0, NULL);
}

static bool add_file(struct check *c, const char *path,
		     bool (*add_line)(struct check *c, char *line))
{
	/* Supplied by whatever links a module. */
	static const char *const linked[] = { "__this_module",
					      "_GLOBAL_OFFSET_TABLE_", "TOC." };
	static const struct root host = { NULL, -1 };
	_cleanup_free_ char *whole = tool_absolute(path);
	_cleanup_free_ char *text = NULL;
	struct span all, line;
	size_t pos = 0, size;
	bool ok = whole;

	if (!ok || root_read(&host, whole, SYMBOLS_FILE_MAX, &text, &size) < 0)
		return false;
	all = (struct span){ (const uint8_t *)text, size };
	while (ok && text_next_line(all, &pos, &line)) {
		_cleanup_free_ char *copy = strndup((const char *)line.data,
						    line.size);

		ok = copy && add_line(c, copy);
	}
	for (size_t i = 0; ok && i < ARRAY_SIZE(linked); i++)
		ok = add(c, linked[i], NULL, 0, NULL);
	return ok;
}

static bool add_exports(struct check *c, struct lkm_image *image,
			const char *path)
{
	struct user *user = arena_zalloc(&c->arena, sizeof(*user));
	const struct lkm_export *x;
	size_t count;
	bool ok = user;

	if (lkm_image_exports(image, &x, &count, NULL) < 0)
		return true;
	for (size_t i = 0; ok && i < count; i++)
		ok = add(c, x[i].name, path, x[i].crc, user);
	return ok;
}

static void tell_need(struct check *c, const char *path, const char *symbol,
		      uint32_t crc, bool weak)
{
	const char *name = without_prefix(c, symbol);
	const struct supply *s = map_get(&c->supplies, name);
	struct depmod *d = c->d;

	if (!s) {
		if (d->unknown && !weak)
			tool_log(&d->t, LOG_WARNING,
				 "%s needs unknown symbol %s", path, name);
		return;
	}
	if (d->unknown && d->symvers && s->crc != crc && !weak)
		tool_log(&d->t, LOG_WARNING,
			 "%s disagrees about version of symbol %s", path, name);
	if (d->t.priority <= LOG_WARNING || !s->user || s->user->path == path ||
	    !strcmp(s->owner, path))
		return;
	s->user->path = path;
	printf("%s needs \"%s\": %s\n", path, name, s->owner);
}

static bool is_needed(const struct lkm_need *needs, size_t count,
		      const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(needs[i].name, name))
			return true;
	}
	return false;
}

static void tell_needs(struct check *c, struct lkm_image *image,
		       const char *path)
{
	const struct lkm_need *needs;
	const struct lkm_version *v;
	size_t count, versions;

	if (lkm_image_needs(image, &needs, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		tell_need(c, path, needs[i].name, needs[i].crc, needs[i].weak);
	if (lkm_image_versions(image, &v, &versions, NULL) < 0)
		return;
	/* Versions of what is no symbol of its own, as module_layout. */
	for (size_t i = 0; i < versions; i++) {
		if (!is_needed(needs, count, v[i].name))
			tell_need(c, path, v[i].name, v[i].crc, false);
	}
}

static bool each_module(struct check *c, struct lkm_tree *tree, bool needs)
{
	const struct lkm_module_file *files;
	size_t count;
	bool ok = lkm_tree_modules(tree, &files, &count, NULL) >= 0;

	for (size_t i = 0; ok && i < count; i++) {
		_cleanup_free_ char *path = lkm_tree_file_path(tree,
							       files[i].path);
		const char *kept = path ? arena_strdup(&c->arena, path) : NULL;
		struct lkm_image *image;

		ok = kept;
		if (!ok || lkm_image_open(path, &image, NULL) < 0)
			continue;
		if (needs)
			tell_needs(c, image, kept);
		else
			ok = add_exports(c, image, kept);
		lkm_image_free(image);
	}
	return ok;
}

int depmod_check(struct depmod *d)
{
	struct lkm_tree_options options = { .size = sizeof(options),
					    .root = d->t.cli->root,
					    .release = d->g.release,
					    .dir = d->dir,
					    .flags = LKM_TREE_SCAN };
	struct check c = { .d = d };
	struct lkm_tree *tree = NULL;
	bool ok = lkm_tree_open(&options, &tree, NULL) >= 0;

	if (ok && d->symvers)
		ok = add_file(&c, d->symvers, add_symvers_line);
	else if (ok && d->system_map)
		ok = add_file(&c, d->system_map, add_map_line);
	ok = ok && each_module(&c, tree, false) && each_module(&c, tree, true);
	if (!ok)
		tool_log(&d->t, LOG_ERR, "could not check the symbols of %s",
			 d->full);
	lkm_tree_free(tree);
	map_release(&c.supplies);
	arena_release(&c.arena);
	return ok ? CLI_DONE : CLI_FAILED;
}
