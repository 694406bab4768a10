// SPDX-License-Identifier: LGPL-2.1-or-later
// What lkm reads in a kernel image, as lines, for the tests in Python.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lkm/vmlinux.h>

/* Print the error, and its id first. */
static int failed(struct lkm_error *error)
{
	char *text = lkm_error_text(error);

	printf("error %s %s\n", lkm_error_id(error), text ? text : "");
	free(text);
	lkm_error_free(error);
	return 1;
}

static int show_symbols(struct lkm_vmlinux *image)
{
	struct lkm_error *error = NULL;
	const struct lkm_ksym *items;
	size_t count;

	if (lkm_vmlinux_symbols(image, &items, &count, &error) < 0)
		return failed(error);
	for (size_t i = 0; i < count; i++)
		printf("%016" PRIx64 " %c %s\n", items[i].address,
		       items[i].type, items[i].name);
	return 0;
}

static int show_exports(struct lkm_vmlinux *image)
{
	const struct lkm_kexport *items;
	struct lkm_error *error = NULL;
	size_t count;

	if (lkm_vmlinux_exports(image, &items, &count, &error) < 0)
		return failed(error);
	for (size_t i = 0; i < count; i++)
		printf("%016" PRIx64 " %08x %d %d %s %s\n", items[i].address,
		       items[i].crc, items[i].has_crc, items[i].gpl_only,
		       items[i].name,
		       items[i].name_space ? items[i].name_space : "");
	return 0;
}

static int show_relocs(struct lkm_vmlinux *image)
{
	struct lkm_error *error = NULL;
	struct lkm_krelocs r;

	if (lkm_vmlinux_relocs(image, &r, &error) < 0)
		return failed(error);
	for (size_t i = 0; i < r.abs32_count; i++)
		printf("abs32 %016" PRIx64 "\n", r.abs32[i]);
	for (size_t i = 0; i < r.inv32_count; i++)
		printf("inv32 %016" PRIx64 "\n", r.inv32[i]);
	for (size_t i = 0; i < r.abs64_count; i++)
		printf("abs64 %016" PRIx64 "\n", r.abs64[i]);
	return 0;
}

static int show_params(struct lkm_vmlinux *image)
{
	const struct lkm_kparam *items;
	struct lkm_error *error = NULL;
	size_t count;

	if (lkm_vmlinux_params(image, &items, &count, &error) < 0)
		return failed(error);
	for (size_t i = 0; i < count; i++)
		printf("%s %o %d %u\n", items[i].name, items[i].perm,
		       items[i].level, items[i].flags);
	return 0;
}

static int show_certs(struct lkm_vmlinux *image)
{
	const struct lkm_kcert *items;
	struct lkm_error *error = NULL;
	size_t count;

	if (lkm_vmlinux_certs(image, &items, &count, &error) < 0)
		return failed(error);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < items[i].size; k++)
			printf("%02x", items[i].der[k]);
		putchar('\n');
	}
	return 0;
}

static int show_banner(struct lkm_vmlinux *image)
{
	const char *release = lkm_vmlinux_release(image);

	printf("%s\n%s\n%s\n", lkm_vmlinux_payload(image),
	       release ? release : "",
	       release ? lkm_vmlinux_banner(image) : "");
	return 0;
}

static int answer_btf(struct lkm_vmlinux *image, const char *line,
		      const char *what, struct lkm_error **reterr)
{
	struct lkm_btf_member m;
	uint32_t size;
	int64_t value;
	int rc;

	if (*line == 'm') {
		rc = lkm_vmlinux_member(image, what, &m, reterr);
		if (rc > 0)
			printf("%s %u %u %u\n", line, m.bit_offset, m.bit_size,
			       m.size);
	} else if (*line == 's') {
		rc = lkm_vmlinux_sizeof(image, what, &size, reterr);
		if (rc > 0)
			printf("%s %u\n", line, size);
	} else {
		rc = lkm_vmlinux_enumerator(image, what, &value, reterr);
		if (rc > 0)
			printf("%s %" PRId64 "\n", line, value);
	}
	return rc;
}

static int answer_address(struct lkm_vmlinux *image, const char *line,
			  uint64_t address, struct lkm_error **reterr)
{
	const struct lkm_ksym *symbol;
	const void *bytes;
	int rc;

	if (*line == 'a') {
		rc = lkm_vmlinux_symbol_at(image, address, &symbol, reterr);
		if (rc > 0)
			printf("%s %s\n", line, symbol->name);
	} else {
		rc = lkm_vmlinux_bytes(image, address, 4, &bytes, reterr);
		for (size_t i = 0; rc > 0 && i < 4; i++)
			printf("%s%s%02x%s", i ? "" : line, i ? "" : " ",
			       ((const uint8_t *)bytes)[i], i < 3 ? "" : "\n");
	}
	return rc;
}

/*
 * Questions on stdin: "member PATH", "sizeof TYPE", "enum NAME", "at ADDRESS",
 * "bytes ADDRESS" (4 of them), "name SYMBOL", "xport SYMBOL".
 */
static int answer(struct lkm_vmlinux *image, const char *line)
{
	const struct lkm_kexport *export;
	const struct lkm_ksym *symbol;
	struct lkm_error *error = NULL;
	const char *what = strchr(line, ' ');
	int rc;

	if (!what)
		return 2;
	what++;
	if (*line == 'n') {
		rc = lkm_vmlinux_symbol(image, what, &symbol, &error);
		if (rc > 0)
			printf("%s %" PRIx64 "\n", line, symbol->address);
	} else if (*line == 'x') {
		rc = lkm_vmlinux_export(image, what, &export, &error);
		if (rc > 0)
			printf("%s %08x\n", line, export->crc);
	} else if (*line == 'a' || *line == 'b') {
		rc = answer_address(image, line, strtoull(what, NULL, 16),
				    &error);
	} else {
		rc = answer_btf(image, line, what, &error);
	}
	if (rc == 0)
		printf("%s none\n", line);
	return rc < 0 ? failed(error) : 0;
}

static int show_answers(struct lkm_vmlinux *image)
{
	char line[512];
	int rc = 0;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		rc |= answer(image, line);
	}
	return rc;
}

static int show_elf(struct lkm_vmlinux *image)
{
	struct lkm_error *error = NULL;
	const void *bytes;
	size_t size;

	if (lkm_vmlinux_elf(image, &bytes, &size, &error) < 0)
		return failed(error);
	return fwrite(bytes, 1, size, stdout) == size ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*show)(struct lkm_vmlinux *image);
	} parts[] = {
		{ "ask", show_answers },     { "banner", show_banner },
		{ "certs", show_certs },     { "elf", show_elf },
		{ "exports", show_exports }, { "params", show_params },
		{ "relocs", show_relocs },   { "symbols", show_symbols },
	};
	struct lkm_error *error = NULL;
	struct lkm_vmlinux *image;
	int rc = 2;

	if (argc != 3) {
		fprintf(stderr, "usage: vmlinux-dump IMAGE PART\n");
		return 2;
	}
	if (lkm_vmlinux_open(argv[1], &image, &error) < 0)
		return failed(error);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!strcmp(argv[2], parts[i].name))
			rc = parts[i].show(image);
	}
	lkm_vmlinux_free(image);
	return rc;
}
