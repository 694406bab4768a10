// SPDX-License-Identifier: GPL-2.0-only
// System calls of the hosted kernel: loading modules, and request_module().
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "host/fault/trace.h"
#include "host/host.h"
#include "host/kernel-calls.h"
#include "host/serve/modfile.h"
#include "host/serve/serve.h"

#define START_TICKS 5 /* 20 ms: of a program until it loads a module */

static const char *aliases; /* "\nalias\tfile file" lines */

long kernel_syscall(const char *name, const uint64_t args[4])
{
	const struct kernel_regs regs = {
		.di = args[0], .si = args[1], .dx = args[2], .r10 = args[3]
	};
	char symbol[64];
	void *call;

	snprintf(symbol, sizeof(symbol), "__x64_sys_%s", name);
	call = symp(symbol);
	if (!call)
		return -ENOSYS;
	return trace_syscall(call, &regs);
}

void kernel_return_to_user(void)
{
	void (*work)(void) = symp("task_work_run");

	if (work)
		work();
	rcu_run();
}

struct load {
	struct bytes file;
	bool shared;
	const char *params;
};

static long init_module(void *arg)
{
	const struct load *l = arg;
	const uint64_t args[4] = { (uint64_t)l->file.data, l->file.size,
				   (uint64_t)l->params, 0 };

	return (int)kernel_syscall("init_module", args);
}

static long load_and_settle(void *arg)
{
	long r = init_module(arg);

	leaks_report();
	return r;
}

static int open_load(struct load *l, const char *path)
{
	return modfile_read(path, &l->file, &l->shared);
}

static void close_load(struct load *l)
{
	if (!l->shared)
		bytes_release(&l->file);
}

int load_file(const char *path, const char *params, struct verdict *ret)
{
	struct load l = { .params = params };

	memset(ret, 0, sizeof(*ret));
	if (open_load(&l, path) < 0) {
		ret->aborted = true;
		snprintf(ret->why, sizeof(ret->why), "cannot read %s", path);
		return -1;
	}
	guard_call(load_and_settle, &l, ret);
	close_load(&l);
	rcu_run();
	return ret->aborted || ret->value ? -1 : 0;
}

static long delete_module(void *name)
{
	const uint64_t args[4] = { (uint64_t)name, O_NONBLOCK };
	int r = (int)kernel_syscall("delete_module", args);

	leaks_report();
	return r;
}

int unload_module(const char *name, struct verdict *ret)
{
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", name);
	guard_call(delete_module, copy, ret);
	return ret->aborted || ret->value ? -1 : 0;
}

int load_aliases(const char *path)
{
	struct bytes b;

	if (bytes_read(path, &b) < 0)
		return -1;
	memmove(b.data + 1, b.data, b.size);
	b.data[0] = '\n';
	b.data[b.size + 1] = '\0';
	aliases = b.data;
	return 0;
}

static const char *find_alias(const char *name)
{
	char key[160];
	const char *p;

	snprintf(key, sizeof(key), "\n%s\t", name);
	for (char *q = key; *q; q++)
		if (*q == '-')
			*q = '_';
	p = aliases ? strstr(aliases, key) : NULL;
	return p ? p + strlen(key) : NULL;
}

/* Loads what an alias stands for, as modprobe does: 0, or its exit status 1 */
static int load_alias(const char *name)
{
	const char *p = find_alias(name);
	int failed = 1;

	while (p && *p && *p != '\n') {
		size_t len = strcspn(p, " \n");
		char path[4096];
		struct load l = { .params = "" };

		snprintf(path, sizeof(path), "%.*s", (int)len, p);
		p += len + (p[len] == ' ');
		if (open_load(&l, path) < 0)
			return 1;
		failed = init_module(&l) ? failed : 0;
		close_load(&l);
	}
	return failed;
}

/*
 * Nobody waits for it.  In a boot a program needs milliseconds until it gets to
 * load a file, and who has asked has long gone on; here that is when nobody
 * else had anything to do for as long.
 */
static int alias_thread(void *name)
{
	int64_t (*sleep)(int64_t) = symp("schedule_timeout_uninterruptible");
	uint64_t from = time_ticks();

	while (sleep && time_ticks() - from < START_TICKS)
		sleep(1);
	load_alias(name);
	free(name);
	return 0;
}

struct question {
	struct worker *whom;
	char name[128];
};

static int question_thread(void *question)
{
	struct question *q = question;

	upcall_module(q->whom, q->name);
	free(q);
	return 0;
}

/* Without a client it is as in a system without modprobe. */
static int ask_client(bool wait, const char *name)
{
	struct worker *w = upcall_begin();
	struct question *q;

	if (!w)
		return -ENOENT;
	if (wait)
		return upcall_module(w, name) << 8;
	q = malloc(sizeof(*q));
	if (!q) {
		upcall_end(w);
		return -ENOMEM;
	}
	q->whom = w;
	snprintf(q->name, sizeof(q->name), "%s", name);
	if (sched_spawn(question_thread, q, "modprobe") >= 0)
		return 0;
	upcall_end(w);
	free(q);
	return -ENOMEM;
}

/* 0, or what wait(2) gives for a modprobe that failed */
KERNEL_ENTRY int kernel_request_module(bool wait, const char *format, ...)
{
	int (*vsn)(char *, uint64_t, const char *, va_list) = symp("vsnprintf");
	char name[128], *copy;
	va_list args;

	va_start(args, format);
	vsn(name, sizeof(name), format, args);
	va_end(args);
	if (sched_is_serving())
		return ask_client(wait, name);
	if (!host.booted)
		return -ENOENT; /* no program is there yet */
	if (wait)
		return load_alias(name) << 8;
	copy = strdup(name);
	if (!copy || sched_spawn(alias_thread, copy, "modprobe") < 0)
		return -ENOMEM;
	return 0;
}

/* No program runs here; what was prepared for it is not needed any more. */
KERNEL_ENTRY int kernel_run_helper(void *info)
{
	void (*cleanup)(void *) = NULL;

	if (host.off.helper_cleanup != NO_OFFSET)
		cleanup = *(void (**)(void *))at(info, host.off.helper_cleanup);
	if (cleanup)
		cleanup(info);
	kernel_kfree(info);
	return 0;
}

const char *errno_word(long value, char *buf, size_t size)
{
	const char *name = value < 0 && value > -4096 ?
				   strerrorname_np((int)-value) :
				   NULL;

	if (!value)
		return "LIVE";
	if (name)
		return name;
	if (value == -512)
		return "ERESTARTSYS";
	if (value == -517)
		return "EPROBE_DEFER";
	if (value == -524)
		return "ENOTSUPP";
	snprintf(buf, size, "%ld", value);
	return buf;
}
