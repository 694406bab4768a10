// SPDX-License-Identifier: LGPL-2.1-or-later
// The three module system calls; each returns 0 or a negative errno.
#pragma once

#include <stddef.h>

/* From include/uapi/linux/module.h; the last one since v5.17. */
#define MODULE_INIT_IGNORE_MODVERSIONS 1
#define MODULE_INIT_IGNORE_VERMAGIC 2
#define MODULE_INIT_COMPRESSED_FILE 4

int sys_finit_module(int fd, const char *params, int flags);
int sys_init_module(const void *image, size_t size, const char *params);
int sys_delete_module(const char *name, unsigned int flags);
