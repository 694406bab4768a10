// SPDX-License-Identifier: LGPL-2.1-or-later
// A set of certificates, inside of trust/.
#pragma once

#include <lkm/trust.h>

#include "base/arena.h"
#include "base/vec.h"
#include "trust/crypto.h"

struct lkm_keys {
	const struct crypto *crypto;
	struct arena arena;
	VEC(struct lkm_key) told;
	VEC(void *) certificates; /* X509 *, of told[] */
};
