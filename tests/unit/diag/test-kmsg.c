// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel's log: records, and lines that real kernels wrote.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag/kmsg.h"

struct sample {
	const char *line;
	enum error_id id;
	const char *fact, *value; /* one of its facts, or NULL */
};

/* Written by 6.1.192 and 6.12.117 (tests/vm/refusals), unless said otherwise.
 */
static const struct sample samples[] = {
	{ "dummy: Unknown symbol regixter_netdevice (err -2)",
	  ERR_MODULE_SYMBOL_UNKNOWN, "symbol", "regixter_netdevice" },
	{ "8139too: Unknown symbol mii_link_ok (err -2)",
	  ERR_MODULE_SYMBOL_UNKNOWN, "module", "8139too" },
	{ "dummy: disagrees about version of symbol register_netdevice",
	  ERR_MODULE_SYMBOL_VERSION, "symbol", "register_netdevice" },
	{ "dummy: no symbol version for register_netdevice",
	  ERR_MODULE_SYMBOL_VERSION, "symbol", "register_netdevice" },
	{ "ansi_cprng: module uses symbol (crypto_cipher_setkey) from "
	  "namespace CRYPTO_INTERNAL, but does not import it.",
	  ERR_MODULE_SYMBOL_NAMESPACE, "namespace", "CRYPTO_INTERNAL" },
	/* v6.13 and later quote differently */
	{ "m: module uses symbol crypto_x from namespace CRYPTO_INTERNAL, but "
	  "does not import it.",
	  ERR_MODULE_SYMBOL_NAMESPACE, "symbol", "crypto_x" },
	{ "dummy: disagrees about version of symbol module_layout",
	  ERR_MODULE_LAYOUT_MISMATCH, "module", "dummy" },
	{ "module dummy: .gnu.linkonce.this_module section size must match "
	  "the kernel's built struct module size at run time",
	  ERR_MODULE_LAYOUT_MISMATCH, "module", "dummy" },
	{ "dummy: version magic '6.1.0-56-amd64 SMP preempt mad_unload "
	  "modversions ' should be '6.1.0-56-amd64 SMP preempt mod_unload "
	  "modversions '",
	  ERR_MODULE_VERMAGIC_MISMATCH, "wanted",
	  "6.1.0-56-amd64 SMP preempt mod_unload modversions " },
	{ "Invalid architecture in ELF header: 183", ERR_MODULE_FORMAT,
	  "machine", "183" },
	{ "Invalid ELF header type: 2 != 1", ERR_MODULE_FORMAT, NULL, NULL },
	{ "Invalid ELF section header overflow", ERR_MODULE_FORMAT, NULL,
	  NULL },
	{ "Invalid ELF header magic: != \\x7fELF", ERR_MODULE_FORMAT, NULL,
	  NULL },
	{ "dummy: section .text (index 3) has invalid WRITE|EXEC flags",
	  ERR_MODULE_FORMAT, "section", ".text" },
	{ "dummy: module has no symbols (stripped?)", ERR_MODULE_FORMAT,
	  "module", "dummy" },
	{ "dummy: No module found in object", ERR_MODULE_FORMAT, NULL, NULL },
	{ "module dummy: Exactly one .gnu.linkonce.this_module section must "
	  "exist.",
	  ERR_MODULE_FORMAT, "module", "dummy" },
	/* 6.12.115 */
	{ "module dummy: Only one .gnu.linkonce.this_module section must "
	  "exist.",
	  ERR_MODULE_FORMAT, "module", "dummy" },
	{ "dummy: please compile with -fno-common", ERR_MODULE_FORMAT, NULL,
	  NULL },
	{ "not an xz compressed module", ERR_MODULE_FORMAT, NULL, NULL },
	{ "module: dummy: Unknown rela relocation: 99", ERR_MODULE_RELOCATION,
	  "type", "99" },
	{ "module: x86/modules: Skipping invalid relocation target, existing "
	  "value is nonzero for type 4, loc (____ptrval____), val "
	  "ffffffff9467664c",
	  ERR_MODULE_RELOCATION, NULL, NULL },
	{ "module: x86/modules: Invalid relocation target, existing value is "
	  "nonzero for type 4, loc (____ptrval____), val ffffffffef339ad7",
	  ERR_MODULE_RELOCATION, NULL, NULL },
	{ "dummy: `many' invalid for parameter `numdummies'",
	  ERR_MODULE_PARAM_INVALID, "value", "many" },
	{ "module: PKCS#7 signature info has unexpected non-zero params",
	  ERR_MODULE_SIGNATURE_REJECTED, NULL, NULL },
	{ "module: not signed with expected PKCS#7 message",
	  ERR_MODULE_SIGNATURE_REJECTED, NULL, NULL },
	{ "Module lru_cache is blacklisted", ERR_MODULE_BLACKLISTED, "module",
	  "lru_cache" },
	{ "Loading of unsigned module is rejected",
	  ERR_MODULE_SIGNATURE_REQUIRED, "what", "unsigned module" },
	{ "Loading of module with unsupported crypto is rejected",
	  ERR_MODULE_SIGNATURE_REQUIRED, "what",
	  "module with unsupported crypto" },
	{ "Lockdown: lkm: unsigned module loading is restricted; see man "
	  "kernel_lockdown.7",
	  ERR_KERNEL_LOCKDOWN, "what", "unsigned module loading" },
	{ "lru_cachx: exports duplicate symbol lc_create (owned by lru_cache)",
	  ERR_MODULE_SYMBOL_DUPLICATE, "owner", "lru_cache" },
	/* from the source */
	{ "m: gave up waiting for init of module slow.", ERR_MODULE_SYMBOL_WAIT,
	  "owner", "slow" },
	{ "m: Could not allocate 131072 bytes percpu data", ERR_MODULE_PERCPU,
	  "bytes", "131072" },
	{ "failed to validate module [m] BTF: -22", ERR_MODULE_BTF, "module",
	  "m" },
};

static void real_lines_are_understood(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		struct kmsg_match m;

		if (!kmsg_match(s->line, &m))
			fail_msg("not matched: %s", s->line);
		if (m.id != s->id)
			fail_msg("id %d: %s", (int)m.id, s->line);
		if (s->fact) {
			assert_non_null(kmsg_match_get(&m, s->fact));
			assert_string_equal(kmsg_match_get(&m, s->fact),
					    s->value);
		}
		assert_null(kmsg_match_get(&m, "nothing"));
	}
}

static void other_lines_are_not(void **state)
{
	static const char *const lines[] = {
		"",
		"dummy: unknown parameter 'nosuch' ignored",
		("dummy: module verification failed: signature and/or required "
		 "key missing - tainting kernel"),
		"hdaps: supported laptop not found!",
		"tsc: Refined TSC clocksource calibration: 2596.106 MHz",
		"some text: with: Unknown symbol in words of more (err",
		"usb 1-1: Product: x: no symbol version for",
		"Module  is blacklisted",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct kmsg_match m;

		if (kmsg_match(lines[i], &m))
			fail_msg("matched: %s", lines[i]);
	}
}

static void causes_weigh_more_than_effects(void **state)
{
	struct kmsg_match layout, version, unknown;

	assert_true(kmsg_match(
		"m: disagrees about version of symbol module_layout", &layout));
	assert_true(
		kmsg_match("m: disagrees about version of symbol x", &version));
	assert_true(kmsg_match("m: Unknown symbol x (err -22)", &unknown));
	assert_true(layout.weight > version.weight);
	assert_true(version.weight > unknown.weight);
}

static void a_name_is_found_as_a_word(void **state)
{
	assert_true(kmsg_mentions("snd_pcm: x", "snd-pcm"));
	assert_true(kmsg_mentions("loading snd-pcm now", "snd_pcm"));
	assert_true(kmsg_mentions("Module x is", "x"));
	assert_false(kmsg_mentions("snd_pcm_oss: x", "snd_pcm"));
	assert_false(kmsg_mentions("", "x"));
	assert_false(kmsg_mentions("xx x", "xxx"));
}

static void registers_are_a_dump(void **state)
{
	assert_true(
		kmsg_is_dump("RAX: 0000000000000000 RBX: 000000004b203010"));
	assert_true(kmsg_is_dump("Code: 00 00 <8b> 04"));
	assert_false(kmsg_is_dump("RIP: 0010:bug_init+0x3c/0xff0 [bug]"));
	assert_false(kmsg_is_dump("Call Trace:"));
	assert_false(kmsg_is_dump(""));
}

static void records_are_taken_apart(void **state)
{
	static const char text[] =
		"4,1021,5140900,-;dummy: a;b\n SUBSYSTEM=net\n DEVICE=n1\n"
		"6,1022,5140901,-;esc \\x1b[31m \\x5cx7f caf\\xc3\\xa9\n"
		"4,1023,5140902,-;dummy: a;b\n"
		"no semicolon\n"
		"3,1024,5140903,-;\n"
		"3,1024,5140903,-;raw \x1b\n";
	_cleanup_kmsg_lines_ struct kmsg_lines l = { 0 };

	assert_true(kmsg_records(
		(struct span){ (const uint8_t *)text, sizeof(text) - 1 }, &l));
	assert_int_equal(l.lines.len, 4);
	assert_string_equal(l.lines.data[0], "dummy: a;b");
	assert_string_equal(l.lines.data[1],
			    "esc \\x1b[31m \\x7f caf\\xc3\\xa9");
	assert_string_equal(l.lines.data[2], "no semicolon");
	assert_string_equal(l.lines.data[3], "raw ?");
}

static void only_what_is_new_is_read(void **state)
{
	_cleanup_kmsg_lines_ struct kmsg_lines l = { 0 };
	char path[] = "/tmp/lkm-kmsg-XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);
	struct kmsg k;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "4,1,1,-;old\n", 12), 12);
	kmsg_open(&k, path);
	assert_int_equal(k.error, 0);
	assert_int_equal(write(fd, "4,2,2,-;new\n", 12), 12);
	assert_int_equal(kmsg_read(&k, &l), 0);
	assert_int_equal(l.lines.len, 1);
	assert_string_equal(l.lines.data[0], "new");
	kmsg_close(&k);
	unlink(path);
}

static void what_cannot_be_read_says_so(void **state)
{
	_cleanup_kmsg_lines_ struct kmsg_lines l = { 0 };
	struct kmsg k;

	kmsg_open(&k, "/nowhere/kmsg");
	assert_int_equal(k.error, ENOENT);
	assert_int_equal(kmsg_read(&k, &l), -ENOENT);
	kmsg_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_lines_are_understood),
		cmocka_unit_test(other_lines_are_not),
		cmocka_unit_test(causes_weigh_more_than_effects),
		cmocka_unit_test(a_name_is_found_as_a_word),
		cmocka_unit_test(records_are_taken_apart),
		cmocka_unit_test(only_what_is_new_is_read),
		cmocka_unit_test(what_cannot_be_read_says_so),
		cmocka_unit_test(registers_are_a_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
