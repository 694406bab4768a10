// SPDX-License-Identifier: GPL-2.0-only
// What a kernel's code may do to the machine it runs on: as good as nothing.
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "diag/error.h"
#include "host/host.h"

#define FILE_BYTES_MAX (512UL << 20) /* of a memfd: nothing else is written */

#define CLONE_NAMESPACES                                               \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
	 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

enum rule_kind { RULE_ALWAYS, RULE_EQUAL, RULE_WITHOUT };

static const struct rule {
	enum rule_kind kind;
	int nr;
	unsigned int argument;
	uint32_t value;
} rules[] = {
#define ALLOW(name) { RULE_ALWAYS, __NR_##name, 0, 0 },
#define ALLOW_EQUAL(name, arg, value) { RULE_EQUAL, __NR_##name, arg, value },
#define ALLOW_WITHOUT(name, arg, bits) { RULE_WITHOUT, __NR_##name, arg, bits },
#include "host/start/sandbox.def"
#undef ALLOW
#undef ALLOW_EQUAL
#undef ALLOW_WITHOUT
};

#define RULE_SIZE 5 /* instructions, at most */

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define JUMP(how, value, yes, no) \
	BPF_JUMP(BPF_JMP | (how) | BPF_K, (value), (yes), (no))
#define GIVE(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define OFFSET_NR offsetof(struct seccomp_data, nr)
#define OFFSET_ARGUMENT(n) \
	((uint32_t)(offsetof(struct seccomp_data, args) + (n)*8))

static size_t put_rule(const struct rule *r, struct sock_filter *to)
{
	const struct sock_filter always[] = {
		JUMP(BPF_JEQ, (uint32_t)r->nr, 0, 1),
		GIVE(SECCOMP_RET_ALLOW),
	};
	/* the low half: the kernel looks at no more of these arguments */
	const struct sock_filter some[] = {
		JUMP(BPF_JEQ, (uint32_t)r->nr, 0, 4),
		LOAD(OFFSET_ARGUMENT(r->argument)),
		r->kind == RULE_EQUAL ?
			(struct sock_filter)JUMP(BPF_JEQ, r->value, 0, 1) :
			(struct sock_filter)JUMP(BPF_JSET, r->value, 1, 0),
		GIVE(SECCOMP_RET_ALLOW),
		LOAD(OFFSET_NR),
	};

	if (r->kind == RULE_ALWAYS) {
		memcpy(to, always, sizeof(always));
		return ARRAY_SIZE(always);
	}
	memcpy(to, some, sizeof(some));
	return ARRAY_SIZE(some);
}

static long set_filter(void)
{
	struct sock_filter code[ARRAY_SIZE(rules) * RULE_SIZE + 8];
	const struct sock_filter head[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		/* 32-bit calls have other numbers; x32 ones match none */
		JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0),
		GIVE(SECCOMP_RET_ERRNO | EPERM),
		LOAD(OFFSET_NR),
		/* glibc takes clone() then, whose flags a filter can see */
		JUMP(BPF_JEQ, __NR_clone3, 0, 1),
		GIVE(SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog program = { ARRAY_SIZE(head), code };

	memcpy(code, head, sizeof(head));
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		program.len += put_rule(&rules[i], code + program.len);
	code[program.len++] = (struct sock_filter)GIVE(SECCOMP_RET_ERRNO |
						       EPERM);
	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static bool write_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 &&
	       write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Peers are compared by user id: without a map all of them would be equal. */
static bool map_user(uid_t uid, gid_t gid)
{
	char text[64];

	if (!write_file("/proc/self/setgroups", "deny"))
		return false;
	snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	if (!write_file("/proc/self/uid_map", text))
		return false;
	snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	return write_file("/proc/self/gid_map", text);
}

/* A root directory that has nothing in it, and cannot get anything. */
static bool leave_files(void)
{
	static const char place[] = "/proc"; /* is everywhere */

	return !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("none", place, "tmpfs",
		      MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
		      "size=4096,nr_inodes=2") &&
	       !chdir(place) && !syscall(__NR_pivot_root, ".", ".") &&
	       !umount2(".", MNT_DETACH) && !chdir("/");
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { 0 };

	return !syscall(__NR_capset, &head, none);
}

/*
 * Where an ordinary user may have namespaces; the filter does not need them.
 * NULL, or what failed half way.
 */
static const char *enter_namespaces(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
		    CLONE_NEWUTS) < 0)
		return NULL;
	if (!map_user(uid, gid))
		return "uid_map";
	/* some systems let a program have the namespace but nothing in it */
	(void)leave_files();
	return NULL;
}

/* Tokens and the like are nothing for a kernel's code to read. */
static void wipe_environment(void)
{
	for (char **e = environ; e && *e; e++)
		explicit_bzero(*e, strlen(*e));
	(void)clearenv();
}

static bool set_limits(void)
{
	const struct rlimit none = { 0, 0 };
	struct rlimit files;
	const struct rlimit bytes = { FILE_BYTES_MAX, FILE_BYTES_MAX };

	/* those of modules stay open */
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return false;
	files.rlim_cur = files.rlim_max;
	return !setrlimit(RLIMIT_NOFILE, &files) &&
	       !setrlimit(RLIMIT_CORE, &none) &&
	       !setrlimit(RLIMIT_FSIZE, &bytes);
}

static int refused(struct lkm_error **reterr, const char *what)
{
	return FAIL(reterr, HOST_SANDBOX_REFUSED, KV_STR("what", what),
		    KV_ERRNO(errno));
}

int sandbox_enter(struct lkm_error **reterr)
{
	const char *failed = enter_namespaces();

	if (failed)
		return refused(reterr, failed);
	wipe_environment();
	if (!set_limits())
		return refused(reterr, "setrlimit");
	if (!drop_capabilities())
		return refused(reterr, "capset");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return refused(reterr, "no_new_privs");
	if (set_filter() < 0)
		return refused(reterr, "seccomp");
	return 0;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void sandbox_close_others(const int *keep, size_t count)
{
	unsigned int from = STDERR_FILENO + 1;
	int sorted[8];

	count = MIN_OF(count, ARRAY_SIZE(sorted));
	memcpy(sorted, keep, count * sizeof(*keep));
	qsort(sorted, count, sizeof(*sorted), by_number);
	for (size_t i = 0; i < count; i++) {
		if (sorted[i] < (int)from)
			continue;
		if ((unsigned int)sorted[i] > from)
			close_range(from, (unsigned int)sorted[i] - 1, 0);
		from = (unsigned int)sorted[i] + 1;
	}
	close_range(from, ~0U, 0);
}
