// SPDX-License-Identifier: LGPL-2.1-or-later
// A made-up kernel for tests.
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../common/module-builder.h"

static void path_of(struct sandbox *s, const char *path, char *ret)
{
	snprintf(ret, 256, "%s/%s", s->dir, path);
}

void sandbox_file(struct sandbox *s, const char *path, const char *text)
{
	char full[256];
	FILE *f;

	path_of(s, path, full);
	for (char *p = full + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0700);
		*p = '/';
	}
	f = fopen(full, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

void sandbox_remove(struct sandbox *s, const char *path)
{
	char full[256];

	path_of(s, path, full);
	assert_int_equal(unlink(full), 0);
}

void sandbox_module(struct sandbox *s, const char *file, const char *recipe)
{
	path_of(s, file, s->module);
	module_write(recipe, s->module);
}

static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* One "stored" block: no compressor is needed for that (RFC 1951, 1952). */
void sandbox_module_gzip(struct sandbox *s, const char *file,
			 const char *recipe)
{
	uint8_t head[15] = { 0x1f, 0x8b, 8, [9] = 255, [10] = 1 };
	size_t size;
	uint8_t *bytes = module_build(recipe, &size);
	uint32_t tail[2] = { crc32_of(bytes, size), (uint32_t)size };
	FILE *f;

	assert_true(size < 65536);
	head[11] = size & 255;
	head[12] = (uint8_t)(size >> 8);
	head[13] = (uint8_t)~head[11];
	head[14] = (uint8_t)~head[12];
	path_of(s, file, s->module);
	f = fopen(s->module, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(head, sizeof(head), 1, f), 1);
	assert_int_equal(fwrite(bytes, size, 1, f), 1);
	assert_int_equal(fwrite(tail, sizeof(tail), 1, f), 1);
	assert_int_equal(fclose(f), 0);
	free(bytes);
}

void sandbox_log(struct sandbox *s, const char *line)
{
	char record[1200];
	int n = snprintf(record, sizeof(record),
			 "6,123,456789,-;%s\n SUBSYSTEM=x\n", line);

	assert_int_equal(write(s->log, record, (size_t)n), n);
}

void sandbox_open(struct sandbox *s)
{
	struct lkm_kernel_options o = { .size = sizeof(o) };
	struct lkm_error *e = NULL;

	*s = (struct sandbox){ .dir = "/tmp/lkm-kernel-XXXXXX" };
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->proc, sizeof(s->proc), "%s/proc", s->dir);
	snprintf(s->sys, sizeof(s->sys), "%s/sys", s->dir);
	snprintf(s->kmsg, sizeof(s->kmsg), "%s/kmsg", s->dir);
	sandbox_file(s, "proc/modules", "");
	sandbox_file(s, "proc/cmdline", "quiet\n");
	sandbox_file(s, "proc/self/status",
		     "Name:\tx\nCapEff:\t000001ffffffffff\nSeccomp:\t2\n");
	sandbox_file(s, "proc/self/uid_map", "0 0 4294967295\n");
	sandbox_file(s, "proc/sys/kernel/modules_disabled", "0\n");
	sandbox_file(s, "proc/sys/kernel/osrelease", "6.1.0-9-test\n");
	sandbox_file(s, "sys/module/.keep", "");
	assert_int_equal(mkfifo(s->kmsg, 0600), 0);
	s->log = open(s->kmsg, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	assert_true(s->log >= 0);
	o.proc = s->proc;
	o.sys = s->sys;
	o.kmsg = s->kmsg;
	assert_int_equal(lkm_kernel_open(LKM_KERNEL_LIVE, &o, &s->kernel, &e),
			 0);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *place)
{
	return remove(path);
}

void sandbox_close(struct sandbox *s)
{
	lkm_kernel_free(s->kernel);
	close(s->log);
	assert_int_equal(nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* A system call that never returns, but dies when killed. */
static void hang(int sig)
{
	for (;;)
		pause();
}

static uint32_t action_of(int answer)
{
	if (answer == ANSWER_REAL)
		return SECCOMP_RET_ALLOW;
	if (answer == ANSWER_HANG)
		return SECCOMP_RET_TRAP;
	return SECCOMP_RET_ERRNO | (uint32_t)answer;
}

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define SKIP_UNLESS(value, n) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (n))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, (action))

static void filter(const struct answers *a)
{
	struct sock_filter code[] = {
		LOAD(nr),
		SKIP_UNLESS(SYS_init_module, 1),
		ANSWER(action_of(a->init_module)),
		SKIP_UNLESS(SYS_delete_module, 1),
		ANSWER(action_of(a->delete_module)),
		SKIP_UNLESS(SYS_finit_module, 4),
		LOAD(args[0]), /* little endian: the low half stands first */
		SKIP_UNLESS(-1, 1),
		ANSWER(action_of(a->probe)),
		ANSWER(action_of(a->finit_module)),
		ANSWER(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	signal(SIGSYS, hang);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(3);
}

bool sandbox_run(struct sandbox *s, const struct answers *answers,
		 void (*fn)(struct sandbox *s))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		filter(answers);
		fn(s);
		fflush(NULL);
		_exit(77);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* A failed assertion leaves by cmocka's longjmp, not through here. */
	return WIFEXITED(status) && WEXITSTATUS(status) == 77;
}
