// SPDX-License-Identifier: GPL-2.0-only
// A missing unregister: the device stays in the kernel's list of them.
/*
 *	$ insmod button-broken.ko
 *	$ rmmod button-broken
 */
#include <linux/input.h>
#include <linux/module.h>

static struct input_dev *input;

static int __init button_init(void)
{
	int r;

	input = input_allocate_device();
	if (!input)
		return -ENOMEM;
	input->name = "Broken button";
	input_set_capability(input, EV_KEY, KEY_ENTER);
	r = input_register_device(input); /* BUG: still-registered */
	if (r)
		input_free_device(input);
	return r;
}

static void __exit button_exit(void)
{
	/* input_unregister_device(input) is missing */
}

module_init(button_init);
module_exit(button_exit);
MODULE_DESCRIPTION("Broken sample: input device left behind");
MODULE_LICENSE("GPL");
