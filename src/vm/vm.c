// SPDX-License-Identifier: LGPL-2.1-or-later
// One guest from its parts to its answers.
#include "vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/root.h"
#include "base/text.h"
#include "diag/error.h"
#include "vm/payload.h"
#include "vm/qemu.h"
#include "vm/wire.h"

#define CONSOLE_LIMIT ((size_t)64 << 20)
#define MEMORY_MB 512
#define TRIAL_MS 10000
#define LOG_TAIL 20 /* lines of the console that go with an error */
#define LOG_CRASH 40

struct run {
	const struct vm_options *options;
	struct vm_result *result;
	struct wire_decoder decoder;
	size_t current; /* command that runs */
	bool ready;
	bool done;
	char *fault; /* what the guest could not set up */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void take_output(struct run *r, enum vm_stream stream, struct span bytes)
{
	const struct vm_options *o = r->options;
	struct vm_answer *a;

	if (o->output) {
		o->output(o->output_ctx, stream, (const char *)bytes.data,
			  bytes.size);
		return;
	}
	if (r->current >= r->result->answer_count)
		return;
	a = &r->result->answers[r->current];
	strbuf_add(stream == VM_STDOUT ? &a->out : &a->err, bytes.data,
		   bytes.size);
}

static unsigned int number_of(struct span text)
{
	char digits[24];
	uint64_t n;

	snprintf(digits, sizeof(digits), "%.*s", (int)MIN_OF(text.size, 20),
		 (const char *)text.data);
	return text_to_u64(digits, 10, &n) ? (unsigned int)n : 0;
}

static void take_frame(void *ctx, enum wire_type type, struct span payload)
{
	struct run *r = ctx;

	switch (type) {
	case WIRE_READY:
		r->ready = true;
		r->result->boot_ms = number_of(payload);
		break;
	case WIRE_STDOUT:
	case WIRE_STDERR:
		take_output(r, type == WIRE_STDOUT ? VM_STDOUT : VM_STDERR,
			    payload);
		break;
	case WIRE_EXIT:
		if (r->current < r->result->answer_count)
			r->result->answers[r->current].status = (int)number_of(
				payload);
		r->current++;
		break;
	case WIRE_FAULT:
		free(r->fault);
		r->fault = strndup((const char *)payload.data, payload.size);
		break;
	case WIRE_DONE: r->done = true; break;
	}
}

static void take_bytes(void *ctx, const char *bytes, size_t len)
{
	struct run *r = ctx;

	wire_feed(&r->decoder, bytes, len, take_frame, r);
}

/* Lines of the console from @pos on, @max of them. */
static void add_lines(struct lkm_error **reterr, const struct strbuf *console,
		      size_t pos, size_t max)
{
	struct span text = { (const uint8_t *)strbuf_str(console),
			     console->len };
	struct span line;

	while (max-- && text_next_line(text, &pos, &line)) {
		_cleanup_free_ char *copy = NULL;

		while (line.size && line.data[line.size - 1] == '\r')
			line.size--;
		copy = strndup((const char *)line.data, line.size);
		if (copy && *copy)
			error_add_evidence(reterr, "guest console", copy);
	}
}

/* The last lines that the guest's kernel printed. */
static void add_tail(struct lkm_error **reterr, const struct strbuf *console)
{
	size_t from = console->len, lines = 0;

	while (from && lines <= LOG_TAIL)
		lines += console->data[--from] == '\n';
	add_lines(reterr, console, from ? from + 1 : 0, LOG_TAIL);
}

/* What a crash begins with, and from there what the kernel says of it. */
static void add_crash(struct lkm_error **reterr, const struct strbuf *console)
{
	static const char *const marks[] = {
		"BUG: ", "kernel BUG at ", "Oops: ", "general protection fault",
		"Kernel panic - "
	};
	size_t from = console->len;

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		const char *at = memmem(console->data, from, marks[i],
					strlen(marks[i]));

		if (at)
			from = (size_t)(at - console->data);
	}
	while (from && console->data[from - 1] != '\n')
		from--;
	add_lines(reterr, console, from, LOG_CRASH);
}

/* "Kernel panic - not syncing: Fatal exception" -> the part that says it. */
static char *panic_message(const struct strbuf *console)
{
	static const char mark[] = "Kernel panic - not syncing: ";
	const char *at = NULL;

	if (console->len)
		at = memmem(console->data, console->len, mark,
			    sizeof(mark) - 1);
	if (!at)
		return NULL;
	at += sizeof(mark) - 1;
	return strndup(at, strcspn(at, "\r\n"));
}

static int panic_fail(const struct run *r, const char *message,
		      struct lkm_error **reterr)
{
	int rc = FAIL(reterr, VM_GUEST_PANIC, KV_STR("message", message));

	error_set_basis(reterr, LKM_BASIS_KERNEL_LOG);
	add_crash(reterr, &r->result->console);
	return rc;
}

static int qemu_fail(const struct qemu_run *q, int status,
		     struct lkm_error **reterr)
{
	struct span text = { (const uint8_t *)strbuf_str(&q->errors),
			     q->errors.len };
	const char *program = q->options->qemu ? q->options->qemu : VM_QEMU;
	struct span line;
	size_t pos = 0;
	int rc = FAIL(reterr, VM_QEMU_FAILED, KV_STR("program", program),
		      KV_NUM("status", WIFEXITED(status) ?
					       WEXITSTATUS(status) :
					       128 + WTERMSIG(status)));

	while (text_next_line(text, &pos, &line)) {
		_cleanup_free_ char *copy = strndup((const char *)line.data,
						    line.size);

		if (copy)
			error_add_evidence(reterr, "QEMU", copy);
	}
	return rc;
}

static int spawn_fail(const struct run *r, int rc, struct lkm_error **reterr)
{
	const struct vm_options *o = r->options;
	const char *program = o->qemu ? o->qemu : VM_QEMU;

	if (rc == -ENOENT)
		return FAIL(reterr, VM_QEMU_MISSING,
			    KV_STR("program", program));
	if (rc != -ETIMEDOUT)
		return error_system(reterr, rc, "run", program);
	rc = FAIL(reterr, VM_TIMEOUT,
		  KV_NUM("seconds", (o->timeout_ms + 999) / 1000));
	add_tail(reterr, &r->result->console);
	return rc;
}

/* What the run comes to; the strongest sign first. */
static int verdict(const struct run *r, const struct qemu_run *q, int rc,
		   int status, struct lkm_error **reterr)
{
	_cleanup_free_ char *panic = panic_message(&r->result->console);

	if (panic && !r->done)
		return panic_fail(r, panic, reterr);
	if (rc < 0)
		return spawn_fail(r, rc, reterr);
	if (r->decoder.broken)
		return FAIL(reterr, VM_ANSWERS_BROKEN,
			    KV_NUM("command", r->current + 1));
	if (r->fault)
		return FAIL(reterr, VM_GUEST_SETUP, KV_STR("what", r->fault));
	if (r->done)
		return 0;
	if (!r->ready && (status || !r->result->console.len))
		return qemu_fail(q, status, reterr);
	rc = FAIL(reterr, VM_GUEST_LOST, KV_NUM("command", r->current + 1));
	add_tail(reterr, &r->result->console);
	return rc;
}

/* Boot once with what is ready. */
static int boot(struct run *r, struct qemu_run *q, struct lkm_error **reterr)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int status = 0, rc;

	q->answers = take_bytes;
	q->ctx = r;
	rc = qemu_run(q, &status);
	if (lseek(q->console, 0, SEEK_SET) == 0 &&
	    fd_read_all(q->console, CONSOLE_LIMIT, &text, &size) == 0) {
		if (r->options->command_count)
			strbuf_add(&r->result->console, text, size);
		else
			take_bytes(r, text, size);
	}
	return verdict(r, q, rc, status, reterr);
}

/* A guest without commands that comes up with KVM says that KVM works. */
static bool kvm_works(const struct qemu_run *like)
{
	static const char *const nothing[] = { "/init", NULL };
	static const char *const *const commands[] = { nothing };
	struct vm_options o = { .qemu = like->options->qemu,
				.commands = commands,
				.command_count = 1,
				.timeout_ms = TRIAL_MS };
	_cleanup_vm_result_ struct vm_result result = { 0 };
	struct qemu_run q = { .options = &o,
			      .image = like->image,
			      .initramfs = like->initramfs,
			      .console = memfd_create("lkm-trial", MFD_CLOEXEC),
			      .memory_mb = like->memory_mb,
			      .use_kvm = true };
	struct run r = { .options = &o, .result = &result };
	int rc;

	if (q.console < 0)
		return false;
	rc = boot(&r, &q, NULL);
	wire_release(&r.decoder);
	strbuf_release(&q.errors);
	free(r.fault);
	close(q.console);
	return rc >= 0;
}

static int run_all(const struct vm_options *o, struct cpio *c,
		   const char *image, struct vm_result *ret,
		   struct lkm_error **reterr)
{
	_cleanup_close_ int console = memfd_create("lkm-console", MFD_CLOEXEC);
	unsigned int needed = MEMORY_MB / 2 +
			      (unsigned int)(ret->initramfs_bytes >> 19);
	struct run r = { .options = o, .result = ret };
	struct qemu_run q = { .options = o,
			      .image = image,
			      .initramfs = c->fd,
			      .console = console };
	int rc;

	if (console < 0)
		return error_system(reterr, errno, "create", "a memory file");
	q.memory_mb = o->memory_mb ? o->memory_mb : MAX_OF(needed, MEMORY_MB);
	q.use_kvm = o->accel == VM_ACCEL_KVM ||
		    (o->accel == VM_ACCEL_AUTO &&
		     !access("/dev/kvm", R_OK | W_OK) && kvm_works(&q));
	ret->used_kvm = q.use_kvm;
	rc = boot(&r, &q, reterr);
	strbuf_release(&q.errors);
	wire_release(&r.decoder);
	free(r.fault);
	return rc;
}

int vm_run(const struct vm_options *options, struct vm_result *ret,
	   struct lkm_error **reterr)
{
	_cleanup_cpio_ struct cpio c = { .fd = -1 };
	_cleanup_free_ char *image = NULL;
	uint64_t start = now_ms();
	int rc;

	*ret = (struct vm_result){ 0 };
	ret->answers = calloc(MAX_OF(options->command_count, 1),
			      sizeof(*ret->answers));
	if (!ret->answers)
		return error_nomem(reterr);
	ret->answer_count = MAX_OF(options->command_count, 1);
	rc = vm_image_path(options, &image, reterr);
	if (rc >= 0)
		rc = cpio_init(&c, reterr);
	if (rc >= 0)
		rc = payload_add(&c, options, reterr);
	if (rc >= 0)
		rc = cpio_finish(&c, &ret->initramfs_bytes, reterr);
	if (rc >= 0)
		rc = run_all(options, &c, image, ret, reterr);
	ret->total_ms = (unsigned int)(now_ms() - start);
	return rc;
}

void vm_result_release(struct vm_result *r)
{
	for (size_t i = 0; i < r->answer_count; i++) {
		strbuf_release(&r->answers[i].out);
		strbuf_release(&r->answers[i].err);
	}
	free(r->answers);
	strbuf_release(&r->console);
	*r = (struct vm_result){ 0 };
}
