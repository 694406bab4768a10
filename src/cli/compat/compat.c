// SPDX-License-Identifier: LGPL-2.1-or-later
// The historic names that the program answers to.
#include "cli/compat/compat.h"

#include <string.h>

#include "base/macro.h"

static const struct compat names[] = {
	{ "depmod", compat_depmod, depmod_options },
	{ "insmod", compat_insmod, insmod_options },
	{ "kmod", compat_kmod, kmod_options },
	{ "lsmod", compat_lsmod, lsmod_options },
	{ "modinfo", compat_modinfo, modinfo_options },
	{ "modprobe", compat_modprobe, modprobe_options },
	{ "rmmod", compat_rmmod, rmmod_options },
};

const struct compat *compat_find(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i].name, name))
			return &names[i];
	}
	return NULL;
}

const struct compat *compat_nth(size_t i)
{
	return i < ARRAY_SIZE(names) ? &names[i] : NULL;
}
