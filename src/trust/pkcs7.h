// SPDX-License-Identifier: LGPL-2.1-or-later
// Who signed a PKCS#7 (CMS) blob, as it says of itself: nothing is verified.
#pragma once

#include <stdbool.h>

#include "base/span.h"

/* Parts of the blob, borrowed; of its first signer. */
struct pkcs7_signer {
	struct span name;   /* common name of the issuer; empty: none */
	struct span key;    /* serial number, or subject key identifier */
	struct span digest; /* object identifier of the hash, DER content */
	struct span signature;
};

/* False: it is none, or has no signer. */
bool pkcs7_signer(struct span blob, struct pkcs7_signer *ret);
/* "sha256"; "unknown" */
const char *pkcs7_digest_name(struct span oid);
