// SPDX-License-Identifier: GPL-2.0-only
// Guard mode: what modules allocate ends where memory ends, and is gone when
// it was freed.
#include <string.h>
#include <sys/mman.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"

/*
 * Behind RAM, so that each has a struct page.  An object ends at the end of a
 * page, as far as its alignment allows; bytes of a pattern fill what is left.
 * The next page cannot be touched, and an object's own neither once it was
 * freed; places are used again only when all were used.
 */
#define GUARD_FRAMES (GUARD_SIZE >> 12)
#define SLOTS_MAX (GUARD_FRAMES / 2)
#define PATTERN 0xa5
#define BEFORE 64UL /* bytes of the pattern before an object */

struct slot {
	struct block block;
	uint32_t frame, pages; /* without the one that guards it */
	uint32_t offset;       /* of the object in the first */
	uint32_t parts;	       /* pages not freed yet, of those split up */
	uint32_t next;	       /* freed after this one; of as many pages */
};

static struct {
	bool on;
	struct slot *slots; /* from number 1 on */
	uint32_t count, next_frame;
	uint32_t *slot_of; /* of each frame; 0: never used */
	/* freed ones by pages: the oldest and the newest */
	uint32_t first[64], last[64];
} g = { .count = 1, .next_frame = 1 };

static void *reserve(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int guard_memory_start(void)
{
	void *p = mmap((void *)GUARD_BASE, GUARD_SIZE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			       MAP_FIXED_NOREPLACE,
		       -1, 0);

	if (p != (void *)GUARD_BASE)
		return -1;
	g.slots = reserve(SLOTS_MAX * sizeof(*g.slots));
	g.slot_of = reserve(GUARD_FRAMES * sizeof(*g.slot_of));
	g.on = g.slots && g.slot_of;
	return g.on ? 0 : -1;
}

bool guard_memory_is_on(void)
{
	return g.on;
}

static char *pages_at(const struct slot *s)
{
	return (char *)GUARD_BASE + ((uint64_t)s->frame << 12);
}

static char *object_at(const struct slot *s)
{
	return pages_at(s) + s->offset;
}

static struct slot *slot_at(uint64_t p)
{
	uint32_t n;

	if (!g.on || p < GUARD_BASE || p >= GUARD_BASE + GUARD_SIZE)
		return NULL;
	n = g.slot_of[(p - GUARD_BASE) >> 12];
	return n ? &g.slots[n] : NULL;
}

static struct slot *new_slot(uint32_t pages)
{
	struct slot *s;

	if (g.next_frame + pages + 1 > GUARD_FRAMES || g.count == SLOTS_MAX)
		return NULL;
	s = &g.slots[g.count];
	s->frame = g.next_frame;
	s->pages = pages;
	for (uint32_t i = 0; i <= pages; i++)
		g.slot_of[s->frame + i] = g.count;
	g.next_frame += pages + 1;
	g.count++;
	return s;
}

static struct slot *old_slot(uint32_t pages)
{
	struct slot *s;

	if (pages >= ARRAY_SIZE(g.first) || !g.first[pages])
		return NULL;
	s = &g.slots[g.first[pages]];
	g.first[pages] = s->next;
	if (!s->next)
		g.last[pages] = 0;
	return s;
}

static void queue(struct slot *s)
{
	uint32_t number = (uint32_t)(s - g.slots);

	s->next = 0;
	if (s->pages >= ARRAY_SIZE(g.first))
		return; /* never again */
	if (g.last[s->pages])
		g.slots[g.last[s->pages]].next = number;
	else
		g.first[s->pages] = number;
	g.last[s->pages] = number;
}

static void fill(const struct slot *s, uint64_t size)
{
	char *object = object_at(s);
	char *end = pages_at(s) + ((uint64_t)s->pages << 12);
	uint64_t before = MIN_OF(BEFORE, (uint64_t)s->offset);

	memset(object - before, PATTERN, before);
	memset(object + size, PATTERN, (size_t)(end - object - (long)size));
}

struct block *guard_memory_get(const struct request *r, void **ret)
{
	bool whole = r->kind >= MEMORY_VMALLOC; /* from a page's start */
	uint32_t pages = (uint32_t)((r->size + 4095) >> 12);
	uint64_t bytes = (uint64_t)pages << 12;
	uint64_t align = MAX_OF(r->align, 8UL);
	struct slot *s;

	if (r->size > GUARD_SIZE / 16 || align > 4096)
		return NULL;
	s = new_slot(pages);
	if (!s)
		s = old_slot(pages);
	if (!s || mprotect(pages_at(s), bytes, PROT_READ | PROT_WRITE) < 0)
		return NULL; /* the kernel limits how many maps there are */
	s->offset = whole ? 0 : (uint32_t)((bytes - r->size) & -align);
	s->parts = pages;
	s->block.state = BLOCK_LIVE;
	fill(s, r->size);
	*ret = object_at(s);
	if (!whole)
		pages_mark_slab(pages_at(s));
	return &s->block;
}

struct block *guard_memory_find(uint64_t p, uint64_t *ret_start)
{
	struct slot *s = slot_at(p);

	if (!s)
		return NULL;
	*ret_start = (uint64_t)object_at(s);
	return &s->block;
}

/* How far behind the object the pattern is broken; 0: it is not */
static long broken_behind(const struct slot *s)
{
	const char *end = pages_at(s) + ((uint64_t)s->pages << 12);
	const char *from = object_at(s) + s->block.size;

	for (const char *p = from; p < end; p++)
		if ((uint8_t)*p != PATTERN)
			return p - from + 1;
	return 0;
}

static long broken_before(const struct slot *s)
{
	const char *object = object_at(s);

	for (uint64_t i = 1; i <= MIN_OF(BEFORE, (uint64_t)s->offset); i++)
		if ((uint8_t)object[-(long)i] != PATTERN)
			return (long)i;
	return 0;
}

static void check_pattern(const struct slot *s, uint32_t freed_by)
{
	long behind = broken_behind(s), before = broken_before(s);
	const struct site *made = site_at(s->block.site);
	const struct site *now = site_at(freed_by);
	char where[256], by[256];
	struct finding *f;

	if (!behind && !before)
		return;
	f = finding_new(FINDING_OUT_OF_BOUNDS, site_module(made),
			"byte %ld %s an object of %u bytes (%s) was written, "
			"as is seen when %s frees it; allocated by %s",
			behind ? behind : before, behind ? "behind" : "before",
			s->block.size, block_kind(&s->block),
			site_words(now, by, sizeof(by)),
			site_words(made, where, sizeof(where)));
	site_add_frames(made, f);
}

void guard_memory_put(struct block *b)
{
	struct slot *s = (struct slot *)b;

	check_pattern(s, b->freed);
	b->state = BLOCK_FREE;
	(void)mprotect(pages_at(s), (uint64_t)s->pages << 12, PROT_NONE);
	(void)madvise(pages_at(s), (uint64_t)s->pages << 12, MADV_DONTNEED);
	queue(s);
}

/* Some pages of those that split_page() has made single ones; true: the last */
bool guard_memory_put_part(struct block *b, void *part, uint32_t pages)
{
	struct slot *s = (struct slot *)b;

	if (pages >= s->parts)
		return true;
	s->parts -= pages;
	(void)mprotect(part, (uint64_t)pages << 12, PROT_NONE);
	return false;
}

void guard_memory_each_live(block_visit *visit, void *ctx)
{
	for (uint32_t i = 1; i < g.count; i++)
		if (g.slots[i].block.state == BLOCK_LIVE)
			visit(&g.slots[i].block,
			      (uint64_t)object_at(&g.slots[i]), ctx);
}

static void tell(const struct slot *s, const char *place, long offset,
		 struct guard_story *ret)
{
	const struct site *made = site_at(s->block.site);
	const struct site *freed = site_at(s->block.freed);
	bool gone = s->block.state == BLOCK_FREE;
	char by[256], by_too[256];

	ret->kind = gone ? FINDING_USE_AFTER_FREE : FINDING_OUT_OF_BOUNDS;
	ret->allocated = s->block.site;
	ret->freed = gone ? s->block.freed : 0;
	snprintf(ret->text, sizeof(ret->text),
		 "byte %ld %s an object of %u bytes (%s), allocated by %s%s%s",
		 offset, place, s->block.size, block_kind(&s->block),
		 site_words(made, by, sizeof(by)), gone ? ", freed by " : "",
		 gone ? site_words(freed, by_too, sizeof(by_too)) : "");
}

bool guard_explain(uint64_t address, struct guard_story *ret)
{
	const struct slot *s = slot_at(address), *next;
	uint64_t start, end, next_start;

	if (!s)
		s = slot_at(address + 4096); /* before the first of all */
	if (!s)
		return false;
	start = (uint64_t)object_at(s);
	end = start + s->block.size;
	next = slot_at((uint64_t)pages_at(s) +
		       ((uint64_t)(s->pages + 1) << 12));
	next_start = next ? (uint64_t)object_at(next) : 0;
	if (next && address >= end && next_start - address < address - end)
		tell(next, "before", (long)(next_start - address), ret);
	else if (address >= end)
		tell(s, "behind", (long)(address - end) + 1, ret);
	else if (address < start)
		tell(s, "before", (long)(start - address), ret);
	else
		tell(s, "of", (long)(address - start), ret);
	return true;
}

static void log_calls(const char *what, uint32_t number)
{
	const struct site *s = site_at(number);

	kprint("\0011%s:", what);
	for (unsigned int i = 0; i < s->count; i++) {
		struct finding_frame f;

		site_frame(s, i, &f);
		kprint("\0011 %s+0x%lx/0x%lx%s%s%s", f.symbol, f.offset, f.size,
		       f.module[0] ? " [" : "", f.module,
		       f.module[0] ? "]" : "");
	}
}

void guard_log(const struct guard_story *story)
{
	log_calls("Allocated by", story->allocated);
	if (story->freed)
		log_calls("Freed by", story->freed);
}
