// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm-guest: the first process of `lkm vm`'s guest.  It makes the place fit to
// work in, does the job, reports over the serial line and ends the machine.
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>

#include "base/root.h"
#include "vm/guest.h"

#define JOB_LIMIT ((size_t)4 << 20)

static void make_place(void)
{
	static const struct {
		const char *dir, *type, *options;
	} mounts[] = {
		{ "/proc", "proc", "" },
		{ "/sys", "sysfs", "" },
		{ "/dev", "devtmpfs", "" },
		{ "/dev/pts", "devpts", "ptmxmode=666" },
		{ "/dev/shm", "tmpfs", "" },
		{ "/sys/kernel/debug", "debugfs", "" },
		{ "/sys/kernel/tracing", "tracefs", "" },
		{ "/sys/kernel/security", "securityfs", "" },
	};

	/* The root is a tmpfs already, and what was copied there stays. */
	mkdir("/run", 0755);
	mkdir("/tmp", 0755);
	chmod("/tmp", 01777);
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].dir, 0755);
		/* What a kernel lacks, commands will miss by themselves. */
		mount("none", mounts[i].dir, mounts[i].type, MS_NOSUID,
		      mounts[i].options);
	}
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

static int line_open(void)
{
	struct termios mode;
	int fd = open(WIRE_LINE, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || tcgetattr(fd, &mode) < 0)
		return -1;
	cfmakeraw(&mode);
	cfsetspeed(&mode, B115200);
	mode.c_cflag |= CLOCAL;
	return tcsetattr(fd, TCSANOW, &mode) < 0 ? -1 : fd;
}

static int insmod(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

static int mount_share(const char *tag, const char *dir, const char *mode)
{
	bool is_ro = !strcmp(mode, "ro");
	const char *options =
		is_ro ? "trans=virtio,version=9p2000.L,msize=512000,cache=loose" :
			"trans=virtio,version=9p2000.L,msize=512000,cache=mmap";
	int rc = root_mkdirs(&ROOT_HOST, dir);

	if (rc < 0)
		return rc;
	return mount(tag, dir, "9p", is_ro ? MS_RDONLY : 0, options) < 0 ?
		       -errno :
		       0;
}

static unsigned int uptime_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (unsigned int)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

/* Records that prepare: 0, or a negative errno. */
static int prepare(const struct job_record *r)
{
	if (!strcmp(r->verb, JOB_INSMOD) && r->count == 1)
		return insmod(r->words[0]);
	if (!strcmp(r->verb, JOB_MOUNT) && r->count == 3)
		return mount_share(r->words[0], r->words[1], r->words[2]);
	if (!strcmp(r->verb, JOB_ENV) && r->count == 1)
		return putenv((char *)(uintptr_t)r->words[0]) ? -ENOMEM : 0;
	return -EBADMSG;
}

/* One record; false: the job cannot go on, the host was told why. */
static bool perform(int line, const struct job_record *r)
{
	int status;

	if (!strcmp(r->verb, JOB_RUN) && r->count) {
		status = guest_run(line, r->words);
	} else if (!strcmp(r->verb, JOB_CONSOLE) && r->count) {
		status = guest_run_console("/dev/ttyS0", r->words);
	} else {
		status = prepare(r);
		if (status < 0)
			guest_sendf(line, WIRE_FAULT, "%s %s: %s", r->verb,
				    r->count ? r->words[r->count > 1] : "",
				    strerrordesc_np(-status));
		return status == 0;
	}
	guest_sendf(line, WIRE_EXIT, "%d", status);
	return true;
}

static void do_job(int line)
{
	struct job_record record = { 0 };
	size_t size, pos = 0;
	char *job;
	int rc = root_read(&ROOT_HOST, WIRE_JOB_PATH, JOB_LIMIT, &job, &size);

	if (rc < 0) {
		guest_sendf(line, WIRE_FAULT, "read " WIRE_JOB_PATH);
		return;
	}
	guest_sendf(line, WIRE_READY, "%u", uptime_ms());
	while ((rc = job_next((struct span){ (uint8_t *)job, size }, &pos,
			      &record)) == 1) {
		if (!perform(line, &record))
			return;
	}
	if (rc < 0)
		guest_sendf(line, WIRE_FAULT, "understand " WIRE_JOB_PATH);
	else
		guest_send(line, WIRE_DONE, "", 0);
}

static void standard_files(void)
{
	int fd = open("/dev/console", O_RDWR);

	for (int i = 0; i < 3 && fd >= 0; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

int main(void)
{
	int line;

	if (getpid() != 1) {
		dprintf(2, "lkm-guest: runs only as the first process of a "
			   "guest of 'lkm vm'\n");
		return 2;
	}
	umask(022);
	make_place();
	standard_files();
	loopback_up();
	putenv((char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		       "/sbin:/bin");
	putenv((char *)"HOME=/root");
	putenv((char *)"TERM=linux");
	line = line_open();
	if (line < 0)
		dprintf(2, "lkm-guest: no " WIRE_LINE "\n");
	else
		do_job(line);
	sync();
	if (line >= 0)
		tcdrain(line);
	/* QEMU runs with -no-reboot: a restart ends it, on any machine type. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
