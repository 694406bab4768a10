// SPDX-License-Identifier: GPL-2.0-only
// Allocations of a module's init that fail because they are told to.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"

#define NOFAIL 0x8000u /* ___GFP_NOFAIL, before its bit had a name */
#define RUNS_MAX 100000
#define SECONDS_MAX 60 /* of one run */
#define WORDS_MAX 32

static struct {
	bool on;
	uint64_t wanted, count;
	uint32_t since; /* older memory of modules is not of the new one */
	void *module;	/* the new one: not those that it asks for */
} f;

void fail_alloc_set(uint64_t n)
{
	f.on = n != 0;
	f.wanted = n;
	f.count = 0;
	f.since = modules_sequence();
	f.module = NULL;
}

uint64_t fail_alloc_count(void)
{
	return f.count;
}

bool fail_alloc_is_on(void)
{
	return f.on;
}

void fail_alloc_coming(void *module)
{
	if (f.on && !f.module)
		f.module = module;
}

void fail_alloc_end(const void *module)
{
	if (module == f.module)
		f.on = false;
}

uint32_t fail_alloc_never(void)
{
	static uint32_t flag;
	int64_t bit;

	if (flag)
		return flag;
	flag = NOFAIL;
	if (lkm_vmlinux_enumerator(host.image, "___GFP_NOFAIL_BIT", &bit,
				   NULL) > 0)
		flag = 1u << bit;
	return flag;
}

bool fail_alloc_now(const struct request *r, uint32_t site)
{
	const struct block b = { .kind = (uint8_t)r->kind, .cache = r->cache };
	const struct site *s = site_at(site);
	char where[256];

	if (!f.on || site_newest() <= f.since || r->gfp & fail_alloc_never() ||
	    ++f.count != f.wanted)
		return false;
	site_add_frames(
		s, finding_new(FINDING_FAILED_ALLOCATION, site_module(s),
			       "allocation %lu of init (%s, %lu bytes), by %s, "
			       "was made to fail",
			       f.count, block_kind(&b), r->size,
			       site_words(s, where, sizeof(where))));
	return true;
}

/* What a run says to who has started it */
struct outcome {
	bool ended, reached;
	char word[600];
	unsigned int oopses, leaks, others;
};

static void take_findings(const struct fail_trial *t, struct outcome *o)
{
	const struct finding *x;

	for (; (x = finding_first()); finding_drop_first()) {
		if (!t->brief)
			finding_print(x);
		if (x->kind == FINDING_FAILED_ALLOCATION)
			continue;
		o->oopses += x->kind == FINDING_OOPS;
		o->leaks += x->kind == FINDING_LEAK;
		o->others += x->kind != FINDING_OOPS && x->kind != FINDING_LEAK;
	}
}

static void run_copy(const struct fail_trial *t, uint64_t n, struct outcome *o)
{
	time_in_child();
	alarm(SECONDS_MAX);
	finding_drop_all();
	console_clear();
	fail_alloc_set(n);
	t->attempt(t->ctx, o->word, sizeof(o->word));
	o->reached = fail_alloc_count() >= n;
	if (o->reached && !t->brief) {
		printf("%s: allocation %lu fails: %s\n", t->name, n, o->word);
		console_print();
	}
	if (o->reached)
		take_findings(t, o);
	o->ended = true;
	fflush(stdout);
	_exit(0);
}

static int start_copy(const struct fail_trial *t, uint64_t n, struct outcome *o)
{
	int status;
	pid_t pid;

	memset(o, 0, sizeof(*o));
	fflush(stdout);
	pid = memory_fork();
	if (!pid)
		run_copy(t, n, o);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	if (o->ended)
		return 0;
	o->reached = true;
	snprintf(o->word, sizeof(o->word), "CRASH %s %d",
		 WIFSIGNALED(status) ? "signal" : "exit",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	printf("%s: allocation %lu fails: %s\n", t->name, n, o->word);
	return 0;
}

struct total {
	unsigned int runs, oopses, leaks, others;
	struct {
		char word[24];
		unsigned int count;
	} words[WORDS_MAX];
	size_t word_count;
};

static void add_word(struct total *t, const char *word)
{
	int len = (int)MIN_OF(strcspn(word, " "), sizeof(t->words->word) - 1);
	size_t i;

	for (i = 0; i < t->word_count; i++)
		if (!strncmp(t->words[i].word, word, (size_t)len) &&
		    !t->words[i].word[len])
			break;
	if (i == WORDS_MAX)
		return;
	if (i == t->word_count)
		snprintf(t->words[t->word_count++].word, sizeof(t->words->word),
			 "%.*s", len, word);
	t->words[i].count++;
}

static void print_total(const struct fail_trial *trial, const struct total *t)
{
	printf("%s: %u allocations failed in turn:", trial->name, t->runs);
	for (size_t i = 0; i < t->word_count; i++)
		printf(" %u %s", t->words[i].count, t->words[i].word);
	printf("; %u oopses, %u leaks, %u others\n", t->oopses, t->leaks,
	       t->others);
}

int fail_alloc_each(const struct fail_trial *t, uint64_t only)
{
	struct total total = { 0 };
	struct outcome *o = mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (o == MAP_FAILED)
		return -1;
	for (uint64_t n = only ? only : 1; n <= RUNS_MAX; n++) {
		if (start_copy(t, n, o) < 0 || !o->reached)
			break;
		total.runs++;
		total.oopses += o->oopses;
		total.leaks += o->leaks;
		total.others += o->others;
		add_word(&total, o->word);
		if (only)
			break;
	}
	munmap(o, sizeof(*o));
	print_total(t, &total);
	return total.oopses || total.leaks || total.others ? 1 : 0;
}
