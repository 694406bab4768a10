// SPDX-License-Identifier: LGPL-2.1-or-later
// CRC-32C (Castagnoli): finds damage, keeps out no forger.
#pragma once

#include <stdint.h>

#include "base/span.h"

/* The checksum as iSCSI and ext4 have it; "123456789" has 0xe3069283. */
uint32_t crc32c(struct span bytes);
