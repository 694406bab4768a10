// SPDX-License-Identifier: GPL-2.0-only
// What the kernel prints.
#include <stdarg.h>
#include <string.h>

#include "base/strbuf.h"
#include "host/host.h"
#include "host/kernel-calls.h"

#define LOG_MAX (4U << 20)
#define LEVEL_DEFAULT 4 /* CONFIG_MESSAGE_LOGLEVEL_DEFAULT */

static struct strbuf text;
static bool line_open;

typedef int kernel_vsnprintf(char *, uint64_t, const char *, va_list);

static void put(const char *bytes, size_t len)
{
	if (text.len + len < LOG_MAX && !sched_is_serving())
		(void)strbuf_add(&text, bytes, len);
	if (host.verbose)
		fwrite(bytes, 1, len, stderr);
}

void console_put(int level, const char *bytes, size_t len)
{
	if (line_open)
		put("\n", 1);
	put(bytes, len);
	log_add(level < 0 ? LEVEL_DEFAULT : level, bytes, len, false);
	line_open = !len || bytes[len - 1] != '\n';
}

void console_clear(void)
{
	strbuf_clear(&text);
	line_open = false;
}

void console_print(void)
{
	if (line_open)
		put("\n", 1);
	line_open = false;
	for (const char *p = strbuf_str(&text); *p;) {
		int len = (int)strcspn(p, "\n");

		printf("  %.*s\n", len, p);
		p += len + (p[len] == '\n');
	}
}

/* A message starts with SOH and a level; 'c' goes on with an open line. */
static int print(int level, const char *format, va_list args)
{
	char line[1024];
	kernel_vsnprintf *vsn = symp("vsnprintf");
	/* a record's limit: LOG_LINE_MAX, since v6.3 PRINTKRB_RECORD_MAX */
	size_t room = host.version < 6003 ? 992 : sizeof(line);
	int n = vsn(line, room, format, args);
	const char *p = line;
	bool goes_on = false;
	size_t len;

	while (p[0] == 1 && p[1]) {
		goes_on |= p[1] == 'c';
		if (p[1] >= '0' && p[1] <= '7')
			level = p[1] - '0';
		p += 2;
	}
	len = strlen(p);
	if (goes_on && line_open) {
		put(p, len);
		log_add(level, p, len, true);
		line_open = !len || p[len - 1] != '\n';
	} else if (len) {
		console_put(level, p, len);
	}
	return n;
}

KERNEL_ENTRY int kernel_vprintk_emit(int facility, int level, const void *dev,
				     const char *format, va_list args)
{
	return print(level, format, args);
}

/* As printk(), with the kernel's own conversions (%pS) */
void kprint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(4, format, args);
	va_end(args);
}

/*
 * Nothing is printed to consoles, and console_lock() is replaced by nothing:
 * but clang has it inlined in its callers, which take the semaphore then.
 */
KERNEL_ENTRY void kernel_console_unlock(void)
{
	void *console_sem = symp("console_sem");
	void (*up)(void *) = symp("up");

	if (!*(uint32_t *)at(console_sem, host.off.semaphore_count))
		up(console_sem);
}

KERNEL_ENTRY void kernel_panic(const char *format, ...)
{
	kernel_vsnprintf *vsn = symp("vsnprintf");
	void (*stack)(void) = symp("dump_stack");
	char why[256];
	va_list args;

	va_start(args, format);
	vsn(why, sizeof(why), format, args);
	va_end(args);
	kprint("\0010Kernel panic - not syncing: %s", why);
	if (!oops_why() && stack)
		stack();
	host_stop("panic: %s", oops_why() ? oops_why() : why);
}
