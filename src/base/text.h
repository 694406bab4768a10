// SPDX-License-Identifier: LGPL-2.1-or-later
// Module names, words and numbers in text.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* The longest module name: MODULE_NAME_LEN, 64 - sizeof(long), with its NUL. */
#define MODULE_NAME_MAX 56

bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);

/*
 * Write a module's name as the kernel has it, '-' as '_', of a name or of a
 * file ("a/snd-pcm.ko.xz" -> "snd_pcm").  @ret has @size bytes.  False when the
 * name is empty or does not fit.
 */
bool module_name_of(const char *name, char *ret, size_t size);
bool module_name_of_file(const char *path, char *ret, size_t size);
/* "x.ko", "x.ko.gz", "x.ko.xz" or "x.ko.zst": the length of the "x". */
bool module_file_stem(const char *file_name, size_t *ret_len);
/* Names that differ only in '-' and '_' are the same module. */
bool module_name_equals(const char *a, const char *b);
/*
 * An alias pattern or modalias with '-' as '_' outside of brackets, as
 * modules.alias.bin has its keys.  False: unbalanced bracket or no room.
 */
bool alias_normalise(const char *alias, char *ret, size_t size);

/* The whole of @s as a number in @base (0: C notation). */
bool text_to_u64(const char *s, int base, uint64_t *ret);

/*
 * The next line of @text without its newline; false at the end.  *@pos starts
 * at 0.  Lines are found by '\n' only; a NUL inside is part of the line.
 */
bool text_next_line(struct span text, size_t *pos, struct span *ret);
/* The next word between blanks and tabs of @line; false at the end. */
bool text_next_word(struct span line, size_t *pos, struct span *ret);
