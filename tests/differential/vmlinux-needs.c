// SPDX-License-Identifier: LGPL-2.1-or-later
// Does a kernel export what the modules of its tree need of it?  For
// vmlinux.py.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lkm/image.h>
#include <lkm/vmlinux.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"

/* A symbol that a module wants and the kernel does not export. */
struct open_need {
	const char *module;
	const char *name;
};

struct run {
	struct lkm_vmlinux *kernel;
	struct arena arena;
	struct map exported; /* by modules */
	VEC(struct open_need) open;
	size_t modules, needs, found, checked, spaces, bad;
};

static int stop(struct lkm_error *error)
{
	char *text = lkm_error_text(error);

	printf("error %s %s\n", lkm_error_id(error), text ? text : "");
	return 1;
}

static bool imports(struct lkm_image *module, const char *name_space)
{
	const struct lkm_modinfo *items;
	size_t count;

	if (lkm_image_modinfo(module, &items, &count, NULL) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(items[i].key, "import_ns") &&
		    !strcmp(items[i].value, name_space))
			return true;
	}
	return false;
}

/* The kernel itself would refuse a module for what is said here. */
static void hold(struct run *r, struct lkm_image *module,
		 const struct lkm_need *need, const struct lkm_kexport *export)
{
	const char *path = lkm_image_path(module);

	r->found++;
	if (need->has_crc) {
		r->checked++;
		if (!export->has_crc || export->crc != need->crc) {
			printf("%s: %s has CRC %08x, not %08x\n", path,
			       need->name, export->crc, need->crc);
			r->bad++;
		}
	}
	if (!export->name_space)
		return;
	r->spaces++;
	if (!imports(module, export->name_space)) {
		printf("%s: %s is of %s\n", path, need->name,
		       export->name_space);
		r->bad++;
	}
}

static int read_module(struct run *r, const char *path)
{
	const struct lkm_export *exports;
	struct lkm_error *error = NULL;
	const struct lkm_kexport *export;
	const struct lkm_need *needs;
	struct lkm_image *module;
	struct open_need open = { arena_strdup(&r->arena, path), NULL };
	size_t count;
	int rc;

	if (lkm_image_open(path, &module, &error) < 0 ||
	    lkm_image_needs(module, &needs, &count, &error) < 0)
		return stop(error);
	r->modules++;
	for (size_t i = 0; i < count; i++) {
		r->needs++;
		rc = lkm_vmlinux_export(r->kernel, needs[i].name, &export,
					&error);
		if (rc < 0)
			return stop(error);
		if (rc > 0) {
			hold(r, module, &needs[i], export);
			continue;
		}
		open.name = arena_strdup(&r->arena, needs[i].name);
		if (!needs[i].weak && !vec_push(&r->open, open))
			return 1;
	}
	if (lkm_image_exports(module, &exports, &count, &error) < 0)
		return stop(error);
	for (size_t i = 0; i < count; i++) {
		if (!map_set(&r->exported,
			     arena_strdup(&r->arena, exports[i].name), r))
			return 1;
	}
	lkm_image_free(module);
	return 0;
}

int main(int argc, char **argv)
{
	struct lkm_error *error = NULL;
	struct run r = { 0 };
	char line[4096];

	if (argc != 2) {
		fprintf(stderr, "usage: vmlinux-needs IMAGE <MODULES\n");
		return 2;
	}
	if (lkm_vmlinux_open(argv[1], &r.kernel, &error) < 0)
		return stop(error);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (read_module(&r, line))
			return 1;
	}
	for (size_t i = 0; i < r.open.len; i++) {
		if (map_get(&r.exported, r.open.data[i].name))
			continue;
		printf("%s: nothing exports %s\n", r.open.data[i].module,
		       r.open.data[i].name);
		r.bad++;
	}
	printf("%zu modules, %zu needs, %zu of the kernel, %zu CRCs, %zu in "
	       "namespaces, %zu bad\n",
	       r.modules, r.needs, r.found, r.checked, r.spaces, r.bad);
	vec_release(&r.open);
	map_release(&r.exported);
	arena_release(&r.arena);
	lkm_vmlinux_free(r.kernel);
	return r.bad != 0;
}
