// SPDX-License-Identifier: LGPL-2.1-or-later
// The emulator's command line, and one run of it.
#pragma once

#include "vm/vm.h"

/* Where the parts of a guest are; for one run. */
struct qemu_run {
	const struct vm_options *options;
	const char *image; /* kernel image */
	int initramfs;	   /* memory files */
	int console;
	unsigned int memory_mb;
	bool use_kvm;
	/* The guest's second serial line, as it comes. */
	void (*answers)(void *ctx, const char *bytes, size_t len);
	void *ctx;
	struct strbuf errors; /* what QEMU itself said */
};

/*
 * Run until the guest ends.  0 and *@ret_status (of waitpid(2)), or negative
 * errno as of spawn_run().
 */
int qemu_run(struct qemu_run *q, int *ret_status);
