// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests to the hosted kernel, its upcalls in between, and its findings.
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/root.h"
#include "kernel/hosted/hosted.h"

#define DIARY_MAX ((size_t)1 << 20)
#define DIARY_LINES_SHOWN 8
#define FINDINGS_MAX 1024

struct proto_message *host_message(uint16_t type)
{
	struct proto_message *m = calloc(1, sizeof(*m));

	if (m)
		proto_init(m, type, 0);
	return m;
}

void host_message_free(struct proto_message *m)
{
	if (!m)
		return;
	proto_release(m);
	free(m);
}

struct lkm_host *host_new(int fd, int diary)
{
	struct lkm_host *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->fd = fd;
	h->diary = diary;
	return h;
}

bool host_is_gone(const struct lkm_host *h)
{
	return h->fd < 0;
}

static void hang_up(struct lkm_host *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* -ETIMEDOUT: @deadline (0: none) passed without a message. */
static int wait_readable(const struct lkm_host *h, int64_t deadline)
{
	struct pollfd p = { h->fd, POLLIN, 0 };

	for (;;) {
		int64_t left = deadline ? MAX_OF(deadline - now_ms(), 0) : -1;
		int n = poll(&p, 1, (int)MIN_OF(left, INT32_MAX));

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n && deadline && now_ms() >= deadline)
			return -ETIMEDOUT;
	}
}

/* A finding's strings and frames, copied; false: no memory. */
static bool finding_copy(struct arena *a, const struct proto_finding *f,
			 struct lkm_finding *ret)
{
	struct lkm_frame *frames;

	frames = arena_zalloc(a, (f->frame_count + 1) * sizeof(*frames));
	if (!frames)
		return false;
	*ret = (struct lkm_finding){ .kind = arena_strdup(a, f->kind),
				     .module = arena_strdup(a, f->module),
				     .text = arena_strdup(a, f->text),
				     .frames = frames };
	for (uint32_t i = 0; i < f->frame_count; i++) {
		const struct proto_frame *from = &f->frames[i];

		frames[i] = (struct lkm_frame){
			.symbol = arena_strdup(a, from->symbol),
			.module = arena_strdup(a, from->module),
			.offset = from->offset,
			.size = from->size,
			.reliable = from->flags & PROTO_FRAME_RELIABLE,
			.exact = from->flags & PROTO_FRAME_EXACT,
		};
		if (!frames[i].symbol || !frames[i].module)
			return false;
		ret->frame_count++;
	}
	return ret->kind && ret->module && ret->text;
}

void host_take_findings(struct lkm_host *h, struct proto_message *m)
{
	uint32_t count = proto_get_finding_count(m);
	struct proto_finding found;
	struct lkm_finding copy;

	/* Without memory a finding is lost, never the answer. */
	for (uint32_t i = 0; i < count && proto_get_finding(m, &found); i++) {
		if (h->findings.len >= FINDINGS_MAX ||
		    !finding_copy(&h->finding_arena, &found, &copy) ||
		    !vec_push(&h->findings, copy))
			return;
	}
}

/* The kernel's request_module(): what is asked for inside is nested. */
static int answer_module(struct lkm_host *h, struct proto_message *up)
{
	_cleanup_message_ struct proto_message *done = host_message(
		PROTO_UPCALL_DONE);
	struct proto_fields fields;
	int rc = 1;

	if (!done)
		return -ENOMEM;
	done->id = up->id;
	if (proto_get_fields(up, &fields) == 0 && h->request_module &&
	    h->nested < HOST_NESTED_MAX) {
		h->nested++;
		rc = h->request_module(h->ctx, fields.field[0].str);
		h->nested--;
	}
	done->status = rc;
	proto_put_bulk(done, "", 0);
	return host_is_gone(h) ? -EPIPE : proto_send(h->fd, done);
}

static int answer(struct lkm_host *h, struct proto_message *up)
{
	_cleanup_message_ struct proto_message *done = NULL;

	if (up->type == PROTO_UPCALL_MODULE)
		return answer_module(h, up);
	/* No process stands behind our requests. */
	done = host_message(PROTO_UPCALL_DONE);
	if (!done)
		return -ENOMEM;
	done->id = up->id;
	done->status = -EFAULT;
	proto_put_bulk(done, "", 0);
	return proto_send(h->fd, done);
}

/* Receive into @m until it is the reply to request @id. */
static int wait_reply(struct lkm_host *h, struct proto_message *m, uint32_t id,
		      int64_t deadline)
{
	for (;;) {
		int rc = wait_readable(h, deadline);

		if (!rc)
			rc = proto_receive(h->fd, m);
		if (rc == -EAGAIN)
			continue;
		if (rc <= 0)
			return rc ? rc : -EPIPE;
		if (m->type == PROTO_REPLY && m->id == id)
			return 0;
		if (m->type == PROTO_REPLY)
			return -EBADMSG;
		rc = answer(h, m);
		if (rc < 0)
			return rc;
	}
}

int host_call(struct lkm_host *h, struct proto_message *m,
	      unsigned int timeout_ms)
{
	uint32_t id = ++h->id;
	int rc;

	if (host_is_gone(h))
		return -EPIPE;
	if (m->failed)
		return -ENAMETOOLONG;
	m->id = id;
	rc = proto_send(h->fd, m);
	if (!rc)
		rc = wait_reply(h, m, id,
				timeout_ms ? now_ms() + timeout_ms : 0);
	if (rc < 0) {
		/* What would come next cannot be told from an answer. */
		hang_up(h);
		return rc == -ETIMEDOUT ? rc : -EPIPE;
	}
	/* With a negative status there are no other fields. */
	if (m->status < 0)
		host_take_findings(h, m);
	return m->status;
}

/* The signal or status that ended a private one, "" where nobody knows. */
static void end_text(struct lkm_host *h, char *ret, size_t size)
{
	int status;

	*ret = '\0';
	if (h->child <= 0 || waitpid(h->child, &status, 0) != h->child)
		return;
	h->child = 0;
	if (WIFSIGNALED(status))
		snprintf(ret, size, ": SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(ret, size, ": exit status %d", WEXITSTATUS(status));
}

/* The last lines of what lkm-host wrote. */
static void add_diary(const struct lkm_host *h, struct lkm_error **reterr)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest, *first;
	size_t size, lines = 0;

	if (h->diary < 0 || lseek(h->diary, 0, SEEK_SET) < 0 ||
	    fd_read_all(h->diary, DIARY_MAX, &text, &size) < 0)
		return;
	for (first = text + size; first > text; first--) {
		lines += first[-1] == '\n' && first < text + size;
		if (lines == DIARY_LINES_SHOWN)
			break;
	}
	rest = first;
	while ((line = strsep(&rest, "\n"))) {
		if (*line)
			error_add_evidence(reterr, "lkm-host", line);
	}
}

int host_died(struct lkm_host *h, struct lkm_error **reterr)
{
	char how[64];
	int rc;

	end_text(h, how, sizeof(how));
	rc = FAIL(reterr, HOST_KERNEL_DIED,
		  KV_STR("release", h->info.release ? h->info.release : "?"),
		  KV_STR("how", how));
	add_diary(h, reterr);
	return rc;
}

int host_error(struct lkm_host *h, int err, const char *what, const char *path,
	       struct lkm_error **reterr)
{
	if (host_is_gone(h))
		return host_died(h, reterr);
	return error_system(reterr, err, what, path);
}

/* DIR of DIR/boot/X, DIR/lib/modules/R/X and DIR/usr/lib/modules/R/X. */
static size_t root_length(const char *image)
{
	static const char *const places[] = { "/boot/", "/usr/lib/modules/",
					      "/lib/modules/" };
	const char *last = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !last; i++) {
		const char *at = image;

		while ((at = strstr(at, places[i])))
			last = at++;
	}
	return last ? (size_t)(last - image) : 0;
}

static bool info_read(struct lkm_host *h, struct proto_message *m)
{
	const char *release, *image, *banner;
	struct lkm_host_info *i = &h->info;
	size_t root;

	if (!proto_get_str(m, &release) || !proto_get_str(m, &image) ||
	    !proto_get_str(m, &banner) || !proto_get_u32(m, &i->pid) ||
	    !proto_get_u32(m, &i->flags) || !proto_get_u64(m, &i->taint) ||
	    !proto_get_u64(m, &i->uptime_ns))
		return false;
	i->flags = (i->flags & PROTO_HOST_GUARD ? LKM_HOST_GUARD : 0) |
		   (i->flags & PROTO_HOST_SANDBOX ? LKM_HOST_SANDBOX : 0) |
		   (i->flags & PROTO_HOST_COPY ? LKM_HOST_COPY : 0);
	root = root_length(image);
	i->release = arena_strdup(&h->arena, release);
	i->image = arena_strdup(&h->arena, image);
	i->banner = arena_strdup(&h->arena, banner);
	i->root = root ? arena_strndup(&h->arena, image, root) : "/";
	return i->release && i->image && i->banner && i->root;
}

int host_hello(struct lkm_host *h, struct lkm_error **reterr)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_HELLO);
	int rc;

	if (!m)
		return error_nomem(reterr);
	proto_put_str(m, program_invocation_short_name);
	rc = host_call(h, m, 0);
	if (rc >= 0 && !info_read(h, m)) {
		hang_up(h);
		rc = -EPIPE;
	}
	if (rc < 0)
		return host_error(h, rc, "greet", "the hosted kernel", reterr);
	host_take_findings(h, m);
	return 0;
}

const struct lkm_host_info *lkm_host_info(const struct lkm_host *host)
{
	return &host->info;
}

const struct lkm_finding *lkm_host_finding(const struct lkm_host *host,
					   size_t i)
{
	return i < host->findings.len ? &host->findings.data[i] : NULL;
}

void lkm_host_forget(struct lkm_host *host)
{
	host->findings.len = 0;
	arena_release(&host->finding_arena);
}
