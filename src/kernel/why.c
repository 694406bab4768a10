// SPDX-License-Identifier: LGPL-2.1-or-later
// Why this process may not load modules, as far as /proc tells.
#include <string.h>

#include "base/text.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"

/* The number after "\nKEY:\t" of /proc/self/status, @fallback where absent. */
static uint64_t status_number(struct lkm_kernel *k, const char *key, int base,
			      uint64_t fallback)
{
	_cleanup_free_ char *text = NULL;
	char needle[32], number[24];
	uint64_t value;
	char *at;

	if (kernel_read(k->proc, "self/status", &text) < 0)
		return fallback;
	snprintf(needle, sizeof(needle), "\n%s:\t", key);
	at = strstr(text, needle);
	if (!at)
		return fallback;
	at += strlen(needle);
	snprintf(number, sizeof(number), "%.*s", (int)strcspn(at, "\n"), at);
	return text_to_u64(number, base, &value) ? value : fallback;
}

static bool modules_are_disabled(struct lkm_kernel *k)
{
	_cleanup_free_ char *text = NULL;

	return kernel_read(k->proc, "sys/kernel/modules_disabled", &text) ==
		       0 &&
	       !strcmp(text, "1");
}

/* Without /proc nothing is known, so the answer is yes. */
static bool has_modules(struct lkm_kernel *k)
{
	_cleanup_free_ char *text = NULL, *status = NULL;

	return kernel_read(k->proc, "modules", &text) != -ENOENT ||
	       kernel_read(k->proc, "self/status", &status) < 0;
}

/*
 * The kernel looks at the descriptor only after the capability and
 * modules_disabled (kernel/module/main.c), and answers EBADF for -1.  Whoever
 * may load and gets another answer did not reach the loader.
 */
static bool is_filtered(struct lkm_kernel *k, int err)
{
	return status_number(k, "Seccomp", 10, 0) != 0 &&
	       sys_finit_module(-1, "", 0) == -err;
}

int live_why(struct lkm_kernel *k, int err, struct lkm_error **reterr)
{
	int rc = 0;

	if (err != EPERM && err != ENOSYS)
		return 0;
	if (!has_modules(k))
		rc = FAIL(reterr, KERNEL_MODULES_UNSUPPORTED, KV_ERRNO(err));
	else if (err == ENOSYS && !is_filtered(k, err))
		return 0;
	else if (err == EPERM &&
		 !(status_number(k, "CapEff", 16, UINT64_MAX) >> 16 & 1))
		rc = FAIL(reterr, KERNEL_PERMISSION_CAPABILITY, KV_ERRNO(err));
	else if (err == EPERM && live_in_initial_userns(k) == LKM_NO)
		rc = FAIL(reterr, KERNEL_PERMISSION_NAMESPACE, KV_ERRNO(err));
	else if (err == EPERM && modules_are_disabled(k))
		rc = FAIL(reterr, KERNEL_MODULES_DISABLED, KV_ERRNO(err));
	else if (is_filtered(k, err))
		rc = FAIL(reterr, KERNEL_PERMISSION_SECCOMP, KV_ERRNO(err));
	if (rc < 0)
		error_set_basis(reterr, LKM_BASIS_PREFLIGHT);
	return rc;
}
