// SPDX-License-Identifier: LGPL-2.1-or-later
// The first process of the guest that the hosted kernel is compared with: it
// loads and unloads modules as the serial line tells it.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/*
 * DOC: a command is a line, and so are its answers; the last one is ".".
 *
 *	load FILE...   each of them, the verdict of the last one that was tried;
 *	               FILE,PARAMETERS; a file after "?" may be refused
 *	clean          unload all there is, then "left NAME" of what stays
 *	log            the kernel's messages since the last time
 *	cat PATH       a file's content
 *
 * Verdicts: "LIVE", an errno's name, or how the loading process died.
 */

#define LINE "/dev/ttyS1"
#define LINE_MAX_LEN 65536
#define CLEAN_TRIES 15
#define NAMES_MAX 1024
#define LOG_END "end of this part\n"

/* From arch and driver code, not in the C library's list */
static const struct {
	int value;
	const char *name;
} kernel_errors[] = {
	{ 512, "ERESTARTSYS" },
	{ 517, "EPROBE_DEFER" },
	{ 524, "ENOTSUPP" },
};

static FILE *line, *answers;

static const char *error_word(int error)
{
	static char number[16];
	const char *name = error > 0 ? strerrorname_np(error) : NULL;

	for (size_t i = 0; i < 3; i++) {
		if (kernel_errors[i].value == error)
			name = kernel_errors[i].name;
	}
	if (name)
		return name;
	snprintf(number, sizeof(number), "%d", error < 0 ? error : -error);
	return number;
}

/* 0, an errno, or something below zero that is no errno */
static int load_file(char *spec)
{
	char *params = strchr(spec, ',');
	struct stat st;
	void *bytes = NULL;
	int fd, error = 0;
	long r;

	if (params)
		*params++ = 0;
	fd = open(spec, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	if (st.st_size)
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
			     fd, 0);
	if (bytes == MAP_FAILED) {
		error = errno;
	} else {
		r = syscall(SYS_init_module, bytes, st.st_size,
			    params ? params : "");
		error = r == -1 ? errno : (int)r;
	}
	close(fd);
	return error;
}

/* Of the last file that was tried. */
static int load_files(char *files)
{
	char *next, *file = strtok_r(files, " ", &next);
	int error = 0;

	while (file) {
		bool is_optional = *file == '?';
		char *after = strtok_r(NULL, " ", &next);

		error = load_file(file + is_optional);
		if (error && error != EEXIST && !is_optional)
			break;
		file = after;
	}
	return error;
}

/* In a process of its own: an oops kills the caller. */
static void command_load(char *files)
{
	int pipes[2], error = 0, status = 0;
	bool answered;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (!pid) {
		error = load_files(files);
		if (write(pipes[1], &error, sizeof(error)) < 0)
			_exit(1);
		_exit(0);
	}
	close(pipes[1]);
	answered = read(pipes[0], &error, sizeof(error)) == sizeof(error);
	close(pipes[0]);
	while (waitpid(pid, &status, 0) != pid)
		;
	if (answered)
		fprintf(answers, "%s\n", error ? error_word(error) : "LIVE");
	else
		fprintf(answers, "DIED %d\n", WTERMSIG(status));
}

/* Names of what is loaded into @names, which @text holds; their count. */
static size_t loaded(char *text, size_t size, char *names[])
{
	int fd = open("/proc/modules", O_RDONLY | O_CLOEXEC);
	size_t len = 0, count = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = 0;
	for (char *p = text; *p && count < NAMES_MAX;) {
		char *end = strchr(p, '\n');

		names[count++] = p;
		p[strcspn(p, " ")] = 0;
		if (!end)
			break;
		p = end + 1;
	}
	return count;
}

static void command_clean(void)
{
	static char text[262144];
	char *names[NAMES_MAX];
	size_t count = 0;

	for (int tries = 0; tries < CLEAN_TRIES;) {
		bool removed = false;

		count = loaded(text, sizeof(text), names);
		if (!count)
			break;
		for (size_t i = 0; i < count; i++) {
			if (!syscall(SYS_delete_module, names[i], O_NONBLOCK))
				removed = true;
		}
		if (removed)
			continue;
		/* deferred work holds references, a modprobe is under way */
		tries++;
		nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
	}
	for (size_t i = 0; i < count; i++)
		fprintf(answers, "left %s\n", names[i]);
}

/*
 * A message without a newline at its end (a long one is cut) is to be gone on
 * with, and is shown when another one comes.
 */
static void command_log(void)
{
	static int fd = -1;
	char record[8192];
	ssize_t n;

	if (fd < 0)
		fd = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (write(fd, LOG_END, sizeof(LOG_END) - 1) < 0)
		return;
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		char *text;

		if (n < 0)
			continue;
		record[n] = 0;
		text = strchr(record, ';');
		/* priority is the first number; more lines: a dictionary */
		if (text && strcmp(text + 1, LOG_END))
			fprintf(answers, "%d %.*s\n",
				(int)strtol(record, NULL, 10) & 7,
				(int)strcspn(text + 1, "\n"), text + 1);
	}
}

static void command_cat(const char *path)
{
	char text[4096];
	FILE *f = fopen(path, "re");

	while (f && fgets(text, sizeof(text), f))
		fprintf(answers, "%s%s", text, strchr(text, '\n') ? "" : "\n");
	if (f)
		fclose(f);
}

static void obey(char *command)
{
	command[strcspn(command, "\n")] = 0;
	if (!strncmp(command, "load ", 5))
		command_load(command + 5);
	else if (!strcmp(command, "clean"))
		command_clean();
	else if (!strcmp(command, "log"))
		command_log();
	else if (!strncmp(command, "cat ", 4))
		command_cat(command + 4);
	else
		fprintf(answers, "what?\n");
	fprintf(answers, ".\n");
	fflush(answers);
}

static void make_place(void)
{
	static const char *const mounts[][2] = {
		{ "/proc", "proc" },
		{ "/sys", "sysfs" },
		{ "/dev", "devtmpfs" },
		{ "/sys/kernel/debug", "debugfs" },
		{ "/sys/kernel/tracing", "tracefs" },
	};

	mkdir("/tmp", 0777);
	mkdir("/run", 0755);
	for (size_t i = 0; i < 5; i++) {
		mkdir(mounts[i][0], 0755);
		mount("none", mounts[i][0], mounts[i][1], 0, "");
	}
}

static bool open_line(void)
{
	struct termios mode;
	int fd = open(LINE, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || tcgetattr(fd, &mode) < 0)
		return false;
	cfmakeraw(&mode);
	cfsetspeed(&mode, B115200);
	mode.c_cflag |= CLOCAL;
	tcsetattr(fd, TCSANOW, &mode);
	line = fdopen(fd, "r");
	answers = fdopen(dup(fd), "w");
	return line && answers;
}

int main(void)
{
	static char command[LINE_MAX_LEN];

	if (getpid() != 1)
		return 2;
	make_place();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	if (open_line()) {
		fprintf(answers, "ready\n.\n");
		fflush(answers);
		while (fgets(command, sizeof(command), line))
			obey(command);
	}
	reboot(RB_AUTOBOOT);
	return 1;
}
