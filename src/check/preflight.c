// SPDX-License-Identifier: LGPL-2.1-or-later
// Would a kernel take this file?  The loader's checks made beforehand.
#include "check/preflight.h"

#include <lkm/image.h>

#include <elf.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "check/params.h"
#include "check/symbols.h"
#include "diag/error.h"

#define SIGNATURE_PKCS7 2 /* include/linux/module_signature.h */

struct preflight {
	const struct preflight_inputs *in;
	struct lkm_image *image;
	const char *module;
	/* A module of the kernel's own tree, to compare with; NULL: none. */
	struct lkm_image *model;
};

static void image_freep(struct lkm_image **image)
{
	lkm_image_free(*image);
}

static int fail_format(struct preflight *p, const char *reason,
		       struct lkm_error **reterr)
{
	return FAIL(reterr, MODULE_FORMAT, KV_STR("module", p->module),
		    KV_STR("file", p->in->path), KV_STR("reason", reason));
}

/* A file that can't be read as a module; @cause says where and why. */
static int fail_unreadable(const struct preflight_inputs *in, int rc,
			   struct lkm_error *cause, struct lkm_error **reterr)
{
	_cleanup_free_ char *reason = NULL;

	if (rc == -LKM_ENOMEM || rc == -LKM_ESYSTEM || !cause) {
		if (reterr)
			*reterr = cause;
		else
			lkm_error_free(cause);
		return rc;
	}
	reason = lkm_error_text(cause);
	rc = FAIL(reterr, MODULE_FORMAT, KV_STR("file", in->path),
		  KV_STR("reason", reason));
	error_set_cause(reterr, cause);
	return rc;
}

static int machine_of(const char *uname_machine)
{
	static const struct {
		const char *name;
		int machine;
	} table[] = {
		{ "x86_64", EM_X86_64 }, { "aarch64", EM_AARCH64 },
		{ "i686", EM_386 },	 { "i586", EM_386 },
		{ "armv7l", EM_ARM },	 { "ppc64le", EM_PPC64 },
		{ "ppc64", EM_PPC64 },	 { "s390x", EM_S390 },
		{ "riscv64", EM_RISCV },
	};

	for (size_t i = 0; uname_machine && i < ARRAY_SIZE(table); i++) {
		if (!strcmp(table[i].name, uname_machine))
			return table[i].machine;
	}
	return EM_NONE;
}

static int check_header(struct preflight *p, struct lkm_error **reterr)
{
	const struct lkm_elf *elf = lkm_image_elf(p->image);
	const char *machine = NULL;
	uint16_t of_kernel;
	char reason[96];
	int wanted;

	if (elf->type != ET_REL)
		return fail_format(p, "its ELF type is not that of a module",
				   reterr);
	if (p->in->facts)
		machine = lkm_facts_text(p->in->facts, LKM_FACT_MACHINE);
	wanted = machine_of(machine);
	if (wanted == EM_NONE && p->in->kernel &&
	    lkm_vmlinux_machine(p->in->kernel, &of_kernel))
		wanted = of_kernel;
	if (wanted == EM_NONE || wanted == elf->machine)
		return 0;
	snprintf(reason, sizeof(reason),
		 "it is for ELF machine %u, this kernel is for %d",
		 elf->machine, wanted);
	return fail_format(p, reason, reterr);
}

static bool has_section(const struct lkm_section *s, size_t count,
			const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(s[i].name, name))
			return true;
	}
	return false;
}

static bool has_symbols(const struct lkm_section *s, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (s[i].type == SHT_SYMTAB)
			return true;
	}
	return false;
}

static int check_sections(struct preflight *p, struct lkm_error **reterr)
{
	const struct lkm_section *sections;
	size_t count;
	int rc = lkm_image_sections(p->image, &sections, &count, reterr);

	if (rc < 0)
		return rc;
	if (!has_symbols(sections, count))
		return fail_format(p, "it has no symbol table (stripped?)",
				   reterr);
	if (!has_section(sections, count, ".gnu.linkonce.this_module"))
		return fail_format(p, "it has no .gnu.linkonce.this_module",
				   reterr);
	for (size_t i = 0; i < count; i++) {
		/* module_enforce_rwx_sections(), since v5.10 */
		if ((sections[i].flags & (SHF_WRITE | SHF_EXECINSTR)) ==
		    (SHF_WRITE | SHF_EXECINSTR))
			return fail_format(
				p, "a section is writable and executable",
				reterr);
	}
	return 0;
}

static enum lkm_known fact_known(struct preflight *p, enum lkm_fact fact)
{
	return p->in->facts ? lkm_facts_known(p->in->facts, fact) : LKM_UNKNOWN;
}

static int fail_signature(struct preflight *p, const char *reason,
			  struct lkm_error **reterr)
{
	return FAIL(reterr, MODULE_SIGNATURE_REJECTED,
		    KV_STR("module", p->module), KV_STR("file", p->in->path),
		    KV_STR("reason", reason));
}

static int check_digest(struct preflight *p, struct lkm_error **reterr)
{
	int rc;

	if (!p->in->keys)
		return 0;
	rc = lkm_keys_verify(p->in->keys, p->image, NULL, reterr);
	switch (rc) {
	case LKM_SIGNED_WRONG:
		return fail_signature(
			p, "the contents do not fit the signature", reterr);
	case LKM_SIGNED_MALFORMED:
		return fail_signature(p, "the signature is malformed", reterr);
	default: return rc < 0 ? rc : 0;
	}
}

static int check_signature(struct preflight *p, struct lkm_error **reterr)
{
	struct lkm_error *cause = NULL;
	struct lkm_signature signature;
	const char *lockdown = NULL;
	int rc = lkm_image_signature(p->image, &signature, &cause);

	/* mod_check_sig(): what is not PKCS#7 is as if it were not there */
	if (rc == 1 && signature.id_type == SIGNATURE_PKCS7 &&
	    (signature.algo || signature.hash || signature.signer_len ||
	     signature.key_id_len))
		return fail_signature(p,
				      "its trailer has fields set that PKCS#7 "
				      "does not have",
				      reterr);
	if (rc < 0) {
		_cleanup_free_ char *reason = cause ? lkm_error_text(cause) :
						      NULL;

		rc = fail_signature(p, reason, reterr);
		error_set_cause(reterr, cause);
		return rc;
	}
	if (rc == 1 && signature.id_type == SIGNATURE_PKCS7)
		return check_digest(p, reterr);
	if (fact_known(p, LKM_FACT_SIG_ENFORCE) == LKM_YES)
		return FAIL(
			reterr, MODULE_SIGNATURE_REQUIRED,
			KV_STR("module", p->module),
			KV_STR("file", p->in->path),
			KV_STR("what", rc ? "module with unsupported crypto" :
					    "unsigned module"));
	if (p->in->facts)
		lockdown = lkm_facts_text(p->in->facts, LKM_FACT_LOCKDOWN);
	if (!lockdown || !strcmp(lockdown, "none"))
		return 0;
	return FAIL(reterr, KERNEL_LOCKDOWN, KV_STR("module", p->module),
		    KV_STR("file", p->in->path),
		    KV_STR("what", "unsigned module loading"));
}

bool check_is_blacklisted(const struct lkm_facts *facts, const char *module)
{
	const char *line = lkm_facts_text(facts, LKM_FACT_CMDLINE);
	struct span text = { (const uint8_t *)line, line ? strlen(line) : 0 };
	static const char key[] = "module_blacklist=";
	struct span word;
	size_t pos = 0;

	while (text_next_word(text, &pos, &word)) {
		_cleanup_free_ char *list = NULL;
		char *rest, *name;

		if (word.size < sizeof(key) - 1 ||
		    memcmp(word.data, key, sizeof(key) - 1))
			continue;
		list = strndup((const char *)word.data + sizeof(key) - 1,
			       word.size - (sizeof(key) - 1));
		/* The kernel compares byte by byte: '-' is not '_' here. */
		for (rest = list; (name = strsep(&rest, ","));) {
			if (!strcmp(name, module))
				return true;
		}
	}
	return false;
}

static int check_blacklist(struct preflight *p, struct lkm_error **reterr)
{
	if (!p->in->facts || !check_is_blacklisted(p->in->facts, p->module))
		return 0;
	return FAIL(reterr, MODULE_BLACKLISTED, KV_STR("module", p->module),
		    KV_STR("file", p->in->path));
}

/* The release in a vermagic; NULL: there is none, or no memory. */
static char *first_word(const char *magic)
{
	return magic ? strndup(magic, strcspn(magic, " ")) : NULL;
}

char *check_built_for(struct lkm_image *image, const char *running)
{
	_cleanup_free_ char *built = first_word(
		lkm_image_modinfo_get(image, "vermagic"));
	struct strbuf b = { 0 };

	if (!built)
		strbuf_adds(&b, "an unknown release");
	else if (running && !strcmp(built, running))
		strbuf_addf(&b, "another build of %s", built);
	else
		strbuf_adds(&b, built);
	return strbuf_take(&b);
}

/* The CRC of module_layout: the shape of struct module and its friends. */
static bool layout_crc(struct lkm_image *image, uint32_t *ret)
{
	struct lkm_error *e = NULL;
	const struct lkm_version *v;
	size_t count;

	if (lkm_image_versions(image, &v, &count, &e) < 0) {
		lkm_error_free(e);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(v[i].name, "module_layout")) {
			*ret = v[i].crc;
			return true;
		}
	}
	return false;
}

/* What the kernel wants it to be. */
static bool wanted_layout(struct preflight *p, uint32_t *ret)
{
	struct lkm_error *e = NULL;
	const struct lkm_kexport *x;
	int rc;

	if (!p->in->kernel)
		return p->model && layout_crc(p->model, ret);
	rc = lkm_vmlinux_export(p->in->kernel, "module_layout", &x, &e);
	if (rc < 0)
		lkm_error_free(e);
	if (rc <= 0 || !x->has_crc)
		return false;
	*ret = x->crc;
	return true;
}

static const char *wanted_vermagic(struct preflight *p)
{
	if (p->in->kernel)
		return lkm_vmlinux_vermagic(p->in->kernel);
	return p->model ? lkm_image_modinfo_get(p->model, "vermagic") : NULL;
}

static int check_layout(struct preflight *p, struct lkm_error **reterr)
{
	_cleanup_free_ char *built = NULL, *running = NULL;
	uint32_t ours, theirs;

	if (!layout_crc(p->image, &ours) || !wanted_layout(p, &theirs) ||
	    ours == theirs)
		return 0;
	running = first_word(wanted_vermagic(p));
	built = check_built_for(p->image, running);
	return FAIL(reterr, MODULE_LAYOUT_MISMATCH, KV_STR("module", p->module),
		    KV_STR("file", p->in->path), KV_STR("built", built),
		    KV_STR("running", running));
}

static int check_vermagic(struct preflight *p, struct lkm_error **reterr)
{
	const char *ours = lkm_image_modinfo_get(p->image, "vermagic");
	const char *theirs = wanted_vermagic(p), *a, *b;
	uint32_t crc;

	if (!ours || !theirs)
		return 0;
	a = ours;
	b = theirs;
	/* same_magic(): with CRCs the release does not count */
	if (layout_crc(p->image, &crc)) {
		a += strcspn(a, " ");
		b += strcspn(b, " ");
	}
	if (!strcmp(a, b))
		return 0;
	return FAIL(reterr, MODULE_VERMAGIC_MISMATCH,
		    KV_STR("module", p->module), KV_STR("file", p->in->path),
		    KV_STR("found", ours), KV_STR("wanted", theirs));
}

char *check_exporters(struct lkm_tree *tree, const struct lkm_facts *facts,
		      const char *symbol)
{
	struct lkm_error *e = NULL;
	const char *const *names;
	struct strbuf b = { 0 };
	size_t count;
	int rc;

	if (!tree || !facts)
		return NULL;
	rc = lkm_tree_symbol(tree, symbol, &names, &count, &e);
	lkm_error_free(rc < 0 ? e : NULL);
	if (rc <= 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (lkm_facts_loaded(facts, names[i])) {
			strbuf_release(&b);
			return NULL;
		}
		strbuf_addf(&b, "%s'%s'", i ? " or " : "", names[i]);
	}
	return strbuf_take(&b);
}

/*
 * Without the kernel's image only of symbols that a module of the tree exports
 * is it known who has them.
 */
static int check_symbols(struct preflight *p, struct lkm_error **reterr)
{
	const struct symbols_inputs symbols = { p->in->kernel, p->in->tree,
						p->image, p->module,
						p->in->path };
	const struct lkm_need *needs;
	size_t count;
	int rc;

	if (p->in->kernel)
		return symbols_check(&symbols, reterr);
	rc = lkm_image_needs(p->image, &needs, &count, reterr);

	for (size_t i = 0; !rc && i < count; i++) {
		_cleanup_free_ char *exporters = NULL;

		if (needs[i].weak)
			continue;
		exporters = check_exporters(p->in->tree, p->in->facts,
					    needs[i].name);
		if (exporters)
			return FAIL(reterr, MODULE_SYMBOL_NOTLOADED,
				    KV_STR("module", p->module),
				    KV_STR("file", p->in->path),
				    KV_STR("symbol", needs[i].name),
				    KV_STR("exporter", exporters));
	}
	return rc;
}

static int check_params(struct preflight *p, struct lkm_error **reterr)
{
	struct param_fault fault;
	int rc;

	if (!p->in->params || !*p->in->params ||
	    !params_find_fault(p->image, p->in->params, &fault))
		return 0;
	rc = FAIL(reterr, MODULE_PARAM_INVALID, KV_STR("module", p->module),
		  KV_STR("file", p->in->path), KV_STR("param", fault.param),
		  KV_STR("value", fault.value), KV_STR("type", fault.type));
	return rc;
}

/* Any module of the tree that belongs to the same kernel as the facts. */
static struct lkm_image *model_open(const struct preflight_inputs *in)
{
	_cleanup_free_ char *path = NULL;
	const struct lkm_module_file *modules;
	struct lkm_image *image = NULL;
	struct lkm_error *e = NULL;
	const char *release;
	size_t count;

	if (!in->tree || !in->facts)
		return NULL;
	release = lkm_facts_text(in->facts, LKM_FACT_RELEASE);
	if (!release || strcmp(release, lkm_tree_release(in->tree)) != 0)
		return NULL;
	if (lkm_tree_modules(in->tree, &modules, &count, &e) < 0) {
		lkm_error_free(e);
		return NULL;
	}
	if (count)
		path = lkm_tree_file_path(in->tree, modules[0].path);
	if (path && lkm_image_open(path, &image, &e) < 0) {
		lkm_error_free(e);
		return NULL;
	}
	return image;
}

int check_file(const struct preflight_inputs *in, struct lkm_error **reterr)
{
	static int (*const checks[])(struct preflight *,
				     struct lkm_error **) = {
		check_signature, check_header, check_sections,
		check_blacklist, check_layout, check_vermagic,
		check_symbols,	 check_params,
	};
	_cleanup_(image_freep) struct lkm_image *image = NULL, *model = NULL;
	struct preflight p = { .in = in };
	struct lkm_error *cause = NULL;
	int rc = lkm_image_open(in->path, &image, &cause);

	if (rc < 0) {
		rc = fail_unreadable(in, rc, cause, reterr);
	} else {
		model = model_open(in);
		p.image = image;
		p.model = model;
		p.module = lkm_image_name(image);
		for (size_t i = 0; !rc && i < ARRAY_SIZE(checks); i++)
			rc = checks[i](&p, reterr);
	}
	if (rc < 0)
		error_set_basis(reterr, LKM_BASIS_PREFLIGHT);
	return rc;
}
