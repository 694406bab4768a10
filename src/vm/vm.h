// SPDX-License-Identifier: LGPL-2.1-or-later
// A distribution's kernel under QEMU: boot it, run commands in it.
#pragma once

#include <lkm/error.h>

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/*
 * DOC: the guest is the kernel image as it is, and a small initramfs: the
 * first process lkm-guest, busybox where this machine has it, the modules that
 * were asked for with their dependencies, and what was copied.  Nothing is
 * written to this machine's disks, but through writable shares.
 */

/* A file (with the libraries it needs, for a program) or a folder's content. */
struct vm_copy {
	const char *host;
	const char *guest; /* absolute */
};

/* A folder of this machine, seen in the guest by 9p. */
struct vm_share {
	const char *host;
	const char *guest; /* absolute */
	bool writable;
};

enum vm_accel {
	VM_ACCEL_TCG, /* software: works everywhere */
	VM_ACCEL_KVM,
	VM_ACCEL_AUTO, /* KVM if a trial boot succeeds with it, else TCG */
};

enum vm_stream { VM_STDOUT = 1, VM_STDERR = 2 };
typedef void (*vm_output_fn)(void *ctx, enum vm_stream stream,
			     const char *bytes, size_t len);

#define VM_QEMU "qemu-system-x86_64"
/* A copy to this path serves the kernel's own requests too. */
#define VM_LKM_PATH "/usr/bin/lkm"

/* Zero it, then set what is needed; everything is borrowed. */
struct vm_options {
	const char *image;	 /* vmlinuz; NULL: that of @release */
	const char *root;	 /* where /boot and /lib/modules are, NULL: / */
	const char *release;	 /* NULL: the running kernel's */
	const char *modules_dir; /* instead of ROOT/lib/modules/RELEASE */
	const char *const
		*layers; /* module directories over that, below @root */
	size_t layer_count;
	const char *const *modules; /* names or aliases: put in, not loaded */
	size_t module_count;
	const struct vm_copy *copies;
	size_t copy_count;
	const struct vm_share *shares;
	size_t share_count;
	/* Each an argv, NULL-terminated; none: a shell on the terminal. */
	const char *const *const *commands;
	size_t command_count;
	const char *const *env;	 /* "NAME=VALUE" for the commands, NULL: none */
	const char *append;	 /* to the kernel command line */
	const char *qemu;	 /* NULL: qemu-system-x86_64 */
	const char *guest;	 /* the program lkm-guest, NULL: look for it */
	unsigned int memory_mb;	 /* 0: 512, and twice the initramfs */
	unsigned int cpus;	 /* 0: 1 */
	unsigned int timeout_ms; /* of the whole run, 0: none */
	enum vm_accel accel;
	bool show_console; /* kernel messages to our stderr, as they come */
	/* Output as it comes, NULL: to struct vm_answer. */
	vm_output_fn output;
	void *output_ctx;
};

/* What became of a command. */
struct vm_answer {
	int status; /* as a shell has it: 128 + signal, 127 not started */
	struct strbuf out;
	struct strbuf err;
};

struct vm_result {
	struct vm_answer *answers; /* one per command */
	size_t answer_count;
	struct strbuf console; /* what the kernel printed */
	unsigned int boot_ms;  /* kernel's start to its first process */
	unsigned int total_ms; /* of the whole run, by our clock */
	size_t initramfs_bytes;
	bool used_kvm;
};

/*
 * Boot, run the commands one after the other, end.  A command's exit status is
 * an answer, not an error; after an error *@ret has what came until then and
 * must be released too.
 *
 * 0; vm.archive.missing, vm.guest.*, vm.kernel.*, vm.modules.name,
 * vm.qemu.*, vm.timeout, plan.*, tree.*, sys.failed
 */
int vm_run(const struct vm_options *options, struct vm_result *ret,
	   struct lkm_error **reterr);
void vm_result_release(struct vm_result *r);

#define _cleanup_vm_result_ _cleanup_(vm_result_release)
