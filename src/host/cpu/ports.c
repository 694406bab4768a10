// SPDX-License-Identifier: GPL-2.0-only
// What answers at the ports of the machine: nothing, but for what every PC has.
#include <string.h>
#include <time.h>

#include "host/host.h"

static struct {
	uint8_t pic_mask[2];
	uint8_t cmos_index;
	uint8_t cmos[128];
} io = { .cmos = { [0x0a] = 0x26, [0x0b] = 0x02, [0x0d] = 0x80 } };

static uint8_t bcd(int n)
{
	return (uint8_t)(n / 10 << 4 | n % 10);
}

/* The clock's registers, MC146818 */
static uint8_t cmos_read(void)
{
	time_t now = time(NULL);
	struct tm t;

	gmtime_r(&now, &t);
	switch (io.cmos_index) {
	case 0x00: return bcd(t.tm_sec);
	case 0x02: return bcd(t.tm_min);
	case 0x04: return bcd(t.tm_hour);
	case 0x06: return bcd(t.tm_wday + 1);
	case 0x07: return bcd(t.tm_mday);
	case 0x08: return bcd(t.tm_mon + 1);
	case 0x09: return bcd(t.tm_year % 100);
	case 0x32: return bcd(19 + t.tm_year / 100);
	default: return io.cmos[io.cmos_index];
	}
}

static uint8_t read_byte(uint16_t port)
{
	switch (port) {
	case 0x21: return io.pic_mask[0];
	case 0xa1: return io.pic_mask[1];
	case 0x20:
	case 0xa0: return 0; /* nothing is pending */
	case 0x70: return io.cmos_index;
	case 0x71: return cmos_read();
	default: return 0xff;
	}
}

static void write_byte(uint16_t port, uint8_t value)
{
	switch (port) {
	case 0x21: io.pic_mask[0] = value; return;
	case 0xa1: io.pic_mask[1] = value; return;
	case 0x70: io.cmos_index = value & 0x7f; return;
	case 0x71: io.cmos[io.cmos_index] = value; return;
	default: return;
	}
}

uint32_t ports_read(uint16_t port, unsigned int width)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint32_t)read_byte((uint16_t)(port + i)) << 8 * i;
	return value;
}

void ports_write(uint16_t port, unsigned int width, uint32_t value)
{
	for (unsigned int i = 0; i < width; i++)
		write_byte((uint16_t)(port + i), (uint8_t)(value >> 8 * i));
}
