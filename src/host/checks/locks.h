// SPDX-License-Identifier: GPL-2.0-only
// Locks that modules took, and where.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum lock_kind { LOCK_SPIN, LOCK_READ, LOCK_WRITE, LOCK_MUTEX };

struct lock_taken {
	uint64_t lock, caller;
	enum lock_kind kind;
};

const char *lock_kind_word(enum lock_kind kind);
uint64_t locks_count(void);
/*
 * The last one that was taken since there were @since, and is still held:
 * mutexes by the task that runs; or spinning ones, of all three kinds.
 */
bool locks_held(uint64_t since, enum lock_kind kind, struct lock_taken *ret);
void locks_forget(uint64_t lock); /* it was reported */
