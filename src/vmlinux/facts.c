// SPDX-License-Identifier: LGPL-2.1-or-later
// Small parts of a kernel: built-in parameters, certificates, the banner.
#include "vmlinux/parts.h"

#include <string.h>

/* The version, the compiler's, the builder's: an ordinary one has 200 bytes. */
#define BANNER_MAX 1024
#define BANNER_START "Linux version "
/* DER: a SEQUENCE with a length of two bytes (load_certificate_list()). */
#define CERT_HEADER 4

/*
 * struct kernel_param: name, module, operations, then perm (u16), level (s8)
 * and flags (u8), and a pointer to what is set.
 */
static uint64_t param_size(const struct kimage *k)
{
	return k->elf.header.is_64 ? 40 : 20;
}

static bool param_read(const struct kimage *k, struct span entry,
		       struct lkm_kparam *ret)
{
	uint64_t name, at = 3 * kimage_word(k);
	uint8_t level;

	if (!kimage_ulong(k, entry, 0, &name) ||
	    !kimage_name(k, name, KNAME_MAX, &ret->name) ||
	    !span_u16(entry, at, kimage_big(k), &ret->perm) ||
	    !span_u8(entry, at + 2, &level) ||
	    !span_u8(entry, at + 3, &ret->flags))
		return false;
	ret->level = (int8_t)level;
	return true;
}

int kparams_read(const struct kimage *k, const struct kfinder *f,
		 struct arena *out, struct kparams *ret,
		 struct lkm_error **reterr)
{
	static const char *const ends[] = { "__start___param",
					    "__stop___param" };
	uint64_t size = param_size(k), address, count;
	struct span table, entry;
	struct lkm_kparam *items;

	if (!kparts_find(k, f, "__param", ends, &table, &address))
		return kimage_absent(k, "table of parameters", reterr);
	count = table.size / size;
	if (table.size % size)
		return kimage_broken(k, "table of parameters",
				     "its size fits no number of entries",
				     reterr);
	if (count > KPARAMS_MAX)
		return kimage_limit(k, "parameters", count, KPARAMS_MAX,
				    reterr);
	/* Names of a relocatable arm64 kernel are in .rela.dyn only. */
	if (k->is_raw && kimage_ulong(k, table, 0, &address) && !address)
		return kimage_absent(k, "table of parameters", reterr);
	items = arena_zalloc(out, count * sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	for (uint64_t i = 0; i < count; i++) {
		if (!span_slice(table, i * size, size, &entry) ||
		    !param_read(k, entry, &items[i]))
			return kimage_broken(k, "table of parameters",
					     "a name is not in the file",
					     reterr);
	}
	*ret = (struct kparams){ items, count };
	return 0;
}

/* The certificate that @list begins with. */
static bool cert_next(struct span *list, struct lkm_kcert *ret)
{
	struct span cert;
	uint16_t length;

	if (!span_u16(*list, 2, true, &length) || list->data[0] != 0x30 ||
	    list->data[1] != 0x82 ||
	    !span_slice(*list, 0, (uint64_t)length + CERT_HEADER, &cert))
		return false;
	*ret = (struct lkm_kcert){ cert.data, cert.size };
	return span_slice(*list, cert.size, list->size - cert.size, list);
}

/* The list; the size that says how much of it there is, an unsigned long. */
static bool certs_find(const struct kimage *k, const struct kfinder *f,
		       struct span *ret)
{
	const struct lkm_ksym *list, *size;
	struct span bytes;
	uint64_t length;

	list = f->find(f->ctx, "system_certificate_list");
	size = f->find(f->ctx, "system_certificate_list_size");
	return list && size &&
	       kimage_bytes(k, size->address, kimage_word(k), &bytes) &&
	       kimage_ulong(k, bytes, 0, &length) &&
	       kimage_bytes(k, list->address, length, ret);
}

int kcerts_read(const struct kimage *k, const struct kfinder *f,
		struct arena *out, struct kcerts *ret,
		struct lkm_error **reterr)
{
	struct lkm_kcert *items, cert;
	struct span list, left;
	size_t count = 0;

	if (!certs_find(k, f, &list))
		return kimage_absent(k, "list of certificates", reterr);
	for (left = list; left.size; count++) {
		if (!cert_next(&left, &cert))
			return kimage_broken(k, "list of certificates",
					     "an entry is no certificate",
					     reterr);
	}
	if (count > KCERTS_MAX)
		return kimage_limit(k, "certificates", count, KCERTS_MAX,
				    reterr);
	items = arena_alloc(out, count * sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	for (size_t i = 0; i < count && cert_next(&list, &items[i]); i++)
		;
	*ret = (struct kcerts){ items, count };
	return 0;
}

/* A banner at the start of @bytes: its length, 0: none. */
static size_t banner_size(struct span bytes)
{
	size_t start = strlen(BANNER_START), size;
	const char *s = (const char *)bytes.data;

	if (bytes.size <= start || memcmp(s, BANNER_START, start) != 0 ||
	    s[start] < '0' || s[start] > '9')
		return 0;
	size = strnlen(s, MIN_OF(bytes.size, BANNER_MAX));
	if (size == MIN_OF(bytes.size, BANNER_MAX))
		return 0;
	for (size_t i = 0; i < size; i++) {
		if (s[i] == '\n')
			return i;
	}
	return size;
}

/* Where there is no symbol: the first string that looks like one. */
static size_t banner_search(struct span all, struct span *ret)
{
	size_t start = strlen(BANNER_START), size;
	const uint8_t *hit;

	while ((hit = memmem(all.data, all.size, BANNER_START, start))) {
		(void)span_slice(all, (uint64_t)(hit - all.data),
				 all.size - (size_t)(hit - all.data), &all);
		size = banner_size(all);
		if (size) {
			*ret = all;
			return size;
		}
		(void)span_slice(all, 1, all.size - 1, &all);
	}
	return 0;
}

const char *kbanner_read(const struct kimage *k, const struct kfinder *f,
			 struct arena *out)
{
	const struct lkm_ksym *symbol = f->find(f->ctx, "linux_banner");
	struct lkm_section rodata;
	struct span bytes;
	size_t size = 0;

	if (symbol && kimage_rest(k, symbol->address, BANNER_MAX, &bytes))
		size = banner_size(bytes);
	if (!size && elf_find(&k->elf, ".rodata", &rodata) &&
	    source_slice(k->source, rodata.offset, rodata.size, &bytes))
		size = banner_search(bytes, &bytes);
	if (!size && source_slice(k->source, 0, k->elf_size, &bytes))
		size = banner_search(bytes, &bytes);
	return size ? arena_strndup(out, (const char *)bytes.data, size) : NULL;
}

const char *kbanner_release(const char *banner, struct arena *out)
{
	const char *release = banner + strlen(BANNER_START);

	return arena_strndup(out, release, strcspn(release, " "));
}
