// SPDX-License-Identifier: LGPL-2.1-or-later
// Which kernel image is meant: a path, a release, or the best that is there.
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "kernel/hosted/hosted.h"

#define ROOTS_MAX 256
#define IMAGES_MAX 4096

struct search {
	const char *release; /* NULL: the newest */
	struct strbuf found;
	char found_release[NAME_MAX + 1];
	struct strbuf tried; /* "a, b" */
};

static bool is_readable(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0;
}

/* Is it readable, and newer than what was found before? */
static bool try_image(struct search *s, const char *path, const char *release)
{
	strbuf_addf(&s->tried, "%s%s", s->tried.len ? ", " : "", path);
	if (!is_readable(path) ||
	    (s->found.len && strverscmp(release, s->found_release) <= 0))
		return false;
	strbuf_clear(&s->found);
	strbuf_adds(&s->found, path);
	snprintf(s->found_release, sizeof(s->found_release), "%s", release);
	return true;
}

/* Where distributions put the image of @release. */
static bool try_release(struct search *s, const char *root, const char *release)
{
	char path[PATH_MAX];

	if (strchr(release, '/'))
		return false;
	snprintf(path, sizeof(path), "%s/boot/vmlinuz-%s", root, release);
	if (try_image(s, path, release))
		return true;
	snprintf(path, sizeof(path), "%s/lib/modules/%s/vmlinuz", root,
		 release);
	return try_image(s, path, release);
}

/* The newest of @root whose modules are there too. */
static void try_newest(struct search *s, const char *root)
{
	_cleanup_strbuf_ struct strbuf dir = { 0 };
	char **names = NULL;
	size_t count = 0;

	if (!strbuf_addf(&dir, "%s/lib/modules", root) ||
	    root_list(&ROOT_HOST, dir.data, IMAGES_MAX, &names, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		try_release(s, root, names[i]);
	root_free_names(names, count);
}

static void try_root(struct search *s, const char *root)
{
	if (!strcmp(root, "/"))
		root = "";
	if (s->release)
		try_release(s, root, s->release);
	else
		try_newest(s, root);
}

/* $LKM_KERNELS/X or ~/.cache/lkm/kernels/X: each as a root of its own. */
static void try_kernels(struct search *s)
{
	const char *kernels = secure_getenv("LKM_KERNELS");
	const char *home = secure_getenv("HOME");
	_cleanup_strbuf_ struct strbuf top = { 0 };
	char **names = NULL;
	size_t count = 0;

	if (kernels && kernels[0] == '/')
		strbuf_adds(&top, kernels);
	else if (home && home[0] == '/')
		strbuf_addf(&top, "%s/.cache/lkm/kernels", home);
	if (!top.len ||
	    root_list(&ROOT_HOST, top.data, ROOTS_MAX, &names, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		_cleanup_strbuf_ struct strbuf root = { 0 };

		if (strbuf_addf(&root, "%s/%s", top.data, names[i]))
			try_root(s, root.data);
	}
	root_free_names(names, count);
}

static int find_path(const char *path, char **ret, struct lkm_error **reterr)
{
	_cleanup_free_ char *cwd = NULL;
	_cleanup_strbuf_ struct strbuf b = { 0 };

	if (!is_readable(path))
		return error_system(reterr, errno, "open", path);
	/* Links stay: the modules lie beside the name that was given. */
	if (*path != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return error_system(reterr, errno, "find", ".");
		strbuf_addf(&b, "%s/", cwd);
	}
	strbuf_adds(&b, path);
	*ret = strbuf_take(&b);
	return *ret ? 0 : error_nomem(reterr);
}

int lkm_host_find(const char *root, const char *kernel, char **ret,
		  struct lkm_error **reterr)
{
	struct search s = { .release = kernel };
	struct utsname running;
	int rc = 0;

	if (kernel && strchr(kernel, '/'))
		return find_path(kernel, ret, reterr);
	if (root && strcmp(root, "/") != 0) {
		try_root(&s, root);
	} else {
		if (!kernel && uname(&running) == 0)
			try_release(&s, "", running.release);
		if (!s.found.len)
			try_root(&s, "");
		if (!s.found.len)
			try_kernels(&s);
	}
	if (s.found.len)
		rc = find_path(s.found.data, ret, reterr);
	else
		rc = FAIL(reterr, HOST_IMAGE_ABSENT,
			  KV_STR("kernel", kernel ? kernel : "any kernel"),
			  KV_STR("tried",
				 s.tried.len ? s.tried.data : "no place"));
	strbuf_release(&s.found);
	strbuf_release(&s.tried);
	return rc;
}
