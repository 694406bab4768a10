// SPDX-License-Identifier: LGPL-2.1-or-later
// A bare driver of vm/ for tests: vm-run [OPTIONS] COMMAND...
#include <getopt.h>
#include <string.h>

#include "diag/error.h"
#include "vm/vm.h"

#define LIST_MAX 1024

static void to_stream(void *ctx, enum vm_stream stream, const char *bytes,
		      size_t len)
{
	fwrite(bytes, 1, len, stream == VM_STDOUT ? stdout : stderr);
}

static bool split(char *arg, const char **ret_host, const char **ret_guest)
{
	char *colon = strrchr(arg, ':');

	if (!colon)
		return false;
	*colon = 0;
	*ret_host = arg;
	*ret_guest = colon + 1;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "image", 1, NULL, 'i' },   { "modules", 1, NULL, 'M' },
		{ "module", 1, NULL, 'm' },  { "root", 1, NULL, 'r' },
		{ "copy", 1, NULL, 'c' },    { "share", 1, NULL, 's' },
		{ "share-rw", 1, NULL, 'S' }, { "append", 1, NULL, 'a' },
		{ "timeout", 1, NULL, 't' }, { "guest", 1, NULL, 'g' },
		{ "accel", 1, NULL, 'A' },   { "console", 0, NULL, 'C' },
		{ "qemu", 1, NULL, 'q' },    { "cpus", 1, NULL, 'p' },
		{ 0 }
	};
	static struct vm_copy copies[LIST_MAX];
	static struct vm_share shares[LIST_MAX];
	static const char *modules[LIST_MAX];
	const char *const *commands[1];
	struct vm_options o = { .copies = copies,
				.shares = shares,
				.modules = modules,
				.commands = commands,
				.timeout_ms = 60000,
				.output = to_stream };
	struct vm_result result;
	struct lkm_error *e = NULL;
	int c, rc;

	while ((c = getopt_long(argc, argv, "+k:m:g:i:r:M:a:t:c:s:p:C", longs, NULL)) > 0) {
		switch (c) {
		case 'i': o.image = optarg; break;
		case 'k': o.release = optarg; break;
		case 'r': o.root = optarg; break;
		case 'M': o.modules_dir = optarg; break;
		case 'm': modules[o.module_count++] = optarg; break;
		case 'a': o.append = optarg; break;
		case 'g': o.guest = optarg; break;
		case 'q': o.qemu = optarg; break;
		case 't': o.timeout_ms = (unsigned)strtoul(optarg, 0, 10) * 1000; break;
		case 'p': o.cpus = (unsigned)strtoul(optarg, 0, 10); break;
		case 'A': o.accel = optarg[0] == 'k' ? VM_ACCEL_KVM : optarg[0] == 'a' ? VM_ACCEL_AUTO : VM_ACCEL_TCG; break;
		case 'C': o.show_console = true; break;
		case 'c':
			if (!split(optarg, &copies[o.copy_count].host, &copies[o.copy_count].guest))
				return 2;
			o.copy_count++;
			break;
		case 'S':
		case 's':
			if (!split(optarg, &shares[o.share_count].host, &shares[o.share_count].guest))
				return 2;
			shares[o.share_count++].writable = c == 'S';
			break;
		default: return 2;
		}
	}
	commands[0] = (const char *const *)(argv + optind);
	o.command_count = optind < argc;
	rc = vm_run(&o, &result, &e);
	fprintf(stderr, "vm: boot %u ms, total %u ms, initramfs %zu kB, kvm %d\n", result.boot_ms, result.total_ms, result.initramfs_bytes >> 10, result.used_kvm);
	if (rc < 0) {
		const char *source, *line;

		fprintf(stderr, "error[%s]: %s\n", lkm_error_id(e), lkm_error_text(e));
		for (size_t i = 0; lkm_error_evidence(e, i, &source, &line); i++)
			fprintf(stderr, "  %s: %s\n", source, line);
		return 125;
	}
	return result.answers[0].status;
}
