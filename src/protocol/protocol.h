// SPDX-License-Identifier: LGPL-2.1-or-later
// What lkm and lkm-host say to each other, and nothing else.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/span.h"

/*
 * DOC: a connection is a SOCK_SEQPACKET Unix socket; a message is a header and
 * fields in the order that protocol.def gives for its type, with at most
 * PROTO_FDS_MAX descriptors.  Both ends are on one machine and of one user,
 * but neither believes the other: each read is bounded, each count has a limit.
 *
 * Integers have the least significant byte first.  A string is a 32-bit length
 * and that many bytes, none of them NUL, then a NUL.
 *
 * A request is answered by a REPLY with its id.  The reply's status is 0, a
 * positive value, or the kernel's negative errno; with a negative one it has no
 * fields.  The reply's fields:
 *
 *	HELLO		str release, str image path, str banner (linux_banner),
 *			u32 pid, u32 enum proto_host_flags, u64 taint,
 *			u64 uptime in ns; request: the program's name, which
 *			the kernel shows as that of its task
 *	LOAD		-; request: parameters, flags of finit_module(2); one
 *			descriptor of the file, not compressed.  The verdict is
 *			the status, an oops in init is -EIO with a finding.
 *	UNLOAD		-; request: name, flags of delete_module(2)
 *	OPEN		-; status: a handle.  Request: path, flags, mode as of
 *			open(2)
 *	READ		bulk; request: handle, length, offset (-1: the file's)
 *	WRITE		-; status: bytes written.  Request as READ's.
 *	SEEK		u64 position; request: handle, offset, whence
 *	LIST		u32 count, then count times: str name, u32 DT_* type,
 *			u64 inode; count 0 at the end
 *	STAT		struct proto_stat; request: path, follow (0 or 1)
 *	READLINK	str
 *	IOCTL		-; status: what it gave.  Request: handle, request, arg
 *	POLL		u32 revents; request: handle, events, timeout in ms
 *			(UINT32_MAX: none)
 *	SYNC		-; request: handle, 0 as fsync(2) or 1 as fdatasync(2)
 *	CLOSE, STOP	-
 *	DUP		-; status: a handle
 *	LOG		u32 count, then count times struct proto_log, then
 *			u64 next_seq; request: first sequence number wanted.
 *			What no message holds comes with the next request.
 *	FORK		one descriptor: a socket to a copy of this kernel that
 *			serves only it and ends with it.  Request: flags, number
 *			of the allocation to fail (0: none)
 *	STATUS		struct proto_status
 *	INTERRUPT	no reply.  As a signal for the request of the same id,
 *			where that is still in work: what waits in it ends.  It
 *			may be answered -512 to -516 then, by which the kernel
 *			says how to restart a system call.
 *	CONNECT		one descriptor: another connection to this kernel
 *	DEBUG		-; request: 1: a debugger is about to attach, and shall
 *			find the kernel and its modules; 0: it has left
 *
 * While a request is in work the host may send an UPCALL; the client answers
 * with UPCALL_DONE of the upcall's id.  Before that it may send requests, which
 * are nested: their replies and upcalls come before those of the outer one.
 *
 *	UPCALL_MODULE	name; DONE's status is modprobe's exit status, 0 or 1
 *	UPCALL_USER_*	memory of the process for which the request was sent
 *			with PROTO_REMOTE_USER: READ address, length; WRITE
 *			address, bytes; STRING address, most bytes (a NUL ends
 *			it, which is not given; all bytes without NUL: too
 *long). DONE's status: 0 or -EFAULT.
 *
 * What the kernel found wrong since the last reply stands behind the fields of
 * any reply whose flags have PROTO_FINDINGS (proto_get_findings); a reply with
 * PROTO_MORE_FINDINGS has not got them all, STATUS gives more.
 */
#define PROTO_MAGIC 0x4b4d4c68u /* "hLMK" */
#define PROTO_VERSION 1
#define PROTO_HEADER 24
#define PROTO_MESSAGE_MAX 65536
#define PROTO_FDS_MAX 4
#define PROTO_FIELDS_MAX 6
#define PROTO_STRING_MAX 4096
#define PROTO_INLINE_MAX 49152u	      /* longer bytes are in a memfd */
#define PROTO_BULK_MAX (256u << 20)   /* of bytes in a memfd */
#define PROTO_MODULE_MAX (256u << 20) /* of a module file */
#define PROTO_RECORDS_MAX 4096

enum proto_type {
#define MESSAGE(number, name, fields) PROTO_##name = (number),
#include "protocol/protocol.def"
#undef MESSAGE
};

enum proto_flags {
	PROTO_REMOTE_USER = 1 << 0, /* request: its pointers are another's */
	PROTO_FINDINGS = 1 << 1,    /* reply: findings behind the fields */
	PROTO_MORE_FINDINGS = 1 << 2,
	PROTO_KEEP_FINDINGS = 1 << 3, /* request: they are for others */
};

enum proto_host_flags {
	PROTO_HOST_GUARD = 1 << 0,   /* memory has guard pages */
	PROTO_HOST_SANDBOX = 1 << 1, /* the seccomp filter is on */
	PROTO_HOST_COPY = 1 << 2,    /* made by FORK */
};

/* Zero it first; 64 KiB: on the heap where stacks are small. */
struct proto_message {
	uint16_t type;
	uint32_t id;
	uint32_t flags; /* enum proto_flags */
	int32_t status;
	size_t size;	    /* of @bytes, with the header */
	size_t pos;	    /* where the reader is */
	bool failed;	    /* sticks: a field did not fit, or was not there */
	size_t findings_at; /* writer: where their number stands; 0: none */
	int fds[PROTO_FDS_MAX];
	unsigned int fd_count, fds_taken;
	uint8_t bytes[PROTO_MESSAGE_MAX];
};

/* message.c: an empty message; descriptors of an older one are closed first. */
void proto_init(struct proto_message *m, uint16_t type, uint32_t id);
void proto_release(struct proto_message *m); /* closes descriptors not taken */
const char *proto_name(uint16_t type);	     /* "?": no such */
void proto_put_header(struct proto_message *m); /* proto_send() does */

/* Each appends; false, for good, when it does not fit. */
bool proto_put_u32(struct proto_message *m, uint32_t v);
bool proto_put_u64(struct proto_message *m, uint64_t v);
bool proto_put_str(struct proto_message *m, const char *s);
bool proto_put_bulk(struct proto_message *m, const void *data, size_t size);
bool proto_put_fd(struct proto_message *m, int fd); /* takes it over */

/* Each reads the next field; false, for good, when it is not there. */
bool proto_get_u32(struct proto_message *m, uint32_t *ret);
bool proto_get_u64(struct proto_message *m, uint64_t *ret);
bool proto_get_str(struct proto_message *m, const char **ret);
int proto_take_fd(struct proto_message *m); /* -1: no more */

/* Bytes in the message or in a sealed memfd; valid until it is released. */
struct proto_bulk {
	struct span bytes;
	void *map;
	size_t mapped;
};
bool proto_get_bulk(struct proto_message *m, struct proto_bulk *ret);
void proto_bulk_release(struct proto_bulk *b);

/* The fields that protocol.def gives for the message's type, and no more. */
struct proto_fields {
	unsigned int count;
	struct {
		uint64_t num; /* w, q */
		const char *str;
	} field[PROTO_FIELDS_MAX];
	struct proto_bulk bulk;
};
int proto_get_fields(struct proto_message *m, struct proto_fields *ret);
void proto_fields_release(struct proto_fields *f);

/* Bytes that came from elsewhere, as received: 0 or -EBADMSG */
int proto_parse(struct proto_message *m);

/* transport.c: 0 or -errno; the message's descriptors stay the caller's */
int proto_send(int fd, struct proto_message *m);
/* 1: a message; 0: the other end is gone; -EAGAIN, -EBADMSG, -errno */
int proto_receive(int fd, struct proto_message *ret);
bool proto_peer_is_me(int fd); /* same effective uid */
/* @size bytes of a file's start, for munmap(); -errno */
int proto_read_file(int fd, uint64_t max, void **ret, size_t *ret_size);

/* records.c */
enum proto_frame_flags {
	PROTO_FRAME_RELIABLE = 1, /* by the unwinder; else seen on the stack */
	PROTO_FRAME_EXACT = 2,	  /* the instruction, not a return address */
};
struct proto_frame {
	const char *symbol, *module; /* module "": the kernel's own */
	uint64_t offset, size;
	uint32_t flags; /* enum proto_frame_flags */
};
#define PROTO_FRAMES_MAX 32
struct proto_finding {
	const char *kind, *module, *text;
	uint32_t frame_count;
	struct proto_frame frames[PROTO_FRAMES_MAX];
};
/* Behind all fields.  false: it does not fit and the message is as before. */
bool proto_put_finding(struct proto_message *m, const struct proto_finding *f);
/* How many follow; then each.  0 where there are none. */
uint32_t proto_get_finding_count(struct proto_message *m);
bool proto_get_finding(struct proto_message *m, struct proto_finding *ret);

struct proto_log {
	uint64_t seq, ns;
	uint32_t level; /* 0 to 7 */
	const char *text;
};
bool proto_put_log(struct proto_message *m, const struct proto_log *l);
bool proto_get_log(struct proto_message *m, struct proto_log *ret);

struct proto_stat {
	uint32_t mode, uid, gid, nlink;
	uint64_t rdev, size, ino, mtime;
};
bool proto_put_stat(struct proto_message *m, const struct proto_stat *s);
bool proto_get_stat(struct proto_message *m, struct proto_stat *ret);

struct proto_status {
	uint64_t memory_live; /* allocations of the kernel now */
	uint64_t uptime_ns;   /* of the kernel's time */
	uint64_t warnings;    /* WARN_ON()s since the start */
	uint64_t emulated;    /* privileged instructions */
	uint32_t threads;     /* of the kernel */
	uint32_t connections; /* with this one */
	uint32_t handles;     /* open files */
	uint32_t requests;    /* in work, with this one */
};
bool proto_put_status(struct proto_message *m, const struct proto_status *s);
bool proto_get_status(struct proto_message *m, struct proto_status *ret);

#define _cleanup_proto_ _cleanup_(proto_release)
