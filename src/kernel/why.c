// SPDX-License-Identifier: LGPL-2.1-or-later
// Why this process may not load modules, as far as /proc tells.
#include <string.h>

#include "base/text.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"

#define CAP_SYS_MODULE_BIT 16 /* include/uapi/linux/capability.h */

/* The number after "\nKEY:\t" of /proc/self/status, @fallback where absent. */
static uint64_t status_number(struct lkm_kernel *k, const char *key, int base,
			      uint64_t fallback)
{
	_cleanup_free_ char *text = NULL;
	char needle[32], number[24];
	uint64_t value;
	char *at;

	if (kernel_read(k, "/proc/self/status", &text) < 0)
		return fallback;
	snprintf(needle, sizeof(needle), "\n%s:\t", key);
	at = strstr(text, needle);
	if (!at)
		return fallback;
	at += strlen(needle);
	snprintf(number, sizeof(number), "%.*s", (int)strcspn(at, "\n"), at);
	return text_to_u64(number, base, &value) ? value : fallback;
}

static enum lkm_known in_initial_userns(struct lkm_kernel *k)
{
	_cleanup_free_ char *text = NULL;
	struct span line, word;
	size_t numbers = 0, at = 0;
	const uint64_t whole[] = { 0, 0, UINT32_MAX };

	/* A kernel without user namespaces has no such file, and one namespace.
	 */
	if (kernel_read(k, "/proc/self/uid_map", &text) < 0)
		return LKM_YES;
	line = (struct span){ (const uint8_t *)text, strlen(text) };
	while (text_next_word(line, &at, &word) && numbers < 3) {
		char number[24];
		uint64_t value;

		snprintf(number, sizeof(number), "%.*s", (int)word.size,
			 (const char *)word.data);
		if (!text_to_u64(number, 10, &value) || value != whole[numbers])
			return LKM_NO;
		numbers++;
	}
	return numbers == 3 ? LKM_YES : LKM_UNKNOWN;
}

/* A status that cannot be read gives back what was to stand in for it. */
static enum lkm_known has_capability(struct lkm_kernel *k)
{
	uint64_t none = status_number(k, "CapEff", 16, 0);
	uint64_t all = status_number(k, "CapEff", 16, UINT64_MAX);

	if (none != all)
		return LKM_UNKNOWN;
	return all >> CAP_SYS_MODULE_BIT & 1 ? LKM_YES : LKM_NO;
}

enum lkm_known live_can_load(struct lkm_kernel *k)
{
	enum lkm_known cap = has_capability(k);

	return cap == LKM_YES ? in_initial_userns(k) : cap;
}

static bool modules_are_disabled(struct lkm_kernel *k)
{
	_cleanup_free_ char *text = NULL;

	return kernel_read(k, "/proc/sys/kernel/modules_disabled", &text) ==
		       0 &&
	       !strcmp(text, "1");
}

/* Without /proc nothing is known, so the answer is yes. */
static bool has_modules(struct lkm_kernel *k)
{
	_cleanup_free_ char *text = NULL, *status = NULL;

	return kernel_read(k, "/proc/modules", &text) != -ENOENT ||
	       kernel_read(k, "/proc/self/status", &status) < 0;
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
	else if (err == EPERM && !(status_number(k, "CapEff", 16, UINT64_MAX) >>
					   CAP_SYS_MODULE_BIT &
				   1))
		rc = FAIL(reterr, KERNEL_PERMISSION_CAPABILITY, KV_ERRNO(err));
	else if (err == EPERM && in_initial_userns(k) == LKM_NO)
		rc = FAIL(reterr, KERNEL_PERMISSION_NAMESPACE, KV_ERRNO(err));
	else if (err == EPERM && modules_are_disabled(k))
		rc = FAIL(reterr, KERNEL_MODULES_DISABLED, KV_ERRNO(err));
	else if (is_filtered(k, err))
		rc = FAIL(reterr, KERNEL_PERMISSION_SECCOMP, KV_ERRNO(err));
	if (rc < 0)
		error_set_basis(reterr, LKM_BASIS_PREFLIGHT);
	return rc;
}
