// SPDX-License-Identifier: LGPL-2.1-or-later
// Opening a kernel, and what all kinds of it share.
#include "kernel/kernel.h"

#include <string.h>

#include "base/text.h"
#include "kernel/procmodules.h"

static const struct kernel_ops *const backends[] = {
	[LKM_KERNEL_LIVE] = &live_ops,
	[LKM_KERNEL_HOSTED] = &hosted_ops,
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
	k->inputs = o.inputs;
	k->inputs_ctx = o.inputs_ctx;
	k->proc = copy(o.proc ? o.proc : "/proc", &failed);
	k->sys = copy(o.sys ? o.sys : "/sys", &failed);
	k->kmsg = copy(o.kmsg, &failed);
	if (failed) {
		lkm_kernel_free(k);
		return error_nomem(reterr);
	}
	if (kind == LKM_KERNEL_HOSTED)
		hosted_attach(k, o.host);
	*ret = k;
	return 0;
}

void lkm_kernel_free(struct lkm_kernel *kernel)
{
	if (!kernel)
		return;
	hosted_detach(kernel);
	free(kernel->proc);
	free(kernel->sys);
	free(kernel->kmsg);
	free(kernel);
}

int kernel_read(struct lkm_kernel *k, const char *path, char **ret)
{
	size_t size;
	int rc = k->ops->read(k, path, ret, &size);

	if (!rc && size && (*ret)[size - 1] == '\n')
		(*ret)[size - 1] = '\0';
	return rc;
}

bool kernel_has(struct lkm_kernel *k, const char *path)
{
	mode_t mode;

	return k->ops->mode(k, path, &mode) == 0;
}

struct state_query {
	const char *module;
	const char *state;
};

static bool state_of(void *ctx, struct lkm_loaded *m)
{
	static const char *const names[] = {
		[LKM_STATE_LIVE] = "Live",
		[LKM_STATE_COMING] = "Loading",
		[LKM_STATE_GOING] = "Unloading",
	};
	struct state_query *q = ctx;

	if (!module_name_equals(m->name, q->module))
		return true;
	q->state = names[m->state];
	return false;
}

const char *kernel_state(struct lkm_kernel *k, const char *module)
{
	struct state_query q = { module, "not there" };
	_cleanup_free_ char *text = NULL;
	unsigned int line;

	if (kernel_read(k, "/proc/modules", &text) < 0)
		return "not readable";
	procmodules_parse((struct span){ (const uint8_t *)text, strlen(text) },
			  state_of, &q, &line);
	return q.state;
}

int kernel_why(struct lkm_kernel *k, int err, struct lkm_error **reterr)
{
	return k->ops->why ? k->ops->why(k, err, reterr) : 0;
}

int lkm_kernel_facts(struct lkm_kernel *kernel, struct lkm_facts **ret,
		     struct lkm_error **reterr)
{
	return lkm_kernel_facts_for(kernel, NULL, 0, ret, reterr);
}

int lkm_kernel_log(struct lkm_kernel *kernel, uint64_t from,
		   void (*fn)(void *ctx, const struct lkm_log_record *record),
		   void *ctx, uint64_t *ret_next, struct lkm_error **reterr)
{
	uint64_t next;
	int rc = kernel->ops->log_all(kernel, from, fn, ctx, &next);

	if (rc < 0) {
		int died = kernel_why(kernel, -rc, NULL);

		if (died < 0)
			return kernel_why(kernel, -rc, reterr);
		return error_system(reterr, rc, "read", "the kernel's log");
	}
	if (ret_next)
		*ret_next = next;
	return 0;
}
