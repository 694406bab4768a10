// SPDX-License-Identifier: LGPL-2.1-or-later
// What certificates say of themselves.
#include "trust/keys.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "base/macro.h"
#include "base/strbuf.h"
#include "diag/error.h"

int lkm_keys_new(struct lkm_keys **ret, struct lkm_error **reterr)
{
	const struct crypto *crypto = NULL;
	int rc = crypto_load(&crypto, reterr);

	if (rc < 0)
		return rc;
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return error_nomem(reterr);
	(*ret)->crypto = crypto;
	return 0;
}

const struct lkm_key *lkm_keys_all(const struct lkm_keys *keys,
				   size_t *ret_count)
{
	*ret_count = keys->told.len;
	return keys->told.data;
}

int lkm_keys_add_kernel(struct lkm_keys *keys, struct lkm_vmlinux *image,
			struct lkm_error **reterr)
{
	const struct lkm_kcert *certs;
	size_t count;
	int rc = lkm_vmlinux_certs(image, &certs, &count, reterr);

	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = lkm_keys_add(keys, certs[i].der, certs[i].size,
				  lkm_vmlinux_path(image), reterr);
	return rc < 0 ? rc : 0;
}

#ifdef HAVE_CRYPTO
void lkm_keys_free(struct lkm_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->certificates.len; i++)
		keys->crypto->X509_free(keys->certificates.data[i]);
	vec_release(&keys->certificates);
	vec_release(&keys->told);
	arena_release(&keys->arena);
	free(keys);
}

/* NULL: no memory. */
static const char *kept(struct lkm_keys *keys, const struct strbuf *b)
{
	return b->failed ? NULL : arena_strdup(&keys->arena, strbuf_str(b));
}

static const char *hex(struct lkm_keys *keys, const unsigned char *bytes,
		       size_t size)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	for (size_t i = 0; i < size; i++)
		strbuf_addf(&b, "%02X", bytes[i]);
	return kept(keys, &b);
}

static const char *hex_of(struct lkm_keys *keys, const ASN1_STRING *s)
{
	const struct crypto *c = keys->crypto;
	int size = s ? c->ASN1_STRING_length(s) : 0;

	return hex(keys, s ? c->ASN1_STRING_get0_data(s) : NULL,
		   size > 0 ? (size_t)size : 0);
}

/* Its common name; where it has none, all of it. */
static const char *name_of(struct lkm_keys *keys, const X509_NAME *name)
{
	const struct crypto *c = keys->crypto;
	int at = c->X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	_cleanup_strbuf_ struct strbuf b = { 0 };
	unsigned char *text = NULL;
	int size = -1;

	if (at >= 0)
		size = c->ASN1_STRING_to_UTF8(
			&text, c->X509_NAME_ENTRY_get_data(
				       c->X509_NAME_get_entry(name, at)));
	if (size >= 0) {
		strbuf_add(&b, text, (size_t)size);
		c->CRYPTO_free(text, __FILE__, __LINE__);
		return kept(keys, &b);
	}
	text = (unsigned char *)c->X509_NAME_oneline(name, NULL, 0);
	strbuf_adds(&b, text ? (const char *)text : "");
	c->CRYPTO_free(text, __FILE__, __LINE__);
	return kept(keys, &b);
}

/* 0 for what is no time. */
static int64_t seconds_of(const struct crypto *c, const ASN1_TIME *time)
{
	struct tm tm;

	return c->ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static const char *algorithm_of(struct lkm_keys *keys, const X509 *x)
{
	const struct crypto *c = keys->crypto;
	const EVP_PKEY *key = c->X509_get0_pubkey(x);
	const char *type = key ? c->EVP_PKEY_get0_type_name(key) : NULL;
	_cleanup_strbuf_ struct strbuf b = { 0 };

	if (type)
		strbuf_addf(&b, "%s %d", type, c->EVP_PKEY_get_bits(key));
	else
		strbuf_adds(&b, "unknown");
	return kept(keys, &b);
}

/* false: no memory */
static bool tell(struct lkm_keys *keys, X509 *x, struct lkm_key *ret)
{
	const struct crypto *c = keys->crypto;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	if (c->X509_digest(x, c->EVP_sha256(), digest, &size) != 1)
		size = 0;
	*ret = (struct lkm_key){
		.subject = name_of(keys, c->X509_get_subject_name(x)),
		.issuer = name_of(keys, c->X509_get_issuer_name(x)),
		.serial = hex_of(keys, c->X509_get0_serialNumber(x)),
		.key_id = hex_of(keys, c->X509_get0_subject_key_id(x)),
		.algorithm = algorithm_of(keys, x),
		.fingerprint = hex(keys, digest, size),
		.not_before = seconds_of(c, c->X509_get0_notBefore(x)),
		.not_after = seconds_of(c, c->X509_get0_notAfter(x)),
	};
	return ret->subject && ret->issuer && ret->serial && ret->key_id &&
	       ret->algorithm && ret->fingerprint;
}

int lkm_keys_add(struct lkm_keys *keys, const void *der, size_t size,
		 const char *origin, struct lkm_error **reterr)
{
	const struct crypto *c = keys->crypto;
	const unsigned char *at = der;
	struct lkm_key key;
	X509 *x = size <= LONG_MAX ? c->d2i_X509(NULL, &at, (long)size) : NULL;

	c->ERR_clear_error();
	if (!x)
		return FAIL(reterr, TRUST_CERTIFICATE_BROKEN,
			    KV_STR("file", origin));
	if (tell(keys, x, &key) && vec_push(&keys->certificates, x)) {
		if (vec_push(&keys->told, key))
			return 0;
		keys->certificates.len--;
	}
	c->X509_free(x);
	return error_nomem(reterr);
}
#else
/* There is no set: lkm_keys_new() fails. */
void lkm_keys_free(struct lkm_keys *keys)
{
	free(keys);
}

int lkm_keys_add(struct lkm_keys *keys, const void *der, size_t size,
		 const char *origin, struct lkm_error **reterr)
{
	return crypto_load(&keys->crypto, reterr);
}
#endif
