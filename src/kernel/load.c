// SPDX-License-Identifier: LGPL-2.1-or-later
// Loading a module file, from the open file to the explained answer.
#include <lkm/image.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"

/* One load, from the open file to the answer. */
struct load {
	struct lkm_kernel *kernel;
	const char *path;
	char module[MODULE_NAME_MAX];
	const char *params;
	unsigned int flags;
	unsigned int timeout_ms;
	int fd;
	struct lkm_image *image;       /* NULL: not one that lkm can read */
	struct lkm_error *image_error; /* why @image is NULL */
	struct kernel_log log;
};

static void load_release(struct load *l)
{
	if (l->fd >= 0)
		close(l->fd);
	lkm_image_free(l->image);
	lkm_error_free(l->image_error);
	kmsg_close(&l->log.kmsg);
}

static int load_open(struct load *l, struct lkm_error **reterr)
{
	int copy, rc;

	l->fd = open(l->path, O_RDONLY | O_CLOEXEC);
	if (l->fd < 0)
		return error_system(reterr, errno, "open", l->path);
	copy = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return error_system(reterr, errno, "open", l->path);
	rc = lkm_image_open_fd(copy, l->path, &l->image, &l->image_error);
	if (rc < 0)
		close(copy);
	/* What is no module at all is still for the kernel to refuse. */
	if (rc == -LKM_ENOMEM || rc == -LKM_ESYSTEM) {
		if (reterr)
			*reterr = take_ptr(l->image_error);
		return rc;
	}
	if (l->image)
		snprintf(l->module, sizeof(l->module), "%s",
			 lkm_image_name(l->image));
	else if (!module_name_of_file(l->path, l->module, sizeof(l->module)))
		snprintf(l->module, sizeof(l->module), "?");
	return 0;
}

/* May the kernel decompress this file itself?  Since v5.17. */
static bool kernel_can_decompress(struct load *l)
{
	_cleanup_free_ char *offer = NULL;
	const char *have;

	have = lkm_compression_name(lkm_image_compression(l->image));
	return kernel_read(l->kernel, "/sys/module/compression", &offer) == 0 &&
	       !strcmp(offer, have);
}

/*
 * The decompressed content as a file, for flags that only finit_module has.
 * It is opened anew because the kernel reads no file that is open for writing.
 */
static int content_fd(const void *bytes, size_t size)
{
	_cleanup_close_ int fd = memfd_create("module", MFD_CLOEXEC);
	char path[32];
	int ret;

	if (fd < 0)
		return -errno;
	ret = fd_write_all(fd, bytes, size);
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = open(path, O_RDONLY | O_CLOEXEC);
	return ret < 0 ? -errno : ret;
}

static int load_call(struct load *l, const struct load_call *call,
		     struct load_result *ret, struct lkm_error **reterr)
{
	int rc = l->kernel->ops->insert(l->kernel, call, l->timeout_ms,
					l->flags & LKM_LOAD_DIRECT, ret);

	if (rc < 0)
		return error_system(reterr, rc, "start a process for", l->path);
	return 0;
}

static int init_flags_of(const struct load *l)
{
	int flags = 0;

	if (l->flags & LKM_LOAD_FORCE_MODVERSIONS)
		flags |= MODULE_INIT_IGNORE_MODVERSIONS;
	if (l->flags & LKM_LOAD_FORCE_VERMAGIC)
		flags |= MODULE_INIT_IGNORE_VERMAGIC;
	return flags;
}

/* With the content in our memory: other compressions, and old kernels. */
static int load_content(struct load *l, struct load_result *ret,
			struct lkm_error **reterr)
{
	struct load_call call = { .fd = -1, .params = l->params };
	_cleanup_close_ int fd = -1;
	int rc = lkm_image_content(l->image, &call.image, &call.size, reterr);

	if (rc < 0)
		return rc;
	call.init_flags = init_flags_of(l);
	if (!call.init_flags && !l->kernel->ops->plain_files_only)
		return load_call(l, &call, ret, reterr);
	fd = content_fd(call.image, call.size);
	if (fd < 0)
		return error_system(reterr, fd, "copy", l->path);
	call.fd = fd;
	rc = load_call(l, &call, ret, reterr);
	if (!rc && ret->end == LOAD_DONE && ret->rc == -ENOSYS)
		return FAIL(reterr, KERNEL_FORCE_UNSUPPORTED,
			    KV_STR("module", l->module),
			    KV_STR("file", l->path));
	return rc;
}

/* The file itself where the kernel can read it, else its content. */
static int load_any(struct load *l, struct load_result *ret,
		    struct lkm_error **reterr)
{
	struct load_call call = { .fd = l->fd, .params = l->params };
	bool compressed = l->image && lkm_image_compression(l->image) !=
					      LKM_COMPRESSION_NONE;
	int rc;

	call.init_flags = init_flags_of(l);
	if (compressed &&
	    (l->kernel->ops->plain_files_only || !kernel_can_decompress(l)))
		return load_content(l, ret, reterr);
	if (compressed)
		call.init_flags |= MODULE_INIT_COMPRESSED_FILE;
	rc = load_call(l, &call, ret, reterr);
	if (rc < 0 || ret->end != LOAD_DONE || !l->image)
		return rc;
	/* No finit_module (before v3.8, sandboxes), or no decompressor. */
	if (ret->rc == -ENOSYS || (compressed && ret->rc == -EOPNOTSUPP))
		return load_content(l, ret, reterr);
	return 0;
}

/* Of what else was logged meanwhile: enough to see who it was. */
#define OTHER_LINES_MAX 16

/* Lines that speak of this load, and apart from them the rest of the moment. */
static void add_evidence(struct load *l, const struct kmsg_lines *lines,
			 struct lkm_error **reterr)
{
	size_t others = 0;

	for (size_t i = 0; i < lines->lines.len; i++) {
		const char *line = lines->lines.data[i], *named;
		struct kmsg_match m;
		bool ours = kmsg_mentions(line, l->module);

		if (!ours && kmsg_match(line, &m)) {
			named = kmsg_match_get(&m, "module");
			ours = !named || module_name_equals(named, l->module);
		}
		if (ours)
			error_add_evidence(reterr, "kernel log", line);
		else if (!kmsg_is_dump(line) && others++ < OTHER_LINES_MAX)
			error_add_evidence(reterr, "kernel log, same moment",
					   line);
	}
}

static int load_refused(struct load *l, int err, struct lkm_error **reterr)
{
	_cleanup_kmsg_lines_ struct kmsg_lines lines = { 0 };
	int rc = kernel_why(l->kernel, err, reterr);
	int log;

	if (rc < 0)
		return error_while(reterr, rc, "loading '%s'", l->module);
	log = l->kernel->ops->log_read(l->kernel, &l->log, &lines);
	rc = FAIL(reterr, KERNEL_LOAD_REFUSED, KV_STR("module", l->module),
		  KV_STR("file", l->path), KV_STR("params", l->params),
		  KV_ERRNO(err),
		  KV_STR("log", log < 0		? strerrordesc_np(-log) :
				lines.lines.len ? "read" :
						  "silent"));
	error_set_basis(reterr, LKM_BASIS_ERRNO);
	add_evidence(l, &lines, reterr);
	error_set_cause(reterr, take_ptr(l->image_error));
	if (log < 0)
		error_while(reterr, rc,
			    "the kernel's log could not be read (%s)",
			    strerrordesc_np(-log));
	return rc;
}

static int load_left(struct load *l, const struct load_result *result,
		     struct lkm_error **reterr)
{
	const char *state = kernel_state(l->kernel, l->module);
	char name[16];

	/* It came to its end between the last look and now. */
	if (!strcmp(state, "Live"))
		return 0;
	if (result->end == LOAD_TIMEOUT)
		return FAIL(reterr, KERNEL_LOAD_TIMEOUT,
			    KV_STR("module", l->module),
			    KV_STR("file", l->path),
			    KV_NUM("timeout", l->timeout_ms),
			    KV_STR("state", state));
	snprintf(name, sizeof(name), "SIG%s", sigabbrev_np(result->signal));
	return FAIL(reterr, KERNEL_LOAD_INTERRUPTED,
		    KV_STR("module", l->module), KV_STR("file", l->path),
		    KV_STR("signal", name), KV_STR("state", state));
}

static int load_answer(struct load *l, const struct load_result *result,
		       struct lkm_error **reterr)
{
	if (result->end != LOAD_DONE)
		return load_left(l, result, reterr);
	if (result->rc == 0)
		return 0;
	/* An init function may give EEXIST too; then the module is not there.
	 */
	if (result->rc == -EEXIST &&
	    strcmp(kernel_state(l->kernel, l->module), "not there") != 0)
		return FAIL(reterr, KERNEL_LOAD_EXISTS,
			    KV_STR("module", l->module),
			    KV_STR("file", l->path), KV_ERRNO(EEXIST));
	return load_refused(l, -result->rc, reterr);
}

int lkm_kernel_load(struct lkm_kernel *k, const char *path, const char *params,
		    unsigned int flags, unsigned int timeout_ms,
		    struct lkm_error **reterr)
{
	struct load l = { .kernel = k,
			  .path = path,
			  .params = params ? params : "",
			  .flags = flags,
			  .fd = -1,
			  .timeout_ms = timeout_ms,
			  .log = { .kmsg = { -1, 0 } } };
	struct load_result result = { 0 };
	int rc = load_open(&l, reterr);

	if (!rc) {
		if (k->ops->coming)
			k->ops->coming(k, l.module, path);
		k->ops->log_open(k, &l.log);
		rc = load_any(&l, &result, reterr);
	}
	if (!rc)
		rc = load_answer(&l, &result, reterr);
	load_release(&l);
	return rc;
}
