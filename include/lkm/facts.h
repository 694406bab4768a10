// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of a kernel: a value, read once, decided on by others.
#pragma once

#include <lkm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum lkm_initstate - state of a loaded module */
enum lkm_initstate {
	LKM_STATE_LIVE,
	LKM_STATE_COMING, /**< its init function runs */
	LKM_STATE_GOING,
};

/** struct lkm_loaded - a module in a kernel (a line of /proc/modules) */
struct lkm_loaded {
	const char *name;
	uint64_t size;		    /**< bytes */
	long refcount;		    /**< users; -1: cannot be unloaded */
	const char *const *holders; /**< modules that use it */
	size_t holder_count;
	enum lkm_initstate state;
	uint64_t address;	/**< 0: hidden */
	const char *taints;	/**< letters, "" */
	const char *version;	/**< /sys/module/NAME/version, NULL: none or not
				   read */
	const char *srcversion; /**< /sys/module/NAME/srcversion, as above */
};

/** enum lkm_known - yes, no, or nobody could tell */
enum lkm_known { LKM_UNKNOWN = -1, LKM_NO = 0, LKM_YES = 1 };

/** struct lkm_facts - opaque; made by lkm_kernel_facts() or by hand */
struct lkm_facts;

struct lkm_facts *lkm_facts_new(void);
void lkm_facts_free(struct lkm_facts *facts);

/** lkm_facts_add() - a loaded module; everything is copied; false: no memory */
bool lkm_facts_add(struct lkm_facts *facts, const struct lkm_loaded *module);
/** lkm_facts_loaded() - the loaded module @name ('-' is '_'), or NULL */
const struct lkm_loaded *lkm_facts_loaded(const struct lkm_facts *facts,
					  const char *name);
/** lkm_facts_modules() - all, in the kernel's order (newest first) */
const struct lkm_loaded *lkm_facts_modules(const struct lkm_facts *facts,
					   size_t *ret_count);

/** enum lkm_fact - single answers; unset ones are LKM_UNKNOWN or NULL */
enum lkm_fact {
	LKM_FACT_RELEASE,	   /**< text: uname -r */
	LKM_FACT_MACHINE,	   /**< text: uname -m */
	LKM_FACT_CMDLINE,	   /**< text: kernel command line */
	LKM_FACT_COMPRESSION,	   /**< text: /sys/module/compression */
	LKM_FACT_LOCKDOWN,	   /**< text: "none", "integrity", ... */
	LKM_FACT_HAS_MODULES,	   /**< known: /proc/modules is there */
	LKM_FACT_MODULES_DISABLED, /**< known: kernel.modules_disabled */
	LKM_FACT_SIG_ENFORCE,	   /**< known: module.sig_enforce */
	LKM_FACT_CAN_LOAD, /**< known: CAP_SYS_MODULE in the initial namespace
			    */
	LKM_FACT_COUNT_
};

bool lkm_facts_set_text(struct lkm_facts *facts, enum lkm_fact fact,
			const char *value);
void lkm_facts_set_known(struct lkm_facts *facts, enum lkm_fact fact,
			 enum lkm_known value);
const char *lkm_facts_text(const struct lkm_facts *facts, enum lkm_fact fact);
enum lkm_known lkm_facts_known(const struct lkm_facts *facts,
			       enum lkm_fact fact);

#ifdef __cplusplus
}
#endif
