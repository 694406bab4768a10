// SPDX-License-Identifier: LGPL-2.1-or-later
// Loading under injected answers of the system calls.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

/* lkm_kernel_load() of the sandbox's module fails with @id. */
static struct lkm_error *refused(struct sandbox *s, unsigned int flags,
				 unsigned int timeout_ms, const char *id)
{
	struct lkm_error *e = NULL;
	int rc = lkm_kernel_load(s->kernel, s->module, "x=1", flags, timeout_ms,
				 &e);

	assert_true(rc < 0);
	assert_non_null(e);
	assert_string_equal(lkm_error_id(e), id);
	assert_int_equal(-rc, lkm_error_code(e));
	return e;
}

static void open_with(struct sandbox *s, const char *recipe)
{
	sandbox_open(s);
	sandbox_module(s, "some-mod.ko", recipe);
}

static void load_ok(struct sandbox *s)
{
	assert_int_equal(
		lkm_kernel_load(s->kernel, s->module, NULL, 0, 0, NULL), 0);
	assert_int_equal(lkm_kernel_load(s->kernel, s->module, NULL,
					 LKM_LOAD_DIRECT, 0, NULL),
			 0);
}

static void a_file_goes_to_finit_module(void **state)
{
	struct answers a = { .init_module = EIO };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	assert_true(sandbox_run(&s, &a, load_ok));
	sandbox_close(&s);
}

static void without_finit_module_its_content_is_given(void **state)
{
	struct answers a = { .finit_module = ENOSYS };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	assert_true(sandbox_run(&s, &a, load_ok));
	sandbox_close(&s);
}

static void compressed_files_go_where_they_are_understood(void **state)
{
	struct answers kernel_does = { .init_module = EIO };
	struct answers kernel_cannot = { .finit_module = EOPNOTSUPP };
	struct answers not_asked = { .finit_module = EIO };
	struct sandbox s;

	sandbox_open(&s);
	sandbox_module_gzip(&s, "some-mod.ko.gz", "name=some_mod");
	assert_true(sandbox_run(&s, &not_asked, load_ok));
	sandbox_file(&s, "sys/module/compression", "xz\n");
	assert_true(sandbox_run(&s, &not_asked, load_ok));
	sandbox_file(&s, "sys/module/compression", "gzip\n");
	assert_true(sandbox_run(&s, &kernel_does, load_ok));
	assert_true(sandbox_run(&s, &kernel_cannot, load_ok));
	sandbox_close(&s);
}

static void check_forced(struct sandbox *s)
{
	assert_int_equal(lkm_kernel_load(s->kernel, s->module, NULL,
					 LKM_LOAD_FORCE_MODVERSIONS, 0, NULL),
			 0);
}

static void a_forced_compressed_file_is_handed_over_as_a_file(void **state)
{
	/* init_module has no flags */
	struct answers a = { .init_module = EIO };
	struct sandbox s;

	sandbox_open(&s);
	sandbox_module_gzip(&s, "some-mod.ko.gz", "name=some_mod");
	assert_true(sandbox_run(&s, &a, check_forced));
	sandbox_close(&s);
}

static void check_enodev(struct sandbox *s)
{
	struct lkm_error *e;

	sandbox_log(s, "some_mod: no such laptop");
	sandbox_log(s, "usb 1-1: new device");
	e = refused(s, 0, 0, "kernel.load.refused");
	assert_int_equal(lkm_error_errno(e), ENODEV);
	assert_int_equal(lkm_error_basis(e), LKM_BASIS_ERRNO);
	assert_string_equal(lkm_error_get(e, "module"), "some_mod");
	assert_string_equal(lkm_error_get(e, "params"), "x=1");
	assert_string_equal(lkm_error_get(e, "log"), "read");
	lkm_error_free(e);
}

static void the_second_answer_counts(void **state)
{
	struct answers a = { .finit_module = ENOSYS, .init_module = ENODEV };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	assert_true(sandbox_run(&s, &a, check_enodev));
	sandbox_close(&s);
}

static void check_evidence(struct sandbox *s)
{
	const char *source, *line;
	struct lkm_error *e;

	sandbox_log(s, "some_mod: no such laptop");
	sandbox_log(s, "usb 1-1: new device");
	sandbox_log(s, "other: Unknown symbol x (err -2)");
	sandbox_log(s, "Invalid ELF header magic: != \\x5cx7fELF");
	sandbox_log(s, "some_mod: no such laptop");
	e = refused(s, 0, 0, "kernel.load.refused");
	assert_true(lkm_error_evidence(e, 0, &source, &line));
	assert_string_equal(source, "kernel log");
	assert_string_equal(line, "some_mod: no such laptop");
	assert_true(lkm_error_evidence(e, 1, &source, &line));
	assert_string_equal(source, "kernel log, same moment");
	assert_true(lkm_error_evidence(e, 2, &source, &line));
	assert_string_equal(source, "kernel log, same moment");
	assert_true(lkm_error_evidence(e, 3, &source, &line));
	assert_string_equal(source, "kernel log");
	assert_string_equal(line, "Invalid ELF header magic: != \\x7fELF");
	/* said twice, told once */
	assert_false(lkm_error_evidence(e, 4, &source, &line));
	lkm_error_free(e);
}

static void the_log_is_evidence(void **state)
{
	struct answers a = { .finit_module = ENOEXEC };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	assert_true(sandbox_run(&s, &a, check_evidence));
	sandbox_close(&s);
}

static void check_no_log(struct sandbox *s)
{
	struct lkm_error *e = refused(s, 0, 0, "kernel.load.refused");

	assert_string_equal(lkm_error_get(e, "log"),
			    "No such file or directory");
	assert_non_null(strstr(lkm_error_context(e, 0), "could not be read"));
	lkm_error_free(e);
}

static void a_log_that_cannot_be_read_is_told(void **state)
{
	struct answers a = { .finit_module = ENOEXEC };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	sandbox_remove(&s, "kmsg");
	assert_true(sandbox_run(&s, &a, check_no_log));
	sandbox_close(&s);
}

static void check_exists(struct sandbox *s)
{
	lkm_error_free(refused(s, 0, 0, "kernel.load.exists"));
	/* the same answer of an init function: nothing is loaded then */
	sandbox_file(s, "proc/modules", "");
	lkm_error_free(refused(s, 0, 0, "kernel.load.refused"));
}

static void loaded_already_is_no_other_refusal(void **state)
{
	struct answers a = { .finit_module = EEXIST };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	sandbox_file(&s, "proc/modules", "some_mod 4096 0 - Live 0x0\n");
	assert_true(sandbox_run(&s, &a, check_exists));
	sandbox_close(&s);
}

static void check_capability(struct sandbox *s)
{
	struct lkm_error *e = refused(s, 0, 0, "kernel.permission.capability");

	assert_int_equal(lkm_error_errno(e), EPERM);
	assert_int_equal(lkm_error_basis(e), LKM_BASIS_PREFLIGHT);
	lkm_error_free(e);
}

static void check_namespace(struct sandbox *s)
{
	lkm_error_free(refused(s, 0, 0, "kernel.permission.namespace"));
}

static void check_disabled(struct sandbox *s)
{
	lkm_error_free(refused(s, 0, 0, "kernel.modules.disabled"));
}

static void check_seccomp(struct sandbox *s)
{
	lkm_error_free(refused(s, 0, 0, "kernel.permission.seccomp"));
}

static void check_refused(struct sandbox *s)
{
	lkm_error_free(refused(s, 0, 0, "kernel.load.refused"));
}

static void check_unsupported(struct sandbox *s)
{
	lkm_error_free(refused(s, 0, 0, "kernel.modules.unsupported"));
}

static void each_missing_right_has_its_word(void **state)
{
	/* EBADF of the probe: the call gets through to the loader. */
	struct answers a = { .finit_module = EPERM, .probe = EBADF };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	assert_true(sandbox_run(&s, &a, check_refused));
	sandbox_file(&s, "proc/sys/kernel/modules_disabled", "1\n");
	assert_true(sandbox_run(&s, &a, check_disabled));
	sandbox_file(&s, "proc/self/uid_map", "0 1000 1\n");
	assert_true(sandbox_run(&s, &a, check_namespace));
	sandbox_file(&s, "proc/self/status",
		     "Name:\tx\nCapEff:\t0000000000000000\n");
	assert_true(sandbox_run(&s, &a, check_capability));
	sandbox_close(&s);
}

static void a_filter_is_told_from_the_loader(void **state)
{
	struct answers perm = { .finit_module = EPERM, .probe = EPERM };
	struct answers nosys = { .finit_module = ENOSYS,
				 .probe = ENOSYS,
				 .init_module = ENOSYS };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	assert_true(sandbox_run(&s, &perm, check_seccomp));
	assert_true(sandbox_run(&s, &nosys, check_seccomp));
	sandbox_remove(&s, "proc/modules");
	assert_true(sandbox_run(&s, &nosys, check_unsupported));
	sandbox_close(&s);
}

static void check_force(struct sandbox *s)
{
	lkm_error_free(refused(s, LKM_LOAD_FORCE_VERMAGIC, 0,
			       "kernel.force.unsupported"));
}

static void force_needs_finit_module(void **state)
{
	struct answers a = { .finit_module = ENOSYS };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	assert_true(sandbox_run(&s, &a, check_force));
	sandbox_close(&s);
}

static void check_timeout(struct sandbox *s)
{
	struct lkm_error *e = refused(s, 0, 100, "kernel.load.timeout");

	assert_string_equal(lkm_error_get(e, "state"), "Loading");
	assert_string_equal(lkm_error_get(e, "timeout"), "100");
	lkm_error_free(e);
}

static void an_endless_init_is_left(void **state)
{
	struct answers a = { .finit_module = ANSWER_HANG };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	sandbox_file(&s, "proc/modules", "some_mod 4096 1 - Loading 0x0\n");
	assert_true(sandbox_run(&s, &a, check_timeout));
	sandbox_close(&s);
}

static void check_interrupt(struct sandbox *s)
{
	struct lkm_error *e;
	pid_t pid = fork();

	if (!pid) {
		usleep(100000);
		kill(getppid(), SIGINT);
		_exit(0);
	}
	e = refused(s, 0, 0, "kernel.load.interrupted");
	assert_string_equal(lkm_error_get(e, "signal"), "SIGINT");
	assert_string_equal(lkm_error_get(e, "state"), "Loading");
	lkm_error_free(e);
	waitpid(pid, NULL, 0);
}

static void ctrl_c_ends_the_wait(void **state)
{
	struct answers a = { .finit_module = ANSWER_HANG };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	sandbox_file(&s, "proc/modules", "some_mod 4096 1 - Loading 0x0\n");
	assert_true(sandbox_run(&s, &a, check_interrupt));
	sandbox_close(&s);
}

static void check_late(struct sandbox *s)
{
	assert_int_equal(lkm_kernel_load(s->kernel, s->module, "", 0, 50, NULL),
			 0);
}

static void ready_at_the_last_moment_is_success(void **state)
{
	struct answers a = { .finit_module = ANSWER_HANG };
	struct sandbox s;

	open_with(&s, "name=some_mod");
	sandbox_file(&s, "proc/modules", "some_mod 4096 1 - Live 0x0\n");
	assert_true(sandbox_run(&s, &a, check_late));
	sandbox_close(&s);
}

static void check_missing(struct sandbox *s)
{
	struct lkm_error *e;

	snprintf(s->module, sizeof(s->module), "/nowhere/x.ko");
	e = refused(s, 0, 0, "sys.failed");
	assert_int_equal(lkm_error_errno(e), ENOENT);
	lkm_error_free(e);
}

static void a_file_that_is_not_there(void **state)
{
	struct answers a = { 0 };
	struct sandbox s;

	sandbox_open(&s);
	assert_true(sandbox_run(&s, &a, check_missing));
	sandbox_close(&s);
}

static void check_rubbish(struct sandbox *s)
{
	struct lkm_error *e = refused(s, 0, 0, "kernel.load.refused");

	assert_int_equal(lkm_error_errno(e), ENOEXEC);
	assert_non_null(lkm_error_cause(e));
	assert_memory_equal(lkm_error_id(lkm_error_cause(e)), "image.", 6);
	lkm_error_free(e);
}

static void what_is_no_module_is_the_kernels_to_refuse(void **state)
{
	struct answers a = { .finit_module = ENOEXEC };
	struct sandbox s;

	sandbox_open(&s);
	sandbox_file(&s, "x.ko", "#!/bin/sh\necho not a module\n");
	snprintf(s.module, sizeof(s.module), "%s/x.ko", s.dir);
	assert_true(sandbox_run(&s, &a, check_rubbish));
	sandbox_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_goes_to_finit_module),
		cmocka_unit_test(without_finit_module_its_content_is_given),
		cmocka_unit_test(compressed_files_go_where_they_are_understood),
		cmocka_unit_test(
			a_forced_compressed_file_is_handed_over_as_a_file),
		cmocka_unit_test(the_second_answer_counts),
		cmocka_unit_test(the_log_is_evidence),
		cmocka_unit_test(a_log_that_cannot_be_read_is_told),
		cmocka_unit_test(loaded_already_is_no_other_refusal),
		cmocka_unit_test(each_missing_right_has_its_word),
		cmocka_unit_test(a_filter_is_told_from_the_loader),
		cmocka_unit_test(force_needs_finit_module),
		cmocka_unit_test(an_endless_init_is_left),
		cmocka_unit_test(ctrl_c_ends_the_wait),
		cmocka_unit_test(ready_at_the_last_moment_is_success),
		cmocka_unit_test(a_file_that_is_not_there),
		cmocka_unit_test(what_is_no_module_is_the_kernels_to_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
