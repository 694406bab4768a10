// SPDX-License-Identifier: LGPL-2.1-or-later
// The historic names that the program answers to.
#include "cli/compat/compat.h"

#include <string.h>

#include "base/macro.h"

static const struct compat names[] = {
	{ "modinfo", compat_modinfo },
	{ "modprobe", compat_modprobe },
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
