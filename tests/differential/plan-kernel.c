// SPDX-License-Identifier: LGPL-2.1-or-later
// Preloaded into modprobe -r: delete_module() on a made-up /sys/module, where
// use counts and holders change as the kernel changes them.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscall.h"

#define SYS_MODULE "/sys/module"

int delete_module(const char *name, unsigned int flags);

static void name_path(char *ret, size_t size, const char *module,
		      const char *file, const char *holder)
{
	snprintf(ret, size, SYS_MODULE "/%s/%s%s", module, file, holder);
}

static long read_refs(const char *name)
{
	char path[512];
	FILE *f;
	long refs = -1;

	name_path(path, sizeof(path), name, "refcnt", "");
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &refs) != 1)
		refs = -1;
	fclose(f);
	return refs;
}

static void write_refs(const char *name, long refs)
{
	char path[512];
	FILE *f;

	name_path(path, sizeof(path), name, "refcnt", "");
	f = fopen(path, "we");
	if (!f)
		return;
	fprintf(f, "%ld\n", refs);
	fclose(f);
}

static void forget(const char *name)
{
	static const char *const files[] = { "refcnt", "initstate", "holders",
					     "" };
	char path[512];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		name_path(path, sizeof(path), name, files[i], "");
		remove(path);
	}
}

int delete_module(const char *name, unsigned int flags)
{
	long refs = read_refs(name);
	struct dirent *e;
	char path[512];
	DIR *d;

	(void)flags;
	if (refs) {
		errno = refs < 0 ? ENOENT : EWOULDBLOCK;
		return -1;
	}
	d = opendir(SYS_MODULE);
	while (d && (e = readdir(d))) {
		name_path(path, sizeof(path), e->d_name, "holders/", name);
		if (e->d_name[0] != '.' && !rmdir(path))
			write_refs(e->d_name, read_refs(e->d_name) - 1);
	}
	if (d)
		closedir(d);
	forget(name);
	return 0;
}

static bool take_syscall(long number, const long a[6], long *ret)
{
	if (number != SYS_delete_module)
		return false;
	*ret = delete_module((const char *)a[0], (unsigned int)a[1]);
	return true;
}
