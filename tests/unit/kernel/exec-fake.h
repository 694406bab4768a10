// SPDX-License-Identifier: LGPL-2.1-or-later
// A hosted kernel that is none: a few files in memory, for the tests of exec.
#pragma once

#include "kernel/exec/exec.h"

#define FAKE_FIFO "/dev/exec_fifo"
#define FAKE_DATA "/dev/exec_data"
#define FAKE_TEXT "/proc/exec_text"
#define FAKE_DIR "/sys/exec" /* with FAKE_DIR_FILES files, and a link */
#define FAKE_LINK "/sys/exec/link"
#define FAKE_DIR_FILES 300
#define FAKE_MODULE "module" /* a module's bytes; its name is made_up */

/* Seen by the test, whatever process the backend runs in. */
struct fake_seen {
	atomic_int opened, closed, interrupted, connections;
};

struct exec_backend *fake_backend(struct fake_seen *seen);
