// SPDX-License-Identifier: LGPL-2.1-or-later
// What kmod's library of this distribution cannot be asked: later functions,
// changed files, messages, threads, and what lkm forbids.  Needs no kernel.
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "libkmod.h"

struct world {
	char root[64];
	char dir[96];
	char conf[96];
};

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	snprintf(w->root, sizeof(w->root), "/tmp/lkm-libkmod-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	snprintf(w->dir, sizeof(w->dir), "%s/6.1.0", w->root);
	snprintf(w->conf, sizeof(w->conf), "%s/conf", w->root);
	assert_int_equal(mkdir(w->dir, 0755), 0);
	assert_int_equal(mkdir(w->conf, 0755), 0);
	put(w->dir, "a.ko", "");
	put(w->dir, "b-c.ko", "");
	put(w->dir, "d.ko", "");
	put(w->dir, "modules.dep", "a.ko: b-c.ko d.ko\nb-c.ko: d.ko\nd.ko:\n");
	put(w->dir, "modules.alias", "alias pci:v1* a\nalias pci:v12 d\n");
	put(w->dir, "modules.symbols", "alias symbol:x d\n");
	put(w->dir, "modules.softdep", "");
	put(w->dir, "modules.builtin", "kernel/in.ko\n");
	put(w->conf, "x.conf",
	    "weakdep a d nowhere b-c\nalias b_c d\noptions a p=1\n"
	    "install d exit 3\n");
	*state = w;
	return 0;
}

static int drop(const char *path, const struct stat *st, int type,
		struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int remove_world(void **state)
{
	struct world *w = *state;

	nftw(w->root, drop, 8, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static struct kmod_ctx *open_world(const struct world *w)
{
	const char *const paths[] = { w->conf, NULL };
	struct kmod_ctx *ctx = kmod_new(w->dir, paths);

	assert_non_null(ctx);
	return ctx;
}

static const char *names(struct kmod_list *list, char ret[static 128])
{
	struct kmod_list *l;

	*ret = '\0';
	kmod_list_foreach(l, list)
	{
		struct kmod_module *m = kmod_module_get_module(l);

		strncat(ret, kmod_module_get_name(m), 100 - strlen(ret));
		strncat(ret, " ", 2);
		kmod_module_unref(m);
	}
	return ret;
}

static void later_functions(void **state)
{
	struct kmod_ctx *ctx = open_world(*state);
	struct kmod_module *m = NULL, *same = NULL;
	struct kmod_list *list = NULL;
	struct kmod_config_iter *iter;
	char text[128];

	/* An alias line makes b_c another module, but not for its very name. */
	assert_int_equal(kmod_module_new_from_lookup(ctx, "b-c", &list), 0);
	assert_string_equal(names(list, text), "d ");
	kmod_module_unref_list(list);
	assert_int_equal(kmod_module_new_from_name_lookup(ctx, "b-c", &m), 0);
	assert_string_equal(kmod_module_get_name(m), "b_c");
	assert_int_equal(kmod_module_new_from_name(ctx, "b_c", &same), 0);
	assert_ptr_equal(m, same);
	kmod_module_unref(m);
	assert_null(kmod_module_unref(same));
	m = NULL;
	assert_int_equal(kmod_module_new_from_name_lookup(ctx, "in", &m), 0);
	assert_int_equal(kmod_module_get_initstate(m), KMOD_MODULE_BUILTIN);
	kmod_module_unref(m);
	m = NULL;
	assert_int_equal(kmod_module_new_from_name_lookup(ctx, "pci:v12", &m),
			 0);
	assert_null(m);
	assert_int_equal(kmod_module_new_from_name_lookup(ctx, NULL, &m),
			 -ENOENT);

	assert_int_equal(kmod_module_new_from_name(ctx, "a", &m), 0);
	list = NULL;
	assert_int_equal(kmod_module_get_weakdeps(m, &list), 0);
	assert_string_equal(names(list, text), "d d ");
	kmod_module_unref_list(list);
	assert_int_equal(kmod_module_get_weakdeps(NULL, &list), -ENOENT);
	list = kmod_module_get_dependencies(m);
	assert_string_equal(names(list, text), "d b_c ");
	kmod_module_unref_list(list);
	assert_string_equal(kmod_module_get_options(m), "p=1");
	kmod_module_unref(m);
	iter = kmod_config_get_weakdeps(ctx);
	assert_true(kmod_config_iter_next(iter));
	assert_string_equal(kmod_config_iter_get_key(iter), "a");
	assert_string_equal(kmod_config_iter_get_value(iter), "d nowhere b-c");
	assert_false(kmod_config_iter_next(iter));
	kmod_config_iter_free_iter(iter);
	assert_null(kmod_unref(ctx));
}

/* Not within the resolution of the file system's clock. */
static void touch(const char *path)
{
	const struct timespec times[2] = { { 1000, 0 }, { 1000, 0 } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void changed_files(void **state)
{
	const struct world *w = *state;
	struct kmod_ctx *ctx = open_world(w);
	char path[256];

	assert_int_equal(kmod_validate_resources(ctx), KMOD_RESOURCES_OK);
	assert_int_equal(kmod_load_resources(ctx), 0);
	assert_int_equal(kmod_validate_resources(ctx), KMOD_RESOURCES_OK);
	snprintf(path, sizeof(path), "%s/modules.alias.bin", w->dir);
	put(w->dir, "modules.alias.bin", "");
	assert_int_equal(kmod_validate_resources(ctx),
			 KMOD_RESOURCES_MUST_RELOAD);
	kmod_unload_resources(ctx);
	assert_int_equal(kmod_validate_resources(ctx), KMOD_RESOURCES_OK);
	unlink(path);
	touch(w->conf);
	assert_int_equal(kmod_validate_resources(ctx),
			 KMOD_RESOURCES_MUST_RECREATE);
	kmod_unref(ctx);
}

struct heard {
	int count;
	int priority;
	char text[256];
};

__attribute__((format(printf, 6, 0))) static void
hear(void *data, int priority, const char *file, int line, const char *fn,
     const char *format, va_list args)
{
	struct heard *h = data;

	assert_non_null(file);
	assert_non_null(fn);
	assert_true(line > 0);
	h->count++;
	h->priority = priority;
	vsnprintf(h->text, sizeof(h->text), format, args);
}

static void messages(void **state)
{
	struct kmod_ctx *ctx = open_world(*state);
	struct kmod_list *list;
	struct kmod_module *m;
	struct heard h = { 0 };

	kmod_set_log_fn(ctx, hear, &h);
	assert_int_equal(kmod_module_new_from_name(ctx, "none", &m), 0);
	assert_int_equal(kmod_module_insert_module(m, 0, NULL), -ENOENT);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.priority, 3);
	assert_non_null(strstr(h.text, "none"));
	kmod_set_log_priority(ctx, 2);
	assert_int_equal(kmod_module_insert_module(m, 0, NULL), -ENOENT);
	assert_int_equal(h.count, 1);
	kmod_set_log_priority(ctx, 7);
	list = NULL;
	assert_int_equal(kmod_module_new_from_lookup(ctx, "a[", &list),
			 -EINVAL);
	assert_int_equal(h.count, 2);
	assert_int_equal(h.priority, 7);
	kmod_module_unref(m);
	kmod_unref(ctx);
}

/* Neither a name nor a dependency loads what is forbidden. */
static void forbidden(void **state)
{
	const struct world *w = *state;
	struct kmod_module *m;
	struct kmod_ctx *ctx;

	put(w->conf, "y.conf",
	    "# lkm: forbid b-c\nblacklist b_c\ninstall b_c /bin/false\n");
	ctx = open_world(w);
	kmod_set_log_fn(ctx, NULL, NULL);
	kmod_module_new_from_name(ctx, "a", &m);
	assert_int_equal(
		kmod_module_probe_insert_module(m, KMOD_PROBE_IGNORE_LOADED,
						NULL, NULL, NULL, NULL),
		-EPERM);
	kmod_module_unref(m);
	kmod_unref(ctx);
}

static int refuse(struct kmod_module *m, const char *command, void *data)
{
	assert_string_equal(kmod_module_get_name(m), "d");
	assert_string_equal(command, "exit 3");
	return *(int *)data;
}

static void commands(void **state)
{
	struct kmod_ctx *ctx = open_world(*state);
	const unsigned int flags = KMOD_PROBE_IGNORE_LOADED;
	struct kmod_module *m;
	int answer = -7;

	kmod_set_log_fn(ctx, NULL, NULL);
	kmod_module_new_from_name(ctx, "d", &m);
	assert_int_equal(kmod_module_probe_insert_module(m, flags, NULL, refuse,
							 &answer, NULL),
			 -7);
	/* By the shell: what it ended with. */
	assert_int_equal(kmod_module_probe_insert_module(m, flags, NULL, NULL,
							 NULL, NULL),
			 -3);
	kmod_module_unref(m);
	kmod_unref(ctx);
}

static void no_directory(void **state)
{
	const char *const none[] = { NULL };
	struct kmod_list *list = NULL;
	struct kmod_ctx *ctx;
	const struct world *w = *state;
	struct kmod_config_iter *iter;

	/* A directory with modules but without indexes is not read. */
	ctx = kmod_new(w->conf, none);
	assert_non_null(ctx);
	assert_int_equal(kmod_load_resources(ctx), -ENOENT);
	assert_int_equal(kmod_module_new_from_lookup(ctx, "a", &list), 0);
	assert_null(list);
	assert_int_equal(kmod_dump_index(ctx, KMOD_INDEX_MODULES_DEP, 1),
			 -ENOSYS);
	/* An empty list of paths: no directive of this machine's. */
	iter = kmod_config_get_blacklists(ctx);
	while (kmod_config_iter_next(iter))
		assert_null(strstr(kmod_config_iter_get_key(iter), "/"));
	kmod_config_iter_free_iter(iter);
	kmod_unref(ctx);
}

static void *look(void *data)
{
	for (int i = 0; i < 50; i++) {
		struct kmod_ctx *ctx = open_world(data);
		struct kmod_list *list = NULL;
		char text[128];

		if (i % 2)
			kmod_load_resources(ctx);
		kmod_module_new_from_lookup(ctx, "pci:v12", &list);
		if (strcmp(names(list, text), "a d ") != 0)
			return data;
		kmod_module_unref_list(list);
		kmod_unref(ctx);
	}
	return NULL;
}

static void threads(void **state)
{
	pthread_t thread[4];
	void *failed;

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, look, *state),
				 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], &failed);
		assert_null(failed);
	}
}

/* A module keeps its context. */
static void references(void **state)
{
	struct kmod_ctx *ctx = open_world(*state);
	struct kmod_module *m;

	assert_int_equal(kmod_module_new_from_name(ctx, "a", &m), 0);
	assert_ptr_equal(kmod_unref(ctx), ctx);
	assert_non_null(strstr(kmod_module_get_path(m), "/a.ko"));
	assert_ptr_equal(kmod_module_ref(m), m);
	assert_ptr_equal(kmod_module_unref(m), m);
	assert_null(kmod_module_unref(m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(later_functions, make_world,
						remove_world),
		cmocka_unit_test_setup_teardown(changed_files, make_world,
						remove_world),
		cmocka_unit_test_setup_teardown(messages, make_world,
						remove_world),
		cmocka_unit_test_setup_teardown(forbidden, make_world,
						remove_world),
		cmocka_unit_test_setup_teardown(commands, make_world,
						remove_world),
		cmocka_unit_test_setup_teardown(no_directory, make_world,
						remove_world),
		cmocka_unit_test_setup_teardown(threads, make_world,
						remove_world),
		cmocka_unit_test_setup_teardown(references, make_world,
						remove_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
