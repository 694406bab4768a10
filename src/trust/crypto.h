// SPDX-License-Identifier: LGPL-2.1-or-later
// OpenSSL's libcrypto, loaded when first needed.  Only this folder knows it.
#pragma once

#include <lkm/error.h>

#ifdef HAVE_CRYPTO
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define CRYPTO_CALLS(X)               \
	X(d2i_X509)                   \
	X(X509_free)                  \
	X(X509_digest)                \
	X(X509_get_subject_name)      \
	X(X509_get_issuer_name)       \
	X(X509_get0_serialNumber)     \
	X(X509_get0_subject_key_id)   \
	X(X509_get0_notBefore)        \
	X(X509_get0_notAfter)         \
	X(X509_get0_pubkey)           \
	X(X509_NAME_get_index_by_NID) \
	X(X509_NAME_get_entry)        \
	X(X509_NAME_ENTRY_get_data)   \
	X(X509_NAME_oneline)          \
	X(ASN1_STRING_to_UTF8)        \
	X(ASN1_STRING_get0_data)      \
	X(ASN1_STRING_length)         \
	X(ASN1_TIME_to_tm)            \
	X(EVP_PKEY_get0_type_name)    \
	X(EVP_PKEY_get_bits)          \
	X(EVP_sha256)                 \
	X(OPENSSL_sk_new_null)        \
	X(OPENSSL_sk_push)            \
	X(OPENSSL_sk_num)             \
	X(OPENSSL_sk_value)           \
	X(OPENSSL_sk_free)            \
	X(BIO_new_mem_buf)            \
	X(BIO_free)                   \
	X(d2i_CMS_ContentInfo)        \
	X(CMS_ContentInfo_free)       \
	X(CMS_get0_type)              \
	X(OBJ_obj2nid)                \
	X(CMS_get0_SignerInfos)       \
	X(CMS_SignerInfo_cert_cmp)    \
	X(CMS_verify)                 \
	X(CRYPTO_free)                \
	X(ERR_clear_error)

struct crypto {
#define CALL_MEMBER(name) __typeof__(&name) name;
	CRYPTO_CALLS(CALL_MEMBER)
#undef CALL_MEMBER
};
#else
struct crypto;
#endif

/* 0; trust.library.missing.  *@ret stays valid for the life of the process. */
int crypto_load(const struct crypto **ret, struct lkm_error **reterr);
