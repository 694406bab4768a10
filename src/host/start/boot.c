// SPDX-License-Identifier: GPL-2.0-only
// Starts the kernel: variables, the parts of start_kernel(), the initcalls.
#include <asm/prctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "diag/error.h"
#include "host/checks/checks.h"
#include "host/fault/finding.h"
#include "host/host.h"
#include "host/kernel-calls.h"
#include "host/memory/memory.h"

/* about as long as a boot takes from the last initcall to a program */
#define SETTLE_TICKS 250

#define STACK_CANARY 0x1122334455667700UL /* at gs:0x28, -fstack-protector */

static void set64(const char *name, uint64_t value)
{
	uint64_t *p = symp(name);

	if (p)
		*p = value;
}

static void set32(const char *name, uint32_t value)
{
	uint32_t *p = symp(name);

	if (p)
		*p = value;
}

static void set8(const char *name, uint8_t value)
{
	uint8_t *p = symp(name);

	if (p)
		*p = value;
}

static void *percpu_at(uint64_t offset)
{
	return (void *)(PERCPU_BASE + offset);
}

/* Up to v6.1 each has a symbol of its own; then struct pcpu_hot has them. */
static void find_percpu(void)
{
	const struct lkm_ksym *hot;
	uint64_t base;

	if (lkm_vmlinux_symbol(host.image, "pcpu_hot", &hot, NULL) > 0 &&
	    host.off.hot_current != NO_OFFSET) {
		base = hot->address;
		host.percpu.current_task = percpu_at(base +
						     host.off.hot_current);
		host.percpu.preempt_count = percpu_at(base +
						      host.off.hot_preempt);
		host.percpu.cpu_number = percpu_at(base + host.off.hot_cpu);
		host.percpu.softirq_pending = percpu_at(base +
							host.off.hot_softirq);
		return;
	}
	host.percpu.current_task = percpu_at(sym("current_task"));
	host.percpu.preempt_count = percpu_at(sym("__preempt_count"));
	host.percpu.cpu_number = percpu_at(sym("cpu_number"));
	host.percpu.softirq_pending = percpu_at(sym("irq_stat") +
						host.off.irq_softirq);
}

static void set_percpu(void)
{
	uint64_t *offsets = symp("__per_cpu_offset");

	*(uint64_t *)percpu_at(0x28) = STACK_CANARY;
	*(uint64_t *)percpu_at(sym("this_cpu_off")) = PERCPU_BASE;
	*host.percpu.cpu_number = 0;
	if (offsets)
		offsets[0] = PERCPU_BASE;
	percpu_start(host.percpu_size);
	syscall(SYS_arch_prctl, ARCH_SET_GS, PERCPU_BASE);
}

/* The one node; where the kernel knows no others it has a place of its own. */
static char *node0(void)
{
	char **nodes = symp("node_data");

	return nodes ? nodes[0] : symp("contig_page_data");
}

static int64_t enumerator(const char *name, int64_t otherwise)
{
	int64_t value = otherwise;

	(void)lkm_vmlinux_enumerator(host.image, name, &value, NULL);
	return value;
}

static void init_zones(void)
{
	char **nodes = symp("node_data"), *node;
	int64_t zones = enumerator("__MAX_NR_ZONES", 5);

	if (nodes)
		nodes[0] = memory_boot(host.off.node_size + 4096, 4096);
	node = node0();
	if (!node)
		return;
	for (int64_t i = 0; i < zones; i++)
		*(void **)at(node, host.off.node_zones +
					   (uint32_t)i * host.off.zone_size +
					   host.off.zone_node) = node;
	*(uint32_t *)at(node, host.off.node_nr_zones) = (uint32_t)zones;
}

/* Each is the set of node 0: node_states[NR_NODE_STATES] */
static void set_node_states(void)
{
	char *states = symp("node_states");
	int64_t last = enumerator("NR_NODE_STATES", 0);
	uint32_t size = host.off.nodemask_size;

	if (!states || size == NO_OFFSET)
		return;
	for (int64_t i = 0; i < last; i++) {
		memset(states + i * size, 0, size);
		states[i * size] = 1;
	}
}

static void set_memory(void)
{
	/*
	 * Physical addresses are those of this process, of RAM and image
	 * alike: __pa() and __va() change nothing (arch/x86/include/asm/page.h)
	 */
	set64("page_offset_base", 0);
	set64("vmemmap_base", PAGES_BASE);
	set64("vmalloc_base", 0x7f0000000000UL);
	set64("phys_base", START_KERNEL_MAP);
	set32("nr_node_ids", 1);
	set32("nr_online_nodes", 1);
	set64("max_pfn", (RAM_BASE + RAM_SIZE) >> 12);
	set64("max_low_pfn", (RAM_BASE + RAM_SIZE) >> 12);
	set64("_totalram_pages", RAM_SIZE >> 12);
	init_zones();
	set_node_states();
}

/* Sets of processors that are found through a pointer: each has processor 0. */
static void set_masks(void)
{
	static const char *const percpu[] = {
		"cpu_sibling_map",    "cpu_core_map",	    "cpu_die_map",
		"cpu_llc_shared_map", "cpu_l2c_shared_map",
	};
	uint64_t *mask = memory_boot(1024, 64);
	uint64_t **map = symp("node_to_cpumask_map");

	*mask = 1;
	if (map)
		map[0] = mask;
	for (size_t i = 0; i < ARRAY_SIZE(percpu); i++) {
		uint64_t offset = sym(percpu[i]);

		if (offset && offset < host.percpu_size)
			*(uint64_t **)percpu_at(offset) = mask;
	}
}

static void set_processor(void)
{
	uint64_t tlb = sym("cpu_tlbstate");

	/* cr4_init_shadow() */
	if (tlb && host.off.tlb_cr4 != NO_OFFSET)
		*(uint64_t *)percpu_at(tlb + host.off.tlb_cr4) = CPU_CR4;
	set64("__cpu_possible_mask", 1);
	set64("__cpu_online_mask", 1);
	set64("__cpu_present_mask", 1);
	set64("__cpu_active_mask", 1);
	set32("nr_cpu_ids", 1);
	set32("__num_online_cpus", 1);
	set64("loops_per_jiffy", 1);
	set32("acpi_disabled", 1);
	set_masks();
}

static void set_command_line(void)
{
	static char empty[4096];

	set64("saved_command_line", (uint64_t)empty);
	set64("static_command_line", (uint64_t)empty);
	set64("initcall_command_line", (uint64_t)empty);
	set64("extra_command_line", 0);
}

struct step {
	const char *name;
	void (*hook)(struct boot_report *);
};

static void fail(struct boot_report *b, const char *name, const char *why)
{
	struct initcall_failure *f = &b->failed[b->failed_count];

	if (b->failed_count == ARRAY_SIZE(b->failed))
		return;
	f->name = name;
	snprintf(f->why, sizeof(f->why), "%.199s", why);
	b->failed_count++;
}

static long call_plain(void *fn)
{
	return ((int (*)(void))fn)();
}

static bool call_guarded(struct boot_report *b, const char *name, void *fn)
{
	struct verdict v;

	guard_call(call_plain, fn, &v);
	if (v.aborted)
		fail(b, name, v.why);
	return !v.aborted;
}

static void set_member(char *base, uint32_t offset, uint64_t value)
{
	if (offset != NO_OFFSET)
		*(uint64_t *)at(base, offset) = value;
}

/* What free_area_init() does for node 0, and that all memory is in one zone */
static void init_node(struct boot_report *b)
{
	void (*init)(void *) = symp("free_area_init_core_hotplug");
	void (*lru_gen)(void *) = symp("lru_gen_init_pgdat");
	char *zone, *node = node0();
	int64_t normal = enumerator("ZONE_NORMAL", 2);

	if (!init)
		init = symp("pgdat_init_internals");
	if (!node)
		return;
	set_member(node, host.off.node_stats, sym("boot_nodestats"));
	if (init)
		init(node);
	if (lru_gen)
		lru_gen(node);
	set_member(node, host.off.node_start, RAM_BASE >> 12);
	set_member(node, host.off.node_present, RAM_SIZE >> 12);
	set_member(node, host.off.node_spanned, RAM_SIZE >> 12);
	zone = node + host.off.node_zones + (size_t)normal * host.off.zone_size;
	set_member(zone, host.off.zone_start, RAM_BASE >> 12);
	set_member(zone, host.off.zone_managed, RAM_SIZE >> 12);
	set_member(zone, host.off.zone_present, RAM_SIZE >> 12);
	set_member(zone, host.off.zone_spanned, RAM_SIZE >> 12);
}

/* Without jump labels jump_label_init() is inline and only does this. */
static void allow_static_keys(struct boot_report *b)
{
	set8("static_key_initialized", 1);
}

/* smp_store_boot_cpu_info() */
static void store_cpu_info(struct boot_report *b)
{
	const void *from = symp("boot_cpu_data");
	uint64_t to = sym("cpu_info");

	if (from && to)
		memcpy(percpu_at(to), from, host.off.cpuinfo_size);
}

static void enable_interrupts(struct boot_report *b)
{
	cpu_flags = CPU_FLAGS_ON;
	set8("early_boot_irqs_disabled", 0);
}

/*
 * ftrace_init(), for a single function that the host has not changed: for
 * modules the kernel does it only when it has done it for itself.  It puts a
 * NOP where a function calls __fentry__, and complains of what else it finds
 * there.
 */
static int list_functions(void)
{
	int (*process)(void *module, const uint64_t *start,
		       const uint64_t *end) = symp("ftrace_process_locs");
	const uint64_t *p = symp("__start_mcount_loc");
	const uint64_t *end = symp("__stop_mcount_loc");

	/* the first are none: 0, and moved */
	while (p < end && (!is_kernel_text(*p) || *(uint8_t *)*p != 0xe8))
		p++;
	return p < end ? process(NULL, p, p + 1) : -1;
}

static void start_ftrace(struct boot_report *b)
{
	uint64_t for_modules = sym("ftrace_module_init");
	const uint64_t *list = symp("ftrace_pages");

	if (sym("ftrace_process_locs") && sym("__start_mcount_loc") &&
	    replaced("ftrace_free_mem") && replaced("ftrace_release_mod"))
		call_guarded(b, "ftrace_init", list_functions);
	if (for_modules && (!list || !*list))
		replace_jump(for_modules, kernel_return_0);
}

/* As the end of sched_init(); might_sleep() does nothing before. */
static void choose_preemption(struct boot_report *b)
{
	void (*update)(int mode) = symp("sched_dynamic_update");
	int64_t voluntary = 1;

	(void)lkm_vmlinux_enumerator(host.image, "preempt_dynamic_voluntary",
				     &voluntary, NULL);
	if (update)
		update((int)voluntary);
}

static void start_kthreadd(struct boot_report *b)
{
	int (*kthreadd)(void *) = symp("kthreadd");

	/* kernel_init()'s: what starts the kernel goes on to be process 1 */
	task_identify(sched_task());
	/* until now it was the idle task, which is not to be preempted */
	*host.percpu.preempt_count = PREEMPT_ENABLED;
	sched_spawn(kthreadd, NULL, "kthreadd");
	set64("kthreadd_task", (uint64_t)sched_task_of_fiber(1));
}

/* driver_init(), since v5.18 */
static void init_bdi(struct boot_report *b)
{
	int (*init)(void *) = symp("bdi_init");
	void *bdi = symp("noop_backing_dev_info");

	if (init && bdi)
		init(bdi);
}

static void start_time(struct boot_report *b)
{
	time_start();
}

static const char *skipped(const char *name)
{
	static const struct {
		const char *name, *why;
	} skip[] = {
#define SKIP(name, why) { #name, why },
#include "host/start/initcalls.def"
#undef SKIP
	};

	for (size_t i = 0; i < ARRAY_SIZE(skip); i++)
		if (!strcmp(skip[i].name, name))
			return skip[i].why;
	return NULL;
}

static void run_initcalls(struct boot_report *b)
{
	int64_t running = enumerator("SYSTEM_RUNNING", 3);

	set32("system_state", 1);
	for (uint64_t e = sym("__initcall_start"), end = sym("__initcall_end");
	     e < end; e += 4) {
		uint64_t fn = e + (uint64_t)(int64_t) * (int32_t *)e, off;
		const char *name = sym_name_at(fn, &off);

		if (!name)
			name = "?";
		host.stats.initcalls++;
		if (skipped(name)) {
			host.stats.initcalls_skipped++;
			continue;
		}
		host.stats.initcalls_ok += call_guarded(b, name, (void *)fn);
		rcu_run();
	}
	set32("system_state", (uint32_t)running);
}

static long mount_all(void *unused)
{
	files_mount();
	kernel_return_to_user();
	return 0;
}

static void mount_files(struct boot_report *b)
{
	struct verdict v;

	guard_call(mount_all, NULL, &v);
	if (v.aborted)
		fail(b, "mount", v.why);
}

static int settle_all(void)
{
	for (int i = 0; i < SETTLE_TICKS; i++) {
		sched_settle();
		time_tick();
	}
	return 0;
}

/* What initcalls have left to threads is done before a program starts. */
static void settle(struct boot_report *b)
{
	call_guarded(b, "settle", settle_all);
}

static const struct step steps[] = {
#define CALL(name) { #name, NULL },
#define HOOK(name) { #name, name },
#include "host/start/boot.def"
#undef CALL
#undef HOOK
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int read_version(void)
{
	const char *release = lkm_vmlinux_release(host.image);
	unsigned int major = 0, minor = 0;

	if (release)
		sscanf(release, "%u.%u", &major, &minor);
	return (int)(major * 1000 + minor);
}

static int prepare(const char *path, struct boot_report *ret,
		   struct lkm_error **reterr)
{
	const struct lkm_ksym *symbols;
	size_t count;
	int r = lkm_vmlinux_open(path, &host.image, reterr);

	if (r < 0)
		return r;
	host.version = read_version();
	r = map_read(reterr);
	if (r < 0)
		return r;
	r = lkm_vmlinux_symbols(host.image, &symbols, &count, reterr);
	if (r < 0)
		return r;
	r = offsets_read(reterr);
	if (r < 0)
		return r;
	replace_check(&ret->missing);
	if (ret->missing.count)
		return FAIL(reterr, HOST_SYMBOL_ABSENT,
			    KV_STR("name", ret->missing.names[0]));
	r = map_image(reterr);
	if (r < 0)
		return r;
	r = sandbox_enter(reterr);
	if (r < 0)
		return r;
	host.text_end = sym("_etext");
	host.init_begin = sym("_sinittext");
	host.init_end = sym("_einittext");
	if (memory_init() < 0 || fault_init() < 0)
		return FAIL(reterr, HOST_MEMORY_FAILED, KV_ERRNO(errno));
	find_percpu();
	set_percpu();
	sched_init();
	set_memory();
	set_processor();
	set_command_line();
	cpu_init();
	replace_all();
	return 0;
}

int boot(const char *path, struct boot_report *ret, struct lkm_error **reterr)
{
	double start = now();
	int r;

	memset(ret, 0, sizeof(*ret));
	r = prepare(path, ret, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		void *fn = symp(steps[i].name);

		if (steps[i].hook)
			steps[i].hook(ret);
		else if (fn)
			call_guarded(ret, steps[i].name, fn);
	}
	checks_start();
	rights_kernel();
	finding_drop_all(); /* of initcalls: doctor's matter */
	host.booted = true;
	host.stats.boot_seconds = now() - start;
	return 0;
}
