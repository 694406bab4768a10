// SPDX-License-Identifier: LGPL-2.1-or-later
// The fields of a module as modinfo prints them.
#include <string.h>

#include "cli/compat/modinfo.h"
#include "trust/signer.h"

void modinfo_release(struct modinfo *m)
{
	vec_release(&m->params);
}

static void print_column(const struct modinfo *m, const char *key,
			 const char *value)
{
	int blanks = 15 - (int)strlen(key);

	/* A negative width pads on the other side: never less than none. */
	printf("%s:%*s%s%c", key, blanks < 0 ? -blanks : blanks, "", value,
	       m->end);
}

void modinfo_name(const struct modinfo *m, const char *name)
{
	if (!m->field)
		print_column(m, "name", name);
	else if (!strcmp(m->field, "name"))
		printf("%s%c", name, m->end);
}

bool modinfo_filename(const struct modinfo *m, const char *path)
{
	if (!m->field)
		print_column(m, "filename", path);
	else if (!strcmp(m->field, "filename"))
		printf("%s%c", path, m->end);
	return m->field && !strcmp(m->field, "filename");
}

static void add_param(struct modinfo *m, const char *key, const char *value)
{
	const char *colon = strchr(value, ':');
	struct modinfo_param *p = NULL;
	struct modinfo_param new = { .name = value };

	if (!colon) {
		tool_log(&m->t, LOG_ERR, "Found invalid \"%s=%s\": missing ':'",
			 key, value);
		return;
	}
	new.len = (size_t)(colon - value);
	for (size_t i = 0; i < m->params.len && !p; i++) {
		if (m->params.data[i].len == new.len &&
		    !strncmp(m->params.data[i].name, value, new.len))
			p = &m->params.data[i];
	}
	if (!p && !vec_push(&m->params, new)) {
		tool_nomem(&m->t);
		return;
	}
	if (!p)
		p = &m->params.data[m->params.len - 1];
	if (!strcmp(key, "parm"))
		p->text = colon + 1;
	else
		p->type = colon + 1;
}

static bool is_param(const char *key)
{
	return !strcmp(key, "parm") || !strcmp(key, "parmtype");
}

void modinfo_field(struct modinfo *m, const char *key, const char *value)
{
	bool params_only = m->field && !strcmp(m->field, "parm");

	if (is_param(key) && (!m->field || params_only))
		add_param(m, key, value);
	else if (m->field && !params_only && !strcmp(m->field, key))
		printf("%s%c", value, m->end);
	else if (!m->field && !m->end)
		printf("%s=%s%c", key, value, m->end);
	else if (!m->field)
		print_column(m, key, value);
}

/* The last one that was found is first. */
void modinfo_end(struct modinfo *m)
{
	for (size_t i = m->params.len; i-- > 0;) {
		const struct modinfo_param *p = &m->params.data[i];

		if (!m->field)
			printf("%-16s", "parm:");
		printf("%.*s:", (int)p->len, p->name);
		if (p->text && p->type)
			printf("%s (%s)", p->text, p->type);
		else if (p->text)
			printf("%s", p->text);
		else if (m->field)
			printf(" (%s)", p->type);
		else
			printf("%s", p->type);
		putchar(m->end);
	}
	m->params.len = 0;
}

static int print_signer(void *ctx, const char *key, const char *value)
{
	modinfo_field(ctx, key, value);
	return 0;
}

int modinfo_image(struct modinfo *m, struct lkm_image *image,
		  struct lkm_error **reterr)
{
	const struct lkm_modinfo *info;
	size_t count;
	int rc = lkm_image_modinfo(image, &info, &count, reterr);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		modinfo_field(m, info[i].key, info[i].value);
	/* The file's end need not be read for what stands elsewhere. */
	if (!m->field || !strncmp(m->field, "sig", 3))
		rc = signer_fields(image, print_signer, m);
	modinfo_end(m);
	return rc < 0 ? error_nomem(reterr) : 0;
}
