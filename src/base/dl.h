// SPDX-License-Identifier: LGPL-2.1-or-later
// Libraries loaded when first needed, so that a run that does not use one
// does not pay for it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* One function of the library, and where its address goes. */
struct dl_symbol {
	const char *name;
	void **address;
};

/*
 * Load @soname and fill in @symbols.  0; -ENOENT: no such library here;
 * -ENOSYS: it lacks a function (*@ret_missing names it, where given).
 * The library stays loaded.  Callers keep the addresses per process and call
 * this again freely: the same library gives the same addresses.
 */
int dl_load(const char *soname, const struct dl_symbol *symbols, size_t count,
	    const char **ret_missing);

/*
 * Note the library in the ELF file (.note.dlopen), where packagers' tools
 * find it: https://systemd.io/ELF_DLOPEN_METADATA/.  @description and @soname
 * are string literals, @priority "recommended", "suggested" or "required".
 */
#define DL_NOTE(tag, feature, description, priority, soname)  \
	DL_NOTE_JSON(tag, "[{\"feature\":\"" feature          \
			  "\",\"description\":\"" description \
			  "\",\"priority\":\"" priority       \
			  "\",\"soname\":[\"" soname "\"]}]")

#define DL_NOTE_JSON(tag, json)                                              \
	__attribute__((used, section(".note.dlopen"))) static const struct { \
		struct {                                                     \
			unsigned int name_size, json_size, type;             \
		} head;                                                      \
		char name[4];                                                \
		__attribute__((aligned(4))) char text[sizeof(json)];         \
	} __attribute__((aligned(4)))                                        \
	dl_note_##tag = { { 4, sizeof(json), 0x407c0c0a }, "FDO", json }
