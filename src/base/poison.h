// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls that this project does not make; given to every file by -include.
#pragma once

/* The system headers that declare (or use) the names must come first. */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison sprintf vsprintf strcpy strcat strtok system atoi atol
