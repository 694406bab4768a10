// SPDX-License-Identifier: GPL-2.0-only
// What a debugger is told of this process, by the interface that gdb has for
// code made at run time (its manual: "JIT Compilation Interface"): it has a
// break point in a function of ours, and reads a list of ELF files in memory.
// As long as nobody debugs, only where a module's sections are is kept.
#include "host/debug/debug.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"
#include "host/serve/serve.h"

#define INT3 0xcc
#define INSN_MAX 15
#define FILES_MAX 512 /* open ones; of modules beyond nothing is known */

enum { JIT_NOTHING, JIT_REGISTER, JIT_UNREGISTER };

struct jit_entry {
	struct jit_entry *next, *previous;
	const char *file;
	uint64_t size;
};

struct jit_descriptor {
	uint32_t version, action;
	struct jit_entry *relevant, *first;
};

/* Names and layout are gdb's. */
__attribute__((
	used)) struct jit_descriptor __jit_debug_descriptor = { .version = 1 };
void __jit_debug_register_code(void);
__attribute__((used, noinline)) void __jit_debug_register_code(void)
{
	__asm__ volatile("" : : : "memory");
}

/* A file that a debugger reads */
struct told {
	struct jit_entry entry;
	struct strbuf bytes;
};

struct known {
	struct known *next;
	const void *module; /* NULL: it is gone, break points wait for it */
	struct debug_module m;
	struct told told;
};

struct grave {
	struct grave *next;
	char *bytes;
};

static struct {
	unsigned int users;
	bool on;
	struct known *modules;
	size_t files;
	struct told kernel;
	struct grave *graves;
} d;

/*
 * A debugger may have break points in these bytes, and later writes what was
 * there before: until it has left, the memory is nobody else's.
 */
static void bury(struct strbuf *b)
{
	struct grave *g = d.on ? malloc(sizeof(*g)) : NULL;

	if (g)
		*g = (struct grave){ d.graves, b->data };
	if (g)
		d.graves = g;
	if (d.on) /* without a grave it stays for good */
		*b = (struct strbuf){ 0 };
	strbuf_release(b);
}

static void free_graves(void)
{
	struct grave *g;

	while ((g = d.graves)) {
		d.graves = g->next;
		free(g->bytes);
		free(g);
	}
}

static void tell(struct told *t)
{
	struct jit_descriptor *j = &__jit_debug_descriptor;

	t->entry = (struct jit_entry){ .next = j->first,
				       .file = t->bytes.data,
				       .size = t->bytes.len };
	if (j->first)
		j->first->previous = &t->entry;
	j->first = &t->entry;
	j->relevant = &t->entry;
	j->action = JIT_REGISTER;
	__jit_debug_register_code();
	j->action = JIT_NOTHING;
}

static void untell(struct told *t)
{
	struct jit_descriptor *j = &__jit_debug_descriptor;
	struct jit_entry *e = &t->entry;

	if (e->file) {
		if (e->next)
			e->next->previous = e->previous;
		if (e->previous)
			e->previous->next = e->next;
		else
			j->first = e->next;
		j->relevant = e;
		j->action = JIT_UNREGISTER;
		__jit_debug_register_code();
		j->action = JIT_NOTHING;
	}
	*e = (struct jit_entry){ 0 };
	bury(&t->bytes);
}

/*
 * A debugger that steps over an instruction that faults waits for it to be
 * reached again, which it never is.  This name and these arguments are those by
 * which gdb follows exceptions of C++ when it steps: it stops at @handler.
 */
void _Unwind_DebugHook(void *cfa, void *handler);
__attribute__((used, noinline)) void _Unwind_DebugHook(void *cfa, void *handler)
{
	__asm__ volatile("" : : "r"(cfa), "r"(handler) : "memory");
}

static bool has_break_point(uint64_t ip)
{
	return d.on && *(const uint8_t *)ip == INT3;
}

void debug_goes_on(uint64_t ip, uint64_t next)
{
	if (has_break_point(ip))
		_Unwind_DebugHook(NULL, (void *)next);
}

const uint8_t *debug_code(uint64_t ip)
{
	const uint8_t *code = NULL;
	const void *image;

	if (!has_break_point(ip))
		return (const uint8_t *)ip;
	for (struct known *k = d.modules; k && !code; k = k->next)
		code = debug_file_code(&k->told.bytes, ip);
	if (!code && is_kernel_text(ip) &&
	    lkm_vmlinux_bytes(host.image, ip - (uint64_t)host.distance,
			      INSN_MAX, &image, NULL) > 0)
		code = image;
	return code ? code : (const uint8_t *)ip;
}

static void tell_module(struct known *k)
{
	if (debug_module_file(&k->m, &k->told.bytes))
		tell(&k->told);
	else
		strbuf_release(&k->told.bytes);
}

void debug_begin(void)
{
	d.users++;
	if (d.on)
		return;
	d.on = true;
	modules_keep_places(true);
	if (debug_kernel_file(&d.kernel.bytes))
		tell(&d.kernel);
	else
		strbuf_release(&d.kernel.bytes);
	for (struct known *k = d.modules; k; k = k->next)
		tell_module(k);
}

void debug_lost(void)
{
	d.users--;
}

static void forget(struct known **at_)
{
	struct known *k = *at_;

	*at_ = k->next;
	untell(&k->told);
	if (k->m.file >= 0) {
		close(k->m.file);
		d.files--;
	}
	free(k->m.places);
	free(k);
}

/* The gone ones of that @name; NULL: of any */
static void forget_gone(const char *name)
{
	struct known **p = &d.modules;

	while (*p) {
		if (!(*p)->module && (!name || !strcmp((*p)->m.name, name)))
			forget(p);
		else
			p = &(*p)->next;
	}
}

void debug_end(void)
{
	if (--d.users)
		return;
	forget_gone(NULL);
	for (struct known *k = d.modules; k; k = k->next)
		untell(&k->told);
	untell(&d.kernel);
	d.on = false;
	free_graves();
	modules_keep_places(false);
}

static struct known **find(const void *module)
{
	struct known **p = &d.modules;

	while (*p && (*p)->module != module)
		p = &(*p)->next;
	return p;
}

/* The file of the request that this thread is busy with, taken over */
static int take_file(void)
{
	struct worker *w = sched_owner();
	int file;

	if (!w || w->file < 0 || d.files == FILES_MAX)
		return -1;
	file = w->file;
	w->file = -1;
	d.files++;
	return file;
}

static void remember(const Elf64_Ehdr *head, const Elf64_Shdr *sections,
		     void *module)
{
	struct known **old = find(module), *k;

	if (*old) /* that load failed early */
		forget(old);
	k = calloc(1, sizeof(*k));
	if (!k)
		return;
	k->m.places = calloc(head->e_shnum, sizeof(*k->m.places));
	if (!k->m.places) {
		free(k);
		return;
	}
	k->module = module;
	k->m.count = head->e_shnum;
	k->m.file = take_file();
	snprintf(k->m.name, sizeof(k->m.name), "%s",
		 (const char *)at(module, host.off.module_name));
	for (size_t i = 0; i < k->m.count; i++)
		k->m.places[i] = (struct debug_place){
			sections[i].sh_addr,
			modules_sequence_at(sections[i].sh_addr),
		};
	k->next = d.modules;
	d.modules = k;
}

/* Called when all of a module is where it stays, with the kernel's headers */
KERNEL_ENTRY int kernel_module_finalize(const void *head, const void *sections,
					void *module)
{
	int (*finalize)(const void *, const void *,
			void *) = replaced("module_finalize");

	if (sched_is_serving())
		remember(head, sections, module);
	return finalize(head, sections, module);
}

void debug_module_coming(const void *module)
{
	struct known *k = *find(module);

	if (!k || !d.on)
		return;
	forget_gone(k->m.name);
	tell_module(k);
}

/*
 * gdb gives up a break point whose function is not there when it learns of
 * another file: what has gone is told again, as lying in its file's bytes.
 */
void debug_module_going(const void *module)
{
	struct known **at_ = find(module), *k = *at_;

	if (!k)
		return;
	if (!d.on) {
		forget(at_);
		return;
	}
	untell(&k->told);
	k->module = NULL;
	for (size_t i = 0; i < k->m.count; i++)
		k->m.places[i].sequence = 0;
	tell_module(k);
}
