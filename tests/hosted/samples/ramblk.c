// SPDX-License-Identifier: GPL-2.0-only
// A block device on blk-mq, its sectors in memory.
/*
 *	$ insmod ramblk.ko kib=64
 *	$ cat /sys/block/sample_ramblk/size
 *	128
 *	$ echo hello | dd of=/dev/sample_ramblk bs=512 seek=3 conv=sync
 *	$ dd if=/dev/sample_ramblk bs=512 skip=3 count=1 | head -n 1
 *	hello
 *	$ seq 1 100 | dd of=/dev/sample_ramblk bs=65536 conv=sync
 *	$ sync
 *	$ head -n 2 /dev/sample_ramblk
 *	1
 *	2
 *	$ cat /dev/sample_ramblk | wc -c
 *	65536
 *	$ dd if=/dev/zero of=/dev/sample_ramblk bs=512 seek=128 count=1
 *	[failed]
 *	$ rmmod ramblk
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/version.h>
#include <linux/vmalloc.h>

#define NAME "sample_ramblk"

static unsigned int kib = 1024;
module_param(kib, uint, 0444);
MODULE_PARM_DESC(kib, "its size");

static int major;
static u8 *data;
static struct blk_mq_tag_set tags;
static struct gendisk *disk;

static void transfer(struct request *rq)
{
	u8 *at = data + (blk_rq_pos(rq) << SECTOR_SHIFT);
	struct req_iterator i;
	struct bio_vec v;

	rq_for_each_segment(v, rq, i)
	{
		if (rq_data_dir(rq) == WRITE)
			memcpy_from_bvec(at, &v);
		else
			memcpy_to_bvec(&v, at);
		at += v.bv_len;
	}
}

/* blk-mq has checked that the sectors lie within the disk */
static blk_status_t ramblk_queue(struct blk_mq_hw_ctx *hw,
				 const struct blk_mq_queue_data *q)
{
	blk_status_t status = BLK_STS_OK;

	blk_mq_start_request(q->rq);
	switch (req_op(q->rq)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE: transfer(q->rq); break;
	case REQ_OP_FLUSH: break;
	default: status = BLK_STS_NOTSUPP;
	}
	blk_mq_end_request(q->rq, status);
	return BLK_STS_OK;
}

static const struct blk_mq_ops ramblk_queue_ops = { .queue_rq = ramblk_queue };
static const struct block_device_operations ramblk_ops = {
	.owner = THIS_MODULE,
};

/* Since v6.9 the queue's limits are given along */
static struct gendisk *ramblk_alloc(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
	return blk_mq_alloc_disk(&tags, NULL);
#else
	return blk_mq_alloc_disk(&tags, NULL, NULL);
#endif
}

static int ramblk_add(void)
{
	int r;

	disk = ramblk_alloc();
	if (IS_ERR(disk))
		return PTR_ERR(disk);
	disk->major = major;
	disk->first_minor = 0;
	disk->minors = 1;
	disk->flags |= GENHD_FL_NO_PART;
	disk->fops = &ramblk_ops;
	strscpy(disk->disk_name, NAME, sizeof(disk->disk_name));
	set_capacity(disk, kib * 2);
	r = add_disk(disk);
	if (r)
		put_disk(disk);
	return r;
}

static int __init ramblk_init(void)
{
	int r = -ENOMEM;

	data = vzalloc((size_t)kib * 1024);
	if (!data)
		return -ENOMEM;
	major = register_blkdev(0, NAME);
	if (major < 0) {
		r = major;
		goto err_data;
	}
	tags.ops = &ramblk_queue_ops;
	tags.nr_hw_queues = 1;
	tags.queue_depth = 16;
	tags.numa_node = NUMA_NO_NODE;
	tags.flags = BLK_MQ_F_BLOCKING;
	r = blk_mq_alloc_tag_set(&tags);
	if (r)
		goto err_major;
	r = ramblk_add();
	if (r)
		goto err_tags;
	return 0;

err_tags:
	blk_mq_free_tag_set(&tags);
err_major:
	unregister_blkdev(major, NAME);
err_data:
	vfree(data);
	return r;
}

static void __exit ramblk_exit(void)
{
	del_gendisk(disk);
	put_disk(disk);
	blk_mq_free_tag_set(&tags);
	unregister_blkdev(major, NAME);
	vfree(data);
}

module_init(ramblk_init);
module_exit(ramblk_exit);
MODULE_DESCRIPTION("Sample: block device");
MODULE_LICENSE("GPL");
