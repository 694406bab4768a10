// SPDX-License-Identifier: LGPL-2.1-or-later
// libkmod.so.2: the interface of kmod's library, on top of liblkm.
#ifndef LKM_LIBKMOD_H
#define LKM_LIBKMOD_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: contexts, modules, lists
 *
 * A &struct kmod_ctx says where modules are and what the configuration is; all
 * else is made from one.  One context serves one thread at a time; different
 * contexts are independent.  Contexts and modules count their references: what
 * a function returns or puts into a list is the caller's to unref.  Strings
 * are borrowed and live as long as what they were asked from.
 *
 * Functions that return int give 0 (or a count) or a negative errno.
 * kmod_module_probe_insert_module() also gives positive results.
 *
 * The same module (name and alias) of one context is always the same object.
 */
struct kmod_ctx;

/**
 * kmod_new() - open a context
 * @dirname: the directory with modules.dep.bin and so on; NULL:
 *	/lib/modules/RELEASE of the running kernel
 * @config_paths: directories or files with modprobe.d lines, ended by NULL;
 *	NULL: the default directories; an empty list: none
 *
 * Reads the configuration and the kernel's command line.
 *
 * Return: a context with one reference; NULL on failure
 */
struct kmod_ctx *kmod_new(const char *dirname, const char *const *config_paths);
/** kmod_ref() - one more reference; returns @ctx */
struct kmod_ctx *kmod_ref(struct kmod_ctx *ctx);
/** kmod_unref() - give a reference back; NULL when it was the last */
struct kmod_ctx *kmod_unref(struct kmod_ctx *ctx);
/**
 * kmod_set_log_fn() - who gets messages
 * @log_fn: NULL: nobody; until set, stderr
 * @data: passed on
 */
void kmod_set_log_fn(struct kmod_ctx *ctx,
		     void (*log_fn)(void *log_data, int priority,
				    const char *file, int line, const char *fn,
				    const char *format, va_list args),
		     const void *data);
/** kmod_get_log_priority() - the least urgent priority of syslog.h that is
 * told; -1: no context */
int kmod_get_log_priority(const struct kmod_ctx *ctx);
/** kmod_set_log_priority() - at first LOG_ERR, or what $KMOD_LOG says */
void kmod_set_log_priority(struct kmod_ctx *ctx, int priority);
/** kmod_get_userdata() - what kmod_set_userdata() was given */
void *kmod_get_userdata(const struct kmod_ctx *ctx);
/** kmod_set_userdata() - keep a pointer of the caller */
void kmod_set_userdata(struct kmod_ctx *ctx, const void *userdata);
/** kmod_get_dirname() - the directory, absolute (since 22) */
const char *kmod_get_dirname(const struct kmod_ctx *ctx);

/**
 * kmod_load_resources() - keep the indexes open until unloaded
 *
 * Lookups are faster then, and all of one moment.  A damaged .bin file is
 * answered for by its text file.
 *
 * Return: 0; -ENOENT without indexes
 */
int kmod_load_resources(struct kmod_ctx *ctx);
/** kmod_unload_resources() - from now on the indexes are opened as needed */
void kmod_unload_resources(struct kmod_ctx *ctx);

/** enum kmod_resources - what kmod_validate_resources() finds */
enum kmod_resources {
	KMOD_RESOURCES_OK = 0,
	KMOD_RESOURCES_MUST_RELOAD = 1,	  /**< indexes changed: unload, load */
	KMOD_RESOURCES_MUST_RECREATE = 2, /**< configuration changed: new ctx */
};
/** kmod_validate_resources() - has anything changed on disk since? */
int kmod_validate_resources(struct kmod_ctx *ctx);

/** enum kmod_index - the indexes of a module directory */
enum kmod_index {
	KMOD_INDEX_MODULES_DEP = 0,
	KMOD_INDEX_MODULES_ALIAS,
	KMOD_INDEX_MODULES_SYMBOL,
	KMOD_INDEX_MODULES_BUILTIN_ALIAS,
	KMOD_INDEX_MODULES_BUILTIN,
	_KMOD_INDEX_PAD = 1U << 31, /**< keeps the type as wide as an int */
};
/** kmod_dump_index() - write the lines of an index to @fd */
int kmod_dump_index(struct kmod_ctx *ctx, enum kmod_index type, int fd);

/** struct kmod_list - a list, or one entry of it; NULL is an empty list */
struct kmod_list;
/** kmod_list_next() - behind @curr of @list; NULL: that was the last */
struct kmod_list *kmod_list_next(const struct kmod_list *list,
				 const struct kmod_list *curr);
/** kmod_list_prev() - before @curr of @list; NULL: that was the first */
struct kmod_list *kmod_list_prev(const struct kmod_list *list,
				 const struct kmod_list *curr);
/** kmod_list_last() - the last entry */
struct kmod_list *kmod_list_last(const struct kmod_list *list);

/** kmod_list_foreach() - each entry; the list must not change meanwhile */
#define kmod_list_foreach(list_entry, first_entry)      \
	for (list_entry = first_entry; list_entry != 0; \
	     list_entry = kmod_list_next(first_entry, list_entry))

/** kmod_list_foreach_reverse() - as above, from the last */
#define kmod_list_foreach_reverse(list_entry, first_entry)              \
	for (list_entry = kmod_list_last(first_entry); list_entry != 0; \
	     list_entry = kmod_list_prev(first_entry, list_entry))

/**
 * DOC: directives
 *
 * An iterator stands before the first line of its kind; each
 * kmod_config_iter_next() takes it to the next, and false ends it.  Keys and
 * values live as long as the context.
 */
struct kmod_config_iter;
/** kmod_config_get_blacklists() - key: module; no value */
struct kmod_config_iter *kmod_config_get_blacklists(const struct kmod_ctx *ctx);
/** kmod_config_get_install_commands() - key: module; value: command */
struct kmod_config_iter *
kmod_config_get_install_commands(const struct kmod_ctx *ctx);
/** kmod_config_get_remove_commands() - key: module; value: command */
struct kmod_config_iter *
kmod_config_get_remove_commands(const struct kmod_ctx *ctx);
/** kmod_config_get_aliases() - key: pattern; value: module */
struct kmod_config_iter *kmod_config_get_aliases(const struct kmod_ctx *ctx);
/** kmod_config_get_options() - key: module or alias; value: parameters */
struct kmod_config_iter *kmod_config_get_options(const struct kmod_ctx *ctx);
/** kmod_config_get_softdeps() - key: module; value: "pre: a post: b" */
struct kmod_config_iter *kmod_config_get_softdeps(const struct kmod_ctx *ctx);
/** kmod_config_get_weakdeps() - key: module; value: "a b" (since 33) */
struct kmod_config_iter *kmod_config_get_weakdeps(const struct kmod_ctx *ctx);
/** kmod_config_iter_get_key() - of the current line; NULL: there is none */
const char *kmod_config_iter_get_key(const struct kmod_config_iter *iter);
/** kmod_config_iter_get_value() - of the current line; NULL: it has none */
const char *kmod_config_iter_get_value(const struct kmod_config_iter *iter);
/** kmod_config_iter_next() - go on; false at the end */
bool kmod_config_iter_next(struct kmod_config_iter *iter);
/** kmod_config_iter_free_iter() - NULL is fine */
void kmod_config_iter_free_iter(struct kmod_config_iter *iter);

/** struct kmod_module - a module by its name, whether it exists or not */
struct kmod_module;
/** kmod_module_new_from_name() - any name; nothing is looked up */
int kmod_module_new_from_name(struct kmod_ctx *ctx, const char *name,
			      struct kmod_module **mod);
/**
 * kmod_module_new_from_path() - the module of a file
 *
 * Return: 0; -EEXIST: the context knows that module from another file
 */
int kmod_module_new_from_path(struct kmod_ctx *ctx, const char *path,
			      struct kmod_module **mod);
/**
 * kmod_module_new_from_lookup() - all that a name or alias stands for
 * @list: NULL before; NULL afterwards: nothing was found, which is no error
 *
 * The first of these that knows it decides: alias lines, module names,
 * symbols ("symbol:X"), install and remove lines, aliases of modules, names
 * and aliases of built-in modules.
 *
 * Return: 0; -EINVAL: not an alias; -ENOSYS: *@list is not NULL
 */
int kmod_module_new_from_lookup(struct kmod_ctx *ctx, const char *given_alias,
				struct kmod_list **list);
/**
 * kmod_module_new_from_name_lookup() - a module or built-in of that very name
 * @mod: untouched when there is none, which is no error
 *
 * Since 30.
 */
int kmod_module_new_from_name_lookup(struct kmod_ctx *ctx, const char *modname,
				     struct kmod_module **mod);
/** kmod_module_new_from_loaded() - what is in the running kernel */
int kmod_module_new_from_loaded(struct kmod_ctx *ctx, struct kmod_list **list);
/** kmod_module_ref() - one more reference; returns @mod */
struct kmod_module *kmod_module_ref(struct kmod_module *mod);
/** kmod_module_unref() - give a reference back; NULL when it was the last */
struct kmod_module *kmod_module_unref(struct kmod_module *mod);
/** kmod_module_unref_list() - a list and the references in it; returns 0 */
int kmod_module_unref_list(struct kmod_list *list);
/** kmod_module_get_module() - a new reference to the module of an entry */
struct kmod_module *kmod_module_get_module(const struct kmod_list *entry);

/** enum kmod_remove - for kmod_module_remove_module() */
enum kmod_remove {
	KMOD_REMOVE_FORCE = O_TRUNC,	 /**< even in use */
	KMOD_REMOVE_NOWAIT = O_NONBLOCK, /**< always so */
	KMOD_REMOVE_NOLOG = 1,		 /**< no message on failure */
};

/** enum kmod_insert - for kmod_module_insert_module() */
enum kmod_insert {
	KMOD_INSERT_FORCE_VERMAGIC = 0x1,
	KMOD_INSERT_FORCE_MODVERSION = 0x2,
};

/** enum kmod_probe - for kmod_module_probe_insert_module() */
enum kmod_probe {
	KMOD_PROBE_FORCE_VERMAGIC = 0x00001,
	KMOD_PROBE_FORCE_MODVERSION = 0x00002,
	KMOD_PROBE_IGNORE_COMMAND = 0x00004, /**< no install line of @mod */
	KMOD_PROBE_IGNORE_LOADED = 0x00008,
	KMOD_PROBE_DRY_RUN = 0x00010,
	KMOD_PROBE_FAIL_ON_LOADED = 0x00020, /**< -EEXIST instead of 0 */
	/* these are results as well */
	KMOD_PROBE_APPLY_BLACKLIST_ALL = 0x10000, /**< to what @mod needs too */
	KMOD_PROBE_APPLY_BLACKLIST = 0x20000,
	KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY = 0x40000,
};

/** enum kmod_filter - for kmod_module_apply_filter(): what is left out */
enum kmod_filter {
	KMOD_FILTER_BLACKLIST = 0x00001,
	KMOD_FILTER_BUILTIN = 0x00002,
};

/** kmod_module_remove_module() - unload it, alone */
int kmod_module_remove_module(struct kmod_module *mod, unsigned int flags);
/** kmod_module_insert_module() - load its file, alone */
int kmod_module_insert_module(struct kmod_module *mod, unsigned int flags,
			      const char *options);
/**
 * kmod_module_probe_insert_module() - load it with what it needs
 * @extra_options: behind the configured ones; NULL: none
 * @run_install: runs the commands of install lines; NULL: /bin/sh does
 * @data: for @run_install
 * @print_action: told of each step before it is taken; may be NULL
 *
 * What "lkm forbid" forbids is not loaded by this way either.
 *
 * Return: 0; a positive &enum kmod_probe: a blacklist line for which that flag
 * stands stopped it; -EEXIST; -ENOENT; -EPERM: forbidden; what the kernel said
 */
int kmod_module_probe_insert_module(
	struct kmod_module *mod, unsigned int flags, const char *extra_options,
	int (*run_install)(struct kmod_module *m, const char *cmdline,
			   void *data),
	const void *data,
	void (*print_action)(struct kmod_module *m, bool install,
			     const char *options));

/** kmod_module_get_name() - with '_' */
const char *kmod_module_get_name(const struct kmod_module *mod);
/** kmod_module_get_path() - its file; NULL: there is none */
const char *kmod_module_get_path(const struct kmod_module *mod);
/** kmod_module_get_options() - configured parameters; NULL: none */
const char *kmod_module_get_options(const struct kmod_module *mod);
/** kmod_module_get_install_commands() - the command of its install line */
const char *kmod_module_get_install_commands(const struct kmod_module *mod);
/** kmod_module_get_remove_commands() - the command of its remove line */
const char *kmod_module_get_remove_commands(const struct kmod_module *mod);
/** kmod_module_get_dependencies() - what it needs, to be loaded in this order
 */
struct kmod_list *kmod_module_get_dependencies(const struct kmod_module *mod);
/** kmod_module_get_softdeps() - of its first softdep line */
int kmod_module_get_softdeps(const struct kmod_module *mod,
			     struct kmod_list **pre, struct kmod_list **post);
/** kmod_module_get_weakdeps() - of its first weakdep line (since 33) */
int kmod_module_get_weakdeps(const struct kmod_module *mod,
			     struct kmod_list **weak);
/** kmod_module_get_filtered_blacklist() - use kmod_module_apply_filter() */
int kmod_module_get_filtered_blacklist(const struct kmod_ctx *ctx,
				       const struct kmod_list *input,
				       struct kmod_list **output)
	__attribute__((deprecated));
/** kmod_module_apply_filter() - @input without what is blacklisted, or built in
 * (since 6) */
int kmod_module_apply_filter(const struct kmod_ctx *ctx,
			     enum kmod_filter filter_type,
			     const struct kmod_list *input,
			     struct kmod_list **output);

/** enum kmod_module_initstate - what the running kernel has of it */
enum kmod_module_initstate {
	KMOD_MODULE_BUILTIN = 0,
	KMOD_MODULE_LIVE,
	KMOD_MODULE_COMING,
	KMOD_MODULE_GOING,
	_KMOD_MODULE_PAD = 1U << 31, /**< keeps the type as wide as an int */
};
/** kmod_module_initstate_str() - "builtin", "live", ...; NULL: no state */
const char *kmod_module_initstate_str(enum kmod_module_initstate state);
/** kmod_module_get_initstate() - a state; -ENOENT: not loaded */
int kmod_module_get_initstate(const struct kmod_module *mod);
/** kmod_module_get_refcnt() - how many use it */
int kmod_module_get_refcnt(const struct kmod_module *mod);
/** kmod_module_get_holders() - the modules that use it */
struct kmod_list *kmod_module_get_holders(const struct kmod_module *mod);
/** kmod_module_get_sections() - where its sections are in memory */
struct kmod_list *kmod_module_get_sections(const struct kmod_module *mod);
const char *kmod_module_section_get_name(const struct kmod_list *entry);
unsigned long kmod_module_section_get_address(const struct kmod_list *entry);
void kmod_module_section_free_list(struct kmod_list *list);
/** kmod_module_get_size() - bytes in memory */
long kmod_module_get_size(const struct kmod_module *mod);

/**
 * DOC: what is in the file
 *
 * These read the module's file (or what the tree has of a built-in module) and
 * return how many entries *@list got.
 */

/** kmod_module_get_info() - "key=value" of .modinfo, and of the signature */
int kmod_module_get_info(const struct kmod_module *mod,
			 struct kmod_list **list);
const char *kmod_module_info_get_key(const struct kmod_list *entry);
const char *kmod_module_info_get_value(const struct kmod_list *entry);
void kmod_module_info_free_list(struct kmod_list *list);

/** kmod_module_get_versions() - the symbols that it was built against */
int kmod_module_get_versions(const struct kmod_module *mod,
			     struct kmod_list **list);
const char *kmod_module_version_get_symbol(const struct kmod_list *entry);
uint64_t kmod_module_version_get_crc(const struct kmod_list *entry);
void kmod_module_versions_free_list(struct kmod_list *list);

/** kmod_module_get_symbols() - the symbols that it exports */
int kmod_module_get_symbols(const struct kmod_module *mod,
			    struct kmod_list **list);
const char *kmod_module_symbol_get_symbol(const struct kmod_list *entry);
uint64_t kmod_module_symbol_get_crc(const struct kmod_list *entry);
void kmod_module_symbols_free_list(struct kmod_list *list);

/** enum kmod_symbol_bind - how a symbol is bound */
enum kmod_symbol_bind {
	KMOD_SYMBOL_NONE = '\0',
	KMOD_SYMBOL_LOCAL = 'L',
	KMOD_SYMBOL_GLOBAL = 'G',
	KMOD_SYMBOL_WEAK = 'W',
	KMOD_SYMBOL_UNDEF = 'U',
};

/** kmod_module_get_dependency_symbols() - the symbols that it needs */
int kmod_module_get_dependency_symbols(const struct kmod_module *mod,
				       struct kmod_list **list);
const char *
kmod_module_dependency_symbol_get_symbol(const struct kmod_list *entry);
/** kmod_module_dependency_symbol_get_bind() - an &enum kmod_symbol_bind */
int kmod_module_dependency_symbol_get_bind(const struct kmod_list *entry);
uint64_t kmod_module_dependency_symbol_get_crc(const struct kmod_list *entry);
void kmod_module_dependency_symbols_free_list(struct kmod_list *list);

#ifdef __cplusplus
}
#endif
#endif
