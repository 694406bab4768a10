// SPDX-License-Identifier: LGPL-2.1-or-later
// The signer's part of a PKCS#7 blob: as much DER as that takes.
#include "trust/pkcs7.h"

#include "base/macro.h"

/* Tags of X.690 that occur in SignedData (RFC 5652). */
enum {
	DER_INTEGER = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT_0 = 0xa0,
	DER_CONTEXT_1 = 0xa1,
	DER_KEY_ID = 0x80, /* [0] IMPLICIT OCTET STRING */
};

/*
 * Take one element off the front of *@s.  Lengths are definite, at most four
 * bytes: no signature is larger.
 */
static bool der_next(struct span *s, uint8_t *ret_tag, struct span *ret)
{
	uint8_t tag, first, byte;
	uint64_t length, head = 2;

	if (!span_u8(*s, 0, &tag) || !span_u8(*s, 1, &first))
		return false;
	length = first;
	if (first & 0x80) {
		unsigned int count = first & 0x7f;

		if (!count || count > 4)
			return false;
		length = 0;
		for (unsigned int i = 0; i < count; i++) {
			if (!span_u8(*s, head++, &byte))
				return false;
			length = length << 8 | byte;
		}
	}
	if (!span_slice(*s, head, length, ret) ||
	    !span_slice(*s, head + length, s->size - head - length, s))
		return false;
	*ret_tag = tag;
	return true;
}

static bool der_take(struct span *s, uint8_t tag, struct span *ret)
{
	struct span rest = *s;
	uint8_t found;

	if (!der_next(&rest, &found, ret) || found != tag)
		return false;
	*s = rest;
	return true;
}

/* The first common name (2.5.4.3) of a Name; empty when there is none. */
static struct span common_name(struct span name)
{
	static const uint8_t oid_cn[] = { 0x55, 0x04, 0x03 };
	struct span cn = { oid_cn, sizeof(oid_cn) };
	struct span set, pair, oid, value;
	uint8_t tag;

	while (der_take(&name, DER_SET, &set)) {
		while (der_take(&set, DER_SEQUENCE, &pair)) {
			if (der_take(&pair, DER_OID, &oid) &&
			    span_equals(oid, cn) &&
			    der_next(&pair, &tag, &value))
				return value;
		}
	}
	return (struct span){ NULL, 0 };
}

/* A number without the zero bytes that make it positive. */
static struct span without_zeros(struct span n)
{
	while (n.size && !*n.data)
		n = (struct span){ n.data + 1, n.size - 1 };
	return n;
}

static bool signer_info(struct span info, struct pkcs7_signer *ret)
{
	struct pkcs7_signer s = { 0 };
	struct span version, id, name, serial, algorithm, skipped;

	if (!der_take(&info, DER_INTEGER, &version))
		return false;
	if (der_take(&info, DER_SEQUENCE, &id)) {
		if (!der_take(&id, DER_SEQUENCE, &name) ||
		    !der_take(&id, DER_INTEGER, &serial))
			return false;
		s.name = common_name(name);
		s.key = without_zeros(serial);
	} else if (!der_take(&info, DER_KEY_ID, &s.key)) {
		return false;
	}
	if (!der_take(&info, DER_SEQUENCE, &algorithm) ||
	    !der_take(&algorithm, DER_OID, &s.digest))
		return false;
	der_take(&info, DER_CONTEXT_0, &skipped); /* signed attributes */
	if (!der_take(&info, DER_SEQUENCE, &skipped) ||
	    !der_take(&info, DER_OCTETS, &s.signature))
		return false;
	*ret = s;
	return true;
}

bool pkcs7_signer(struct span blob, struct pkcs7_signer *ret)
{
	struct span content, oid, wrapped, data, skipped, signers, info;

	if (!der_take(&blob, DER_SEQUENCE, &content) ||
	    !der_take(&content, DER_OID, &oid) ||
	    !der_take(&content, DER_CONTEXT_0, &wrapped) ||
	    !der_take(&wrapped, DER_SEQUENCE, &data))
		return false;
	if (!der_take(&data, DER_INTEGER, &skipped) || /* version */
	    !der_take(&data, DER_SET, &skipped) ||     /* digests */
	    !der_take(&data, DER_SEQUENCE, &skipped))  /* content */
		return false;
	der_take(&data, DER_CONTEXT_0, &skipped); /* certificates */
	der_take(&data, DER_CONTEXT_1, &skipped); /* revocations */
	return der_take(&data, DER_SET, &signers) &&
	       der_take(&signers, DER_SEQUENCE, &info) &&
	       signer_info(info, ret);
}

const char *pkcs7_digest_name(struct span oid)
{
#define NIST "\x60\x86\x48\x01\x65\x03\x04\x02"
	static const struct {
		struct span oid;
		const char *name;
	} names[] = {
		{ { (const uint8_t *)NIST "\x01", 9 }, "sha256" },
		{ { (const uint8_t *)NIST "\x02", 9 }, "sha384" },
		{ { (const uint8_t *)NIST "\x03", 9 }, "sha512" },
		{ { (const uint8_t *)NIST "\x04", 9 }, "sha224" },
		{ { (const uint8_t *)NIST "\x08", 9 }, "sha3-256" },
		{ { (const uint8_t *)NIST "\x09", 9 }, "sha3-384" },
		{ { (const uint8_t *)NIST "\x0a", 9 }, "sha3-512" },
		{ { (const uint8_t *)"\x2b\x0e\x03\x02\x1a", 5 }, "sha1" },
		{ { (const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x02\x05", 8 },
		  "md5" },
		{ { (const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x02\x04", 8 },
		  "md4" },
		{ { (const uint8_t *)"\x2a\x81\x1c\xcf\x55\x01\x83\x11", 8 },
		  "sm3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (span_equals(names[i].oid, oid))
			return names[i].name;
	}
	return "unknown";
}
