// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm keys: which keys does that kernel trust?
#include <lkm/host.h>
#include <lkm/trust.h>

#include <string.h>
#include <time.h>

#include "cli/table.h"
#include "cli/verbs.h"

enum {
	KEY_SUBJECT,
	KEY_ID,
	KEY_ALGORITHM,
	KEY_UNTIL,
	KEY_ISSUER,
	KEY_SERIAL,
	KEY_FROM,
	KEY_FINGERPRINT,
};

static const struct column columns[] = {
	[KEY_SUBJECT] = { "subject", "SUBJECT", COLUMN_TRUNC },
	[KEY_ID] = { "key_id", "KEY-ID", 0 },
	[KEY_ALGORITHM] = { "algorithm", "ALGORITHM", 0 },
	[KEY_UNTIL] = { "not_after", "VALID-UNTIL", 0 },
	[KEY_ISSUER] = { "issuer", "ISSUER", COLUMN_JSON_ONLY },
	[KEY_SERIAL] = { "serial", "SERIAL", COLUMN_JSON_ONLY },
	[KEY_FROM] = { "not_before", "VALID-FROM", COLUMN_JSON_ONLY },
	[KEY_FINGERPRINT] = { "sha256", "SHA256", COLUMN_JSON_ONLY },
};

static void set_date(struct table *t, size_t column, int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;
	char text[32];

	if (gmtime_r(&time, &tm) && strftime(text, sizeof(text), "%F", &tm))
		table_str(t, column, text);
}

static void add_key(struct table *t, const struct lkm_key *key)
{
	table_row(t, 0);
	table_str(t, KEY_SUBJECT, key->subject);
	table_str(t, KEY_ID, key->key_id);
	table_str(t, KEY_ALGORITHM, key->algorithm);
	table_str(t, KEY_ISSUER, key->issuer);
	table_str(t, KEY_SERIAL, key->serial);
	table_str(t, KEY_FINGERPRINT, key->fingerprint);
	set_date(t, KEY_FROM, key->not_before);
	set_date(t, KEY_UNTIL, key->not_after);
}

/* free() */
static int find_image(struct cli *cli, const char *given, char **ret,
		      struct lkm_error **reterr)
{
	int rc = cli_target(cli, reterr);

	if (rc < 0)
		return rc;
	if (given) {
		*ret = strdup(given);
		return *ret ? 0 : error_nomem(reterr);
	}
	rc = lkm_host_find(cli->root, cli->release, ret, reterr);
	if (!rc)
		cli_note(cli, "note: keys of %s", *ret);
	return rc;
}

static int read_keys(struct cli *cli, const char *given, struct lkm_keys *keys,
		     struct lkm_error **reterr)
{
	_cleanup_free_ char *path = NULL;
	struct lkm_vmlinux *image = NULL;
	int rc = find_image(cli, given, &path, reterr);

	if (rc >= 0)
		rc = lkm_vmlinux_open(path, &image, reterr);
	if (rc >= 0)
		rc = lkm_keys_add_kernel(keys, image, reterr);
	lkm_vmlinux_free(image);
	return rc;
}

static int keys_run(struct cli *cli, int argc, char **argv)
{
	struct lkm_keys *keys = NULL;
	struct lkm_error *e = NULL;
	const struct lkm_key *all;
	struct table t;
	size_t count;
	int rc;

	if (argc > 1)
		return cli_usage(cli, "one image at a time");
	rc = lkm_keys_new(&keys, &e);
	if (rc >= 0)
		rc = read_keys(cli, argv[0], keys, &e);
	if (rc < 0) {
		lkm_keys_free(keys);
		return cli_fail(cli, e);
	}
	table_init(&t, "keys", columns, ARRAY_SIZE(columns));
	all = lkm_keys_all(keys, &count);
	for (size_t i = 0; i < count; i++)
		add_key(&t, &all[i]);
	rc = table_print(&t, cli);
	table_release(&t);
	lkm_keys_free(keys);
	return rc;
}

const struct verb verb_keys = {
	.name = "keys",
	.args = "[IMAGE]",
	.summary = "which keys a kernel trusts",
	.detail =
		"The certificates that are built into a kernel's image: of the "
		"running kernel (else of\nthe newest one here), of --kernel "
		"and --root, or of the file IMAGE.  A module is\ntrusted when "
		"one of them signed it; 'lkm check' finds a signature that "
		"does not fit.\nA running kernel may know more keys: of the "
		"firmware, of the machine's owner (MOK),\nand of those that "
		"were added to it.",
	.flags = VERB_ON,
	.words = WORDS_FILES,
	.run = keys_run,
};
