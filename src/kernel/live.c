// SPDX-License-Identifier: LGPL-2.1-or-later
// The running kernel: its system calls, /proc, /sys and /dev/kmsg.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"

/* /proc/modules of a machine with everything loaded is below 1 MiB. */
#define LIVE_FILE_MAX ((size_t)16 << 20)

/* Where @path, which begins with /proc or /sys, is recorded. */
static int locate(const struct lkm_kernel *k, const char *path,
		  struct strbuf *ret)
{
	bool ok;

	if (text_starts(path, "/proc/"))
		ok = strbuf_addf(ret, "%s%s", k->proc, path + strlen("/proc"));
	else if (text_starts(path, "/sys/"))
		ok = strbuf_addf(ret, "%s%s", k->sys, path + strlen("/sys"));
	else
		ok = strbuf_adds(ret, path);
	return ok ? 0 : -ENOMEM;
}

static int live_open(const struct lkm_kernel *k, const char *path, int flags)
{
	_cleanup_strbuf_ struct strbuf name = { 0 };
	int fd, rc = locate(k, path, &name);

	if (rc < 0)
		return rc;
	fd = open(name.data, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int live_read(struct lkm_kernel *k, const char *path, char **ret,
		     size_t *ret_size)
{
	_cleanup_close_ int fd = live_open(k, path, O_RDONLY);

	return fd < 0 ? fd : fd_read_all(fd, LIVE_FILE_MAX, ret, ret_size);
}

static int live_list(struct lkm_kernel *k, const char *path, size_t limit,
		     char ***ret_names, size_t *ret_count)
{
	_cleanup_strbuf_ struct strbuf name = { 0 };
	int rc = locate(k, path, &name);

	return rc < 0 ? rc :
			root_list(&ROOT_HOST, name.data, limit, ret_names,
				  ret_count);
}

static int live_mode(struct lkm_kernel *k, const char *path, mode_t *ret)
{
	_cleanup_strbuf_ struct strbuf name = { 0 };
	int rc = locate(k, path, &name);
	struct stat st;

	if (rc < 0)
		return rc;
	if (stat(name.data, &st) < 0)
		return -errno;
	*ret = st.st_mode;
	return 0;
}

static int live_write(struct lkm_kernel *k, const char *path, const char *bytes,
		      size_t size)
{
	_cleanup_close_ int fd = live_open(k, path, O_WRONLY);

	if (fd < 0)
		return fd;
	return write(fd, bytes, size) < 0 ? -errno : 0;
}

/* uname(2), or what was recorded of another machine's. */
static int live_identity(struct lkm_kernel *k, struct lkm_facts *facts,
			 struct lkm_error **reterr)
{
	_cleanup_free_ char *recorded = NULL;
	const char *release;
	struct utsname names;

	if (uname(&names) < 0)
		return error_system(reterr, errno, "ask for", "uname");
	release = names.release;
	if (strcmp(k->proc, "/proc") != 0 &&
	    kernel_read(k, "/proc/sys/kernel/osrelease", &recorded) == 0)
		release = recorded;
	if (!lkm_facts_set_text(facts, LKM_FACT_RELEASE, release) ||
	    !lkm_facts_set_text(facts, LKM_FACT_MACHINE, names.machine))
		return error_nomem(reterr);
	lkm_facts_set_known(facts, LKM_FACT_CAN_LOAD, live_can_load(k));
	return 0;
}

static int live_insert(struct lkm_kernel *k, const struct load_call *call,
		       unsigned int timeout_ms, bool direct,
		       struct load_result *ret)
{
	(void)k;
	if (!direct)
		return load_wait(call, timeout_ms, ret);
	*ret = (struct load_result){ .rc = load_direct(call) };
	return 0;
}

static int live_remove(struct lkm_kernel *k, const char *name,
		       unsigned int flags)
{
	(void)k;
	return sys_delete_module(name, flags);
}

static void live_log_open(struct lkm_kernel *k, struct kernel_log *log)
{
	kmsg_open(&log->kmsg, k->kmsg);
}

static int live_log_read(struct lkm_kernel *k, struct kernel_log *log,
			 struct kmsg_lines *ret)
{
	(void)k;
	return kmsg_read(&log->kmsg, ret);
}

/* "PRIORITY,SEQUENCE,MICROSECONDS,...;TEXT", then lines of details. */
static bool record_parse(char *record, struct lkm_log_record *ret)
{
	char *text = strchr(record, ';'), *rest = record;
	uint64_t numbers[3];

	if (!text)
		return false;
	*text++ = '\0';
	text[strcspn(text, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		char *word = strsep(&rest, ",");

		if (!word || !text_to_u64(word, 10, &numbers[i]))
			return false;
	}
	*ret = (struct lkm_log_record){ .seq = numbers[1],
					.ns = numbers[2] * 1000,
					.level = numbers[0] & 7,
					.text = text };
	return true;
}

/* Each read(2) of /dev/kmsg gives one record, from the oldest on. */
static int live_log_all(struct lkm_kernel *k, uint64_t from,
			void (*fn)(void *ctx,
				   const struct lkm_log_record *record),
			void *ctx, uint64_t *ret_next)
{
	_cleanup_close_ int fd = open(k->kmsg ? k->kmsg : "/dev/kmsg",
				      O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct lkm_log_record record;
	char bytes[KMSG_RECORD_MAX];
	ssize_t n = -1;

	*ret_next = from;
	if (fd < 0)
		return -errno;
	while ((n = read(fd, bytes, sizeof(bytes) - 1))) {
		/* EPIPE: older records were overwritten meanwhile; go on */
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		bytes[n] = '\0';
		if (!record_parse(bytes, &record) || record.seq < from)
			continue;
		fn(ctx, &record);
		*ret_next = record.seq + 1;
	}
	return 0;
}

const struct kernel_ops live_ops = {
	.read = live_read,
	.list = live_list,
	.mode = live_mode,
	.write = live_write,
	.identity = live_identity,
	.insert = live_insert,
	.remove = live_remove,
	.log_open = live_log_open,
	.log_read = live_log_read,
	.log_all = live_log_all,
	.why = live_why,
};
