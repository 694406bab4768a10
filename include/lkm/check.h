// SPDX-License-Identifier: LGPL-2.1-or-later
// Would a kernel take this module, and if it did not: why.
#pragma once

#include <lkm/facts.h>
#include <lkm/tree.h>
#include <lkm/trust.h>
#include <lkm/vmlinux.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct lkm_check_options - zero this, then set @size
 * @size: sizeof(struct lkm_check_options)
 * @params: "a=1 b=2", NULL: none
 * @facts: of the kernel in question, NULL: nothing is known of it
 * @tree: that kernel's modules, NULL: none at hand
 * @kernel: its image, NULL: none at hand.  With it every symbol is looked up:
 *	is it there, in that version, for this license and namespace
 * @keys: that it trusts, NULL: signatures are not verified.  A key that is not
 *	among them is no finding: the kernel may know more
 */
struct lkm_check_options {
	size_t size;
	const char *params;
	const struct lkm_facts *facts;
	struct lkm_tree *tree;
	struct lkm_vmlinux *kernel;
	const struct lkm_keys *keys;
};

/**
 * lkm_check_file() - what speaks against loading this file?
 * @path: module file, compressed or not; its bytes are not trusted
 * @options: what the file is held against, NULL: itself alone
 *
 * Makes the kernel's own checks in the kernel's order, as far as they can be
 * made from outside; needs no privilege and changes nothing.
 *
 * Return: 0 when nothing was found, which is no promise: what the module's init
 * function does is not known, nor without @kernel its symbols.
 * Else the first finding: module.*, kernel.lockdown; sys.failed
 */
int lkm_check_file(const char *path, const struct lkm_check_options *options,
		   struct lkm_error **reterr);
/**
 * lkm_check_refusal() - the reason behind an error of lkm_kernel_load() or
 * lkm_kernel_run()
 * @refusal: that error; taken over, it becomes the cause of the new one
 * @options: @facts as of after the refusal; @params is not looked at
 *
 * Turns kernel.load.refused into what the kernel's log, the file and the facts
 * tell, with the basis on which that is known; hands any other error on.
 *
 * Return: the negative code of *@reterr: module.*, kernel.lockdown, or that of
 * @refusal
 */
int lkm_check_refusal(struct lkm_error *refusal,
		      const struct lkm_check_options *options,
		      struct lkm_error **reterr);

#ifdef __cplusplus
}
#endif
