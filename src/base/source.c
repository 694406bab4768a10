// SPDX-License-Identifier: LGPL-2.1-or-later
// The bytes of one file, read when first asked for, never mapped.
#include "base/source.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE_SHIFT 12
#define PAGE_BYTES ((uint64_t)1 << PAGE_SHIFT)

static uint64_t page_count(uint64_t size)
{
	return (size + PAGE_BYTES - 1) >> PAGE_SHIFT;
}

/* The page bits live behind the data, in the same zero-filled mapping. */
static int source_reserve(struct source *s, uint64_t size)
{
	uint64_t pages = page_count(size) << PAGE_SHIFT;
	uint64_t bits = page_count(page_count(size) / 8 + 1) << PAGE_SHIFT;
	void *p;

	if (s->mapped >= pages + bits) {
		s->have = s->data + pages;
		memset(s->have, 0, page_count(size) / 8 + 1);
		return 0;
	}
	source_release(s);
	p = mmap(NULL, pages + bits, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	s->data = p;
	s->mapped = pages + bits;
	s->have = s->data + pages;
	return 0;
}

int source_open_size(struct source *s, int fd, uint64_t size)
{
	int rc;

	if (size > UINT64_MAX / 4)
		return -EFBIG;
	rc = source_reserve(s, size);
	if (rc < 0)
		return rc;
	s->size = size;
	s->fd = fd;
	s->error = 0;
	s->check = NULL;
	return 0;
}

int source_open_stat(struct source *s, int fd, struct stat *ret, uint64_t limit)
{
	if (fstat(fd, ret) < 0)
		return -errno;
	if (S_ISDIR(ret->st_mode))
		return -EISDIR;
	if (!S_ISREG(ret->st_mode))
		return -EINVAL;
	if ((uint64_t)ret->st_size > limit)
		return -EFBIG;
	return source_open_size(s, fd, (uint64_t)ret->st_size);
}

int source_open_fd(struct source *s, int fd, uint64_t limit)
{
	struct stat st;

	return source_open_stat(s, fd, &st, limit);
}

void source_from_heap(struct source *s, uint8_t *data, uint64_t size)
{
	source_release(s);
	*s = (struct source){ .data = data, .size = size, .fd = -1 };
}

void source_from_span(struct source *s, struct span bytes)
{
	source_release(s);
	/* Never written to, never freed: ->have marks it as borrowed. */
	*s = (struct source){ .data = (uint8_t *)(uintptr_t)bytes.data,
			      .size = bytes.size,
			      .fd = -1,
			      .have = (uint8_t *)(uintptr_t)bytes.data };
}

void source_recycle(struct source *s)
{
	if (!s->mapped)
		source_release(s);
	s->size = 0;
	s->fd = -1;
	s->error = 0;
}

void source_release(struct source *s)
{
	if (s->mapped)
		munmap(s->data, s->mapped);
	else if (!s->have)
		free(s->data);
	*s = (struct source){ .fd = -1 };
}

static bool page_present(const struct source *s, uint64_t page)
{
	return s->have[page / 8] & 1 << page % 8;
}

static bool bytes_are_sound(struct source *s, uint64_t page,
			    const uint8_t *data)
{
	struct span bytes = { data, MIN_OF(s->size - (page << PAGE_SHIFT),
					   PAGE_BYTES) };

	if (!s->check || s->check(s->check_ctx, page, bytes))
		return true;
	s->error = EBADMSG;
	return false;
}

static bool page_is_sound(struct source *s, uint64_t page)
{
	return bytes_are_sound(s, page, s->data + (page << PAGE_SHIFT));
}

bool source_check(struct source *s, uint64_t size, source_check_fn check,
		  const void *ctx)
{
	s->size = size;
	s->check = check;
	s->check_ctx = ctx;
	for (uint64_t p = 0; p < page_count(size); p++) {
		if ((s->fd < 0 || page_present(s, p)) && !page_is_sound(s, p))
			return false;
	}
	return true;
}

static bool source_pread(struct source *s, uint8_t *to, uint64_t at,
			 uint64_t end)
{
	while (at < end) {
		ssize_t n = pread(s->fd, to, end - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			/* The file became shorter since it was opened. */
			s->error = n < 0 ? errno : ENODATA;
			return false;
		}
		to += n;
		at += (uint64_t)n;
		s->reads++;
	}
	return true;
}

/* Read the pages [@first, @last] that are missing, in runs. */
static bool source_fill(struct source *s, uint64_t first, uint64_t last)
{
	uint64_t start = first << PAGE_SHIFT;
	uint64_t end = MIN_OF((last + 1) << PAGE_SHIFT, s->size);

	if (!source_pread(s, s->data + start, start, end))
		return false;
	for (uint64_t p = first; p <= last; p++) {
		if (!page_is_sound(s, p))
			return false;
		s->have[p / 8] |= (uint8_t)(1 << p % 8);
	}
	return true;
}

static bool source_need(struct source *s, uint64_t off, uint64_t len)
{
	uint64_t page = off >> PAGE_SHIFT;
	uint64_t last = (off + len - 1) >> PAGE_SHIFT;

	while (page <= last) {
		uint64_t to = page;

		if (page_present(s, page)) {
			page++;
			continue;
		}
		while (to < last && !page_present(s, to + 1))
			to++;
		if (!source_fill(s, page, to))
			return false;
		page = to + 1;
	}
	return true;
}

bool source_slice(struct source *s, uint64_t off, uint64_t len,
		  struct span *ret)
{
	if (off > s->size || len > s->size - off)
		return false;
	if (len && s->fd >= 0 && !source_need(s, off, len))
		return false;
	*ret = (struct span){ s->data + off, (size_t)len };
	return true;
}

bool source_copy(struct source *s, uint64_t off, uint64_t len, void *to)
{
	/* Whole pages go straight to where they are wanted. */
	uint64_t first = (off + PAGE_BYTES - 1) & -PAGE_BYTES;
	uint64_t end = (off + len) & -PAGE_BYTES;
	uint8_t *out = to;
	struct span part;

	if (off > s->size || len > s->size - off)
		return false;
	if (s->fd < 0 || end <= first) {
		if (!source_slice(s, off, len, &part))
			return false;
		memcpy(out, part.data, part.size);
		return true;
	}
	if (!source_slice(s, off, first - off, &part))
		return false;
	memcpy(out, part.data, part.size);
	out += part.size;
	if (!source_pread(s, out, first, end))
		return false;
	for (uint64_t at = first; at < end; at += PAGE_BYTES)
		if (!bytes_are_sound(s, at >> PAGE_SHIFT, out + (at - first)))
			return false;
	if (!source_slice(s, end, off + len - end, &part))
		return false;
	memcpy(out + (end - first), part.data, part.size);
	return true;
}

bool source_all(struct source *s, struct span *ret)
{
	return source_slice(s, 0, s->size, ret);
}

bool source_string(struct source *s, uint64_t off, uint64_t end,
		   const char **ret)
{
	uint64_t len = 0;
	struct span part;

	end = MIN_OF(end, s->size);
	while (off + len < end) {
		/* To the end of the page that the search has reached. */
		uint64_t stop = ((off + len) >> PAGE_SHIFT) + 1;
		uint64_t upto = MIN_OF(stop << PAGE_SHIFT, end) - off;

		if (!source_slice(s, off, upto, &part))
			return false;
		if (memchr(part.data + len, 0, (size_t)(upto - len))) {
			*ret = (const char *)part.data;
			return true;
		}
		len = upto;
	}
	return false;
}
