// SPDX-License-Identifier: LGPL-2.1-or-later
// The public face of the checks.
#include <lkm/check.h>

#include <string.h>

#include "base/macro.h"
#include "check/preflight.h"
#include "check/refusal.h"

static struct lkm_check_options options_of(const struct lkm_check_options *o)
{
	struct lkm_check_options ret = { 0 };

	/* A caller compiled for an older, shorter struct leaves the rest 0. */
	if (o)
		memcpy(&ret, o, MIN_OF(o->size, sizeof(ret)));
	return ret;
}

int lkm_check_file(const char *path, const struct lkm_check_options *options,
		   struct lkm_error **reterr)
{
	struct lkm_check_options o = options_of(options);
	struct preflight_inputs in = { path,   o.params, o.facts,
				       o.tree, o.kernel, o.keys };

	return check_file(&in, reterr);
}

int lkm_check_refusal(struct lkm_error *refusal,
		      const struct lkm_check_options *options,
		      struct lkm_error **reterr)
{
	struct lkm_check_options o = options_of(options);
	struct refusal_inputs in = { refusal, o.facts, o.tree };

	return check_refusal(&in, reterr);
}
