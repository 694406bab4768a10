// SPDX-License-Identifier: LGPL-2.1-or-later
// Who else could load a forbidden module.
#include "scratch.h"

/* "LOADER [FILE:LINE] WORDS" of each gap; free() it. */
static char *gaps_text(const struct scratch *s, const char *name,
		       const char *module_dir)
{
	struct lkm_policy *p = scratch_load(s, NULL, module_dir);
	const struct lkm_forbid_gap *all;
	struct lkm_forbid_gaps *gaps = NULL;
	char *text = NULL;
	size_t count, size;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(lkm_policy_forbid_gaps(p, s->root, name, &gaps, NULL),
			 0);
	lkm_policy_free(p);
	all = lkm_forbid_gaps_all(gaps, &count);
	for (size_t i = 0; i < count; i++)
		fprintf(f, "%s [%s:%u] %.12s\n", all[i].loader,
			all[i].file ? all[i].file : "", all[i].line,
			all[i].path);
	lkm_forbid_gaps_free(gaps);
	fclose(f);
	return text;
}

static void assert_gaps(void **state, const char *name, const char *module_dir,
			const char *want)
{
	char *text = gaps_text(*state, name, module_dir);

	assert_string_equal(text, want);
	free(text);
}

static void test_nothing_installed(void **state)
{
	assert_gaps(state, "a", NULL, "");
	scratch_write(*state, "/etc/modprobe.d/a.conf", "softdep a pre: b\n");
	assert_gaps(state, "a", NULL, "");
}

static void test_loaders(void **state)
{
	struct scratch *s = *state;

	scratch_write(s, "/usr/bin/kmod", "");
	assert_gaps(state, "a", NULL, "kmod [:0] insmod FILE \n");
	scratch_write(s, "/usr/lib/systemd/systemd-udevd", "");
	assert_gaps(state, "a", NULL, "kmod [:0] insmod FILE \n");
	scratch_write(s, "/bin/busybox", "");
	assert_gaps(state, "a", NULL,
		    "kmod [:0] insmod FILE \nbusybox [:0] insmod FILE \n");
}

static void test_softdeps(void **state)
{
	struct scratch *s = *state;

	scratch_write(s, "/bin/kmod", "");
	scratch_write(s, "/lib/systemd/systemd-udevd", "");
	scratch_write(s, "/lib/modules/1/modules.softdep",
		      "softdep snd_* pre: x\nsoftdep b post: c\n");
	assert_gaps(state, "snd-pcm", "/lib/modules/1",
		    "kmod [:0] insmod FILE \n"
		    "kmod [/lib/modules/1/modules.softdep:1] modprobe ign\n"
		    "udev (libkmod) [/lib/modules/1/modules.softdep:1] "
		    "as a depende\n");
	assert_gaps(state, "x", "/lib/modules/1", "kmod [:0] insmod FILE \n");
	/* kmod looks at the first softdep alone, and this one is empty. */
	scratch_write(s, "/etc/modprobe.d/a.conf", "softdep b nothing\n");
	assert_gaps(state, "b", "/lib/modules/1", "kmod [:0] insmod FILE \n");
}

static void test_install_lines(void **state)
{
	struct scratch *s = *state;

	scratch_write(s, "/bin/kmod", "");
	scratch_write(s, "/etc/modprobe.d/a.conf",
		      "install fl?ppy /sbin/modprobe -i floppy\n");
	scratch_write(s, "/etc/modprobe.d/zz.conf", "install b /bin/true\n");
	assert_int_equal(lkm_policy_forbid(s->root, "floppy", NULL), 0);
	assert_int_equal(lkm_policy_forbid(s->root, "b", NULL), 0);
	assert_gaps(state, "floppy", NULL,
		    "kmod [:0] insmod FILE \n"
		    "kmod [/etc/modprobe.d/a.conf:1] modprobe run\n");
	assert_gaps(state, "b", NULL, "kmod [:0] insmod FILE \n");
}

static void test_initramfs(void **state)
{
	struct scratch *s = *state;

	scratch_write(s, "/boot/initrd.img-6.1.0-1", "");
	scratch_write(s, "/boot/initramfs-6.2.img", "");
	scratch_write(s, "/boot/vmlinuz-6.2", "");
	assert_gaps(state, "a", NULL,
		    "initramfs [/boot/initramfs-6.2.img:0] has copies o\n"
		    "initramfs [/boot/initrd.img-6.1.0-1:0] has copies o\n");
}

static void test_no_root(void **state)
{
	struct lkm_policy *p = scratch_load(*state, NULL, NULL);
	struct lkm_forbid_gaps *gaps;
	struct lkm_error *error = NULL;

	assert_int_equal(
		lkm_policy_forbid_gaps(p, "/no/such/root", "a", &gaps, &error),
		-LKM_ESYSTEM);
	assert_error(error, "sys.failed");
	lkm_policy_free(p);
	lkm_forbid_gaps_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_nothing_installed),
		scratch_test(test_loaders),
		scratch_test(test_softdeps),
		scratch_test(test_install_lines),
		scratch_test(test_initramfs),
		scratch_test(test_no_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
