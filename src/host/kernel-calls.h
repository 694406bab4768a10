// SPDX-License-Identifier: GPL-2.0-only
// Functions that the kernel calls in the place of its own (table.def).
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct callback;
struct list_head;
struct kernel_regs;

/* checks.c, checks/locks.c */
int kernel_one_initcall(int (*fn)(void));
void kernel_spin_for_ever(void *lock);
#define TAKER(name, kind) \
	uint64_t kernel_##name(void *lock, uint64_t a, uint64_t b);
#include "host/checks/locks.def"
#undef TAKER

/* console.c */
int kernel_vprintk_emit(int facility, int level, const void *dev,
			const char *format, va_list args);
void kernel_console_unlock(void);
void kernel_panic(const char *format, ...);

/* cpu.c */
void kernel_cpuid(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d);
void kernel_apply_alternatives(char *start, char *end);
uint32_t kernel_apic_read(uint32_t reg);
void kernel_apic_write(uint32_t reg, uint32_t value);
void kernel_save_fl(void);
void kernel_irq_disable(void);
void kernel_irq_enable(void);

/* debug.c */
int kernel_module_finalize(const void *head, const void *sections,
			   void *module);

/* fault/oops.c */
void kernel_oops_dead(int signal);

/* load.c */
int kernel_request_module(bool wait, const char *format, ...);
int kernel_run_helper(void *info);

/* leaks.c */
void kernel_module_coming(void *module);
void kernel_module_started(void *module, uint64_t start, uint64_t end);
void kernel_module_going(void *module);

/* memory.c */
void *kernel_kmalloc(uint64_t size, uint32_t gfp);
void *kernel_kmalloc_buckets(uint64_t size, uint64_t buckets, uint64_t gfp);
void *kernel_kmalloc_trace(void *cache, uint32_t gfp, uint64_t size);
void *kernel_kmalloc_node_trace(void *cache, uint32_t gfp, int node,
				uint64_t size);
void kernel_kfree(void *p);
uint64_t kernel_ksize(void *p);
uint64_t kernel_size_roundup(uint64_t size);
void *kernel_krealloc(void *old, uint64_t size, uint32_t gfp);
void kernel_kvfree_call_rcu(char *head, uint64_t arg);
void kernel_check_heap_object(const void *p, uint64_t n, const void *slab,
			      bool to_user);

/* memory/cache.c */
void *kernel_cache_create(char *name, uint32_t size, uint32_t align,
			  uint32_t flags, void (*ctor)(void *));
void *kernel_cache_create_usercopy(char *name, uint32_t size, uint32_t align,
				   uint32_t flags, uint32_t from, ...);
void *kernel_cache_create_args(char *name, uint32_t size, void *args,
			       uint32_t flags);
void *kernel_cache_alloc(void *cache, uint32_t gfp);
void *kernel_cache_alloc_lru(void *cache, void *lru, uint32_t gfp);
void kernel_cache_free(void *cache, void *p);
void kernel_cache_free_bulk(void *cache, uint64_t n, void **p);
int kernel_cache_alloc_bulk(void *cache, uint32_t gfp, uint64_t n, void **ret);
void kernel_cache_destroy(void *cache);

/* memory/vmalloc.c */
void *kernel_vmalloc(uint64_t size);
void kernel_vfree(void *p);
void *kernel_module_alloc(uint64_t size);
void *kernel_execmem_alloc(int type, uint64_t size);
void kernel_module_free(void *p);
void *kernel_vmalloc_range(uint64_t size, uint64_t align, uint64_t start,
			   uint64_t end);
void *kernel_ioremap(uint64_t physical, uint64_t size);
void kernel_iounmap(void *p);
void *kernel_memremap(uint64_t physical, uint64_t size);
void kernel_memunmap(void *p);

/* memory/vmap.c */
void *kernel_vmap(void **pages, uint32_t count);
void *kernel_vmap_pfn(uint64_t *frames, uint32_t count);
void kernel_vunmap(void *start);
bool kernel_is_vmalloc(void *p);
bool kernel_is_vmalloc_or_module(void *p);
void *kernel_vmalloc_to_page(uint64_t p);
uint64_t kernel_vmalloc_to_pfn(uint64_t p);

/* pages.c */
void *kernel_alloc_pages(uint32_t gfp, uint32_t order);
void *kernel_alloc_folio(uint32_t gfp, uint32_t order);
void kernel_release_page(void *page, uint32_t order);
void kernel_release_compound(void *page);
void kernel_free_pages_of(void *page, uint32_t order);
void *kernel_get_free_pages(uint32_t gfp, uint32_t order);
void *kernel_get_zeroed_page(uint32_t gfp);
void kernel_free_pages(void *ram, uint32_t order);
void *kernel_alloc_pages_exact(uint64_t size, uint32_t gfp);
void *kernel_alloc_pages_exact_nid(int node, uint64_t size, uint32_t gfp);
void kernel_free_pages_exact(void *ram);
void kernel_split_page(char *page, uint32_t order);
uint64_t kernel_alloc_pages_bulk(uint32_t gfp, int node, void *mask, int n,
				 void *list, void **array);
void kernel_free_page_list(struct list_head *list);
void kernel_free_folios(uint8_t *batch);
void *kernel_memblock_alloc(uint64_t size, uint64_t align);
void *kernel_large_hash(const char *name, uint64_t bucket, uint64_t entries,
			int scale, int flags, ...);

/* percpu.c */
void *kernel_alloc_percpu(uint64_t size, uint64_t align);
void kernel_free_percpu(void *start);
uint64_t kernel_percpu_to_phys(uint64_t address);

/* rcu.c */
void kernel_call_rcu(struct callback *c, void (*fn)(struct callback *));
void kernel_call_srcu(void *domain, struct callback *c,
		      void (*fn)(struct callback *));
void kernel_synchronize_rcu(void);

/* remote.c */
uint64_t kernel_remote_copy_from(void *to, uint64_t from, uint64_t n);
uint64_t kernel_remote_copy_to(uint64_t to, const void *from, uint64_t n);
uint64_t kernel_remote_move(uint64_t to, uint64_t from, uint64_t n);
uint64_t kernel_remote_clear(uint64_t to, uint64_t n);
long kernel_remote_string(char *to, uint64_t from, long max);
long kernel_remote_length(uint64_t from, long max);
int remote_get(uint64_t from, uint64_t size, uint64_t *ret);
int remote_put(uint64_t to, uint64_t value, uint64_t size);
/* These have arguments and results in registers of their own. */
void kernel_remote_get_1(void);
void kernel_remote_get_2(void);
void kernel_remote_get_4(void);
void kernel_remote_get_8(void);
void kernel_remote_put_1(void);
void kernel_remote_put_2(void);
void kernel_remote_put_4(void);
void kernel_remote_put_8(void);
void kernel_remote_rep_move(void);
void kernel_remote_rep_clear(void);

/* replace.c */
uint64_t kernel_return_0(void);
uint64_t kernel_return_1(void);

/* sched.c */
int kernel_new_thread(int (*fn)(void *), void *arg);
void kernel_schedule(void);
int kernel_cond_resched(void);
void kernel_schedule_disabled(void);
void kernel_schedule_rtlock(void);
int kernel_wake_up_state(void *task, uint32_t state);
int kernel_wake_up(void *task);
int kernel_wake_function(void *entry, uint32_t state);
void kernel_exit(long code);

/* rights.c */
int kernel_set_memory_nx(uint64_t address, int pages);
int kernel_set_memory_ro(uint64_t address, int pages);
int kernel_set_memory_rox(uint64_t address, int pages);
int kernel_set_memory_rw(uint64_t address, int pages);
int kernel_set_memory_x(uint64_t address, int pages);

/* text.c */
void *kernel_text_poke(void *to, const void *from, uint64_t n);
void *kernel_text_poke_by(void (*copy)(void *, const void *, uint64_t),
			  void *to, const void *from, uint64_t n);
void *kernel_text_set(void *to, int c, uint64_t n);
int kernel_stop_machine(int (*fn)(void *), void *data);
int kernel_call_single(int cpu, void (*fn)(void *), void *info);
void kernel_call_each(bool (*wanted)(int cpu, void *info), void (*fn)(void *),
		      void *info);
void kernel_do_softirq(void);
void kernel_irq_work_sync(void *work);

/* trace.c */
uint64_t *kernel_return_address_place(void *state);

/* trace-entry.c */
void kernel_exit_to_user(const struct kernel_regs *regs);

bool time_signal(void);
