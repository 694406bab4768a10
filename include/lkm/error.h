// SPDX-License-Identifier: LGPL-2.1-or-later
// Errors: what went wrong, the facts, how it is known, and what to do.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: errors are values
 *
 * Every function of liblkm that can fail returns 0 or a negative
 * &enum lkm_code, for control flow, and takes a last parameter
 * "struct lkm_error \*\*reterr" (may be NULL) that receives an object for
 * people: a stable id ("module.symbol.unknown"), a sentence, typed facts, the
 * evidence and the basis of the verdict, a hint, and the error that caused it.
 * *reterr is written only on failure; the caller frees it with
 * lkm_error_free().  When there is no memory for an error, a static object
 * stands in; freeing it is harmless.
 */

/** enum lkm_code - the kinds of failure; functions return them negated */
enum lkm_code {
	LKM_OK = 0,
	LKM_ENOMEM = 1,	       /**< out of memory */
	LKM_ESYSTEM = 2,       /**< a system call failed; fact "errno" */
	LKM_ENOTFOUND = 3,     /**< no such module, file, symbol, ... */
	LKM_EEXISTS = 4,       /**< it is there already */
	LKM_EBUSY = 5,	       /**< in use */
	LKM_EFORMAT = 6,       /**< malformed input */
	LKM_EMISMATCH = 7,     /**< made for something else */
	LKM_EREFUSED = 8,      /**< a rule or the kernel said no */
	LKM_EUNSUPPORTED = 9,  /**< this build or this kernel cannot */
	LKM_ELIMIT = 10,       /**< more than a stated limit */
	LKM_EUSAGE = 11,       /**< the request itself makes no sense */
	LKM_EINTERRUPTED = 12, /**< timeout or signal */
	LKM_EBUG = 13,	       /**< lkm's own mistake; please report */
};

/** enum lkm_basis - how an error is known, strongest last */
enum lkm_basis {
	LKM_BASIS_NONE,
	LKM_BASIS_ERRNO,      /**< only the errno: candidates, not a cause */
	LKM_BASIS_PREFLIGHT,  /**< lkm's own check of the same inputs */
	LKM_BASIS_KERNEL_LOG, /**< the kernel said so */
};

struct lkm_error;

/** lkm_error_free() - free @e and its causes; NULL is fine */
void lkm_error_free(struct lkm_error *e);
/** lkm_error_id() - stable id, as "image.elf.truncated" */
const char *lkm_error_id(const struct lkm_error *e);
/** lkm_error_code() - the (positive) code of its class */
enum lkm_code lkm_error_code(const struct lkm_error *e);
/** lkm_error_errno() - the errno of the failed call, 0 where there is none */
int lkm_error_errno(const struct lkm_error *e);
/** lkm_error_basis() - how it is known */
enum lkm_basis lkm_error_basis(const struct lkm_error *e);
/** lkm_basis_name() - "errno", "preflight", "kernel-log" or "none" */
const char *lkm_basis_name(enum lkm_basis basis);
/**
 * lkm_error_text() - the sentence with its facts filled in
 *
 * Return: a string that the caller frees; NULL when memory is out
 */
char *lkm_error_text(const struct lkm_error *e);
/** lkm_error_hint() - what to do next, facts filled in; free(); NULL: nothing
 */
char *lkm_error_hint(const struct lkm_error *e);
/**
 * lkm_error_field() - fact number @i
 * @ret_name: its name, borrowed from @e
 * @ret_value: its value as text, borrowed from @e
 *
 * Return: false when there are no more
 */
bool lkm_error_field(const struct lkm_error *e, size_t i, const char **ret_name,
		     const char **ret_value);
/** lkm_error_get() - the value of fact @name, NULL when absent; borrowed */
const char *lkm_error_get(const struct lkm_error *e, const char *name);
/** lkm_error_context() - "while" line @i, innermost first; NULL: no more */
const char *lkm_error_context(const struct lkm_error *e, size_t i);
/**
 * lkm_error_evidence() - evidence @i: a line and where it is from
 * @ret_source: "kernel log", "/etc/modprobe.d/x.conf:3", ...
 * @ret_line: the line itself
 *
 * Return: false when there is no more
 */
bool lkm_error_evidence(const struct lkm_error *e, size_t i,
			const char **ret_source, const char **ret_line);
/** lkm_error_cause() - the error behind this one, NULL: none; borrowed */
const struct lkm_error *lkm_error_cause(const struct lkm_error *e);

/**
 * lkm_error_catalogue() - entry @i of the list of all errors
 *
 * Return: false when there are no more
 */
bool lkm_error_catalogue(size_t i, const char **ret_id,
			 const char **ret_sentence);

#ifdef __cplusplus
}
#endif
