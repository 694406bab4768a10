// SPDX-License-Identifier: LGPL-2.1-or-later
// Libraries loaded when first needed.
#include "base/dl.h"

#include <dlfcn.h>
#include <errno.h>

int dl_load(const char *soname, const struct dl_symbol *symbols, size_t count,
	    const char **ret_missing)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return -ENOENT;
	for (size_t i = 0; i < count; i++) {
		void *address = dlsym(library, symbols[i].name);

		if (!address) {
			if (ret_missing)
				*ret_missing = symbols[i].name;
			return -ENOSYS;
		}
		*symbols[i].address = address;
	}
	return 0;
}
