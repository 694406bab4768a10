// SPDX-License-Identifier: LGPL-2.1-or-later
// The filter of a program before a hosted kernel, and who answers each call.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Since v5.19; older headers have not got it. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#else
#define OUR_ARCH 0 /* nothing is reported */
#endif

static const struct {
	int nr;
	exec_handler *handler;
} calls[] = {
#define CALL(name, handler) { __NR_##name, handler },
#include "kernel/exec/calls.def"
#undef CALL
};

exec_handler *exec_filter_handler(int nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].nr == nr)
			return calls[i].handler;
	}
	return NULL;
}

#define LOAD(member)                       \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
		 offsetof(struct seccomp_data, member))
#define GIVE(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define EQUAL(value, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))

/*
 * Which numbers descriptors have cannot matter: dup2() brings a hosted file to
 * any, and a filter has no memory.  So a read() is reported whatever it reads.
 */
static unsigned short filter_make(struct sock_filter *f)
{
	const struct sock_filter head[] = {
		LOAD(arch),
		EQUAL(OUR_ARCH, 1, 0),
		GIVE(SECCOMP_RET_ALLOW),
		LOAD(nr),
		/* Its reads and writes would pass no filter. */
		EQUAL(__NR_io_uring_setup, 0, 1),
		GIVE(SECCOMP_RET_ERRNO | ENOSYS),
		/* Of fcntl() only what is of the open file. */
		EQUAL(__NR_fcntl, 0, 4),
		LOAD(args[1]), /* the low half: little-endian machines */
		EQUAL(F_GETFL, 1, 0),
		EQUAL(F_SETFL, 0, 1),
		GIVE(SECCOMP_RET_USER_NOTIF),
		LOAD(nr),
	};
	unsigned short n = ARRAY_SIZE(head), last;

	memcpy(f, head, sizeof(head));
	last = n + ARRAY_SIZE(calls);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++, n++) {
		/* Here fcntl() is one of the others, which nobody reports. */
		uint8_t yes = calls[i].nr == __NR_fcntl ? last - n - 1 :
							  last - n;

		f[n] = (struct sock_filter)EQUAL(calls[i].nr, yes, 0);
	}
	f[n++] = (struct sock_filter)GIVE(SECCOMP_RET_ALLOW);
	f[n++] = (struct sock_filter)GIVE(SECCOMP_RET_USER_NOTIF);
	return n;
}

int exec_filter_load(bool *ret_killable)
{
	struct sock_filter f[ARRAY_SIZE(calls) + 16];
	struct sock_fprog program = { filter_make(f), f };
	long fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	*ret_killable = true;
	fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER |
			     SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		     &program);
	if (fd < 0 && errno == EINVAL) {
		*ret_killable = false;
		fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
			     SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	}
	return fd < 0 ? -errno : (int)fd;
}
