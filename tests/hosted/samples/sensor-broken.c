// SPDX-License-Identifier: GPL-2.0-only
// Preemption left off: who asks by get_cpu() has to say put_cpu() too.
/*
 *	$ insmod sensor-broken.ko
 *	$ rmmod sensor-broken
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/smp.h>

static int sensor_probe(struct platform_device *device)
{
	return 0;
}

static struct platform_driver sensor_driver = {
	.probe = sensor_probe,
	.driver.name = "sample_sensor_broken",
};

static struct platform_device *device;

static int __init sensor_init(void)
{ /* BUG: preempt-imbalance */
	int r = platform_driver_register(&sensor_driver);

	if (r)
		return r;
	device = platform_device_register_simple("sample_sensor_broken", -1,
						 NULL, 0);
	r = PTR_ERR_OR_ZERO(device);
	if (r)
		platform_driver_unregister(&sensor_driver);
	else
		dev_info(&device->dev, "made on processor %d\n", get_cpu());
	return r;
}

static void __exit sensor_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&sensor_driver);
}

module_init(sensor_init);
module_exit(sensor_exit);
MODULE_DESCRIPTION("Broken sample: preemption left off");
MODULE_LICENSE("GPL");
