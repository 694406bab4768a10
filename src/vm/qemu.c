// SPDX-License-Identifier: LGPL-2.1-or-later
// The emulator's command line, and one run of it.
#include "vm/qemu.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/spawn.h"
#include "base/vec.h"

/*
 * panic=-1 with -no-reboot: a panic ends QEMU.  no_timer_check: on a busy host
 * an emulated timer may seem to be broken, which is a panic.  Few messages:
 * each character costs; those of a panic are printed all the same.
 */
#define KERNEL_ARGS_CONSOLE "rdinit=/init console=ttyS0 panic=-1 no_timer_check"
#define KERNEL_ARGS KERNEL_ARGS_CONSOLE " loglevel=4"

struct arguments {
	struct arena memory;
	VEC(const char *) list;
	bool failed;
};

static void add(struct arguments *a, const char *word)
{
	const char *copy = arena_strdup(&a->memory, word);

	if (!copy || !vec_push(&a->list, copy))
		a->failed = true;
}

static void _printf_(3, 4)
	add2(struct arguments *a, const char *option, const char *fmt, ...)
{
	va_list ap;
	char *word;

	add(a, option);
	va_start(ap, fmt);
	if (vasprintf(&word, fmt, ap) < 0)
		word = NULL;
	va_end(ap);
	if (word)
		add(a, word);
	else
		a->failed = true;
	free(word);
}

/* In QEMU's option lists a comma of a value is written twice. */
static void add_share(struct arguments *a, size_t i, const struct vm_share *s)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	for (const char *p = s->host; *p; p++)
		strbuf_adds(&path, *p == ',' ? ",," : (char[]){ *p, 0 });
	add2(a, "-fsdev",
	     "local,id=lkm%zu,path=%s,security_model=none,multidevs=remap%s", i,
	     strbuf_str(&path), s->writable ? "" : ",readonly=on");
	add2(a, "-device", "virtio-9p-pci,fsdev=lkm%zu,mount_tag=lkm%zu", i, i);
	a->failed |= path.failed;
}

static void add_machine(struct arguments *a, const struct qemu_run *q)
{
	const struct vm_options *o = q->options;

	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add(a, "-no-reboot");
	add2(a, "-display", "none");
	add2(a, "-machine", "pc,usb=off,vmport=off");
	add2(a, "-accel", "%s", q->use_kvm ? "kvm" : "tcg");
	add2(a, "-cpu", "max");
	add2(a, "-smp", "%u", o->cpus ? o->cpus : 1);
	add2(a, "-m", "%u", q->memory_mb);
}

/* Kept in any case; on our stderr too where that is wanted. */
static void add_console(struct arguments *a, const struct qemu_run *q, int pid)
{
	if (q->options->show_console)
		add2(a, "-chardev",
		     "file,id=console,append=on,path=/proc/%d/fd/2,"
		     "logfile=/proc/%d/fd/%d",
		     pid, pid, q->console);
	else
		add2(a, "-chardev", "file,id=console,path=/proc/%d/fd/%d", pid,
		     q->console);
}

/* Our own /proc/PID/fd names: the files have no other name, and end with us. */
static void add_lines(struct arguments *a, const struct qemu_run *q)
{
	int pid = (int)getpid();

	if (q->options->command_count) {
		add_console(a, q, pid);
		add2(a, "-chardev", "stdio,id=answers,signal=off");
	} else {
		add2(a, "-chardev", "stdio,id=console,mux=on,signal=off");
		add2(a, "-chardev", "file,id=answers,path=/proc/%d/fd/%d", pid,
		     q->console);
		add2(a, "-mon", "chardev=console,mode=readline");
	}
	add2(a, "-serial", "chardev:console");
	add2(a, "-serial", "chardev:answers");
}

static void add_kernel(struct arguments *a, const struct qemu_run *q)
{
	const struct vm_options *o = q->options;

	add2(a, "-kernel", "%s", q->image);
	add2(a, "-initrd", "/proc/%d/fd/%d", (int)getpid(), q->initramfs);
	add2(a, "-append", "%s%s%s",
	     o->command_count && !o->show_console ? KERNEL_ARGS :
						    KERNEL_ARGS_CONSOLE,
	     o->append ? " " : "", o->append ? o->append : "");
}

int qemu_run(struct qemu_run *q, int *ret_status)
{
	struct arguments a = { 0 };
	const struct vm_options *o = q->options;
	struct spawn s = { .ret_errors = &q->errors,
			   .timeout_ms = o->timeout_ms,
			   .share_input = !o->command_count };
	int rc = -ENOMEM;

	if (o->command_count) {
		s.output = q->answers;
		s.output_ctx = q->ctx;
	}
	add(&a, o->qemu ? o->qemu : VM_QEMU);
	add_machine(&a, q);
	add_lines(&a, q);
	for (size_t i = 0; i < o->share_count; i++)
		add_share(&a, i, &o->shares[i]);
	add_kernel(&a, q);
	if (!a.failed && vec_push(&a.list, NULL)) {
		s.argv = a.list.data;
		rc = spawn_run(&s, ret_status);
	}
	vec_release(&a.list);
	arena_release(&a.memory);
	return rc;
}
