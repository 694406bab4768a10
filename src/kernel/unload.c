// SPDX-License-Identifier: LGPL-2.1-or-later
// Unloading, and why a module does not go.
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "kernel/kernel.h"

#define BACKOFF_FIRST_MS 1
#define BACKOFF_MAX_MS 100

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * EWOULDBLOCK: it has users.  EBUSY is not retried by that name alone: a module
 * without exit function answers it too, for ever.
 */
static bool may_change(struct lkm_kernel *k, const char *name, int rc)
{
	if (rc == -EWOULDBLOCK)
		return true;
	return rc == -EBUSY && strcmp(kernel_state(k, name), "Live") != 0;
}

static int delete_until(struct lkm_kernel *k, const char *name,
			unsigned int flags, unsigned int wait_ms)
{
	/* Without O_NONBLOCK old kernels would wait for users without end. */
	unsigned int how = O_NONBLOCK;
	int64_t deadline = now_ms() + wait_ms;
	long pause = BACKOFF_FIRST_MS;

	if (flags & LKM_UNLOAD_FORCE)
		how |= O_TRUNC;
	for (;;) {
		int rc = k->ops->remove(k, name, how);
		int64_t left = deadline - now_ms();
		struct timespec t;

		if (!rc || left <= 0 || !may_change(k, name, rc))
			return rc;
		pause = MIN_OF(pause, left);
		t = (struct timespec){ pause / 1000, pause % 1000 * 1000000 };
		nanosleep(&t, NULL);
		pause = MIN_OF(2 * pause, (long)BACKOFF_MAX_MS);
	}
}

static bool is_builtin(struct lkm_kernel *k, const char *name)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	/* Only built-in modules are in /sys/module without a line in
	 * /proc/modules. */
	return strbuf_addf(&b, "/sys/module/%s", name) && kernel_has(k, b.data);
}

/* "a, b and 2 other users": its holders, and who else counts. */
static char *users_text(const struct lkm_loaded *m)
{
	struct strbuf b = { 0 };
	long others = m->refcount - (long)m->holder_count;

	for (size_t i = 0; i < m->holder_count; i++)
		strbuf_addf(&b, "%s'%s'", i ? ", " : "", m->holders[i]);
	if (others > 0)
		strbuf_addf(&b, "%s%ld %s", b.len ? " and " : "", others,
			    others == 1 ? "other user" : "other users");
	if (!b.len)
		strbuf_adds(&b, "a user that has gone meanwhile");
	return strbuf_take(&b);
}

static int fail_inuse(const struct lkm_loaded *m, int err,
		      struct lkm_error **reterr)
{
	_cleanup_free_ char *users = users_text(m);

	if (!users)
		return error_nomem(reterr);
	return FAIL(reterr, KERNEL_UNLOAD_INUSE, KV_STR("module", m->name),
		    KV_STR("users", users), KV_NUM("refcount", m->refcount),
		    KV_ERRNO(err));
}

static int fail_loaded(const struct lkm_loaded *m, int err,
		       struct lkm_error **reterr)
{
	if (err == EWOULDBLOCK)
		return fail_inuse(m, err, reterr);
	if (err == EBUSY && m->state != LKM_STATE_LIVE)
		return FAIL(reterr, KERNEL_UNLOAD_BUSY,
			    KV_STR("module", m->name),
			    KV_STR("state", m->state == LKM_STATE_COMING ?
						    "its init function runs" :
						    "its exit function runs"),
			    KV_ERRNO(err));
	if (err == EBUSY && m->refcount < 0)
		return FAIL(reterr, KERNEL_UNLOAD_PERMANENT,
			    KV_STR("module", m->name), KV_ERRNO(err));
	return FAIL(reterr, KERNEL_UNLOAD_REFUSED, KV_STR("module", m->name),
		    KV_ERRNO(err));
}

static int fail_absent(struct lkm_kernel *k, const char *name, int err,
		       struct lkm_error **reterr)
{
	if (is_builtin(k, name))
		return FAIL(reterr, KERNEL_UNLOAD_BUILTIN,
			    KV_STR("module", name), KV_ERRNO(err));
	if (err == ENOENT)
		return FAIL(reterr, KERNEL_UNLOAD_NOTLOADED,
			    KV_STR("module", name), KV_ERRNO(err));
	return FAIL(reterr, KERNEL_UNLOAD_REFUSED, KV_STR("module", name),
		    KV_ERRNO(err));
}

static int unload_refused(struct lkm_kernel *k, const char *name, int err,
			  struct lkm_error **reterr)
{
	const struct lkm_loaded *m;
	struct lkm_facts *facts;
	int rc = kernel_why(k, err, reterr);

	if (rc < 0)
		return error_while(reterr, rc, "unloading '%s'", name);
	rc = lkm_kernel_facts(k, &facts, reterr);
	if (rc < 0)
		return rc;
	m = lkm_facts_loaded(facts, name);
	rc = m ? fail_loaded(m, err, reterr) :
		 fail_absent(k, name, err, reterr);
	error_set_basis(reterr, rc == -LKM_EREFUSED ? LKM_BASIS_ERRNO :
						      LKM_BASIS_PREFLIGHT);
	lkm_facts_free(facts);
	return rc;
}

int lkm_kernel_unload(struct lkm_kernel *k, const char *name,
		      unsigned int flags, unsigned int wait_ms,
		      struct lkm_error **reterr)
{
	char module[MODULE_NAME_MAX];
	int rc;

	if (!module_name_of(name, module, sizeof(module)))
		return FAIL(reterr, KERNEL_UNLOAD_NOTLOADED,
			    KV_STR("module", name));
	rc = delete_until(k, module, flags, wait_ms);
	return rc < 0 ? unload_refused(k, module, -rc, reterr) : 0;
}
