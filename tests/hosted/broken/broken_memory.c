// SPDX-License-Identifier: GPL-2.0-only
// Reads, writes and calls where nothing is, or where that is not allowed.
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "how.h"

struct thing {
	char name[40];
	struct thing *next;
	int (*call)(int);
	long value;
};

static struct thing *volatile nothing;
static const int fixed[4] = { 1, 2, 3, 4 };
static unsigned char code[16] __aligned(16) = { 0x31, 0xc0, 0xc3 };
static volatile int zero;

static noinline int null_read(void)
{
	return nothing->value;
}

static noinline int null_write(void)
{
	nothing->next = nothing;
	return 0;
}

static noinline int null_call(void)
{
	return nothing->call(1);
}

static noinline int null_function(void)
{
	int (*volatile f)(void) = NULL;

	return f() + 1;
}

static noinline int null_atomic(void)
{
	preempt_disable();
	return nothing->value;
}

static noinline int error_read(void)
{
	struct thing *volatile p = ERR_PTR(-ENOMEM);

	return p->value;
}

static noinline int poison_read(void)
{
	struct thing *volatile p = (void *)0xdead000000000100UL;

	return p->value;
}

static noinline int user_read(void)
{
	struct thing *volatile p = (void *)0x10000UL;

	return p->value;
}

static noinline int const_write(void)
{
	*(volatile int *)&fixed[2] = 5;
	return 0;
}

static noinline int code_write(void)
{
	*(volatile char *)null_read = 0xc3;
	return 0;
}

/* A constant and a function of the kernel's own */
static noinline int kernel_const_write(void)
{
	*(volatile char *)hex_asc = 'x';
	return 0;
}

static noinline int kernel_code_write(void)
{
	*(volatile char *)kstrtoint = 0xc3;
	return 0;
}

static noinline int data_run(void)
{
	int (*volatile f)(void) = (void *)code;

	return f();
}

static noinline int divide(void)
{
	return 100 / zero;
}

static noinline int deeper(volatile char *above)
{
	volatile char here[256];

	here[0] = above[0] + 1;
	return deeper(here) + here[0];
}

static noinline int recursion(void)
{
	volatile char first = 0;

	return deeper(&first);
}

static noinline int user_copy(void)
{
	char *volatile p = kmalloc(64, GFP_KERNEL);
	int left = copy_to_user(NULL, p, 128 + zero);

	kfree(p);
	return left ? -EFAULT : 0;
}

static noinline int cache_copy(void)
{
	struct kmem_cache *c = kmem_cache_create("broken_copies", 100, 0, 0,
						 NULL);
	char *volatile p = c ? kmem_cache_alloc(c, GFP_KERNEL) : NULL;

	if (!p)
		return -ENOMEM;
	return copy_from_user(p + 8, NULL, 16 + zero) ? -EFAULT : 0;
}

static noinline int part_copy(void)
{
	struct kmem_cache *c = kmem_cache_create_usercopy("broken_copies", 100,
							  0, 0, 8, 16, NULL);
	char *volatile p = c ? kmem_cache_alloc(c, GFP_KERNEL) : NULL;

	if (!p || !copy_from_user(p + 8, NULL, 16 + zero))
		return -ENOMEM;
	return copy_from_user(p + 9, NULL, 16 + zero) ? -EFAULT : 0;
}

static noinline int code_copy(void)
{
	return copy_to_user(NULL, (void *)user_copy, 16 + zero) ? -EFAULT : 0;
}

static noinline int fortify(void)
{
	struct thing *p = kzalloc(sizeof(*p), GFP_KERNEL);

	memcpy(p->name, how, sizeof(p->name) + 8 + zero);
	kfree(p);
	return 0;
}

static noinline int fortify_string(void)
{
	char small[4], *volatile text = "too long for it";

	strcpy(small, text);
	return small[0] == 'x';
}

WAYS(broken_memory, { "null-read", null_read }, { "null-write", null_write },
     { "null-call", null_call }, { "null-function", null_function },
     { "null-atomic", null_atomic }, { "error-read", error_read },
     { "poison-read", poison_read }, { "user-read", user_read },
     { "const-write", const_write }, { "code-write", code_write },
     { "kernel-const-write", kernel_const_write },
     { "kernel-code-write", kernel_code_write }, { "data-run", data_run },
     { "divide", divide }, { "recursion", recursion },
     { "user-copy", user_copy }, { "cache-copy", cache_copy },
     { "part-copy", part_copy }, { "code-copy", code_copy },
     { "fortify", fortify }, { "fortify-string", fortify_string });
