// SPDX-License-Identifier: LGPL-2.1-or-later
// One object per verb, each defined in its verb-NAME.c.
#pragma once

#include "cli/cli.h"

extern const struct verb verb_allow;
extern const struct verb verb_config;
extern const struct verb verb_find;
extern const struct verb verb_forbid;
extern const struct verb verb_generate;
extern const struct verb verb_help;
extern const struct verb verb_host;
extern const struct verb verb_index;
extern const struct verb verb_info;
extern const struct verb verb_keys;
extern const struct verb verb_list;
extern const struct verb verb_load;
extern const struct verb verb_log;
extern const struct verb verb_param;
extern const struct verb verb_check;
extern const struct verb verb_plan;
extern const struct verb verb_reload;
extern const struct verb verb_tree;
extern const struct verb verb_unload;
extern const struct verb verb_vm;
extern const struct verb verb_why;
