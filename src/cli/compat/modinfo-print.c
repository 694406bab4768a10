// SPDX-License-Identifier: LGPL-2.1-or-later
// The fields of a module as modinfo prints them.
#include <string.h>

#include "base/strbuf.h"
#include "cli/compat/modinfo.h"
#include "trust/pkcs7.h"

/* Bytes of a signature in a line. */
#define SIGNATURE_LINE 20

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
	if (!p && !vec_push(&m->params, new))
		return;
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

static void print_hex(struct modinfo *m, const char *key, struct span bytes,
		      bool lines)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	for (size_t i = 0; i < bytes.size; i++) {
		strbuf_addf(&b, "%02X%s", bytes.data[i],
			    i + 1 < bytes.size ? ":" : "");
		if (lines && i + 1 < bytes.size && !((i + 1) % SIGNATURE_LINE))
			strbuf_adds(&b, "\n\t\t");
	}
	if (!b.failed)
		modinfo_field(m, key, strbuf_str(&b));
}

static void print_text(struct modinfo *m, const char *key, struct span text)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	strbuf_add(&b, text.data, text.size);
	if (!b.failed)
		modinfo_field(m, key, strbuf_str(&b));
}

/* Names of old (before Linux 4.3) signatures, by number in their trailer. */
static const char *old_name(const char *const *names, size_t count, size_t i)
{
	return i < count ? names[i] : "unknown";
}

static void print_old_signature(struct modinfo *m, struct lkm_image *image,
				const struct lkm_signature *s)
{
	static const char *const ids[] = { "PGP", "X509" };
	static const char *const hashes[] = { "md4",	"md5",	  "sha1",
					      "rmd160", "sha256", "sha384",
					      "sha512", "sha224" };
	const void *bytes;
	struct span all, name, key;
	size_t at;

	if (lkm_image_content(image, &bytes, &all.size, NULL) < 0)
		return;
	all.data = bytes;
	at = (size_t)(s->data - all.data);
	if ((size_t)s->key_id_len + s->signer_len > at ||
	    !span_slice(all, at - s->key_id_len, s->key_id_len, &key) ||
	    !span_slice(all, at - s->key_id_len - s->signer_len, s->signer_len,
			&name))
		return;
	modinfo_field(m, "sig_id", old_name(ids, ARRAY_SIZE(ids), s->id_type));
	print_text(m, "signer", name);
	print_hex(m, "sig_key", key, false);
	modinfo_field(m, "sig_hashalgo",
		      old_name(hashes, ARRAY_SIZE(hashes), s->hash));
	print_hex(m, "signature", (struct span){ s->data, s->size }, true);
}

static void print_signature(struct modinfo *m, struct lkm_image *image)
{
	struct pkcs7_signer signer;
	struct lkm_signature s;

	if (lkm_image_signature(image, &s, NULL) <= 0)
		return;
	if (s.id_type != 2) {
		print_old_signature(m, image, &s);
		return;
	}
	if (!pkcs7_signer((struct span){ s.data, s.size }, &signer))
		return;
	modinfo_field(m, "sig_id", "PKCS#7");
	print_text(m, "signer", signer.name);
	print_hex(m, "sig_key", signer.key, false);
	modinfo_field(m, "sig_hashalgo", pkcs7_digest_name(signer.digest));
	print_hex(m, "signature", signer.signature, true);
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
		print_signature(m, image);
	modinfo_end(m);
	return 0;
}
