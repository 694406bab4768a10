// SPDX-License-Identifier: LGPL-2.1-or-later
// Places in a module's code as lines of its source, by libdw.
#include <lkm/lines.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lkm/image.h>

#include "base/dl.h"
#include "base/macro.h"
#include "diag/error.h"

#ifdef HAVE_DW
#include <dwarf.h>
#include <elfutils/libdwfl.h>

#define DW_SONAME "libdw.so.1"
DL_NOTE(dw, "dw", "source lines of module code", "suggested", DW_SONAME);

#define LINES_MAX 16 /* of one instruction: calls inlined in each other */
#define DEBUG_ROOT "/usr/lib/debug"

#define CALLS(X)                        \
	X(dwfl_begin)                   \
	X(dwfl_end)                     \
	X(dwfl_report_offline)          \
	X(dwfl_report_end)              \
	X(dwfl_offline_section_address) \
	X(dwfl_module_build_id)         \
	X(dwfl_build_id_find_debuginfo) \
	X(dwfl_module_getdwarf)         \
	X(dwfl_module_getsymtab)        \
	X(dwfl_module_getsym_info)      \
	X(dwfl_module_getsrc)           \
	X(dwfl_module_addrdie)          \
	X(dwfl_lineinfo)                \
	X(dwarf_getscopes)              \
	X(dwarf_getscopes_die)          \
	X(dwarf_getsrcfiles)            \
	X(dwarf_filesrc)                \
	X(dwarf_attr)                   \
	X(dwarf_formudata)              \
	X(dwarf_diename)                \
	X(dwarf_diecu)                  \
	X(dwarf_tag)

struct dw_calls {
#define CALL_MEMBER(name) __typeof__(&name) name;
	CALLS(CALL_MEMBER)
};

struct lkm_lines {
	const struct dw_calls *dw;
	Dwfl *dwfl;
	Dwfl_Module *module;
	Dwfl_Callbacks callbacks;
	struct lkm_line found[LINES_MAX];
};

static int calls_load(const struct dw_calls **ret, struct lkm_error **reterr)
{
	static struct dw_calls calls;
#define CALL_SYMBOL(name) { #name, (void **)&calls.name },
	const struct dl_symbol symbols[] = { CALLS(CALL_SYMBOL) };

	if (dl_load(DW_SONAME, symbols, ARRAY_SIZE(symbols), NULL) < 0)
		return FAIL(reterr, LINES_LIBRARY_MISSING,
			    KV_STR("library", DW_SONAME));
	*ret = &calls;
	return 0;
}

/* A descriptor for libdw, of the file as it is when not compressed. */
static int open_plain(const char *path, struct lkm_error **reterr)
{
	struct lkm_image *image = NULL;
	const void *bytes;
	size_t size;
	int fd = -1, rc = lkm_image_open(path, &image, reterr);

	if (rc >= 0)
		rc = lkm_image_content(image, &bytes, &size, reterr);
	if (rc >= 0) {
		fd = memfd_create("lkm-lines", MFD_CLOEXEC);
		if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
			rc = error_system(reterr, errno, "copy", path);
	}
	lkm_image_free(image);
	if (rc >= 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* dwfl_standard_find_debuginfo() would ask servers on the network. */
static int read_module(struct lkm_lines *l, const char *path,
		       struct lkm_error **reterr)
{
	static char folder[] = DEBUG_ROOT, *search = folder;
	int fd = open_plain(path, reterr);
	Dwarf_Addr bias;

	if (fd < 0)
		return fd;
	l->callbacks = (Dwfl_Callbacks){
		.find_debuginfo = l->dw->dwfl_build_id_find_debuginfo,
		.section_address = l->dw->dwfl_offline_section_address,
		.debuginfo_path = &search,
	};
	l->dwfl = l->dw->dwfl_begin(&l->callbacks);
	if (l->dwfl)
		l->module = l->dw->dwfl_report_offline(l->dwfl, "module", path,
						       fd);
	if (!l->module)
		close(fd); /* libdw has it only when it can read it */
	else
		l->dw->dwfl_report_end(l->dwfl, NULL, NULL);
	if (!l->module || !l->dw->dwfl_module_getdwarf(l->module, &bias))
		return FAIL(reterr, LINES_DEBUG_ABSENT, KV_STR("file", path));
	return 0;
}

/* A distribution keeps what it stripped below DEBUG_ROOT, under the same path.
 */
static int read_stripped(struct lkm_lines *l, const char *path)
{
	char other[4096];

	if (path[0] != '/')
		return -LKM_ENOTFOUND;
	if (l->dwfl)
		l->dw->dwfl_end(l->dwfl);
	l->dwfl = NULL;
	l->module = NULL;
	snprintf(other, sizeof(other), DEBUG_ROOT "%s", path);
	return read_module(l, other, NULL);
}

int lkm_lines_open(const char *path, struct lkm_lines **ret,
		   struct lkm_error **reterr)
{
	struct lkm_lines *l = calloc(1, sizeof(*l));
	struct lkm_error *error = NULL;
	int rc;

	if (!l)
		return error_nomem(reterr);
	rc = calls_load(&l->dw, &error);
	if (rc >= 0)
		rc = read_module(l, path, &error);
	if (rc == -LKM_ENOTFOUND && read_stripped(l, path) >= 0)
		rc = 0;
	if (rc >= 0) {
		lkm_error_free(error);
		*ret = l;
		return 0;
	}
	lkm_lines_free(l);
	if (reterr)
		*reterr = error;
	else
		lkm_error_free(error);
	return rc;
}

void lkm_lines_free(struct lkm_lines *l)
{
	if (!l)
		return;
	if (l->dwfl)
		l->dw->dwfl_end(l->dwfl);
	free(l);
}

/* Where libdw has put the function: 1, 0: the file has none of that name */
static int find_symbol(const struct lkm_lines *l, const char *symbol,
		       GElf_Addr *ret)
{
	int count = l->dw->dwfl_module_getsymtab(l->module);

	for (int i = 1; i < count; i++) {
		GElf_Sym s;
		const char *name;

		name = l->dw->dwfl_module_getsym_info(l->module, i, &s, ret,
						      NULL, NULL, NULL);
		if (name && s.st_shndx != SHN_UNDEF && !strcmp(name, symbol))
			return 1;
	}
	return 0;
}

static const char *file_of(const struct lkm_lines *l, Dwarf_Die *die,
			   Dwarf_Word number)
{
	Dwarf_Files *files;
	size_t count;
	Dwarf_Die unit;

	if (!l->dw->dwarf_diecu(die, &unit, NULL, NULL) ||
	    l->dw->dwarf_getsrcfiles(&unit, &files, &count) != 0)
		return NULL;
	return l->dw->dwarf_filesrc(files, number, NULL, NULL);
}

/* Where the inlined function @die was called */
static bool call_site(const struct lkm_lines *l, Dwarf_Die *die,
		      struct lkm_line *ret)
{
	Dwarf_Attribute a;
	Dwarf_Word file, line;

	if (l->dw->dwarf_formudata(l->dw->dwarf_attr(die, DW_AT_call_file, &a),
				   &file) != 0 ||
	    l->dw->dwarf_formudata(l->dw->dwarf_attr(die, DW_AT_call_line, &a),
				   &line) != 0)
		return false;
	ret->function = NULL;
	ret->file = file_of(l, die, file);
	ret->line = (uint32_t)line;
	return ret->file != NULL;
}

/*
 * From the innermost scope outwards: each function names the last line found;
 * the call of an inlined one is the next.
 */
static int walk_scopes(struct lkm_lines *l, Dwarf_Die *scopes, int scope_count,
		       int count)
{
	for (int i = 0; i < scope_count; i++) {
		int tag = l->dw->dwarf_tag(&scopes[i]);

		if (tag != DW_TAG_inlined_subroutine &&
		    tag != DW_TAG_subprogram)
			continue;
		l->found[count - 1].function = l->dw->dwarf_diename(&scopes[i]);
		if (tag == DW_TAG_subprogram || count == LINES_MAX ||
		    !call_site(l, &scopes[i], &l->found[count]))
			break;
		count++;
	}
	return count;
}

static int find_inlined(struct lkm_lines *l, GElf_Addr address, int count)
{
	Dwarf_Die *scopes = NULL, *outer = NULL, unit, innermost;
	Dwarf_Addr bias;
	Dwarf_Die *die = l->dw->dwfl_module_addrdie(l->module, address, &bias);
	int n;

	if (!die)
		return count;
	unit = *die;
	if (l->dw->dwarf_getscopes(&unit, address - bias, &scopes) <= 0)
		return count;
	innermost = scopes[0];
	/* as the code lies: getscopes() follows where inlined text was written
	 */
	n = l->dw->dwarf_getscopes_die(&innermost, &outer);
	if (n > 0)
		count = walk_scopes(l, outer, n, count);
	free(outer);
	free(scopes);
	return count;
}

int lkm_lines_find(struct lkm_lines *l, const char *symbol, uint64_t offset,
		   const struct lkm_line **ret, struct lkm_error **reterr)
{
	GElf_Addr address;
	Dwfl_Line *line;
	int number;

	memset(l->found, 0, sizeof(l->found));
	*ret = l->found;
	if (!find_symbol(l, symbol, &address))
		return 0;
	line = l->dw->dwfl_module_getsrc(l->module, address + offset);
	if (!line)
		return 0;
	l->found[0].file = l->dw->dwfl_lineinfo(line, NULL, &number, NULL, NULL,
						NULL);
	l->found[0].line = (uint32_t)number;
	if (!l->found[0].file)
		return 0;
	return find_inlined(l, address + offset, 1);
}

#else

int lkm_lines_open(const char *path, struct lkm_lines **ret,
		   struct lkm_error **reterr)
{
	return FAIL(reterr, LINES_LIBRARY_MISSING, KV_STR("library", "libdw"));
}

void lkm_lines_free(struct lkm_lines *lines)
{
}

int lkm_lines_find(struct lkm_lines *lines, const char *symbol, uint64_t offset,
		   const struct lkm_line **ret, struct lkm_error **reterr)
{
	return 0;
}

#endif
