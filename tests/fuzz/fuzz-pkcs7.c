// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as the signature of a module.  What comes back lies inside them.

#include <stdlib.h>

#include "trust/pkcs7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct span blob, struct span part)
{
	if (part.size && (part.data < blob.data ||
			  part.data + part.size > blob.data + blob.size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span blob = { data, size };
	struct pkcs7_signer signer;

	if (!pkcs7_signer(blob, &signer))
		return 0;
	inside(blob, signer.name);
	inside(blob, signer.key);
	inside(blob, signer.digest);
	inside(blob, signer.signature);
	if (!*pkcs7_digest_name(signer.digest))
		abort();
	return 0;
}
