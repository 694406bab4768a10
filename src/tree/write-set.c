// SPDX-License-Identifier: LGPL-2.1-or-later
// The set of index files: made side by side, replaced together.
#include <string.h>

#include "base/pool.h"
#include "diag/error.h"
#include "tree/index.h"
#include "tree/write.h"

static const struct index_output {
	const char *name;
	write_fn write;
} outputs[] = {
	/* Those that take longest first: they are made side by side. */
	{ "modules.alias.bin", write_alias_bin },
	{ "modules.symbols.bin", write_symbols_bin },
	{ "modules.dep.bin", write_dep_bin },
	{ "modules.alias", write_alias },
	{ "modules.symbols", write_symbols },
	{ "modules.dep", write_dep },
	{ "modules.softdep", write_softdep },
	{ "modules.weakdep", write_weakdep },
	{ "modules.devname", write_devname },
	{ "modules.builtin.bin", write_builtin_bin },
	{ "modules.builtin.alias.bin", write_builtin_alias_bin },
};

#define OUTPUTS ARRAY_SIZE(outputs)

struct maker {
	const struct write_input *input;
	struct write_output *results;
	int rc[OUTPUTS];
};

uint64_t index_content_add(uint64_t hash, const void *bytes, size_t size)
{
	uint64_t parts[2] = { hash, cache_hash(1, bytes, size) };

	return cache_hash(1, parts, sizeof(parts));
}

static void make_one(void *ctx, unsigned int worker, size_t item)
{
	struct maker *m = ctx;

	(void)worker;
	m->rc[item] = outputs[item].write(m->input, &m->results[item]);
}

static int make_all(struct index_run *run, struct write_output *results)
{
	const struct write_input input = {
		.graph = &run->graph,
		.builtin_list = { (uint8_t *)run->builtin_list,
				  run->builtin_list_size },
		.builtin = &run->builtin,
	};
	struct maker m = { .input = &input, .results = results };

	/* They also compute: as many as there may be. */
	pool_run(MAX_OF(run->threads, pool_short_threads(run->threads)),
		 OUTPUTS, make_one, &m);
	for (size_t i = 0; i < OUTPUTS; i++) {
		if (m.rc[i] < 0)
			return error_system(run->reterr, m.rc[i], "make",
					    outputs[i].name);
	}
	return 0;
}

/* Does the output directory have exactly this already? */
static bool is_same(struct index_run *run, const char *name,
		    const struct strbuf *bytes)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ char *old = NULL;
	size_t size;

	if (!strbuf_addf(&path, "%s/%s", run->out_dir, name) ||
	    root_read(&run->root, path.data, bytes->len, &old, &size) < 0)
		return false;
	return size == bytes->len && (!size || !memcmp(old, bytes->data, size));
}

static int write_all(struct index_run *run, struct write_output *results)
{
	int rc = 0;

	run->content_hash = 1;
	for (size_t i = 0; i < OUTPUTS; i++) {
		struct strbuf *b = &results[i].bytes;

		run->content_hash = index_content_add(run->content_hash,
						      strbuf_str(b), b->len);
		if (run->options->output)
			run->options->output(run->options->output_ctx,
					     outputs[i].name, strbuf_str(b),
					     b->len);
		if (!run->fileset)
			run->changed += !is_same(run, outputs[i].name, b);
		else if (!rc)
			rc = fileset_add(run->fileset, outputs[i].name,
					 strbuf_str(b), b->len,
					 INDEX_FILE_MODE);
		for (size_t k = 0; k < results[i].warnings.len; k++) {
			if (!error_list_take(
				    &run->graph.warnings,
				    take_ptr(results[i].warnings.data[k])))
				rc = -ENOMEM;
		}
	}
	if (!rc && run->fileset)
		rc = fileset_commit(run->fileset, &run->changed);
	if (rc < 0)
		return error_system(run->reterr, rc, "write indexes in",
				    run->out_dir);
	return 0;
}

int index_write_set(struct index_run *run)
{
	struct write_output results[OUTPUTS] = { 0 };
	int rc = make_all(run, results);

	if (!rc)
		rc = write_all(run, results);
	for (size_t i = 0; i < OUTPUTS; i++) {
		strbuf_release(&results[i].bytes);
		error_list_release(&results[i].warnings);
	}
	return rc;
}

const char *index_output_name(size_t i)
{
	return i < OUTPUTS ? outputs[i].name : NULL;
}
