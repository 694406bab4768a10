// SPDX-License-Identifier: GPL-2.0-only
// What a developer must see: found while the kernel ran, kept until asked for.
#include "host/fault/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"

#define KSYM_NAME_LEN 512 /* include/linux/kallsyms.h; 128 until v6.1 */

static struct {
	struct finding list[FINDINGS_MAX + 1]; /* the last: for what is lost */
	size_t first, count;
	unsigned int lost;
} l;

static const char *const words[] = {
	[FINDING_OOPS] = "oops",
	[FINDING_WARNING] = "warning",
	[FINDING_LEAK] = "leak",
	[FINDING_USE_AFTER_FREE] = "use-after-free",
	[FINDING_OUT_OF_BOUNDS] = "out-of-bounds",
	[FINDING_DOUBLE_FREE] = "double-free",
	[FINDING_SLEEP_IN_ATOMIC] = "sleep-in-atomic",
	[FINDING_LOCK_HELD] = "lock-held",
	[FINDING_PREEMPT_IMBALANCE] = "preempt-imbalance",
	[FINDING_LIST_CORRUPTION] = "list-corruption",
	[FINDING_DEADLOCK] = "deadlock",
	[FINDING_FAILED_ALLOCATION] = "failed-allocation",
	[FINDING_STILL_REGISTERED] = "still-registered",
};

const char *finding_kind_word(enum finding_kind kind)
{
	return words[kind];
}

static struct finding *nth(size_t i)
{
	return &l.list[(l.first + i) % FINDINGS_MAX];
}

static bool is_known(const struct finding *f)
{
	for (size_t i = 0; i < l.count; i++) {
		const struct finding *o = nth(i);

		if (o->kind == f->kind && !strcmp(o->text, f->text) &&
		    (!f->module[0] || !strcmp(o->module, f->module)))
			return true;
	}
	return false;
}

struct finding *finding_new(enum finding_kind kind, const char *module,
			    const char *format, ...)
{
	struct finding *f = &l.list[FINDINGS_MAX];
	va_list args;

	f->kind = kind;
	f->frame_count = 0;
	snprintf(f->module, sizeof(f->module), "%s", module ? module : "");
	va_start(args, format);
	vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
	if (l.count == FINDINGS_MAX || is_known(f)) {
		l.lost++;
		return f;
	}
	*nth(l.count) = *f;
	return nth(l.count++);
}

/* As the kernel prints it: the call is one byte before where it returns. */
static void look_up(struct finding_frame *r, uint64_t address)
{
	const char *(*lookup)(uint64_t, uint64_t *, uint64_t *, char **,
			      char *) = symp("kallsyms_lookup");
	uint64_t back = r->flags & FRAME_EXACT ? 0 : 1;
	char name[KSYM_NAME_LEN] = "", *module = NULL;

	if (!lookup ||
	    !lookup(address - back, &r->size, &r->offset, &module, name)) {
		r->offset = address;
		r->size = 0;
		return;
	}
	r->offset += back;
	snprintf(r->symbol, sizeof(r->symbol), "%.*s",
		 (int)sizeof(r->symbol) - 1, name);
	if (module)
		snprintf(r->module, sizeof(r->module), "%.*s",
			 (int)sizeof(r->module) - 1, module);
}

void finding_frame(struct finding *f, uint64_t address, uint32_t flags)
{
	struct finding_frame *r = &f->frames[f->frame_count];

	if (f->frame_count == FINDING_FRAMES_MAX)
		return;
	memset(r, 0, sizeof(*r));
	r->flags = flags;
	look_up(r, address);
	if (!f->module[0])
		snprintf(f->module, sizeof(f->module), "%s", r->module);
	f->frame_count++;
}

const struct finding *finding_first(void)
{
	return l.count ? nth(0) : NULL;
}

void finding_drop_first(void)
{
	if (!l.count)
		return;
	l.first = (l.first + 1) % FINDINGS_MAX;
	l.count--;
}

void finding_drop_all(void)
{
	l.count = 0;
	l.lost = 0;
}

size_t finding_count(void)
{
	return l.count;
}

unsigned int finding_lost(void)
{
	return l.lost;
}

static void print_frame(const struct finding_frame *r)
{
	const char *mark = r->flags & FRAME_RELIABLE ? "" : "? ";

	if (!r->symbol[0]) {
		printf("    %s0x%lx\n", mark, r->offset);
		return;
	}
	printf("    %s%s+0x%lx/0x%lx", mark, r->symbol, r->offset, r->size);
	if (r->module[0])
		printf(" [%s]", r->module);
	putchar('\n');
}

void finding_print(const struct finding *f)
{
	printf("  finding: %s: %s%s%s\n", words[f->kind], f->module,
	       f->module[0] ? ": " : "", f->text);
	for (size_t i = 0; i < f->frame_count; i++)
		print_frame(&f->frames[i]);
}

void findings_print_all(void)
{
	for (; finding_first(); finding_drop_first())
		finding_print(finding_first());
}
