// SPDX-License-Identifier: GPL-2.0-only
// See slow.h.
#include "slow.h"
