// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary program before a hosted kernel: its system calls on hosted files
// are answered here, by seccomp user notification.
#pragma once

#include <limits.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/macro.h"
#include "base/span.h"
#include "base/vec.h"
#include "diag/error.h"

/*
 * How it works.  The supervisor is a process of its own; the program is its
 * child, with a filter (exec/filter.c) that reports the calls of exec/calls.def
 * to it.  A hosted file that the program opens is in its table of descriptors
 * a pipe of which the supervisor holds the other end.  So the running kernel
 * itself keeps count of dup(), fork(), exec and close(): which file a
 * descriptor means is asked of /proc/PID/fd (the pipe's inode), and the last
 * close is seen as the pipe's end.  Nothing is ever read from or written to
 * such a pipe: each call that would is reported.
 */

/* What the hosted kernel is asked; which members count depends on the verb. */
enum exec_verb {
	EXEC_OPEN,
	EXEC_READ,
	EXEC_WRITE,
	EXEC_SEEK,
	EXEC_SYNC,
	EXEC_LIST,
	EXEC_STAT,
	EXEC_READLINK,
	EXEC_IOCTL,
	EXEC_POLL,
	EXEC_CLOSE,
	EXEC_LOAD,
	EXEC_UNLOAD,
	EXEC_LOG,
};

struct exec_request {
	enum exec_verb verb;
	uint32_t handle;
	/* OPEN, STAT, READLINK; of LOAD the parameters, of UNLOAD the name */
	const char *path;
	uint32_t flags, mode; /* OPEN; flags: LOAD, UNLOAD */
	bool follow;	      /* STAT */
	int64_t offset;	    /* READ, WRITE (-1: the file's), SEEK; LOG: from */
	uint32_t whence;    /* SEEK */
	uint64_t length;    /* READ */
	struct span bytes;  /* WRITE */
	uint32_t command;   /* IOCTL */
	uint64_t arg;	    /* IOCTL */
	bool data_only;	    /* SYNC: as fdatasync(2) */
	uint32_t events;    /* POLL */
	int32_t timeout_ms; /* POLL, -1: none */
	int fd;		    /* LOAD: the module's file */
};

struct exec_stat {
	uint32_t mode, uid, gid, nlink;
	uint64_t rdev, size, ino, mtime;
};

struct exec_reply {
	int64_t status; /* 0, a positive value, or negative errno */
	/* READ, READLINK, LIST (linux_dirent64 records), LOG (syslog(2)'s) */
	struct span bytes;
	uint64_t position; /* SEEK; LOG: of what comes next */
	uint32_t revents;  /* POLL */
	struct exec_stat stat;
};

/* A connection to a hosted kernel: one request at a time. */
struct exec_session {
	int fd;	   /* readable: exec_backend.receive() has something to do */
	pid_t tid; /* whose memory an ioctl's pointers mean */
	/* What is at EXEC_OWN_ADDRESS, for an ioctl of our own. */
	struct span own;
};

/* What serves the hosted files: lkm-host, or a test's own. */
struct exec_backend {
	const char *release, *version; /* as uname(2) has them */
	/* One more connection; NULL: errno says why. */
	struct exec_session *(*connect)(struct exec_backend *b);
	void (*disconnect)(struct exec_session *s);
	/* Start a request; 0 or -errno: the connection is lost. */
	int (*send)(struct exec_session *s, const struct exec_request *q);
	/*
	 * 1: answered; its bytes are valid until the next send(); 0: not yet,
	 * -errno: the connection is lost.
	 */
	int (*receive)(struct exec_session *s, struct exec_reply *ret);
	/* Give the request in work a signal: it ends early, or has ended. */
	int (*interrupt)(struct exec_session *s);
};

/* An open file of the hosted kernel; by its pipe's inode. */
struct exec_handle {
	uint64_t ino;
	int peer; /* our end of the pipe */
	uint32_t remote;
	uint32_t flags; /* as fcntl(F_GETFL) tells them */
	char *path;
	unsigned int users; /* calls in work */
	bool gone;	    /* nobody has it open any more */
	pthread_mutex_t entries_lock;
	uint8_t *entries; /* of a directory: read, not yet told */
	size_t entries_size, entries_pos;
};

/* An epoll instance that has hosted files in it. */
struct exec_epoll_item {
	struct exec_handle *handle;
	uint32_t events;
	uint64_t data;
};

struct exec_epoll {
	int fd; /* the instance itself, a copy of the program's descriptor */
	VEC(struct exec_epoll_item) items;
};

/* The supervisor. */
struct exec {
	struct exec_backend *backend;
	int listener;
	int epoll;
	int report;  /* where the starter waits for the outcome, -1: told */
	int signals; /* SIGCHLD */
	int start;   /* to the child before it has become the program */
	pid_t child;
	bool killable; /* a reported call waits for us, whatever signal comes */
	/* Held by the thread that waits for notifications: see exec/run.c. */
	pthread_mutex_t lead;
	atomic_int waiting; /* threads that would lead */
	atomic_int threads;
	/* The rest is under this lock. */
	pthread_mutex_t lock;
	uint64_t pipe_dev;
	atomic_size_t handle_count;
	VEC(struct exec_handle *) handles;
	VEC(struct exec_epoll) epolls;
	VEC(struct exec_session *) spare; /* sessions */
	uint64_t log_cleared;		  /* number of the first record shown */
};

/* One reported system call. */
struct exec_call {
	struct exec *x;
	struct exec_session *session;
	struct seccomp_notif n;
	bool leading;	  /* others wait until we answer or step back */
	bool interrupted; /* a signal or death ended its wait */
	bool shared;	  /* of a program with more than one thread */
};

/* What epoll_wait() of the supervisor tells of */
enum {
	EXEC_EVENT_CALL,
	EXEC_EVENT_SIGNAL,
	EXEC_EVENT_REPORT,
	EXEC_EVENT_PIPES
};

#define EXEC_TICK_MS 10
#define EXEC_THREADS_MAX 128
#define EXEC_IO_MAX ((uint64_t)64 << 20)
#define EXEC_IOVS_MAX 1024 /* UIO_MAXIOV */
#define EXEC_WATCHES_MAX 4096
/* struct linux_dirent64: places of its members after d_ino and d_off */
#define EXEC_DIRENT_LENGTH 16
#define EXEC_DIRENT_TYPE 18
#define EXEC_DIRENT_NAME 19
#define EXEC_DIRENT_MAX 280
/* Of exec_session.own: in a page that no program can have, see mmap_min_addr */
#define EXEC_OWN_ADDRESS 4096

/*
 * What a handler gives: a value, a negative errno, or one of these.  Kernels
 * have no errno below -4095.
 */
#define EXEC_CONTINUE (-100000) /* let the running kernel do it */
#define EXEC_ANSWERED (-100001) /* it has got its answer */

/* What the kernel means by its "restart this call" */
#define EXEC_ERESTARTSYS 512
#define EXEC_ERESTARTNOHAND 514
#define EXEC_ERESTART_LAST 516

typedef int64_t exec_handler(struct exec_call *c);
#define CALL(name, handler) exec_handler handler;
#include "kernel/exec/calls.def"
#undef CALL

/* exec/filter.c */
/* In the child: load the filter; the listener or -errno. */
int exec_filter_load(bool *ret_killable);
/* What answers system call @nr; NULL: none of ours. */
exec_handler *exec_filter_handler(int nr);

/* exec/memory.c: 0 or -errno; -EFAULT when only a part is there */
int exec_memory_read(pid_t tid, uint64_t address, void *to, size_t size);
int exec_memory_write(pid_t tid, uint64_t address, const void *from,
		      size_t size);
/* A string with its NUL; -ENAMETOOLONG where @size does not suffice. */
int exec_memory_string(pid_t tid, uint64_t address, char *to, size_t size);
/* The inode of descriptor @fd where that is a pipe of device @dev; 0: not. */
uint64_t exec_fd_pipe(pid_t tid, int fd, uint64_t *ret_dev);
/* The target of /proc/TID/@name, such as "cwd"; -errno */
int exec_proc_link(pid_t tid, const char *name, char *to, size_t size);
/*
 * Has @tid a signal to take that is not in *@mask (NULL: that it does not
 * block)?  *@ret_shared: another of its threads may take it first.
 */
bool exec_signal_pending(pid_t tid, const uint64_t *mask, bool *ret_shared);

/* exec/path.c */
enum exec_side {
	EXEC_NATIVE,	   /* not ours */
	EXEC_HOSTED,	   /* the hosted kernel's alone */
	EXEC_HOSTED_FIRST, /* the hosted kernel's where it has it */
	EXEC_HOSTED_LAST,  /* the hosted kernel's where we have not */
};
/* @path is absolute; "." and ".." in it are taken as they are written. */
enum exec_side exec_path_side(const char *path);
/*
 * The path that the program means: absolute in @to (PATH_MAX bytes), its side,
 * and the handle that it is relative to or names by /proc/self/fd/N.
 */
struct exec_path {
	enum exec_side side;
	struct exec_handle *handle; /* it names this open file; to be put */
	char path[PATH_MAX];
};
int exec_path_read(struct exec_call *c, int dirfd, uint64_t address,
		   struct exec_path *ret);

/* exec/ask.c */
/* Ask and wait for the answer; 0, or -EIO where the kernel is gone. */
int exec_ask(struct exec_call *c, const struct exec_request *q,
	     struct exec_reply *ret);
/* Is the call's process still waiting for its answer? */
bool exec_call_is_valid(struct exec_call *c);
/*
 * Is there a reason to give up: a signal not in *@mask (NULL: not blocked), or
 * its end?  Kept in c->interrupted and c->shared.
 */
bool exec_call_disturbed(struct exec_call *c, const uint64_t *mask);
/* The answer of a request that was sent; 0 or -errno: the kernel is gone. */
int exec_finish(struct exec_call *c, struct exec_session *s,
		struct exec_reply *ret);
/* A status of the hosted kernel as the program is to see it. */
int64_t exec_status(struct exec_call *c, int64_t status);
/*
 * Ask about @p.  0 with an answer, EXEC_CONTINUE: the hosted kernel does not
 * have it and others may, or -errno for the program.
 */
int64_t exec_ask_path(struct exec_call *c, const struct exec_path *p,
		      const struct exec_request *q, struct exec_reply *ret);
struct exec_session *exec_session_get(struct exec *x);
void exec_session_put(struct exec *x, struct exec_session *s);

/* exec/handle.c */
struct exec_handle *exec_handle_get(struct exec_call *c, int fd);
void exec_handle_put(struct exec_call *c, struct exec_handle *h);
/* The last descriptor of the pipe @ino was closed. */
void exec_handle_gone(struct exec_call *c, uint64_t ino);
/* Open a hosted file and give the program a descriptor. */
int64_t exec_handle_open(struct exec_call *c, const struct exec_path *p,
			 uint32_t flags, uint32_t mode);

/* exec/wait.c: wait until one of many is ready */
struct exec_watch {
	struct exec_handle *handle; /* NULL: a descriptor of ours */
	int fd;
	uint32_t events, revents;
	struct exec_session *session; /* of a request in work */
};

struct exec_wait {
	struct exec_watch *watches;
	size_t count;
	int64_t timeout_ms;   /* -1: none */
	const uint64_t *mask; /* of signals; NULL: the thread's own */
};
/* How many are ready, 0: timeout; -errno */
int64_t exec_wait(struct exec_call *c, struct exec_wait *w);
/* A copy of the program's descriptor; -errno */
int exec_fd_copy(struct exec_call *c, int fd);
/* Milliseconds of a struct timespec there, rounded up; -1: none.  0, -errno */
int exec_timespec_read(struct exec_call *c, uint64_t address, int64_t *ret_ms);

/* exec/epoll.c */
void exec_epolls_forget(struct exec *x, const struct exec_handle *h);

/* exec/serve.c */
/* Step back, so that another thread waits for notifications. */
void exec_abdicate(struct exec_call *c);
/*
 * Serve until no process of the program's is left, which ends this one.
 * Returns only what keeps it from beginning, -errno.
 */
int exec_serve(struct exec *x);

/* What became of the program, from the supervisor to its starter. */
struct exec_outcome {
	enum exec_end {
		EXEC_LOST,	 /* the supervisor died */
		EXEC_ENDED,	 /* @status as of waitpid(2) */
		EXEC_NO_NOTIFY,	 /* seccomp(2) failed with @err */
		EXEC_NO_MEMORY,	 /* its memory cannot be read: @err */
		EXEC_NO_PROGRAM, /* execvp(3) failed with @err */
		EXEC_NO_HOST,	 /* no connection: @err */
		EXEC_BROKEN,	 /* another system call failed with @err */
	} end;
	int err;
	int status;
	bool lingers; /* other processes of the program live on */
};

/* exec/run.c */
/* The program ended with @status; tell the starter. */
void exec_report(struct exec *x, int status, bool lingers);
/* End the supervisor, whatever its other threads still wait for. */
_Noreturn void exec_end(void);
/*
 * Run @argv before the kernel behind @backend and wait for its end.  0 and
 * *@ret, or -errno.  Processes that it leaves behind go on being served.
 */
int exec_run(struct exec_backend *backend, const char *const *argv,
	     struct exec_outcome *ret);
