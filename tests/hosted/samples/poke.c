// SPDX-License-Identifier: LGPL-2.1-or-later
// What the samples' transcripts need of a program, and no shell has.
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "chardev.h"

static int usage(void)
{
	fputs("usage: poke ioctl FILE fill|limit|clear|unknown [NUMBER]\n"
	      "       poke poll FILE MILLISECONDS [in]\n"
	      "       poke talk FILE TEXT\n"
	      "       poke events FILE COUNT\n",
	      stderr);
	return 2;
}

static int failed(void)
{
	printf("error: %m\n");
	return 1;
}

static int do_ioctl(int fd, const char *what, uint32_t number)
{
	int r;

	if (!strcmp(what, "fill")) {
		r = ioctl(fd, CHARDEV_GET_FILL, &number);
		if (!r)
			printf("%u\n", number);
	} else if (!strcmp(what, "limit")) {
		r = ioctl(fd, CHARDEV_SET_LIMIT, &number);
	} else if (!strcmp(what, "clear")) {
		r = ioctl(fd, CHARDEV_CLEAR);
	} else {
		r = ioctl(fd, _IO('s', 99));
	}
	return r < 0 ? failed() : 0;
}

/* Waits for anything, or for what can be read. */
static int do_poll(int fd, int timeout, int in)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | (in ? 0 : POLLOUT) };
	int r = poll(&p, 1, timeout);

	if (r < 0)
		return failed();
	if (r && in) { /* and now all that it is ready for */
		p.events |= POLLOUT;
		poll(&p, 1, 0);
	}
	if (!r)
		puts("timeout");
	else
		printf("%s%s%s\n", p.revents & POLLIN ? "in" : "",
		       p.revents & POLLIN && p.revents & POLLOUT ? " " : "",
		       p.revents & POLLOUT ? "out" : "");
	return 0;
}

/* Writes and reads through one open file. */
static int do_talk(int fd, const char *text)
{
	char answer[256];
	ssize_t n;

	if (write(fd, text, strlen(text)) < 0)
		return failed();
	n = read(fd, answer, sizeof(answer));
	if (n < 0)
		return failed();
	printf("%.*s\n", (int)n, answer);
	return 0;
}

static int do_events(int fd, int count)
{
	struct input_event e;

	while (count--) {
		if (read(fd, &e, sizeof(e)) != sizeof(e))
			return failed();
		if (e.type == EV_SYN)
			puts("syn");
		else if (e.type == EV_KEY && e.code == KEY_ENTER)
			printf("key enter %d\n", e.value);
		else
			printf("type %d code %d value %d\n", e.type, e.code,
			       e.value);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 3 ? argv[1] : "";
	int number, fd;

	if (argc < 4)
		return usage();
	number = (int)strtol(
		argc > 4 && strcmp(verb, "poll") ? argv[4] : argv[3], NULL, 0);
	fd = open(argv[2], !strcmp(verb, "ioctl") || !strcmp(verb, "events") ?
				   O_RDONLY :
				   O_RDWR);
	if (fd < 0)
		return failed();
	if (!strcmp(verb, "ioctl"))
		return do_ioctl(fd, argv[3], (uint32_t)number);
	if (!strcmp(verb, "poll"))
		return do_poll(fd, number, argc > 4);
	if (!strcmp(verb, "talk"))
		return do_talk(fd, argv[3]);
	if (!strcmp(verb, "events"))
		return do_events(fd, number);
	return usage();
}
