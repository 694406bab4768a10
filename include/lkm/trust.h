// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys that sign modules, and whether one of them has signed this one.
#pragma once

#include <lkm/image.h>
#include <lkm/vmlinux.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct lkm_keys - a set of certificates; not for two threads at a time */
struct lkm_keys;

/** struct lkm_key - one of them; strings live as long as the set */
struct lkm_key {
	const char *subject;   /**< common name, else the whole name */
	const char *issuer;    /**< as above; the subject's: signed by itself */
	const char *serial;    /**< "5EC1...", upper-case hexadecimal */
	const char *key_id;    /**< subject key identifier; "" where none */
	const char *algorithm; /**< "RSA 4096", "EC 384" */
	const char *fingerprint; /**< SHA-256 of the certificate */
	int64_t not_before;	 /**< seconds since 1970 */
	int64_t not_after;	 /**< the kernel itself does not look at them */
};

/** enum lkm_signed - what a set of keys says of a module's signature */
enum lkm_signed {
	LKM_SIGNED_NOT,	      /**< no signature, or of a form before PKCS#7 */
	LKM_SIGNED_TRUSTED,   /**< by a key of the set, and the bytes fit */
	LKM_SIGNED_UNKNOWN,   /**< by a key that is not in the set */
	LKM_SIGNED_MALFORMED, /**< there is something, but it is none */
	LKM_SIGNED_WRONG,     /**< by a key of the set, but the bytes differ */
};

/**
 * lkm_keys_new() - an empty set
 *
 * Loads libcrypto.
 *
 * Return: 0; trust.library.missing, sys.memory on failure
 */
int lkm_keys_new(struct lkm_keys **ret, struct lkm_error **reterr);
/** lkm_keys_free() - NULL is fine */
void lkm_keys_free(struct lkm_keys *keys);
/**
 * lkm_keys_add() - a certificate, X.509 as DER; the bytes are not kept
 * @origin: where it is from, for messages
 *
 * Return: 0; trust.certificate.broken, sys.memory on failure
 */
int lkm_keys_add(struct lkm_keys *keys, const void *der, size_t size,
		 const char *origin, struct lkm_error **reterr);
/**
 * lkm_keys_add_kernel() - the key list that is built into a kernel image
 *
 * The running kernel may know more: of the firmware's, of the machine owner's
 * and of keys that were added since (.secondary_trusted_keys).
 *
 * Return: 0; vmlinux.absent: it has none; as lkm_keys_add()
 */
int lkm_keys_add_kernel(struct lkm_keys *keys, struct lkm_vmlinux *image,
			struct lkm_error **reterr);
/** lkm_keys_all() - in the order in which they were added; borrowed */
const struct lkm_key *lkm_keys_all(const struct lkm_keys *keys,
				   size_t *ret_count);
/**
 * lkm_keys_verify() - is that module signed by one of them?
 * @ret_key: the key of LKM_SIGNED_TRUSTED and LKM_SIGNED_WRONG, else NULL;
 *	may be NULL
 *
 * Return: enum lkm_signed; negative: the file could not be read
 */
int lkm_keys_verify(const struct lkm_keys *keys, struct lkm_image *image,
		    const struct lkm_key **ret_key, struct lkm_error **reterr);

#ifdef __cplusplus
}
#endif
