// SPDX-License-Identifier: LGPL-2.1-or-later
// The directives of modprobe.d and the kernel command line.
#include "scratch.h"

#define FILE_A "/etc/modprobe.d/a.conf"

/* The rules that @text in one file gives. */
static void check(void **state, const char *text, const char *rules,
		  const char *warnings)
{
	struct scratch *s = *state;
	struct lkm_policy *p;

	scratch_write(s, FILE_A, text);
	p = scratch_load(s, "", NULL);
	assert_rules(p, rules);
	assert_warnings(p, warnings);
	lkm_policy_free(p);
}

static void test_directives(void **state)
{
	check(state,
	      "alias pci:v-*[a-z]d-* snd-pcm ignored\n"
	      "blacklist foo-bar more\n"
	      "options e1000e\ta=1\tb-c=\"x y\" # no comment\n"
	      "install floppy /bin/true; echo $CMDLINE_OPTS\n"
	      "remove floppy\t /bin/true \n"
	      "softdep b-b pre: x-1 y\tpost: z\n"
	      "weakdep c-c a-1  b\n",
	      "alias pci:v_*[a-z]d_* [snd_pcm] @" FILE_A ":1\n"
	      "blacklist foo_bar [] @" FILE_A ":2\n"
	      "options e1000e [a=1 b-c=\"x y\" # no comment] @" FILE_A ":3\n"
	      "install floppy [/bin/true; echo $CMDLINE_OPTS] @" FILE_A ":4\n"
	      "remove floppy [ /bin/true ] @" FILE_A ":5\n"
	      "softdep b_b [pre: x-1 y post: z] @" FILE_A ":6\n"
	      "weakdep c_c [a-1 b] @" FILE_A ":7\n",
	      "");
}

static void test_malformed(void **state)
{
	check(state,
	      "include other\nconfig x\nblacklist\nalias a\noptions b\n"
	      "install c\nremove\nsoftdep d \nweakdep\nalias x[ y\n"
	      "blacklist z]\nbogus\033 line\n  # indented\nblacklist ok\n",
	      "blacklist ok [] @" FILE_A ":14\n",
	      FILE_A ":1: 'include' is not supported any more\n" FILE_A
		     ":2: 'config' is not supported any more\n" FILE_A
		     ":3: 'blacklist' lacks a name\n" FILE_A
		     ":4: 'alias' lacks a name\n" FILE_A
		     ":5: 'options b' lacks its value\n" FILE_A
		     ":6: 'install c' lacks its value\n" FILE_A
		     ":7: 'remove' lacks a name\n" FILE_A
		     ":8: 'softdep d' lacks its value\n" FILE_A
		     ":9: 'weakdep' lacks a name\n" FILE_A
		     ":10: unbalanced bracket in 'x['\n" FILE_A
		     ":11: unbalanced bracket in 'z]'\n" FILE_A
		     ":12: unknown directive 'bogus?'\n" FILE_A
		     ":13: a comment's '#' must begin the line\n");
}

static void test_softdeps(void **state)
{
	check(state,
	      "softdep a pre: x post: y pre: z\nsoftdep b post: q\n"
	      "softdep c stray pre:\nsoftdep d  pre: two-blanks\n",
	      "softdep a [pre: x z post: y] @" FILE_A ":1\n"
	      "softdep b [post: q] @" FILE_A ":2\n"
	      "softdep c [] @" FILE_A ":3\n"
	      "softdep d [pre: two-blanks] @" FILE_A ":4\n",
	      FILE_A ":3: 'stray' stands before 'pre:' and 'post:'\n");
}

static void test_continuation(void **state)
{
	check(state,
	      "\n# comment \\\nblacklist hidden\nblacklist fo\\\no\n"
	      "options a \\\n\\\n  x=1\nblacklist b\\ar\nblacklist end\\",
	      "blacklist foo [] @" FILE_A ":4\n"
	      "options a [  x=1] @" FILE_A ":6\n"
	      "blacklist bar [] @" FILE_A ":9\n"
	      "blacklist end [] @" FILE_A ":10\n",
	      "");
}

static void test_odd_bytes(void **state)
{
	static const char text[] = "blacklist a\0b\nblacklist \xff\xfe\n"
				   "options c x=\xc3\xa9\r\n\0\nblacklist d";
	struct scratch *s = *state;
	struct lkm_policy *p;

	scratch_bytes(s, FILE_A, text, sizeof(text) - 1);
	p = scratch_load(s, "", NULL);
	assert_rules(p, "blacklist a [] @" FILE_A ":1\n"
			"blacklist \xff\xfe [] @" FILE_A ":2\n"
			"options c [x=\xc3\xa9\r] @" FILE_A ":3\n"
			"blacklist d [] @" FILE_A ":5\n");
	assert_warnings(p, FILE_A ":1: cut off at a NUL byte\n" FILE_A
				  ":4: cut off at a NUL byte\n");
	lkm_policy_free(p);
}

static void test_long_line(void **state)
{
	struct scratch *s = *state;
	char *text = malloc(70001);
	struct lkm_policy *p;

	memset(text, 'x', 70000);
	memcpy(text, "options a ", 10);
	memcpy(text + 70000 - 13, "\nblacklist b\n", 13);
	text[70000] = '\0';
	scratch_write(s, FILE_A, text);
	free(text);
	p = scratch_load(s, "", NULL);
	assert_rules(p, "blacklist b [] @" FILE_A ":2\n");
	assert_warnings(p, FILE_A ":1: longer than 65536 bytes\n");
	lkm_policy_free(p);
}

static void test_many_warnings(void **state)
{
	struct scratch *s = *state;
	const struct lkm_policy_warning *w;
	struct lkm_policy *p;
	char text[6001];
	size_t count;

	for (size_t i = 0; i < 6000; i += 2)
		memcpy(text + i, "x\n", 3);
	scratch_write(s, FILE_A, text);
	p = scratch_load(s, "", NULL);
	w = lkm_policy_warnings(p, &count);
	assert_int_equal(count, 1000);
	assert_string_equal(w[999].text, "further warnings left out");
	lkm_policy_free(p);
}

static void test_too_many_rules(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy_options o = { .size = sizeof(o), .root = s->root };
	struct lkm_error *error = NULL;
	struct lkm_policy *p = NULL;
	size_t line = strlen("blacklist a\n"), lines = ((size_t)1 << 18) + 1;
	char *text = malloc(lines * line + 1);

	for (size_t i = 0; i < lines; i++)
		memcpy(text + i * line, "blacklist a\n", line + 1);
	scratch_write(s, FILE_A, text);
	free(text);
	assert_int_equal(lkm_policy_load(&o, &p, &error), -LKM_ELIMIT);
	assert_null(p);
	assert_string_equal(lkm_error_get(error, "what"), "rules");
	assert_error(error, "policy.limit");
}

static void test_markers(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy *p;

	scratch_write(s, FILE_A,
		      "# lkm: forbid snd-pcm\n#lkm: forbid b\n"
		      "#  lkm:\tforbid  c \n# lkm: forbid\n# lkm: forbid x y\n"
		      "# lkm: forbid *\n# lkm forbid d\n# lkm: allow e\n"
		      "# lkm: forbid b\n");
	p = scratch_load(s, "", NULL);
	assert_rules(p, "forbid snd_pcm [] @" FILE_A ":1\n"
			"forbid b [] @" FILE_A ":2\n"
			"forbid c [] @" FILE_A ":3\n"
			"forbid b [] @" FILE_A ":9\n");
	assert_warnings(p,
			FILE_A ":4: cannot forbid '': no module's name\n" FILE_A
			       ":5: cannot forbid '': no module's name\n" FILE_A
			       ":6: cannot forbid '*': no module's name\n");
	assert_int_equal(lkm_policy_forbids(p, "snd-pcm")->line, 1);
	assert_int_equal(lkm_policy_forbids(p, "snd_pcm")->line, 1);
	assert_int_equal(lkm_policy_forbids(p, "b")->line, 2);
	assert_null(lkm_policy_forbids(p, "d"));
	assert_null(lkm_policy_forbids(p, ""));
	lkm_policy_free(p);
}

static void test_cmdline(void **state)
{
	static const struct {
		const char *text, *rules;
	} cases[] = {
		{ "quiet ro root=/dev/sda1 a=b.c=d", "" },
		{ "a-b.c-d=e-f", "options a_b [c-d=e-f] @/proc/cmdline:0\n" },
		{ "a.flag\n", "options a [flag] @/proc/cmdline:0\n" },
		{ "a.x=\tb.y", "options a [x=] @/proc/cmdline:0\n"
			       "options b [y] @/proc/cmdline:0\n" },
		{ "\"a.b=c d\" e.f=g",
		  "options a [b=\"c d\"] @/proc/cmdline:0\n"
		  "options e [f=g] @/proc/cmdline:0\n" },
		{ "a.b=\"c\td\"", "options a [b=\"c d\"] @/proc/cmdline:0\n" },
		{ "a.b=c.d=e", "options a [b=c.d=e] @/proc/cmdline:0\n" },
		{ "a.b.c=1 .x=1 a.=1 \"a\".b=1 \"a.b\" x\"a.b=1\" a.b\"=c",
		  "" },
		{ "a.b=\"open c.d=1", "" },
		{ "modprobe.blacklist=a-b,c,,d",
		  "blacklist a_b [] @/proc/cmdline:0\n"
		  "blacklist c [] @/proc/cmdline:0\n"
		  "blacklist d [] @/proc/cmdline:0\n" },
		{ "modprobe.blacklist=\"a,b\" \"modprobe.blacklist=c\"",
		  "blacklist a [] @/proc/cmdline:0\n"
		  "blacklist b [] @/proc/cmdline:0\n"
		  "blacklist c [] @/proc/cmdline:0\n" },
		{ "modprobe.blacklist modprobe.other=1 module_blacklist=x",
		  "options modprobe [blacklist] @/proc/cmdline:0\n"
		  "options modprobe [other=1] @/proc/cmdline:0\n" },
		{ "", "" },
		{ "\"", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lkm_policy *p = scratch_load(*state, cases[i].text,
						    NULL);

		assert_rules(p, cases[i].rules);
		lkm_policy_free(p);
	}
}

static void test_cmdline_malformed(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy_options o = { .size = sizeof(o), .root = s->root };
	struct lkm_error *error = NULL;
	struct lkm_policy *p;
	char *text = malloc((2 << 20) + 1);

	memset(text, 'x', 2 << 20);
	memcpy(text, "modprobe.blacklist=", 19);
	text[1000] = '\0';
	p = scratch_load(s, text, NULL);
	assert_rules(p, "");
	assert_warnings(p, "/proc/cmdline:0: overlong name in the blacklist\n");
	lkm_policy_free(p);
	p = scratch_load(s, "x[.y=1 modprobe.blacklist=a]", NULL);
	assert_rules(p, "");
	assert_warnings(p, "/proc/cmdline:0: unbalanced bracket in 'x['\n"
			   "/proc/cmdline:0: unbalanced bracket in 'a]'\n");
	lkm_policy_free(p);
	text[1000] = 'x';
	text[2 << 20] = '\0';
	o.cmdline = text;
	assert_int_equal(lkm_policy_load(&o, &p, &error), -LKM_ELIMIT);
	assert_string_equal(lkm_error_get(error, "file"), "/proc/cmdline");
	assert_error(error, "policy.limit");
	free(text);
}

/* A root that is not this machine's own has no kernel command line. */
static void test_cmdline_of_root(void **state)
{
	struct scratch *s = *state;
	struct lkm_policy *p;

	scratch_write(s, "/proc/cmdline", "a.b=1\n");
	p = scratch_load(s, NULL, NULL);
	assert_rules(p, "");
	lkm_policy_free(p);
	p = scratch_load(s, "c.d=1", NULL);
	assert_rules(p, "options c [d=1] @/proc/cmdline:0\n");
	lkm_policy_free(p);
}

static void test_kind_names(void **state)
{
	assert_string_equal(lkm_rule_kind_name(LKM_RULE_ALIAS), "alias");
	assert_string_equal(lkm_rule_kind_name(LKM_RULE_FORBID), "forbid");
	assert_string_equal(lkm_rule_kind_name((enum lkm_rule_kind)99),
			    "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_directives),
		scratch_test(test_malformed),
		scratch_test(test_softdeps),
		scratch_test(test_continuation),
		scratch_test(test_odd_bytes),
		scratch_test(test_long_line),
		scratch_test(test_many_warnings),
		scratch_test(test_too_many_rules),
		scratch_test(test_markers),
		scratch_test(test_cmdline),
		scratch_test(test_cmdline_malformed),
		scratch_test(test_cmdline_of_root),
		cmocka_unit_test(test_kind_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
