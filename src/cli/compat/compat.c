// SPDX-License-Identifier: LGPL-2.1-or-later
// The historic names that the program answers to.
#include "cli/compat/compat.h"

#include <string.h>

#include "base/macro.h"

static const struct compat names[] = {
	{ "depmod", compat_depmod, depmod_options, COMPAT_RELEASES,
	  "[VERSION [FILE...]]", "write the index files of a kernel's modules",
	  "Writes modules.dep, modules.alias, modules.symbols and the rest "
	  "below /lib/modules/VERSION, so that *modprobe*(8) finds what a "
	  "module needs. VERSION is that of the running kernel if it is not "
	  "given. With files (absolute paths) these modules alone are "
	  "indexed. All files are replaced together; on a full disk the old "
	  "ones stay." },
	{ "insmod", compat_insmod, insmod_options, COMPAT_FILES,
	  "FILE [PARAMETER=VALUE...]", "load one module file",
	  "Loads the file and nothing that it needs; *modprobe*(8) does "
	  "that." },
	{ "kmod", compat_kmod, kmod_options, COMPAT_COMMANDS,
	  "COMMAND [OPTIONS]", "list modules and static device nodes",
	  "*kmod list* is *lsmod*(8). *kmod static-nodes* [*-f* "
	  "_human|tmpfiles|devname_] [*-o* _FILE_] prints the device nodes "
	  "that load a module of the running kernel when they are opened. "
	  "*kmod help* shows help." },
	{ "lsmod", compat_lsmod, lsmod_options, COMPAT_NOTHING, "",
	  "list the loaded modules",
	  "Prints /proc/modules as a table: name, size, how many use it, and "
	  "which modules these are." },
	{ "modinfo", compat_modinfo, modinfo_options, COMPAT_MODULES,
	  "NAME|FILE...", "show what a module says of itself",
	  "A name may be an alias; a file is one whose name ends in .ko, "
	  ".ko.gz, .ko.xz or .ko.zst. Parameters come last. Of a signature "
	  "it shows who signed, and does not verify it." },
	{ "modprobe", compat_modprobe, modprobe_options, COMPAT_MODULES,
	  "NAME [PARAMETER=VALUE...]",
	  "load or unload a module with what it needs",
	  "Loads the modules of a name, an alias or a file (a path that "
	  "begins with / or ./), by the rules of *modprobe.d*(5) and after "
	  "what they need; with *-r* unloads them and what only they used.\n\n"
	  "$MODPROBE_OPTIONS holds options that stand before those of the "
	  "command line. Commands of install and remove lines find the "
	  "module's name in $MODPROBE_MODULE; $CMDLINE_OPTS in an install "
	  "line is replaced by the parameters. Messages go to the system log "
	  "where stderr is closed." },
	{ "rmmod", compat_rmmod, rmmod_options, COMPAT_LOADED, "NAME...",
	  "unload modules",
	  "Unloads these modules and no others; *modprobe -r* unloads what "
	  "they needed, too." },
};

const struct compat *compat_find(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i].name, name))
			return &names[i];
	}
	return NULL;
}

const struct compat *compat_nth(size_t i)
{
	return i < ARRAY_SIZE(names) ? &names[i] : NULL;
}
