// SPDX-License-Identifier: LGPL-2.1-or-later
// One kernel image file: opening it, and what is asked of it.
#include <lkm/vmlinux.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/map.h"
#include "image/extract.h"
#include "image/parts.h"
#include "vmlinux/btf.h"
#include "vmlinux/kept.h"
#include "vmlinux/parts.h"
#include "vmlinux/unpack.h"

struct lkm_vmlinux {
	char *path;
	int fd;
	struct unpacked unpacked;
	struct source source; /* unpacked */
	struct file_id id;    /* of the file; zero: its contents are not kept */
	struct kept kept;
	struct kimage kimage;
	struct arena arena;
	/* What was asked for already. */
	bool has_symbols, has_no_symbols;
	struct ksyms symbols;
	struct map names; /* name -> struct lkm_ksym */
	bool has_exports;
	struct kexports exports;
	bool has_relocs;
	struct lkm_krelocs relocs;
	bool has_btf;
	struct btf btf;
	bool has_params;
	struct kparams params;
	bool has_certs;
	struct kcerts certs;
	bool has_banner;
	const char *banner;
	const char *release;
};

static int vmlinux_new(const char *path, struct lkm_vmlinux **ret,
		       struct lkm_error **reterr)
{
	struct lkm_vmlinux *image = calloc(1, sizeof(*image));

	if (!image)
		return error_nomem(reterr);
	image->fd = -1;
	image->source.fd = -1;
	image->kept.fd = -1;
	image->path = strdup(path);
	if (!image->path) {
		lkm_vmlinux_free(image);
		return error_nomem(reterr);
	}
	*ret = image;
	return 0;
}

/* A release of 64 characters and a dozen words. */
#define VERMAGIC_MAX 256

/* arch/arm64/include/asm/boot.h, MIN_KIMG_ALIGN */
#define IMAGE_ALIGN ((uint64_t)2 << 20)

/*
 * An Image is linked to run from its first byte on, which is _text; kallsyms
 * may begin with _stext, some pages behind.
 */
static void vmlinux_place_raw(struct lkm_vmlinux *image)
{
	struct kimage *k = &image->kimage;
	const struct lkm_ksym *text, *items;
	uint64_t start;
	size_t count;

	if (lkm_vmlinux_symbols(image, &items, &count, NULL) < 0)
		return;
	start = items[0].address & ~(IMAGE_ALIGN - 1);
	if (lkm_vmlinux_symbol(image, "_text", &text, NULL) > 0)
		start = text->address;
	if (start + k->source->size < start)
		return;
	k->segments[k->segment_count++] = (struct segment){
		.address = start,
		.file_size = k->source->size,
		.memory_size = k->source->size,
	};
}

static int vmlinux_load(struct lkm_vmlinux *image, struct lkm_error **reterr)
{
	int rc;

	if (image->kept.fd < 0) {
		rc = unpack(&image->source, image->path, &image->unpacked,
			    reterr);
		if (rc < 0)
			return rc;
	}
	image->kimage.file = image->path;
	image->kimage.source = &image->source;
	if (image->unpacked.kind == UNPACK_ELF)
		return kimage_open_elf(&image->kimage, reterr);
	kimage_open_arm64(&image->kimage);
	vmlinux_place_raw(image);
	return 0;
}

/* What was unpacked of this very file before takes its place. */
static void vmlinux_look_in_cache(struct lkm_vmlinux *image,
				  const struct stat *st)
{
	struct file_id id = file_id_of(st);

	if (!file_id_rests(&id, cache_clock()))
		return;
	image->id = id;
	(void)kept_open(image->fd, &id, &image->arena, &image->source,
			&image->kept, &image->unpacked);
}

/* Now that all that takes long is known. */
static void vmlinux_keep(struct lkm_vmlinux *image)
{
	struct span all;

	/* What is not packed costs nothing to unpack. */
	if (image->id.ino && image->kept.fd < 0 && image->source.fd < 0 &&
	    source_all(&image->source, &all))
		kept_save(&image->id, all, &image->symbols, &image->unpacked);
}

int lkm_vmlinux_open(const char *path, struct lkm_vmlinux **ret,
		     struct lkm_error **reterr)
{
	struct lkm_vmlinux *image;
	struct stat st = { 0 };
	int rc;

	rc = vmlinux_new(path, &image, reterr);
	if (rc < 0)
		return rc;
	image->fd = open(path, IMAGE_OPEN_FLAGS);
	if (image->fd < 0) {
		rc = error_system(reterr, errno, "open", path);
		lkm_vmlinux_free(image);
		return rc;
	}
	rc = source_open_stat(&image->source, image->fd, &st, IMAGE_FILE_MAX);
	if (rc < 0) {
		rc = image_open_failed(rc, path, (uint64_t)st.st_size, reterr);
	} else {
		vmlinux_look_in_cache(image, &st);
		rc = vmlinux_load(image, reterr);
	}
	if (rc < 0) {
		lkm_vmlinux_free(image);
		return rc;
	}
	*ret = image;
	return 0;
}

int lkm_vmlinux_open_memory(const void *bytes, size_t size, const char *name,
			    struct lkm_vmlinux **ret, struct lkm_error **reterr)
{
	struct lkm_vmlinux *image;
	int rc;

	rc = vmlinux_new(name, &image, reterr);
	if (rc < 0)
		return rc;
	source_from_span(&image->source, (struct span){ bytes, size });
	rc = vmlinux_load(image, reterr);
	if (rc < 0) {
		lkm_vmlinux_free(image);
		return rc;
	}
	*ret = image;
	return 0;
}

void lkm_vmlinux_free(struct lkm_vmlinux *image)
{
	if (!image)
		return;
	btf_release(&image->btf);
	map_release(&image->names);
	source_release(&image->source);
	arena_release(&image->arena);
	if (image->fd >= 0)
		close(image->fd);
	kept_release(&image->kept);
	free(image->path);
	free(image);
}

const char *lkm_vmlinux_path(const struct lkm_vmlinux *image)
{
	return image->path;
}

const char *lkm_vmlinux_payload(const struct lkm_vmlinux *image)
{
	return image->unpacked.payload;
}

int lkm_vmlinux_elf(struct lkm_vmlinux *image, const void **ret_bytes,
		    size_t *ret_size, struct lkm_error **reterr)
{
	struct span all;
	int rc;

	if (image->kimage.is_raw)
		return kimage_absent(&image->kimage, "ELF header", reterr);
	rc = elf_slice(&image->kimage.elf, 0, image->kimage.elf_size,
		       "the ELF file", &all, reterr);
	if (rc < 0)
		return rc;
	*ret_bytes = all.data;
	*ret_size = all.size;
	return 0;
}

int lkm_vmlinux_read(struct lkm_vmlinux *image, uint64_t offset, size_t size,
		     void *ret, struct lkm_error **reterr)
{
	struct span bytes;

	if (image->kimage.is_raw)
		return kimage_absent(&image->kimage, "ELF header", reterr);
	if (source_copy(&image->source, offset, size, ret))
		return 0;
	if (image->source.error)
		return image_read_all(&image->source, image->path, &bytes,
				      reterr);
	return kimage_broken(&image->kimage, "ELF file",
			     "a part lies behind its end", reterr);
}

int lkm_vmlinux_bytes(struct lkm_vmlinux *image, uint64_t address, size_t size,
		      const void **ret, struct lkm_error **reterr)
{
	struct span bytes;

	if (!kimage_bytes(&image->kimage, address, size, &bytes)) {
		/* Inside, so it was the reading. */
		if (image->source.error)
			return image_read_all(&image->source, image->path,
					      &bytes, reterr);
		return 0;
	}
	*ret = bytes.data;
	return 1;
}

int lkm_vmlinux_relocs(struct lkm_vmlinux *image, struct lkm_krelocs *ret,
		       struct lkm_error **reterr)
{
	int rc = 0;

	if (!image->has_relocs)
		rc = krelocs_read(&image->kimage, &image->arena, &image->relocs,
				  reterr);
	if (rc < 0)
		return rc;
	image->has_relocs = true;
	*ret = image->relocs;
	return 0;
}

static int vmlinux_read_symbols(struct lkm_vmlinux *image,
				struct lkm_error **reterr)
{
	int rc;

	if (image->has_symbols)
		return 0;
	if (image->has_no_symbols)
		return kimage_absent(&image->kimage, "kallsyms", reterr);
	if (kept_symbols(&image->kept, &image->arena, &image->symbols)) {
		image->has_symbols = true;
		return 0;
	}
	rc = ksyms_read(&image->kimage, &image->arena, &image->symbols, reterr);
	image->has_symbols = rc == 0;
	if (rc == 0)
		vmlinux_keep(image);
	/* The search is long; others ask too. */
	image->has_no_symbols = rc == -LKM_ENOTFOUND;
	return rc;
}

int lkm_vmlinux_symbols(struct lkm_vmlinux *image, const struct lkm_ksym **ret,
			size_t *ret_count, struct lkm_error **reterr)
{
	int rc = vmlinux_read_symbols(image, reterr);

	if (rc < 0)
		return rc;
	*ret = image->symbols.items;
	*ret_count = image->symbols.count;
	return 0;
}

/* Of several symbols of one name the first counts. */
static int vmlinux_map_names(struct lkm_vmlinux *image,
			     struct lkm_error **reterr)
{
	const struct ksyms *s = &image->symbols;
	struct map_slot *slot;

	for (size_t i = 0; i < s->count; i++) {
		slot = map_slot_of(&image->names, s->items[i].name);
		if (!slot) {
			map_release(&image->names);
			return error_nomem(reterr);
		}
		if (!slot->value)
			slot->value = &s->items[i];
	}
	return 0;
}

int lkm_vmlinux_symbol(struct lkm_vmlinux *image, const char *name,
		       const struct lkm_ksym **ret, struct lkm_error **reterr)
{
	const struct lkm_ksym *found;
	int rc = vmlinux_read_symbols(image, reterr);

	if (rc == 0 && !image->names.count)
		rc = vmlinux_map_names(image, reterr);
	if (rc < 0)
		return rc;
	found = map_get(&image->names, name);
	if (!found)
		return 0;
	*ret = found;
	return 1;
}

int lkm_vmlinux_symbol_at(struct lkm_vmlinux *image, uint64_t address,
			  const struct lkm_ksym **ret,
			  struct lkm_error **reterr)
{
	const struct lkm_ksym *items;
	size_t low = 0, high;
	int rc = vmlinux_read_symbols(image, reterr);

	if (rc < 0)
		return rc;
	items = image->symbols.items;
	high = image->symbols.count;
	/* Symbols [0, low) begin at or before @address, [high, count) behind.
	 */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || !kimage_has(&image->kimage, address))
		return 0;
	/* The first of several names, as the kernel's own lookup has it. */
	low--;
	while (low && items[low - 1].address == items[low].address)
		low--;
	*ret = &items[low];
	return 1;
}

static const struct lkm_ksym *vmlinux_find(void *ctx, const char *name)
{
	const struct lkm_ksym *symbol;

	return lkm_vmlinux_symbol(ctx, name, &symbol, NULL) > 0 ? symbol : NULL;
}

int lkm_vmlinux_exports(struct lkm_vmlinux *image,
			const struct lkm_kexport **ret, size_t *ret_count,
			struct lkm_error **reterr)
{
	struct kfinder finder = { vmlinux_find, image };
	int rc = 0;

	if (!image->has_exports)
		rc = kexports_read(&image->kimage, &finder, &image->arena,
				   &image->exports, reterr);
	if (rc < 0)
		return rc;
	image->has_exports = true;
	*ret = image->exports.items;
	*ret_count = image->exports.count;
	return 0;
}

static int compare_export(const void *key, const void *item)
{
	return strcmp(key, ((const struct lkm_kexport *)item)->name);
}

int lkm_vmlinux_export(struct lkm_vmlinux *image, const char *name,
		       const struct lkm_kexport **ret,
		       struct lkm_error **reterr)
{
	const struct lkm_kexport *items, *found;
	size_t count;
	int rc = lkm_vmlinux_exports(image, &items, &count, reterr);

	if (rc < 0)
		return rc;
	found = bsearch(name, items, count, sizeof(*items), compare_export);
	if (!found)
		return 0;
	*ret = found;
	return 1;
}

static int vmlinux_read_btf(struct lkm_vmlinux *image,
			    struct lkm_error **reterr)
{
	static const char *const ends[] = { "__start_BTF", "__stop_BTF" };
	struct kfinder finder = { vmlinux_find, image };
	struct kimage *k = &image->kimage;
	struct btf btf = { .file = image->path,
			   .is_big_endian = kimage_big(k),
			   .pointer = kimage_word(k) };
	struct span bytes;
	uint64_t address;
	int rc;

	if (image->has_btf)
		return 0;
	if (!kparts_find(k, &finder, ".BTF", ends, &bytes, &address))
		return kimage_absent(k, "BTF", reterr);
	rc = btf_open(&btf, bytes, reterr);
	if (rc < 0) {
		btf_release(&btf);
		return rc;
	}
	image->btf = btf;
	image->has_btf = true;
	return 0;
}

int lkm_vmlinux_member(struct lkm_vmlinux *image, const char *path,
		       struct lkm_btf_member *ret, struct lkm_error **reterr)
{
	int rc = vmlinux_read_btf(image, reterr);

	return rc < 0 ? rc : btf_member(&image->btf, path, ret, reterr);
}

int lkm_vmlinux_sizeof(struct lkm_vmlinux *image, const char *type,
		       uint32_t *ret, struct lkm_error **reterr)
{
	int rc = vmlinux_read_btf(image, reterr);

	return rc < 0 ? rc : btf_sizeof(&image->btf, type, ret, reterr);
}

int lkm_vmlinux_enumerator(struct lkm_vmlinux *image, const char *name,
			   int64_t *ret, struct lkm_error **reterr)
{
	int rc = vmlinux_read_btf(image, reterr);

	return rc < 0 ? rc : btf_enumerator(&image->btf, name, ret, reterr);
}

int lkm_vmlinux_params(struct lkm_vmlinux *image, const struct lkm_kparam **ret,
		       size_t *ret_count, struct lkm_error **reterr)
{
	struct kfinder finder = { vmlinux_find, image };
	int rc = 0;

	if (!image->has_params)
		rc = kparams_read(&image->kimage, &finder, &image->arena,
				  &image->params, reterr);
	if (rc < 0)
		return rc;
	image->has_params = true;
	*ret = image->params.items;
	*ret_count = image->params.count;
	return 0;
}

int lkm_vmlinux_certs(struct lkm_vmlinux *image, const struct lkm_kcert **ret,
		      size_t *ret_count, struct lkm_error **reterr)
{
	struct kfinder finder = { vmlinux_find, image };
	int rc = 0;

	if (!image->has_certs)
		rc = kcerts_read(&image->kimage, &finder, &image->arena,
				 &image->certs, reterr);
	if (rc < 0)
		return rc;
	image->has_certs = true;
	*ret = image->certs.items;
	*ret_count = image->certs.count;
	return 0;
}

const char *lkm_vmlinux_banner(struct lkm_vmlinux *image)
{
	struct kfinder finder = { vmlinux_find, image };

	if (!image->has_banner)
		image->banner = kbanner_read(&image->kimage, &finder,
					     &image->arena);
	image->has_banner = true;
	return image->banner;
}

const char *lkm_vmlinux_release(struct lkm_vmlinux *image)
{
	const char *banner = lkm_vmlinux_banner(image);

	if (banner && !image->release)
		image->release = kbanner_release(banner, &image->arena);
	return image->release;
}

bool lkm_vmlinux_machine(const struct lkm_vmlinux *image, uint16_t *ret)
{
	if (image->kimage.is_raw)
		return false;
	*ret = image->kimage.elf.header.machine;
	return true;
}

const char *lkm_vmlinux_vermagic(struct lkm_vmlinux *image)
{
	const struct lkm_ksym *symbol;
	struct span text;
	const char *magic;

	/* kernel/module/main.c, "static const char vermagic[]" */
	if (lkm_vmlinux_symbol(image, "vermagic", &symbol, NULL) <= 0 ||
	    !kimage_rest(&image->kimage, symbol->address, VERMAGIC_MAX,
			 &text) ||
	    !span_string(text, 0, &magic) || !*magic)
		return NULL;
	return magic;
}
