// SPDX-License-Identifier: LGPL-2.1-or-later
// Starting a program before a hosted kernel, and its supervisor.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Since v6.6: who is woken runs at once where the waker ran. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1ul
#endif

/* Signals that a terminal sends to all; they are the program's. */
static const int of_terminal[] = { SIGINT, SIGQUIT };

struct kept_signals {
	struct sigaction actions[ARRAY_SIZE(of_terminal)];
};

static void signals_ignore(struct kept_signals *kept)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < ARRAY_SIZE(of_terminal); i++)
		sigaction(of_terminal[i], &ignore, &kept->actions[i]);
}

static void signals_restore(const struct kept_signals *kept)
{
	for (size_t i = 0; i < ARRAY_SIZE(of_terminal); i++)
		sigaction(of_terminal[i], &kept->actions[i], NULL);
}

/* What the child says before it becomes the program. */
struct greeting {
	int err; /* of seccomp(2), or else of execvp(3) */
	bool killable;
};

/* With send(), which the filter does not report. */
static void greet(int socket, const struct greeting *g, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)g, sizeof(*g) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *h;

	if (fd >= 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(int));
	}
	sendmsg(socket, &m, MSG_NOSIGNAL);
}

_Noreturn static void be_program(const char *const *argv, int socket)
{
	struct greeting g = { 0 };
	int listener;
	char go;

	/* Without a supervisor each of its calls would fail. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	listener = exec_filter_load(&g.killable);
	g.err = listener < 0 ? -listener : 0;
	greet(socket, &g, listener);
	if (listener < 0 || recv(socket, &go, 1, 0) != 1)
		_exit(126);
	close(listener);
	execvp(argv[0], (char *const *)argv);
	g.err = errno;
	greet(socket, &g, -1);
	_exit(g.err == ENOENT ? 127 : 126);
}

/* The listener, from the child; -1 and *@ret_err. */
static int take_listener(struct exec *x, int *ret_err)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct greeting g = { 0 };
	struct iovec iov = { &g, sizeof(g) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(x->start, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	int fd = -1;

	if (h && h->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(h), sizeof(int));
	x->killable = g.killable;
	*ret_err = n <= 0 ? ECHILD : g.err;
	return fd;
}

void exec_report(struct exec *x, int status, bool lingers)
{
	struct exec_outcome o = { .end = EXEC_ENDED,
				  .status = status,
				  .lingers = lingers };
	struct greeting g;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (recv(x->start, &g, sizeof(g), MSG_DONTWAIT) == sizeof(g)) {
		o.end = EXEC_NO_PROGRAM;
		o.err = g.err;
	}
	/* Who reads what the starter writes need not wait for us. */
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	/* A pipe takes this whole, or has nobody who would read it. */
	if (write(x->report, &o, sizeof(o)) < 0)
		o.err = errno;
	epoll_ctl(x->epoll, EPOLL_CTL_DEL, x->report, NULL);
	close(x->report);
	x->report = -1;
}

void exec_end(void)
{
	_exit(0);
}

static struct exec_outcome outcome(enum exec_end end, int err)
{
	return (struct exec_outcome){ .end = end, .err = err };
}

/* The child is there and waits; may we do to it what we shall have to? */
static struct exec_outcome prepare(struct exec *x)
{
	static const int known = 0x6c6b6d;
	int there, err;

	x->listener = take_listener(x, &err);
	if (x->listener < 0)
		return outcome(EXEC_NO_NOTIFY, err);
	err = exec_memory_read(x->child, (uintptr_t)&known, &there,
			       sizeof(there));
	if (err)
		return outcome(EXEC_NO_MEMORY, -err);
	ioctl(x->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
	      SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	if (send(x->start, "", 1, MSG_NOSIGNAL) != 1)
		return outcome(EXEC_BROKEN, errno);
	return outcome(EXEC_BROKEN, -exec_serve(x));
}

/* The supervisor; returns only what keeps it from supervising. */
static struct exec_outcome supervise(struct exec *x, const char *const *argv,
				     const struct kept_signals *kept)
{
	struct exec_session *first;
	sigset_t children, before;
	int sockets[2];

	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, &before);
	first = exec_session_get(x);
	if (!first)
		return outcome(EXEC_NO_HOST, errno);
	exec_session_put(x, first);
	x->epoll = epoll_create1(EPOLL_CLOEXEC);
	x->signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	if (x->epoll < 0 || x->signals < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return outcome(EXEC_BROKEN, errno);
	x->start = sockets[0];
	x->child = fork();
	if (x->child < 0)
		return outcome(EXEC_BROKEN, errno);
	if (!x->child) {
		signals_restore(kept);
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		close(sockets[0]);
		be_program(argv, sockets[1]);
	}
	close(sockets[1]);
	return prepare(x);
}

/* In a process of its own: threads, orphans and signals are only its. */
_Noreturn static void be_supervisor(struct exec_backend *backend,
				    const char *const *argv, int report,
				    const struct kept_signals *kept)
{
	struct exec x = { .backend = backend, .report = report };
	struct exec_outcome o;

	pthread_mutex_init(&x.lead, NULL);
	pthread_mutex_init(&x.lock, NULL);
	o = supervise(&x, argv, kept);
	if (x.child > 0)
		kill(x.child, SIGKILL);
	if (write(report, &o, sizeof(o)) < 0)
		_exit(1);
	_exit(0);
}

int exec_run(struct exec_backend *backend, const char *const *argv,
	     struct exec_outcome *ret)
{
	struct kept_signals kept;
	_cleanup_close_ int report = -1;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	report = ends[0];
	signals_ignore(&kept);
	pid = fork();
	if (!pid) {
		/* Else our end would not tell that the starter's is gone. */
		close(ends[0]);
		be_supervisor(backend, argv, ends[1], &kept);
	}
	close(ends[1]);
	if (pid < 0) {
		signals_restore(&kept);
		return -errno;
	}
	do
		n = read(report, ret, sizeof(*ret));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(*ret))
		*ret = outcome(EXEC_LOST, 0);
	signals_restore(&kept);
	if (!ret->lingers)
		waitpid(pid, NULL, 0);
	return 0;
}
