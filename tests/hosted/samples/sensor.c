// SPDX-License-Identifier: GPL-2.0-only
// A platform device, its driver, and what belongs to the device's life.
/*
 *	$ insmod sensor.ko
 *	$ cat /sys/bus/platform/devices/sample_sensor.0/celsius
 *	21
 *	$ cat /sys/bus/platform/devices/sample_sensor.1/celsius
 *	-4
 *	$ basename $(readlink /sys/bus/platform/devices/sample_sensor.0/driver)
 *	sample_sensor
 *	$ echo sample_sensor.0 > /sys/bus/platform/drivers/sample_sensor/unbind
 *	$ cat /sys/bus/platform/devices/sample_sensor.0/celsius
 *	[failed]
 *	$ echo sample_sensor.0 > /sys/bus/platform/drivers/sample_sensor/bind
 *	$ cat /sys/bus/platform/devices/sample_sensor.0/celsius
 *	21
 *	$ cat /sys/bus/platform/devices/sample_sensor.2/celsius
 *	[failed]
 *	$ dmesg | grep "sample_sensor sample_sensor" | grep -v failed
 *	sample_sensor sample_sensor.0: range 1000-1fff
 *	sample_sensor sample_sensor.1: range 2000-2fff
 *	sample_sensor sample_sensor.2: no calibration
 *	sample_sensor sample_sensor.0: gone
 *	sample_sensor sample_sensor.0: range 1000-1fff
 *	$ dmesg | grep -c "sample_sensor.2.*failed with error -22"
 *	1
 *	$ rmmod sensor
 *	$ dmesg | tail -n 2
 *	sample_sensor sample_sensor.1: gone
 *	sample_sensor sample_sensor.0: gone
 */
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#define SENSORS 3

struct calibration {
	int raw;
	int offset;
};

struct sensor {
	struct device *dev;
	int celsius;
};

static ssize_t celsius_show(struct device *dev, struct device_attribute *a,
			    char *to)
{
	const struct sensor *sensor = dev_get_drvdata(dev);

	return sysfs_emit(to, "%d\n", sensor->celsius);
}
static DEVICE_ATTR_RO(celsius);

static struct attribute *sensor_attrs[] = { &dev_attr_celsius.attr, NULL };
ATTRIBUTE_GROUPS(sensor);

static void sensor_gone(void *dev)
{
	dev_info(dev, "gone\n");
}

/* Memory and actions of devm_ end with the device: there is no remove(). */
static int sensor_probe(struct platform_device *device)
{
	const struct calibration *c = dev_get_platdata(&device->dev);
	struct resource *range;
	struct sensor *sensor;

	if (!c) {
		dev_err(&device->dev, "no calibration\n");
		return -EINVAL;
	}
	range = platform_get_resource(device, IORESOURCE_MEM, 0);
	if (!range)
		return -ENXIO;
	sensor = devm_kzalloc(&device->dev, sizeof(*sensor), GFP_KERNEL);
	if (!sensor)
		return -ENOMEM;
	sensor->dev = &device->dev;
	sensor->celsius = c->raw / 10 + c->offset;
	platform_set_drvdata(device, sensor);
	dev_info(&device->dev, "range %llx-%llx\n", (u64)range->start,
		 (u64)range->end);
	return devm_add_action_or_reset(&device->dev, sensor_gone,
					&device->dev);
}

static struct platform_driver sensor_driver = {
	.probe = sensor_probe,
	.driver = {
		.name = "sample_sensor",
		.dev_groups = sensor_groups,
	},
};

static struct platform_device *devices[SENSORS];

static struct platform_device *sensor_add(int id, const struct calibration *c)
{
	const struct resource range = DEFINE_RES_MEM(0x1000 * (id + 1), 0x1000);

	return platform_device_register_resndata(
		NULL, "sample_sensor", id, &range, 1, c, c ? sizeof(*c) : 0);
}

static void remove_devices(int count)
{
	while (count--)
		platform_device_unregister(devices[count]);
}

static int __init sensor_init(void)
{
	static const struct calibration given[] = { { 200, 1 }, { 50, -9 } };
	int r = platform_driver_register(&sensor_driver);

	if (r)
		return r;
	for (int i = 0; i < SENSORS; i++) {
		devices[i] = sensor_add(i, i < ARRAY_SIZE(given) ? &given[i] :
								   NULL);
		if (IS_ERR(devices[i])) {
			r = PTR_ERR(devices[i]);
			remove_devices(i);
			platform_driver_unregister(&sensor_driver);
			return r;
		}
	}
	return 0;
}

static void __exit sensor_exit(void)
{
	remove_devices(SENSORS);
	platform_driver_unregister(&sensor_driver);
}

module_init(sensor_init);
module_exit(sensor_exit);
MODULE_DESCRIPTION("Sample: platform driver and device");
MODULE_LICENSE("GPL");
