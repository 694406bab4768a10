// SPDX-License-Identifier: LGPL-2.1-or-later
// Inside the guest: the first process and the commands that it runs.
#pragma once

#include <stddef.h>

#include "vm/wire.h"

/* One frame, split where it is larger than a frame may be. */
void guest_send(int line, enum wire_type type, const void *bytes, size_t len);
void guest_sendf(int line, enum wire_type type, const char *fmt, ...)
	_printf_(3, 4);

/*
 * Run @argv, its output to @line as it comes.  Its exit status, 128 + signal
 * where one killed it, 127 where it cannot be started.
 */
int guest_run(int line, const char *const *argv);
/* The same for a person: with @tty as its terminal. */
int guest_run_console(const char *tty, const char *const *argv);
