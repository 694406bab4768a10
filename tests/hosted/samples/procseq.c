// SPDX-License-Identifier: GPL-2.0-only
// Files in /proc: a list through seq_file, and a single_open() one.
/*
 *	$ insmod procseq.ko
 *	$ echo alpha > /proc/sample_procseq/words
 *	$ echo beta > /proc/sample_procseq/words
 *	$ cat /proc/sample_procseq/words
 *	0 alpha
 *	1 beta
 *	$ cat /proc/sample_procseq/count
 *	2 words, 9 letters
 *	$ echo a-word-that-is-longer-than-it-may-be >/proc/sample_procseq/words
 *	[failed]
 *	$ seq 1 2000 | while read i
 *	> do echo word$i > /proc/sample_procseq/words; done
 *	$ tail -n 1 /proc/sample_procseq/words
 *	2001 word2000
 *	$ rmmod procseq
 *	$ cat /proc/sample_procseq/count
 *	[failed]
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define WORD_MAX 32

struct word {
	struct list_head list;
	unsigned int number;
	char text[WORD_MAX];
};

static LIST_HEAD(words);
static unsigned int count;
static DEFINE_MUTEX(lock);

static void *words_start(struct seq_file *seq, loff_t *at)
{
	mutex_lock(&lock);
	return seq_list_start(&words, *at);
}

static void *words_next(struct seq_file *seq, void *item, loff_t *at)
{
	return seq_list_next(item, &words, at);
}

static void words_stop(struct seq_file *seq, void *item)
{
	mutex_unlock(&lock);
}

static int words_show(struct seq_file *seq, void *item)
{
	struct word *word = list_entry(item, struct word, list);

	seq_printf(seq, "%u %s\n", word->number, word->text);
	return 0;
}

static const struct seq_operations words_seq = {
	.start = words_start,
	.next = words_next,
	.stop = words_stop,
	.show = words_show,
};

static int words_open(struct inode *inode, struct file *file)
{
	return seq_open(file, &words_seq);
}

static ssize_t words_write(struct file *file, const char __user *from,
			   size_t size, loff_t *at)
{
	struct word *word;

	if (size >= WORD_MAX)
		return -EMSGSIZE;
	word = kzalloc(sizeof(*word), GFP_KERNEL);
	if (!word)
		return -ENOMEM;
	if (copy_from_user(word->text, from, size)) {
		kfree(word);
		return -EFAULT;
	}
	strim(word->text);
	mutex_lock(&lock);
	word->number = count++;
	list_add_tail(&word->list, &words);
	mutex_unlock(&lock);
	return size;
}

static const struct proc_ops words_ops = {
	.proc_open = words_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = seq_release,
	.proc_write = words_write,
};

static int count_show(struct seq_file *seq, void *unused)
{
	struct word *word;
	size_t letters = 0;

	mutex_lock(&lock);
	list_for_each_entry(word, &words, list) letters += strlen(word->text);
	seq_printf(seq, "%u words, %zu letters\n", count, letters);
	mutex_unlock(&lock);
	return 0;
}

static int __init procseq_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("sample_procseq", NULL);

	if (!dir || !proc_create("words", 0644, dir, &words_ops) ||
	    !proc_create_single("count", 0444, dir, count_show)) {
		proc_remove(dir);
		return -ENOMEM;
	}
	return 0;
}

static void __exit procseq_exit(void)
{
	struct word *word, *next;

	remove_proc_subtree("sample_procseq", NULL);
	list_for_each_entry_safe(word, next, &words, list) kfree(word);
}

module_init(procseq_init);
module_exit(procseq_exit);
MODULE_DESCRIPTION("Sample: proc and seq_file");
MODULE_LICENSE("GPL");
