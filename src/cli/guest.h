// SPDX-License-Identifier: LGPL-2.1-or-later
// --on vm: the command itself, in a guest that is started for it.
#pragma once

#include "cli/cli.h"
#include "vm/vm.h"

/*
 * Run this verb (VERB_GUEST) with its options and @argv in a new guest with the
 * target's kernel; the modules and files that it names are put in with all they
 * need, and so are the rules of modprobe.d.  Its exit status.
 */
int guest_run(struct cli *cli, int argc, char **argv);

/* What a guest says, as it comes: a vm_output_fn */
void guest_output(void *ctx, enum vm_stream stream, const char *bytes,
		  size_t len);
/* With --verbose: how long it took. */
void guest_detail(const struct cli *cli, const struct vm_result *result);
