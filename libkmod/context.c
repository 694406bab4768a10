// SPDX-License-Identifier: LGPL-2.1-or-later
// The context: where modules are, the configuration, the log, the indexes.
#include "internal.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "diag/error.h"
#include "policy/lines.h"
#include "tree/tree-impl.h"

#define DUMP_CHUNK ((size_t)64 << 10)

/* In the order of enum kmod_index. */
static const struct {
	enum lkm_index_kind kind;
	const char *prefix; /* of a line in a dump */
} indexes[] = {
	[KMOD_INDEX_MODULES_DEP] = { LKM_INDEX_DEP, "" },
	[KMOD_INDEX_MODULES_ALIAS] = { LKM_INDEX_ALIAS, "alias " },
	[KMOD_INDEX_MODULES_SYMBOL] = { LKM_INDEX_SYMBOLS, "alias " },
	[KMOD_INDEX_MODULES_BUILTIN_ALIAS] = { LKM_INDEX_BUILTIN_ALIAS, "" },
	[KMOD_INDEX_MODULES_BUILTIN] = { LKM_INDEX_BUILTIN, "" },
};

static _printf_(6, 0) void log_stderr(void *data, int priority,
				      const char *file, int line,
				      const char *fn, const char *format,
				      va_list args)
{
	static const char *const names[] = {
		[LOG_EMERG] = "EMERGENCY", [LOG_ALERT] = "ALERT",
		[LOG_CRIT] = "CRITICAL",   [LOG_ERR] = "ERROR",
		[LOG_WARNING] = "WARNING", [LOG_NOTICE] = "NOTICE",
		[LOG_INFO] = "INFO",	   [LOG_DEBUG] = "DEBUG",
	};

	fprintf(stderr, "libkmod: %s: %s: ",
		(size_t)priority < ARRAY_SIZE(names) ? names[priority] : "LOG",
		fn);
	vfprintf(stderr, format, args);
}

void ctx_log(const struct kmod_ctx *ctx, int priority,
	     const struct log_place *place, const char *format, ...)
{
	va_list args;

	if (!ctx->log_fn || priority > ctx->log_priority)
		return;
	va_start(args, format);
	ctx->log_fn((void *)(uintptr_t)ctx->log_data, priority, place->file,
		    place->line, place->fn, format, args);
	va_end(args);
}

int ctx_errno(const struct kmod_ctx *ctx, int rc, struct lkm_error *e,
	      int priority)
{
	static const int errnos[] = {
		[LKM_ENOMEM] = ENOMEM,	     [LKM_ESYSTEM] = EIO,
		[LKM_ENOTFOUND] = ENOENT,    [LKM_EEXISTS] = EEXIST,
		[LKM_EBUSY] = EBUSY,	     [LKM_EFORMAT] = EINVAL,
		[LKM_EMISMATCH] = ENOEXEC,   [LKM_EREFUSED] = EPERM,
		[LKM_EUNSUPPORTED] = ENOSYS, [LKM_ELIMIT] = EFBIG,
		[LKM_EUSAGE] = EINVAL,	     [LKM_EINTERRUPTED] = EINTR,
		[LKM_EBUG] = EINVAL,
	};
	const struct lkm_error *cause = e;
	int err = 0;

	if (rc >= 0)
		return rc;
	for (; cause && !err; cause = lkm_error_cause(cause))
		err = lkm_error_errno(cause);
	/* Bytes that nobody meant as a module, as kmod tells them. */
	if (!err && e && !strcmp(lkm_error_id(e), "image.elf.magic"))
		err = ENOEXEC;
	if (!err)
		err = (size_t)-rc < ARRAY_SIZE(errnos) ? errnos[-rc] : EINVAL;
	if (e && priority <= ctx->log_priority) {
		_cleanup_free_ char *text = lkm_error_text(e);

		LOG(ctx, priority, "%s\n", text ? text : "no memory");
	}
	lkm_error_free(e);
	return -err;
}

char *path_absolute(const char *path)
{
	_cleanup_free_ char *cwd = NULL;
	struct strbuf b = { 0 };

	if (path[0] == '/')
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return NULL;
	strbuf_addf(&b, "%s/%s", cwd, path);
	return strbuf_take(&b);
}

/* "err", "info", "debug" or a number; else what it was. */
static int priority_of(const char *word, int otherwise)
{
	static const struct {
		const char *word;
		int priority;
	} words[] = { { "err", LOG_ERR },
		      { "info", LOG_INFO },
		      { "debug", LOG_DEBUG } };
	char *end;
	long number = strtol(word, &end, 10);

	if (end != word && !*end)
		return (int)number;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strncmp(word, words[i].word, strlen(words[i].word)))
			return words[i].priority;
	}
	return otherwise;
}

static uint64_t mtime_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	return (uint64_t)st.st_mtim.tv_sec * 1000000000 +
	       (uint64_t)st.st_mtim.tv_nsec;
}

static bool is_changed(const struct stamp *stamps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (mtime_of(stamps[i].path) != stamps[i].mtime)
			return true;
	}
	return false;
}

static void forget_indexes(struct kmod_ctx *ctx)
{
	for (size_t i = 0; i < ctx->indexes.len; i++)
		free(ctx->indexes.data[i].path);
	vec_release(&ctx->indexes);
}

static bool set_dirname(struct kmod_ctx *ctx, const char *dirname)
{
	size_t len;
	char *slash;

	if (dirname)
		ctx->dirname = path_absolute(dirname);
	ctx->parent = ctx->dirname ? strdup(ctx->dirname) : NULL;
	if (!ctx->parent)
		return false;
	len = strlen(ctx->parent);
	while (len > 1 && ctx->parent[len - 1] == '/')
		ctx->parent[--len] = '\0';
	slash = strrchr(ctx->parent, '/');
	ctx->release = slash[1] ? slash + 1 : ".";
	*slash = '\0';
	return true;
}

/* Where this machine's own modules are, which liblkm knows. */
static bool set_default_dirname(struct kmod_ctx *ctx)
{
	const struct lkm_tree_options o = { .size = sizeof(o),
					    .flags = LKM_TREE_EMPTY |
						     LKM_TREE_NO_SCAN |
						     LKM_TREE_NO_CACHE };
	struct lkm_tree *tree;

	if (lkm_tree_open(&o, &tree, NULL) < 0)
		return false;
	ctx->dirname = strdup(lkm_tree_dir(tree));
	lkm_tree_free(tree);
	return ctx->dirname;
}

/* Which directories (or files) the rules come from, and how old they are. */
static bool set_config(struct kmod_ctx *ctx, const char *const *paths)
{
	for (size_t i = 0; paths ? paths[i] != NULL : conf_base(i) != NULL;
	     i++) {
		struct strbuf b = { 0 };
		struct stamp stamp;

		if (paths)
			stamp.path = path_absolute(paths[i]);
		else if (strbuf_addf(&b, "%s/modprobe.d", conf_base(i)))
			stamp.path = strbuf_take(&b);
		else
			stamp.path = NULL;
		if (!stamp.path)
			return false;
		stamp.mtime = mtime_of(stamp.path);
		if (!vec_push(&ctx->config, stamp)) {
			free(stamp.path);
			return false;
		}
	}
	return true;
}

/*
 * What a person wrote, and can mend, is an error.  A file that is not there
 * need not be, and the lines of the tree's own files are the kernel's.
 */
static int warning_priority(const struct kmod_ctx *ctx,
			    const struct lkm_policy_warning *w)
{
	if (!w->line)
		return LOG_INFO;
	return text_starts(w->file, ctx->dirname) ? LOG_DEBUG : LOG_ERR;
}

static int load_policy(struct kmod_ctx *ctx, bool defaults)
{
	struct lkm_policy_options o = { .size = sizeof(o),
					.module_dir = ctx->dirname,
					.only_paths = !defaults };
	_cleanup_free_ const char **paths = NULL;
	const struct lkm_policy_warning *warnings;
	struct lkm_error *e = NULL;
	size_t count;
	int rc;

	if (!defaults && ctx->config.len) {
		paths = calloc(ctx->config.len, sizeof(*paths));
		if (!paths)
			return -ENOMEM;
		for (size_t i = 0; i < ctx->config.len; i++)
			paths[i] = ctx->config.data[i].path;
		o.paths = paths;
		o.path_count = ctx->config.len;
	}
	rc = lkm_policy_load(&o, &ctx->policy, &e);
	if (rc < 0)
		return ctx_errno(ctx, rc, e, LOG_ERR);
	warnings = lkm_policy_warnings(ctx->policy, &count);
	for (size_t i = 0; i < count; i++)
		LOG(ctx, warning_priority(ctx, &warnings[i]), "%s:%u: %s\n",
		    warnings[i].file, warnings[i].line, warnings[i].text);
	return 0;
}

struct kmod_ctx *kmod_new(const char *dirname, const char *const *config_paths)
{
	const char *env = secure_getenv("KMOD_LOG");
	struct kmod_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	ctx->refs = 1;
	ctx->log_fn = log_stderr;
	ctx->log_data = stderr;
	ctx->log_priority = env ? priority_of(env, 0) : LOG_ERR;
	if ((dirname || set_default_dirname(ctx)) &&
	    set_dirname(ctx, dirname) && set_config(ctx, config_paths) &&
	    load_policy(ctx, !config_paths) == 0)
		return ctx;
	kmod_unref(ctx);
	return NULL;
}

struct kmod_ctx *kmod_ref(struct kmod_ctx *ctx)
{
	if (ctx)
		ctx->refs++;
	return ctx;
}

struct kmod_ctx *kmod_unref(struct kmod_ctx *ctx)
{
	if (!ctx)
		return NULL;
	if (--ctx->refs)
		return ctx;
	kmod_unload_resources(ctx);
	for (size_t i = 0; i < ctx->config.len; i++)
		free(ctx->config.data[i].path);
	vec_release(&ctx->config);
	lkm_kernel_free(ctx->kernel);
	lkm_policy_free(ctx->policy);
	free(ctx->parent);
	free(ctx->dirname);
	free(ctx);
	return NULL;
}

void kmod_set_log_fn(struct kmod_ctx *ctx,
		     void (*log_fn)(void *log_data, int priority,
				    const char *file, int line, const char *fn,
				    const char *format, va_list args),
		     const void *data)
{
	if (!ctx)
		return;
	ctx->log_fn = log_fn;
	ctx->log_data = data;
}

int kmod_get_log_priority(const struct kmod_ctx *ctx)
{
	return ctx ? ctx->log_priority : -1;
}

void kmod_set_log_priority(struct kmod_ctx *ctx, int priority)
{
	if (ctx)
		ctx->log_priority = priority;
}

void *kmod_get_userdata(const struct kmod_ctx *ctx)
{
	return ctx ? (void *)(uintptr_t)ctx->userdata : NULL;
}

void kmod_set_userdata(struct kmod_ctx *ctx, const void *userdata)
{
	if (ctx)
		ctx->userdata = userdata;
}

const char *kmod_get_dirname(const struct kmod_ctx *ctx)
{
	return ctx ? ctx->dirname : NULL;
}

static int tree_open(const struct kmod_ctx *ctx, unsigned int flags,
		     struct lkm_tree **ret)
{
	const struct lkm_tree_options o = {
		.size = sizeof(o),
		.dir = ctx->parent,
		.release = ctx->release,
		.flags = flags | LKM_TREE_NO_SCAN | LKM_TREE_NO_CACHE,
	};
	struct lkm_error *e = NULL;
	int rc = lkm_tree_open(&o, ret, &e);

	return ctx_errno(ctx, rc, e, LOG_INFO);
}

int ctx_tree(const struct kmod_ctx *ctx, struct lkm_tree **ret)
{
	if (!ctx->tree)
		return tree_open(ctx, LKM_TREE_EMPTY, ret);
	*ret = ctx->tree;
	return 0;
}

void ctx_tree_put(const struct kmod_ctx *ctx, struct lkm_tree *tree)
{
	if (tree != ctx->tree)
		lkm_tree_free(tree);
}

int ctx_kernel(const struct kmod_ctx *ctx, struct lkm_kernel **ret)
{
	/* That it is opened is nothing that a caller could see. */
	struct kmod_ctx *c = (struct kmod_ctx *)(uintptr_t)ctx;
	struct lkm_error *e = NULL;
	int rc = 0;

	if (!c->kernel)
		rc = lkm_kernel_open(LKM_KERNEL_LIVE, NULL, &c->kernel, &e);
	if (rc < 0)
		return ctx_errno(ctx, rc, e, LOG_ERR);
	*ret = c->kernel;
	return 0;
}

/* All indexes as they are now, so that later answers are of one moment. */
static int open_indexes(struct kmod_ctx *ctx, struct lkm_tree *tree)
{
	for (size_t i = 0; i < ARRAY_SIZE(indexes); i++) {
		struct lkm_error *e = NULL;
		struct index_file *file;
		struct strbuf b = { 0 };
		struct stamp stamp;
		int rc;

		strbuf_addf(&b, "%s/%s", ctx->dirname,
			    tree_index_name(indexes[i].kind));
		stamp.path = strbuf_take(&b);
		stamp.mtime = stamp.path ? mtime_of(stamp.path) : 0;
		if (!stamp.path || !vec_push(&ctx->indexes, stamp)) {
			free(stamp.path);
			return -ENOMEM;
		}
		rc = tree_index_get(tree, indexes[i].kind, &file, &e);
		if (rc < 0)
			return ctx_errno(ctx, rc, e, LOG_ERR);
	}
	return 0;
}

int kmod_load_resources(struct kmod_ctx *ctx)
{
	struct lkm_tree *tree;
	int rc;

	if (!ctx)
		return -ENOENT;
	if (ctx->tree)
		return 0;
	rc = tree_open(ctx, 0, &tree);
	if (rc < 0)
		return rc;
	rc = open_indexes(ctx, tree);
	if (rc < 0) {
		forget_indexes(ctx);
		lkm_tree_free(tree);
		return rc;
	}
	ctx->tree = tree;
	return 0;
}

void kmod_unload_resources(struct kmod_ctx *ctx)
{
	if (!ctx)
		return;
	lkm_tree_free(ctx->tree);
	ctx->tree = NULL;
	forget_indexes(ctx);
}

int kmod_validate_resources(struct kmod_ctx *ctx)
{
	if (!ctx || is_changed(ctx->config.data, ctx->config.len))
		return KMOD_RESOURCES_MUST_RECREATE;
	if (is_changed(ctx->indexes.data, ctx->indexes.len))
		return KMOD_RESOURCES_MUST_RELOAD;
	return KMOD_RESOURCES_OK;
}

struct dump {
	struct strbuf text;
	const char *prefix;
	int fd;
};

static int dump_flush(struct dump *d)
{
	int rc = d->text.failed ?
			 -ENOMEM :
			 fd_write_all(d->fd, strbuf_str(&d->text), d->text.len);

	strbuf_clear(&d->text);
	return rc;
}

static int dump_entry(void *data, const char *key, const char *value)
{
	struct dump *d = data;

	strbuf_addf(&d->text, "%s%s %s\n", d->prefix, key, value);
	return d->text.len < DUMP_CHUNK ? 0 : dump_flush(d);
}

int kmod_dump_index(struct kmod_ctx *ctx, enum kmod_index type, int fd)
{
	struct dump d = { .fd = fd };
	struct lkm_error *e = NULL;
	struct lkm_tree *tree;
	int rc;

	if (!ctx)
		return -ENOSYS;
	if ((size_t)type >= ARRAY_SIZE(indexes))
		return -ENOENT;
	d.prefix = indexes[type].prefix;
	rc = ctx->tree ? ctx_tree(ctx, &tree) : tree_open(ctx, 0, &tree);
	if (rc < 0)
		return -ENOSYS;
	rc = lkm_tree_dump(tree, indexes[type].kind, dump_entry, &d, &e);
	/* What the callback said is an errno already, and no error object. */
	if (e)
		rc = ctx_errno(ctx, rc, e, LOG_ERR);
	if (rc == 0)
		rc = dump_flush(&d);
	strbuf_release(&d.text);
	ctx_tree_put(ctx, tree);
	return rc;
}
