// SPDX-License-Identifier: LGPL-2.1-or-later
// Which files are read, and in which order.
#include "scratch.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

static void link_to(const struct scratch *s, const char *target,
		    const char *path)
{
	char name[SCRATCH_PATH];

	scratch_folder(s, path);
	assert_int_equal(symlink(target, scratch_name(s, path, name)), 0);
}

static void test_precedence(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy *p;

	scratch_write(s, "/etc/modprobe.d/b.conf", "blacklist etc-b\n");
	scratch_write(s, "/run/modprobe.d/b.conf", "blacklist run-b\n");
	scratch_write(s, "/run/modprobe.d/a.conf", "blacklist run-a\n");
	scratch_write(s, "/usr/local/lib/modprobe.d/a.conf", "blacklist la\n");
	scratch_write(s, "/usr/local/lib/modprobe.d/d.conf", "blacklist ld\n");
	scratch_write(s, "/usr/lib/modprobe.d/d.conf", "blacklist ud\n");
	scratch_write(s, "/usr/lib/modprobe.d/c.conf", "blacklist uc\n");
	scratch_write(s, "/lib/modprobe.d/c.conf", "blacklist c\n");
	scratch_write(s, "/lib/modprobe.d/e.conf", "blacklist e\n");
	p = scratch_load(s, NULL, NULL);
	assert_rules(p, "blacklist run_a [] @/run/modprobe.d/a.conf:1\n"
			"blacklist etc_b [] @/etc/modprobe.d/b.conf:1\n"
			"blacklist uc [] @/usr/lib/modprobe.d/c.conf:1\n"
			"blacklist ld [] @/usr/local/lib/modprobe.d/d.conf:1\n"
			"blacklist e [] @/lib/modprobe.d/e.conf:1\n");
	assert_warnings(p, "");
	lkm_policy_free(p);
}

static void test_names(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy *p;

	scratch_write(s, "/etc/modprobe.d/.conf", "blacklist no\n");
	scratch_write(s, "/etc/modprobe.d/.a.conf", "blacklist no\n");
	scratch_write(s, "/etc/modprobe.d/conf", "blacklist no\n");
	scratch_write(s, "/etc/modprobe.d/a.conf~", "blacklist no\n");
	scratch_write(s, "/etc/modprobe.d/a.conf.dpkg-old", "blacklist no\n");
	scratch_write(s, "/etc/modprobe.d/B.conf", "blacklist upper\n");
	scratch_write(s, "/etc/modprobe.d/a.alias", "blacklist alias\n");
	scratch_write(s, "/etc/modprobe.d/a-b.conf", "blacklist ab\n");
	p = scratch_load(s, NULL, NULL);
	assert_rules(p, "blacklist upper [] @/etc/modprobe.d/B.conf:1\n"
			"blacklist ab [] @/etc/modprobe.d/a-b.conf:1\n"
			"blacklist alias [] @/etc/modprobe.d/a.alias:1\n");
	lkm_policy_free(p);
}

/* An empty file or a link to /dev/null hides quietly; in an image whose /dev
 * is empty too. */
static void test_masks(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy *p;

	scratch_write(s, "/lib/modprobe.d/a.conf", "blacklist a\n");
	scratch_write(s, "/lib/modprobe.d/b.conf", "blacklist b\n");
	scratch_write(s, "/lib/modprobe.d/c.conf", "blacklist c\n");
	link_to(s, "/dev/null", "/etc/modprobe.d/a.conf");
	scratch_write(s, "/etc/modprobe.d/b.conf", "");
	p = scratch_load(s, NULL, NULL);
	assert_rules(p, "blacklist c [] @/lib/modprobe.d/c.conf:1\n");
	assert_warnings(p, "");
	lkm_policy_free(p);
}

/* /dev/null itself, as the host's root has it. */
static void test_mask_on_host(void **state)
{
	struct scratch *s = *state;
	char name[SCRATCH_PATH];
	const char *path = scratch_name(s, "/d", name);
	struct lkm_policy_options o = { .size = sizeof(o),
					.paths = &path,
					.path_count = 1,
					.cmdline = "" };
	struct lkm_policy *p = NULL;
	size_t count;

	link_to(s, "/dev/null", "/d/a.conf");
	assert_int_equal(lkm_policy_load(&o, &p, NULL), 0);
	lkm_policy_rules(p, &count);
	assert_int_equal(count, 0);
	assert_warnings(p, "");
	lkm_policy_free(p);
}

static void test_odd_files(void **state)
{
	struct scratch *s = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct lkm_policy *p;
	char name[SCRATCH_PATH];

	scratch_write(s, "/etc/modprobe.d/dir.conf/x", "");
	link_to(s, "/etc", "/etc/modprobe.d/linked.conf");
	link_to(s, "/nowhere", "/etc/modprobe.d/dangling.conf");
	link_to(s, "loop.conf", "/etc/modprobe.d/loop.conf");
	assert_int_equal(
		mkfifo(scratch_name(s, "/etc/modprobe.d/fifo.conf", name),
		       0644),
		0);
	scratch_name(s, "/etc/modprobe.d/sock.conf", name);
	memcpy(addr.sun_path, name, strlen(name) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	scratch_write(s, "/lib/modprobe.d/dir.conf", "blacklist below-dir\n");
	scratch_write(s, "/lib/modprobe.d/fifo.conf", "blacklist hidden\n");
	scratch_write(s, "/lib/modprobe.d/dangling.conf", "blacklist hidden\n");
	p = scratch_load(s, NULL, NULL);
	assert_rules(p, "blacklist below_dir [] @/lib/modprobe.d/dir.conf:1\n");
	assert_warnings(
		p,
		"/etc/modprobe.d/dangling.conf:0: not read: "
		"No such file or directory\n"
		"/etc/modprobe.d/dir.conf:0: not read: is a directory\n"
		"/etc/modprobe.d/fifo.conf:0: not read: is not a regular file\n"
		"/etc/modprobe.d/linked.conf:0: not read: is a directory\n"
		"/etc/modprobe.d/loop.conf:0: not read: "
		"Too many levels of symbolic links\n"
		"/etc/modprobe.d/sock.conf:0: not read: "
		"is not a regular file\n");
	lkm_policy_free(p);
}

/* Links are followed inside of the root. */
static void test_links(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy *p;

	scratch_write(s, "/opt/x.conf", "blacklist inside\n");
	link_to(s, "/opt/x.conf", "/etc/modprobe.d/x.conf");
	link_to(s, "../../../../../../../opt/x.conf", "/etc/modprobe.d/y.conf");
	p = scratch_load(s, NULL, NULL);
	assert_rules(p, "blacklist inside [] @/etc/modprobe.d/x.conf:1\n"
			"blacklist inside [] @/etc/modprobe.d/y.conf:1\n");
	lkm_policy_free(p);
}

/* The kernel's softdeps take their place among the files by their name. */
static void test_module_dir(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy *p;

	scratch_write(s, "/lib/modules/1/modules.softdep",
		      "# Soft dependencies\nsoftdep a pre: x\n");
	scratch_write(s, "/lib/modules/1/modules.weakdep", "weakdep a y\n");
	scratch_write(s, "/etc/modprobe.d/lkm.conf", "softdep a pre: b\n");
	scratch_write(s, "/etc/modprobe.d/zz.conf", "softdep a pre: z\n");
	p = scratch_load(s, NULL, "/lib/modules/1");
	assert_rules(p, "softdep a [pre: b] @/etc/modprobe.d/lkm.conf:1\n"
			"softdep a [pre: x] @/lib/modules/1/modules.softdep:2\n"
			"weakdep a [y] @/lib/modules/1/modules.weakdep:1\n"
			"softdep a [pre: z] @/etc/modprobe.d/zz.conf:1\n");
	assert_warnings(p, "");
	lkm_policy_free(p);
	p = scratch_load(s, NULL, "/lib/modules/none");
	assert_warnings(p, "");
	lkm_policy_free(p);
}

static void load_paths(const struct scratch *s, const char *const *paths,
		       size_t count, const char *rules, const char *warnings)
{
	struct lkm_policy_options o = { .size = sizeof(o),
					.root = s->root,
					.paths = paths,
					.path_count = count };
	struct lkm_policy *p = NULL;

	assert_int_equal(lkm_policy_load(&o, &p, NULL), 0);
	assert_rules(p, rules);
	assert_warnings(p, warnings);
	lkm_policy_free(p);
}

static void test_paths(void **state)
{
	struct scratch *s = *state;
	const char *const both[] = { "/d", "/odd-name" };
	const char *const twice[] = { "/d/a.conf", "/d" };
	const char *const absent[] = { "/absent" };
	char name[SCRATCH_PATH];

	scratch_write(s, "/etc/modprobe.d/a.conf", "blacklist default\n");
	scratch_write(s, "/d/a.conf", "blacklist a\n");
	scratch_write(s, "/d/p.conf", "blacklist p\n");
	scratch_write(s, "/odd-name", "blacklist odd\n");
	load_paths(s, both, 2,
		   "blacklist a [] @/d/a.conf:1\n"
		   "blacklist odd [] @/odd-name:1\n"
		   "blacklist p [] @/d/p.conf:1\n",
		   "");
	load_paths(s, twice, 2,
		   "blacklist a [] @/d/a.conf:1\n"
		   "blacklist p [] @/d/p.conf:1\n",
		   "");
	load_paths(s, absent, 1, "",
		   "/absent:0: not read: No such file or directory\n");
	assert_int_equal(mkfifo(scratch_name(s, "/absent", name), 0644), 0);
	load_paths(s, absent, 1, "",
		   "/absent:0: not read: is not a regular file\n");
}

static void test_unreadable(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy *p;
	char name[SCRATCH_PATH];

	/* To root every file is readable: be somebody else for a moment. */
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(s->root, 0755), 0);
	scratch_write(s, "/etc/modprobe.d/a.conf", "blacklist a\n");
	scratch_write(s, "/etc/modprobe.d/b.conf", "blacklist b\n");
	assert_int_equal(
		chmod(scratch_name(s, "/etc/modprobe.d/a.conf", name), 0), 0);
	assert_int_equal(seteuid(65534), 0);
	p = scratch_load(s, NULL, NULL);
	assert_int_equal(seteuid(0), 0);
	assert_rules(p, "blacklist b [] @/etc/modprobe.d/b.conf:1\n");
	assert_warnings(p, "/etc/modprobe.d/a.conf:0: not read: "
			   "Permission denied\n");
	lkm_policy_free(p);
}

static void test_limits(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy_options o = { .size = sizeof(o), .root = s->root };
	struct lkm_error *error = NULL;
	struct lkm_policy *p = NULL;
	char name[SCRATCH_PATH];

	scratch_write(s, "/etc/modprobe.d/a.conf", "");
	scratch_name(s, "/etc/modprobe.d/a.conf", name);
	assert_int_equal(truncate(name, (4 << 20) + 1), 0);
	assert_int_equal(lkm_policy_load(&o, &p, &error), -LKM_ELIMIT);
	assert_string_equal(lkm_error_get(error, "what"), "bytes");
	assert_error(error, "policy.limit");
	assert_int_equal(truncate(name, 0), 0);
	for (int i = 0; i < 4096; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/etc/modprobe.d/%d", i);
		scratch_write(s, path, "");
	}
	assert_int_equal(lkm_policy_load(&o, &p, &error), -LKM_ELIMIT);
	assert_string_equal(lkm_error_get(error, "file"), "/etc/modprobe.d");
	assert_error(error, "policy.limit");
	assert_null(p);
}

static void test_no_root(void **state)
{
	struct lkm_policy_options o = { .size = sizeof(o),
					.root = "/no/such/root" };
	struct lkm_error *error = NULL;
	struct lkm_policy *p = NULL;

	assert_int_equal(lkm_policy_load(&o, &p, &error), -LKM_ESYSTEM);
	assert_string_equal(lkm_error_get(error, "file"), "/no/such/root");
	assert_error(error, "sys.failed");
	assert_null(p);
	lkm_policy_free(NULL);
}

/* A caller that was built with an older header. */
static void test_short_options(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy_options o = { .root = s->root,
					.cmdline = "not.read=1" };
	struct lkm_policy *p = NULL;

	o.size = offsetof(struct lkm_policy_options, cmdline);
	assert_int_equal(lkm_policy_load(&o, &p, NULL), 0);
	assert_rules(p, "");
	lkm_policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_precedence), scratch_test(test_names),
		scratch_test(test_masks),      scratch_test(test_mask_on_host),
		scratch_test(test_odd_files),  scratch_test(test_links),
		scratch_test(test_module_dir), scratch_test(test_paths),
		scratch_test(test_unreadable), scratch_test(test_limits),
		scratch_test(test_no_root),    scratch_test(test_short_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
