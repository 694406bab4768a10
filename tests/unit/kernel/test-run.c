// SPDX-License-Identifier: LGPL-2.1-or-later
// Executing plans that are made here by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox.h"

/* In place of plan/: a list of steps. */
struct lkm_plan {
	struct lkm_step steps[8];
	size_t count;
	int verdict;
};

size_t lkm_plan_count(const struct lkm_plan *plan)
{
	return plan->count;
}

const struct lkm_step *lkm_plan_step(const struct lkm_plan *plan, size_t i)
{
	return &plan->steps[i];
}

int lkm_plan_verdict(const struct lkm_plan *plan, struct lkm_error **reterr)
{
	return plan->verdict;
}

/* Of a hosted kernel's own requests, which there are none of here. */
int lkm_plan_load(const struct lkm_plan_inputs *in,
		  const struct lkm_plan_request *request, struct lkm_plan **ret,
		  struct lkm_error **reterr)
{
	return -LKM_EBUG;
}

void lkm_plan_free(struct lkm_plan *plan)
{
}

static struct lkm_step command(const char *module, const char *line)
{
	return (struct lkm_step){ .kind = LKM_STEP_INSTALL,
				  .module = module,
				  .options = "",
				  .command = line };
}

static void commands_run_in_order(void **state)
{
	struct lkm_plan plan = { .count = 3 };
	struct sandbox s;
	char one[256], two[256], out[64] = "";
	size_t done = 0;
	FILE *f;

	sandbox_open(&s);
	snprintf(one, sizeof(one), "echo $MODPROBE_MODULE >%s/out", s.dir);
	snprintf(two, sizeof(two), "echo again >>%s/out", s.dir);
	plan.steps[0] = command("mod_a", one);
	plan.steps[1] = (struct lkm_step){ .kind = LKM_STEP_BUILTIN,
					   .module = "mod_b" };
	plan.steps[2] = command("mod_c", two);
	setenv("MODPROBE_MODULE", "wrong", 1);
	assert_int_equal(lkm_kernel_run(s.kernel, &plan, NULL, &done, NULL), 0);
	assert_int_equal(done, 2);
	snprintf(one, sizeof(one), "%s/out", s.dir);
	f = fopen(one, "re");
	assert_non_null(f);
	assert_int_equal(fread(out, 1, sizeof(out) - 1, f), 12);
	fclose(f);
	assert_string_equal(out, "mod_a\nagain\n");
	sandbox_close(&s);
}

/* Running @plan fails with @id after @done steps. */
static struct lkm_error *fails(struct sandbox *s, struct lkm_plan *plan,
			       const char *id, size_t done)
{
	struct lkm_run_options o = { .size = sizeof(o), .timeout_ms = 300 };
	struct lkm_error *e = NULL;
	size_t got = 99;

	assert_true(lkm_kernel_run(s->kernel, plan, &o, &got, &e) < 0);
	assert_string_equal(lkm_error_id(e), id);
	assert_int_equal(got, done);
	return e;
}

static void a_failed_command_stops_the_plan(void **state)
{
	struct lkm_plan plan = { .count = 3 };
	struct lkm_error *e;
	struct sandbox s;

	sandbox_open(&s);
	plan.steps[0] = command("first", "true");
	plan.steps[1] = command("second", "exit 3");
	plan.steps[1].wanted_by = "third";
	plan.steps[2] = command("third", "kill -9 $PPID");
	e = fails(&s, &plan, "kernel.command.failed", 1);
	assert_string_equal(lkm_error_get(e, "status"), "3");
	assert_string_equal(lkm_error_context(e, 0),
			    "step 'second', wanted by 'third'");
	assert_string_equal(lkm_error_context(e, 1),
			    "done before and left so: first");
	lkm_error_free(e);
	plan.steps[1].command = "kill -TERM $$";
	e = fails(&s, &plan, "kernel.command.killed", 1);
	assert_string_equal(lkm_error_get(e, "signal"), "SIGTERM");
	lkm_error_free(e);
	plan.steps[1].command = "exec sleep 60";
	lkm_error_free(fails(&s, &plan, "kernel.command.timeout", 1));
	sandbox_close(&s);
}

static void count_failure(void *ctx, const struct lkm_step *step, int rc,
			  const struct lkm_error *error)
{
	size_t *failures = ctx;

	if (rc < 0) {
		assert_non_null(error);
		(*failures)++;
	}
}

static void an_optional_step_may_fail(void **state)
{
	size_t failures = 0, done = 0;
	struct lkm_run_options o = { .size = sizeof(o),
				     .after = count_failure,
				     .ctx = &failures };
	struct lkm_plan plan = { .count = 2 };
	struct sandbox s;

	sandbox_open(&s);
	plan.steps[0] = command("soft", "false");
	plan.steps[0].optional = true;
	plan.steps[1] = command("target", "true");
	assert_int_equal(lkm_kernel_run(s.kernel, &plan, &o, &done, NULL), 0);
	assert_int_equal(done, 1);
	assert_int_equal(failures, 1);
	sandbox_close(&s);
}

static void a_refused_plan_does_nothing(void **state)
{
	struct lkm_plan plan = { .count = 1, .verdict = -LKM_EREFUSED };
	struct sandbox s;
	char line[256];
	size_t done = 9;

	sandbox_open(&s);
	snprintf(line, sizeof(line), "touch %s/out", s.dir);
	plan.steps[0] = command("m", line);
	assert_int_equal(lkm_kernel_run(s.kernel, &plan, NULL, &done, NULL),
			 -LKM_EREFUSED);
	assert_int_equal(done, 0);
	snprintf(line, sizeof(line), "%s/out", s.dir);
	assert_int_not_equal(access(line, F_OK), 0);
	sandbox_close(&s);
}

static void check_twice(struct sandbox *s)
{
	struct lkm_run_options o = { .size = sizeof(o),
				     .load_flags = LKM_LOAD_FIRST_TIME };
	struct lkm_plan plan = { .count = 2 };
	struct lkm_error *e = NULL;
	size_t done = 0;

	plan.steps[0] = (struct lkm_step){ .kind = LKM_STEP_LOAD,
					   .role = LKM_ROLE_DEPENDENCY,
					   .module = "m",
					   .path = s->module,
					   .options = "" };
	plan.steps[1] = plan.steps[0];
	plan.steps[1].role = LKM_ROLE_TARGET;
	assert_int_equal(lkm_kernel_run(s->kernel, &plan, NULL, &done, &e), 0);
	assert_int_equal(done, 2);
	/* A dependency may always be there; who asks "first" means the target.
	 */
	assert_int_equal(lkm_kernel_run(s->kernel, &plan, &o, &done, &e),
			 -LKM_EEXISTS);
	assert_string_equal(lkm_error_id(e), "kernel.load.exists");
	assert_int_equal(done, 1);
	lkm_error_free(e);
}

static void two_loads_at_once_both_succeed(void **state)
{
	struct answers a = { .finit_module = EEXIST };
	struct sandbox s;

	sandbox_open(&s);
	sandbox_module(&s, "m.ko", "name=m");
	sandbox_file(&s, "proc/modules", "m 4096 0 - Live 0x0\n");
	assert_true(sandbox_run(&s, &a, check_twice));
	sandbox_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_run_in_order),
		cmocka_unit_test(a_failed_command_stops_the_plan),
		cmocka_unit_test(an_optional_step_may_fail),
		cmocka_unit_test(a_refused_plan_does_nothing),
		cmocka_unit_test(two_loads_at_once_both_succeed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
