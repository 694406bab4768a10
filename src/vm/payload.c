// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes into a guest's initramfs, but for the modules.
#include "vm/payload.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/root.h"
#include "base/spawn.h"
#include "base/text.h"
#include "diag/error.h"
#include "vm/config.h"
#include "vm/program.h"
#include "vm/wire.h"

#define GUEST_NAME "lkm-guest"
#define DEPTH_MAX 64

/* Beside the running program, in the build's folder of vm/, or installed. */
static bool guest_find(char ret[PATH_MAX])
{
	static const char *const places[] = { "/" GUEST_NAME,
					      "/../vm/" GUEST_NAME,
					      "/../libexec/lkm/" GUEST_NAME };
	char self[PATH_MAX - 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = 0;
		slash = strrchr(self, '/');
		if (slash)
			*slash = 0;
		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			snprintf(ret, PATH_MAX, "%s%s", self, places[i]);
			if (!access(ret, X_OK))
				return true;
		}
	}
	snprintf(ret, PATH_MAX, "%s", LKM_LIBEXECDIR "/" GUEST_NAME);
	return !access(ret, X_OK);
}

static int guest_add(struct cpio *c, const struct vm_options *o,
		     struct lkm_error **reterr)
{
	char found[PATH_MAX];

	if (o->guest)
		return cpio_add_file(c, "/init", o->guest, reterr);
	if (!guest_find(found))
		return FAIL(reterr, VM_GUEST_MISSING,
			    KV_STR("file", LKM_LIBEXECDIR));
	return cpio_add_file(c, "/init", found, reterr);
}

/* A file, and with a program its libraries at the paths they have here. */
static int file_add(struct cpio *c, const char *guest, const char *host,
		    struct lkm_error **reterr)
{
	_cleanup_strbuf_ struct strbuf files = { 0 };
	struct stat st;
	int rc = cpio_add_file(c, guest, host, reterr);

	if (rc < 0 || stat(host, &st) < 0 || !(st.st_mode & 0111))
		return rc;
	rc = program_files(host, &files, reterr);
	for (size_t i = 0; rc >= 0 && i < files.len;
	     i += strlen(files.data + i) + 1)
		rc = cpio_add_file(c, files.data + i, files.data + i, reterr);
	return rc;
}

static int tree_add(struct cpio *c, const char *guest, const char *host,
		    unsigned int depth, struct lkm_error **reterr);

static int entry_add(struct cpio *c, const char *guest, const char *host,
		     unsigned int depth, struct lkm_error **reterr)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (lstat(host, &st) < 0)
		return error_system(reterr, errno, "stat", host);
	if (S_ISDIR(st.st_mode))
		return tree_add(c, guest, host, depth, reterr);
	if (S_ISREG(st.st_mode))
		return cpio_add_file(c, guest, host, reterr);
	if (!S_ISLNK(st.st_mode))
		return 0; /* sockets, devices: not content */
	n = readlink(host, target, sizeof(target) - 1);
	if (n < 0)
		return error_system(reterr, errno, "read link", host);
	target[n] = 0;
	return cpio_add_link(c, guest, target, reterr);
}

static int tree_add(struct cpio *c, const char *guest, const char *host,
		    unsigned int depth, struct lkm_error **reterr)
{
	char **names;
	size_t count;
	int rc = cpio_add_dir(c, guest, reterr);

	if (rc < 0)
		return rc;
	if (depth > DEPTH_MAX)
		return error_system(reterr, ELOOP, "copy", host);
	rc = root_list(&ROOT_HOST, host, 1 << 20, &names, &count);
	if (rc < 0)
		return error_system(reterr, rc, "list", host);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		_cleanup_strbuf_ struct strbuf h = { 0 }, g = { 0 };

		strbuf_addf(&h, "%s/%s", host, names[i]);
		strbuf_addf(&g, "%s/%s", strcmp(guest, "/") ? guest : "",
			    names[i]);
		rc = h.failed || g.failed ?
			     error_nomem(reterr) :
			     entry_add(c, g.data, h.data, depth + 1, reterr);
	}
	root_free_names(names, count);
	return rc;
}

static int copies_add(struct cpio *c, const struct vm_options *o,
		      struct lkm_error **reterr)
{
	for (size_t i = 0; i < o->copy_count; i++) {
		const struct vm_copy *copy = &o->copies[i];
		struct stat st;
		int rc;

		if (stat(copy->host, &st) < 0)
			return error_system(reterr, errno, "copy", copy->host);
		rc = S_ISDIR(st.st_mode) ?
			     tree_add(c, copy->guest, copy->host, 0, reterr) :
			     file_add(c, copy->guest, copy->host, reterr);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Commands by their names, unless a copy has taken the name. */
static int applets_add(struct cpio *c, const char *list, size_t len,
		       struct lkm_error **reterr)
{
	struct span text = { (const uint8_t *)list, len }, line;
	size_t pos = 0;

	while (text_next_line(text, &pos, &line)) {
		_cleanup_strbuf_ struct strbuf name = { 0 };
		int rc;

		if (!line.size || memchr(line.data, '/', line.size))
			continue;
		strbuf_addf(&name, "/bin/%.*s", (int)line.size,
			    (const char *)line.data);
		if (name.failed)
			return error_nomem(reterr);
		rc = cpio_add_link(c, name.data, "busybox", reterr);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static const char *busybox_path(void)
{
	static const char *const places[] = { "/bin/busybox",
					      "/usr/bin/busybox",
					      "/sbin/busybox",
					      "/usr/sbin/busybox" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!access(places[i], X_OK))
			return places[i];
	}
	return NULL;
}

/* A machine without busybox gives a guest without a shell. */
static int busybox_add(struct cpio *c, struct lkm_error **reterr)
{
	_cleanup_strbuf_ struct strbuf list = { 0 };
	const char *path = busybox_path();
	const char *const argv[] = { path, "--list", NULL };
	struct spawn s = { .argv = argv, .ret_output = &list };
	int rc, status;

	if (!path)
		return 0;
	rc = spawn_run(&s, &status);
	if (rc < 0)
		return error_system(reterr, rc, "run", path);
	rc = file_add(c, "/bin/busybox", path, reterr);
	return rc < 0 ? rc :
			applets_add(c, strbuf_str(&list), list.len, reterr);
}

static void job_add_shares(const struct vm_options *o, struct strbuf *job)
{
	char tag[32];

	for (size_t i = 0; i < o->share_count; i++) {
		const char *const words[] = { tag, o->shares[i].guest,
					      o->shares[i].writable ? "rw" :
								      "ro",
					      NULL };

		snprintf(tag, sizeof(tag), "lkm%zu", i);
		job_add(job, JOB_MOUNT, words);
	}
}

static void job_add_commands(const struct vm_options *o, struct strbuf *job)
{
	static const char *const shell[] = { "/bin/sh", "-l", NULL };

	for (size_t i = 0; o->env && o->env[i]; i++)
		job_add(job, JOB_ENV, (const char *[]){ o->env[i], NULL });
	for (size_t i = 0; i < o->command_count; i++)
		job_add(job, JOB_RUN, o->commands[i]);
	if (!o->command_count)
		job_add(job, JOB_CONSOLE, shell);
}

int payload_add(struct cpio *c, const struct vm_options *o,
		struct lkm_error **reterr)
{
	_cleanup_strbuf_ struct strbuf job = { 0 };
	int rc = guest_add(c, o, reterr);

	if (rc >= 0)
		rc = copies_add(c, o, reterr);
	/* CONFIG_MODPROBE_PATH: what the kernel calls when it wants a module.
	 */
	if (rc >= 0 && cpio_has(c, VM_LKM_PATH))
		rc = cpio_add_link(c, "/sbin/modprobe", VM_LKM_PATH, reterr);
	if (rc >= 0)
		rc = busybox_add(c, reterr);
	/* Libraries that are elsewhere than the loader looks by itself. */
	if (rc >= 0 && !access("/etc/ld.so.cache", R_OK))
		rc = cpio_add_file(c, "/etc/ld.so.cache", "/etc/ld.so.cache",
				   reterr);
	if (rc >= 0)
		rc = cpio_add_dir(c, "/root", reterr);
	if (rc >= 0)
		rc = payload_add_modules(c, o, &job, reterr);
	if (rc < 0)
		return rc;
	job_add_shares(o, &job);
	job_add_commands(o, &job);
	if (job.failed)
		return error_nomem(reterr);
	return cpio_add_bytes(c, WIRE_JOB_PATH, 0600, job.data, job.len,
			      reterr);
}
