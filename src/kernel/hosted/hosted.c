// SPDX-License-Identifier: LGPL-2.1-or-later
// The hosted kernel as one of the kernels that modules are loaded into.
#include <fcntl.h>
#include <string.h>

#include "base/root.h"
#include "kernel/hosted/hosted.h"
#include "kernel/kernel.h"

static int hosted_read(struct lkm_kernel *k, const char *path, char **ret,
		       size_t *ret_size)
{
	return host_read(k->host, path, ret, ret_size);
}

static int hosted_list(struct lkm_kernel *k, const char *path, size_t limit,
		       char ***ret_names, size_t *ret_count)
{
	_cleanup_free_ struct lkm_host_file *files = NULL;
	char **names;
	size_t count;
	int rc = host_list(k->host, path, &files, &count);

	if (rc < 0)
		return rc;
	if (count > limit)
		return -E2BIG;
	names = calloc(count + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		names[i] = strdup(files[i].name);
		if (!names[i]) {
			root_free_names(names, i);
			return -ENOMEM;
		}
	}
	*ret_names = names;
	*ret_count = count;
	return 0;
}

static int hosted_mode(struct lkm_kernel *k, const char *path, mode_t *ret)
{
	struct lkm_host_file file;
	int rc = host_stat(k->host, path, true, &file);

	if (!rc)
		*ret = file.mode;
	return rc;
}

static int hosted_write(struct lkm_kernel *k, const char *path,
			const char *bytes, size_t size)
{
	return host_write(k->host, path, bytes, size);
}

static int hosted_identity(struct lkm_kernel *k, struct lkm_facts *facts,
			   struct lkm_error **reterr)
{
	/* lkm-host runs no other, and its tasks have all capabilities. */
	if (!lkm_facts_set_text(facts, LKM_FACT_RELEASE,
				k->host->info.release) ||
	    !lkm_facts_set_text(facts, LKM_FACT_MACHINE, "x86_64"))
		return error_nomem(reterr);
	lkm_facts_set_known(facts, LKM_FACT_CAN_LOAD, LKM_YES);
	return 0;
}

static int hosted_insert(struct lkm_kernel *k, const struct load_call *call,
			 unsigned int timeout_ms, bool direct,
			 struct load_result *ret)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_LOAD);
	int fd, rc;

	(void)direct;
	if (!m)
		return -ENOMEM;
	fd = fcntl(call->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	proto_put_str(m, call->params);
	proto_put_u32(m, (uint32_t)call->init_flags);
	proto_put_fd(m, fd);
	rc = host_call(k->host, m, timeout_ms);
	if (rc >= 0)
		host_take_findings(k->host, m);
	if (rc == -ETIMEDOUT && host_is_gone(k->host)) {
		host_reconnect(k->host);
		*ret = (struct load_result){ .end = LOAD_TIMEOUT };
		return 0;
	}
	*ret = (struct load_result){ .rc = rc < 0 ? rc : 0 };
	return 0;
}

static void hosted_coming(struct lkm_kernel *k, const char *module,
			  const char *path)
{
	host_note_file(k->host, module, path);
}

static int hosted_remove(struct lkm_kernel *k, const char *name,
			 unsigned int flags)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_UNLOAD);
	int rc;

	if (!m)
		return -ENOMEM;
	proto_put_str(m, name);
	proto_put_u32(m, flags);
	rc = host_call(k->host, m, 0);
	if (rc >= 0)
		host_take_findings(k->host, m);
	return rc < 0 ? rc : 0;
}

static void hosted_log_open(struct lkm_kernel *k, struct kernel_log *log)
{
	log->kmsg = (struct kmsg){ .fd = -1 };
	if (host_log(k->host, UINT64_MAX, NULL, NULL, &log->next) < 0)
		log->next = 0;
}

static void add_line(void *ctx, const struct lkm_log_record *record)
{
	const char *text = record->text;
	struct span line = { (const uint8_t *)text, strlen(text) };

	/* Without memory the line is missing from the evidence. */
	(void)!kmsg_add_line(ctx, line);
}

static int hosted_log_read(struct lkm_kernel *k, struct kernel_log *log,
			   struct kmsg_lines *ret)
{
	return host_log(k->host, log->next, add_line, ret, &log->next);
}

static int hosted_log_all(struct lkm_kernel *k, uint64_t from,
			  void (*fn)(void *ctx,
				     const struct lkm_log_record *record),
			  void *ctx, uint64_t *ret_next)
{
	return host_log(k->host, from, fn, ctx, ret_next);
}

/* Its system calls fail for want of it, and for no other reason of ours. */
static int hosted_why(struct lkm_kernel *k, int err, struct lkm_error **reterr)
{
	(void)err;
	return host_is_gone(k->host) ? host_died(k->host, reterr) : 0;
}

const struct kernel_ops hosted_ops = {
	.read = hosted_read,
	.list = hosted_list,
	.mode = hosted_mode,
	.write = hosted_write,
	.identity = hosted_identity,
	.insert = hosted_insert,
	.coming = hosted_coming,
	.remove = hosted_remove,
	.log_open = hosted_log_open,
	.log_read = hosted_log_read,
	.log_all = hosted_log_all,
	.why = hosted_why,
	.plain_files_only = true,
};

/*
 * request_module() as /sbin/modprobe would answer it: one plan in kmod's
 * dialect, by the rules of that kernel's own tree, each step a request inside
 * of the one that the kernel is busy with.
 */
static int run_modprobe(struct lkm_kernel *k, const char *name,
			struct lkm_error **reterr)
{
	struct lkm_plan_inputs in = { .dialect = LKM_DIALECT_KMOD };
	struct lkm_plan_request request = { .size = sizeof(request),
					    .name = name,
					    .options = "" };
	struct lkm_facts *facts = NULL;
	struct lkm_plan *plan = NULL;
	int rc = k->inputs(k->inputs_ctx, &in, reterr);

	if (!rc)
		rc = lkm_kernel_facts(k, &facts, reterr);
	in.facts = facts;
	if (!rc)
		rc = lkm_plan_load(&in, &request, &plan, reterr);
	if (!rc)
		rc = lkm_kernel_run(k, plan, NULL, NULL, reterr);
	lkm_plan_free(plan);
	lkm_facts_free(facts);
	return rc;
}

static int request_module(void *ctx, const char *name)
{
	struct lkm_kernel *k = ctx;
	struct lkm_error *e = NULL;
	int rc;

	/* Inside of the outer load its lines are this one's evidence, too. */
	rc = run_modprobe(k, name, &e);
	lkm_error_free(e);
	return rc < 0 ? 1 : 0;
}

void hosted_attach(struct lkm_kernel *k, struct lkm_host *host)
{
	k->host = host;
	if (!k->inputs)
		return;
	host->request_module = request_module;
	host->ctx = k;
}

void hosted_detach(struct lkm_kernel *k)
{
	if (k->host && k->host->ctx == k) {
		k->host->request_module = NULL;
		k->host->ctx = NULL;
	}
}
