// SPDX-License-Identifier: GPL-2.0-only
// ELF files in memory for a debugger: the kernel's symbols, where they lie in
// this process, and each module's own file with its sections where they were
// put.  They are relocatable ones: debuggers relocate the debug sections.
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/span.h"
#include "host/debug/debug.h"
#include "host/host.h"
#include "host/memory/memory.h"
#include "protocol/protocol.h"

#define SECTIONS_MAX 65279 /* SHN_LORESERVE - 1 */
#define FRAMES ".debug_frame"
#define INIT_PREFIX "init_of_" /* and the module's name */

/* The next offset that is a multiple of 16 */
static size_t align(struct strbuf *b)
{
	while (b->len % 16)
		strbuf_addc(b, 0);
	return b->len;
}

static Elf64_Shdr put_section(struct strbuf *to, uint32_t type,
			      const struct strbuf *bytes)
{
	Elf64_Shdr s = { .sh_type = type,
			 .sh_offset = align(to),
			 .sh_size = bytes->len,
			 .sh_addralign = 8 };

	strbuf_add(to, strbuf_str(bytes), bytes->len);
	return s;
}

/* What the kernel's file has */
enum {
	K_NONE,
	K_TEXT,
	K_DATA,
	K_INIT,
	K_REST,
	K_SYMBOLS,
	K_STRINGS,
	K_FRAMES,
	K_NAMES,
	K_COUNT
};

static const char *const kernel_names[K_COUNT] = {
	"",	   ".text",   ".data", ".init.text", ".bss",
	".symtab", ".strtab", FRAMES,  ".shstrtab",
};

/* Nothing of it is in the file: a debugger reads the process. */
static void kernel_ranges(Elf64_Shdr *s)
{
	const uint64_t ends[] = { host.text_end, host.init_begin, host.init_end,
				  host.link_end + (uint64_t)host.distance };
	uint64_t at_ = IMAGE_BASE;

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		bool code = i + K_TEXT == K_TEXT || i + K_TEXT == K_INIT;

		s[K_TEXT + i] = (Elf64_Shdr){
			.sh_type = SHT_NOBITS,
			.sh_flags = SHF_ALLOC |
				    (code ? SHF_EXECINSTR : SHF_WRITE),
			.sh_addr = at_,
			.sh_size = MAX_OF(ends[i], at_) - at_,
			.sh_addralign = 16,
		};
		at_ = MAX_OF(ends[i], at_);
	}
}

static void put_symbol(const struct lkm_ksym *k, const Elf64_Shdr *ranges,
		       struct strbuf *symbols, struct strbuf *strings)
{
	uint64_t at_ = k->address + (uint64_t)host.distance;
	Elf64_Sym s = { .st_name = (uint32_t)strings->len };
	uint16_t i = K_TEXT;

	if (k->address < host.link_base || k->address >= host.link_end)
		return; /* percpu offsets, absolute values */
	while (i < K_REST && at_ >= ranges[i].sh_addr + ranges[i].sh_size)
		i++;
	s.st_shndx = i;
	s.st_value = at_ - ranges[i].sh_addr;
	s.st_info = ELF64_ST_INFO(
		STB_GLOBAL,
		ranges[i].sh_flags & SHF_EXECINSTR ? STT_FUNC : STT_OBJECT);
	strbuf_add(symbols, &s, sizeof(s));
	strbuf_add(strings, k->name, strlen(k->name) + 1);
}

static void kernel_frames(struct strbuf *ret)
{
	const struct orc_table t = {
		.ips = sym("__start_orc_unwind_ip"),
		.ips_end = sym("__stop_orc_unwind_ip"),
		.rows = sym("__start_orc_unwind"),
		.rows_end = sym("__stop_orc_unwind"),
		.text_end = host.init_end,
	};

	if (!debug_frames(&t, ret))
		strbuf_clear(ret);
}

static void put_names(Elf64_Shdr *s, struct strbuf *ret)
{
	for (size_t i = 0; i < K_COUNT; i++) {
		s[i].sh_name = (uint32_t)ret->len;
		strbuf_add(ret, kernel_names[i], strlen(kernel_names[i]) + 1);
	}
}

static Elf64_Ehdr elf_header(void)
{
	return (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = K_COUNT,
		.e_shstrndx = K_NAMES,
	};
}

bool debug_kernel_file(struct strbuf *ret)
{
	_cleanup_strbuf_ struct strbuf symbols = { 0 }, strings = { 0 },
				       frames = { 0 }, names = { 0 };
	const Elf64_Sym none = { 0 };
	Elf64_Ehdr head = elf_header();
	Elf64_Shdr s[K_COUNT] = { 0 };
	const struct lkm_ksym *all;
	size_t count;

	if (lkm_vmlinux_symbols(host.image, &all, &count, NULL) < 0)
		return false;
	kernel_ranges(s);
	strbuf_add(&symbols, &none, sizeof(none));
	strbuf_addc(&strings, 0);
	for (size_t i = 0; i < count; i++)
		put_symbol(&all[i], s, &symbols, &strings);
	kernel_frames(&frames);
	strbuf_add(ret, &head, sizeof(head));
	s[K_SYMBOLS] = put_section(ret, SHT_SYMTAB, &symbols);
	s[K_SYMBOLS].sh_entsize = sizeof(Elf64_Sym);
	s[K_SYMBOLS].sh_link = K_STRINGS;
	s[K_SYMBOLS].sh_info = 1; /* all but the first are global */
	s[K_STRINGS] = put_section(ret, SHT_STRTAB, &strings);
	s[K_FRAMES] = put_section(ret, SHT_PROGBITS, &frames);
	put_names(s, &names);
	/* names are in the headers by now */
	uint32_t name = s[K_NAMES].sh_name;

	s[K_NAMES] = put_section(ret, SHT_STRTAB, &names);
	s[K_NAMES].sh_name = name;
	head.e_shoff = align(ret);
	strbuf_add(ret, s, sizeof(s));
	if (ret->failed || symbols.failed || strings.failed || names.failed)
		return false;
	memcpy(ret->data, &head, sizeof(head));
	return true;
}

/* A module's file while it is made anew. */
struct making {
	const struct debug_module *m;
	struct span file;
	Elf64_Ehdr head;
	Elf64_Shdr *s; /* one more than the file has */
	size_t count;
	struct strbuf *to;
};

static struct span contents(const struct making *k, size_t i)
{
	struct span ret = { NULL, 0 };

	if (i < k->count && k->s[i].sh_type != SHT_NOBITS)
		(void)!span_slice(k->file, k->s[i].sh_offset, k->s[i].sh_size,
				  &ret);
	return ret;
}

static const char *name_of(const struct making *k, size_t i)
{
	const char *name;

	return span_string(contents(k, k->head.e_shstrndx), k->s[i].sh_name,
			   &name) ?
		       name :
		       "";
}

/* 0: there is none */
static size_t section_named(const struct making *k, const char *name)
{
	for (size_t i = 1; i < k->count; i++)
		if (!strcmp(name_of(k, i), name))
			return i;
	return 0;
}

static bool read_headers(struct making *k)
{
	struct span head, table;

	if (!span_slice(k->file, 0, sizeof(k->head), &head))
		return false;
	memcpy(&k->head, head.data, sizeof(k->head));
	k->count = k->head.e_shnum;
	/* it is another file by now */
	if (k->count != k->m->count || k->count >= SECTIONS_MAX ||
	    memcmp(k->head.e_ident, ELFMAG, SELFMAG) ||
	    k->head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    k->head.e_shentsize != sizeof(Elf64_Shdr) ||
	    !span_slice(k->file, k->head.e_shoff, k->count * sizeof(Elf64_Shdr),
			&table))
		return false;
	k->s = calloc(k->count + 1, sizeof(*k->s));
	if (k->s)
		memcpy(k->s, table.data, table.size);
	return k->s;
}

static bool is_placed(const struct debug_place *p)
{
	return p->sequence && modules_sequence_at(p->address) == p->sequence;
}

/* Sorted by the kernel when the module came; it has relocated them, too. */
static void module_frames(struct making *k)
{
	size_t ips = section_named(k, ".orc_unwind_ip");
	size_t rows = section_named(k, ".orc_unwind");
	_cleanup_strbuf_ struct strbuf frames = { 0 };
	struct orc_table t = { 0 };

	if (!ips || !rows || section_named(k, FRAMES) ||
	    !is_placed(&k->m->places[ips]) || !is_placed(&k->m->places[rows]))
		return;
	t.ips = k->m->places[ips].address;
	t.ips_end = t.ips + k->s[ips].sh_size;
	t.rows = k->m->places[rows].address;
	t.rows_end = t.rows + k->s[rows].sh_size;
	for (size_t i = 1; i < k->count; i++)
		if (k->s[i].sh_flags & SHF_EXECINSTR)
			t.text_end = MAX_OF(t.text_end,
					    k->m->places[i].address +
						    k->s[i].sh_size);
	if (debug_frames(&t, &frames))
		k->s[k->count++] = put_section(k->to, SHT_PROGBITS, &frames);
}

/* Section @section, anew, with @more behind what it has */
static void extend(struct making *k, size_t section, const void *more,
		   size_t size)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct span old = contents(k, section);
	Elf64_Shdr *s = &k->s[section];

	strbuf_add(&b, (const char *)old.data, old.size);
	strbuf_add(&b, more, size);
	s->sh_offset = align(k->to);
	s->sh_size = b.len;
	strbuf_add(k->to, strbuf_str(&b), b.len);
	k->to->failed |= b.failed;
}

/* One more symbol; without a size: debuggers show the others of that place. */
static void name_init(struct making *k, size_t symtab, Elf64_Sym s)
{
	size_t strtab = k->s[symtab].sh_link;
	char name[sizeof(INIT_PREFIX) + DEBUG_NAME_MAX];
	int len = snprintf(name, sizeof(name), INIT_PREFIX "%s", k->m->name);

	s.st_name = (uint32_t)k->s[strtab].sh_size;
	s.st_size = 0;
	s.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
	extend(k, symtab, &s, sizeof(s));
	extend(k, strtab, name, (size_t)len + 1);
}

/* The section that was added is the last, and has no name yet. */
static void name_frames(struct making *k)
{
	size_t names = k->head.e_shstrndx;

	k->s[k->count - 1].sh_name = (uint32_t)k->s[names].sh_size;
	extend(k, names, FRAMES, sizeof(FRAMES));
}

/*
 * Each module has an init_module(), most by another name as well; a name of its
 * own is there for a break point before the module is.
 */
static void find_init(struct making *k)
{
	size_t symtab = section_named(k, ".symtab");
	struct span table = contents(k, symtab);
	struct span strings = contents(k, symtab ? k->s[symtab].sh_link : 0);
	const char *name;
	Elf64_Sym s;

	for (size_t i = 0; i + sizeof(s) <= table.size; i += sizeof(s)) {
		memcpy(&s, table.data + i, sizeof(s));
		if (s.st_shndx == SHN_UNDEF ||
		    !span_string(strings, s.st_name, &name) ||
		    strcmp(name, "init_module") != 0)
			continue;
		name_init(k, symtab, s);
		return;
	}
}

/*
 * What is not there (any more) is put to the bytes of the file itself, where a
 * break point hurts nobody: at address 0 it could not be set.
 */
static void place_sections(struct making *k)
{
	const uint64_t here = (uint64_t)k->to->data;

	for (size_t i = 1; i < k->m->count; i++) {
		const struct debug_place *p = &k->m->places[i];
		Elf64_Shdr *s = &k->s[i];

		if (!(s->sh_flags & SHF_ALLOC))
			continue;
		if (is_placed(p))
			s->sh_addr = p->address;
		else
			s->sh_addr = here + (s->sh_type == SHT_NOBITS ?
						     0 :
						     s->sh_offset);
	}
}

static bool make(struct making *k)
{
	size_t table;

	strbuf_add(k->to, (const char *)k->file.data, k->file.size);
	find_init(k);
	module_frames(k);
	if (k->count > k->m->count)
		name_frames(k);
	table = align(k->to);
	/* the last that moves it */
	strbuf_add(k->to, (const char *)k->s, k->count * sizeof(*k->s));
	if (k->to->failed)
		return false;
	place_sections(k);
	memcpy(k->to->data + table, k->s, k->count * sizeof(*k->s));
	k->head.e_shoff = table;
	k->head.e_shnum = (uint16_t)k->count;
	memcpy(k->to->data, &k->head, sizeof(k->head));
	return true;
}

bool debug_module_file(const struct debug_module *m, struct strbuf *ret)
{
	struct making k = { .m = m, .to = ret };
	void *bytes;
	size_t size;
	bool done;

	if (m->file < 0 ||
	    proto_read_file(m->file, PROTO_MODULE_MAX, &bytes, &size) < 0)
		return false;
	k.file = (struct span){ bytes, size };
	done = read_headers(&k) && make(&k);
	free(k.s);
	munmap(bytes, size + 1); /* as proto_read_file() has mapped it */
	return done;
}

const uint8_t *debug_file_code(const struct strbuf *file, uint64_t address)
{
	const uint8_t *bytes = (const uint8_t *)file->data;
	Elf64_Ehdr head;

	if (!bytes)
		return NULL;
	memcpy(&head, bytes, sizeof(head));
	for (size_t i = 0; i < head.e_shnum; i++) {
		Elf64_Shdr s;

		memcpy(&s, bytes + head.e_shoff + i * sizeof(s), sizeof(s));
		if (s.sh_type == SHT_PROGBITS && s.sh_flags & SHF_EXECINSTR &&
		    address - s.sh_addr < s.sh_size &&
		    s.sh_offset < file->len &&
		    address - s.sh_addr < file->len - s.sh_offset)
			return bytes + s.sh_offset + (address - s.sh_addr);
	}
	return NULL;
}
