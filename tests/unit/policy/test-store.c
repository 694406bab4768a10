// SPDX-License-Identifier: LGPL-2.1-or-later
// What lkm writes into modprobe.d and modules-load.d, and takes back.
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define CONF "/etc/modprobe.d/lkm.conf"
#define LOAD "/etc/modules-load.d/lkm.conf"
#define HEADER "# Made by lkm. Lines that you add here are kept.\n"
#define BLOCK(name)                                    \
	"# lkm: forbid " name "\nblacklist " name "\n" \
	"install " name " /bin/false\n"

static void forbid(const struct scratch *s, const char *name)
{
	assert_int_equal(lkm_policy_forbid(s->root, name, NULL), 0);
}

static void allow(const struct scratch *s, const char *name)
{
	assert_int_equal(lkm_policy_allow(s->root, name, NULL), 0);
}

static struct stat file_stat(const struct scratch *s, const char *path)
{
	char name[SCRATCH_PATH];
	struct stat st;

	assert_int_equal(lstat(scratch_name(s, path, name), &st), 0);
	return st;
}

static void test_forbid_and_allow(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy *p;
	struct stat before, after;

	forbid(s, "snd-pcm");
	assert_file(s, CONF, HEADER BLOCK("snd_pcm"));
	before = file_stat(s, CONF);
	assert_int_equal(before.st_mode & 07777, 0644);
	forbid(s, "snd_pcm");
	after = file_stat(s, CONF);
	assert_int_equal(before.st_ino, after.st_ino);
	p = scratch_load(s, NULL, NULL);
	assert_rules(p, "forbid snd_pcm [] @" CONF ":2\n"
			"blacklist snd_pcm [] @" CONF ":3\n"
			"install snd_pcm [/bin/false] @" CONF ":4\n");
	assert_warnings(p, "");
	assert_non_null(lkm_policy_forbids(p, "snd-pcm"));
	lkm_policy_free(p);
	forbid(s, "floppy");
	assert_file(s, CONF, HEADER BLOCK("snd_pcm") BLOCK("floppy"));
	allow(s, "snd-pcm");
	assert_file(s, CONF, HEADER BLOCK("floppy"));
	allow(s, "floppy");
	assert_file(s, CONF, NULL);
}

/* What stands there already is not ours to change. */
static void test_other_lines(void **state)
{
	static const char theirs[] =
		"# my notes\r\n\nblacklist floppy\ninstall floppy /bin/false\n"
		"options a x=1 \\\n  y=2\nbogus\n";
	struct scratch *s = *state;
	char text[1024];

	scratch_write(s, CONF, theirs);
	forbid(s, "floppy");
	snprintf(text, sizeof(text), "%s%s", theirs, BLOCK("floppy"));
	assert_file(s, CONF, text);
	allow(s, "floppy");
	assert_file(s, CONF, theirs);
}

static void test_incomplete_block(void **state)
{
	struct scratch *s = *state;

	scratch_write(s, CONF, "# lkm: forbid a\nblacklist a\nblacklist b\n");
	forbid(s, "a");
	assert_file(s, CONF, "blacklist b\n" BLOCK("a"));
	scratch_write(s, CONF, BLOCK("a") BLOCK("a") "blacklist a\n");
	allow(s, "a");
	assert_file(s, CONF, "blacklist a\n");
}

/* An appended rule must not become part of an unfinished line. */
static void test_unfinished_lines(void **state)
{
	static const struct {
		const char *old, *want;
	} cases[] = {
		{ "blacklist x", "blacklist x\n" BLOCK("a") },
		{ "blacklist x \\\n", "blacklist x \\\n\n" BLOCK("a") },
		{ "# c\\", "# c\\\n\n" BLOCK("a") },
		{ "# c\\\\", "# c\\\\\n" BLOCK("a") },
		{ "# c\\\\\n", "# c\\\\\n" BLOCK("a") },
		{ "\n", "\n" BLOCK("a") },
	};
	struct scratch *s = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lkm_policy *p;

		scratch_write(s, CONF, cases[i].old);
		forbid(s, "a");
		assert_file(s, CONF, cases[i].want);
		p = scratch_load(s, NULL, NULL);
		assert_non_null(lkm_policy_forbids(p, "a"));
		lkm_policy_free(p);
	}
}

static void test_absent(void **state)
{
	struct scratch *s = *state;
	struct lkm_error *error = NULL;

	assert_int_equal(lkm_policy_allow(s->root, "a", &error),
			 -LKM_ENOTFOUND);
	assert_error(error, "policy.forbid.absent");
	/* Without the marker it is somebody's own rule. */
	scratch_write(s, CONF, "blacklist a\ninstall a /bin/false\n");
	error = NULL;
	assert_int_equal(lkm_policy_allow(s->root, "a", &error),
			 -LKM_ENOTFOUND);
	assert_error(error, "policy.forbid.absent");
	assert_file(s, CONF, "blacklist a\ninstall a /bin/false\n");
}

static void test_elsewhere(void **state)
{
	struct scratch *s = *state;
	struct lkm_error *error = NULL;

	scratch_write(s, "/usr/lib/modprobe.d/h.conf", "\n# lkm: forbid a-b\n");
	forbid(s, "a-b");
	assert_int_equal(lkm_policy_allow(s->root, "a_b", &error),
			 -LKM_EREFUSED);
	assert_string_equal(lkm_error_get(error, "file"),
			    "/usr/lib/modprobe.d/h.conf");
	assert_string_equal(lkm_error_get(error, "line"), "2");
	assert_error(error, "policy.forbid.elsewhere");
	assert_file(s, CONF, NULL);
	assert_file(s, "/usr/lib/modprobe.d/h.conf", "\n# lkm: forbid a-b\n");
}

static void test_bad_names(void **state)
{
	static const char *const names[] = {
		"",
		"a b",
		"a\nblacklist b",
		"a/b",
		"*",
		"a\\",
		"#",
		"a\tb",
		"$(x)",
		"-a",
		"..",
		"\xc3",
		"[a]",
		"a1234567890123456789012345678901234567890123456789012345",
	};
	struct scratch *s = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct lkm_error *error = NULL;
		struct lkm_forbid_gaps *gaps;

		assert_int_equal(lkm_policy_forbid(s->root, names[i], &error),
				 -LKM_EUSAGE);
		assert_error(error, "policy.name.invalid");
		assert_int_equal(lkm_policy_allow(s->root, names[i], NULL),
				 -LKM_EUSAGE);
		assert_int_equal(
			lkm_policy_persist_load(s->root, names[i], true, NULL),
			-LKM_EUSAGE);
		assert_int_equal(lkm_policy_persist_param(s->root, names[i],
							  "x", "1", NULL),
				 -LKM_EUSAGE);
		assert_int_equal(lkm_policy_forbid_gaps(NULL, s->root, names[i],
							&gaps, NULL),
				 -LKM_EUSAGE);
	}
	assert_file(s, CONF, NULL);
	forbid(s, "a123456789012345678901234567890123456789012345678901234");
}

static void test_special_files(void **state)
{
	struct scratch *s = *state;
	struct lkm_error *error = NULL;
	char name[SCRATCH_PATH];

	scratch_folder(s, CONF);
	scratch_name(s, CONF, name);
	assert_int_equal(symlink("/dev/null", name), 0);
	assert_int_equal(lkm_policy_forbid(s->root, "a", &error),
			 -LKM_EREFUSED);
	assert_string_equal(lkm_error_get(error, "what"), "a symbolic link");
	assert_error(error, "policy.file.special");
	unlink(name);
	assert_int_equal(mkdir(name, 0755), 0);
	error = NULL;
	assert_int_equal(lkm_policy_forbid(s->root, "a", &error),
			 -LKM_EREFUSED);
	assert_error(error, "policy.file.special");
	rmdir(name);
	scratch_write(s, CONF, "");
	assert_int_equal(truncate(name, (4 << 20) + 1), 0);
	error = NULL;
	assert_int_equal(lkm_policy_forbid(s->root, "a", &error), -LKM_ELIMIT);
	assert_error(error, "policy.limit");
}

static void param(const struct scratch *s, const char *module, const char *name,
		  const char *value)
{
	assert_int_equal(
		lkm_policy_persist_param(s->root, module, name, value, NULL),
		0);
}

static void test_params(void **state)
{
	struct scratch *s = *state;
	struct stat before;

	param(s, "snd-pcm", "debug", "1");
	assert_file(s, CONF, HEADER "options snd_pcm debug=1\n");
	param(s, "snd-pcm", "list", "a,b c");
	param(s, "other", "debug", "");
	assert_file(s, CONF,
		    HEADER "options snd_pcm debug=1\n"
			   "options snd_pcm list=\"a,b c\"\n"
			   "options other debug=\n");
	before = file_stat(s, CONF);
	param(s, "snd_pcm", "debug", "1");
	assert_int_equal(file_stat(s, CONF).st_ino, before.st_ino);
	param(s, "snd_pcm", "debug", "2");
	param(s, "snd-pcm", "list", NULL);
	assert_file(s, CONF,
		    HEADER "options snd_pcm debug=2\noptions other debug=\n");
	param(s, "snd_pcm", "debug", NULL);
	param(s, "snd_pcm", "absent", NULL);
	param(s, "other", "debug", NULL);
	assert_file(s, CONF, NULL);
}

/* Lines that somebody wrote into our file by hand. */
static void test_params_by_hand(void **state)
{
	struct scratch *s = *state;

	scratch_write(s, CONF,
		      "options a\tx-y=1 \"z=p q\" flag\noptions b x_y=1 \\\n"
		      " c=d\\\\e\nOptions a x_y=1\nalias options a\n"
		      "options a z=7\n");
	param(s, "a", "z", "3");
	assert_file(s, CONF,
		    "options a x-y=1 z=3 flag\noptions b x_y=1 \\\n"
		    " c=d\\\\e\nOptions a x_y=1\nalias options a\n");
	param(s, "a", "x_y", NULL);
	param(s, "a", "flag", NULL);
	param(s, "b", "x_y", "2");
	assert_file(s, CONF,
		    "options a z=3\noptions b x_y=2 c=d\\\\e\n"
		    "Options a x_y=1\nalias options a\n");
}

/* What was written is what is read. */
static void test_param_round_trip(void **state)
{
	static const char *const values[] = { "1",  "a b",	"back\\slash\\",
					      "#x", "$HOME",	"=",
					      "'",  "\xc3\xa9", " lead",
					      "-1", "*" };
	struct scratch *s = *state;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct lkm_rule *rules;
		char want[64], plain[64];
		struct lkm_policy *p;
		size_t count;

		param(s, "m", "p", values[i]);
		p = scratch_load(s, NULL, NULL);
		rules = lkm_policy_rules(p, &count);
		assert_int_equal(count, 1);
		snprintf(want, sizeof(want), "p=\"%s\"", values[i]);
		snprintf(plain, sizeof(plain), "p=%s", values[i]);
		assert_string_equal(rules[0].value,
				    strchr(values[i], ' ') ? want : plain);
		lkm_policy_free(p);
	}
}

static void test_bad_params(void **state)
{
	static const struct {
		const char *param, *value;
	} cases[] = {
		{ "", "1" },	 { "a b", "1" },      { "a=b", "1" },
		{ "a\n", "1" },	 { "x", "a\"b" },     { "x", "a\nb" },
		{ "x", "a\tb" }, { "x\"", NULL },     { "x", "\x7f" },
		{ "-x", "1" },	 { "\xc3\xa9", "1" },
	};
	struct scratch *s = *state;
	char *huge = calloc(1, 20001);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lkm_error *error = NULL;

		assert_int_equal(
			lkm_policy_persist_param(s->root, "m", cases[i].param,
						 cases[i].value, &error),
			-LKM_EUSAGE);
		assert_error(error, "policy.param.invalid");
	}
	memset(huge, 'x', 20000);
	assert_int_equal(
		lkm_policy_persist_param(s->root, "m", "p", huge, NULL),
		-LKM_EUSAGE);
	assert_int_equal(
		lkm_policy_persist_param(s->root, "m", huge, "1", NULL),
		-LKM_EUSAGE);
	free(huge);
	assert_file(s, CONF, NULL);
}

static void test_load_at_boot(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(lkm_policy_persist_load(s->root, "a-b", true, NULL),
			 0);
	assert_int_equal(lkm_policy_persist_load(s->root, "c", true, NULL), 0);
	assert_int_equal(lkm_policy_persist_load(s->root, "a_b", true, NULL),
			 0);
	assert_file(s, LOAD, HEADER "a_b\nc\n");
	assert_int_equal(lkm_policy_persist_load(s->root, "a-b", false, NULL),
			 0);
	assert_int_equal(lkm_policy_persist_load(s->root, "x", false, NULL), 0);
	assert_file(s, LOAD, HEADER "c\n");
	assert_int_equal(lkm_policy_persist_load(s->root, "c", false, NULL), 0);
	assert_file(s, LOAD, NULL);
	scratch_write(s, LOAD, "; mine\n  a-b \nb");
	assert_int_equal(lkm_policy_persist_load(s->root, "a_b", true, NULL),
			 0);
	assert_file(s, LOAD, "; mine\n  a-b \nb");
	assert_int_equal(lkm_policy_persist_load(s->root, "c", true, NULL), 0);
	assert_file(s, LOAD, "; mine\n  a-b \nb\nc\n");
	assert_int_equal(lkm_policy_persist_load(s->root, "a_b", false, NULL),
			 0);
	assert_file(s, LOAD, "; mine\nb\nc\n");
}

/* In a child with a mount namespace of its own: 0 fine, 77 no such right. */
static int full_disk_child(const struct scratch *s)
{
	char folder[SCRATCH_PATH], filler[SCRATCH_PATH];
	struct lkm_error *error = NULL;
	char chunk[4096] = { 0 };
	const char *id;
	int fd;

	scratch_name(s, "/etc/modprobe.d", folder);
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", folder, "tmpfs", 0, "size=16k") < 0)
		return 77;
	scratch_write(s, CONF, "options a x=1\n");
	fd = open(scratch_name(s, "/etc/modprobe.d/filler", filler),
		  O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	while (write(fd, chunk, sizeof(chunk)) > 0)
		;
	close(fd);
	if (lkm_policy_forbid(s->root, "b", &error) != -LKM_ESYSTEM)
		return 1;
	id = lkm_error_id(error);
	if (strcmp(id, "sys.failed") || lkm_error_errno(error) != ENOSPC)
		return 2;
	lkm_error_free(error);
	assert_file(s, CONF, "options a x=1\n");
	/* Nor is anything left behind that would fill it further. */
	unlink(filler);
	forbid(s, "b");
	assert_file(s, CONF, "options a x=1\n" BLOCK("b"));
	return 0;
}

static void test_full_disk(void **state)
{
	struct scratch *s = *state;
	int status;
	pid_t pid;

	scratch_folder(s, CONF);
	pid = fork();
	if (pid == 0)
		_exit(full_disk_child(s));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A writer that was killed between journal and rename. */
static void test_killed_writer(void **state)
{
	struct scratch *s = *state;

	scratch_write(s, CONF, "options old x=1\n");
	scratch_write(s, "/etc/modprobe.d/.lkm-new.lkm.conf",
		      "options new x=1\n");
	scratch_write(s, "/etc/modprobe.d/.lkm-journal", "+lkm.conf\nend\n");
	forbid(s, "a");
	assert_file(s, CONF, "options new x=1\n" BLOCK("a"));
	assert_file(s, "/etc/modprobe.d/.lkm-journal", NULL);
}

/* Writers at the same time lose nothing of each other. */
static void test_two_writers(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy *p;
	pid_t pids[4];

	for (int i = 0; i < 4; i++) {
		char name[8] = { 'm', (char)('a' + i) };

		pids[i] = fork();
		if (pids[i] == 0)
			_exit(lkm_policy_forbid(s->root, name, NULL) ? 1 : 0);
	}
	for (int i = 0; i < 4; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	p = scratch_load(s, NULL, NULL);
	assert_non_null(lkm_policy_forbids(p, "ma"));
	assert_non_null(lkm_policy_forbids(p, "mb"));
	assert_non_null(lkm_policy_forbids(p, "mc"));
	assert_non_null(lkm_policy_forbids(p, "md"));
	lkm_policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_forbid_and_allow),
		scratch_test(test_other_lines),
		scratch_test(test_incomplete_block),
		scratch_test(test_unfinished_lines),
		scratch_test(test_absent),
		scratch_test(test_elsewhere),
		scratch_test(test_bad_names),
		scratch_test(test_special_files),
		scratch_test(test_params),
		scratch_test(test_params_by_hand),
		scratch_test(test_param_round_trip),
		scratch_test(test_bad_params),
		scratch_test(test_load_at_boot),
		scratch_test(test_full_disk),
		scratch_test(test_killed_writer),
		scratch_test(test_two_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
