// SPDX-License-Identifier: LGPL-2.1-or-later
// Errors as values.
#include "diag/error.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/vec.h"

struct field {
	char *name;
	char *value;
};

struct evidence {
	char *source;
	char *line;
};

struct lkm_error {
	enum error_id id;
	enum lkm_basis basis;
	int err;
	VEC(struct field) fields;
	VEC(char *) contexts;
	VEC(struct evidence) evidence;
	struct lkm_error *cause;
};

struct entry {
	enum lkm_code code;
	const char *id;
	const char *text;
	const char *hint;
};

static const struct entry catalogue[] = {
#define ERROR(name, ecode, eid, etext, ehint) \
	[ERR_##name] = { ecode, eid, etext, ehint },
#include "diag/catalogue.def"
#undef ERROR
};

/* Stands in when there is no memory for an error; never written to. */
static const struct lkm_error no_memory = { .id = ERR_SYS_MEMORY };

static bool is_static(const struct lkm_error *e)
{
	return e == &no_memory;
}

void lkm_error_free(struct lkm_error *e)
{
	if (!e || is_static(e))
		return;
	for (size_t i = 0; i < e->fields.len; i++) {
		free(e->fields.data[i].name);
		free(e->fields.data[i].value);
	}
	for (size_t i = 0; i < e->contexts.len; i++)
		free(e->contexts.data[i]);
	for (size_t i = 0; i < e->evidence.len; i++) {
		free(e->evidence.data[i].source);
		free(e->evidence.data[i].line);
	}
	vec_release(&e->fields);
	vec_release(&e->contexts);
	vec_release(&e->evidence);
	lkm_error_free(e->cause);
	free(e);
}

static char *kv_text(const struct kv *kv)
{
	struct strbuf b = { 0 };
	const char *name;

	switch (kv->kind) {
	case KV_IS_STR: strbuf_adds(&b, kv->str ? kv->str : ""); break;
	case KV_IS_NUM: strbuf_addf(&b, "%lld", (long long)kv->num); break;
	case KV_IS_HEX:
		strbuf_addf(&b, "0x%llx", (unsigned long long)kv->num);
		break;
	case KV_IS_ERRNO:
		name = strerrordesc_np((int)kv->num);
		if (name)
			strbuf_adds(&b, name);
		else
			strbuf_addf(&b, "errno %lld", (long long)kv->num);
		break;
	}
	return strbuf_take(&b);
}

static bool error_add_field(struct lkm_error *e, const struct kv *kv)
{
	struct field f = { strdup(kv->name), kv_text(kv) };

	if (f.name && f.value && vec_push(&e->fields, f))
		return true;
	free(f.name);
	free(f.value);
	return false;
}

int error_nomem(struct lkm_error **reterr)
{
	/* Callers only read and free it, and freeing knows it. */
	if (reterr)
		*reterr = (struct lkm_error *)(uintptr_t)&no_memory;
	return -LKM_ENOMEM;
}

int error_make(struct lkm_error **reterr, enum error_id id,
	       const struct kv *facts, size_t count)
{
	struct lkm_error *e;

	if (!reterr)
		return -(int)catalogue[id].code;
	e = calloc(1, sizeof(*e));
	if (!e)
		return error_nomem(reterr);
	e->id = id;
	for (size_t i = 0; i < count; i++) {
		if (facts[i].kind == KV_IS_ERRNO)
			e->err = (int)facts[i].num;
		if (!error_add_field(e, &facts[i])) {
			lkm_error_free(e);
			return error_nomem(reterr);
		}
	}
	*reterr = e;
	return -(int)catalogue[id].code;
}

int error_system(struct lkm_error **reterr, int err, const char *what,
		 const char *file)
{
	err = err < 0 ? -err : err;
	if (err == ENOMEM)
		return error_nomem(reterr);
	return FAIL(reterr, SYS_FAILED, KV_STR("what", what),
		    KV_STR("file", file), KV_ERRNO(err));
}

/* The error that may be added to, or NULL. */
static struct lkm_error *error_open(struct lkm_error **reterr)
{
	return reterr && *reterr && !is_static(*reterr) ? *reterr : NULL;
}

int error_while(struct lkm_error **reterr, int rc, const char *fmt, ...)
{
	struct lkm_error *e = error_open(reterr);
	char *line = NULL;
	va_list ap;

	if (!e)
		return rc;
	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		line = NULL;
	va_end(ap);
	if (line && !vec_push(&e->contexts, line))
		free(line);
	return rc;
}

void error_add_evidence(struct lkm_error **reterr, const char *source,
			const char *line)
{
	struct lkm_error *e = error_open(reterr);
	struct evidence item;

	if (!e)
		return;
	item = (struct evidence){ strdup(source), strdup(line) };
	if (item.source && item.line && vec_push(&e->evidence, item))
		return;
	free(item.source);
	free(item.line);
}

void error_set_basis(struct lkm_error **reterr, enum lkm_basis basis)
{
	struct lkm_error *e = error_open(reterr);

	if (e)
		e->basis = basis;
}

void error_set_cause(struct lkm_error **reterr, struct lkm_error *cause)
{
	struct lkm_error *e = error_open(reterr);

	if (!e) {
		lkm_error_free(cause);
		return;
	}
	lkm_error_free(e->cause);
	e->cause = cause;
}

void error_move_context(struct lkm_error **reterr, struct lkm_error *from)
{
	struct lkm_error *e = error_open(reterr);

	if (!e || is_static(from))
		return;
	for (size_t i = 0; i < from->contexts.len; i++) {
		if (!vec_push(&e->contexts, from->contexts.data[i]))
			free(from->contexts.data[i]);
	}
	vec_release(&from->contexts);
}

const char *lkm_error_id(const struct lkm_error *e)
{
	return catalogue[e->id].id;
}

enum lkm_code lkm_error_code(const struct lkm_error *e)
{
	return catalogue[e->id].code;
}

int lkm_error_errno(const struct lkm_error *e)
{
	return e->err;
}

enum lkm_basis lkm_error_basis(const struct lkm_error *e)
{
	return e->basis;
}

const char *lkm_basis_name(enum lkm_basis basis)
{
	static const char *const names[] = {
		[LKM_BASIS_NONE] = "none",
		[LKM_BASIS_ERRNO] = "errno",
		[LKM_BASIS_PREFLIGHT] = "preflight",
		[LKM_BASIS_KERNEL_LOG] = "kernel-log",
	};

	return basis < ARRAY_SIZE(names) ? names[basis] : "none";
}

const char *lkm_error_get(const struct lkm_error *e, const char *name)
{
	for (size_t i = 0; i < e->fields.len; i++) {
		if (!strcmp(e->fields.data[i].name, name))
			return e->fields.data[i].value;
	}
	return NULL;
}

/* Replace {name} by the fact; an unknown name stays as it is written. */
static char *error_fill(const struct lkm_error *e, const char *text)
{
	struct strbuf b = { 0 };

	while (*text) {
		size_t n = strcspn(text, "{");
		const char *end = strchr(text + n, '}');
		const char *value = NULL;
		char name[32];

		strbuf_add(&b, text, n);
		text += n;
		if (!*text)
			break;
		if (end && (size_t)(end - text) < sizeof(name)) {
			memcpy(name, text + 1, (size_t)(end - text) - 1);
			name[end - text - 1] = '\0';
			value = lkm_error_get(e, name);
		}
		if (value) {
			strbuf_adds(&b, value);
			text = end + 1;
		} else {
			strbuf_addc(&b, *text++);
		}
	}
	return strbuf_take(&b);
}

char *lkm_error_text(const struct lkm_error *e)
{
	return error_fill(e, catalogue[e->id].text);
}

char *lkm_error_hint(const struct lkm_error *e)
{
	if (!*catalogue[e->id].hint)
		return NULL;
	return error_fill(e, catalogue[e->id].hint);
}

bool lkm_error_field(const struct lkm_error *e, size_t i, const char **ret_name,
		     const char **ret_value)
{
	if (i >= e->fields.len)
		return false;
	*ret_name = e->fields.data[i].name;
	*ret_value = e->fields.data[i].value;
	return true;
}

const char *lkm_error_context(const struct lkm_error *e, size_t i)
{
	return i < e->contexts.len ? e->contexts.data[i] : NULL;
}

bool lkm_error_evidence(const struct lkm_error *e, size_t i,
			const char **ret_source, const char **ret_line)
{
	if (i >= e->evidence.len)
		return false;
	*ret_source = e->evidence.data[i].source;
	*ret_line = e->evidence.data[i].line;
	return true;
}

const struct lkm_error *lkm_error_cause(const struct lkm_error *e)
{
	return e->cause;
}

bool lkm_error_catalogue(size_t i, const char **ret_id,
			 const char **ret_sentence)
{
	if (i >= ARRAY_SIZE(catalogue))
		return false;
	*ret_id = catalogue[i].id;
	*ret_sentence = catalogue[i].text;
	return true;
}
