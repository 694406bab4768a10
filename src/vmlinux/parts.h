// SPDX-License-Identifier: LGPL-2.1-or-later
// What the parts of a kernel say, each read into an arena.
#pragma once

#include "vmlinux/kallsyms.h"

/* Debian's 6.12 has 11,235. */
#define KEXPORTS_MAX ((uint64_t)1 << 20)
#define KPARAMS_MAX ((uint64_t)1 << 16)
#define KCERTS_MAX 4096
/* As long as a symbol's; namespaces and parameters too. */
#define KNAME_MAX KSYM_NAME_MAX

struct kexports {
	struct lkm_kexport *items; /* sorted by name */
	size_t count;
};

struct kparams {
	struct lkm_kparam *items;
	size_t count;
};

struct kcerts {
	struct lkm_kcert *items;
	size_t count;
};

/* Symbols, where there are any, to look up addresses: NULL, none. */
struct kfinder {
	const struct lkm_ksym *(*find)(void *ctx, const char *name);
	void *ctx;
};

/*
 * What is linked from symbol @start to symbol @stop, in one section named
 * @section (where that is not NULL): by the section table, else by symbols.
 * @ret_address: of its first byte.
 */
bool kparts_find(const struct kimage *k, const struct kfinder *f,
		 const char *section, const char *const ends[2],
		 struct span *ret, uint64_t *ret_address);

/* All: vmlinux.absent, vmlinux.broken, vmlinux.limit. */
int krelocs_read(const struct kimage *k, struct arena *out,
		 struct lkm_krelocs *ret, struct lkm_error **reterr);
int kexports_read(const struct kimage *k, const struct kfinder *f,
		  struct arena *out, struct kexports *ret,
		  struct lkm_error **reterr);
int kparams_read(const struct kimage *k, const struct kfinder *f,
		 struct arena *out, struct kparams *ret,
		 struct lkm_error **reterr);
int kcerts_read(const struct kimage *k, const struct kfinder *f,
		struct arena *out, struct kcerts *ret,
		struct lkm_error **reterr);
/* "Linux version ..." without its newline; NULL: it has none, or no memory. */
const char *kbanner_read(const struct kimage *k, const struct kfinder *f,
			 struct arena *out);
/* The third word of it. */
const char *kbanner_release(const char *banner, struct arena *out);
