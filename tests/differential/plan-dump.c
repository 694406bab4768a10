// SPDX-License-Identifier: LGPL-2.1-or-later
// Plans for many names in one process, in the words of modprobe -D.
//
// plan-dump [-l] [-u] [-t] [-b] [-i] [-v] [-r ROOT] [-k RELEASE] [-C PATH]...
//	[-m CMDLINE] [-o OPTIONS] [-a] [NAME...]
//
// -l: lkm dialect; -u: unload, with facts from stdin as "name refcount
// holder,holder" lines; -a: all modules of the tree; -t: timing only;
// -v: every step with its kind and role; -f: a line per plan, as the batch of
// lkm-host wants it: the name, a tab, the files to load, "?" before those that
// may fail.  Names come from stdin where there are none.  Before each plan
// stands "== NAME".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lkm/plan.h>

#include "base/macro.h"

#define MAX_PATHS 32
#define MAX_HOLDERS 256

struct dump {
	struct lkm_plan_inputs in;
	struct lkm_plan_request req;
	bool unload;
	bool quiet;
	bool verbose;
	bool files;
	size_t steps;
	size_t failed;
};

static int die(const char *what, struct lkm_error *e)
{
	char *text = lkm_error_text(e);

	fprintf(stderr, "plan-dump: %s: %s\n", what, text ? text : "?");
	free(text);
	lkm_error_free(e);
	return 1;
}

static void print_step(const struct lkm_step *s)
{
	switch (s->kind) {
	case LKM_STEP_LOAD:
		printf("insmod %s %s\n", s->path, s->options);
		break;
	case LKM_STEP_INSTALL:
		printf("install %s %s\n", s->command_rule, s->options);
		break;
	case LKM_STEP_BUILTIN: printf("builtin %s\n", s->module); break;
	case LKM_STEP_UNLOAD: printf("rmmod %s\n", s->module); break;
	case LKM_STEP_REMOVE: printf("remove %s\n", s->command); break;
	default: break;
	}
}

static void print_all(const struct lkm_step *s)
{
	printf("%s %s %s", lkm_step_kind_name(s->kind),
	       lkm_step_role_name(s->role), s->module);
	if (s->wanted_by)
		printf(" for %s", s->wanted_by);
	if (s->file)
		printf(" by %s:%u", s->file, s->line);
	if (s->optional)
		printf(" optional");
	if (s->note)
		printf(" (%s)", s->note);
	putchar('\n');
}

/* Nothing of a plan that has no file to load. */
static void print_files(const char *name, const struct lkm_plan *plan)
{
	bool any = false;

	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);

		if (s->kind != LKM_STEP_LOAD)
			continue;
		printf("%s%c%s%s%s%s", any ? "" : name, any ? ' ' : '\t',
		       s->optional ? "?" : "", s->path, *s->options ? "," : "",
		       s->options);
		any = true;
	}
	if (any)
		putchar('\n');
}

static void dump(struct dump *d, const char *name)
{
	struct lkm_error *e = NULL;
	struct lkm_plan *plan;
	int rc;

	if (!d->quiet && !d->files)
		printf("== %s\n", name);
	d->req.name = name;
	rc = d->unload ? lkm_plan_unload(&d->in, &d->req, &plan, &e) :
			 lkm_plan_load(&d->in, &d->req, &plan, &e);
	if (rc < 0) {
		d->failed++;
		if (!d->quiet && !d->files)
			printf("error %s\n", lkm_error_id(e));
		lkm_error_free(e);
		return;
	}
	d->steps += lkm_plan_count(plan);
	if (d->files)
		print_files(name, plan);
	for (size_t i = 0; !d->quiet && !d->files && i < lkm_plan_count(plan);
	     i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);

		if (d->verbose)
			print_all(s);
		else if (!d->unload || s->role != LKM_ROLE_UNUSED || !s->note)
			print_step(s);
	}
	if ((d->verbose || d->unload) && lkm_plan_verdict(plan, &e) < 0) {
		char *text = lkm_error_text(e);

		printf("verdict %s: %s\n", lkm_error_id(e), text ? text : "?");
		free(text);
		lkm_error_free(e);
	}
	lkm_plan_free(plan);
}

static void add_fact(struct lkm_facts *facts, char *line)
{
	const char *holders[MAX_HOLDERS];
	struct lkm_loaded m = { .holders = holders };
	char *save = NULL;
	char *word = strtok_r(line, " \n", &save);

	if (!word)
		return;
	m.name = word;
	word = strtok_r(NULL, " \n", &save);
	m.refcount = word ? strtol(word, NULL, 10) : 0;
	while ((word = strtok_r(NULL, ", \n", &save)) &&
	       m.holder_count < MAX_HOLDERS)
		holders[m.holder_count++] = word;
	m.taints = "";
	if (!lkm_facts_add(facts, &m))
		exit(1);
}

static struct lkm_facts *read_facts(void)
{
	struct lkm_facts *facts = lkm_facts_new();
	char line[4096];

	while (facts && fgets(line, sizeof(line), stdin))
		add_fact(facts, line);
	return facts;
}

static void dump_tree(struct dump *d)
{
	const struct lkm_module_file *modules;
	struct lkm_error *e = NULL;
	size_t count;

	if (lkm_tree_modules(d->in.tree, &modules, &count, &e) < 0)
		exit(die("modules", e));
	for (size_t i = 0; i < count; i++)
		dump(d, modules[i].name);
}

static void dump_stdin(struct dump *d)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		dump(d, line);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct lkm_tree_options to = { .size = sizeof(to) };
	const char *paths[MAX_PATHS];
	struct lkm_policy_options po = { .size = sizeof(po), .paths = paths };
	struct dump d = { .in.dialect = LKM_DIALECT_KMOD };
	struct lkm_policy *policy;
	struct lkm_error *e = NULL;
	bool all = false;
	double t0, t1;
	int c;

	d.req.size = sizeof(d.req);
	d.req.flags = LKM_PLAN_IGNORE_LOADED;
	while ((c = getopt(argc, argv, "lutbifHvar:k:C:m:o:")) != -1) {
		switch (c) {
		case 'l': d.in.dialect = LKM_DIALECT_LKM; break;
		case 'u': d.unload = true; break;
		case 't': d.quiet = true; break;
		case 'v': d.verbose = true; break;
		case 'f': d.files = true; break;
		case 'b': d.req.flags |= LKM_PLAN_BLACKLIST; break;
		case 'i': d.req.flags |= LKM_PLAN_IGNORE_COMMANDS; break;
		case 'H': d.req.flags |= LKM_PLAN_HOLDERS; break;
		case 'a': all = true; break;
		case 'r': to.root = po.root = optarg; break;
		case 'k': to.release = optarg; break;
		case 'm': po.cmdline = optarg; break;
		case 'o': d.req.options = optarg; break;
		case 'C':
			if (po.path_count < MAX_PATHS)
				paths[po.path_count++] = optarg;
			break;
		default: return 2;
		}
	}
	t0 = now();
	if (lkm_tree_open(&to, &d.in.tree, &e) < 0)
		return die("tree", e);
	po.module_dir = lkm_tree_dir(d.in.tree);
	if (lkm_policy_load(&po, &policy, &e) < 0)
		return die("policy", e);
	d.in.policy = policy;
	if (d.unload) {
		d.req.flags &= ~(unsigned int)LKM_PLAN_IGNORE_LOADED;
		d.in.facts = read_facts();
	}
	t1 = now();
	if (all)
		dump_tree(&d);
	else if (optind >= argc)
		dump_stdin(&d);
	for (; optind < argc; optind++)
		dump(&d, argv[optind]);
	if (d.quiet)
		printf("open %.1f ms, plans %.1f ms, %zu steps, %zu failed\n",
		       (t1 - t0) * 1e3, (now() - t1) * 1e3, d.steps, d.failed);
	lkm_facts_free((struct lkm_facts *)d.in.facts);
	lkm_policy_free(policy);
	lkm_tree_free(d.in.tree);
	return 0;
}
