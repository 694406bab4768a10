// SPDX-License-Identifier: LGPL-2.1-or-later
// Loading libcrypto.
#include "trust/crypto.h"

#include "base/dl.h"
#include "base/macro.h"
#include "diag/error.h"

#define CRYPTO_SONAME "libcrypto.so.3"

#ifdef HAVE_CRYPTO
DL_NOTE(crypto, "crypto", "certificates and signatures", "suggested",
	CRYPTO_SONAME);

int crypto_load(const struct crypto **ret, struct lkm_error **reterr)
{
	static struct crypto calls;
#define CALL_SYMBOL(name) { #name, (void **)&calls.name },
	const struct dl_symbol symbols[] = { CRYPTO_CALLS(CALL_SYMBOL) };

	if (dl_load(CRYPTO_SONAME, symbols, ARRAY_SIZE(symbols), NULL) < 0)
		return FAIL(reterr, TRUST_LIBRARY_MISSING,
			    KV_STR("library", CRYPTO_SONAME));
	*ret = &calls;
	return 0;
}
#else
int crypto_load(const struct crypto **ret, struct lkm_error **reterr)
{
	return FAIL(reterr, TRUST_LIBRARY_MISSING,
		    KV_STR("library", CRYPTO_SONAME " (not built in)"));
}
#endif
