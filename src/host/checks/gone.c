// SPDX-License-Identifier: GPL-2.0-only
// What still points into a module that is gone: it did not unregister.
#include <stdio.h>
#include <string.h>

#include "host/checks/checks.h"
#include "host/fault/trace.h"
#include "host/memory/memory.h"

#define POINTERS_MAX 4096
#define REPORTS_MAX 4 /* of one module: the others follow from them */
#define THREADS_MAX 16
#define GONE_MAX 256 /* pieces of modules' memory, the last ones */

/*
 * Noted when the exit function is back and the module's names are known still;
 * looked at again when all of it is gone.  What names it then is a mistake.
 */
struct pointer {
	uint64_t holder, target;
	uint32_t site; /* who allocated what holds it; 0: the kernel's data */
	char words[96];
};

/* A thread that is in the middle of a module's function */
struct thread {
	void *task;
	uint64_t sp; /* while it sleeps there */
	struct finding_frame frame;
};

static struct {
	struct thread threads[THREADS_MAX];
	size_t thread_count;
	struct pointer pointers[POINTERS_MAX];
	size_t count;
	void *module;
	uint32_t site;
	char name[56];
} g;

static struct {
	uint64_t start, end;
	char name[56];
} gone[GONE_MAX];
static size_t gone_count;

static void *module_at(uint64_t address)
{
	void *(*find)(uint64_t) = symp("__module_address");

	return find ? find(address) : NULL;
}

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; name && i < n; i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

/* What is kept of the last one, and not looked at: the loader's, dead timers */
static bool is_stale(uint64_t holder)
{
	static const char *const names[] = { "mod_tree", "cur_orc_table",
					     "cur_orc_ip_table", "init_net" };
	uint64_t hrtimers = PERCPU_BASE + sym("hrtimer_bases"), offset;

	/* only compared with: a timer that is removed stays named there */
	if (holder == hrtimers + host.off.hrtimer_next ||
	    holder == hrtimers + host.off.hrtimer_softirq_next)
		return true;
	return is_one_of(sym_name_at(holder, &offset), names,
			 ARRAY_SIZE(names));
}

/* What the kernel makes for a module's file in /proc, /sys or debugfs */
struct file_kind {
	const char *cache;
	const uint32_t *node, *name; /* of the structure */
};

static const struct file_kind *file_kind(const struct block *b)
{
	static const struct file_kind kinds[] = {
		{ "proc_dir_entry", &host.off.proc_node, &host.off.proc_name },
		{ "kernfs_node_cache", &host.off.kernfs_node,
		  &host.off.kernfs_name },
		{ "dentry", NULL, &host.off.dentry_name },
	};

	for (size_t i = 0; b->kind == MEMORY_CACHE && i < ARRAY_SIZE(kinds);
	     i++)
		if (!strcmp(cache_name(b->cache), kinds[i].cache) &&
		    *kinds[i].name != NO_OFFSET)
			return &kinds[i];
	return NULL;
}

/*
 * A file of /proc or /sys that is removed lives on while it is cached, but its
 * node is out of the tree then: RB_CLEAR_NODE() makes that point to itself.
 * What else these allocate is not looked at.
 */
static bool is_of_removed_file(const struct block *b, uint64_t start)
{
	static const char *const names[] = { "proc_", "__proc_", "kernfs_",
					     "__kernfs_" };
	const struct site *s = site_at(b->site);
	const struct file_kind *kind = file_kind(b);
	uint64_t offset, node;

	if (kind && kind->node && *kind->node != NO_OFFSET) {
		node = start + *kind->node;
		return *(const uint64_t *)node == node;
	}
	for (uint8_t i = 0; i < s->owner; i++)
		if (is_one_of(sym_name_at(s->frames[i], &offset), names,
			      ARRAY_SIZE(names)))
			return true;
	return false;
}

/*
 * Memory that the kernel has taken for the module; for its own it keeps much
 * for later.
 */
static bool is_modules_own(const struct block *b, uint64_t start)
{
	const struct site *s = site_at(b->site);
	const char *module = site_module(s);

	return module && !strcmp(module, g.name) && s->owner &&
	       !is_of_removed_file(b, start);
}

static void scan(uint64_t from, uint64_t to)
{
	int (*sn)(char *, uint64_t, const char *, ...) = symp("snprintf");

	for (uint64_t p = (from + 7) & ~7UL; p + 8 <= to; p += 8) {
		uint64_t v = *(const uint64_t *)p;
		struct pointer *o = &g.pointers[g.count];

		if (!is_module_area(v) || g.count == POINTERS_MAX ||
		    module_at(v) != g.module || (!g.site && is_stale(p)))
			continue;
		*o = (struct pointer){ .holder = p,
				       .target = v,
				       .site = g.site };
		sn(o->words, sizeof(o->words), "%ps", (void *)v);
		g.count++;
	}
}

static void scan_block(struct block *b, uint64_t start, void *unused)
{
	if (b->kind == MEMORY_HOST || !b->site || !is_modules_own(b, start))
		return;
	g.site = b->site;
	scan(start, start + b->size);
	g.site = 0;
}

static void note_thread(void *task, uint64_t sp)
{
	static struct finding scratch;

	scratch.frame_count = 0;
	trace_find(&scratch, NULL, task);
	for (size_t i = 0; i < scratch.frame_count; i++) {
		if (strcmp(scratch.frames[i].module, g.name) != 0 ||
		    g.thread_count == THREADS_MAX)
			continue;
		g.threads[g.thread_count++] = (struct thread){
			.task = task, .sp = sp, .frame = scratch.frames[i]
		};
		return;
	}
}

static void keep_piece(uint64_t from, uint64_t to)
{
	size_t i = gone_count % GONE_MAX;

	if (module_at(from) != g.module)
		return;
	gone[i].start = from;
	gone[i].end = to;
	snprintf(gone[i].name, sizeof(gone[i].name), "%s", g.name);
	gone_count++;
}

void gone_note(const char *module)
{
	static const char *const ranges[][2] = {
		{ "_sdata", "_edata" },
		{ "__bss_start", "__bss_stop" },
	};
	void *(*find)(const char *) = symp("find_module");

	g.count = 0;
	g.thread_count = 0;
	g.module = find ? find(module) : NULL;
	if (!g.module)
		return;
	snprintf(g.name, sizeof(g.name), "%s", module);
	modules_each(keep_piece);
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		scan(sym(ranges[i][0]), sym(ranges[i][1]));
	scan(PERCPU_BASE, PERCPU_BASE + host.percpu_size);
	memory_each_live(scan_block, NULL);
	sched_each_other(note_thread);
}

static struct block *live_now;
static uint64_t live_start, live_holder;

static void find_live(struct block *b, uint64_t start, void *unused)
{
	if (live_holder < start || live_holder >= start + b->size)
		return;
	live_now = b;
	live_start = start;
}

/* It holds the same, and is the same allocation where it is one. */
static bool is_there_still(const struct pointer *o)
{
	if (o->site) {
		live_now = NULL;
		live_holder = o->holder;
		memory_each_live(find_live, NULL);
		if (!live_now || live_now->site != o->site ||
		    is_of_removed_file(live_now, live_start))
			return false;
	}
	return *(const uint64_t *)o->holder == o->target;
}

static void report(const struct pointer *o)
{
	char where[256], words[160];
	const struct file_kind *kind;
	const char *name;
	uint64_t offset;

	if (o->site) {
		site_words(site_at(o->site), words, sizeof(words));
		/* is_there_still() has found it */
		kind = file_kind(live_now);
		if (kind)
			snprintf(where, sizeof(where),
				 "the file %.64s, made by %s,",
				 *(const char **)(live_start + *kind->name),
				 words);
		else
			snprintf(where, sizeof(where), "memory allocated by %s",
				 words);
	} else if ((name = sym_name_at(o->holder, &offset))) {
		snprintf(where, sizeof(where), "%s+0x%lx", name, offset);
	} else {
		snprintf(where, sizeof(where), "a percpu variable");
	}
	finding_new(FINDING_STILL_REGISTERED, g.name,
		    "%s still points to %s, which is gone", where, o->words);
}

bool gone_is_noted(void)
{
	return g.count || g.thread_count;
}

/* It sleeps where it did, and will go on in what is not there any more. */
static void report_thread(void *task, uint64_t sp)
{
	for (size_t i = 0; i < g.thread_count; i++) {
		const struct thread *t = &g.threads[i];
		struct finding *f;

		if (t->task != task || t->sp != sp)
			continue;
		f = finding_new(FINDING_STILL_REGISTERED, g.name,
				"thread %s still is in %s+0x%lx, which is gone",
				(const char *)at(task, host.off.task_comm),
				t->frame.symbol, t->frame.offset);
		f->frames[f->frame_count++] = t->frame;
	}
}

void gone_report(void)
{
	void *(*find)(const char *) = symp("find_module");
	size_t shown = 0;

	if (g.thread_count && find && !find(g.name))
		sched_each_other(report_thread);
	g.thread_count = 0;
	for (size_t i = 0; i < g.count && shown < REPORTS_MAX; i++) {
		if (module_at(g.pointers[i].target) ||
		    !is_there_still(&g.pointers[i]))
			continue;
		report(&g.pointers[i]);
		shown++;
	}
	g.count = 0;
}

const char *gone_module_at(uint64_t address)
{
	for (size_t i = 0; i < MIN_OF(gone_count, (size_t)GONE_MAX); i++)
		if (address >= gone[i].start && address < gone[i].end &&
		    !module_at(address))
			return gone[i].name;
	return NULL;
}
