// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a depmod.d file.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/depmod.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void ask(const struct depmod_policy *p)
{
	static const struct depmod_file files[] = {
		{ "kernel/fs/a.ko", 11 },	 { "updates/a.ko.xz", 9 },
		{ "extra/deep/a.ko", 12 },	 { "/opt/a.ko", 6 },
		{ "updates/dkms/a.ko.zst", 14 }, { "a.ko", 1 },
	};

	for (size_t i = 0; i < 6; i++) {
		depmod_policy_excludes(p, files[i].path);
		for (size_t j = 0; j < 6; j++)
			depmod_policy_prefers(p, &files[i], &files[j]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("depmod", MFD_CLOEXEC);
	char path[32];
	const char *const paths[] = { path };
	const struct depmod_source source = { &ROOT_HOST, "6.1.0-50-amd64",
					      paths, 1 };
	struct depmod_policy p = { 0 };
	struct lkm_error *error = NULL;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (depmod_policy_load(&source, &p, &error) == 0) {
		ask(&p);
		depmod_policy_release(&p);
	} else {
		require(!strcmp(lkm_error_id(error), "policy.limit"));
		lkm_error_free(error);
	}
	close(fd);
	return 0;
}
