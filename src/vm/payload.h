// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes into a guest's initramfs.
#pragma once

#include "vm/cpio.h"
#include "vm/vm.h"

/* The first process, busybox, copies, modules and the job; 0 or negative. */
int payload_add(struct cpio *c, const struct vm_options *o,
		struct lkm_error **reterr);
/* The modules asked for, and those for shares (@job tells to load these). */
int payload_add_modules(struct cpio *c, const struct vm_options *o,
			struct strbuf *job, struct lkm_error **reterr);

/* "ROOT/boot/vmlinuz-RELEASE" or what was given; free(). */
int vm_image_path(const struct vm_options *o, char **ret,
		  struct lkm_error **reterr);
/* The release meant: as given, or the running kernel's. */
void vm_release_name(const struct vm_options *o, char *ret, size_t size);
