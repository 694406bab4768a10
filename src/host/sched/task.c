// SPDX-License-Identifier: GPL-2.0-only
// The kernel's idea of a thread: its task_struct, and the pid it is found by.
#include <string.h>

#include "host/host.h"
#include "host/sched/task.h"

/* include/linux/sched.h */
#define PF_FORKNOEXEC 0x40u
#define PF_KTHREAD 0x200000u

#define PID_LINKS_SIZE (4 * 16) /* an hlist_node for each pid_type */

enum pid_type { PIDTYPE_PID, PIDTYPE_TGID }; /* include/linux/pid.h */

static void list_init(void *head)
{
	uint64_t *p = head;

	p[0] = p[1] = (uint64_t)head;
}

/* A copy, where pointers into the original are to the copy. */
static char *copy_of(const char *from, size_t size)
{
	char *t = memory_get(size);

	if (!t)
		return NULL;
	memcpy(t, from, size);
	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t *p = (uint64_t *)(t + i);

		if (*p >= (uint64_t)from && *p < (uint64_t)from + size)
			*p += (uint64_t)t - (uint64_t)from;
	}
	return t;
}

/*
 * The copy has what init_task has open, its directory and its namespaces: a
 * user more of each, so that none is taken to be somebody's only one.
 */
static void share_with_init(char *t)
{
	char *files = *(char **)at(t, host.off.task_files);
	char *fs = *(char **)at(t, host.off.task_fs);
	char *nsproxy = *(char **)at(t, host.off.task_nsproxy);

	++*(int32_t *)at(files, host.off.files_count);
	++*(int32_t *)at(fs, host.off.fs_users);
	++*(int32_t *)at(nsproxy, host.off.nsproxy_count);
}

/* Signals of its own, and what to do on each; its group has its pid there. */
static bool give_signals(char *t)
{
	char *sig = copy_of(*(char **)at(t, host.off.task_signal),
			    host.off.signal_size);
	char *hand = copy_of(*(char **)at(t, host.off.task_sighand),
			     host.off.sighand_size);
	uint64_t *head, *node;

	if (!sig || !hand)
		return false;
	*(char **)at(t, host.off.task_sighand) = hand;
	*(char **)at(t, host.off.task_signal) = sig;
	head = at(sig, host.off.signal_threads);
	node = at(t, host.off.task_thread_node);
	head[0] = head[1] = (uint64_t)node;
	node[0] = node[1] = (uint64_t)head;
	return true;
}

/* copy_process(): /proc and kill() find it from here on. */
void task_identify(void *t)
{
	void *(*alloc)(void *, void *, size_t) = symp("alloc_pid");
	void (*attach)(void *, enum pid_type) = symp("attach_pid");
	void *ns = symp("init_pid_ns"), *sig, **pids;
	char *pid;
	int32_t nr;

	if (!alloc || !attach || !ns)
		return;
	pid = alloc(ns, NULL, 0);
	if (!pid || (uint64_t)pid >= (uint64_t)-4095)
		return;
	nr = *(int32_t *)at(pid, host.off.pid_nr);
	*(int32_t *)at(t, host.off.task_pid) = nr;
	*(int32_t *)at(t, host.off.task_tgid) = nr;
	*(void **)at(t, host.off.task_thread_pid) = pid;
	sig = *(void **)at(t, host.off.task_signal);
	pids = at(sig, host.off.signal_pids);
	pids[PIDTYPE_TGID] = pid;
	attach(t, PIDTYPE_TGID);
	attach(t, PIDTYPE_PID);
}

void task_forget(void *t)
{
	void (*detach)(void *, enum pid_type) = symp("detach_pid");

	if (!detach || !*(void **)at(t, host.off.task_thread_pid))
		return;
	detach(t, PIDTYPE_TGID);
	detach(t, PIDTYPE_PID);
}

int task_pid(const void *t)
{
	return *(const int32_t *)((const char *)t + host.off.task_pid);
}

/* What the task that is copied may be in the middle of, the new one is not. */
static void begin_nothing(char *t)
{
	const uint32_t pointers[] = {
		host.off.task_plug,	    host.off.task_journal,
		host.off.task_bios,	    host.off.task_waiters,
		host.off.task_first_waiter, host.off.task_top_waiter,
		host.off.task_blocked_on,
	};

	for (size_t i = 0; i < ARRAY_SIZE(pointers); i++)
		if (pointers[i] != NO_OFFSET)
			*(uint64_t *)at(t, pointers[i]) = 0;
	if (host.off.task_pi_lock != NO_OFFSET)
		*(uint32_t *)at(t, host.off.task_pi_lock) = 0;
}

/* A copy of init_task that is a thread of the kernel, or of a program. */
void *task_new(const void *init_task, const char *name, bool user)
{
	bool (*set_kthread)(void *task) = symp("set_kthread_struct");
	char *t = copy_of(init_task, host.off.task_size);

	if (!t)
		return NULL;
	list_init(at(t, host.off.task_tasks));
	*(const void **)at(t, host.off.task_real_parent) = init_task;
	*(const void **)at(t, host.off.task_parent) = init_task;
	*(uint32_t *)at(t, host.off.task_state) = TASK_RUNNING;
	*(uint32_t *)at(
		t, host.off.task_flags) = user ? 0 : PF_KTHREAD | PF_FORKNOEXEC;
	*(uint64_t *)at(t, host.off.task_worker) = 0;
	*(uint64_t *)at(t, host.off.task_vfork_done) = 0;
	begin_nothing(t);
	*(uint64_t *)at(t, host.off.task_thread_pid) = 0;
	memset(at(t, host.off.task_pid_links), 0, PID_LINKS_SIZE);
	snprintf(at(t, host.off.task_comm), 16, "%s", name);
	if (host.off.task_rcu != NO_OFFSET) /* it may read just now */
		*(int32_t *)at(t, host.off.task_rcu) = 0;
	share_with_init(t);
	if (!give_signals(t)) {
		memory_put(t);
		return NULL;
	}
	task_identify(t);
	if (set_kthread && !user)
		set_kthread(t);
	return t;
}
