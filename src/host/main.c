// SPDX-License-Identifier: GPL-2.0-only
// lkm-host: a distribution's own kernel in an ordinary process.
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "diag/error.h"
#include "host/fault/finding.h"
#include "host/host.h"
#include "host/kernel-calls.h"
#include "host/serve/modfile.h"
#include "host/serve/serve.h"

#define LOADED_MAX 256 /* files of a line */

struct host host;

struct options {
	const char *verb, *image, *aliases;
	bool json, verbose, unload, log, guard, fail_alloc, is_private;
	uint64_t fail_alloc_only; /* 0: all */
	int socket, ready;	  /* -1: not given */
	char **rest;
};

static void usage(void)
{
	fputs("usage: lkm-host doctor IMAGE [--json]\n"
	      "       lkm-host run IMAGE [--aliases FILE] [--guard] "
	      "[--unload] [--fail-alloc N|all] [-v] [--] "
	      "FILE[,PARAM=VALUE]...\n"
	      "       lkm-host batch IMAGE [--aliases FILE] [--guard] [--unload] "
	      "[--fail-alloc all] [--log] <lines of FILE FILE...\n"
	      "       lkm-host serve IMAGE --socket-fd N [--ready-fd N] "
	      "[--guard] [--private]\n",
	      stderr);
}

static int number(const char *s)
{
	char *end;
	long v = strtol(s, &end, 10);

	return *s && !*end && v >= 0 && v < INT_MAX ? (int)v : -1;
}

static bool parse_fail_alloc(const char *s, struct options *o)
{
	char *end;

	o->fail_alloc = true;
	if (!strcmp(s, "all"))
		return true;
	o->fail_alloc_only = strtoull(s, &end, 10);
	return o->fail_alloc_only && !*end;
}

static int parse(int argc, char **argv, struct options *o)
{
	bool ok = true;
	int i = 1;

	if (argc < 3)
		return -1;
	o->verb = argv[i++];
	o->image = argv[i++];
	for (; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			o->json = true;
		else if (!strcmp(argv[i], "--private"))
			o->is_private = true;
		else if (!strcmp(argv[i], "-v"))
			o->verbose = true;
		else if (!strcmp(argv[i], "--unload"))
			o->unload = true;
		else if (!strcmp(argv[i], "--log"))
			o->log = true;
		else if (!strcmp(argv[i], "--fail-alloc") && i + 1 < argc)
			ok = parse_fail_alloc(argv[++i], o);
		else if (!strcmp(argv[i], "--guard"))
			o->guard = true;
		else if (!strcmp(argv[i], "--aliases") && i + 1 < argc)
			o->aliases = argv[++i];
		else if (!strcmp(argv[i], "--socket-fd") && i + 1 < argc)
			o->socket = number(argv[++i]);
		else if (!strcmp(argv[i], "--ready-fd") && i + 1 < argc)
			o->ready = number(argv[++i]);
		else
			break;
	}
	if (i < argc && !strcmp(argv[i], "--"))
		i++;
	else if (i < argc && argv[i][0] == '-')
		return -1;
	o->rest = argv + i;
	return ok ? 0 : -1;
}

static void report_error(const struct options *o, struct lkm_error *e)
{
	char *text = lkm_error_text(e), *hint = lkm_error_hint(e);
	char *line = error_to_line(e);

	fprintf(stderr, "error[%s]: %s\n", lkm_error_id(e), text ? text : "?");
	if (hint && *hint)
		fprintf(stderr, "  try:   %s\n", hint);
	if (o->ready >= 0 && line)
		dprintf(o->ready, "%s\n", line);
	free(line);
	free(text);
	free(hint);
	lkm_error_free(e);
}

static long memory_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void doctor_text(const struct boot_report *b)
{
	const struct host_stats *s = &host.stats;

	printf("release:   %s\n", lkm_vmlinux_release(host.image));
	printf("replaced:  %u functions, none missing\n", s->replaced);
	printf("initcalls: %u of %u returned, %u not run on purpose\n",
	       s->initcalls_ok, s->initcalls, s->initcalls_skipped);
	for (size_t i = 0; i < b->failed_count; i++)
		printf("  failed:  %s: %s\n", b->failed[i].name,
		       b->failed[i].why);
	printf("warnings:  %lu\n", s->warnings);
	printf("emulated:  %lu privileged instructions\n", s->emulated);
	printf("boot:      %.3f s, %ld KiB\n", s->boot_seconds, memory_kib());
}

static void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			printf("\\u%04x", *s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void doctor_json(const struct boot_report *b, bool trusted)
{
	const struct host_stats *s = &host.stats;

	printf("{\"release\":");
	json_string(lkm_vmlinux_release(host.image));
	printf(",\"replaced\":%u,\"initcalls\":%u,\"returned\":%u,"
	       "\"skipped\":%u,\"failed\":[",
	       s->replaced, s->initcalls, s->initcalls_ok,
	       s->initcalls_skipped);
	for (size_t i = 0; i < b->failed_count; i++) {
		printf("%s{\"name\":", i ? "," : "");
		json_string(b->failed[i].name);
		printf(",\"why\":");
		json_string(b->failed[i].why);
		putchar('}');
	}
	printf("],\"warnings\":%lu,\"emulated\":%lu,\"seconds\":%.3f,"
	       "\"kib\":%ld,\"trusted\":%s}\n",
	       s->warnings, s->emulated, s->boot_seconds, memory_kib(),
	       trusted ? "true" : "false");
}

/* Trusted: of 100 initcalls that were run 99 came back. */
static int doctor(const struct options *o, const struct boot_report *b)
{
	const struct host_stats *s = &host.stats;
	unsigned int run = s->initcalls - s->initcalls_skipped;
	bool trusted = run && s->initcalls_ok * 100 >= run * 99;

	if (o->json)
		doctor_json(b, trusted);
	else
		doctor_text(b);
	if (!o->json)
		printf("trusted:   %s\n", trusted ? "yes" : "no");
	return trusted ? 0 : 1;
}

static int load_spec(const char *spec, struct verdict *ret)
{
	char path[4096], params[8192] = "";
	size_t len = strcspn(spec, ",");

	snprintf(path, sizeof(path), "%.*s", (int)MIN_OF(len, 4095UL), spec);
	if (spec[len])
		snprintf(params, sizeof(params), "%s", spec + len + 1);
	for (char *p = params; *p; p++)
		if (*p == ',' && strchr(p, '='))
			*p = ' ';
	return load_file(path, params, ret);
}

static const char *verdict_word(const struct verdict *v, char *buf, size_t size)
{
	if (v->aborted) {
		snprintf(buf, size, "ABORT %s", v->why);
		return buf;
	}
	return errno_word(v->value, buf, size);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_log(void)
{
	console_print();
	findings_print_all();
}

/* "crc-itu-t.ko.xz" is module crc_itu_t. */
static void module_name(const char *file, char *buf, size_t size)
{
	const char *base = base_name(file);

	snprintf(buf, size, "%.*s", (int)strcspn(base, ".,"), base);
	for (char *p = buf; *p; p++)
		if (*p == '-')
			*p = '_';
}

/* The modules of @files, the last first; one that is in use stays. */
static int unload_files(char **files, size_t count, bool with_log)
{
	int failed = 0;

	while (count--) {
		struct verdict v;
		char name[64], word[600];

		module_name(files[count], name, sizeof(name));
		console_clear();
		failed |= unload_module(name, &v) < 0;
		printf("%s: %s\n", name,
		       v.aborted || v.value ?
			       verdict_word(&v, word, sizeof(word)) :
			       "unloaded");
		if (with_log)
			print_log();
		else
			findings_print_all();
		if (v.aborted)
			break;
	}
	return failed;
}

/* Loads it, and where that goes well unloads it. */
static void attempt(void *spec, char *ret_word, size_t size)
{
	struct verdict v;
	char name[64], word[600];

	load_spec(spec, &v);
	snprintf(ret_word, size, "%s", verdict_word(&v, word, sizeof(word)));
	if (v.aborted || v.value)
		return;
	module_name(spec, name, sizeof(name));
	unload_module(name, &v);
	if (v.aborted)
		snprintf(ret_word, size, "%s",
			 verdict_word(&v, word, sizeof(word)));
}

static int fail_each(const struct options *o, char *spec, bool brief)
{
	const struct fail_trial t = { .name = base_name(spec),
				      .attempt = attempt,
				      .ctx = spec,
				      .brief = brief };

	return fail_alloc_each(&t, o->fail_alloc_only);
}

static int run_files(const struct options *o)
{
	int failed = 0;
	size_t loaded = 0;

	for (char **f = o->rest; *f; f++) {
		struct verdict v;
		char word[600];

		if (o->fail_alloc && !f[1])
			return fail_each(o, *f, false);
		console_clear();
		failed |= load_spec(*f, &v) < 0;
		printf("%s: %s\n", base_name(*f),
		       verdict_word(&v, word, sizeof(word)));
		print_log();
		if (v.aborted)
			break;
		o->rest[loaded] = *f;
		loaded += v.value == 0;
	}
	if (o->unload)
		failed |= unload_files(o->rest, loaded, true);
	return failed ? 1 : 0;
}

/*
 * One line of a batch, in a copy of the booted kernel: the word of the last
 * file, with --log what was printed meanwhile.  A file after "?" may be
 * refused: a soft dependency.  One that a request brought in is there already.
 */
static void batch_line(const struct options *o, char *line)
{
	struct verdict v = { 0 };
	char word[600], *next, *file, *last = line, *loaded[LOADED_MAX];
	size_t count = 0;

	time_in_child();
	alarm(60);
	for (file = strtok_r(line, " ", &next); file;
	     file = strtok_r(NULL, " ", &next)) {
		bool optional = *file == '?';

		last = file + optional;
		if (o->fail_alloc && !*next) {
			alarm(0);
			fail_each(o, last, true);
			fflush(stdout);
			_exit(0);
		}
		console_clear();
		if (load_spec(last, &v) < 0 && v.value != -EEXIST &&
		    (v.aborted || !optional))
			break;
		if (!v.value && count < LOADED_MAX)
			loaded[count++] = last;
	}
	printf("%s %s\n", base_name(last),
	       verdict_word(&v, word, sizeof(word)));
	if (o->log)
		console_print();
	if (o->unload && !v.aborted)
		unload_files(loaded, count, false);
	fflush(stdout);
	_exit(0);
}

/* All files of a line but the last: other lines will need them too. */
static void keep_dependencies(const char *line)
{
	const char *p = line, *space;

	while ((space = strchr(p, ' '))) {
		char path[4096];

		p += *p == '?';
		snprintf(path, sizeof(path), "%.*s", (int)(space - p), p);
		if (!strchr(path, ','))
			modfile_keep(path);
		p = space + 1;
	}
}

static int batch(const struct options *o)
{
	static char line[65536];

	while (fgets(line, sizeof(line), stdin)) {
		int status;
		pid_t pid;

		line[strcspn(line, "\n")] = '\0';
		keep_dependencies(line);
		fflush(stdout);
		pid = memory_fork();
		if (!pid)
			batch_line(o, line);
		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			return 1;
		if (WIFSIGNALED(status))
			printf("%s CRASH signal %d\n", base_name(line),
			       WTERMSIG(status));
		else if (WEXITSTATUS(status))
			printf("%s CRASH exit %d\n", base_name(line),
			       WEXITSTATUS(status));
	}
	return 0;
}

static void start_serving(const struct options *o)
{
	struct serve_options s = { .image = o->image,
				   .socket = o->socket,
				   .flags = PROTO_HOST_SANDBOX,
				   .is_private = o->is_private };

	if (o->guard)
		s.flags |= PROTO_HOST_GUARD;
	if (o->ready >= 0) {
		dprintf(o->ready, "+");
		close(o->ready);
	}
	serve(&s);
}

/* In a process of its own: what happens there cannot end the command. */
static int kernel_process(const struct options *o)
{
	static struct boot_report report;
	struct lkm_error *e = NULL;
	char above[8192]; /* for page_above() of guard.c */

	__asm__ volatile("" : : "r"(above) : "memory");
	/* no file can be opened later */
	if (o->aliases && load_aliases(o->aliases) < 0) {
		fprintf(stderr, "lkm-host: cannot read %s\n", o->aliases);
		return 1;
	}
	host.verbose = o->verbose;
	if (boot(o->image, &report, &e) < 0) {
		report_error(o, e);
		for (size_t i = 1; i < report.missing.count; i++)
			fprintf(stderr, "  also:  %s\n",
				report.missing.names[i]);
		return 1;
	}
	if (o->guard && guard_memory_start() < 0) {
		fputs("lkm-host: no room for guarded memory\n", stderr);
		return 1;
	}
	if (!strcmp(o->verb, "doctor"))
		return doctor(o, &report);
	if (!strcmp(o->verb, "serve"))
		start_serving(o);
	if (!strcmp(o->verb, "run"))
		return run_files(o);
	return batch(o);
}

/* The kernel's process asks us for files; it ends before we do. */
static int run_beside(const struct options *o)
{
	int status, fd[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0) {
		perror("lkm-host");
		return 1;
	}
	pid = fork();
	if (!pid) {
		sandbox_close_others(&fd[1], 1);
		modfile_ask_at(fd[1]);
		status = kernel_process(o);
		fflush(stdout);
		_exit(status);
	}
	close(fd[1]);
	if (pid > 0)
		modfile_serve(fd[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("lkm-host");
		return 1;
	}
	if (WIFSIGNALED(status)) {
		fprintf(stderr,
			"lkm-host: the kernel's process died by "
			"signal %d\n",
			WTERMSIG(status));
		return 1;
	}
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	struct options o = { .socket = -1, .ready = -1 };

	if (parse(argc, argv, &o) < 0 ||
	    (strcmp(o.verb, "doctor") && strcmp(o.verb, "run") &&
	     strcmp(o.verb, "batch") &&
	     (strcmp(o.verb, "serve") || o.socket < 0))) {
		usage();
		return 2;
	}
	if (!strcmp(o.verb, "serve")) {
		const int keep[] = { o.socket, o.ready };

		/* only its errors go to where it was started from */
		if (!freopen("/dev/null", "r", stdin) ||
		    !freopen("/dev/null", "w", stdout))
			return 1;
		sandbox_close_others(keep, ARRAY_SIZE(keep));
		return kernel_process(&o);
	}
	return run_beside(&o);
}
