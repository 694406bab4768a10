// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a fuzz target over files: the corpus as an ordinary test, any compiler.

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_LIMIT ((size_t)64 << 20)

/* For the handler: the input that is being run. */
static char current[PATH_MAX];

static void on_crash(int sig)
{
	static const char text[] = "replay: crashed on this input: ";

	/* A handler can't do more about a failing write. */
	if (write(2, text, sizeof(text) - 1) < 0 ||
	    write(2, current, strlen(current)) < 0 || write(2, "\n", 1) < 0)
		_exit(1);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Return the number of inputs run (1), or -1 when @path can't be read. */
static int replay_file(const char *path, size_t size)
{
	/* Of exactly that size, so that a sanitizer sees a read past it. */
	uint8_t *data = malloc(size ? size : 1);
	FILE *f = fopen(path, "re");
	int ret = -1;

	snprintf(current, sizeof(current), "%s", path);
	if (data && f && size <= SIZE_LIMIT &&
	    fread(data, 1, size, f) == size) {
		LLVMFuzzerTestOneInput(data, size);
		ret = 1;
	} else {
		fprintf(stderr, "replay: cannot read %s\n", path);
	}
	if (f)
		fclose(f);
	free(data);
	return ret;
}

static int replay_path(const char *path);

static int replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!dir) {
		fprintf(stderr, "replay: cannot open %s\n", path);
		return -1;
	}
	while ((entry = readdir(dir))) {
		char name[PATH_MAX];
		int rc;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		rc = replay_path(name);
		if (rc < 0) {
			count = -1;
			break;
		}
		count += rc;
	}
	closedir(dir);
	return count;
}

static int replay_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		return -1;
	}
	if (S_ISDIR(st.st_mode))
		return replay_folder(path);
	return replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT,
				       SIGFPE,	SIGILL, SIGALRM };
	long total = 0;

	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		signal(crashes[i], on_crash);
	for (int i = 1; i < argc; i++) {
		int count = replay_path(argv[i]);

		if (count < 0)
			return 1;
		total += count;
	}
	printf("%ld inputs\n", total);
	/* Nothing replayed proves nothing. */
	return total ? 0 : 1;
}
