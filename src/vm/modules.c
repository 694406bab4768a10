// SPDX-License-Identifier: LGPL-2.1-or-later
// The modules of a guest: those asked for with all they need, not the whole
// tree, which may have 400 MB.
#include "vm/payload.h"

#include <lkm/image.h>
#include <lkm/tree.h>

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/root.h"
#include "base/text.h"
#include "diag/error.h"
#include "vm/wire.h"

/* What the first process needs to reach a share of the host's. */
static const char *const share_modules[] = { "virtio_pci", "9pnet_virtio",
					     "9p" };

struct modules {
	struct cpio *cpio;
	struct lkm_tree *tree;
	const char *host_dir;  /* the tree's directory here */
	const char *guest_dir; /* and in the guest */
};

void vm_release_name(const struct vm_options *o, char *ret, size_t size)
{
	struct utsname u;

	if (!o->release && uname(&u) == 0)
		snprintf(ret, size, "%s", u.release);
	else
		snprintf(ret, size, "%s", o->release ? o->release : "");
}

static char *join(const char *dir, const char *name)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	if (name[0] == '/')
		strbuf_adds(&b, name);
	else
		strbuf_addf(&b, "%s/%s", dir, name);
	return strbuf_take(&b);
}

/* One module file at its place in the guest's tree. */
static int file_add(struct modules *m, const char *path,
		    struct lkm_error **reterr)
{
	_cleanup_free_ char *guest = join(m->guest_dir, path);
	_cleanup_free_ char *host = join(m->host_dir, path);

	if (!guest || !host)
		return error_nomem(reterr);
	return cpio_add_file(m->cpio, guest, host, reterr);
}

static int closure_add(struct modules *m, const char *name,
		       struct lkm_error **reterr)
{
	const struct lkm_module_file *f;
	int rc = lkm_tree_module(m->tree, name, &f, reterr);

	if (rc == 0)
		rc = lkm_tree_builtin(m->tree, name, reterr) > 0 ? 2 : 0;
	if (rc == 0)
		return FAIL(reterr, VM_MODULE_MISSING, KV_STR("module", name),
			    KV_STR("release", lkm_tree_release(m->tree)));
	if (rc != 1)
		return rc < 0 ? rc : 0;
	for (size_t i = 0; i < f->dep_count; i++) {
		rc = file_add(m, f->deps[i].path, reterr);
		if (rc < 0)
			return rc;
	}
	return file_add(m, f->path, reterr);
}

/* Decompressed, where the first process finds it: it loads plain files only. */
static int early_add(struct modules *m, const char *path, struct strbuf *job,
		     struct lkm_error **reterr)
{
	_cleanup_free_ char *host = join(m->host_dir, path);
	char name[MODULE_NAME_MAX], guest[MODULE_NAME_MAX + 32];
	struct lkm_image *image;
	const void *bytes;
	size_t size;
	int rc;

	if (!host)
		return error_nomem(reterr);
	if (!module_name_of_file(path, name, sizeof(name)))
		return error_system(reterr, EINVAL, "use", host);
	snprintf(guest, sizeof(guest), "/lkm/early/%s.ko", name);
	if (cpio_has(m->cpio, guest))
		return 0;
	rc = lkm_image_open(host, &image, reterr);
	if (rc < 0)
		return rc;
	rc = lkm_image_content(image, &bytes, &size, reterr);
	if (rc >= 0)
		rc = cpio_add_bytes(m->cpio, guest, 0644, bytes, size, reterr);
	lkm_image_free(image);
	job_add(job, JOB_INSMOD, (const char *[]){ guest, NULL });
	return rc;
}

/* A built-in one is as good; one that this kernel lacks, the mount tells. */
static int early_closure_add(struct modules *m, const char *name,
			     struct strbuf *job, struct lkm_error **reterr)
{
	const struct lkm_module_file *f;
	int rc = lkm_tree_module(m->tree, name, &f, reterr);

	if (rc != 1)
		return rc;
	for (size_t i = f->dep_count; i-- > 0;) {
		rc = early_add(m, f->deps[i].path, job, reterr);
		if (rc < 0)
			return rc;
	}
	return early_add(m, f->path, job, reterr);
}

/* Indexes and lists of the tree: a loader in the guest wants them. */
static int indexes_add(struct modules *m, struct lkm_error **reterr)
{
	char **names;
	size_t count;
	int rc = root_list(&ROOT_HOST, m->host_dir, 1 << 16, &names, &count);

	if (rc < 0)
		return error_system(reterr, rc, "list", m->host_dir);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		if (text_starts(names[i], "modules."))
			rc = file_add(m, names[i], reterr);
	}
	root_free_names(names, count);
	return rc < 0 ? rc : 0;
}

static int all_add(struct modules *m, const struct vm_options *o,
		   struct strbuf *job, struct lkm_error **reterr)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < o->module_count; i++)
		rc = closure_add(m, o->modules[i], reterr);
	for (size_t i = 0; rc >= 0 && o->share_count &&
			   i < ARRAY_SIZE(share_modules);
	     i++)
		rc = early_closure_add(m, share_modules[i], job, reterr);
	if (rc >= 0)
		rc = indexes_add(m, reterr);
	return rc;
}

static int tree_open(struct modules *m, const struct vm_options *o,
		     const char *release, struct lkm_error **reterr)
{
	struct lkm_tree_options t = { .size = sizeof(t), .release = release };
	_cleanup_free_ char *parent = NULL;
	const char *slash;

	if (!o->modules_dir) {
		t.root = o->root;
		return lkm_tree_open(&t, &m->tree, reterr);
	}
	slash = strrchr(o->modules_dir, '/');
	if (!slash || strcmp(slash + 1, release))
		return FAIL(reterr, VM_MODULES_NAME,
			    KV_STR("directory", o->modules_dir),
			    KV_STR("release", release));
	parent = strndup(o->modules_dir, (size_t)(slash - o->modules_dir));
	if (!parent)
		return error_nomem(reterr);
	t.dir = parent;
	return lkm_tree_open(&t, &m->tree, reterr);
}

int payload_add_modules(struct cpio *c, const struct vm_options *o,
			struct strbuf *job, struct lkm_error **reterr)
{
	_cleanup_strbuf_ struct strbuf host = { 0 }, guest = { 0 };
	struct modules m = { .cpio = c };
	char release[65];
	int rc;

	if (!o->module_count && !o->share_count)
		return 0;
	vm_release_name(o, release, sizeof(release));
	strbuf_addf(&guest, "/lib/modules/%s", release);
	if (o->modules_dir)
		strbuf_adds(&host, o->modules_dir);
	else
		strbuf_addf(&host, "%s%s", o->root ? o->root : "", guest.data);
	if (host.failed || guest.failed)
		return error_nomem(reterr);
	m.host_dir = host.data;
	m.guest_dir = guest.data;
	rc = tree_open(&m, o, release, reterr);
	if (rc < 0)
		return rc;
	rc = all_add(&m, o, job, reterr);
	lkm_tree_free(m.tree);
	return rc;
}
