// SPDX-License-Identifier: LGPL-2.1-or-later
// $MODPROBE_OPTIONS, and parameters from the command line.
#include "cli/compat/tool.h"

#include <string.h>

#include "base/strbuf.h"

/* One word at @p, its quotes taken off in place.  Where the next one is. */
static char *cut_word(char *p)
{
	char *w = p;
	char quote = 0;

	for (; *p && (quote || *p != ' '); p++) {
		if (quote && *p == quote)
			quote = 0;
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		else
			*w++ = *p;
	}
	if (*p)
		p++;
	*w = '\0';
	return p;
}

char **modprobe_words(int *argc, char **argv, char **ret_buffer)
{
	const char *env = getenv("MODPROBE_OPTIONS");
	char *p = env ? strdup(env) : NULL;
	size_t room = (size_t)*argc + (env ? strlen(env) : 0) + 2;
	char **ret = calloc(room, sizeof(*ret));
	int n = 0;

	*ret_buffer = p;
	if (!ret || (env && !p)) {
		free(ret);
		return NULL;
	}
	if (*argc)
		ret[n++] = argv[0];
	while (p && *p) {
		char *word = p;

		if (*p == ' ') {
			p++;
			continue;
		}
		p = cut_word(p);
		ret[n++] = word;
	}
	for (int i = 1; i < *argc; i++)
		ret[n++] = argv[i];
	*argc = n;
	return ret;
}

void modprobe_options_append(struct tool *t, const char *word)
{
	const char *old = getenv("MODPROBE_OPTIONS");
	_cleanup_free_ char *joined = NULL;

	if (old && asprintf(&joined, "%s %s", old, word) < 0)
		joined = NULL;
	if ((old && !joined) ||
	    setenv("MODPROBE_OPTIONS", joined ? joined : word, 1) < 0)
		tool_log(t, LOG_ERR,
			 "could not append value to $MODPROBE_OPTIONS");
}

char *modprobe_params(int argc, char **argv, bool quote)
{
	struct strbuf b = { 0 };

	strbuf_adds(&b, "");
	for (int i = 0; i < argc; i++) {
		const char *eq = strchr(argv[i], '=');
		const char *value = eq ? eq + 1 : "";

		if (i)
			strbuf_addc(&b, ' ');
		if (quote && *value != '"' && *value != '\'' &&
		    strchr(value, ' ')) {
			strbuf_add(&b, argv[i], (size_t)(value - argv[i]));
			strbuf_addf(&b, "\"%s\"", value);
		} else {
			strbuf_adds(&b, argv[i]);
		}
	}
	return strbuf_take(&b);
}
