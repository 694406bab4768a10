// SPDX-License-Identifier: LGPL-2.1-or-later
// Completion of lkm, printed as a script for the shell.
#pragma once

void complete_bash(void);
void complete_fish(void);
void complete_zsh(void);
