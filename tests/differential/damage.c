// SPDX-License-Identifier: LGPL-2.1-or-later
// The indexes of a real kernel, damaged at random: no lookup is misled.
//
// usage: damage 6.1|6.12 [ROUNDS [SEED]]; 1500 rounds are the whole test
#include "../unit/tree/lookup-common.h"

#include <dirent.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "tree/index-reader.h"

#define SKIP 77
#define QUERIES 48 /* of each index */
#define KINDS 5

static const char *const bins[KINDS] = {
	[LKM_INDEX_DEP] = "modules.dep.bin",
	[LKM_INDEX_ALIAS] = "modules.alias.bin",
	[LKM_INDEX_SYMBOLS] = "modules.symbols.bin",
	[LKM_INDEX_BUILTIN] = "modules.builtin.bin",
	[LKM_INDEX_BUILTIN_ALIAS] = "modules.builtin.alias.bin",
};

struct queries {
	VEC(char *) keys;
	size_t seen, step;
};

struct real {
	struct world world; /* its root is the parent of RELEASE */
	char release[128];
	struct queries queries[KINDS];
};

static struct lkm_tree *open_real(const struct real *r)
{
	const struct lkm_tree_options o = {
		.size = sizeof(o),
		.dir = r->world.root,
		.release = r->release,
		.flags = LKM_TREE_NO_CACHE | LKM_TREE_NO_SCAN,
	};
	struct lkm_error *e = NULL;
	struct lkm_tree *tree;

	if (lkm_tree_open(&o, &tree, &e) < 0)
		fail_msg("open: %s", lkm_error_text(e));
	return tree;
}

static void path_of(const struct real *r, const char *name,
		    char ret[static 256])
{
	snprintf(ret, 256, "/%s/%s", r->release, name);
}

/* Write the indexes of @parent/RELEASE, with what they are made from. */
static void make_real(struct real *r, const char *parent)
{
	static const char *const inputs[] = { "modules.builtin",
					      "modules.builtin.modinfo" };
	const struct lkm_index_options o = {
		.size = sizeof(o),
		.dir = parent,
		.release = r->release,
		.output_dir = r->world.root,
		.flags = LKM_INDEX_NO_CACHE,
	};
	struct lkm_error *e = NULL;
	char name[256], from[512], *text;
	size_t size;

	if (lkm_index_write(&o, NULL, &e) < 0)
		fail_msg("index: %s", lkm_error_text(e));
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		snprintf(from, sizeof(from), "%s/%s/%s", parent, r->release,
			 inputs[i]);
		assert_int_equal(
			root_read(&ROOT_HOST, from, SIZE_MAX / 2, &text, &size),
			0);
		path_of(r, inputs[i], name);
		put(&r->world, name, text, size);
		free(text);
	}
}

static char *read_bin(const struct real *r, size_t kind, size_t *ret_size)
{
	char path[512], *text;

	snprintf(path, sizeof(path), "%s/%s/%s", r->world.root, r->release,
		 bins[kind]);
	assert_int_equal(
		root_read(&ROOT_HOST, path, SIZE_MAX / 2, &text, ret_size), 0);
	return text;
}

/* Every so often, a key; of a pattern, a name that it matches. */
static int take_key(void *ctx, const char *key, const struct index_hit *hit)
{
	struct queries *q = ctx;
	char *copy;

	(void)hit;
	if (q->seen++ % q->step || strchr(key, '['))
		return 0;
	if (!strncmp(key, "symbol:", 7))
		key += 7;
	copy = strdup(key);
	assert_non_null(copy);
	for (char *p = copy; *p; p++) {
		if (*p == '*' || *p == '?')
			*p = '0';
	}
	assert_true(vec_push(&q->keys, copy));
	return 0;
}

static void collect(struct real *r, size_t kind)
{
	struct queries *q = &r->queries[kind];
	struct index_file ix;
	size_t size;
	int stop;

	q->step = SIZE_MAX;
	for (int turn = 0; turn < 2; turn++) {
		uint8_t *bytes = (uint8_t *)read_bin(r, kind, &size);

		q->seen = turn ? q->step / 2 : 1;
		assert_int_equal(index_open_heap(&ix, bytes, size), 0);
		assert_int_equal(index_each(&ix, take_key, q, &stop), 0);
		index_close(&ix);
		if (!turn)
			q->step = 1 + q->seen / QUERIES;
	}
	assert_true(q->keys.len > 3);
}

static int ask_names(struct lkm_tree *tree, size_t kind, const char *key,
		     const char *const **names, size_t *count,
		     struct lkm_error **e)
{
	if (kind == LKM_INDEX_ALIAS)
		return lkm_tree_alias(tree, key, names, count, e);
	if (kind == LKM_INDEX_SYMBOLS)
		return lkm_tree_symbol(tree, key, names, count, e);
	return lkm_tree_builtin_alias(tree, key, names, count, e);
}

static void ask_one(struct lkm_tree *tree, size_t kind, const char *key,
		    struct strbuf *out)
{
	const struct lkm_module_file *m;
	const char *const *names;
	struct lkm_error *e = NULL;
	size_t count = 0;
	int rc;

	if (kind == LKM_INDEX_BUILTIN) {
		rc = lkm_tree_builtin(tree, key, &e);
	} else if (kind == LKM_INDEX_DEP) {
		rc = lkm_tree_module(tree, key, &m, &e);
		for (size_t i = 0; rc == 1 && i < m->dep_count; i++)
			strbuf_addf(out, "%s ", m->deps[i].path);
	} else {
		rc = ask_names(tree, kind, key, &names, &count, &e);
		for (size_t i = 0; rc == 1 && i < count; i++)
			strbuf_addf(out, "%s ", names[i]);
	}
	strbuf_addf(out, "%s %d %s\n", key, rc, e ? lkm_error_id(e) : "");
	lkm_error_free(e);
}

static void ask_all(const struct real *r, size_t kind, struct strbuf *out,
		    bool *ret_warned)
{
	struct lkm_tree *tree = open_real(r);

	strbuf_clear(out);
	for (size_t i = 0; i < r->queries[kind].keys.len; i++)
		ask_one(tree, kind, r->queries[kind].keys.data[i], out);
	*ret_warned = has_warning(tree, "tree.index.damaged");
	lkm_tree_free(tree);
}

static size_t damage(const struct real *r, size_t kind, int rounds,
		     uint32_t *seed)
{
	struct strbuf right = { 0 }, now = { 0 };
	size_t size, warned = 0, wrong = 0;
	char *sound = read_bin(r, kind, &size), *copy = malloc(size), name[256];
	bool was_warned;

	assert_non_null(copy);
	path_of(r, bins[kind], name);
	ask_all(r, kind, &right, &was_warned);
	assert_false(was_warned);
	for (int i = 0; i < rounds; i++) {
		memcpy(copy, sound, size);
		put(&r->world, name, copy,
		    corrupt((uint8_t *)copy, size, seed));
		ask_all(r, kind, &now, &was_warned);
		warned += was_warned;
		if (now.len != right.len ||
		    memcmp(now.data, right.data, now.len) != 0)
			wrong++;
	}
	put(&r->world, name, sound, size);
	printf("%s: %zu queries, %d times damaged, noticed %zu, misled %zu\n",
	       bins[kind], r->queries[kind].keys.len, rounds, warned, wrong);
	assert_true(warned * 3 > (size_t)rounds);
	strbuf_release(&right);
	strbuf_release(&now);
	free(sound);
	free(copy);
	return wrong;
}

/* The one directory in @parent. */
static bool find_release(const char *parent, struct real *r)
{
	DIR *dir = opendir(parent);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] != '.')
			snprintf(r->release, sizeof(r->release), "%.127s",
				 d->d_name);
	}
	if (dir)
		closedir(dir);
	return r->release[0];
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 60;
	uint32_t seed = argc > 3 ? (uint32_t)strtol(argv[3], NULL, 10) : 3;
	static struct real r;
	const char *cache = getenv("LKM_CACHE"), *home = getenv("HOME");
	char parent[256];
	size_t wrong = 0;

	if (argc < 2)
		return 2;
	snprintf(parent, sizeof(parent), "%s%s/kernels/%s/lib/modules",
		 cache ? cache : home, cache ? "" : "/.cache/lkm-tests",
		 argv[1]);
	if (!find_release(parent, &r)) {
		printf("skipped: no %s\n", parent);
		return SKIP;
	}
	snprintf(r.world.root, sizeof(r.world.root),
		 "/tmp/lkm-test-damage-XXXXXX");
	assert_non_null(mkdtemp(r.world.root));
	make_real(&r, parent);
	for (size_t kind = 0; kind < KINDS; kind++)
		collect(&r, kind);
	for (size_t kind = 0; kind < KINDS; kind++)
		wrong += damage(&r, kind, rounds, &seed);
	for (size_t kind = 0; kind < KINDS; kind++) {
		for (size_t i = 0; i < r.queries[kind].keys.len; i++)
			free(r.queries[kind].keys.data[i]);
		vec_release(&r.queries[kind].keys);
	}
	world_close(&r.world);
	return wrong ? 1 : 0;
}
