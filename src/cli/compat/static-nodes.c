// SPDX-License-Identifier: LGPL-2.1-or-later
// kmod static-nodes: the device nodes that load a module when opened.
#include "cli/compat/compat.h"

#include <getopt.h>
#include <limits.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/compat/tool.h"

#define DEVNAME_MAX ((size_t)4 << 20)

const struct option_spec static_nodes_options[] = {
	{ "output", 'o', "FILE", "write to this file" },
	{ "format", 'f', "FORMAT", "human, tmpfiles or devname" },
	{ "help", 'h', NULL, "show help" },
	{ 0 },
};

struct node {
	const char *module;
	const char *name;
	char type; /* 'c' or 'b' */
	unsigned int major, minor;
};

static void write_human(FILE *f, const struct node *n)
{
	fprintf(f,
		"Module: %s\n\tDevice node: /dev/%s\n"
		"\t\tType: %s device\n\t\tMajor: %u\n\t\tMinor: %u\n",
		n->module, n->name, n->type == 'c' ? "character" : "block",
		n->major, n->minor);
}

static void write_tmpfiles(FILE *f, const struct node *n)
{
	const char *slash = strrchr(n->name, '/');

	if (slash)
		fprintf(f, "d /dev/%.*s 0755 - - -\n", (int)(slash - n->name),
			n->name);
	fprintf(f, "%c! /dev/%s 0600 - - - %u:%u\n", n->type, n->name, n->major,
		n->minor);
}

static void write_devname(FILE *f, const struct node *n)
{
	fprintf(f, "%s %s %c%u:%u\n", n->module, n->name, n->type, n->major,
		n->minor);
}

static const struct format {
	const char *name;
	void (*write)(FILE *f, const struct node *n);
	const char *help;
} formats[] = {
	{ "human", write_human,
	  "(default) a human readable format. Do not parse." },
	{ "tmpfiles", write_tmpfiles,
	  "the tmpfiles.d(5) format used by systemd-tmpfiles." },
	{ "devname", write_devname, "the modules.devname format." },
};

static void help(const struct tool *t)
{
	printf("Usage:\n\t%s static-nodes [options]\n\n"
	       "kmod static-nodes outputs the static-node information of the "
	       "currently running kernel.\n\n"
	       "Options:\n"
	       "\t-f, --format=FORMAT  choose format to use: see \"Formats\"\n"
	       "\t-o, --output=FILE    write output to file\n"
	       "\t-h, --help           show this help\n\n"
	       "Formats:\n",
	       t->name);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		printf("\t%-12s %s\n", formats[i].name, formats[i].help);
}

/* "MODULE NAME cMAJOR:MINOR" */
static bool parse(char *line, struct node *ret)
{
	char *rest = line, *module, *name, *number;
	char type;

	module = strtok_r(rest, " \t\n", &rest);
	name = strtok_r(NULL, " \t\n", &rest);
	number = strtok_r(NULL, " \t\n", &rest);
	if (!number ||
	    sscanf(number, "%c%u:%u", &type, &ret->major, &ret->minor) != 3)
		return false;
	ret->module = module;
	ret->name = name;
	ret->type = type;
	return type == 'c' || type == 'b';
}

static int write_all(const char *text, size_t size, const struct format *format,
		     FILE *out)
{
	struct span all = { (const uint8_t *)text, size }, line;
	int ret = CLI_DONE;
	size_t pos = 0;

	while (text_next_line(all, &pos, &line)) {
		_cleanup_free_ char *copy = strndup((const char *)line.data,
						    line.size);
		struct node n;

		if (!copy)
			return CLI_FAILED;
		if (*copy == '#')
			continue;
		if (parse(copy, &n)) {
			format->write(out, &n);
			continue;
		}
		fprintf(stderr, "Error: invalid devname entry: %.*s\n",
			(int)line.size, (const char *)line.data);
		ret = CLI_FAILED;
	}
	return ret;
}

static FILE *open_output(const char *path)
{
	static const struct root host = { NULL, -1 };
	_cleanup_free_ char *parent = tool_absolute(path);
	char *slash = parent ? strrchr(parent, '/') : NULL;
	FILE *ret;
	int rc = 0;

	if (slash && slash != parent) {
		*slash = '\0';
		rc = root_mkdirs(&host, parent);
	}
	if (rc < 0) {
		fprintf(stderr,
			"Error: could not create parent directory for %s - "
			"%s.\n",
			path, strerrordesc_np(-rc));
		return NULL;
	}
	ret = fopen(path, "we");
	if (!ret)
		fprintf(stderr, "Error: could not create %s - %s\n", path,
			strerrordesc_np(errno));
	return ret;
}

static int write_nodes(const struct format *format, const char *output)
{
	static const struct root host = { NULL, -1 };
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ char *text = NULL;
	FILE *out = stdout;
	struct utsname u;
	size_t size;
	int rc;

	if (uname(&u) < 0 ||
	    !strbuf_addf(&path, "/lib/modules/%s/modules.devname", u.release)) {
		fputs("Error: uname failed!\n", stderr);
		return CLI_FAILED;
	}
	rc = root_read(&host, path.data, DEVNAME_MAX, &text, &size);
	if (rc == -ENOENT) {
		fprintf(stderr, "Warning: %s not found - ignoring\n",
			path.data);
		return CLI_DONE;
	}
	if (rc < 0) {
		fprintf(stderr, "Error: could not open %s - %s\n", path.data,
			strerrordesc_np(-rc));
		return CLI_FAILED;
	}
	if (output)
		out = open_output(output);
	if (!out)
		return CLI_FAILED;
	rc = write_all(text, size, format, out);
	if (output && fclose(out) != 0) {
		fprintf(stderr, "Error: could not write %s - %s\n", output,
			strerrordesc_np(errno));
		rc = CLI_FAILED;
	}
	return rc;
}

int compat_static_nodes(struct cli *cli, int argc, char **argv)
{
	const struct format *format = NULL;
	const char *output = NULL, *wanted = "human";
	struct tool t;
	int c;

	/* It is called by its second word. */
	tool_init(&t, cli, "kmod", LOG_ERR);
	while ((c = tool_getopt(static_nodes_options, "", argc, argv)) != -1) {
		switch (c) {
		case 'o': output = optarg; break;
		case 'f': wanted = optarg; break;
		case 'h': help(&t); return CLI_DONE;
		default: return CLI_FAILED;
		}
		format = NULL;
		for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
			if (!strcmp(formats[i].name, wanted))
				format = &formats[i];
		}
		if (!format) {
			fprintf(stderr, "Unknown format: '%s'.\n", wanted);
			help(&t);
			return CLI_FAILED;
		}
	}
	return write_nodes(format ? format : &formats[0], output);
}
