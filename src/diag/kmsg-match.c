// SPDX-License-Identifier: LGPL-2.1-or-later
// What a line of the kernel's log means: a table of the loader's refusals.
#include <string.h>

#include "base/text.h"
#include "diag/kmsg.h"

/* More says more: a wrong kernel, then a cause, then what follows from it. */
enum { EFFECT = 1, CAUSE = 2, WHOLE = 3 };

struct pattern {
	const char *text;
	enum error_id id;
	int weight;
};

/*
 * Read off 6.1.192 and 6.12.117 (tests/vm) and the sources of v5.10 to v6.12.
 * The texts change in point releases, so each has only what it needs: {name}
 * takes the text up to what follows it, and what follows the pattern is free.
 * Of two that match the first counts.
 */
static const struct pattern patterns[] = {
	/* kernel/module/version.c */
	{ "{module}: disagrees about version of symbol module_layout",
	  ERR_MODULE_LAYOUT_MISMATCH, WHOLE },
	{ "{module}: no symbol version for module_layout",
	  ERR_MODULE_LAYOUT_MISMATCH, WHOLE },
	{ "{module}: disagrees about version of symbol {symbol}",
	  ERR_MODULE_SYMBOL_VERSION, CAUSE },
	{ "{module}: no symbol version for {symbol}", ERR_MODULE_SYMBOL_VERSION,
	  CAUSE },
	/* kernel/module/main.c */
	{ "module {module}: .gnu.linkonce.this_module section size must match",
	  ERR_MODULE_LAYOUT_MISMATCH, WHOLE },
	{ "{module}: version magic '{found}' should be '{wanted}'",
	  ERR_MODULE_VERMAGIC_MISMATCH, WHOLE },
	{ "{module}: module uses symbol ({symbol}) from namespace {namespace},",
	  ERR_MODULE_SYMBOL_NAMESPACE, CAUSE },
	{ "{module}: module uses symbol {symbol} from namespace {namespace},",
	  ERR_MODULE_SYMBOL_NAMESPACE, CAUSE },
	{ "{module}: gave up waiting for init of module {owner}.",
	  ERR_MODULE_SYMBOL_WAIT, CAUSE },
	{ "{module}: exports duplicate symbol {symbol} (owned by {owner})",
	  ERR_MODULE_SYMBOL_DUPLICATE, CAUSE },
	{ "{module}: Unknown symbol {symbol} (err {err})",
	  ERR_MODULE_SYMBOL_UNKNOWN, EFFECT },
	{ "Module hash {hash} is blacklisted", ERR_MODULE_SIGNATURE_REJECTED,
	  CAUSE },
	{ "Module {module} is blacklisted", ERR_MODULE_BLACKLISTED, CAUSE },
	{ "{module}: module has no symbols", ERR_MODULE_FORMAT, CAUSE },
	{ "{module}: No module found in object", ERR_MODULE_FORMAT, CAUSE },
	{ "{module}: section {section} (index {index}) has invalid WRITE|EXEC",
	  ERR_MODULE_FORMAT, CAUSE },
	{ "{module}: please compile with -fno-common", ERR_MODULE_FORMAT,
	  CAUSE },
	{ "module {module}: Only one {section} section must exist",
	  ERR_MODULE_FORMAT, CAUSE },
	{ "module {module}: Exactly one {section} section must exist",
	  ERR_MODULE_FORMAT, CAUSE },
	{ "module {module}: {section} section must be", ERR_MODULE_FORMAT,
	  CAUSE },
	{ "{module}: Could not allocate {bytes} bytes percpu data",
	  ERR_MODULE_PERCPU, CAUSE },
	{ "failed to validate module [{module}] BTF: {err}", ERR_MODULE_BTF,
	  CAUSE },
	{ "Invalid ELF ", ERR_MODULE_FORMAT, CAUSE },
	{ "Invalid architecture in ELF header: {machine}", ERR_MODULE_FORMAT,
	  CAUSE },
	{ "Invalid section header", ERR_MODULE_FORMAT, CAUSE },
	{ "ELF Spec violation: ", ERR_MODULE_FORMAT, CAUSE },
	{ "Only one .modinfo section must exist", ERR_MODULE_FORMAT, CAUSE },
	{ "Module has invalid ELF structures", ERR_MODULE_FORMAT, EFFECT },
	{ "Symbol table ", ERR_MODULE_FORMAT, CAUSE },
	/* kernel/module/decompress.c */
	{ "not an xz compressed module", ERR_MODULE_FORMAT, CAUSE },
	{ "not a gzip compressed module", ERR_MODULE_FORMAT, CAUSE },
	{ "not a zstd compressed module", ERR_MODULE_FORMAT, CAUSE },
	{ "decompression failed with status {status}", ERR_MODULE_FORMAT,
	  CAUSE },
	/* arch/x86/kernel/module.c; arm64: "... overflow in relocation type" */
	{ "{module}: Unknown rela relocation: {type}", ERR_MODULE_RELOCATION,
	  CAUSE },
	{ "x86/modules: Skipping invalid relocation target",
	  ERR_MODULE_RELOCATION, CAUSE },
	{ "x86/modules: Invalid relocation target", ERR_MODULE_RELOCATION,
	  CAUSE },
	{ "{module}: overflow in relocation type {type}", ERR_MODULE_RELOCATION,
	  CAUSE },
	{ "overflow in relocation type {type}", ERR_MODULE_RELOCATION, CAUSE },
	{ "{module}: unsupported RELA relocation: {type}",
	  ERR_MODULE_RELOCATION, CAUSE },
	{ "`{module}' likely not compiled with -mcmodel=kernel",
	  ERR_MODULE_RELOCATION, EFFECT },
	/* kernel/params.c */
	{ "{module}: `{value}' invalid for parameter `{param}'",
	  ERR_MODULE_PARAM_INVALID, CAUSE },
	{ "{module}: `{value}' too large for parameter `{param}'",
	  ERR_MODULE_PARAM_INVALID, CAUSE },
	/* kernel/module/signing.c, kernel/module_signature.c */
	{ "Loading of {what} is rejected", ERR_MODULE_SIGNATURE_REQUIRED,
	  CAUSE },
	{ "PKCS#7 signature info has unexpected non-zero params",
	  ERR_MODULE_SIGNATURE_REJECTED, CAUSE },
	/* without enforcement the module then counts as unsigned and loads */
	{ "not signed with expected PKCS#7 message",
	  ERR_MODULE_SIGNATURE_REJECTED, EFFECT },
	/* security/lockdown/lockdown.c */
	{ "Lockdown: {program}: {what} is restricted", ERR_KERNEL_LOCKDOWN,
	  CAUSE },
};

/* The name in "{name}..." at @p; static strings, so that facts can keep it. */
static const char *capture_name(const char *p, size_t len)
{
	static const char *const names[] = {
		"module", "symbol",  "namespace", "owner", "found",  "wanted",
		"err",	  "section", "index",	  "bytes", "hash",   "machine",
		"type",	  "value",   "param",	  "what",  "status", "program",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) == len && !memcmp(names[i], p, len))
			return names[i];
	}
	return "value";
}

static void match_add(struct kmsg_match *m, const char *name, const char *text,
		      size_t len)
{
	struct kmsg_fact *f = &m->facts[m->fact_count];

	if (m->fact_count >= KMSG_FACTS_MAX)
		return;
	len = MIN_OF(len, sizeof(f->value) - 1);
	f->name = name;
	memcpy(f->value, text, len);
	f->value[len] = '\0';
	m->fact_count++;
}

/* Where the text between two captures, @len of @literal, stands in @line. */
static const char *literal_find(const char *line, const char *literal,
				size_t len)
{
	return len ? memmem(line, strlen(line), literal, len) :
		     line + strlen(line);
}

/* Module names have no blanks; without this any sentence could be one. */
static bool capture_is_sane(const char *name, const char *text, size_t len)
{
	if (!len)
		return false;
	if (strcmp(name, "module") && strcmp(name, "symbol"))
		return true;
	return !memchr(text, ' ', len) && !memchr(text, ':', len);
}

static bool pattern_match(const char *p, const char *line,
			  struct kmsg_match *ret)
{
	ret->fact_count = 0;
	while (*p) {
		size_t len = strcspn(p, "{");
		const char *close, *name, *end;

		if (strncmp(line, p, len))
			return false;
		line += len;
		p += len;
		if (!*p)
			return true;
		close = strchr(p, '}');
		name = capture_name(p + 1, (size_t)(close - p) - 1);
		p = close + 1;
		end = literal_find(line, p, strcspn(p, "{"));
		if (!end || !capture_is_sane(name, line, (size_t)(end - line)))
			return false;
		match_add(ret, name, line, (size_t)(end - line));
		line = end;
	}
	return true;
}

bool kmsg_match(const char *line, struct kmsg_match *ret)
{
	/* pr_fmt() of some files, in some versions */
	if (text_starts(line, "module: "))
		line += strlen("module: ");
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		if (!pattern_match(patterns[i].text, line, ret))
			continue;
		ret->id = patterns[i].id;
		ret->weight = patterns[i].weight;
		return true;
	}
	return false;
}

const char *kmsg_match_get(const struct kmsg_match *m, const char *name)
{
	for (size_t i = 0; i < m->fact_count; i++) {
		if (!strcmp(m->facts[i].name, name))
			return m->facts[i].value;
	}
	return NULL;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool kmsg_mentions(const char *line, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = line; *p;) {
		size_t word = 0;

		while (is_name_char(p[word]))
			word++;
		if (word == len) {
			char buf[MODULE_NAME_MAX];

			snprintf(buf, sizeof(buf), "%.*s", (int)word, p);
			if (module_name_equals(buf, name))
				return true;
		}
		p += word ? word : 1;
	}
	return false;
}

bool kmsg_is_dump(const char *line)
{
	static const char *const starts[] = {
		"PGD ",	 "Code: ", "RSP: ", "RAX: ", "RDX: ", "RBP: ", "R10: ",
		"R13: ", "FS: ",   "CS: ",  "CR2: ", "DR0: ", "DR3: ", "PKRU: ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		if (text_starts(line, starts[i]))
			return true;
	}
	return false;
}
