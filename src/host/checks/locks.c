// SPDX-License-Identifier: GPL-2.0-only
// Locks that modules took, and where; spinning for one that cannot come.
#include "host/checks/locks.h"

#include "host/fault/fault.h"
#include "host/fault/finding.h"
#include "host/fault/trace.h"
#include "host/host.h"
#include "host/kernel-calls.h"

#define TAKEN_MAX 256	  /* the last ones; a power of two */
#define INITCALL_SIZE 256 /* about that: where it calls is near its start */

static struct {
	struct lock_taken taken[TAKEN_MAX];
	uint64_t count;
} l;

const char *lock_kind_word(enum lock_kind kind)
{
	static const char *const words[] = { "spinlock", "read lock",
					     "write lock", "mutex" };

	return words[kind];
}

uint64_t locks_count(void)
{
	return l.count;
}

/*
 * A module, or who called the function of a module that ended by a jump to
 * the lock's.
 */
static bool is_for_module(uint64_t caller)
{
	static uint64_t initcall;

	if (!initcall)
		initcall = sym("do_one_initcall");
	return is_module_area(caller) || trace_is_host(caller) ||
	       (caller > initcall && caller < initcall + INITCALL_SIZE);
}

static void note(void *lock, void *caller, enum lock_kind kind)
{
	if (is_for_module((uint64_t)caller))
		l.taken[l.count++ % TAKEN_MAX] = (struct lock_taken){
			(uint64_t)lock, (uint64_t)caller, kind
		};
}

/*
 * The first word of each tells: of a mutex the owner, with three flags.  Its
 * memory may be gone.
 */
static bool is_held(const struct lock_taken *t)
{
	long (*copy)(void *, const void *,
		     uint64_t) = symp("copy_from_kernel_nofault");
	uint64_t word = 0;

	if (!copy ||
	    copy(&word, (void *)t->lock, t->kind == LOCK_MUTEX ? 8 : 4) != 0)
		return false;
	if (t->kind == LOCK_MUTEX)
		return (word & ~7UL) == *host.percpu.current_task;
	return word != 0;
}

void locks_forget(uint64_t lock)
{
	for (size_t i = 0; i < TAKEN_MAX; i++)
		if (l.taken[i].lock == lock)
			l.taken[i].lock = 0;
}

bool locks_held(uint64_t since, enum lock_kind kind, struct lock_taken *ret)
{
	uint64_t oldest = l.count > TAKEN_MAX ? l.count - TAKEN_MAX : 0;

	for (uint64_t i = l.count; i > oldest && i > since; i--) {
		const struct lock_taken *t = &l.taken[(i - 1) % TAKEN_MAX];

		if ((t->kind == LOCK_MUTEX) == (kind == LOCK_MUTEX) &&
		    is_held(t)) {
			*ret = *t;
			return true;
		}
	}
	return false;
}

/* A function that takes a lock: note it, then go on with the kernel's own. */
#define TAKER(name, kind)                                            \
	KERNEL_ENTRY uint64_t kernel_##name(void *lock, uint64_t a,  \
					    uint64_t b)              \
	{                                                            \
		static uint64_t (*rest)(void *, uint64_t, uint64_t); \
                                                                     \
		if (!rest)                                           \
			rest = replaced(#name);                      \
		note(lock, __builtin_return_address(0), kind);       \
		return rest(lock, a, b);                             \
	}
#include "host/checks/locks.def"
#undef TAKER

static void find_holder(char *buf, size_t size, void *lock)
{
	int (*sn)(char *, uint64_t, const char *, ...) = symp("snprintf");
	uint64_t oldest = l.count > TAKEN_MAX ? l.count - TAKEN_MAX : 0;
	uint64_t waiter = l.count ? l.count - 1 : 0;

	/* the last entry is who waits, where that is a module */
	for (uint64_t i = waiter; i > oldest; i--) {
		const struct lock_taken *t = &l.taken[(i - 1) % TAKEN_MAX];

		if (t->lock != (uint64_t)lock)
			continue;
		sn(buf, size, "%s %ps is held since %pS, and waited for",
		   lock_kind_word(t->kind), lock, (void *)t->caller);
		return;
	}
	sn(buf, size, "lock %ps is held, and waited for", lock);
}

/*
 * Someone else has it and spins in the real kernel; here nobody else runs
 * until this thread sleeps, which it will not.
 */
KERNEL_ENTRY void kernel_spin_for_ever(void *lock)
{
	struct fault f = { 0 };
	char text[240];

	find_holder(text, sizeof(text), lock);
	f.regs.ip = (uint64_t)kernel_spin_for_ever;
	f.regs.sp = (uint64_t)__builtin_frame_address(0);
	f.regs.cs = 0x10;
	f.regs.ss = 0x18;
	f.regs.flags = cpu_flags;
	trace_leave_host(&f.regs);
	lockup_report(&f, text);
}
