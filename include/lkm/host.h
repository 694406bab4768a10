// SPDX-License-Identifier: LGPL-2.1-or-later
// The hosted kernel: a distribution's own kernel in an ordinary process.
#pragma once

#include <lkm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: one hosted kernel per user
 *
 * lkm_host_start() starts the program lkm-host, which boots a kernel image in
 * its own unprivileged process, locks itself into a sandbox and then serves a
 * socket: $XDG_RUNTIME_DIR/lkm/hosted, or below /run/user/UID, or in
 * /tmp/lkm-UID.  It runs until lkm_host_stop(); commands in between find it
 * with lkm_host_connect().  With LKM_HOST_PRIVATE it is the caller's alone and
 * ends with it.  Nothing here needs a privilege, and nothing changes the
 * running kernel.
 *
 * A struct lkm_host is for one thread at a time.
 */
struct lkm_host;

/** enum lkm_host_flags - for lkm_host_start(), and told by lkm_host_info() */
enum lkm_host_flags {
	LKM_HOST_GUARD = 1,   /**< each allocation on pages of its own */
	LKM_HOST_PRIVATE = 2, /**< for this process, and ends with it */
	LKM_HOST_SANDBOX = 4, /**< told: the seccomp filter is on */
	LKM_HOST_COPY = 8,    /**< told: made by lkm_host_copy() */
};

/**
 * struct lkm_host_options - zero this, then set @size
 * @size: sizeof(struct lkm_host_options)
 * @program: lkm-host; NULL: the installed one
 * @image: a vmlinuz or vmlinux, an absolute path
 * @flags: LKM_HOST_GUARD, LKM_HOST_PRIVATE
 */
struct lkm_host_options {
	size_t size;
	const char *program;
	const char *image;
	unsigned int flags;
};

/**
 * lkm_host_start() - boot @options->image and connect to it
 *
 * Return: 0; host.running where one runs already (not with LKM_HOST_PRIVATE),
 * host.program.absent, host.place.unsafe, host.start.failed, or the reason that
 * lkm-host gives: host.image.*, vmlinux.*, host.symbol.absent, ...
 */
int lkm_host_start(const struct lkm_host_options *options,
		   struct lkm_host **ret, struct lkm_error **reterr);
/**
 * lkm_host_find() - which image is meant
 * @root: a directory with boot/ and lib/modules/; NULL: this machine's, and
 *	$LKM_KERNELS or ~/.cache/lkm/kernels with a root in each directory
 * @kernel: a path (with '/'), a release, or NULL: the running one, else the
 *	newest that may be read
 * @ret: its absolute path; free()
 *
 * Return: 0; host.image.absent
 */
int lkm_host_find(const char *root, const char *kernel, char **ret,
		  struct lkm_error **reterr);
/**
 * lkm_host_connect() - to the one that runs
 *
 * Return: 0; host.absent, host.place.unsafe
 */
int lkm_host_connect(struct lkm_host **ret, struct lkm_error **reterr);
/**
 * lkm_host_copy() - a copy of the kernel as it is now, for the caller alone
 * @fail_alloc: the allocation to fail in the copy, from 1; 0: none
 */
int lkm_host_copy(struct lkm_host *host, uint64_t fail_alloc,
		  struct lkm_host **ret, struct lkm_error **reterr);
/**
 * lkm_host_debug() - a debugger is about to attach to the process, or has left
 *
 * While it is on, the process has the kernel's symbols and each module's own
 * file, with its sections where they are, in the form that gdb looks for (JIT
 * compilation interface), and may be attached to by the caller's descendants.
 * A module's init function is also called init_of_MODULE there.
 *
 * Return: 0; host.kernel.died
 */
int lkm_host_debug(struct lkm_host *host, bool on, struct lkm_error **reterr);
/** lkm_host_stop() - end it, and free @host */
int lkm_host_stop(struct lkm_host *host, struct lkm_error **reterr);
/** lkm_host_free() - disconnect; a private one ends */
void lkm_host_free(struct lkm_host *host);

/** struct lkm_host_info - borrowed from the struct lkm_host */
struct lkm_host_info {
	const char *release; /**< uname -r */
	const char *image;   /**< the image's path */
	const char *banner;  /**< "Linux version ..." */
	const char *root;    /**< where its /lib/modules is, by @image */
	uint32_t pid;
	uint32_t flags; /**< &enum lkm_host_flags */
	uint64_t taint;
	uint64_t uptime_ns; /**< when it was asked for, the kernel's time */
};
/** lkm_host_info() - as it was when the connection was made */
const struct lkm_host_info *lkm_host_info(const struct lkm_host *host);

/** struct lkm_host_status - counters */
struct lkm_host_status {
	uint64_t memory_live; /**< allocations of the kernel that live */
	uint64_t uptime_ns;
	uint64_t warnings; /**< WARN_ON()s since the start */
	uint64_t emulated; /**< privileged instructions */
	uint32_t threads;  /**< of the kernel */
	uint32_t connections;
	uint32_t handles;
	uint32_t requests; /**< in work, with this one */
};
int lkm_host_status(struct lkm_host *host, struct lkm_host_status *ret,
		    struct lkm_error **reterr);

/** lkm_host_read() - all of a file, with a NUL behind it; free() */
int lkm_host_read(struct lkm_host *host, const char *path, char **ret,
		  size_t *ret_size, struct lkm_error **reterr);
/** lkm_host_write() - with one write(2) of the hosted kernel */
int lkm_host_write(struct lkm_host *host, const char *path, const void *bytes,
		   size_t size, struct lkm_error **reterr);

/** struct lkm_host_file - a directory entry, or what stat(2) says */
struct lkm_host_file {
	const char *name;
	uint32_t mode; /**< with S_IFMT; of a directory entry only that */
	uint32_t uid, gid, nlink;
	uint64_t rdev, size, ino;
	uint64_t mtime; /**< seconds since 1970 */
};
/** lkm_host_stat() - @follow: a link's target; @ret->name is @path */
int lkm_host_stat(struct lkm_host *host, const char *path, bool follow,
		  struct lkm_host_file *ret, struct lkm_error **reterr);
/** lkm_host_list() - entries in order of name, without . and ..; free() it */
int lkm_host_list(struct lkm_host *host, const char *path,
		  struct lkm_host_file **ret, size_t *ret_count,
		  struct lkm_error **reterr);
/** lkm_host_readlink() - what a symbolic link has; free() */
int lkm_host_readlink(struct lkm_host *host, const char *path, char **ret,
		      struct lkm_error **reterr);

/**
 * lkm_host_exec() - run a program before the hosted kernel
 * @argv: the program, found by PATH, and its arguments; ends with NULL
 * @ret_status: how it ended, as of waitpid(2)
 *
 * What the program opens below /dev, /proc and /sys is served by the hosted
 * kernel where that is its to serve (docs/hosted.md has the rules), and so are
 * its calls on modules, the log and uname(2): by seccomp user notification,
 * without a privilege and for whatever program.  It has the caller's
 * descriptors 0, 1 and 2, and no_new_privs.  Returns at its end; processes that
 * it leaves behind go on being served.
 *
 * Return: 0; host.exec.unavailable, host.exec.program, host.kernel.died,
 * sys.failed
 */
int lkm_host_exec(struct lkm_host *host, const char *const *argv,
		  int *ret_status, struct lkm_error **reterr);

/** struct lkm_log_record - a line of a kernel's log */
struct lkm_log_record {
	uint64_t seq;
	uint64_t ns;	    /**< since the kernel started */
	unsigned int level; /**< 0 (emergency) to 7 (debug) */
	const char *text;
};
/**
 * lkm_host_log() - the records from number @from on; UINT64_MAX: none
 * @fn: called with each; may be NULL
 * @ret_next: the number of the next record to come; may be NULL
 */
int lkm_host_log(struct lkm_host *host, uint64_t from,
		 void (*fn)(void *ctx, const struct lkm_log_record *record),
		 void *ctx, uint64_t *ret_next, struct lkm_error **reterr);

/** struct lkm_frame - a line of a call trace */
struct lkm_frame {
	const char *symbol;
	const char *module; /**< "": the kernel itself */
	uint64_t offset, size;
	bool reliable; /**< false: it may be a rest on the stack */
	bool exact;    /**< the instruction itself, not where it returns */
};

/** struct lkm_finding - something that the kernel or its host saw go wrong */
struct lkm_finding {
	const char *kind;   /**< "oops", "leak", "use-after-free", ... */
	const char *module; /**< "": not known */
	const char *text;   /**< one sentence */
	const struct lkm_frame *frames;
	size_t frame_count;
};
/**
 * lkm_host_finding() - what was found while requests of ours were in work
 *
 * Return: number @i since the last lkm_host_forget(), NULL: no more
 */
const struct lkm_finding *lkm_host_finding(const struct lkm_host *host,
					   size_t i);
/**
 * lkm_host_module_file() - the file that @module was last loaded from
 *
 * Return: an absolute path, free(); NULL: not known
 */
char *lkm_host_module_file(const struct lkm_host *host, const char *module);
/** lkm_host_forget() - drop the findings so far */
void lkm_host_forget(struct lkm_host *host);

#ifdef __cplusplus
}
#endif
