// SPDX-License-Identifier: LGPL-2.1-or-later
// The shared libraries of a program: its own loader knows them best.
#include "vm/program.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>

#include "base/source.h"
#include "base/spawn.h"
#include "base/text.h"
#include "diag/error.h"

#define PROGRAM_LIMIT ((uint64_t)1 << 30)
#define HEADERS_MAX 128
#define LOADER_TIMEOUT_MS 10000

/* The loader (PT_INTERP) of a 64-bit little-endian ELF program, or NULL. */
static const char *loader_of(struct source *s)
{
	struct span head, p;
	uint64_t table, offset, size;
	uint16_t count, entry;
	uint32_t type;
	const char *ret;

	if (!source_slice(s, 0, sizeof(Elf64_Ehdr), &head) ||
	    memcmp(head.data, ELFMAG "\2\1", SELFMAG + 2) ||
	    !span_u64(head, offsetof(Elf64_Ehdr, e_phoff), false, &table) ||
	    !span_u16(head, offsetof(Elf64_Ehdr, e_phentsize), false, &entry) ||
	    !span_u16(head, offsetof(Elf64_Ehdr, e_phnum), false, &count) ||
	    count > HEADERS_MAX || table > s->size)
		return NULL;
	for (uint64_t i = 0; i < count; i++) {
		if (!source_slice(s, table + i * entry, sizeof(Elf64_Phdr),
				  &p) ||
		    !span_u32(p, offsetof(Elf64_Phdr, p_type), false, &type))
			return NULL;
		if (type != PT_INTERP)
			continue;
		if (!span_u64(p, offsetof(Elf64_Phdr, p_offset), false,
			      &offset) ||
		    !span_u64(p, offsetof(Elf64_Phdr, p_filesz), false,
			      &size) ||
		    size > s->size || offset > s->size - size ||
		    !source_string(s, offset, offset + size, &ret))
			return NULL;
		return ret;
	}
	return NULL;
}

/* Is the note around @at, up to its first soname, of a suggestion? */
static bool is_suggested(struct span all, const uint8_t *at)
{
	const uint8_t *start = memrchr(all.data, '{', (size_t)(at - all.data));
	static const char mark[] = "\"priority\":\"suggested\"";

	return start &&
	       memmem(start, (size_t)(at - start), mark, sizeof(mark) - 1);
}

/*
 * Sonames in .note.dlopen, separated by blanks.  The note is JSON in plain
 * text, so the words are looked for in the whole file.  What makes an
 * initramfs is not needed in one; of a library, which others use for other
 * things, what it merely suggests is not either.
 */
static void demanded(struct source *s, bool is_library, struct strbuf *ret)
{
	static const char mark[] = "\"soname\":[\"";
	const uint8_t *at, *end;
	struct span all, left;

	if (!source_all(s, &all))
		return;
	left = all;
	while ((at = memmem(left.data, left.size, mark, sizeof(mark) - 1))) {
		bool skip = is_library && is_suggested(all, at);

		at += sizeof(mark) - 1;
		left.size -= (size_t)(at - left.data);
		left.data = at;
		end = memchr(at, '"', MIN_OF(left.size, (size_t)128));
		if (!end || memchr(at, 0, (size_t)(end - at)) || skip)
			continue;
		if (!memmem(at, (size_t)(end - at), "archive", 7))
			strbuf_addf(ret, "%s%.*s", ret->len ? " " : "",
				    (int)(end - at), (const char *)at);
	}
}

/* What the libraries in @files demand, behind what @preload has. */
static void libraries_demand(const struct strbuf *files, struct strbuf *preload)
{
	for (size_t i = 0; i < files->len; i += strlen(files->data + i) + 1) {
		_cleanup_close_ int fd = open(files->data + i,
					      O_RDONLY | O_CLOEXEC);
		_cleanup_source_ struct source s = { .fd = -1 };

		if (fd >= 0 && !source_open_fd(&s, fd, PROGRAM_LIMIT))
			demanded(&s, true, preload);
	}
}

/* "\tlibc.so.6 => /lib/libc.so.6 (0x...)" or "\t/lib64/ld.so (0x...)". */
static void take_paths(const struct strbuf *listing, struct strbuf *ret)
{
	struct span text = { (const uint8_t *)strbuf_str(listing),
			     listing->len };
	struct span line, word;
	size_t pos = 0, at;

	while (text_next_line(text, &pos, &line)) {
		at = 0;
		while (text_next_word(line, &at, &word)) {
			if (word.data[0] != '/')
				continue;
			strbuf_add(ret, (const char *)word.data, word.size);
			strbuf_addc(ret, 0);
			break;
		}
	}
}

static int loader_ask(const char *loader, const char *path, const char *preload,
		      struct strbuf *ret_files)
{
	_cleanup_strbuf_ struct strbuf listing = { 0 }, errors = { 0 };
	const char *const argv[] = { loader,   "--preload", preload,
				     "--list", path,	    NULL };
	struct spawn s = { .argv = argv,
			   .ret_output = &listing,
			   .ret_errors = &errors,
			   .timeout_ms = LOADER_TIMEOUT_MS };
	int status, rc = spawn_run(&s, &status);

	if (rc < 0)
		return rc;
	/* Not a program of this machine's: it is copied as it is. */
	if (status)
		return 0;
	strbuf_adds(ret_files, loader);
	strbuf_addc(ret_files, 0);
	take_paths(&listing, ret_files);
	return ret_files->failed ? -ENOMEM : 0;
}

int program_files(const char *path, struct strbuf *ret_files,
		  struct lkm_error **reterr)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_strbuf_ struct strbuf preload = { 0 };
	_cleanup_source_ struct source s = { .fd = -1 };
	const char *loader;
	size_t known;
	int rc;

	if (fd < 0)
		return error_system(reterr, errno, "open", path);
	rc = source_open_fd(&s, fd, PROGRAM_LIMIT);
	if (rc < 0)
		return error_system(reterr, rc, "read", path);
	loader = loader_of(&s);
	if (!loader || access(loader, X_OK) < 0)
		return 0;
	demanded(&s, false, &preload);
	rc = loader_ask(loader, path, strbuf_str(&preload), ret_files);
	known = preload.len;
	if (!rc)
		libraries_demand(ret_files, &preload);
	if (!rc && preload.len > known) {
		strbuf_release(ret_files);
		rc = loader_ask(loader, path, strbuf_str(&preload), ret_files);
	}
	return rc < 0 ? error_system(reterr, rc, "run", loader) : 0;
}
