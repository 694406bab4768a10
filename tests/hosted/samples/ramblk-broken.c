// SPDX-License-Identifier: GPL-2.0-only
// An overflow: a label is written behind the disk's last sector.
/*
 *	$ insmod ramblk-broken.ko
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/version.h>

#define SECTORS 16

static int major;
static u8 *data;
static struct gendisk *disk;

static void ramblk_submit(struct bio *bio)
{
	u8 *at = data + (bio->bi_iter.bi_sector << SECTOR_SHIFT);
	struct bvec_iter i;
	struct bio_vec v;

	bio_for_each_segment(v, bio, i)
	{
		memcpy_to_bvec(&v, at);
		at += v.bv_len;
	}
	bio_endio(bio);
}

static const struct block_device_operations ramblk_ops = {
	.owner = THIS_MODULE,
	.submit_bio = ramblk_submit,
};

static struct gendisk *ramblk_alloc(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
	return blk_alloc_disk(NUMA_NO_NODE);
#else
	return blk_alloc_disk(NULL, NUMA_NO_NODE);
#endif
}

static noinline void ramblk_label(void)
{
	u64 *label = (u64 *)(data + SECTORS * SECTOR_SIZE); /* - SECTOR_SIZE */

	*label = 0x6c6b6d; /* BUG: out-of-bounds */
}

static int __init ramblk_init(void)
{
	data = kzalloc(SECTORS * SECTOR_SIZE, GFP_KERNEL);
	major = register_blkdev(0, "sample_ramblk_broken");
	disk = ramblk_alloc();
	if (!data || major < 0 || IS_ERR_OR_NULL(disk))
		return -ENOMEM;
	disk->major = major;
	disk->minors = 1;
	disk->flags |= GENHD_FL_NO_PART;
	disk->fops = &ramblk_ops;
	strscpy(disk->disk_name, "sample_ramblk_broken",
		sizeof(disk->disk_name));
	set_capacity(disk, SECTORS);
	ramblk_label();
	return add_disk(disk);
}

static void __exit ramblk_exit(void)
{
	del_gendisk(disk);
	put_disk(disk);
	unregister_blkdev(major, "sample_ramblk_broken");
	kfree(data);
}

module_init(ramblk_init);
module_exit(ramblk_exit);
MODULE_DESCRIPTION("Broken sample: overflow in a block device");
MODULE_LICENSE("GPL");
