// SPDX-License-Identifier: LGPL-2.1-or-later
// mkmodule.py by the builder in C, so that both can be compared.
#include <stdio.h>
#include <stdlib.h>

#include "../../common/module-builder.h"

int main(int argc, char **argv)
{
	uint8_t *bytes;
	size_t size;

	if (argc != 2)
		return 2;
	bytes = module_build(argv[1], &size);
	if (fwrite(bytes, 1, size, stdout) != size)
		return 1;
	free(bytes);
	return fclose(stdout) ? 1 : 0;
}
