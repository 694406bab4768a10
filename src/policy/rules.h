// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules while they are being read.
#pragma once

#include <lkm/policy.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/span.h"
#include "base/vec.h"
#include "policy/lines.h"

#define RULES_MAX ((size_t)1 << 18)
#define WARNINGS_MAX ((size_t)1000) /* further ones are only counted */
#define CMDLINE_MAX ((size_t)1 << 20)

struct lkm_policy {
	struct arena strings;
	VEC(struct lkm_rule) rules;
	VEC(struct lkm_policy_warning) warnings;
	struct map forbidden; /* -> struct lkm_rule, once all are read */
	int failed;	      /* sticks: -ENOMEM, -E2BIG above RULES_MAX */
};

/* Where a rule stands; @file lives in the policy's arena. */
struct place {
	const char *file;
	unsigned int line;
};

/* @key and @value are copied.  Failure sticks in ->failed. */
void policy_add(struct lkm_policy *p, const struct place *at,
		enum lkm_rule_kind kind, const char *key, const char *value);
void policy_warn(struct lkm_policy *p, const struct place *at, const char *fmt,
		 ...) _printf_(3, 4);

/* All lines of @text, which is changed; @file lives in the policy's arena. */
void policy_read_text(struct lkm_policy *p, const char *file, char *text,
		      size_t size);
/* The kernel command line; @file as the rules shall name it. */
void policy_read_cmdline(struct lkm_policy *p, const char *file,
			 struct span text);

/*
 * The module that a comment "# lkm: forbid NAME" forbids; NULL: @line is no
 * such marker.  @line is changed.  The name may be invalid.
 */
const char *forbid_marker(char *line);
/* Can this be a module's name in a rule that lkm writes or obeys? */
bool policy_name_is_valid(const char *name);
