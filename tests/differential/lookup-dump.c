// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers lookups as lkm does: for the words of standard input, one to a line,
// in the order of sources that kmod has; or the needs of all modules.
#include <lkm/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int fail(struct lkm_error *error)
{
	char *text = lkm_error_text(error);

	fprintf(stderr, "%s: %s\n", lkm_error_id(error), text);
	free(text);
	lkm_error_free(error);
	return 1;
}

static int print_all(struct lkm_tree *tree)
{
	const struct lkm_module_file *list, *one;
	struct lkm_error *error = NULL;
	size_t count;

	if (lkm_tree_modules(tree, &list, &count, &error) < 0)
		return fail(error);
	for (size_t i = 0; i < count; i++) {
		if (lkm_tree_module(tree, list[i].name, &one, &error) != 1)
			return 1;
		printf("%s:", one->path);
		for (size_t k = 0; k < one->dep_count; k++)
			printf(" %s", one->deps[k].path);
		printf("\n");
	}
	return 0;
}

struct answer {
	const char *one;
	const char *const *names;
	size_t count;
};

static int look_up(struct lkm_tree *tree, const char *word, struct answer *ret,
		   struct lkm_error **reterr)
{
	const struct lkm_module_file *m;
	int rc = lkm_tree_module(tree, word, &m, reterr);

	if (rc == 1) {
		*ret = (struct answer){ m->name, NULL, 1 };
		return 1;
	}
	ret->one = NULL;
	if (!rc && !strncmp(word, "symbol:", 7))
		rc = lkm_tree_symbol(tree, word + 7, &ret->names, &ret->count,
				     reterr);
	if (!rc)
		rc = lkm_tree_alias(tree, word, &ret->names, &ret->count,
				    reterr);
	if (!rc) {
		rc = lkm_tree_builtin(tree, word, reterr);
		*ret = (struct answer){ word, NULL, 1 };
	}
	if (!rc) {
		ret->one = NULL;
		rc = lkm_tree_builtin_alias(tree, word, &ret->names,
					    &ret->count, reterr);
	}
	return rc;
}

static void print_answer(const struct answer *a)
{
	for (size_t i = 0; i < a->count; i++) {
		const char *s = a->one ? a->one : a->names[i];

		putchar(' ');
		for (; *s; s++)
			putchar(*s == '-' ? '_' : *s);
	}
}

static int print_words(struct lkm_tree *tree)
{
	struct timespec before, after;
	char line[4096];
	double spent = 0;
	size_t count = 0;

	while (fgets(line, sizeof(line), stdin)) {
		struct lkm_error *error = NULL;
		struct answer a = { 0 };
		int rc;

		line[strcspn(line, "\n")] = '\0';
		clock_gettime(CLOCK_MONOTONIC, &before);
		rc = look_up(tree, line, &a, &error);
		clock_gettime(CLOCK_MONOTONIC, &after);
		spent += (double)(after.tv_sec - before.tv_sec) * 1e6 +
			 (double)(after.tv_nsec - before.tv_nsec) / 1e3;
		count++;
		if (rc < 0)
			return fail(error);
		printf("%s:", line);
		if (rc == 1)
			print_answer(&a);
		printf("\n");
	}
	fprintf(stderr, "%.2f us", count ? spent / (double)count : 0.0);
	return 0;
}

int main(int argc, char **argv)
{
	struct lkm_tree_options o = { .size = sizeof(o) };
	struct lkm_error *error = NULL;
	struct lkm_tree *tree;
	int rc;

	if (argc != 4)
		return 2;
	o.root = argv[1];
	o.release = argv[2];
	if (lkm_tree_open(&o, &tree, &error) < 0)
		return fail(error);
	rc = !strcmp(argv[3], "all") ? print_all(tree) : print_words(tree);
	if (lkm_tree_warning(tree, 0))
		rc = 1;
	lkm_tree_free(tree);
	return rc;
}
