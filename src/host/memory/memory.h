// SPDX-License-Identifier: GPL-2.0-only
// What the host's allocators know of each allocation, and of who made it.
#pragma once

#include "host/fault/finding.h"
#include "host/host.h"

enum memory_kind {
	MEMORY_HOST, /* of this process, not of the kernel */
	MEMORY_KMALLOC,
	MEMORY_CACHE,
	MEMORY_CACHE_ITSELF, /* struct kmem_cache */
	MEMORY_VMALLOC,
	MEMORY_PAGES,
	MEMORY_IO,
	MEMORY_PERCPU,
};

enum block_state { BLOCK_NEVER, BLOCK_LIVE, BLOCK_FREE };

/* One allocation, kept apart from its bytes: a wild write cannot change it. */
struct block {
	uint32_t size;	   /* as asked for */
	uint32_t site;	   /* who made it */
	uint32_t freed;	   /* who freed it last */
	uint32_t sequence; /* when; of a free one the next that is free */
	uint16_t cache;	   /* number of its slab cache */
	uint8_t kind, state;
};

/* Where the kernel called in: valid in the function that the kernel called. */
struct caller {
	uint64_t ip, frame;
};
#define CALLER()                                                 \
	((struct caller){ (uint64_t)__builtin_return_address(0), \
			  (uint64_t)__builtin_frame_address(0) })

struct request {
	uint64_t size, align;
	uint32_t gfp;
	enum memory_kind kind;
	uint16_t cache;
	struct caller caller;
};

#define ZERO_SIZE ((void *)16) /* what kmalloc(0) gives */

/* Whole call chains are wanted, not only up to the first module */
bool memory_traces(void);
uint32_t memory_sequence(void); /* of the newest allocation */

/* "kmalloc", "vmalloc", ..., the name of a cache */
const char *block_kind(const struct block *b);
/* Of all blocks, guarded ones too */
struct block *memory_find(uint64_t p, uint64_t *ret_start);

/* memory.c: NULL: none left, or made to fail */
void *memory_take(const struct request *r);
/* False where nothing is to be freed: it was reported. */
bool memory_give(void *p, enum memory_kind kind, struct caller caller);

/*
 * memory/arena.c: blocks of powers of two.  Modules get blocks that were not
 * the kernel's own before: what it forgot to clear does not point to theirs.
 * @ret_start: where the block that @p points into starts.  NULL: not of the
 * allocators.
 */
int arena_init(void);
struct block *arena_get(uint64_t size, uint64_t align, bool of_module,
			void **ret);
void arena_put(void *start, struct block *b);
struct block *arena_find(uint64_t p, uint64_t *ret_start);
uint64_t arena_room(uint64_t start);
uint64_t arena_round(uint64_t size); /* what a block of @size has room for */
/* Each page of the block of pages at @start becomes one of its own. */
void arena_split(uint64_t start);
typedef void block_visit(struct block *b, uint64_t start, void *ctx);
void arena_each_live(block_visit *visit, void *ctx);
typedef void range_visit(uint64_t from, uint64_t to);
void arena_each_boot(range_visit *visit);

/* memory/site.c: who allocates */
#define SITE_FRAMES 8
struct site {
	uint32_t frames[SITE_FRAMES]; /* all code lies in the low 2 GiB */
	uint8_t count;
	uint8_t owner;	 /* the first frame that is a module's; or count */
	uint16_t module; /* 0: no module's; see site_module() */
	uint32_t next;	 /* of the same hash; 0: none */
	uint32_t live;	 /* allocations */
	/* its frames in words, from before its code went away */
	struct finding_frame *words;
};
int site_init(void);
uint32_t site_of(struct caller caller);
struct site *site_at(uint32_t number);
/*
 * Of the modules in the chain that site_of() has walked last: when the newest
 * of them got its memory, see modules_sequence_at()
 */
uint32_t site_newest(void);
const char *site_module(const struct site *s);
/* Frame @i of it, in words */
void site_frame(const struct site *s, unsigned int i,
		struct finding_frame *ret);
/* "f+0x12/0x34 [m]" of its owner's frame, or of who called the allocator */
const char *site_words(const struct site *s, char *buf, size_t size);
void site_add_frames(const struct site *s, struct finding *f);
/* Of what it allocated in code of [@start, @end), and is not freed yet */
void site_keep_words(uint16_t module, uint64_t start, uint64_t end);
uint32_t site_live(uint16_t module);	   /* allocations */
uint16_t site_module_number(void *module); /* 0: none yet */
uint16_t site_module_add(void *module);
void site_forget(uint16_t module, uint64_t start, uint64_t end);
void site_module_gone(uint16_t module);

/* memory/space.c: first fit in a range of addresses, for few pieces */
struct piece {
	uint64_t start, size;
	uint32_t sequence; /* counted up with each piece */
	struct block block;
};
struct space {
	uint64_t begin, end;
	struct piece *pieces; /* by address */
	size_t count, room;
	uint32_t sequence;
};
struct piece *space_get(struct space *s, uint64_t size, uint64_t align);
struct piece *space_find(const struct space *s, uint64_t p);
void space_put(struct space *s, struct piece *piece);

void memory_each_live(block_visit *visit, void *ctx);

/* memory/guard.c */
#define GUARD_BASE (RAM_BASE + RAM_SIZE)
#define GUARD_SIZE (PAGES_BASE - GUARD_BASE)
struct block *guard_memory_get(const struct request *r, void **ret);
struct block *guard_memory_find(uint64_t p, uint64_t *ret_start);
void guard_memory_put(struct block *b);
bool guard_memory_put_part(struct block *b, void *part, uint32_t pages);
void guard_memory_each_live(block_visit *visit, void *ctx);

/* memory/cache.c */
const char *cache_name(uint16_t number);
void cache_object_freed(uint16_t number);
bool cache_is_gone(uint16_t number);
/* Whether @n bytes at @offset may be copied to a program, or from one */
bool cache_may_copy(uint16_t number, uint64_t offset, uint64_t n);

/* memory/vmalloc.c: modules' code and data */
bool modules_are_loaded(void);
uint32_t modules_sequence(void);
uint32_t modules_sequence_at(uint64_t address);
void modules_keep_places(bool keep); /* of what is freed */
void modules_each(range_visit *visit);

/* rights.c: of their pages */
int rights_new(void *start, uint64_t size); /* PROT_* */
void rights_kernel(void); /* it has booted: its text and constants stay */
void rights_suspend(void *start, uint64_t n, bool suspend);
/* It is changed all the time. */
void rights_leave_open(void *start, uint64_t n);

/* pages.c */
void *ram_of(void *page);
void pages_init(void *ram, uint64_t count);
/* A page that kmalloc or a slab cache has cut in pieces */
void pages_mark_slab(void *ram);

/* percpu.c */
void percpu_each_live(block_visit *visit, void *ctx);

/* leaks.c */
void leaks_of_cache(uint16_t cache, const char *name);

/* failalloc.c */
bool fail_alloc_is_on(void);
uint32_t fail_alloc_never(void); /* __GFP_NOFAIL */
bool fail_alloc_now(const struct request *r, uint32_t site);
void fail_alloc_coming(void *module);
void fail_alloc_end(const void *module);
