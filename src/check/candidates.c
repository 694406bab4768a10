// SPDX-License-Identifier: LGPL-2.1-or-later
// What an errno of a module load can mean, less what is known not to be.
#include "check/candidates.h"

#include <errno.h>
#include <string.h>

#include "base/strbuf.h"
#include "check/preflight.h"

/* When a candidate counts. */
enum {
	LOGGED = 1,	 /* the kernel would have logged it */
	WITH_PARAMS = 2, /* parameters were given */
	LOCKED = 4,	 /* the kernel may be locked down */
	BLACKLIST = 8,	 /* the command line may name it */
};

struct candidate {
	int err;
	unsigned int when;
	const char *text;
};

/* load_module() in order, v5.10 to v6.12; what init itself returns is apart. */
static const struct candidate candidates[] = {
	{ EPERM, LOGGED | LOCKED, "lockdown forbids unsigned modules" },
	{ EPERM, LOGGED | BLACKLIST, "module_blacklist= names it" },
	{ EPERM, 0, "a security module (LSM) forbids it" },
	{ EACCES, 0, "a security module (LSM) or the file's rights forbid it" },
	{ EKEYREJECTED, LOGGED, "signatures are enforced and it has none" },
	{ EKEYREJECTED, 0, "its contents do not fit its signature" },
	{ EBADMSG, 0, "its signature is malformed" },
	{ ENOPKG, 0, "its signature needs a cipher that the kernel lacks" },
	{ ENOKEY, 0, "its signature's key is not known to the kernel" },
	{ ENOEXEC, LOGGED, "it was built for another kernel" },
	{ ENOEXEC, LOGGED, "the file is damaged or not a module" },
	{ ENOEXEC, 0, "it lacks a version magic or symbol versions" },
	{ ENOENT, LOGGED, "a symbol that it needs is not loaded" },
	{ EINVAL, LOGGED, "a symbol that it needs has another version" },
	{ EINVAL, LOGGED | WITH_PARAMS, "a parameter has a bad value" },
	{ EINVAL, 0, "the file is empty" },
	{ EBUSY, 0, "a load or unload of the same module is going on" },
	{ EBUSY, LOGGED, "a module that it needs does not become ready" },
	{ EEXIST, 0, "another module of that name was there a moment ago" },
	{ EEXIST, LOGGED, "the kernel itself has a module of that name" },
	{ ENOMEM, LOGGED, "there is no room for its per-CPU data" },
	{ ENOMEM, 0, "the kernel is out of memory" },
	{ ENOSPC, LOGGED | WITH_PARAMS, "a parameter's value is too long" },
	{ ERANGE, LOGGED | WITH_PARAMS, "a parameter's value is out of range" },
	{ E2BIG, 0, "the parameters are too long" },
	{ EFBIG, 0, "the file is too large" },
	{ EFAULT, 0, "its memory could not be read" },
	{ EINTR, 0, "a signal ended the wait for another load of it" },
	{ EAGAIN, 0, "the kernel had no memory or room at that moment" },
	{ ETXTBSY, 0, "the file is open for writing" },
	{ EIO, 0, "the file could not be read" },
	{ ENOSYS, 0, "the system call is blocked or missing" },
	{ EOPNOTSUPP, 0, "the kernel cannot decompress it" },
};

static bool may_be_locked(const struct lkm_facts *facts)
{
	const char *state = facts ? lkm_facts_text(facts, LKM_FACT_LOCKDOWN) :
				    NULL;

	return !state || strcmp(state, "none") != 0;
}

static bool may_be_blacklisted(const struct candidates_inputs *in)
{
	return !in->facts || !lkm_facts_text(in->facts, LKM_FACT_CMDLINE) ||
	       check_is_blacklisted(in->facts, in->module);
}

static bool counts(const struct candidates_inputs *in,
		   const struct candidate *c)
{
	if (c->err != in->err)
		return false;
	if ((c->when & LOGGED) && in->log_is_readable)
		return false;
	if ((c->when & WITH_PARAMS) && !*in->params)
		return false;
	if ((c->when & LOCKED) && !may_be_locked(in->facts))
		return false;
	return !(c->when & BLACKLIST) || may_be_blacklisted(in);
}

bool candidates_only_init(const struct candidates_inputs *in)
{
	/* A parameter's own setter may fail with anything, and is logged. */
	if (!in->log_is_readable && *in->params)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		if (counts(in, &candidates[i]))
			return false;
	}
	return true;
}

char *candidates_text(const struct candidates_inputs *in)
{
	struct strbuf b = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		if (counts(in, &candidates[i]))
			strbuf_addf(&b, "%s, or ", candidates[i].text);
	}
	if (!in->log_is_readable && *in->params && !b.len)
		strbuf_adds(&b, "a parameter has a bad value, or ");
	strbuf_adds(&b, "its own init function failed with this");
	return strbuf_take(&b);
}

char *candidates_unchecked(const struct candidates_inputs *in)
{
	struct strbuf b = { 0 };

	if (!in->log_is_readable)
		strbuf_addf(&b, "what the kernel logged (%s), ", in->log_error);
	if (!in->facts)
		strbuf_adds(&b, "the kernel's settings, ");
	if (in->err == EPERM && in->facts &&
	    !lkm_facts_text(in->facts, LKM_FACT_LOCKDOWN))
		strbuf_adds(&b, "whether the kernel is locked down, ");
	strbuf_adds(&b, "how far the kernel got");
	return strbuf_take(&b);
}

const char *candidates_init_advice(int err)
{
	switch (err) {
	case ENODEV:
	case ENXIO:
		return "usually the hardware that it drives is not there or is "
		       "switched off";
	case ENOENT:
		return "usually something that it asks the kernel for (an "
		       "algorithm, firmware, another module) is missing";
	case EOPNOTSUPP:
		return "usually the processor or firmware lacks a feature or "
		       "has it switched off";
	case EEXIST:
	case EBUSY:
		return "usually another driver has registered the same name or "
		       "device";
	case ENOMEM:
		return "memory was short, or its parameters ask for too much";
	default: return "its own lines in the kernel's log may say why";
	}
}
