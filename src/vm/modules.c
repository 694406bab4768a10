// SPDX-License-Identifier: LGPL-2.1-or-later
// The modules of a guest: those asked for with all they need, not the whole
// tree, which may have 400 MB.
#include "vm/payload.h"

#include <lkm/image.h>
#include <lkm/plan.h>

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
	struct lkm_plan_inputs inputs;
	const char *root;      /* "" for this machine's */
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

/* The place in the guest of a file of the tree, or of a layer over it. */
static char *guest_path(const struct modules *m, const char *host)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	size_t len = strlen(m->host_dir);

	if (text_starts(host, m->host_dir) && host[len] == '/')
		strbuf_addf(&b, "%s%s", m->guest_dir, host + len);
	else if (text_starts(host, m->root))
		strbuf_adds(&b, host + strlen(m->root));
	else
		strbuf_adds(&b, host);
	return strbuf_take(&b);
}

static int file_add(struct modules *m, const char *host,
		    struct lkm_error **reterr)
{
	_cleanup_free_ char *guest = guest_path(m, host);

	if (!guest)
		return error_nomem(reterr);
	return cpio_add_file(m->cpio, guest, host, reterr);
}

/* Decompressed, where the first process finds it: it loads plain files only. */
static int early_add(struct modules *m, const char *host, struct strbuf *job,
		     struct lkm_error **reterr)
{
	char name[MODULE_NAME_MAX], guest[MODULE_NAME_MAX + 32];
	struct lkm_image *image;
	const void *bytes;
	size_t size;
	int rc;

	if (!module_name_of_file(host, name, sizeof(name)))
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

/*
 * Everything that loading @name would load, to the guest's tree, or with @job
 * for the first process.
 */
static int closure_add(struct modules *m, const char *name, struct strbuf *job,
		       struct lkm_error **reterr)
{
	const struct lkm_plan_request request = {
		.size = sizeof(request),
		.name = name,
		.flags = LKM_PLAN_IGNORE_COMMANDS | LKM_PLAN_IGNORE_LOADED,
	};
	struct lkm_plan *plan;
	int rc = lkm_plan_load(&m->inputs, &request, &plan, reterr);

	if (rc < 0)
		return rc;
	rc = lkm_plan_verdict(plan, reterr);
	for (size_t i = 0; rc >= 0 && i < lkm_plan_count(plan); i++) {
		const struct lkm_step *step = lkm_plan_step(plan, i);

		if (step->kind == LKM_STEP_LOAD)
			rc = job ? early_add(m, step->path, job, reterr) :
				   file_add(m, step->path, reterr);
	}
	lkm_plan_free(plan);
	return rc;
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
		_cleanup_strbuf_ struct strbuf path = { 0 };

		if (!text_starts(names[i], "modules."))
			continue;
		strbuf_addf(&path, "%s/%s", m->host_dir, names[i]);
		rc = path.failed ? error_nomem(reterr) :
				   file_add(m, path.data, reterr);
	}
	root_free_names(names, count);
	return rc < 0 ? rc : 0;
}

static int all_add(struct modules *m, const struct vm_options *o,
		   struct strbuf *job, struct lkm_error **reterr)
{
	size_t shared = o->share_count ? ARRAY_SIZE(share_modules) : 0;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < o->module_count; i++)
		rc = closure_add(m, o->modules[i], NULL, reterr);
	for (size_t i = 0; rc >= 0 && i < shared; i++)
		rc = closure_add(m, share_modules[i], job, reterr);
	if (rc >= 0)
		rc = indexes_add(m, reterr);
	return rc;
}

static int tree_open(const struct vm_options *o, const char *release,
		     struct lkm_tree **ret, struct lkm_error **reterr)
{
	struct lkm_tree_options t = { .size = sizeof(t),
				      .root = o->root,
				      .release = release,
				      .layers = o->layers,
				      .layer_count = o->layer_count };
	_cleanup_free_ char *parent = NULL;
	const char *slash;

	if (!o->modules_dir)
		return lkm_tree_open(&t, ret, reterr);
	slash = strrchr(o->modules_dir, '/');
	if (!slash || slash == o->modules_dir || strcmp(slash + 1, release))
		return FAIL(reterr, VM_MODULES_NAME,
			    KV_STR("directory", o->modules_dir),
			    KV_STR("release", release));
	parent = strndup(o->modules_dir, (size_t)(slash - o->modules_dir));
	if (!parent)
		return error_nomem(reterr);
	t.root = NULL;
	t.dir = parent;
	return lkm_tree_open(&t, ret, reterr);
}

/* Of the rules only softdeps count here: the guest has rules of its own. */
static int rules_load(const struct vm_options *o, struct lkm_tree *tree,
		      struct lkm_policy **ret, struct lkm_error **reterr)
{
	struct lkm_policy_options p = { .size = sizeof(p),
					.root = o->modules_dir ? NULL : o->root,
					.cmdline = "",
					.module_dir = lkm_tree_dir(tree) };
	int rc = lkm_tree_softdeps(tree, &p.module_lines, reterr);

	return rc < 0 ? rc : lkm_policy_load(&p, ret, reterr);
}

int payload_add_modules(struct cpio *c, const struct vm_options *o,
			struct strbuf *job, struct lkm_error **reterr)
{
	_cleanup_strbuf_ struct strbuf host = { 0 }, guest = { 0 };
	struct modules m = { .cpio = c, .root = o->root ? o->root : "" };
	struct lkm_policy *policy = NULL;
	char release[65];
	int rc;

	if (!o->module_count && !o->share_count)
		return 0;
	vm_release_name(o, release, sizeof(release));
	strbuf_addf(&guest, "/lib/modules/%s", release);
	if (o->modules_dir)
		strbuf_adds(&host, o->modules_dir);
	else
		strbuf_addf(&host, "%s%s", m.root, guest.data);
	if (host.failed || guest.failed)
		return error_nomem(reterr);
	m.host_dir = host.data;
	m.guest_dir = guest.data;
	rc = tree_open(o, release, &m.inputs.tree, reterr);
	if (rc < 0)
		return rc;
	rc = rules_load(o, m.inputs.tree, &policy, reterr);
	m.inputs.policy = policy;
	if (rc >= 0)
		rc = all_add(&m, o, job, reterr);
	lkm_policy_free(policy);
	lkm_tree_free(m.inputs.tree);
	return rc;
}
