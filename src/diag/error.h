// SPDX-License-Identifier: LGPL-2.1-or-later
// Making errors: the failing line gives facts, the catalogue the sentence.
#pragma once

#include <lkm/error.h>

#include "base/macro.h"

enum error_id {
#define ERROR(id, code, name, text, hint) ERR_##id,
#include "diag/catalogue.def"
#undef ERROR
	ERR_COUNT_
};

/* One fact.  Strings are copied. */
struct kv {
	const char *name;
	const char *str; /* NULL: @num */
	int64_t num;
	enum kv_kind { KV_IS_STR, KV_IS_NUM, KV_IS_HEX, KV_IS_ERRNO } kind;
};

#define KV_STR(n, s) ((struct kv){ (n), (s), 0, KV_IS_STR })
#define KV_NUM(n, v) ((struct kv){ (n), NULL, (int64_t)(v), KV_IS_NUM })
#define KV_HEX(n, v) ((struct kv){ (n), NULL, (int64_t)(v), KV_IS_HEX })
/* @v: positive errno; shown as its description, kept as lkm_error_errno(). */
#define KV_ERRNO(v) ((struct kv){ "errno", NULL, (v), KV_IS_ERRNO })

/*
 * Raise and return are one expression: `return FAIL(reterr, SOME_ID, ...);`
 * gives the id's negative code.  @reterr may be NULL.  The sentence's {name}
 * placeholders are taken from the facts.
 */
#define FAIL(reterr, id, ...)                                              \
	error_make((reterr), ERR_##id, (const struct kv[]){ __VA_ARGS__ }, \
		   ARRAY_SIZE(((const struct kv[]){ __VA_ARGS__ })))
int error_make(struct lkm_error **reterr, enum error_id id,
	       const struct kv *facts, size_t count);
/* Out of memory: a static object, nothing is allocated. */
int error_nomem(struct lkm_error **reterr);
/*
 * "cannot {what} '{file}': {errno}" for a plain failed system call; @err
 * positive or negative errno; ENOMEM becomes error_nomem().
 */
int error_system(struct lkm_error **reterr, int err, const char *what,
		 const char *file);

/* The following take *reterr as just raised (reterr or *reterr may be NULL). */

/* Add a "while" line, then return @rc. */
int error_while(struct lkm_error **reterr, int rc, const char *fmt, ...)
	_printf_(3, 4);
void error_add_evidence(struct lkm_error **reterr, const char *source,
			const char *line);
void error_set_basis(struct lkm_error **reterr, enum lkm_basis basis);
/* The "while" lines of @from, before it becomes the cause. */
void error_move_context(struct lkm_error **reterr, struct lkm_error *from);
/* @cause is taken over (freed with the error, or now when there is none). */
void error_set_cause(struct lkm_error **reterr, struct lkm_error *cause);

/*
 * "ID\tNAME=VALUE\tNAME=VALUE...", without a newline; free(); NULL: no memory.
 * Its facts are text; evidence and cause are not in it.
 */
char *error_to_line(const struct lkm_error *e);
/* The error of such a line, and its negative code; 0: it is no such line. */
int error_from_line(const char *line, struct lkm_error **reterr);

static inline void error_freep(struct lkm_error **e)
{
	lkm_error_free(*e);
}

#define _cleanup_error_ _cleanup_(error_freep)
