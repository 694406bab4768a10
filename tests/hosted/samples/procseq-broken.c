// SPDX-License-Identifier: GPL-2.0-only
// A leak: what single_open() allocates, seq_release() does not free.
/*
 *	$ insmod procseq-broken.ko
 *	$ cat /proc/sample_procseq_broken
 *	$ rmmod procseq-broken
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static unsigned int opened;

static int procseq_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "opened %u times, nothing wrong to be seen\n", opened);
	return 0;
}

static int procseq_open(struct inode *inode, struct file *file)
{
	int r = single_open(file, procseq_show, NULL); /* BUG: leak */

	opened += !r;
	return r;
}

static const struct proc_ops procseq_ops = {
	.proc_open = procseq_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = seq_release, /* single_release is its partner */
};

static int __init procseq_init(void)
{
	if (!proc_create("sample_procseq_broken", 0444, NULL, &procseq_ops))
		return -ENOMEM;
	return 0;
}

static void __exit procseq_exit(void)
{
	remove_proc_entry("sample_procseq_broken", NULL);
}

module_init(procseq_init);
module_exit(procseq_exit);
MODULE_DESCRIPTION("Broken sample: leak at each close");
MODULE_LICENSE("GPL");
