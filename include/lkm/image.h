// SPDX-License-Identifier: LGPL-2.1-or-later
// One module file: what is in it.
#pragma once

#include <lkm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: module images
 *
 * A &struct lkm_image is one .ko file (.ko.gz, .ko.xz, .ko.zst too), of any
 * architecture that ELF knows (32 or 64 bits, either byte order).  Its bytes
 * are not trusted; nothing is loaded and no privilege is needed.  Every array
 * and string that an accessor returns belongs to the image and lives until
 * lkm_image_free().  One image is not for use by two threads at once.
 */
struct lkm_image;

/** enum lkm_compression - how the file is stored */
enum lkm_compression {
	LKM_COMPRESSION_NONE,
	LKM_COMPRESSION_GZIP,
	LKM_COMPRESSION_XZ,
	LKM_COMPRESSION_ZSTD,
	LKM_COMPRESSION_LZ4, /**< this and the next: of kernel images only */
	LKM_COMPRESSION_LZO,
	LKM_COMPRESSION_BZIP2,
	LKM_COMPRESSION_LZMA,
};

/** struct lkm_modinfo - one "key=value" of section .modinfo, in file order */
struct lkm_modinfo {
	const char *key;
	const char *value;
};

/** struct lkm_export - a symbol that the module offers to others */
struct lkm_export {
	const char *name;
	const char *name_space; /**< symbol namespace, NULL: none */
	uint32_t crc;
	bool has_crc;
	bool gpl_only;
};

/** struct lkm_need - a symbol that the module takes from others */
struct lkm_need {
	const char *name;
	uint32_t crc;
	bool has_crc; /**< listed in __versions or __version_ext_* */
	bool weak;    /**< may be absent */
};

/** struct lkm_version - an entry of __versions or __version_ext_names/_crcs */
struct lkm_version {
	const char *name;
	uint32_t crc;
};

/** struct lkm_section - an ELF section */
struct lkm_section {
	const char *name;
	uint32_t type;	 /**< SHT_* */
	uint64_t flags;	 /**< SHF_* */
	uint64_t offset; /**< bytes from the start of the (decompressed) file */
	uint64_t size;	 /**< bytes */
	uint32_t link;
	uint32_t info;
};

/** struct lkm_elf - the ELF header, in host byte order */
struct lkm_elf {
	bool is_64;
	bool is_big_endian;
	uint16_t type;	  /**< ET_*; a module is ET_REL (1) */
	uint16_t machine; /**< EM_* */
	uint32_t flags;
};

/** struct lkm_signature - the appended signature (not verified here) */
struct lkm_signature {
	uint8_t algo; /**< trailer fields; 0 for PKCS#7 */
	uint8_t hash;
	uint8_t id_type; /**< 2: PKCS#7 */
	uint8_t signer_len;
	uint8_t key_id_len;
	const uint8_t *data; /**< the signature blob (DER for PKCS#7) */
	size_t size;
	uint64_t signed_size; /**< bytes of the file that are signed */
};

/**
 * lkm_image_open() - open a module file
 * @path: the file
 *
 * Return: 0; sys.failed, image.* on failure
 */
int lkm_image_open(const char *path, struct lkm_image **ret,
		   struct lkm_error **reterr);
/** lkm_image_open_fd() - as above; @fd is taken over on success; @name is what
 * messages call it */
int lkm_image_open_fd(int fd, const char *name, struct lkm_image **ret,
		      struct lkm_error **reterr);
/** lkm_image_open_memory() - @bytes are borrowed and must outlive the image */
int lkm_image_open_memory(const void *bytes, size_t size, const char *name,
			  struct lkm_image **ret, struct lkm_error **reterr);
/** lkm_image_free() - NULL is fine */
void lkm_image_free(struct lkm_image *image);

/** lkm_image_path() - as given when opened */
const char *lkm_image_path(const struct lkm_image *image);
/** lkm_image_name() - the module's name: modinfo "name", else from the file
 * name */
const char *lkm_image_name(struct lkm_image *image);
/** lkm_image_compression() - how the file is stored */
enum lkm_compression lkm_image_compression(const struct lkm_image *image);
/** lkm_compression_name() - "none", "gzip", "xz", "zstd", "lz4", "lzo", "bzip2"
 * or "lzma" */
const char *lkm_compression_name(enum lkm_compression compression);
/** lkm_image_fd() - the open file, -1 for memory; borrowed */
int lkm_image_fd(const struct lkm_image *image);
/** lkm_image_content() - the whole file, decompressed; borrowed */
int lkm_image_content(struct lkm_image *image, const void **ret_bytes,
		      size_t *ret_size, struct lkm_error **reterr);
/** lkm_image_elf() - the ELF header; borrowed */
const struct lkm_elf *lkm_image_elf(const struct lkm_image *image);

/** lkm_image_modinfo() - all of .modinfo; a module without one gives 0 entries
 */
int lkm_image_modinfo(struct lkm_image *image, const struct lkm_modinfo **ret,
		      size_t *ret_count, struct lkm_error **reterr);
/** lkm_image_modinfo_get() - first value of @key, NULL: absent or unreadable */
const char *lkm_image_modinfo_get(struct lkm_image *image, const char *key);
/** lkm_image_exports() - exported symbols, in the order of __ksymtab_strings */
int lkm_image_exports(struct lkm_image *image, const struct lkm_export **ret,
		      size_t *ret_count, struct lkm_error **reterr);
/** lkm_image_needs() - undefined symbols, in the order of the symbol table */
int lkm_image_needs(struct lkm_image *image, const struct lkm_need **ret,
		    size_t *ret_count, struct lkm_error **reterr);
/** lkm_image_versions() - symbol versions, in file order */
int lkm_image_versions(struct lkm_image *image, const struct lkm_version **ret,
		       size_t *ret_count, struct lkm_error **reterr);
/** lkm_image_sections() - the section table, entry 0 included */
int lkm_image_sections(struct lkm_image *image, const struct lkm_section **ret,
		       size_t *ret_count, struct lkm_error **reterr);
/** lkm_image_section_data() - contents of section @index; size 0 for SHT_NOBITS
 */
int lkm_image_section_data(struct lkm_image *image, size_t index,
			   const void **ret_bytes, size_t *ret_size,
			   struct lkm_error **reterr);
/**
 * lkm_image_signature() - the appended signature
 *
 * Return: 1 and *@ret; 0 when the file is not signed; image.signature.* when
 * the trailer is malformed
 */
int lkm_image_signature(struct lkm_image *image, struct lkm_signature *ret,
			struct lkm_error **reterr);
/** lkm_image_build_id() - .note.gnu.build-id: 1 and bytes, 0: none */
int lkm_image_build_id(struct lkm_image *image, const uint8_t **ret,
		       size_t *ret_size, struct lkm_error **reterr);

#ifdef __cplusplus
}
#endif
