// SPDX-License-Identifier: LGPL-2.1-or-later
// How long calls of libkmod take; compiled against kmod's own header and run
// with either library.
//
// usage: bench DIRNAME lookup|probe|load COUNT [WORD...]
//
// Prints the nanoseconds of the fastest of COUNT rounds: for each word of a
// lookup with loaded indexes, for a probe that is not carried out, for a
// context whose indexes are loaded.
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void lookup(struct kmod_ctx *ctx, const char *word)
{
	struct kmod_list *found = NULL;

	kmod_module_new_from_lookup(ctx, word, &found);
	kmod_module_unref_list(found);
}

static void probe(struct kmod_ctx *ctx, const char *word)
{
	struct kmod_list *found = NULL, *l;

	kmod_module_new_from_lookup(ctx, word, &found);
	kmod_list_foreach(l, found)
	{
		struct kmod_module *m = kmod_module_get_module(l);

		kmod_module_probe_insert_module(m, KMOD_PROBE_DRY_RUN, NULL,
						NULL, NULL, NULL);
		kmod_module_unref(m);
	}
	kmod_module_unref_list(found);
}

static struct kmod_ctx *open_ctx(const char *folder)
{
	static const char *const none[] = { "/nosuch", NULL };
	struct kmod_ctx *ctx = kmod_new(folder, none);

	if (!ctx || kmod_load_resources(ctx) < 0)
		exit(1);
	kmod_set_log_priority(ctx, 0);
	return ctx;
}

int main(int argc, char **argv)
{
	long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
	struct kmod_ctx *ctx;

	if (rounds < 1)
		return 2;
	ctx = open_ctx(argv[1]);
	for (int i = 4; i < argc || i == 4; i++) {
		long best = 0;

		for (long round = 0; round < rounds; round++) {
			long start = now(), took;

			if (!strcmp(argv[2], "load"))
				kmod_unref(open_ctx(argv[1]));
			else if (!strcmp(argv[2], "probe"))
				probe(ctx, argv[i]);
			else
				lookup(ctx, argv[i]);
			took = now() - start;
			if (!round || took < best)
				best = took;
		}
		printf("%ld\n", best);
	}
	kmod_unref(ctx);
	return 0;
}
