// SPDX-License-Identifier: LGPL-2.1-or-later
// The fields of an appended signature, of PKCS#7 and of the older form.
#include "trust/signer.h"

#include "base/span.h"
#include "base/strbuf.h"
#include "trust/pkcs7.h"

/* Bytes of a signature in a line. */
#define SIGNATURE_LINE 20

/* What the fields are made of. */
struct signer {
	const char *id;
	struct span name;
	struct span key;
	const char *digest;
	struct span signature;
};

static void add_hex(struct strbuf *b, struct span bytes, bool lines)
{
	for (size_t i = 0; i < bytes.size; i++) {
		bool last = i + 1 == bytes.size;

		strbuf_addf(b, "%02X%s", bytes.data[i], last ? "" : ":");
		if (lines && !last && !((i + 1) % SIGNATURE_LINE))
			strbuf_adds(b, "\n\t\t");
	}
}

static int tell(const struct signer *s, signer_field_fn fn, void *ctx)
{
	_cleanup_strbuf_ struct strbuf name = { 0 }, key = { 0 };
	_cleanup_strbuf_ struct strbuf signature = { 0 };
	int rc;

	strbuf_add(&name, s->name.data, s->name.size);
	add_hex(&key, s->key, false);
	add_hex(&signature, s->signature, true);
	if (name.failed || key.failed || signature.failed)
		return -LKM_ENOMEM;
	rc = fn(ctx, "sig_id", s->id);
	if (!rc)
		rc = fn(ctx, "signer", strbuf_str(&name));
	if (!rc)
		rc = fn(ctx, "sig_key", strbuf_str(&key));
	if (!rc)
		rc = fn(ctx, "sig_hashalgo", s->digest);
	return rc ? rc : fn(ctx, "signature", strbuf_str(&signature));
}

/* Names of old (before Linux 4.3) signatures, by number in their trailer. */
static const char *old_name(const char *const *names, size_t count, size_t i)
{
	return i < count ? names[i] : "unknown";
}

/* Before its blob stand the signer's name and the key's. */
static bool old_signer(struct lkm_image *image, const struct lkm_signature *s,
		       struct signer *ret)
{
	static const char *const ids[] = { "PGP", "X509" };
	static const char *const hashes[] = { "md4",	"md5",	  "sha1",
					      "rmd160", "sha256", "sha384",
					      "sha512", "sha224" };
	const void *bytes;
	struct span all;
	size_t at, size;

	if (lkm_image_content(image, &bytes, &size, NULL) < 0)
		return false;
	all = (struct span){ bytes, size };
	at = (size_t)(s->data - all.data);
	if ((size_t)s->key_id_len + s->signer_len > at)
		return false;
	at -= s->key_id_len;
	if (!span_slice(all, at, s->key_id_len, &ret->key) ||
	    !span_slice(all, at - s->signer_len, s->signer_len, &ret->name))
		return false;
	ret->id = old_name(ids, ARRAY_SIZE(ids), s->id_type);
	ret->digest = old_name(hashes, ARRAY_SIZE(hashes), s->hash);
	ret->signature = (struct span){ s->data, s->size };
	return true;
}

static bool new_signer(const struct lkm_signature *s, struct signer *ret)
{
	struct pkcs7_signer signer;

	if (!pkcs7_signer((struct span){ s->data, s->size }, &signer))
		return false;
	*ret = (struct signer){ "PKCS#7", signer.name, signer.key,
				pkcs7_digest_name(signer.digest),
				signer.signature };
	return true;
}

int signer_fields(struct lkm_image *image, signer_field_fn fn, void *ctx)
{
	struct lkm_signature s;
	struct signer signer;

	if (lkm_image_signature(image, &s, NULL) <= 0)
		return 0;
	if (s.id_type == 2 ? !new_signer(&s, &signer) :
			     !old_signer(image, &s, &signer))
		return 0;
	return tell(&signer, fn, ctx);
}
