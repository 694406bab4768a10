// SPDX-License-Identifier: LGPL-2.1-or-later
// What would be loaded?  An example of liblkm that needs no privilege:
//
//	cc -o plan plan.c $(pkg-config --cflags --libs liblkm)
//	./plan e1000e [ROOT RELEASE]
//
// Without arguments it lists the errors that liblkm knows.
#include <lkm/plan.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(struct lkm_error *error)
{
	char *text = lkm_error_text(error);
	char *hint = lkm_error_hint(error);

	fprintf(stderr, "%s: %s\n", lkm_error_id(error), text ? text : "");
	if (hint)
		fprintf(stderr, "try: %s\n", hint);
	free(text);
	free(hint);
	lkm_error_free(error);
	return 1;
}

static void print(const struct lkm_plan *plan)
{
	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *step = lkm_plan_step(plan, i);

		printf("%-8s %-20s %s\n", lkm_step_kind_name(step->kind),
		       step->module, step->path ? step->path : "");
	}
}

/* A plan is a value: made from what is on disk, nothing happens. */
static int plan(const char *name, const char *root, const char *release)
{
	struct lkm_tree_options where = { .size = sizeof(where),
					  .root = root,
					  .release = release };
	struct lkm_policy_options wishes = { .size = sizeof(wishes),
					     .root = root };
	struct lkm_plan_request request = { .size = sizeof(request),
					    .name = name };
	struct lkm_plan_inputs inputs = { .dialect = LKM_DIALECT_LKM };
	struct lkm_policy *policy = NULL;
	struct lkm_plan *steps = NULL;
	struct lkm_error *error = NULL;
	int rc = lkm_tree_open(&where, &inputs.tree, &error);

	if (!rc) {
		wishes.module_dir = lkm_tree_dir(inputs.tree);
		rc = lkm_policy_load(&wishes, &policy, &error);
	}
	if (!rc) {
		inputs.policy = policy;
		rc = lkm_plan_load(&inputs, &request, &steps, &error);
	}
	if (!rc) {
		print(steps);
		rc = lkm_plan_verdict(steps, &error);
	}
	lkm_plan_free(steps);
	lkm_policy_free(policy);
	lkm_tree_free(inputs.tree);
	return rc ? fail(error) : 0;
}

int main(int argc, char **argv)
{
	const char *id, *sentence;

	if (argc > 1)
		return plan(argv[1], argc > 3 ? argv[2] : NULL,
			    argc > 3 ? argv[3] : NULL);
	for (size_t i = 0; lkm_error_catalogue(i, &id, &sentence); i++)
		printf("%-32s %s\n", id, sentence);
	return 0;
}
