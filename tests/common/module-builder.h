// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes a small module file of a line of text, for tests.
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The words of @recipe are those of mkmodule.py, which says what they mean, and
 * so is the result, to the byte.  An unknown word ends the test program.
 * The caller frees.
 */
uint8_t *module_build(const char *recipe, size_t *ret_size);
/* As above, written to @path. */
void module_write(const char *recipe, const char *path);
