#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lkm host exec: ordinary programs, static or not, use the devices of a module
in the hosted kernel, load and unload it, and end as they would anywhere.

usage: test-exec.py LKM-HOST LKM SERIES"""

import glob
import os
import shutil
import signal
import stat
import sys
import time

import clilib
import vmlib
from clilib import check, equal

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
import modulebuild      # noqa: E402

CLIENT = os.environ["EXEC_CLIENT"]
FIFO, DATA = "/dev/exec_fifo", "/dev/exec_data"


def module(s):
    folder = modulebuild.build(HERE + "/exec", s.kernel.series)
    if not folder:
        vmlib.skip(f"no headers of {s.kernel.series} or no make "
                   "(tools/fetch-kernels --headers)")
    return folder + "/exec_devices.ko"


def start(s):
    s.start()
    s.on("load", module(s))


def shell(s, script, **more):
    return s.run("host", "exec", "sh", "-c", script, **more).stdout


def test_client(s):
    """One static program, every way to use a descriptor."""
    start(s)
    for case in ("dup", "fork", "exec", "threads", "signal", "poll", "select",
                 "epoll", "ioctl", "seek", "sync", "errors", "stat"):
        done = s.run("host", "exec", CLIENT, FIFO, DATA, case, status=None)
        equal((case, done.returncode), (case, 0), done)
    # Nothing is left open.
    equal(s.status()["handles"], 0)
    s.on("unload", "exec_devices")


def test_shell(s):
    """Redirections, which bring a file to descriptors 0 to 9; tools."""
    start(s)
    equal(shell(s, f"echo a line > {FIFO}; read x < {FIFO}; echo $x"),
          "a line\n")
    equal(shell(s, f"exec 3<>{FIFO}; echo b >&3; read x <&3; echo $x; "
                   "exec 3<&-; lsmod | tail -n 1 | grep -o '[0-9]$'"),
          "b\n0\n")
    equal(shell(s, f"printf 0123456789 | dd of={DATA} status=none; "
                   f"dd if={DATA} bs=1 skip=3 count=4 status=none; "
                   f"tail -c +5 {DATA} | head -c 2; wc -c < {DATA}"),
          "345645256\n")
    equal(shell(s, f"echo c | tee {FIFO} >/dev/null; cat {FIFO} & sleep 0.2; "
                   "kill $!; wait $! 2>/dev/null; echo $?"), "c\n143\n")
    equal(shell(s, f"test -c {FIFO} && test -w {FIFO} && "
                   f"ls -l {FIFO} | cut -c 1-10"), "crw-------\n")
    equal(shell(s, "cat /sys/module/exec_devices/initstate; "
                   "basename $(readlink /sys/class/misc/exec_fifo); "
                   "grep -c exec_ /proc/misc; cat /proc/self/comm; "
                   "echo x > /dev/null; head -c 2 /dev/zero | wc -c"),
          "live\nexec_fifo\n2\ncat\n2\n")
    release = s.kernel.release
    check(release in shell(s, "cat /proc/version; uname -r"))
    equal(shell(s, "uname -r; cat /proc/sys/kernel/osrelease"),
          f"{release}\n{release}\n")


def test_busybox(s):
    """Another static program, which moves bytes by sendfile(2) if it can."""
    busybox = shutil.which("busybox") or vmlib.skip("no busybox")
    s.start()
    said = shell(s, f"""
        alias b={busybox}
        b insmod {module(s)}
        b printf 12345 | b cat > {FIFO}
        b dd if={FIFO} bs=5 count=1 2>/dev/null; echo
        b lsmod | b grep -o ^exec_devices
        b insmod {module(s)} 2>/dev/null || echo again $?
        b dmesg | b grep -o 'exec_devices: loading out-of-tree module'
        b rmmod exec_devices; b lsmod | b wc -l""")
    equal(said.splitlines(),
          ["12345", "exec_devices", "again 17",
           "exec_devices: loading out-of-tree module", "1"])


def test_kmod(s):
    """The system's own insmod, rmmod and dmesg."""
    s.start()
    said = shell(s, f"insmod {module(s)} && rmmod exec_devices && "
                    "dmesg | grep -c exec_devices; rmmod exec_devices 2>&1 || true")
    check(said.startswith("2\n") and "not currently loaded" in said, said)


PYTHON = f"""
import fcntl, os, select, selectors, struct, threading, time
fd = os.open({FIFO!r}, os.O_RDWR)
threading.Timer(0.1, lambda: os.write(fd, b"late")).start()
assert select.select([fd], [], [], 5)[0] == [fd]
assert os.read(fd, 10) == b"late"
os.write(fd, b"123")
size = bytearray(4)
fcntl.ioctl(fd, 0x80047801, size)
assert struct.unpack("i", size)[0] == 3
p = select.poll()
p.register(fd, select.POLLIN)
assert p.poll(1000) == [(fd, select.POLLIN)]
with selectors.DefaultSelector() as s:
    s.register(fd, selectors.EVENT_READ, "x")
    assert [k.data for k, _ in s.select(1)] == ["x"]
with open({DATA!r}, "r+b", buffering=0) as f:
    f.write(b"python")
    f.seek(2)
    assert f.read(3) == b"tho"
assert os.read(fd, 10) == b"123"
os.set_blocking(fd, False)
try:
    os.read(fd, 1)
except BlockingIOError:
    print("ok", sorted(os.listdir("/sys/class/misc"))[0], os.ttyname(0)
          if os.isatty(0) else "")
"""


def test_python(s):
    start(s)
    said = s.run("host", "exec", "python3", "-c", PYTHON).stdout
    check(said.startswith("ok "), said)


def test_status(s):
    """The exit status is the program's, as a shell tells it."""
    start(s)
    for words, status in ((["sh", "-c", "exit 7"], 7), (["true"], 0),
                          (["sh", "-c", "kill -TERM $$"], 143)):
        s.run("host", "exec", *words, status=status)
    done = s.run("host", "exec", "/nonexistent/x", status=127)
    check("error[host.exec.program]:" in done.stderr, done)
    done = s.run("host", "exec", "/etc/passwd", status=126)
    check("error[host.exec.program]:" in done.stderr, done)
    # Options behind the program's name are its own.
    equal(s.run("host", "exec", "echo", "--json", "-x").stdout, "--json -x\n")


def test_waiting(s):
    """A blocked program holds up nobody, and ends when it is told to."""
    start(s)
    reader = s.popen("host", "exec", CLIENT, FIFO, DATA, "wait")
    equal(reader.stdout.readline(), "waiting\n")
    equal(shell(s, f"dd if={DATA} bs=1 count=1 status=none | wc -c"), "1\n")
    s.run("host", "write", FIFO, "x")
    equal(reader.wait(10), 0)
    for how, status in ((signal.SIGTERM, -signal.SIGTERM),
                        (signal.SIGKILL, -signal.SIGKILL)):
        reader = s.popen("host", "exec", CLIENT, FIFO, DATA, "wait")
        equal(reader.stdout.readline(), "waiting\n")
        # When lkm is ended, so is the program.
        reader.send_signal(how)
        equal(reader.wait(10), status)
    end = time.monotonic() + 10
    while s.status()["handles"] and time.monotonic() < end:
        time.sleep(0.05)
    s.on("unload", "exec_devices")


def test_unavailable(s):
    """Where another supervisor has the program already, the reason is said."""
    start(s)
    done = s.run("host", "exec", s.kernel.lkm, "host", "exec", "true",
                 status=1)
    check("error[host.exec.unavailable]:" in done.stderr, done)
    # Inside of a filter that forbids it, as a container's
    s.fails("host.absent", "host", "exec", "true",
            env={"XDG_RUNTIME_DIR": s.folder.name})


def test_finding(s):
    """A call that goes wrong is an error for the program, and is explained."""
    folder = modulebuild.build(HERE + "/samples", s.kernel.series)
    s.start("--guard")
    done = s.run("host", "exec", "sh", "-c", f"""
        insmod {folder}/chardev-broken.ko
        head -c 64 /dev/zero 2>&1 >/dev/sample_chardev_broken""", status=1)
    check("Input/output error" in done.stdout, done)
    check("error[host.finding]: out-of-bounds in chardev_broken" in
          done.stderr and "chardev_write+" in done.stderr, done)


def test_died(s):
    """The kernel's end is an I/O error for the program, and is explained."""
    start(s)
    script = f"exec 3<>{FIFO}; kill -KILL {s.status()['pid']}; " \
        "sleep 0.2; read x <&3; echo status $?"
    done = s.run("host", "exec", "bash", "-c", script, status=1)
    equal(done.stdout, "status 1\n")
    check("error[host.kernel.died]:" in done.stderr, done)


def test_nobody(s):
    """All of it without a privilege."""
    if os.geteuid():
        vmlib.skip("it runs unprivileged already")
    image = glob.glob(s.root + "/boot/vmlinuz-*")[0]
    os.chmod(s.folder.name, 0o755)
    copies = {name: shutil.copy(file, s.path(name)) for name, file in (
        ("lkm", s.kernel.lkm), ("lkm-host", s.env["LKM_HOST"]),
        ("vmlinuz", image), ("m.ko", module(s)), ("client", CLIENT))}
    for name in ("nobody-run", "nobody-cache"):
        os.mkdir(s.path(name), 0o700)
        os.chown(s.path(name), 65534, 65534)
    env = dict(s.env, XDG_RUNTIME_DIR=s.path("nobody-run"),
               LKM_HOST=copies["lkm-host"], LKM_CACHE_DIR=s.path(
                   "nobody-cache"), HOME="/")

    def run(*words, program="lkm"):
        done = clilib.finished(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
             "--inh-caps=-all", copies[program], *words], 60, env=env)
        equal(done.returncode, 0, done)
        return done.stdout

    run("host", "start", copies["vmlinuz"])
    try:
        equal(run("host", "exec", "sh", "-c", f"insmod {copies['m.ko']}; "
                  f"echo by nobody > {FIFO}; head -c 10 {FIFO}; id -u"),
              "by nobody\n65534\n")
        run("host", "exec", copies["client"], FIFO, DATA, "threads")
    finally:
        run("host", "stop")


def test_modes(s):
    """Who runs the program is root there, whatever a device's mode."""
    start(s)
    check(stat.S_ISCHR(int(shell(s, f"stat -c %f {FIFO}"), 16)))
    equal(shell(s, f"stat -c '%U %A' {FIFO}"), "root crw-------\n")


if __name__ == "__main__":
    clilib.main(test_client, test_shell, test_busybox, test_kmod, test_python,
                test_status, test_waiting, test_unavailable, test_finding,
                test_died, test_nobody, test_modes)
