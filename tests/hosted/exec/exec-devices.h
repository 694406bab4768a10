/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the devices of the tests of `lkm host exec` can do: the programs, the
 * modules of tests/hosted/exec and the stand-in without a kernel agree on it.
 */
#pragma once

#ifdef __KERNEL__
#include <linux/ioctl.h>
#else
#include <sys/ioctl.h>
#endif

/*
 * exec_fifo: what was written is read once, in order; a read of nothing waits;
 * at most EXEC_FIFO_SIZE bytes are kept, of a longer write the first.
 * exec_data: EXEC_DATA_SIZE bytes with a position; fsync(2) makes the one at
 * EXEC_DATA_SYNCED an 'f', fdatasync(2) a 'd'.  exec_fifo has neither.
 */
#define EXEC_FIFO_SIZE 65536
#define EXEC_DATA_SIZE 256
#define EXEC_DATA_SYNCED 255

struct exec_sum {
	int a, b, sum;
};

#define EXEC_FIFO_FILL _IOR('x', 1, int)  /* how many bytes it has */
#define EXEC_FIFO_LABEL _IOW('x', 2, int) /* kept; EINVAL below 0 */
#define EXEC_FIFO_TOLD _IO('x', 3)	  /* the label, as the result */
#define EXEC_FIFO_SUM _IOWR('x', 4, struct exec_sum)
