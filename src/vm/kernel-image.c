// SPDX-License-Identifier: LGPL-2.1-or-later
// Which kernel image a guest boots.
#include "vm/payload.h"

#include <fcntl.h>
#include <string.h>

#include "base/source.h"
#include "diag/error.h"

#define IMAGE_LIMIT ((uint64_t)1 << 30)
/* Of the boot protocol's setup header, since 2.00 (v1.3.73). */
#define HEADER_MAGIC_AT 0x202
#define HEADER_MAGIC "HdrS"

static int image_check(const char *path, struct lkm_error **reterr)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_source_ struct source s = { .fd = -1 };
	struct span magic;
	int rc;

	if (fd < 0 && errno == ENOENT)
		return FAIL(reterr, VM_KERNEL_MISSING, KV_STR("file", path));
	if (fd < 0)
		return error_system(reterr, errno, "open", path);
	rc = source_open_fd(&s, fd, IMAGE_LIMIT);
	if (rc < 0)
		return error_system(reterr, rc, "read", path);
	if (!source_slice(&s, HEADER_MAGIC_AT, 4, &magic) ||
	    !span_equals(magic, SPAN_LITERAL(HEADER_MAGIC)))
		return FAIL(reterr, VM_KERNEL_FORMAT, KV_STR("file", path));
	return 0;
}

int vm_image_path(const struct vm_options *o, char **ret,
		  struct lkm_error **reterr)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	char release[65];
	int rc;

	vm_release_name(o, release, sizeof(release));
	if (o->image)
		strbuf_adds(&path, o->image);
	else
		strbuf_addf(&path, "%s/boot/vmlinuz-%s", o->root ? o->root : "",
			    release);
	if (path.failed)
		return error_nomem(reterr);
	rc = image_check(path.data, reterr);
	if (rc < 0)
		return rc;
	*ret = strbuf_take(&path);
	return *ret ? 0 : error_nomem(reterr);
}
