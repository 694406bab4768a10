// SPDX-License-Identifier: LGPL-2.1-or-later
// Errors as values: id, sentence, facts, evidence, and no memory for them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diag/error.h"

static void a_failed_call_is_told(void **state)
{
	struct lkm_error *e = NULL;
	char *text;

	assert_int_equal(error_system(&e, -ENOENT, "open", "/x/y"),
			 -LKM_ESYSTEM);
	assert_string_equal(lkm_error_id(e), "sys.failed");
	assert_int_equal(lkm_error_code(e), LKM_ESYSTEM);
	assert_int_equal(lkm_error_errno(e), ENOENT);
	text = lkm_error_text(e);
	assert_string_equal(text,
			    "cannot open '/x/y': No such file or directory");
	free(text);
	assert_string_equal(lkm_error_get(e, "file"), "/x/y");
	assert_null(lkm_error_get(e, "nothing"));
	assert_null(lkm_error_hint(e));
	lkm_error_free(e);
}

static void a_line_gives_the_error_back(void **state)
{
	struct lkm_error *e = NULL, *back = NULL;
	char *line, *text;

	FAIL(&e, KERNEL_LOAD_REFUSED, KV_STR("module", "a\tb\nc"),
	     KV_ERRNO(ENOEXEC));
	line = error_to_line(e);
	assert_string_equal(line, "kernel.load.refused\tmodule=a b c\t"
				  "errno=Exec format error");
	assert_int_equal(error_from_line(line, &back), -LKM_EREFUSED);
	assert_string_equal(lkm_error_id(back), "kernel.load.refused");
	text = lkm_error_text(back);
	assert_string_equal(text,
			    "the kernel refused 'a b c': Exec format error");
	free(text);
	free(line);
	lkm_error_free(back);
	lkm_error_free(e);
	assert_int_equal(error_from_line("panic: at the disco", &back), 0);
	assert_int_equal(error_from_line("", &back), 0);
	/* a fact without a value is none */
	assert_int_equal(error_from_line("sys.failed\tfile\n", NULL),
			 -LKM_ESYSTEM);
}

static void what_was_added_is_there(void **state)
{
	struct lkm_error *e = NULL, *cause = NULL;
	const char *source, *line;

	assert_int_equal(error_system(&e, EPERM, "load", "m.ko"), -LKM_ESYSTEM);
	assert_int_equal(error_system(&cause, EIO, "read", "m.ko"),
			 -LKM_ESYSTEM);
	assert_int_equal(error_while(&e, -7, "loading '%s'", "m"), -7);
	assert_int_equal(error_while(&e, -7, "needed by '%s'", "n"), -7);
	error_add_evidence(&e, "kernel log", "m: bad");
	error_set_basis(&e, LKM_BASIS_KERNEL_LOG);
	error_set_cause(&e, cause);
	assert_string_equal(lkm_error_context(e, 0), "loading 'm'");
	assert_string_equal(lkm_error_context(e, 1), "needed by 'n'");
	assert_null(lkm_error_context(e, 2));
	assert_true(lkm_error_evidence(e, 0, &source, &line));
	assert_string_equal(source, "kernel log");
	assert_string_equal(line, "m: bad");
	assert_false(lkm_error_evidence(e, 1, &source, &line));
	assert_string_equal(lkm_basis_name(lkm_error_basis(e)), "kernel-log");
	assert_ptr_equal(lkm_error_cause(e), cause);
	lkm_error_free(e);
}

static void no_memory_is_an_error_too(void **state)
{
	struct lkm_error *e = NULL;
	char *text;

	assert_int_equal(error_system(&e, ENOMEM, "open", "/x"), -LKM_ENOMEM);
	assert_string_equal(lkm_error_id(e), "sys.memory");
	/* it is shared: nothing sticks to it, and it may be freed again */
	error_while(&e, 0, "doing");
	error_add_evidence(&e, "a", "b");
	error_set_basis(&e, LKM_BASIS_ERRNO);
	assert_null(lkm_error_context(e, 0));
	assert_int_equal(lkm_error_basis(e), LKM_BASIS_NONE);
	text = lkm_error_text(e);
	assert_string_equal(text, "out of memory");
	free(text);
	lkm_error_free(e);
	lkm_error_free(e);
	lkm_error_free(NULL);
}

static void nobody_has_to_listen(void **state)
{
	struct lkm_error *cause = NULL;

	assert_int_equal(error_system(NULL, EIO, "read", "f"), -LKM_ESYSTEM);
	assert_int_equal(error_nomem(NULL), -LKM_ENOMEM);
	assert_int_equal(error_while(NULL, -3, "x"), -3);
	assert_int_equal(error_system(&cause, EIO, "read", "f"), -LKM_ESYSTEM);
	error_set_cause(NULL, cause);
}

/* A fact is data: braces in it are not looked at again. */
static void facts_are_not_templates(void **state)
{
	struct lkm_error *e = NULL;
	char *text;

	error_system(&e, EIO, "{file}", "{what}%s");
	text = lkm_error_text(e);
	assert_string_equal(text,
			    "cannot {file} '{what}%s': Input/output error");
	free(text);
	lkm_error_free(e);
}

static void facts_have_kinds(void **state)
{
	static const char *const want[][2] = {
		{ "name", "" },
		{ "file", "f" },
		{ "line", "-5" },
		{ "offset", "0xff" },
		{ "errno", "errno 99999" },
	};
	struct lkm_error *e = NULL;
	const char *name, *value;
	char *text, *hint;
	size_t i;

	assert_int_equal(FAIL(&e, POLICY_FORBID_ELSEWHERE, KV_STR("name", NULL),
			      KV_STR("file", "f"), KV_NUM("line", -5),
			      KV_HEX("offset", 255), KV_ERRNO(99999)),
			 -LKM_EREFUSED);
	for (i = 0; lkm_error_field(e, i, &name, &value); i++) {
		assert_string_equal(name, want[i][0]);
		assert_string_equal(value, want[i][1]);
	}
	assert_int_equal(i, ARRAY_SIZE(want));
	assert_int_equal(lkm_error_errno(e), 99999);
	text = lkm_error_text(e);
	assert_string_equal(
		text, "'' is forbidden by f:-5, which is not lkm's to edit");
	hint = lkm_error_hint(e);
	assert_true(strlen(hint) > 10);
	free(text);
	free(hint);
	lkm_error_free(e);
}

/* A fact that was forgotten shows, and breaks nothing. */
static void missing_facts_stay_visible(void **state)
{
	struct lkm_error *e = NULL;
	char *text;

	FAIL(&e, SYS_FAILED, KV_STR("what", "read"));
	text = lkm_error_text(e);
	assert_string_equal(text, "cannot read '{file}': {errno}");
	assert_int_equal(lkm_error_errno(e), 0);
	free(text);
	lkm_error_free(e);
}

static void causes_are_a_chain(void **state)
{
	struct lkm_error *e = NULL, *cause = NULL, *deeper = NULL;

	error_system(&deeper, EIO, "read", "c");
	error_system(&cause, EIO, "read", "b");
	error_set_cause(&cause, deeper);
	error_system(&e, EIO, "read", "a");
	error_set_cause(&e, cause);
	assert_ptr_equal(lkm_error_cause(lkm_error_cause(e)), deeper);
	assert_null(lkm_error_cause(deeper));
	/* a second cause takes the place of the first, which is freed */
	cause = NULL;
	error_system(&cause, ENOENT, "read", "d");
	error_set_cause(&e, cause);
	assert_int_equal(lkm_error_errno(lkm_error_cause(e)), ENOENT);
	lkm_error_free(e);
}

static void bases_have_names(void **state)
{
	assert_string_equal(lkm_basis_name(LKM_BASIS_NONE), "none");
	assert_string_equal(lkm_basis_name(LKM_BASIS_ERRNO), "errno");
	assert_string_equal(lkm_basis_name(LKM_BASIS_PREFLIGHT), "preflight");
	assert_string_equal(lkm_basis_name((enum lkm_basis)77), "none");
}

static void the_catalogue_is_complete(void **state)
{
	const char *id, *sentence;
	size_t i;

	for (i = 0; lkm_error_catalogue(i, &id, &sentence); i++) {
		assert_non_null(strchr(id, '.'));
		assert_true(strlen(sentence) > 3);
	}
	assert_int_equal(i, ERR_COUNT_);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_call_is_told),
		cmocka_unit_test(a_line_gives_the_error_back),
		cmocka_unit_test(what_was_added_is_there),
		cmocka_unit_test(no_memory_is_an_error_too),
		cmocka_unit_test(nobody_has_to_listen),
		cmocka_unit_test(facts_are_not_templates),
		cmocka_unit_test(facts_have_kinds),
		cmocka_unit_test(missing_facts_stay_visible),
		cmocka_unit_test(causes_are_a_chain),
		cmocka_unit_test(bases_have_names),
		cmocka_unit_test(the_catalogue_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
