// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as /proc/modules.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kernel/procmodules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static bool look(void *ctx, struct lkm_loaded *m)
{
	size_t *count = ctx;

	require(*m->name && strlen(m->name) < MODULE_NAME_MAX);
	require(m->refcount >= -1);
	require(m->state <= LKM_STATE_GOING);
	require(strlen(m->taints) < 1 << 20);
	require(m->holder_count <= PROC_HOLDERS_MAX);
	for (size_t i = 0; i < m->holder_count; i++)
		require(*m->holders[i]);
	(*count)++;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int line = 0;
	size_t count = 0;
	int rc = procmodules_parse((struct span){ data, size }, look, &count,
				   &line);

	require(rc == 0 || rc == -EBADMSG);
	require((rc == -EBADMSG) == (line > 0));
	require(rc == 0 || count < line);
	return 0;
}
