// SPDX-License-Identifier: LGPL-2.1-or-later
// gdb, attached to the process of the hosted kernel.
#include "cli/gdb.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/arena.h"
#include "base/root.h"
#include "base/spawn.h"

#define ARGUMENTS_MAX (CLI_GIVEN_MAX * 2 + 64)
#define STATUS_MAX 65536
#define LOOK_NS 2000000
#define END_LOOKS 1000 /* 2 s, then it is killed */

/* lkm-host has these for the kernel: privileged instructions, WARN, ticks */
static const char signals[] = "handle SIGSEGV SIGBUS SIGILL SIGFPE SIGVTALRM "
			      "SIGALRM nostop noprint pass";

bool gdb_is_wanted(const struct cli *cli)
{
	return cli_has(cli, "gdb") || cli_has(cli, "gdb-command");
}

bool gdb_options_are_fine(const struct cli *cli)
{
	const char *other = cli_has(cli, "timeout")    ? "timeout" :
			    cli_has(cli, "fail-alloc") ? "fail-alloc" :
							 NULL;

	if (!gdb_is_wanted(cli))
		return true;
	if (!cli->on_hosted)
		cli_usage(cli, "--gdb is for --on hosted");
	else if (other)
		cli_usage(cli, "--gdb does not go with --%s", other);
	return cli->on_hosted && !other;
}

/* A process, at one moment; zero: there is none. */
struct look {
	unsigned int tracer; /* 0: nobody debugs it */
	bool held;	     /* stopped by that */
};

static struct look look_at(uint32_t pid)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct look ret = { 0 };
	const char *tracer, *state;
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_all(fd, STATUS_MAX, &text, &len) < 0)
		return ret;
	tracer = strstr(text, "\nTracerPid:\t");
	state = strstr(text, "\nState:\t");
	if (!tracer || !state)
		return ret;
	ret.tracer = (unsigned int)strtoul(strchr(tracer, '\t'), NULL, 10);
	ret.held = ret.tracer && strchr(state, '\t')[1] == 't';
	return ret;
}

static int fail(uint32_t pid, const char *why, struct lkm_error **reterr)
{
	return FAIL(reterr, HOST_GDB_FAILED, KV_NUM("pid", pid),
		    KV_STR("why", why));
}

static int look_for_other(uint32_t pid, struct lkm_error **reterr)
{
	unsigned int tracer = look_at(pid).tracer;
	char why[80];

	if (!tracer)
		return 0;
	snprintf(why, sizeof(why), "process %u debugs it already", tracer);
	return fail(pid, why, reterr);
}

static int run(struct cli *cli, const char *const *arguments, struct gdb *g,
	       struct lkm_error **reterr)
{
	const char *named = secure_getenv("LKM_GDB");
	char program[PATH_MAX], pid[16];
	const char *argv[ARGUMENTS_MAX] = {
		named && *named ? named : "gdb",
		"-q",
		"-iex",
		"set sysroot /",
		"-iex",
		"set breakpoint pending on",
		/* What it says while it starts would wait for a key. */
		"-iex",
		"set pagination off",
		"-iex",
		signals,
		"-p",
		pid,
		cli_host_program(program, sizeof(program)),
	};
	struct spawn spawn = { .argv = argv, .share_input = true };
	size_t count = 0;
	int rc;

	while (argv[count])
		count++;
	if (argv[count - 1] == pid)
		argv[count++] = LKM_LIBEXECDIR "/lkm-host";
	while (*arguments && count < ARGUMENTS_MAX - 1)
		argv[count++] = *arguments++;
	snprintf(pid, sizeof(pid), "%" PRIu32, lkm_host_info(g->host)->pid);
	fflush(stdout);
	rc = spawn_start(&spawn, &g->pid);
	if (rc < 0)
		return FAIL(reterr, HOST_GDB_ABSENT, KV_STR("program", argv[0]),
			    KV_ERRNO(-rc));
	return 0;
}

int gdb_start(struct cli *cli, const char *const *arguments, struct gdb *ret,
	      struct lkm_error **reterr)
{
	/* Ctrl-C is for what gdb runs. */
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	int rc = cli_host(cli, &ret->host, reterr);

	ret->pid = 0;
	if (!rc)
		rc = look_for_other(lkm_host_info(ret->host)->pid, reterr);
	if (!rc)
		rc = lkm_host_debug(ret->host, true, reterr);
	if (rc < 0)
		return rc;
	rc = run(cli, arguments, ret, reterr);
	if (rc < 0)
		(void)lkm_host_debug(ret->host, false, NULL);
	else
		sigaction(SIGINT, &ignore, &ret->on_interrupt);
	return rc;
}

static void look_later(void)
{
	nanosleep(&(struct timespec){ 0, LOOK_NS }, NULL);
}

static bool has_ended(struct gdb *g, int *ret_status)
{
	return waitpid(g->pid, ret_status, WNOHANG) == g->pid;
}

static void put_away(struct gdb *g)
{
	sigaction(SIGINT, &g->on_interrupt, NULL);
	g->pid = 0;
	/* It may be gone: that is told by who needs it next. */
	(void)lkm_host_debug(g->host, false, NULL);
}

int gdb_wait(struct gdb *g)
{
	int status = 0;

	while (waitpid(g->pid, &status, 0) < 0 && errno == EINTR)
		;
	put_away(g);
	return status;
}

/*
 * What is asked of the kernel from then on waits until gdb has done what it was
 * started with, and lets it go on.
 */
static int wait_attached(struct gdb *g, struct lkm_error **reterr)
{
	uint32_t pid = lkm_host_info(g->host)->pid;
	char why[80] = "gdb ended by a signal";
	int status;

	while (!look_at(pid).held) {
		if (!has_ended(g, &status)) {
			look_later();
			continue;
		}
		put_away(g);
		if (WIFEXITED(status))
			snprintf(why, sizeof(why),
				 "gdb ended with status %d before it was "
				 "attached",
				 WEXITSTATUS(status));
		return fail(pid, why, reterr);
	}
	return 0;
}

/* Argument vectors of at most ARGUMENTS_MAX */
struct arguments {
	const char *v[ARGUMENTS_MAX];
	size_t count;
};

static void add(struct arguments *a, const char *option, const char *value)
{
	if (a->count + 3 > ARGUMENTS_MAX)
		return;
	a->v[a->count++] = option;
	if (value)
		a->v[a->count++] = value;
}

/* Until the init of all targets was met, then what the user has to say */
static bool add_commands(struct arguments *a, struct arena *memory,
			 const struct cli *cli, const struct lkm_plan *plan)
{
	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);
		char command[128];

		if (s->kind != LKM_STEP_LOAD || s->role != LKM_ROLE_TARGET)
			continue;
		/* lkm-host gives each module's init this name */
		snprintf(command, sizeof(command), "tbreak init_of_%s",
			 s->module);
		add(a, "-ex", arena_strdup(memory, command));
		if (!a->v[a->count - 1])
			return false;
	}
	add(a, "-ex", "continue");
	for (size_t i = 0; i < cli->given_count; i++) {
		if (!strcmp(cli->given[i].name, "gdb-command"))
			add(a, "-ex", cli->given[i].value);
	}
	if (cli_has(cli, "gdb-command"))
		add(a, "-batch", NULL);
	return true;
}

int gdb_start_load(struct cli *cli, const struct lkm_plan *plan,
		   struct gdb *ret, struct lkm_error **reterr)
{
	struct arguments a = { .count = 0 };
	struct arena memory = { 0 };
	int rc = 0;

	if (!add_commands(&a, &memory, cli, plan))
		rc = error_nomem(reterr);
	if (!rc)
		rc = gdb_start(cli, a.v, ret, reterr);
	if (!rc)
		rc = wait_attached(ret, reterr);
	arena_release(&memory);
	return rc;
}

void gdb_end_load(struct gdb *g)
{
	uint32_t pid;
	int status;

	if (!g->pid)
		return;
	pid = lkm_host_info(g->host)->pid;
	for (int told = 0; !has_ended(g, &status); look_later()) {
		struct look l = look_at(pid);

		/*
		 * Something was met meanwhile, or gdb has left it: either is
		 * the user's, who will end gdb.
		 */
		if (!told && (l.held || !l.tracer))
			continue;
		if (!told++)
			kill(g->pid, SIGTERM);
		else if (told > END_LOOKS)
			kill(g->pid, SIGKILL);
	}
	put_away(g);
}
