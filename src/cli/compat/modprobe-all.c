// SPDX-License-Identifier: LGPL-2.1-or-later
// modprobe -a: modules that have nothing but files to load are loaded at the
// same time, for most of the wait is for their init functions.
#include "cli/compat/modprobe.h"

#include "base/pool.h"

#define ALL_THREADS 8

struct job {
	const char *name;
	struct lkm_plan *plan; /* NULL: not for now */
	struct lkm_error *error;
	int rc;
};

struct jobs {
	struct modprobe *m;
	struct job *items;
	size_t count;
	size_t *todo; /* numbers of those with a plan */
	size_t todo_count;
};

/*
 * One module to load, of which everybody knows that it can be, and no command
 * whose order could matter.  A need that two have in common is loaded once: the
 * kernel lets the second wait for the first.
 */
static bool is_simple(const struct lkm_plan *plan)
{
	struct lkm_error *e = NULL;
	size_t count;

	(void)lkm_plan_targets(plan, &count);
	if (count != 1)
		return false;
	if (lkm_plan_verdict(plan, &e) < 0) {
		lkm_error_free(e);
		return false;
	}
	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);

		if (s->kind != LKM_STEP_LOAD && s->kind != LKM_STEP_LOADED &&
		    s->kind != LKM_STEP_BUILTIN)
			return false;
	}
	return true;
}

static void make_plans(struct jobs *j)
{
	for (size_t i = 0; i < j->count; i++) {
		struct job *job = &j->items[i];
		struct lkm_error *e = NULL;

		if (modprobe_plan(j->m, job->name, NULL, &job->plan, &e) < 0) {
			/* Told of in its turn. */
			lkm_error_free(e);
			job->plan = NULL;
		} else if (!is_simple(job->plan)) {
			lkm_plan_free(job->plan);
			job->plan = NULL;
		} else {
			j->todo[j->todo_count++] = i;
		}
	}
}

static void run_job(void *ctx, unsigned int worker, size_t item)
{
	struct jobs *j = ctx;
	struct job *job = &j->items[j->todo[item]];

	job->rc = modprobe_load(j->m, job->plan, &job->error);
}

static int tell(struct jobs *j)
{
	int rc = CLI_DONE;

	for (size_t i = 0; i < j->count && !j->m->t.ended; i++) {
		struct job *job = &j->items[i];
		int one;

		if (job->plan)
			one = modprobe_told(j->m, job->plan, job->rc,
					    take_ptr(job->error));
		else
			one = modprobe_insert(j->m, job->name, NULL);
		rc = one ? one : rc;
		cli_facts_expire(j->m->t.cli);
	}
	return rc;
}

int modprobe_all(struct modprobe *m, int argc, char **argv)
{
	struct jobs j = { .m = m, .count = (size_t)argc };
	int rc;

	j.items = calloc(j.count + 1, sizeof(*j.items));
	j.todo = calloc(j.count + 1, sizeof(*j.todo));
	if (j.items && j.todo) {
		for (size_t i = 0; i < j.count; i++)
			j.items[i].name = argv[i];
		/* What is shown, or must not be there yet, goes by turns. */
		if (!m->dry_run && !m->show_depends && !m->names_only &&
		    !m->verbose && !m->first_time && argc > 1)
			make_plans(&j);
		pool_run(ALL_THREADS, j.todo_count, run_job, &j);
		rc = tell(&j);
	} else {
		rc = tool_nomem(&m->t);
	}
	for (size_t i = 0; j.items && i < j.count; i++) {
		lkm_plan_free(j.items[i].plan);
		lkm_error_free(j.items[i].error);
	}
	free(j.items);
	free(j.todo);
	return rc;
}
