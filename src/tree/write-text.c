// SPDX-License-Identifier: LGPL-2.1-or-later
// The text index files.
#include <string.h>

#include "base/text.h"
#include "diag/error.h"
#include "tree/write.h"

static int text_result(const struct write_output *out)
{
	return out->bytes.failed ? -ENOMEM : 0;
}

void write_dep_line(const struct graph_module *m, struct strbuf *out)
{
	strbuf_adds(out, m->path);
	strbuf_addc(out, ':');
	for (size_t i = 0; i < m->dep_count; i++) {
		strbuf_addc(out, ' ');
		strbuf_adds(out, m->deps[i]->path);
	}
}

int write_dep(const struct write_input *in, struct write_output *out)
{
	for (size_t i = 0; i < in->graph->count; i++) {
		write_dep_line(&in->graph->modules[i], &out->bytes);
		strbuf_addc(&out->bytes, '\n');
	}
	return text_result(out);
}

static void add_line(struct strbuf *b, const char *verb, const char *first,
		     const char *second)
{
	strbuf_adds(b, verb);
	strbuf_addc(b, ' ');
	strbuf_adds(b, first);
	strbuf_addc(b, ' ');
	strbuf_adds(b, second);
	strbuf_addc(b, '\n');
}

int write_alias(const struct write_input *in, struct write_output *out)
{
	strbuf_adds(&out->bytes,
		    "# Aliases extracted from modules themselves.\n");
	for (size_t i = 0; i < in->graph->count; i++) {
		const struct graph_module *m = &in->graph->modules[i];

		for (size_t k = 0; k < m->aliases.count; k++)
			add_line(&out->bytes, "alias", m->aliases.data[k],
				 m->name);
	}
	return text_result(out);
}

int write_softdep(const struct write_input *in, struct write_output *out)
{
	strbuf_adds(&out->bytes, "# Soft dependencies extracted from modules "
				 "themselves.\n");
	for (size_t i = 0; i < in->graph->count; i++) {
		const struct graph_module *m = &in->graph->modules[i];

		for (size_t k = 0; k < m->softdeps.count; k++)
			add_line(&out->bytes, "softdep", m->name,
				 m->softdeps.data[k]);
	}
	return text_result(out);
}

int write_weakdep(const struct write_input *in, struct write_output *out)
{
	strbuf_adds(&out->bytes, "# Weak dependencies extracted from modules "
				 "themselves.\n");
	for (size_t i = 0; i < in->graph->count; i++) {
		const struct graph_module *m = &in->graph->modules[i];

		for (size_t k = 0; k < m->weakdeps.count; k++)
			add_line(&out->bytes, "weakdep", m->name,
				 m->weakdeps.data[k]);
	}
	return text_result(out);
}

int write_symbols(const struct write_input *in, struct write_output *out)
{
	strbuf_adds(&out->bytes,
		    "# Aliases for symbols, used by symbol_request().\n");
	for (size_t i = 0; i < in->graph->symbol_count; i++) {
		const struct graph_symbol *s = &in->graph->symbols[i];

		strbuf_adds(&out->bytes, "alias symbol:");
		strbuf_adds(&out->bytes, s->name);
		strbuf_addc(&out->bytes, ' ');
		strbuf_adds(&out->bytes, s->owner->name);
		strbuf_addc(&out->bytes, '\n');
	}
	return text_result(out);
}

struct devname {
	const char *name;
	char type;
	unsigned int major, minor;
};

/* The node that a module's aliases describe: its first name and number. */
static bool devname_of(const struct graph_module *m, struct devname *ret)
{
	*ret = (struct devname){ 0 };
	for (size_t i = 0; i < m->aliases.count; i++) {
		const char *alias = m->aliases.data[i];
		unsigned int major, minor;

		if (text_starts(alias, "devname:")) {
			ret->name = alias + strlen("devname:");
		} else if (alias[0] != 'c' && alias[0] != 'b') {
			continue;
		} else if (sscanf(alias, "char-major-%u-%u", &major, &minor) ==
			   2) {
			ret->type = 'c';
			ret->major = major;
			ret->minor = minor;
		} else if (sscanf(alias, "block-major-%u-%u", &major, &minor) ==
			   2) {
			ret->type = 'b';
			ret->major = major;
			ret->minor = minor;
		}
		if (ret->type && ret->name)
			return true;
	}
	return false;
}

int write_devname(const struct write_input *in, struct write_output *out)
{
	for (size_t i = 0; i < in->graph->count; i++) {
		const struct graph_module *m = &in->graph->modules[i];
		struct devname d;

		if (devname_of(m, &d)) {
			if (!out->bytes.len)
				strbuf_adds(&out->bytes,
					    "# Device nodes to trigger "
					    "on-demand module loading.\n");
			strbuf_addf(&out->bytes, "%s %s %c%u:%u\n", m->name,
				    d.name, d.type, d.major, d.minor);
		} else if (d.name) {
			struct lkm_error *e = NULL;

			FAIL(&e, TREE_ALIAS, KV_STR("file", m->path),
			     KV_STR("alias", d.name),
			     KV_STR("why", "a devname without a number"));
			if (!error_list_take(&out->warnings, e))
				return -ENOMEM;
		}
	}
	return text_result(out);
}
