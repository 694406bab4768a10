// SPDX-License-Identifier: GPL-2.0-only
// Who allocates and who frees: call chains, each kept once.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"

#define SITES_MAX (1U << 18)
#define HASH_BITS 14
#define MODULES_MAX 8192 /* ever loaded */
#define WALK_MAX 64	 /* frames above an allocator */
#define SCAN_MAX 16384UL /* THREAD_SIZE of x86-64 */

static struct {
	struct site *sites;
	uint32_t count;
	uint32_t hash[1U << HASH_BITS];
	struct {
		void *module;
		char name[FINDING_MODULE_MAX];
		bool gone;
	} modules[MODULES_MAX];
	uint16_t module_count;
	uint32_t newest;
	bool (*unwind_next)(void *state);
	void *(*module_at)(uint64_t address);
} t;

int site_init(void)
{
	t.sites = mmap(NULL, SITES_MAX * sizeof(*t.sites),
		       PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t.sites == MAP_FAILED)
		return -1;
	t.count = 1; /* number 0: unknown */
	t.module_count = 1;
	t.unwind_next = symp("unwind_next_frame");
	t.module_at = symp("__module_address");
	return 0;
}

struct site *site_at(uint32_t number)
{
	return &t.sites[number];
}

const char *site_module(const struct site *s)
{
	return s->module ? t.modules[s->module].name : NULL;
}

/* The end of the stack that @frame is on, the thread's or the program's own */
static uint64_t stack_end(uint64_t frame)
{
	extern void *__libc_stack_end;
	const uint64_t program = (uint64_t)__libc_stack_end;
	char *task = (char *)*host.percpu.current_task;
	uint64_t stack = *(uint64_t *)at(task, host.off.task_stack);

	if (frame - stack < SCAN_MAX)
		return stack + SCAN_MAX;
	if (frame < program && program - frame < (8UL << 20))
		return MIN_OF(program, frame + SCAN_MAX);
	return frame;
}

static bool stack_has_module(uint64_t from, uint64_t end)
{
	for (uint64_t p = from; p < end; p += 8)
		if (is_module_area(*(const uint64_t *)p))
			return true;
	return false;
}

/*
 * An init that ends in a call of the kernel (pci_register_driver()) has jumped
 * there: what is left of it is who called it, and that calls inits only.
 */
static void note_age(uint64_t ip)
{
	const char *name;
	uint64_t offset;

	if (!fail_alloc_is_on())
		return;
	if (is_module_area(ip)) {
		t.newest = MAX_OF(t.newest, modules_sequence_at(ip));
		return;
	}
	name = sym_name_at(ip, &offset);
	if (name && !strcmp(name, "do_one_initcall"))
		t.newest = UINT32_MAX;
}

uint32_t site_newest(void)
{
	return t.newest;
}

/*
 * Goes up the stack by the kernel's own unwinder (ORC).  It asks for the
 * bounds of the stack only where those in its state do not hold the address,
 * so any stack will do.  What is not the kernel's code ends the walk.
 */
static void walk(struct site *s, struct caller c, uint64_t end)
{
	uint64_t state[64] = { 0 }; /* struct unwind_state has 14 words */

	if (!t.unwind_next || host.off.unwind_size > sizeof(state) ||
	    host.off.unwind_ip == NO_OFFSET)
		return;
	*(uint32_t *)at(state, host.off.unwind_type) = 1; /* STACK_TYPE_TASK */
	*(uint64_t *)at(state, host.off.unwind_begin) = c.frame;
	*(uint64_t *)at(state, host.off.unwind_end) = end;
	*(uint64_t *)at(state,
			host.off.unwind_task) = *host.percpu.current_task;
	*(uint64_t *)at(state, host.off.unwind_ip) = c.ip;
	*(uint64_t *)at(state, host.off.unwind_sp) = c.frame + 16;
	*(uint64_t *)at(state, host.off.unwind_bp) = *(uint64_t *)c.frame;
	for (unsigned int i = 0; i < WALK_MAX; i++) {
		uint64_t ip;
		bool of_module;

		if (!t.unwind_next(state))
			return;
		ip = *(uint64_t *)at(state, host.off.unwind_ip);
		of_module = is_module_area(ip);
		if (!of_module && !is_kernel_text(ip))
			return;
		note_age(ip);
		/* the last place is for the module that is looked for */
		if (s->count == SITE_FRAMES && (of_module && !s->module))
			s->count--;
		if (s->count < SITE_FRAMES)
			s->frames[s->count++] = (uint32_t)ip;
		if (of_module && !s->module) {
			s->owner = s->count - 1;
			s->module = 1;
			if (!memory_traces())
				return;
		}
	}
}

uint16_t site_module_number(void *module)
{
	for (uint16_t i = t.module_count - 1; i; i--)
		if (t.modules[i].module == module && !t.modules[i].gone)
			return i;
	return 0;
}

uint16_t site_module_add(void *module)
{
	uint16_t n = site_module_number(module);

	if (n || !module || t.module_count == MODULES_MAX)
		return n;
	n = t.module_count++;
	t.modules[n].module = module;
	snprintf(t.modules[n].name, sizeof(t.modules[n].name), "%s",
		 (char *)at(module, host.off.module_name));
	return n;
}

static uint16_t module_number(uint64_t address)
{
	return site_module_add(t.module_at ? t.module_at(address) : NULL);
}

static uint32_t hash_of(const struct site *s)
{
	uint32_t h = s->count;

	for (unsigned int i = 0; i < s->count; i++)
		h = (h ^ s->frames[i]) * 2654435761U;
	return h >> (32 - HASH_BITS);
}

static uint32_t intern(struct site *s)
{
	uint32_t *slot = &t.hash[hash_of(s)], i;

	for (i = *slot; i; i = t.sites[i].next)
		if (t.sites[i].count == s->count &&
		    !memcmp(t.sites[i].frames, s->frames,
			    s->count * sizeof(*s->frames)))
			return i;
	if (t.count == SITES_MAX)
		return 0;
	if (s->owner < s->count)
		s->module = module_number(s->frames[s->owner]);
	i = t.count++;
	t.sites[i] = *s;
	t.sites[i].next = *slot;
	*slot = i;
	return i;
}

uint32_t site_of(struct caller c)
{
	struct site s = { .frames = { (uint32_t)c.ip }, .count = 1 };
	uint64_t end;

	s.owner = UINT8_MAX;
	t.newest = 0;
	if (is_module_area(c.ip)) {
		note_age(c.ip);
		s.owner = 0;
		s.module = 1;
	}
	if (s.module ? memory_traces() : modules_are_loaded()) {
		end = stack_end(c.frame);
		if (s.module || fail_alloc_is_on() ||
		    stack_has_module(c.frame + 16, end))
			walk(&s, c, end);
	}
	return intern(&s);
}

static void frame_words(const struct site *s, unsigned int i,
			struct finding_frame *ret)
{
	static struct finding scratch;

	scratch.frame_count = 0;
	finding_frame(&scratch, s->frames[i], FRAME_RELIABLE);
	*ret = scratch.frames[0];
}

void site_frame(const struct site *s, unsigned int i, struct finding_frame *ret)
{
	if (s->words)
		*ret = s->words[i];
	else
		frame_words(s, i, ret);
}

const char *site_words(const struct site *s, char *buf, size_t size)
{
	struct finding_frame f;

	if (!s->count)
		return "?";
	site_frame(s, s->owner < s->count ? s->owner : 0, &f);
	if (f.symbol[0])
		snprintf(buf, size, "%s+0x%lx/0x%lx%s%s%s", f.symbol, f.offset,
			 f.size, f.module[0] ? " [" : "", f.module,
			 f.module[0] ? "]" : "");
	else
		snprintf(buf, size, "0x%lx", f.offset);
	return buf;
}

static void keep_words(struct site *s)
{
	struct finding_frame *w;

	if (s->words)
		return;
	w = calloc(s->count, sizeof(*w));
	for (unsigned int i = 0; w && i < s->count; i++)
		frame_words(s, i, &w[i]);
	s->words = w;
}

void site_keep_words(uint16_t module, uint64_t start, uint64_t end)
{
	for (uint32_t i = 1; i < t.count; i++) {
		struct site *s = &t.sites[i];

		if (s->module == module && (s->live || memory_traces()) &&
		    s->frames[s->owner] >= start && s->frames[s->owner] < end)
			keep_words(s);
	}
}

uint32_t site_live(uint16_t module)
{
	uint32_t live = 0;

	for (uint32_t i = 1; i < t.count; i++)
		if (t.sites[i].module == module)
			live += t.sites[i].live;
	return live;
}

void site_add_frames(const struct site *s, struct finding *f)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (f->frame_count < FINDING_FRAMES_MAX)
			site_frame(s, i, &f->frames[f->frame_count++]);
}

/*
 * Code of that module in [@start, @end) goes away: its chains are taken out,
 * for the same addresses may be other code next.
 */
void site_forget(uint16_t module, uint64_t start, uint64_t end)
{
	for (size_t h = 0; h < ARRAY_SIZE(t.hash); h++) {
		uint32_t *link = &t.hash[h];

		while (*link) {
			struct site *s = &t.sites[*link];

			if (s->module == module &&
			    s->frames[s->owner] >= start &&
			    s->frames[s->owner] < end)
				*link = s->next;
			else
				link = &s->next;
		}
	}
}

void site_module_gone(uint16_t module)
{
	site_forget(module, 0, UINT32_MAX);
	t.modules[module].gone = true;
}
