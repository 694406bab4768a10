// SPDX-License-Identifier: LGPL-2.1-or-later
// Which file a module of the hosted kernel came from: for lines of its source.
#include <fcntl.h>
#include <string.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "kernel/hosted/hosted.h"

/* "MODULE\tPATH\n" for each load, the newest last; beside the socket. */
#define HOST_FILES "hosted.files"
#define FILES_MAX ((size_t)16 << 20)

void host_forget_files(const struct host_place *p)
{
	(void)!unlinkat(p->dir, HOST_FILES, 0);
}

static void append(const char *line, size_t size)
{
	struct host_place place;
	int fd;

	if (place_open(&place, NULL) < 0)
		return;
	fd = openat(place.dir, HOST_FILES,
		    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	/* Lost: then a report has no line of the source, and no more. */
	if (fd >= 0) {
		(void)!write(fd, line, size);
		close(fd);
	}
	place_close(&place);
}

void host_note_file(struct lkm_host *h, const char *module, const char *path)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	_cleanup_free_ char *real = realpath(path, NULL);

	if (!real || strchr(real, '\n') ||
	    !strbuf_addf(&b, "%s\t%s\n", module, real))
		return;
	strbuf_add(&h->files, b.data, b.len);
	if (!h->child && !(h->info.flags & LKM_HOST_COPY))
		append(b.data, b.len);
}

/* The last line of @text for @module; *@ret is free'd before it is set. */
static bool look_up(const char *text, const char *module, char **ret)
{
	struct span all = { (const uint8_t *)text, strlen(text) }, line;
	size_t pos = 0, len = strlen(module);

	while (text_next_line(all, &pos, &line)) {
		const char *s = (const char *)line.data;

		if (line.size <= len + 1 || memcmp(s, module, len) != 0 ||
		    s[len] != '\t')
			continue;
		free(*ret);
		*ret = strndup(s + len + 1, line.size - len - 1);
	}
	return *ret;
}

char *lkm_host_module_file(const struct lkm_host *host, const char *module)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct host_place place;
	char *ret = NULL;
	size_t size;

	if (look_up(strbuf_str(&host->files), module, &ret))
		return ret;
	if (place_open(&place, NULL) < 0)
		return NULL;
	fd = openat(place.dir, HOST_FILES, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	place_close(&place);
	if (fd >= 0 && fd_read_all(fd, FILES_MAX, &text, &size) == 0)
		look_up(text, module, &ret);
	return ret;
}
