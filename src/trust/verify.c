// SPDX-License-Identifier: LGPL-2.1-or-later
// Is a module signed by one of these keys?  As the kernel sees it:
// crypto/asymmetric_keys/pkcs7_trust.c looks for a signer whose key it has,
// pkcs7_verify.c for a digest that fits.
#include "trust/keys.h"

#include <limits.h>

#include "base/macro.h"
#include "base/span.h"
#include "diag/error.h"

#ifdef HAVE_CRYPTO
/* As module_signature.h calls it. */
#define SIGNATURE_PKCS7 2

/* The first certificate of the set that one of the signers names. */
static size_t key_of(const struct lkm_keys *keys, CMS_ContentInfo *cms)
{
	const struct crypto *c = keys->crypto;
	const OPENSSL_STACK *signers = (const OPENSSL_STACK *)
					       c->CMS_get0_SignerInfos(cms);

	for (int s = 0; signers && s < c->OPENSSL_sk_num(signers); s++) {
		CMS_SignerInfo *signer = c->OPENSSL_sk_value(signers, s);

		for (size_t i = 0; i < keys->certificates.len; i++) {
			if (!c->CMS_SignerInfo_cert_cmp(
				    signer, keys->certificates.data[i]))
				return i;
		}
	}
	return keys->certificates.len;
}

/* -1: no memory */
static int fits(const struct lkm_keys *keys, CMS_ContentInfo *cms, size_t key,
		struct span content)
{
	/* Dates and chains are not the kernel's business, nor are certificates
	 * that came with the signature. */
	const unsigned int flags = CMS_BINARY | CMS_DETACHED | CMS_NOINTERN |
				   CMS_NO_SIGNER_CERT_VERIFY;
	const struct crypto *c = keys->crypto;
	OPENSSL_STACK *certificates = c->OPENSSL_sk_new_null();
	BIO *bytes = c->BIO_new_mem_buf(content.data, (int)content.size);
	int rc = -1;

	if (certificates && bytes &&
	    c->OPENSSL_sk_push(certificates, keys->certificates.data[key]) > 0)
		rc = c->CMS_verify(cms, (STACK_OF(X509) *)certificates, NULL,
				   bytes, NULL, flags) == 1;
	c->OPENSSL_sk_free(certificates);
	c->BIO_free(bytes);
	return rc;
}

static int verdict_of(const struct lkm_keys *keys, struct span blob,
		      struct span content, const struct lkm_key **ret_key,
		      struct lkm_error **reterr)
{
	const struct crypto *c = keys->crypto;
	const unsigned char *at = blob.data;
	CMS_ContentInfo *cms = c->d2i_CMS_ContentInfo(NULL, &at,
						      (long)blob.size);
	int rc = LKM_SIGNED_MALFORMED;
	size_t key;

	if (cms && c->OBJ_obj2nid(c->CMS_get0_type(cms)) == NID_pkcs7_signed) {
		key = key_of(keys, cms);
		rc = LKM_SIGNED_UNKNOWN;
		if (key < keys->certificates.len) {
			*ret_key = &keys->told.data[key];
			rc = fits(keys, cms, key, content);
			rc = rc < 0 ? error_nomem(reterr) :
			     rc	    ? (int)LKM_SIGNED_TRUSTED :
				      (int)LKM_SIGNED_WRONG;
		}
	}
	c->CMS_ContentInfo_free(cms);
	c->ERR_clear_error();
	return rc;
}

int lkm_keys_verify(const struct lkm_keys *keys, struct lkm_image *image,
		    const struct lkm_key **ret_key, struct lkm_error **reterr)
{
	const struct lkm_key *key = NULL;
	_cleanup_error_ struct lkm_error *e = NULL;
	struct lkm_signature s;
	struct span all, content;
	const void *bytes;
	int rc = lkm_image_content(image, &bytes, &all.size, reterr);

	if (ret_key)
		*ret_key = NULL;
	if (rc < 0)
		return rc;
	all.data = bytes;
	rc = lkm_image_signature(image, &s, &e);
	if (rc < 0)
		return LKM_SIGNED_MALFORMED;
	if (!rc || s.id_type != SIGNATURE_PKCS7)
		return LKM_SIGNED_NOT;
	if (!span_slice(all, 0, s.signed_size, &content) || all.size > INT_MAX)
		return LKM_SIGNED_MALFORMED;
	rc = verdict_of(keys, (struct span){ s.data, s.size }, content, &key,
			reterr);
	if (ret_key)
		*ret_key = key;
	return rc;
}
#else
int lkm_keys_verify(const struct lkm_keys *keys, struct lkm_image *image,
		    const struct lkm_key **ret_key, struct lkm_error **reterr)
{
	const struct crypto *crypto;

	return crypto_load(&crypto, reterr);
}
#endif
