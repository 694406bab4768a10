// SPDX-License-Identifier: LGPL-2.1-or-later
// One kernel image file: what is in it.
#pragma once

#include <lkm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: kernel images
 *
 * A &struct lkm_vmlinux is a bzImage as distributions ship it (vmlinuz), the
 * ELF file inside, or arm64's Image; of the latter two also packed ones
 * (Image.gz, vmlinux.xz).  Its bytes are not trusted; nothing is executed and
 * no privilege is needed.  What an accessor returns belongs to the image and
 * lives until lkm_vmlinux_free().  Parts are read when first asked for; an
 * image that lacks one (no kallsyms, no BTF, no relocations) says so by an id
 * (vmlinux.absent, fact "part") and is good for the others; so is one in which
 * a part is malformed (vmlinux.broken).  One image is not for use by two
 * threads at once.
 *
 * Addresses are those that the kernel was linked for ("nokaslr").  On x86-64 up
 * to v6.14 those of percpu symbols are offsets into the percpu area, from 0;
 * lkm_vmlinux_bytes() knows them as such.
 */
struct lkm_vmlinux;

/** struct lkm_ksym - a symbol of the kernel, from its kallsyms */
struct lkm_ksym {
	uint64_t address; /**< as linked */
	const char *name;
	char type; /**< as in /proc/kallsyms: 'T', 't', 'D', 'A', ... */
};

/** struct lkm_kexport - a symbol that the kernel exports to modules */
struct lkm_kexport {
	const char *name;
	const char *name_space; /**< NULL: none */
	uint64_t address;
	uint32_t crc;
	bool has_crc;
	bool gpl_only;
};

/**
 * struct lkm_krelocs - link addresses whose contents move with the kernel
 *
 * As the table has them: a place inside of the percpu area stands with the
 * address at which its initial copy is loaded, p_paddr of that segment and the
 * kernel's map (0xffffffff80000000), not with its symbol's offset.  Kernels
 * from v6.15 on have no @inv32; i386 has @abs32 only.
 */
struct lkm_krelocs {
	const uint64_t *abs32; /**< 32-bit: add the distance */
	size_t abs32_count;
	const uint64_t *inv32; /**< 32-bit, of percpu: subtract it */
	size_t inv32_count;
	const uint64_t *abs64; /**< 64-bit: add it */
	size_t abs64_count;
};

/** struct lkm_kparam - a parameter of a module that is built in */
struct lkm_kparam {
	const char *name; /**< "module.param", or "param" of the core's own */
	uint16_t perm;	  /**< mode of its file in /sys, 0: none */
	int8_t level;
	uint8_t flags;
};

/** struct lkm_btf_member - where a member of a structure is */
struct lkm_btf_member {
	uint32_t bit_offset;
	uint32_t bit_size; /**< of a bit field, else 0 */
	uint32_t size;	   /**< bytes of its type */
};

/** struct lkm_kcert - a certificate of the built-in key list */
struct lkm_kcert {
	const uint8_t *der;
	size_t size;
};

/**
 * lkm_vmlinux_open() - read a kernel image file, unpack it
 *
 * Return: 0; sys.failed, vmlinux.format, vmlinux.truncated, vmlinux.broken,
 * image.* on failure
 */
int lkm_vmlinux_open(const char *path, struct lkm_vmlinux **ret,
		     struct lkm_error **reterr);
/** lkm_vmlinux_open_memory() - @bytes are borrowed and must outlive the image
 */
int lkm_vmlinux_open_memory(const void *bytes, size_t size, const char *name,
			    struct lkm_vmlinux **ret,
			    struct lkm_error **reterr);
/** lkm_vmlinux_free() - NULL is fine */
void lkm_vmlinux_free(struct lkm_vmlinux *image);
/** lkm_vmlinux_path() - as given when opened */
const char *lkm_vmlinux_path(const struct lkm_vmlinux *image);
/** lkm_vmlinux_payload() - how it was packed: "gzip", "xz", "zstd", "lz4",
 * "lzo", "bzip2", "lzma"; "none" */
const char *lkm_vmlinux_payload(const struct lkm_vmlinux *image);
/** lkm_vmlinux_banner() - "Linux version ..."; NULL where it has none */
const char *lkm_vmlinux_banner(struct lkm_vmlinux *image);
/** lkm_vmlinux_release() - as uname -r of it; NULL where the image does not say
 */
const char *lkm_vmlinux_release(struct lkm_vmlinux *image);
/** lkm_vmlinux_machine() - EM_* of its ELF header; false: no ELF file */
bool lkm_vmlinux_machine(const struct lkm_vmlinux *image, uint16_t *ret);
/** lkm_vmlinux_vermagic() - what it wants of modules, as in their modinfo; NULL
 * where the image does not say */
const char *lkm_vmlinux_vermagic(struct lkm_vmlinux *image);
/** lkm_vmlinux_elf() - the unpacked ELF file, without what is appended to it;
 * vmlinux.absent for arm64's Image */
int lkm_vmlinux_elf(struct lkm_vmlinux *image, const void **ret_bytes,
		    size_t *ret_size, struct lkm_error **reterr);
/** lkm_vmlinux_read() - @size bytes at @offset of that file into the caller's
 * memory; vmlinux.broken beyond its end.  Of a kernel that is kept unpacked
 * only these are read */
int lkm_vmlinux_read(struct lkm_vmlinux *image, uint64_t offset, size_t size,
		     void *ret, struct lkm_error **reterr);
/** lkm_vmlinux_relocs() - the relocation table (bzImage with
 * CONFIG_RELOCATABLE) */
int lkm_vmlinux_relocs(struct lkm_vmlinux *image, struct lkm_krelocs *ret,
		       struct lkm_error **reterr);
/** lkm_vmlinux_symbols() - all, by address, in the kernel's order: of kallsyms,
 * where there is none of .symtab */
int lkm_vmlinux_symbols(struct lkm_vmlinux *image, const struct lkm_ksym **ret,
			size_t *ret_count, struct lkm_error **reterr);
/** lkm_vmlinux_symbol() - the first of that name: 1, 0: none */
int lkm_vmlinux_symbol(struct lkm_vmlinux *image, const char *name,
		       const struct lkm_ksym **ret, struct lkm_error **reterr);
/** lkm_vmlinux_symbol_at() - the symbol that @address is in: 1, 0: none.  Of
 * several there, the first */
int lkm_vmlinux_symbol_at(struct lkm_vmlinux *image, uint64_t address,
			  const struct lkm_ksym **ret,
			  struct lkm_error **reterr);
/** lkm_vmlinux_exports() - sorted by name */
int lkm_vmlinux_exports(struct lkm_vmlinux *image,
			const struct lkm_kexport **ret, size_t *ret_count,
			struct lkm_error **reterr);
/** lkm_vmlinux_export() - by name: 1, 0: none */
int lkm_vmlinux_export(struct lkm_vmlinux *image, const char *name,
		       const struct lkm_kexport **ret,
		       struct lkm_error **reterr);
/**
 * lkm_vmlinux_member() - where a member is: 1, 0: no such structure or member
 * @path: "task_struct.pid", "task_struct.se.vruntime"; the first word is a
 *	structure, union or typedef; members of unnamed structures and unions
 *	are found by their own name
 */
int lkm_vmlinux_member(struct lkm_vmlinux *image, const char *path,
		       struct lkm_btf_member *ret, struct lkm_error **reterr);
/** lkm_vmlinux_sizeof() - of "struct NAME", "union NAME", a typedef or a basic
 * type: 1, 0: no such type */
int lkm_vmlinux_sizeof(struct lkm_vmlinux *image, const char *type,
		       uint32_t *ret, struct lkm_error **reterr);
/** lkm_vmlinux_enumerator() - the value of an enumerator: 1, 0: none */
int lkm_vmlinux_enumerator(struct lkm_vmlinux *image, const char *name,
			   int64_t *ret, struct lkm_error **reterr);
/** lkm_vmlinux_params() - parameters of built-in modules */
int lkm_vmlinux_params(struct lkm_vmlinux *image, const struct lkm_kparam **ret,
		       size_t *ret_count, struct lkm_error **reterr);
/** lkm_vmlinux_certs() - X.509 certificates of the kernel's built-in key list
 */
int lkm_vmlinux_certs(struct lkm_vmlinux *image, const struct lkm_kcert **ret,
		      size_t *ret_count, struct lkm_error **reterr);
/** lkm_vmlinux_bytes() - @size bytes at a link address: 1, 0: not all of them
 * are in the file (bss) */
int lkm_vmlinux_bytes(struct lkm_vmlinux *image, uint64_t address, size_t size,
		      const void **ret, struct lkm_error **reterr);

#ifdef __cplusplus
}
#endif
