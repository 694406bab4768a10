// SPDX-License-Identifier: GPL-2.0-only
// The exit function of a module, called by way of the host: how it comes back.
#include <stdio.h>

#include "host/checks/checks.h"
#include "host/host.h"

#define EXITS_MAX 16 /* at the same time, by as many threads */

struct leaving {
	void *task; /* who unloads it; NULL: free */
	void (*exit)(void);
	char module[56]; /* MODULE_NAME_LEN */
};
static struct leaving leaving[EXITS_MAX];

static struct leaving *of_task(void *task)
{
	for (size_t i = 0; i < EXITS_MAX; i++)
		if (leaving[i].task == task)
			return &leaving[i];
	return NULL;
}

static void *current_task(void)
{
	return (void *)*host.percpu.current_task;
}

/* In the place of the module's own */
KERNEL_ENTRY static void call_exit(void)
{
	struct leaving *l = of_task(current_task());
	struct checks_entry e;

	checks_enter(&e);
	l->exit();
	checks_find(&e, &(struct checks_of){ l->module, (uint64_t)l->exit,
					     "exit" });
	gone_note(l->module);
}

static void (**exit_of(const char *module))(void)
{
	void *(*find)(const char *) = symp("find_module");
	char *m = find && host.off.module_exit != NO_OFFSET ? find(module) :
							      NULL;

	return m ? at(m, host.off.module_exit) : NULL;
}

void checks_exit_begin(const char *module)
{
	void (**exit)(void) = exit_of(module);
	struct leaving *l = of_task(NULL);

	if (!exit || !*exit || *exit == call_exit || !l)
		return;
	l->task = current_task();
	l->exit = *exit;
	snprintf(l->module, sizeof(l->module), "%s", module);
	*exit = call_exit;
}

/* It may have been refused: the module is there still. */
void checks_exit_end(const char *module)
{
	void (**exit)(void) = exit_of(module);
	struct leaving *l = of_task(current_task());

	if (!l)
		return;
	if (exit && *exit == call_exit)
		*exit = l->exit;
	l->task = NULL;
}
