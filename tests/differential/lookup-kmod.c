// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers lookups as Debian's libkmod does; see lookup-dump.c.
#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int main(int argc, char **argv)
{
	const char *const no_config[] = { "/dev/null", NULL };
	struct timespec before, after;
	struct kmod_ctx *ctx;
	char line[4096];
	double spent = 0;
	size_t count = 0;

	if (argc != 2)
		return 2;
	ctx = kmod_new(argv[1], no_config);
	if (!ctx || kmod_load_resources(ctx) < 0)
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		struct kmod_list *list = NULL, *l;

		line[strcspn(line, "\n")] = '\0';
		clock_gettime(CLOCK_MONOTONIC, &before);
		/* A word that it refuses has no answer either. */
		if (kmod_module_new_from_lookup(ctx, line, &list) < 0)
			list = NULL;
		clock_gettime(CLOCK_MONOTONIC, &after);
		spent += (double)(after.tv_sec - before.tv_sec) * 1e6 +
			 (double)(after.tv_nsec - before.tv_nsec) / 1e3;
		count++;
		printf("%s:", line);
		kmod_list_foreach(l, list)
		{
			struct kmod_module *m = kmod_module_get_module(l);

			printf(" %s", kmod_module_get_name(m));
			kmod_module_unref(m);
		}
		printf("\n");
		kmod_module_unref_list(list);
	}
	fprintf(stderr, "%.2f us", count ? spent / (double)count : 0.0);
	kmod_unref(ctx);
	return 0;
}
