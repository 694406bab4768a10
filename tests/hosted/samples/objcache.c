// SPDX-License-Identifier: GPL-2.0-only
// A slab cache of the module's own, with a constructor, and a mempool on it.
/*
 *	$ insmod objcache.ko
 *	$ echo 100 > /proc/sample_objcache
 *	$ cat /proc/sample_objcache
 *	in use 100, sum 4950, from the constructor 100
 *	$ echo 7 > /proc/sample_objcache
 *	$ cat /proc/sample_objcache
 *	in use 7, sum 21, from the constructor 7
 *	$ echo 0 > /proc/sample_objcache
 *	$ cat /proc/sample_objcache
 *	in use 0, sum 0, from the constructor 0
 *	$ echo 5 > /proc/sample_objcache
 *	$ rmmod objcache
 *	$ dmesg | grep -c sample_object
 *	0
 *	[failed]
 */
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define MAGIC 0x600d
#define OBJECTS_MAX 10000
#define RESERVE 4 /* objects that the pool keeps back */

struct object {
	struct list_head list;
	int number;
	int magic; /* set once, by the constructor */
};

static struct kmem_cache *cache;
static mempool_t *pool;
static LIST_HEAD(objects);
static DEFINE_MUTEX(lock);

static void object_construct(void *p)
{
	struct object *o = p;

	o->magic = MAGIC;
}

static void free_objects(void)
{
	struct object *o, *next;

	list_for_each_entry_safe(o, next, &objects, list) mempool_free(o, pool);
	INIT_LIST_HEAD(&objects);
}

static int make_objects(int count)
{
	for (int i = 0; i < count; i++) {
		struct object *o = mempool_alloc(pool, GFP_KERNEL);

		if (!o)
			return -ENOMEM;
		o->number = i;
		list_add(&o->list, &objects);
	}
	return 0;
}

static ssize_t objcache_write(struct file *file, const char __user *from,
			      size_t size, loff_t *at)
{
	int count, r = kstrtoint_from_user(from, size, 0, &count);

	if (r)
		return r;
	if (count < 0 || count > OBJECTS_MAX)
		return -ERANGE;
	mutex_lock(&lock);
	free_objects();
	r = make_objects(count);
	mutex_unlock(&lock);
	return r ? r : size;
}

static int objcache_show(struct seq_file *seq, void *unused)
{
	int count = 0, sum = 0, constructed = 0;
	struct object *o;

	mutex_lock(&lock);
	list_for_each_entry(o, &objects, list)
	{
		count++;
		sum += o->number;
		constructed += o->magic == MAGIC;
	}
	mutex_unlock(&lock);
	seq_printf(seq, "in use %d, sum %d, from the constructor %d\n", count,
		   sum, constructed);
	return 0;
}

static int objcache_open(struct inode *inode, struct file *file)
{
	return single_open(file, objcache_show, NULL);
}

static const struct proc_ops objcache_ops = {
	.proc_open = objcache_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = objcache_write,
};

static int __init objcache_init(void)
{
	cache = kmem_cache_create("sample_object", sizeof(struct object), 0,
				  SLAB_HWCACHE_ALIGN, object_construct);
	if (!cache)
		return -ENOMEM;
	pool = mempool_create_slab_pool(RESERVE, cache);
	if (!pool)
		goto err_cache;
	if (!proc_create("sample_objcache", 0644, NULL, &objcache_ops))
		goto err_pool;
	return 0;

err_pool:
	mempool_destroy(pool);
err_cache:
	kmem_cache_destroy(cache);
	return -ENOMEM;
}

static void __exit objcache_exit(void)
{
	remove_proc_entry("sample_objcache", NULL);
	free_objects();
	mempool_destroy(pool);
	kmem_cache_destroy(cache);
}

module_init(objcache_init);
module_exit(objcache_exit);
MODULE_DESCRIPTION("Sample: slab cache");
MODULE_LICENSE("GPL");
