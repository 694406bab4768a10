// SPDX-License-Identifier: LGPL-2.1-or-later
// An unpacked kernel and its symbols, kept for the next time.
#include "vmlinux/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "image/codec.h"
#include "image/parts.h"
#include "vmlinux/kept-file.h"

#define KEPT_BYTES_MAX ((uint64_t)1 << 30)
#define KEPT_FILES_MAX 8 /* of about 60 MB each */

static struct cache_place place_open(void)
{
	return cache_place_open("kernels");
}

void kept_name(const struct file_id *id, char ret[static KEPT_NAME_SIZE])
{
	snprintf(ret, KEPT_NAME_SIZE, "%016" PRIx64,
		 cache_hash(0, id, sizeof(*id)));
}

static uint64_t page_count(uint64_t size)
{
	return (size + KEPT_PAGE - 1) / KEPT_PAGE;
}

uint64_t kept_tail_hash(const struct kept_tail *t)
{
	return cache_hash(KEPT_MAGIC, t, offsetof(struct kept_tail, hash));
}

static bool read_at(int fd, void *to, size_t size, uint64_t offset)
{
	char *p = to;

	while (size) {
		ssize_t n = pread(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return true;
}

/* Are the sizes of a tail that has its hash those of the file? */
static bool tail_fits(const struct kept_tail *t, const struct file_id *id,
		      uint64_t file_size)
{
	uint64_t symbols = t->symbol_count * sizeof(struct kept_symbol);

	return t->magic == KEPT_MAGIC && t->version == KEPT_VERSION &&
	       t->hash == kept_tail_hash(t) && file_id_equals(&t->id, id) &&
	       t->elf_size <= KEPT_BYTES_MAX && t->symbol_count <= KSYMS_MAX &&
	       t->names_size <= KSYM_NAMES_MAX &&
	       file_size == t->elf_size + symbols + t->names_size +
				    page_count(t->elf_size) * sizeof(uint64_t) +
				    sizeof(*t);
}

static const char *payload_name(const char *name)
{
	for (enum lkm_compression c = 0; c <= LKM_COMPRESSION_LZMA; c++)
		if (!strcmp(lkm_compression_name(c), name))
			return lkm_compression_name(c);
	return NULL;
}

/* It is damaged: the next one is not to meet it. */
static void give_up(struct kept *kept)
{
	struct cache_place place = place_open();
	char name[KEPT_NAME_SIZE];

	kept_name(&kept->id, name);
	if (place.dir >= 0)
		unlinkat(place.dir, name, 0);
	cache_place_close(&place);
}

static bool unpack_original(struct kept *kept)
{
	struct unpacked unpacked;
	struct stat st;

	if (kept->whole.size)
		return kept->whole.fd < 0;
	give_up(kept);
	return source_open_stat(&kept->whole, kept->original, &st,
				IMAGE_FILE_MAX) == 0 &&
	       unpack(&kept->whole, "kernel", &unpacked, NULL) == 0 &&
	       kept->whole.fd < 0;
}

/* Bytes that are not what was kept are replaced by what they should be. */
static bool page_is_sound(const void *ctx, uint64_t page, struct span bytes)
{
	struct kept *kept = (struct kept *)(uintptr_t)ctx;
	uint64_t wanted = kept->hashes[page];
	struct span right;

	if (cache_hash(page, bytes.data, bytes.size) == wanted)
		return true;
	if (!unpack_original(kept) ||
	    !source_slice(&kept->whole, page * KEPT_PAGE, bytes.size, &right) ||
	    cache_hash(page, right.data, right.size) != wanted)
		return false;
	memcpy((void *)(uintptr_t)bytes.data, right.data, right.size);
	return true;
}

static bool kept_read(int fd, uint64_t size, const struct file_id *id,
		      struct arena *arena, struct kept *ret,
		      struct kept_tail *t)
{
	uint64_t bytes, at;

	if (size < sizeof(*t) || !read_at(fd, t, sizeof(*t), size - sizeof(*t)))
		return false;
	t->payload[sizeof(t->payload) - 1] = '\0';
	if (!tail_fits(t, id, size))
		return false;
	bytes = page_count(t->elf_size) * sizeof(uint64_t);
	at = size - sizeof(*t) - bytes;
	ret->hashes = arena_alloc(arena, bytes + 1);
	if (!ret->hashes || !read_at(fd, ret->hashes, bytes, at) ||
	    cache_hash(0, ret->hashes, bytes) != t->hashes_hash)
		return false;
	ret->elf_size = t->elf_size;
	ret->symbols_at = t->elf_size;
	ret->symbol_count = t->symbol_count;
	ret->names_size = t->names_size;
	ret->symbols_hash = t->symbols_hash;
	return true;
}

bool kept_open(int original, const struct file_id *id, struct arena *arena,
	       struct source *source, struct kept *ret,
	       struct unpacked *ret_unpacked)
{
	struct cache_place place = place_open();
	struct unpacked u;
	struct stat st;
	struct kept_tail t;
	char name[KEPT_NAME_SIZE];
	int fd;

	kept_name(id, name);
	fd = cache_open(&place, name, KEPT_BYTES_MAX, &st);
	cache_place_close(&place);
	if (fd < 0)
		return false;
	if (kept_read(fd, (uint64_t)st.st_size, id, arena, ret, &t)) {
		u = (struct unpacked){ (enum unpack_kind)t.kind,
				       payload_name(t.payload) };
		source_release(source);
		if (u.payload && !source_open_size(source, fd, t.elf_size) &&
		    source_check(source, t.elf_size, page_is_sound, ret)) {
			ret->fd = fd;
			ret->id = *id;
			ret->original = original;
			ret->whole = (struct source){ .fd = -1 };
			*ret_unpacked = u;
			return true;
		}
	}
	close(fd);
	return false;
}

void kept_release(struct kept *kept)
{
	if (kept->fd < 0)
		return;
	close(kept->fd);
	source_release(&kept->whole);
	kept->fd = -1;
}

static bool read_symbols(const struct kept *kept, struct arena *arena,
			 struct ksyms *ret)
{
	uint64_t table = kept->symbol_count * sizeof(struct kept_symbol);
	uint64_t size = table + kept->names_size;
	const struct kept_symbol *from;
	struct lkm_ksym *items;
	const char *names;
	char *bytes;

	bytes = arena_alloc(arena, size + 1);
	items = arena_alloc(arena, kept->symbol_count * sizeof(*items));
	if (!bytes || !items ||
	    !read_at(kept->fd, bytes, size, kept->symbols_at) ||
	    cache_hash(1, bytes, size) != kept->symbols_hash)
		return false;
	bytes[size] = '\0';
	from = (const void *)bytes;
	names = bytes + table;
	for (uint64_t i = 0; i < kept->symbol_count; i++) {
		if (from[i].name >= kept->names_size)
			return false;
		items[i] = (struct lkm_ksym){ .address = from[i].address,
					      .name = names + from[i].name,
					      .type = (char)from[i].type };
	}
	ret->items = items;
	ret->count = kept->symbol_count;
	return true;
}

bool kept_symbols(struct kept *kept, struct arena *arena, struct ksyms *ret)
{
	if (kept->fd < 0)
		return false;
	if (read_symbols(kept, arena, ret))
		return true;
	give_up(kept);
	return false;
}

/* The longest untouched go, so that one more has room. */
static void make_room(const struct cache_place *place)
{
	for (;;) {
		int fd = openat(place->dir, ".", O_RDONLY | O_DIRECTORY);
		DIR *d = fd < 0 ? NULL : fdopendir(fd);
		char oldest[256] = "";
		const struct dirent *e;
		size_t count = 0;
		time_t when = 0;
		struct stat st;

		if (!d)
			return;
		while ((e = readdir(d))) {
			if (e->d_name[0] == '.' ||
			    fstatat(place->dir, e->d_name, &st, 0) < 0)
				continue;
			if (!count++ || st.st_mtime < when) {
				when = st.st_mtime;
				snprintf(oldest, sizeof(oldest), "%s",
					 e->d_name);
			}
		}
		closedir(d);
		if (count < KEPT_FILES_MAX ||
		    unlinkat(place->dir, oldest, 0) < 0)
			return;
	}
}

static bool pack_symbols(const struct ksyms *symbols, struct strbuf *table,
			 struct strbuf *names)
{
	for (size_t i = 0; i < symbols->count; i++) {
		const struct lkm_ksym *s = &symbols->items[i];
		struct kept_symbol k = { s->address, (uint32_t)names->len,
					 (uint8_t)s->type };

		strbuf_add(table, &k, sizeof(k));
		strbuf_add(names, s->name, strlen(s->name) + 1);
	}
	return strbuf_add(table, strbuf_str(names), names->len) &&
	       !names->failed;
}

void kept_save(const struct file_id *id, struct span elf,
	       const struct ksyms *symbols, const struct unpacked *unpacked)
{
	struct kept_tail t = { .magic = KEPT_MAGIC,
			       .version = KEPT_VERSION,
			       .id = *id,
			       .elf_size = elf.size,
			       .symbol_count = symbols->count,
			       .kind = unpacked->kind };
	_cleanup_strbuf_ struct strbuf table = { 0 }, names = { 0 };
	uint64_t pages = page_count(elf.size);
	_cleanup_free_ uint64_t *hashes = calloc(pages + 1, sizeof(*hashes));
	struct cache_place place;
	char name[KEPT_NAME_SIZE];

	if (!hashes || !pack_symbols(symbols, &table, &names))
		return;
	for (uint64_t i = 0; i < pages; i++)
		hashes[i] = cache_hash(
			i, elf.data + i * KEPT_PAGE,
			MIN_OF(KEPT_PAGE, elf.size - i * KEPT_PAGE));
	snprintf(t.payload, sizeof(t.payload), "%s", unpacked->payload);
	t.names_size = names.len;
	t.symbols_hash = cache_hash(1, table.data, table.len);
	t.hashes_hash = cache_hash(0, hashes, pages * sizeof(*hashes));
	t.hash = kept_tail_hash(&t);
	place = place_open();
	if (place.dir >= 0) {
		const struct cache_piece pieces[] = {
			{ elf.data, elf.size },
			{ table.data, table.len },
			{ hashes, pages * sizeof(*hashes) },
			{ &t, sizeof(t) },
		};

		make_room(&place);
		kept_name(id, name);
		(void)!cache_put(&place, name, pieces, ARRAY_SIZE(pieces));
	}
	cache_place_close(&place);
}
