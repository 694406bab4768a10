// SPDX-License-Identifier: LGPL-2.1-or-later
// Why a kernel refused a module: log, own checks and facts made into one error.
#include "check/refusal.h"

#include <lkm/image.h>

#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "check/candidates.h"
#include "check/preflight.h"
#include "diag/error.h"
#include "diag/kmsg.h"

#define FACTS_MAX 16
#define SYMBOLS_TEXT_MAX 1024

struct refusal {
	const struct refusal_inputs *in;
	const char *module;
	const char *file;
	const char *params;
	int err;
	bool log_is_readable;
	const char *line; /* the line of the log that says most, NULL: none */
	struct kmsg_match match; /* what it says */
	struct strbuf symbols;	 /* all unknown ones, "a, b" */
};

static const char *fact_of(const struct lkm_error *e, const char *name)
{
	const char *value = lkm_error_get(e, name);

	return value ? value : "";
}

static bool is_evidence(const char *source)
{
	return !strcmp(source, "kernel log");
}

/*
 * The errnos that a reason can have.  What lkm finds itself counts only where
 * the kernel's answer fits (a missing dependency gives ENOENT, not EACCES), and
 * so do lines of the log that name no module: they may be about another load.
 */
static const struct {
	enum error_id id;
	int errnos[3];
} possible[] = {
	{ ERR_KERNEL_LOCKDOWN, { EPERM } },
	{ ERR_MODULE_BLACKLISTED, { EPERM } },
	{ ERR_MODULE_FORMAT, { ENOEXEC, EINVAL, EIO } },
	{ ERR_MODULE_LAYOUT_MISMATCH, { ENOEXEC } },
	{ ERR_MODULE_PARAM_INVALID, { EINVAL, ERANGE } },
	{ ERR_MODULE_RELOCATION, { ENOEXEC } },
	{ ERR_MODULE_SIGNATURE_REJECTED, { EBADMSG, EKEYREJECTED, ENOPKG } },
	{ ERR_MODULE_SIGNATURE_REQUIRED, { EKEYREJECTED, ENOKEY, ENOPKG } },
	{ ERR_MODULE_SYMBOL_NOTLOADED, { ENOENT } },
	{ ERR_MODULE_VERMAGIC_MISMATCH, { ENOEXEC } },
};

static bool errno_fits(const char *id, int err)
{
	const char *name, *text;

	for (size_t i = 0; i < ARRAY_SIZE(possible); i++) {
		if (!lkm_error_catalogue(possible[i].id, &name, &text) ||
		    strcmp(name, id) != 0)
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(possible[i].errnos); j++) {
			if (possible[i].errnos[j] == err)
				return true;
		}
	}
	return false;
}

/* Is the line about this load?  One that names the module surely is. */
static bool is_of_this(const struct kmsg_match *m, int err)
{
	const char *id, *text;

	return kmsg_match_get(m, "module") ||
	       (lkm_error_catalogue(m->id, &id, &text) && errno_fits(id, err));
}

/* Find the line that says most; of equals the first. */
static void read_log(struct refusal *r)
{
	const char *source, *line;

	for (size_t i = 0; lkm_error_evidence(r->in->error, i, &source, &line);
	     i++) {
		const char *symbol;
		struct kmsg_match m;

		if (!is_evidence(source) || !kmsg_match(line, &m) ||
		    !is_of_this(&m, r->err))
			continue;
		symbol = kmsg_match_get(&m, "symbol");
		if (symbol && m.id == ERR_MODULE_SYMBOL_UNKNOWN &&
		    r->symbols.len < SYMBOLS_TEXT_MAX)
			strbuf_addf(&r->symbols, "%s%s",
				    r->symbols.len ? ", " : "", symbol);
		if (!r->line || m.weight > r->match.weight) {
			r->line = line;
			r->match = m;
		}
	}
}

/* Everything that hung on the old error goes to the new one. */
static int hand_over(struct refusal *r, int rc, struct lkm_error **reterr)
{
	bool all = rc == -LKM_EREFUSED && reterr && *reterr &&
		   (!strcmp(lkm_error_id(*reterr), "module.init.failed") ||
		    !strcmp(lkm_error_id(*reterr), "module.refused"));
	const char *source, *line;

	for (size_t i = 0; lkm_error_evidence(r->in->error, i, &source, &line);
	     i++) {
		/* A driver may log under another name than its module's. */
		if (all || is_evidence(source))
			error_add_evidence(reterr, source, line);
	}
	error_move_context(reterr, r->in->error);
	if (reterr)
		error_set_cause(reterr, r->in->error);
	else
		lkm_error_free(r->in->error);
	return rc;
}

/* What the file was built for, NULL where it can't be told; free(). */
static char *file_built_for(const char *path, const char *running)
{
	struct lkm_image *image = NULL;
	struct lkm_error *e = NULL;
	char *ret;

	if (lkm_image_open(path, &image, &e) < 0) {
		lkm_error_free(e);
		return NULL;
	}
	ret = check_built_for(image, running);
	lkm_image_free(image);
	return ret;
}

static const char *running_release(const struct refusal *r)
{
	const char *release = NULL;

	if (r->in->facts)
		release = lkm_facts_text(r->in->facts, LKM_FACT_RELEASE);
	return release ? release : "another one";
}

/* An unknown symbol may just need another module to be loaded first. */
static enum error_id refine_symbol(struct refusal *r, char **ret_exporter)
{
	const char *symbol = kmsg_match_get(&r->match, "symbol");

	if (!symbol)
		return r->match.id;
	*ret_exporter = check_exporters(r->in->tree, r->in->facts, symbol);
	return *ret_exporter ? ERR_MODULE_SYMBOL_NOTLOADED : r->match.id;
}

static int from_log(struct refusal *r, struct lkm_error **reterr)
{
	_cleanup_free_ char *exporter = NULL, *built = NULL;
	struct kv kv[FACTS_MAX] = { KV_STR("module", r->module),
				    KV_STR("file", r->file), KV_ERRNO(r->err),
				    KV_STR("reason", r->line) };
	enum error_id id = r->match.id;
	size_t n = 4;
	int rc;

	for (size_t i = 0; i < r->match.fact_count; i++) {
		const struct kmsg_fact *f = &r->match.facts[i];

		if (strcmp(f->name, "module") != 0)
			kv[n++] = KV_STR(f->name, f->value);
	}
	if (id == ERR_MODULE_SYMBOL_UNKNOWN) {
		id = refine_symbol(r, &exporter);
		kv[n++] = KV_STR("symbols", strbuf_str(&r->symbols));
		if (exporter)
			kv[n++] = KV_STR("exporter", exporter);
	}
	if (id == ERR_MODULE_LAYOUT_MISMATCH) {
		built = file_built_for(r->file, running_release(r));
		kv[n++] = KV_STR("built", built);
		kv[n++] = KV_STR("running", running_release(r));
	}
	rc = error_make(reterr, id, kv, n);
	error_set_basis(reterr, LKM_BASIS_KERNEL_LOG);
	return rc;
}

/* 0 when lkm's own checks find nothing that fits. */
static int from_preflight(struct refusal *r, struct lkm_error **reterr)
{
	struct preflight_inputs in = { .path = r->file,
				       .params = r->params,
				       .facts = r->in->facts,
				       .tree = r->in->tree };
	struct lkm_error *e = NULL;
	int rc = check_file(&in, &e);

	if (rc < 0 && e && errno_fits(lkm_error_id(e), r->err)) {
		*reterr = e;
		return rc;
	}
	lkm_error_free(rc < 0 ? e : NULL);
	return 0;
}

static int init_failed(struct refusal *r, struct lkm_error **reterr)
{
	int rc = FAIL(reterr, MODULE_INIT_FAILED, KV_STR("module", r->module),
		      KV_STR("file", r->file), KV_ERRNO(r->err),
		      KV_STR("name", strerrorname_np(r->err)),
		      KV_STR("advice", candidates_init_advice(r->err)));

	error_set_basis(reterr, LKM_BASIS_ERRNO);
	return rc;
}

static int busy(struct refusal *r, const struct lkm_loaded *m,
		struct lkm_error **reterr)
{
	int rc = FAIL(reterr, MODULE_BUSY, KV_STR("module", r->module),
		      KV_STR("file", r->file), KV_ERRNO(r->err),
		      KV_STR("state", m->state == LKM_STATE_COMING ?
					      "its init function runs" :
					      "it is going"));

	error_set_basis(reterr, LKM_BASIS_PREFLIGHT);
	return rc;
}

/* Silent ends of the signature check, kernel/module/signing.c. */
static int signature_rejected(struct refusal *r, struct lkm_error **reterr)
{
	int rc = FAIL(reterr, MODULE_SIGNATURE_REJECTED,
		      KV_STR("module", r->module), KV_STR("file", r->file),
		      KV_ERRNO(r->err),
		      KV_STR("reason",
			     r->err == EBADMSG ?
				     "the signature is malformed" :
				     "the contents do not fit the signature"));

	error_set_basis(reterr, LKM_BASIS_ERRNO);
	return rc;
}

static int from_errno(struct refusal *r, struct lkm_error **reterr)
{
	struct candidates_inputs in = { .err = r->err,
					.module = r->module,
					.params = r->params,
					.log_is_readable = r->log_is_readable,
					.log_error = fact_of(r->in->error,
							     "log"),
					.facts = r->in->facts };
	_cleanup_free_ char *candidates = NULL, *unchecked = NULL;
	const struct lkm_loaded *m = NULL;
	int rc;

	if (r->in->facts)
		m = lkm_facts_loaded(r->in->facts, r->module);
	if (r->err == EBUSY && m && m->state != LKM_STATE_LIVE)
		return busy(r, m, reterr);
	/* With the log at hand, all other refusals of these have a line. */
	if (r->log_is_readable && (r->err == EKEYREJECTED || r->err == EBADMSG))
		return signature_rejected(r, reterr);
	if (candidates_only_init(&in))
		return init_failed(r, reterr);
	candidates = candidates_text(&in);
	unchecked = candidates_unchecked(&in);
	if (!candidates || !unchecked)
		return error_nomem(reterr);
	rc = FAIL(reterr, MODULE_REFUSED, KV_STR("module", r->module),
		  KV_STR("file", r->file), KV_ERRNO(r->err),
		  KV_STR("candidates", candidates),
		  KV_STR("unchecked", unchecked));
	error_set_basis(reterr, LKM_BASIS_ERRNO);
	return rc;
}

static int explain(struct refusal *r, struct lkm_error **reterr)
{
	int rc;

	if (r->line && r->match.weight > 1)
		return from_log(r, reterr);
	/* A line that is only an effect: the file itself may say more. */
	if (r->line && r->match.id == ERR_MODULE_SYMBOL_UNKNOWN)
		return from_log(r, reterr);
	rc = from_preflight(r, reterr);
	if (!rc && r->line)
		rc = from_log(r, reterr);
	return rc ? rc : from_errno(r, reterr);
}

int check_refusal(const struct refusal_inputs *in, struct lkm_error **reterr)
{
	struct lkm_error *made = NULL;
	struct refusal r = { .in = in };
	const char *log;
	int rc;

	if (strcmp(lkm_error_id(in->error), "kernel.load.refused") != 0) {
		rc = -(int)lkm_error_code(in->error);
		if (reterr)
			*reterr = in->error;
		else
			lkm_error_free(in->error);
		return rc;
	}
	log = fact_of(in->error, "log");
	r.module = fact_of(in->error, "module");
	r.file = fact_of(in->error, "file");
	r.params = fact_of(in->error, "params");
	r.err = lkm_error_errno(in->error);
	r.log_is_readable = !strcmp(log, "read") || !strcmp(log, "silent");
	read_log(&r);
	rc = explain(&r, &made);
	rc = hand_over(&r, rc, &made);
	strbuf_release(&r.symbols);
	if (reterr)
		*reterr = made;
	else
		lkm_error_free(made);
	return rc;
}
