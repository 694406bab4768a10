// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of modules and symbols that kmod's hash tables give.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

/*
 * DOC: kmod keeps modules in a table of 512 buckets and symbols in one of
 * 2048, by Paul Hsieh's SuperFastHash of the name; inside a bucket names are
 * sorted.  Modules that modules.order does not name, and all of
 * modules.symbols, come out in this order, so files that are to be equal to
 * kmod's need it.
 */
#define ORDER_MODULE_BUCKETS 512
#define ORDER_SYMBOL_BUCKETS 2048

struct order_item {
	const char *name;
	uint32_t value; /* the caller's */
};

/* Sort @items as a table of @buckets (a power of two) gives them out. */
int order_by_bucket(struct order_item *items, size_t count, uint32_t buckets)
	_must_check_;
