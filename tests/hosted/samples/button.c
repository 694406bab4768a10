// SPDX-License-Identifier: GPL-2.0-only
// An input device: a button that is pressed through a parameter.
/*
 *	$ modprobe evdev
 *	$ insmod button.ko
 *	$ grep -A 8 "Sample button" /proc/bus/input/devices | grep B:
 *	B: PROP=0
 *	B: EV=3
 *	B: KEY=10000000
 *	$ d=$(dirname $(grep -l "Sample button" /sys/class/input/input?/name))
 *	> poke events /dev/input/$(basename $d/event*) 4 & sleep 0.3
 *	> echo 1 > /sys/module/button/parameters/press; wait
 *	key enter 1
 *	syn
 *	key enter 0
 *	syn
 *	$ cat /sys/module/button/parameters/opened
 *	1
 *	$ echo 0 > /sys/module/button/parameters/press
 *	[failed]
 *	$ rmmod button
 */
#include <linux/input.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static struct input_dev *input;

static unsigned int opened;
module_param(opened, uint, 0444);
MODULE_PARM_DESC(opened, "how often the device was opened");

static int press_set(const char *text, const struct kernel_param *p)
{
	unsigned int times;
	int r = param_set_uint_minmax(
		text, &(struct kernel_param){ .arg = &times }, 1, 100);

	if (r)
		return r;
	while (times--) {
		input_report_key(input, KEY_ENTER, 1);
		input_sync(input);
		input_report_key(input, KEY_ENTER, 0);
		input_sync(input);
	}
	return 0;
}

static const struct kernel_param_ops press_ops = { .set = press_set };
module_param_cb(press, &press_ops, NULL, 0200);
MODULE_PARM_DESC(press, "how often to press the button now");

static int button_open(struct input_dev *dev)
{
	opened++;
	return 0;
}

static int __init button_init(void)
{
	int r;

	input = input_allocate_device();
	if (!input)
		return -ENOMEM;
	input->name = "Sample button";
	input->id.bustype = BUS_VIRTUAL;
	input->open = button_open;
	input_set_capability(input, EV_KEY, KEY_ENTER);
	r = input_register_device(input);
	if (r)
		input_free_device(input);
	return r;
}

static void __exit button_exit(void)
{
	input_unregister_device(input);
}

module_init(button_init);
module_exit(button_exit);
MODULE_DESCRIPTION("Sample: input device");
MODULE_LICENSE("GPL");
