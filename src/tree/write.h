// SPDX-License-Identifier: LGPL-2.1-or-later
// The eleven index files, made in memory.
#pragma once

#include "base/strbuf.h"
#include "tree/builtin.h"
#include "tree/graph.h"
#include "tree/scan.h"

/* What they are made from. */
struct write_input {
	const struct graph *graph;
	struct span builtin_list;      /* modules.builtin; size 0: none */
	const struct builtin *builtin; /* modules.builtin.modinfo */
};

/* One file, and what had to be left out of it.  Zero-initialise. */
struct write_output {
	struct strbuf bytes;
	error_list warnings;
};

/* 0, -ENOMEM, or -EFBIG: an index has no room for that much. */
typedef int (*write_fn)(const struct write_input *in, struct write_output *out);

int write_dep(const struct write_input *in, struct write_output *out);
int write_alias(const struct write_input *in, struct write_output *out);
int write_softdep(const struct write_input *in, struct write_output *out);
int write_weakdep(const struct write_input *in, struct write_output *out);
int write_symbols(const struct write_input *in, struct write_output *out);
int write_devname(const struct write_input *in, struct write_output *out);

int write_dep_bin(const struct write_input *in, struct write_output *out);
int write_alias_bin(const struct write_input *in, struct write_output *out);
int write_symbols_bin(const struct write_input *in, struct write_output *out);
int write_builtin_bin(const struct write_input *in, struct write_output *out);
int write_builtin_alias_bin(const struct write_input *in,
			    struct write_output *out);

/* The line of @m in modules.dep, without its newline. */
void write_dep_line(const struct graph_module *m, struct strbuf *out);
