// SPDX-License-Identifier: LGPL-2.1-or-later
// From an errno, a log and a file to one reason.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lkm/check.h>

#include "check/refusal.h"
#include "diag/error.h"
#include "fixture.h"

#define THIS "name=some_mod section:.gnu.linkonce.this_module:00 "
#define MAGIC "vermagic=6.1.0-9%20SMP%20mod_unload%20modversions "

struct sample {
	int err;
	const char *params;
	const char *lines[4]; /* of the kernel's log */
	const char *id;
	enum lkm_basis basis;
	const char *fact, *value; /* NULL: none to look at */
};

static struct lkm_error *plain(struct fixture *f, int err, const char *params,
			       const char *log)
{
	struct lkm_error *e = NULL;

	(void)FAIL(&e, KERNEL_LOAD_REFUSED, KV_STR("module", "some_mod"),
		   KV_STR("file", f->file), KV_STR("params", params),
		   KV_ERRNO(err), KV_STR("log", log));
	assert_non_null(e);
	return e;
}

static struct lkm_error *explain(struct fixture *f, struct lkm_error *e)
{
	struct refusal_inputs in = { .error = e,
				     .facts = f->facts,
				     .tree = f->tree };
	struct lkm_error *made = NULL;
	int rc = check_refusal(&in, &made);

	assert_non_null(made);
	assert_int_equal(rc, -(int)lkm_error_code(made));
	return made;
}

static const struct sample from_log[] = {
	{ ENOENT,
	  "",
	  { "some_mod: Unknown symbol x_y (err -2)",
	    "some_mod: Unknown symbol z (err -2)" },
	  "module.symbol.unknown",
	  LKM_BASIS_KERNEL_LOG,
	  "symbols",
	  "x_y, z" },
	{ ENOENT,
	  "",
	  { "some_mod: Unknown symbol of_exporter (err -2)" },
	  "module.symbol.notloaded",
	  LKM_BASIS_KERNEL_LOG,
	  "exporter",
	  "'exporter'" },
	{ EINVAL,
	  "",
	  { "some_mod: disagrees about version of symbol x",
	    "some_mod: Unknown symbol x (err -22)" },
	  "module.symbol.version",
	  LKM_BASIS_KERNEL_LOG,
	  "symbol",
	  "x" },
	{ EINVAL,
	  "",
	  { "some_mod: module uses symbol (x) from namespace NS, "
	    "but does not import it.",
	    "some_mod: Unknown symbol x (err -22)" },
	  "module.symbol.namespace",
	  LKM_BASIS_KERNEL_LOG,
	  "namespace",
	  "NS" },
	{ EBUSY,
	  "",
	  { "some_mod: gave up waiting for init of module slow.",
	    "some_mod: Unknown symbol x (err -16)" },
	  "module.symbol.wait",
	  LKM_BASIS_KERNEL_LOG,
	  "owner",
	  "slow" },
	{ ENOEXEC,
	  "",
	  { "some_mod: exports duplicate symbol x (owned by y)" },
	  "module.symbol.duplicate",
	  LKM_BASIS_KERNEL_LOG,
	  "owner",
	  "y" },
	{ ENOEXEC,
	  "",
	  { "some_mod: disagrees about version of symbol "
	    "module_layout" },
	  "module.layout.mismatch",
	  LKM_BASIS_KERNEL_LOG,
	  "built",
	  "another build of 6.1.0-9" },
	{ ENOEXEC,
	  "",
	  { "some_mod: version magic 'a b' should be 'c d'" },
	  "module.vermagic.mismatch",
	  LKM_BASIS_KERNEL_LOG,
	  "wanted",
	  "c d" },
	{ ENOEXEC,
	  "",
	  { "Invalid ELF section header overflow" },
	  "module.exec.format",
	  LKM_BASIS_KERNEL_LOG,
	  "reason",
	  "Invalid ELF section header overflow" },
	{ ENOEXEC,
	  "",
	  { "module: some_mod: Unknown rela relocation: 99" },
	  "module.relocation.invalid",
	  LKM_BASIS_KERNEL_LOG,
	  "type",
	  "99" },
	{ ENOMEM,
	  "",
	  { "some_mod: Could not allocate 9 bytes percpu data" },
	  "module.percpu.exhausted",
	  LKM_BASIS_KERNEL_LOG,
	  "bytes",
	  "9" },
	{ EINVAL,
	  "",
	  { "failed to validate module [some_mod] BTF: -22" },
	  "module.btf.mismatch",
	  LKM_BASIS_KERNEL_LOG,
	  NULL,
	  NULL },
	{ EINVAL,
	  "n=many",
	  { "some_mod: `many' invalid for parameter `n'" },
	  "module.param.invalid",
	  LKM_BASIS_KERNEL_LOG,
	  "param",
	  "n" },
	{ EPERM,
	  "",
	  { "Module some_mod is blacklisted" },
	  "module.blacklisted.cmdline",
	  LKM_BASIS_KERNEL_LOG,
	  NULL,
	  NULL },
	{ EPERM,
	  "",
	  { "Lockdown: lkm: unsigned module loading is restricted; "
	    "see man kernel_lockdown.7" },
	  "kernel.lockdown",
	  LKM_BASIS_KERNEL_LOG,
	  "what",
	  "unsigned module loading" },
	{ EKEYREJECTED,
	  "",
	  { "module: not signed with expected PKCS#7 message",
	    "Loading of module with unsupported crypto is "
	    "rejected" },
	  "module.signature.required",
	  LKM_BASIS_KERNEL_LOG,
	  "what",
	  "module with unsupported crypto" },
	{ EBADMSG,
	  "",
	  { "module: PKCS#7 signature info has unexpected "
	    "non-zero params" },
	  "module.signature.rejected",
	  LKM_BASIS_KERNEL_LOG,
	  NULL,
	  NULL },
};

static const struct sample from_errno[] = {
	{ ENODEV,
	  "",
	  { "some_mod: no such laptop" },
	  "module.init.failed",
	  LKM_BASIS_ERRNO,
	  "name",
	  "ENODEV" },
	{ EKEYREJECTED,
	  "",
	  { NULL },
	  "module.signature.rejected",
	  LKM_BASIS_ERRNO,
	  "reason",
	  "the contents do not fit the signature" },
	{ EBADMSG,
	  "",
	  { NULL },
	  "module.signature.rejected",
	  LKM_BASIS_ERRNO,
	  "reason",
	  "the signature is malformed" },
	{ EPERM,
	  "",
	  { NULL },
	  "module.refused",
	  LKM_BASIS_ERRNO,
	  "candidates",
	  "a security module (LSM) forbids it, or its own init function "
	  "failed with this" },
	{ ENOEXEC,
	  "",
	  { NULL },
	  "module.refused",
	  LKM_BASIS_ERRNO,
	  "unchecked",
	  "how far the kernel got" },
};

static void run(const struct sample *s)
{
	struct lkm_error *e;
	struct fixture f;

	fixture_open(&f, THIS MAGIC, NULL);
	e = plain(&f, s->err, s->params, s->lines[0] ? "read" : "silent");
	(void)error_while(&e, 0, "step 'some_mod'");
	for (size_t i = 0; i < ARRAY_SIZE(s->lines) && s->lines[i]; i++)
		error_add_evidence(&e, "kernel log", s->lines[i]);
	e = explain(&f, e);
	assert_string_equal(lkm_error_id(e), s->id);
	assert_int_equal(lkm_error_basis(e), s->basis);
	assert_int_equal(lkm_error_errno(e), s->err);
	assert_string_equal(lkm_error_context(e, 0), "step 'some_mod'");
	assert_string_equal(lkm_error_id(lkm_error_cause(e)),
			    "kernel.load.refused");
	if (s->fact) {
		assert_non_null(lkm_error_get(e, s->fact));
		assert_string_equal(lkm_error_get(e, s->fact), s->value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(s->lines) && s->lines[i]; i++) {
		const char *source, *line;

		assert_true(lkm_error_evidence(e, i, &source, &line));
		assert_string_equal(line, s->lines[i]);
	}
	lkm_error_free(e);
	fixture_close(&f);
}

static void the_log_decides(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(from_log); i++)
		run(&from_log[i]);
}

static void a_silent_log_leaves_the_errno(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(from_errno); i++)
		run(&from_errno[i]);
}

static void no_sentence_has_holes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(from_log) + ARRAY_SIZE(from_errno);
	     i++) {
		const struct sample
			*s = i < ARRAY_SIZE(from_log) ?
				     &from_log[i] :
				     &from_errno[i - ARRAY_SIZE(from_log)];
		struct lkm_error *e;
		struct fixture f;
		char *text, *hint;

		fixture_open(&f, THIS MAGIC, NULL);
		e = plain(&f, s->err, s->params, "read");
		for (size_t j = 0; j < ARRAY_SIZE(s->lines) && s->lines[j]; j++)
			error_add_evidence(&e, "kernel log", s->lines[j]);
		e = explain(&f, e);
		text = lkm_error_text(e);
		hint = lkm_error_hint(e);
		assert_null(strchr(text, '{'));
		assert_true(!hint || !strchr(hint, '{'));
		free(text);
		free(hint);
		lkm_error_free(e);
		fixture_close(&f);
	}
}

static void without_a_log_the_file_is_looked_at(void **state)
{
	struct lkm_error *e;
	struct fixture f;

	fixture_open(&f, THIS MAGIC "need:of_exporter", NULL);
	e = explain(&f, plain(&f, ENOENT, "", "Permission denied"));
	assert_string_equal(lkm_error_id(e), "module.symbol.notloaded");
	assert_int_equal(lkm_error_basis(e), LKM_BASIS_PREFLIGHT);
	lkm_error_free(e);
	/* The same finding does not explain another errno. */
	e = explain(&f, plain(&f, EACCES, "", "Permission denied"));
	assert_string_equal(lkm_error_id(e), "module.refused");
	lkm_error_free(e);
	fixture_close(&f);
}

static void what_could_not_be_seen_is_told(void **state)
{
	struct lkm_error *e;
	struct fixture f;
	char *text;

	fixture_open(&f, THIS MAGIC, NULL);
	e = explain(&f, plain(&f, EINVAL, "n=1", "Permission denied"));
	assert_string_equal(lkm_error_id(e), "module.refused");
	assert_int_equal(lkm_error_basis(e), LKM_BASIS_ERRNO);
	text = lkm_error_text(e);
	assert_non_null(strstr(text, "a parameter has a bad value"));
	assert_non_null(
		strstr(text, "what the kernel logged (Permission denied)"));
	free(text);
	lkm_error_free(e);
	/* A setter's errno can't be told from init's without the log. */
	e = explain(&f, plain(&f, ENODEV, "n=1", "Permission denied"));
	assert_string_equal(lkm_error_id(e), "module.refused");
	lkm_error_free(e);
	fixture_close(&f);
}

static void the_module_itself_is_on_its_way(void **state)
{
	struct lkm_error *e;
	struct fixture f;

	fixture_open(&f, THIS MAGIC, NULL);
	fixture_loaded(&f, "some_mod", true);
	e = explain(&f, plain(&f, EBUSY, "", "silent"));
	assert_string_equal(lkm_error_id(e), "module.busy");
	lkm_error_free(e);
	fixture_close(&f);
}

static void other_lines_are_evidence_only_for_init(void **state)
{
	static const char other[] = "kernel log, same moment";
	const char *source, *line;
	struct lkm_error *e;
	struct fixture f;

	fixture_open(&f, THIS MAGIC, NULL);
	e = plain(&f, ENODEV, "", "read");
	error_add_evidence(&e, other, "ACPI: laptop says no");
	e = explain(&f, e);
	assert_true(lkm_error_evidence(e, 0, &source, &line));
	assert_string_equal(source, other);
	lkm_error_free(e);
	e = plain(&f, ENOEXEC, "", "read");
	error_add_evidence(&e, other, "ACPI: laptop says no");
	error_add_evidence(&e, "kernel log", "Invalid ELF header magic");
	e = explain(&f, e);
	assert_true(lkm_error_evidence(e, 0, &source, &line));
	assert_string_equal(source, "kernel log");
	assert_false(lkm_error_evidence(e, 1, &source, &line));
	lkm_error_free(e);
	fixture_close(&f);
}

static void a_line_without_a_name_must_fit_the_errno(void **state)
{
	struct lkm_error *e;
	struct fixture f;

	fixture_open(&f, THIS MAGIC, NULL);
	e = plain(&f, ENODEV, "", "read");
	error_add_evidence(&e, "kernel log", "Invalid ELF header magic");
	e = explain(&f, e);
	assert_string_equal(lkm_error_id(e), "module.init.failed");
	lkm_error_free(e);
	fixture_close(&f);
}

static void the_public_calls_say_the_same(void **state)
{
	struct lkm_check_options o = { .size = sizeof(o), .params = "" };
	struct lkm_error *e = NULL;
	struct fixture f;

	fixture_open(&f, THIS MAGIC "need:of_exporter", NULL);
	o.facts = f.facts;
	o.tree = f.tree;
	assert_int_equal(lkm_check_file(f.file, NULL, &e), 0);
	assert_int_equal(lkm_check_file(f.file, &o, &e), -LKM_ENOTFOUND);
	assert_string_equal(lkm_error_id(e), "module.symbol.notloaded");
	lkm_error_free(e);
	assert_int_equal(
		lkm_check_refusal(plain(&f, ENODEV, "", "silent"), &o, &e),
		-LKM_EREFUSED);
	assert_string_equal(lkm_error_id(e), "module.init.failed");
	lkm_error_free(e);
	fixture_close(&f);
}

static void other_errors_pass(void **state)
{
	struct lkm_error *e = NULL;
	struct fixture f;

	fixture_open(&f, THIS, NULL);
	(void)FAIL(&e, KERNEL_MODULES_DISABLED, KV_ERRNO(EPERM));
	e = explain(&f, e);
	assert_string_equal(lkm_error_id(e), "kernel.modules.disabled");
	assert_null(lkm_error_cause(e));
	lkm_error_free(e);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_decides),
		cmocka_unit_test(a_silent_log_leaves_the_errno),
		cmocka_unit_test(no_sentence_has_holes),
		cmocka_unit_test(without_a_log_the_file_is_looked_at),
		cmocka_unit_test(what_could_not_be_seen_is_told),
		cmocka_unit_test(the_module_itself_is_on_its_way),
		cmocka_unit_test(other_lines_are_evidence_only_for_init),
		cmocka_unit_test(a_line_without_a_name_must_fit_the_errno),
		cmocka_unit_test(the_public_calls_say_the_same),
		cmocka_unit_test(other_errors_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
