// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary program that uses two devices in all the ways that a program
// can; it knows nothing of hosted kernels.
//
// usage: exec-client FIFO DATA CASE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../hosted/exec/exec-devices.h"

#define CHECK(what)                                                           \
	do {                                                                  \
		if (!(what)) {                                                \
			fprintf(stderr, "exec-client:%d: %s (errno %d %m)\n", \
				__LINE__, #what, errno);                      \
			exit(1);                                              \
		}                                                             \
	} while (0)

static const char *fifo, *data;
static int shared_fd; /* of threads and handlers */
static void *volatile nowhere;

static int open_fifo(int flags)
{
	int fd = open(fifo, O_RDWR | flags);

	CHECK(fd >= 0);
	return fd;
}

static void expect(int fd, const char *text)
{
	char got[64] = { 0 };

	CHECK(read(fd, got, strlen(text)) == (ssize_t)strlen(text));
	CHECK(!strcmp(got, text));
}

static void put(int fd, const char *text)
{
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void nap(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *write_later(void *text)
{
	nap(60);
	put(shared_fd, text);
	return NULL;
}

static pthread_t later(int fd, const char *text)
{
	pthread_t t;

	shared_fd = fd;
	CHECK(!pthread_create(&t, NULL, write_later, (void *)text));
	return t;
}

static void case_dup(void)
{
	static const int targets[] = { 0, 7, 77, 777 };
	int fd = open_fifo(0), other;

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		put(fd, "ab");
		CHECK(dup2(fd, targets[i]) == targets[i]);
		expect(targets[i], "ab");
	}
	other = dup(fd);
	put(other, "c");
	CHECK(dup3(fd, 9, O_CLOEXEC) == 9);
	CHECK(fcntl(9, F_GETFD) == FD_CLOEXEC);
	CHECK(close(fd) == 0);
	expect(9, "c");
	fd = fcntl(other, F_DUPFD, 500);
	CHECK(fd >= 500);
	put(fd, "d");
	expect(other, "d");
	fd = fcntl(0, F_DUPFD_CLOEXEC, 100);
	CHECK(fd >= 100 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	/* Flags are of the open file, which all of them share. */
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	CHECK(fcntl(77, F_GETFL) == (O_RDWR | O_NONBLOCK | O_LARGEFILE) ||
	      fcntl(77, F_GETFL) == (O_RDWR | O_NONBLOCK));
	CHECK(read(7, &other, 1) < 0 && errno == EAGAIN);
}

static void case_fork(void)
{
	int fd = open(data, O_RDWR), status;
	char c = 0;
	pid_t pid;

	CHECK(fd >= 0 && pwrite(fd, "0123456789", 10, 0) == 10);
	CHECK(read(fd, &c, 1) == 1 && c == '0');
	pid = fork();
	if (!pid) {
		expect(fd, "12");
		close(fd);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	/* The position is shared, and the file still open. */
	expect(fd, "34");
	CHECK(lseek(fd, 0, SEEK_CUR) == 5);
}

static void case_exec(void)
{
	char number[16];
	const char *const argv[] = { "exec-client",	fifo,	data,
				     "read-descriptor", number, NULL };
	int kept = open_fifo(0), closed = open_fifo(O_CLOEXEC);
	int status;
	pid_t pid;

	put(kept, "x");
	for (int i = 0; i < 2; i++) {
		snprintf(number, sizeof(number), "%d", i ? closed : kept);
		pid = fork();
		if (!pid) {
			execv("/proc/self/exe", (char *const *)argv);
			_exit(9);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == (i ? 3 : 0));
	}
}

static void case_threads(void)
{
	int fd = open_fifo(0), pipes[2];
	pthread_t t = later(fd, "from a thread");
	long begin = now_ms();

	expect(fd, "from a thread");
	CHECK(now_ms() - begin >= 50);
	pthread_join(t, NULL);
	/* Ordinary files while one thread waits */
	t = later(fd, "again");
	CHECK(pipe(pipes) == 0);
	put(pipes[1], "native");
	expect(pipes[0], "native");
	expect(fd, "again");
	pthread_join(t, NULL);
}

static void on_alarm(int signo)
{
	if (shared_fd >= 0)
		put(shared_fd, "after");
}

static void case_signal(void)
{
	struct sigaction act = { .sa_handler = on_alarm };
	int fd = open_fifo(0);
	char c;

	shared_fd = -1;
	sigaction(SIGALRM, &act, NULL);
	ualarm(50000, 0);
	CHECK(read(fd, &c, 1) < 0 && errno == EINTR);
	/* The same read goes on behind a handler that asks for that. */
	shared_fd = fd;
	act.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &act, NULL);
	ualarm(50000, 0);
	expect(fd, "after");
	/* But poll() does not. */
	shared_fd = -1;
	ualarm(50000, 0);
	CHECK(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 2000) < 0 &&
	      errno == EINTR);
}

static void case_poll(void)
{
	int fd = open_fifo(0), pipes[2];
	struct pollfd p[3] = { { fd, POLLIN, 0 }, { -1, POLLIN, 0 } };
	pthread_t t;
	long begin;

	CHECK(pipe(pipes) == 0);
	p[2] = (struct pollfd){ pipes[0], POLLIN, 0 };
	CHECK(poll(p, 3, 0) == 0);
	begin = now_ms();
	CHECK(poll(p, 3, 80) == 0 && now_ms() - begin >= 80);
	t = later(fd, "h");
	CHECK(poll(p, 3, 5000) == 1 && p[0].revents == POLLIN);
	pthread_join(t, NULL);
	expect(fd, "h");
	t = later(pipes[1], "n");
	CHECK(poll(p, 3, -1) == 1 && !p[0].revents && p[2].revents == POLLIN);
	pthread_join(t, NULL);
	put(fd, "b");
	p[0].events |= POLLOUT;
	p[1].fd = 999; /* not open */
	CHECK(poll(p, 3, -1) == 3 && p[0].revents == (POLLIN | POLLOUT) &&
	      p[1].revents == POLLNVAL && p[2].revents == POLLIN);
	expect(fd, "b");
}

static void case_select(void)
{
	int fd = open_fifo(0), pipes[2];
	struct timeval tv = { 0, 50000 };
	fd_set in, out;
	pthread_t t;

	CHECK(pipe(pipes) == 0);
	FD_ZERO(&in);
	FD_SET(fd, &in);
	FD_SET(pipes[0], &in);
	CHECK(select(pipes[1] + 1, &in, NULL, NULL, &tv) == 0);
	FD_SET(fd, &in);
	FD_SET(pipes[0], &in);
	t = later(fd, "s");
	CHECK(select(pipes[1] + 1, &in, NULL, NULL, NULL) == 1);
	CHECK(FD_ISSET(fd, &in) && !FD_ISSET(pipes[0], &in));
	pthread_join(t, NULL);
	FD_ZERO(&out);
	FD_SET(fd, &out);
	CHECK(pselect(fd + 1, &in, &out, NULL, NULL, NULL) == 2);
	expect(fd, "s");
}

static void case_epoll(void)
{
	int fd = open_fifo(0), ep = epoll_create1(EPOLL_CLOEXEC), pipes[2];
	struct epoll_event e = { EPOLLIN, { .u64 = 71 } }, got[4];
	pthread_t t;

	CHECK(pipe(pipes) == 0 && ep >= 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0 && errno == EEXIST);
	e.data.u64 = 72;
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &e) == 0);
	CHECK(epoll_wait(ep, got, 4, 50) == 0);
	t = later(fd, "e");
	CHECK(epoll_wait(ep, got, 4, -1) == 1);
	CHECK(got[0].events == EPOLLIN && got[0].data.u64 == 71);
	pthread_join(t, NULL);
	put(pipes[1], "n");
	CHECK(epoll_wait(dup(ep), got, 4, -1) == 2);
	expect(fd, "e");
	CHECK(epoll_wait(ep, got, 4, -1) == 1 && got[0].data.u64 == 72);
	expect(pipes[0], "n");
	e.events = EPOLLIN | EPOLLONESHOT;
	CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e) == 0);
	put(fd, "o");
	CHECK(epoll_wait(ep, got, 4, 50) == 1);
	CHECK(epoll_wait(ep, got, 4, 50) == 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL) == 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL) < 0 && errno == ENOENT);
	e.events = EPOLLIN | EPOLLET;
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0 && errno == EPERM);
	expect(fd, "o");
}

static void case_ioctl(void)
{
	int fd = open_fifo(0), n = 0;
	struct exec_sum s = { 40, 2, 0 };

	CHECK(ioctl(fd, EXEC_FIFO_FILL, &n) == 0 && n == 0);
	put(fd, "12345");
	CHECK(ioctl(fd, EXEC_FIFO_FILL, &n) == 0 && n == 5);
	expect(fd, "12345");
	n = 77;
	CHECK(ioctl(fd, EXEC_FIFO_LABEL, &n) == 0);
	CHECK(ioctl(fd, EXEC_FIFO_TOLD) == 77);
	CHECK(ioctl(fd, EXEC_FIFO_SUM, &s) == 0 && s.sum == 42);
	n = -1;
	CHECK(ioctl(fd, EXEC_FIFO_LABEL, &n) < 0 && errno == EINVAL);
	CHECK(ioctl(fd, EXEC_FIFO_LABEL, NULL) < 0 && errno == EFAULT);
	CHECK(ioctl(fd, TIOCGWINSZ, &s) < 0 && errno == ENOTTY);
	CHECK(!isatty(fd));
	n = 1;
	CHECK(ioctl(fd, FIONBIO, &n) == 0);
	CHECK(read(fd, &n, 1) < 0 && errno == EAGAIN);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void case_seek(void)
{
	char got[32] = { 0 };
	struct iovec v[2] = { { got, 3 }, { got + 16, 4 } };
	int fd = open(data, O_RDWR);

	CHECK(fd >= 0);
	CHECK(write(fd, "abcdefghij", 10) == 10);
	CHECK(lseek(fd, 2, SEEK_SET) == 2);
	CHECK(readv(fd, v, 2) == 7);
	CHECK(!memcmp(got, "cde", 3) && !memcmp(got + 16, "fghi", 4));
	CHECK(lseek(fd, -EXEC_DATA_SIZE, SEEK_END) == 0);
	CHECK(pwritev(fd, v, 2, 4) == 7);
	CHECK(pread(fd, got, 7, 4) == 7 && !memcmp(got, "cdefghi", 7));
	CHECK(lseek(fd, 0, SEEK_CUR) == 0);
	CHECK(preadv2(fd, v, 2, -1, 0) == 7 && lseek(fd, 0, SEEK_CUR) == 7);
	CHECK(pread(fd, got, 1, -1) < 0 && errno == EINVAL);
	CHECK(lseek(fd, -1, SEEK_SET) < 0 && errno == EINVAL);
	CHECK(pread(fd, got, 8, EXEC_DATA_SIZE) == 0);
}

static void case_sync(void)
{
	int fd = open(data, O_RDWR);
	char got;

	CHECK(fd >= 0 && fsync(fd) == 0);
	CHECK(pread(fd, &got, 1, EXEC_DATA_SYNCED) == 1 && got == 'f');
	CHECK(fdatasync(fd) == 0);
	CHECK(pread(fd, &got, 1, EXEC_DATA_SYNCED) == 1 && got == 'd');
	fd = open_fifo(O_NONBLOCK);
	CHECK(fsync(fd) < 0 && errno == EINVAL);
	CHECK(fsync(STDERR_FILENO) == 0 || errno == EINVAL);
}

static void case_errors(void)
{
	int fd = open(fifo, O_RDONLY);
	char c = 0;

	CHECK(fd >= 0 && write(fd, "x", 1) < 0 && errno == EBADF);
	close(fd);
	fd = open_fifo(O_NONBLOCK);
	CHECK(read(fd, &c, 1) < 0 && errno == EAGAIN);
	CHECK(write(fd, nowhere, 3) < 0 && errno == EFAULT);
	put(fd, "y");
	CHECK(read(fd, nowhere, 1) < 0 && errno == EFAULT);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED &&
	      errno == ENODEV);
	CHECK(lseek(fd, 0, SEEK_SET) < 0 && errno == ESPIPE);
	CHECK(open("/dev/exec_nothing", O_RDWR) < 0 && errno == ENOENT);
	CHECK(close(fd) == 0 && read(fd, &c, 1) < 0 && errno == EBADF);
	for (int i = 0; i < 1500; i++)
		close(open_fifo(0));
}

static void case_stat(void)
{
	struct stat st, by_fd;
	char link[64] = { 0 }, path[64];
	int fd = open_fifo(0);

	CHECK(stat(fifo, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev);
	CHECK(lstat(fifo, &by_fd) == 0 && by_fd.st_ino == st.st_ino);
	CHECK(fstat(fd, &by_fd) == 0 && by_fd.st_rdev == st.st_rdev);
	CHECK(fstatat(AT_FDCWD, fifo, &by_fd, 0) == 0);
	CHECK(by_fd.st_dev == st.st_dev && st.st_dev);
	CHECK(access(fifo, R_OK | W_OK) == 0);
	CHECK(access(fifo, X_OK) < 0 && errno == EACCES);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(readlink(path, link, sizeof(link) - 1) > 0);
	CHECK(!strcmp(link, fifo));
	put(fd, "p");
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	expect(fd, "p");
}

static void case_wait(void)
{
	char c;

	put(1, "waiting\n");
	CHECK(read(open_fifo(0), &c, 1) == 1);
}

/* Microseconds of a read of one byte, by the median of many. */
static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double time_reads(int fd)
{
	static double us[2000];
	struct timespec a, b;
	char c;

	for (int i = 0; i < 2000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		CHECK(pread(fd, &c, 1, 0) == 1);
		clock_gettime(CLOCK_MONOTONIC, &b);
		us[i] = (double)(b.tv_sec - a.tv_sec) * 1e6 +
			(double)(b.tv_nsec - a.tv_nsec) / 1e3;
	}
	qsort(us, 2000, sizeof(*us), compare);
	return us[1000];
}

static void case_time(void)
{
	int native = open("/proc/self/exe", O_RDONLY);

	CHECK(native >= 0);
	printf("native-before %.1f\n", time_reads(native));
	printf("hosted %.1f\n", time_reads(open(data, O_RDWR)));
	printf("native-beside %.1f\n", time_reads(native));
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "dup", case_dup },	   { "fork", case_fork },
	{ "exec", case_exec },	   { "threads", case_threads },
	{ "signal", case_signal }, { "poll", case_poll },
	{ "select", case_select }, { "epoll", case_epoll },
	{ "ioctl", case_ioctl },   { "seek", case_seek },
	{ "sync", case_sync },	   { "errors", case_errors },
	{ "stat", case_stat },	   { "wait", case_wait },
	{ "time", case_time },
};

int main(int argc, char **argv)
{
	char c;

	if (argc < 4)
		return 2;
	fifo = argv[1];
	data = argv[2];
	/* Of case_exec(): is that descriptor open? */
	if (!strcmp(argv[3], "read-descriptor"))
		return read((int)strtol(argv[4], NULL, 10), &c, 1) == 1 ? 0 :
		       errno == EBADF					? 3 :
									  4;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (strcmp(argv[3], cases[i].name) != 0)
			continue;
		cases[i].run();
		return 0;
	}
	return 2;
}
