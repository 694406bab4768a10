// SPDX-License-Identifier: LGPL-2.1-or-later
// The signer's part of a signature.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "trust/pkcs7.h"

/* SignedData of one signer: issuer CN=ab, serial 00 07, sha256, "SIG". */
static const uint8_t signed_data[] = { 0x30, 0x3e, 0x06, 0x01, 0x2a, 0xa0, 0x39,
				       0x30, 0x37,
				       /* version, digests, content */
				       0x02, 0x01, 0x01, 0x31, 0x00, 0x30, 0x00,
				       /* signers: a signer, its version */
				       0x31, 0x2e, 0x30, 0x2c, 0x02, 0x01, 0x01,
				       /* issuer and serial number */
				       0x30, 0x13, 0x30, 0x0d, 0x31, 0x0b, 0x30,
				       0x09, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c,
				       0x02, 'a', 'b', 0x02, 0x02, 0x00, 0x07,
				       /* digest algorithm */
				       0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
				       0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
				       /* signature algorithm, signature */
				       0x30, 0x00, 0x04, 0x03, 'S', 'I', 'G' };

static void the_signer_is_read(void **state)
{
	struct span blob = { signed_data, sizeof(signed_data) };
	struct pkcs7_signer s;

	assert_true(pkcs7_signer(blob, &s));
	assert_true(span_equals(s.name, SPAN_LITERAL("ab")));
	assert_true(span_equals(s.key, SPAN_LITERAL("\x07")));
	assert_true(span_equals(s.signature, SPAN_LITERAL("SIG")));
	assert_string_equal(pkcs7_digest_name(s.digest), "sha256");
	assert_string_equal(pkcs7_digest_name(SPAN_LITERAL("?")), "unknown");
}

/* Shorter by any number of bytes it is no signature. */
static void a_part_is_none(void **state)
{
	struct pkcs7_signer s;

	for (size_t n = 0; n < sizeof(signed_data); n++)
		assert_false(pkcs7_signer((struct span){ signed_data, n }, &s));
}

/* A changed byte may be another signer, but never reaches outside. */
static void a_changed_byte_stays_inside(void **state)
{
	uint8_t copy[sizeof(signed_data)];
	struct span blob = { copy, sizeof(copy) };
	struct pkcs7_signer s;

	for (size_t n = 0; n < 256 * sizeof(copy); n++) {
		memcpy(copy, signed_data, sizeof(copy));
		copy[n / 256] = (uint8_t)n;
		if (!pkcs7_signer(blob, &s))
			continue;
		assert_true(s.signature.data >= copy);
		assert_true(s.signature.data + s.signature.size <=
			    copy + sizeof(copy));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_signer_is_read),
		cmocka_unit_test(a_part_is_none),
		cmocka_unit_test(a_changed_byte_stays_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
