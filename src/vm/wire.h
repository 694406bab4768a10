// SPDX-License-Identifier: LGPL-2.1-or-later
// What host and guest say to each other: the job, and the frames of answers.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/span.h"
#include "base/strbuf.h"

/*
 * DOC: the job is a file in the guest's image, written before it boots: records
 * of NUL-terminated strings.  The answers come over the second serial line as
 * frames: 'L' 'K' TYPE 0, 4 bytes of length (least significant first), payload.
 * A serial line needs no driver module and works under kernel lockdown.
 */
#define WIRE_JOB_PATH "/lkm/job"
#define WIRE_LINE "/dev/ttyS1"
#define WIRE_PAYLOAD_MAX 16384
#define WIRE_WORDS_MAX 4096

enum wire_type {
	WIRE_READY = 'r',  /* text: milliseconds since the kernel started */
	WIRE_STDOUT = 'o', /* bytes of the running command */
	WIRE_STDERR = 'e',
	WIRE_EXIT = 'x',  /* text: exit status, 128 + signal where killed */
	WIRE_FAULT = 'f', /* text: what the guest could not set up; it stops */
	WIRE_DONE = 'd',  /* all commands have ended */
};

/* Puts the header of a frame with @len bytes of payload to @ret. */
#define WIRE_HEADER 8
void wire_header(enum wire_type type, size_t len, uint8_t ret[WIRE_HEADER]);

typedef void (*wire_fn)(void *ctx, enum wire_type type, struct span payload);

/* Cuts a stream into frames; zero it first. */
struct wire_decoder {
	struct strbuf pending;
	bool broken; /* not our frames; everything after is dropped */
};

/* Calls @fn for every frame that is complete now; false: @d is broken. */
bool wire_feed(struct wire_decoder *d, const char *bytes, size_t len,
	       wire_fn fn, void *ctx);
void wire_release(struct wire_decoder *d);

/* Job records: a verb and its words. */
#define JOB_INSMOD "insmod"   /* FILE: load it before anything else */
#define JOB_MOUNT "mount"     /* TAG GUEST-PATH ro|rw: a shared directory */
#define JOB_ENV "env"	      /* NAME=VALUE */
#define JOB_RUN "run"	      /* ARGV...: answer with its output */
#define JOB_CONSOLE "console" /* ARGV...: on the console, for a person */

/* @words is NULL-terminated. */
void job_add(struct strbuf *job, const char *verb, const char *const *words);

struct job_record {
	const char *verb;
	size_t count;
	const char **words; /* NULL-terminated; into the job's bytes */
};

/*
 * The next record; 1, 0 at the end, -EBADMSG or -ENOMEM.  *@pos starts at 0;
 * @ret->words is reused from call to call, the last is for free().
 */
int job_next(struct span job, size_t *pos, struct job_record *ret);
