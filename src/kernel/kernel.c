// SPDX-License-Identifier: LGPL-2.1-or-later
// Opening a kernel, and its operations.
#include "kernel/kernel.h"

#include <fcntl.h>
#include <string.h>

#include "base/root.h"
#include "base/strbuf.h"

/* /proc/modules of a machine with everything loaded is below 1 MiB. */
#define PROC_FILE_MAX ((size_t)16 << 20)

static const struct kernel_ops *const backends[] = {
	[LKM_KERNEL_LIVE] = &live_ops,
};

/* A copy of @s; *@failed is set when there is no memory. */
static char *copy(const char *s, bool *failed)
{
	char *ret = s ? strdup(s) : NULL;

	if (s && !ret)
		*failed = true;
	return ret;
}

int lkm_kernel_open(enum lkm_kernel_kind kind,
		    const struct lkm_kernel_options *options,
		    struct lkm_kernel **ret, struct lkm_error **reterr)
{
	struct lkm_kernel_options o = { 0 };
	struct lkm_kernel *k = calloc(1, sizeof(*k));
	bool failed = false;

	/* A caller compiled for an older, shorter struct leaves the rest 0. */
	if (options)
		memcpy(&o, options, MIN_OF(options->size, sizeof(o)));
	if (!k)
		return error_nomem(reterr);
	k->ops = backends[kind];
	k->proc = copy(o.proc ? o.proc : "/proc", &failed);
	k->sys = copy(o.sys ? o.sys : "/sys", &failed);
	k->kmsg = copy(o.kmsg, &failed);
	if (failed) {
		lkm_kernel_free(k);
		return error_nomem(reterr);
	}
	*ret = k;
	return 0;
}

void lkm_kernel_free(struct lkm_kernel *kernel)
{
	if (!kernel)
		return;
	free(kernel->proc);
	free(kernel->sys);
	free(kernel->kmsg);
	free(kernel);
}

int kernel_read(const char *base, const char *path, char **ret)
{
	_cleanup_strbuf_ struct strbuf name = { 0 };
	_cleanup_close_ int fd = -1;
	size_t size;
	int rc;

	if (!strbuf_addf(&name, "%s/%s", base, path))
		return -ENOMEM;
	fd = open(name.data, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fd_read_all(fd, PROC_FILE_MAX, ret, &size);
	if (rc < 0)
		return rc;
	if (size && (*ret)[size - 1] == '\n')
		(*ret)[size - 1] = '\0';
	return 0;
}

int lkm_kernel_facts(struct lkm_kernel *kernel, struct lkm_facts **ret,
		     struct lkm_error **reterr)
{
	return kernel->ops->facts(kernel, NULL, 0, ret, reterr);
}

int lkm_kernel_facts_for(struct lkm_kernel *kernel, const char *const *names,
			 size_t count, struct lkm_facts **ret,
			 struct lkm_error **reterr)
{
	return kernel->ops->facts(kernel, names, count, ret, reterr);
}

int lkm_kernel_load(struct lkm_kernel *kernel, const char *path,
		    const char *params, unsigned int flags,
		    unsigned int timeout_ms, struct lkm_error **reterr)
{
	return kernel->ops->load(kernel, path, params ? params : "", flags,
				 timeout_ms, reterr);
}

int lkm_kernel_unload(struct lkm_kernel *kernel, const char *name,
		      unsigned int flags, unsigned int wait_ms,
		      struct lkm_error **reterr)
{
	return kernel->ops->unload(kernel, name, flags, wait_ms, reterr);
}

int lkm_kernel_params(struct lkm_kernel *kernel, const char *module,
		      struct lkm_param **ret, size_t *ret_count,
		      struct lkm_error **reterr)
{
	return kernel->ops->params(kernel, module, ret, ret_count, reterr);
}

int lkm_kernel_set_param(struct lkm_kernel *kernel, const char *module,
			 const char *param, const char *value,
			 struct lkm_error **reterr)
{
	return kernel->ops->set_param(kernel, module, param, value, reterr);
}
