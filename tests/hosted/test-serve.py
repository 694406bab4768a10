#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lkm-host serve: clients share a hosted kernel, and none can harm the others.

usage: test-serve.py LKM-HOST LKM SERIES"""

import ctypes
import errno
import glob
import lzma
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vm"))
import hostproto        # noqa: E402
import vmlib            # noqa: E402
from hostproto import Client, Host, Refused     # noqa: E402
from vmlib import check, equal      # noqa: E402

HOST = sys.argv.pop(1)
OOPS, ASK, SYSCALL, COPY, VALUE, NAME, LATER, THREAD, HANG = \
    range(0x7001, 0x700a)
POLLIN, POLLOUT = select.POLLIN, select.POLLOUT
built = {}      # series -> probe.ko


def image(kernel):
    return glob.glob(kernel.root + "/boot/vmlinuz-*")[0]


def start(kernel, *options):
    return Host(HOST, image(kernel), *options)


def refused(code, call, *args, **more):
    try:
        got = call(*args, **more)
    except Refused as why:
        equal(errno.errorcode.get(why.errno), errno.errorcode[code])
        return why.args[1]
    return check(False, f"not refused: {call.__name__} gave {got!r}")


def stock(kernel, name, folder):
    """A module of the distribution, as the kernel wants it."""
    path = glob.glob(f"{kernel.modules}/kernel/**/{name}.ko*",
                     recursive=True)[0]
    if not path.endswith(".xz"):
        return path
    plain = f"{folder}/{kernel.series}-{name}.ko"
    with lzma.open(path) as f, open(plain, "wb") as to:
        to.write(f.read())
    return plain


def probe(kernel):
    """serve/probe.c built with the kernel's stock headers, or a skip."""
    if kernel.series not in built:
        headers = os.path.join(vmlib.CACHE, "kernels",
                               "headers-" + kernel.series)
        if not os.path.exists(headers) or not shutil.which("make"):
            vmlib.skip(f"no headers of {kernel.series} "
                       "(tools/fetch-kernels --headers)")
        folder = os.path.join(SCRATCH.name, kernel.series)
        os.mkdir(folder)
        shutil.copy(os.path.join(HERE, "serve", "probe.c"), folder)
        with open(folder + "/Makefile", "w", encoding="ascii") as f:
            f.write("obj-m := probe.o\n")
        done = subprocess.run(
            ["make", "-C", os.path.realpath(headers), f"M={folder}",
             "modules"], text=True, capture_output=True, check=False)
        equal(done.returncode, 0, done.stdout, done.stderr)
        built[kernel.series] = folder + "/probe.ko"
    return built[kernel.series]


class later(threading.Thread):
    """A call that may block, on its own; .join_value() gives its result."""

    def __init__(self, call, *args):
        super().__init__(daemon=True)
        self.call, self.args, self.value = call, args, None
        self.start()

    def run(self):
        try:
            self.value = self.call(*self.args)
        except (Refused, EOFError) as why:
            self.value = why

    def join_value(self):
        self.join(60)
        check(not self.is_alive(), f"{self.call} still waits")
        return self.value


def until(condition):
    end = time.monotonic() + 60
    while not condition():
        check(time.monotonic() < end, "not within a minute")
        time.sleep(0.01)


def test_files(kernel):
    """/proc, /sys and /dev are the kernel's own."""
    with start(kernel) as host, tempfile.TemporaryDirectory() as folder:
        c = host.client()
        equal(c.hello["release"], kernel.release)
        equal(c.hello["image"], image(kernel))
        equal(c.cat("/proc/version"), c.hello["banner"])
        equal(c.cat("/proc/modules"), "")
        for wanted in ("pci", "platform", "cpu"):
            check(wanted in c.ls("/sys/bus"), c.ls("/sys/bus"))
        for wanted in ("null", "zero", "kmsg", "tty"):
            check(wanted in c.ls("/dev"), c.ls("/dev"))
        equal(c.stat("/dev/null")["rdev"], 0x103)
        equal(c.stat("/dev/null")["mode"], 0o20666)
        for kind in ("proc", "sysfs", "devtmpfs", "debugfs", "tracefs"):
            check(f" {kind} rw" in c.cat("/proc/mounts"),
                  c.cat("/proc/mounts"))
        status = dict(line.split(":\t", 1) for line in
                      c.cat("/proc/self/status").splitlines())
        equal((status["Name"], status["PPid"]), ("test", "1"))
        check(status["Pid"] in c.ls("/proc"), status)
        zero = c.open("/dev/zero", os.O_RDWR)
        equal(c.read(zero, 300000), bytes(300000))
        equal(c.write(zero, b"x" * 40000), 40000)
        equal(c.ask("DUP", hostproto.w(zero)) > zero, True)

        equal(c.load(stock(kernel, "dummy", folder), "numdummies=2"), 0)
        check(c.cat("/proc/modules").startswith("dummy "), c)
        equal([n for n in c.ls("/sys/class/net") if "dummy" in n],
              ["dummy0", "dummy1"])
        refused(errno.EEXIST, c.load, stock(kernel, "dummy", folder))
        equal(c.put("/sys/class/net/dummy0/mtu", "1400"), 4)
        equal(c.cat("/sys/class/net/dummy0/mtu"), "1400\n")
        equal(c.ask("READLINK", hostproto.s("/sys/class/net/dummy1"),
                    read=lambda r: r.s()),
              "../../devices/virtual/net/dummy1")
        equal(c.unload("dummy"), 0)
        refused(errno.ENOENT, c.unload, "dummy")
        refused(errno.ENOENT, c.open, "/no/such")
        refused(errno.EBADF, c.read, 999)
        refused(errno.ENOEXEC, c.load, __file__)
        refused(errno.ENOTTY, c.ioctl, zero, 0x1234)
        version = c.open("/proc/version")
        equal(c.read(version, 5, 6), b"versi")
        equal(c.ask("SEEK", hostproto.w(version) + hostproto.q(14) +
                    hostproto.w(0), read=lambda r: r.q()), 14)
        equal(c.read(version, len(kernel.release)), kernel.release.encode())
        equal(c.status()["warnings"], 0, c.log())


def test_clients(kernel):
    """A read that waits stops nobody; what a client leaves open is closed."""
    with start(kernel) as host:
        a, b = host.client(name="a"), host.client(name="b")
        a.load(probe(kernel), "limit=100")
        equal(a.ls("/sys/module/probe/parameters"),
              ["go", "limit", "opened"])
        equal(b.cat("/sys/module/probe/parameters/limit"), "100\n")
        reader, writer = a.open("/dev/probe", os.O_RDWR), \
            b.open("/dev/probe", os.O_RDWR)
        waits = later(a.read, reader)
        equal(b.poll(writer, POLLIN | POLLOUT, 0), POLLOUT)
        equal(b.write(writer, b"from b"), 6)
        equal(waits.join_value(), b"from b")

        waits = later(a.poll, reader, POLLIN, 2**32 - 1)
        equal(b.poll(writer, POLLIN, 50), 0)    # nothing within 50 ms
        b.write(writer, b"again")
        equal(waits.join_value(), POLLIN)
        equal(a.read(reader), b"again")
        refused(errno.ENOSPC, b.write, writer, b"x" * 101)
        b.put("/sys/module/probe/parameters/limit", "200")
        equal(b.write(writer, b"x" * 101), 101)

        refused(errno.EAGAIN, a.unload, "probe")
        equal(a.cat("/sys/module/probe/parameters/opened"), "2\n")
        b.hang_up()
        equal(a.read(reader), b"x" * 101)
        until(lambda: a.cat("/sys/module/probe/parameters/opened") == "1\n")

        # gone in the middle of a read: it is interrupted
        c = host.client(name="c")
        handle = c.open("/dev/probe", os.O_RDWR)
        c.send("READ", hostproto.w(handle) + hostproto.q(10) +
               hostproto.q(hostproto.ALL))
        equal(a.cat("/sys/module/probe/parameters/opened"), "2\n")
        equal(a.status()["connections"], 2)
        c.hang_up()
        until(lambda: a.status()["connections"] == 1)
        equal(a.cat("/sys/module/probe/parameters/opened"), "1\n")
        a.close(reader)
        equal(a.unload("probe"), 0)
        equal(a.status()["handles"], 0)


def test_oops(kernel):
    """A request that oopses is answered; its client and others go on."""
    with start(kernel) as host:
        a, b = host.client(), host.client()
        a.load(probe(kernel))
        handle = a.open("/dev/probe", os.O_RDWR)
        found = refused(errno.EIO, a.ioctl, handle, OOPS)
        check([f for f in found if f.kind == "oops"], found, a.log())
        check(any("NULL pointer" in line.text for line in b.log()), b.log())
        equal(a.write(handle, b"still here"), 10)
        equal(b.read(handle), b"still here")
        # a thread of the kernel: seen with a later reply, by whoever asks
        equal(a.ioctl(handle, THREAD), 0)
        a.poll(handle, POLLIN, 20)
        check(any("stumble" in line.text for line in b.log()), b.log())
        equal(b.cat("/proc/modules").split()[0], "probe")
        # no way out of a loop but the watchdog's
        refused(errno.EIO, a.ioctl, handle, HANG)
        equal(a.close(handle), 0)
        equal(b.unload("probe"), 0)


def test_modprobe(kernel):
    """request_module() asks the client; its loads are nested in its own."""
    asked = []

    def modprobe(client, name):
        asked.append(name)
        if name == "probe-init-1":
            return 0 if client.load(dummy) == 0 else 1
        if name == "probe-init-2":
            return 0 if client.load(path, "ask=1") == 0 else 1
        return 1

    with start(kernel) as host, tempfile.TemporaryDirectory() as folder:
        c = host.client(modprobe=modprobe)
        dummy = stock(kernel, "dummy", folder)
        path = probe(kernel)
        equal(c.load(path, "ask=1"), 0)
        equal(asked, ["probe-init-1"])
        check(any(line.text == "probe: asked, got 0" for line in c.log()),
              c.log())
        check("dummy" in c.cat("/proc/modules"))
        handle = c.open("/dev/probe")
        equal(c.ioctl(handle, ASK), 256)        # wait(2)'s status of exit(1)
        equal(c.ioctl(handle, LATER), 0)
        c.poll(handle, POLLIN, 50)
        equal(asked[1:], ["probe-thing", "probe-later"])

        # who does not answer is gone; the kernel sees a modprobe that failed
        other = host.client()
        other.send("IOCTL", hostproto.w(handle) + hostproto.w(ASK) +
                   hostproto.q(0))
        equal(other.receive()[0], "UPCALL_MODULE")
        other.hang_up()
        equal(c.cat("/proc/modules").count("\n"), 2)


def test_fork(kernel):
    """A copy is a kernel of its own, and ends with its client."""
    with start(kernel) as host, tempfile.TemporaryDirectory() as folder:
        c = host.client()
        dummy = stock(kernel, "dummy", folder)
        handle = c.open("/dev/null")
        for _ in range(20):
            copy = c.fork()
            equal(copy.hello["flags"] & 4, 4)
            check(copy.hello["pid"] != c.hello["pid"])
            equal(copy.load(dummy), 0)
            check(copy.cat("/proc/modules").startswith("dummy "))
            refused(errno.EBADF, copy.read, handle + 50)
            copy.hang_up()
        equal(c.cat("/proc/modules"), "")
        copy = c.fork()
        pid = copy.hello["pid"]
        copy.hang_up()
        until(lambda: not os.path.exists(f"/proc/{pid}"))
        equal(c.stop(), 0)
        equal(host.process.wait(20), 0)


def test_hostile(kernel):
    """Bytes that are no request end their connection, or are refused."""
    with start(kernel) as host:
        good = host.client()
        for raw in (b"", b"x", b"\0" * 24, b"hLMK" * 6, os.urandom(4000)):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.connect(host.path)
            s.send(raw)
            equal(s.recv(100), b"", raw)
            s.close()
        c = host.client()
        refused(errno.ENOSYS, c.ask, "REPLY")
        refused(errno.EBADMSG, c.ask, "OPEN", b"\xff" * 8)
        refused(errno.EBADMSG, c.ask, "STATUS", b"more")
        refused(errno.EBADF, c.ask, "LOAD", hostproto.s("") + hostproto.w(0))
        refused(errno.EBADMSG, c.ask, "WRITE", hostproto.w(0) +
                hostproto.q(0) + hostproto.w(1) + hostproto.q(1 << 60))
        read, write = os.pipe()
        refused(errno.EINVAL, c.ask, "LOAD", hostproto.s("") + hostproto.w(0),
                [read])
        os.close(read), os.close(write)
        refused(errno.EFAULT, c.ioctl, c.open("/dev/tty0", 0o404000), 0x5401,
                0xdead000)
        # an answer to what was not asked
        c.send("UPCALL_DONE", hostproto.bulk(b""), ident=1)
        equal(c.sock.recv(100), b"")
        many = []
        for _ in range(400):
            try:
                many.append(Client(host.path))
            except (EOFError, OSError):
                break
        check(20 < len(many) < 400, len(many))
        equal(good.cat("/proc/modules"), "")
        for c in many:
            c.hang_up()
        until(lambda: good.status()["connections"] == 1)


SCRATCH = tempfile.TemporaryDirectory()
def test_deadlock(kernel):
    """An init that waits for what nobody does is told so; a read may wait."""
    with start(kernel) as host, tempfile.TemporaryDirectory() as folder:
        a, b, c = host.client(), host.client(), host.client()
        console = b.open("/dev/tty1", os.O_RDONLY | os.O_NOCTTY)
        waits = later(b.poll, console, POLLIN, 2**32 - 1)
        until(lambda: a.status()["requests"] == 2)
        before = time.monotonic()
        found = refused(errno.EIO, a.load, probe(kernel), "ask=-1")
        check(time.monotonic() - before < 60)
        check([f for f in found if f.kind == "deadlock" and
               any(frame.symbol == "probe_init" for frame in f.frames)],
              found, a.log())
        check(any("__wait_for_common" in line.text for line in a.log()))
        check(waits.is_alive(), waits.value)
        # its module is still in its init; it is what a real kernel has then
        check(" Loading " in a.cat("/proc/modules"), a.cat("/proc/modules"))
        refused(errno.EBUSY, a.unload, "probe")
        # its name is taken: who wants it too waits for it, for good
        found = refused(errno.EIO, c.load, probe(kernel))
        check([f for f in found if f.kind == "deadlock"], found)
        equal(c.load(stock(kernel, "dummy", folder)), 0)
        # what waited goes on when at last it can
        a.put("/sys/module/probe/parameters/go", "1")
        until(lambda: " Live " in a.cat("/proc/modules").split("probe")[1])
        equal(a.unload("dummy"), 0)
        equal(a.unload("probe"), 0)


def test_time(kernel):
    """The kernel's clock does not go slower than ours, even with no work."""
    with start(kernel) as host:
        c = host.client()
        begin, ours = c.status()["uptime"], time.monotonic_ns()
        time.sleep(1.5)
        past = time.monotonic_ns() - ours
        now = float(c.cat("/proc/uptime").split()[0]) * 1e9
        check(now - begin >= past - 20e6, begin, now, past)


def test_flags(kernel):
    """finit_module()'s flags: a module of another kernel, by force."""
    with start(kernel) as host, tempfile.TemporaryDirectory() as folder:
        c = host.client()
        with open(stock(kernel, "dummy", folder), "rb") as f:
            data = f.read()
        mark = b"~Module signature appended~\n"
        size = struct.unpack(">I", data[-len(mark) - 4:-len(mark)])[0]
        check(data.endswith(mark))
        data = data[:-len(mark) - 12 - size]
        path = folder + "/dummy.ko"
        with open(path, "wb") as f:
            f.write(data.replace(b" mod_unload ", b" mod_upload ", 1))
        refused(errno.ENOEXEC, c.load, path)
        refused(errno.EINVAL, c.load, path, flags=0x80)
        equal(c.load(path, "numdummies=1", flags=3), 0)
        taints = c.cat("/proc/modules").split("(")
        check("F" in taints[1], taints)
        equal(c.unload("dummy"), 0)


def test_memory_elsewhere(kernel):
    """An ioctl() whose pointers are those of another process."""
    with start(kernel) as host:
        c, other = host.client(), host.client()
        c.load(probe(kernel))
        handle = c.open("/dev/probe", os.O_RDWR)
        far = hostproto.REMOTE_USER
        text = 0x7ffd12345000
        c.memory = {text: bytearray(struct.pack("<I60s", 5, b"abcde!")),
                    0x555500001000: bytearray(struct.pack("<i", 41)),
                    0x555500003000: bytearray(b"a name\0rest")}
        equal(c.ioctl(handle, COPY, text, far), 0)
        equal(c.memory[text][:11], struct.pack("<I", 5) + b"edcba!\0")
        equal(c.ioctl(handle, VALUE, 0x555500001000, far), 0)
        equal(c.memory[0x555500001000], struct.pack("<i", 42))
        equal(c.ioctl(handle, NAME, 0x555500003000, far), 6)
        equal(c.read(handle), b"a name")
        refused(errno.EFAULT, c.ioctl, handle, COPY, text + 4, far)
        refused(errno.EFAULT, c.ioctl, handle, VALUE, 0x1000, far)
        refused(errno.EFAULT, c.ioctl, handle, VALUE, 1 << 63, far)
        refused(errno.EFAULT, c.ioctl, handle, NAME, 0x1000, far)
        # without the flag they are addresses of the host, and bad ones
        refused(errno.EFAULT, c.ioctl, handle, VALUE, 0x10000000)
        refused(errno.EFAULT, c.ioctl, handle, COPY, 0x10000000)
        equal(c.put("/sys/module/probe/parameters/limit", "77"), 2)
        # while one client is asked, the others' memory is their own
        ident = c.send("IOCTL", hostproto.w(handle) + hostproto.w(VALUE) +
                       hostproto.q(0x555500001000), flags=far)
        kind, up, _, _, r = c.receive()
        equal(kind, "UPCALL_USER_READ")
        equal(other.cat("/sys/module/probe/parameters/limit"), "77\n")
        equal(other.put("/sys/module/probe/parameters/limit", "78"), 2)
        c.upcall(kind, up, r)
        equal(c.wait(ident), 0)
        equal(c.memory[0x555500001000], struct.pack("<i", 43))
        # gone while it was asked
        c.send("IOCTL", hostproto.w(handle) + hostproto.w(VALUE) +
               hostproto.q(0x555500001000), flags=far)
        equal(c.receive()[0], "UPCALL_USER_READ")
        c.hang_up()
        until(lambda: other.status()["connections"] == 1)
        equal(other.unload("probe"), 0)


# x86-64 numbers: asm/unistd_64.h
CALLS = {
    "open": (2, "TEXT", 0), "creat": (85, "TEXT", 0o600),
    "openat": (257, -100, "TEXT", 0o102, 0o600),
    "openat2": (437, -100, "TEXT", "TEXT", 24), "execve": (59, "TEXT", 0, 0),
    "execveat": (322, 2, "TEXT", 0, 0, 0x1000), "socket": (41, 2, 1, 0),
    "socket-unix": (41, 1, 1, 0), "socketpair": (53, 2, 1, 0, "TEXT"),
    "connect": (42, 3, "TEXT", 16), "bind": (49, 3, "TEXT", 16),
    "ptrace": (101, 16, 1, 0, 0), "process_vm_readv": (310, 1, 0, 0, 0, 0),
    "process_vm_writev": (311, 1, 0, 0, 0, 0), "kill": (62, 1, 0),
    "tgkill": (234, 1, 1, 0), "pidfd_open": (434, 1, 0), "unlink": (87, "TEXT"),
    "rename": (82, "TEXT", "TEXT"), "mkdir": (83, "TEXT", 0o700),
    "chmod": (90, "TEXT", 0o777), "truncate": (76, "TEXT", 0),
    "ftruncate": (77, 2, 0), "mount": (165, "TEXT", "TEXT", "TEXT", 0, 0),
    "chdir": (80, "TEXT"), "chroot": (161, "TEXT"), "unshare": (272, 0x10000000),
    "setns": (308, 3, 0), "clone": (56, 0x10000000 | 17, 0, 0, 0, 0),
    "vfork": (58,), "bpf": (321, 0, "TEXT", 64), "setuid": (105, 0),
    "perf_event_open": (298, "TEXT", 0, -1, -1, 0), "ioctl": (16, 2, 0x5412),
    "io_uring_setup": (425, 1, "TEXT"), "keyctl": (250, 0, -3, 1),
    "init_module": (175, "TEXT", 10, "TEXT"), "fcntl": (72, 2, 0, 100),
    "dup": (32, 2), "prctl": (157, 4, 1, 0, 0, 0), "setrlimit": (160, 4, "TEXT"),
    "seccomp": (317, 1, 0, "TEXT"), "getdents64": (217, 2, "TEXT", 100),
    "stat": (4, "TEXT", "TEXT"), "x32": (0x40000000 | 39,),
    "arch_prctl": (158, 0x1002, 0),
}


def call_process(client, handle, number, *args, text=b"", legacy=0):
    """What a system call of the process, not of its kernel, gives."""
    numbers = [0x7e47 if a == "TEXT" else a for a in args]
    raw = struct.pack("<8q256s", number, *(numbers + [0] * 6)[:6], 77, text)
    client.write(handle, raw)
    client.ioctl(handle, SYSCALL, legacy)
    return struct.unpack_from("<8q", client.read(handle))[7]


def test_sandbox(kernel):
    """A kernel's code that calls the system itself gets nothing from it."""
    with start(kernel) as host, tempfile.TemporaryDirectory() as folder:
        c = host.client()
        check(c.hello["flags"] & 2, c.hello)
        c.load(probe(kernel))
        handle = c.open("/dev/probe", os.O_RDWR)
        pid = c.hello["pid"]
        equal(call_process(c, handle, 39), pid)     # getpid: it does call
        got = {name: call_process(c, handle, *call,
                                  text=(folder + "/new").encode())
               for name, call in CALLS.items()}
        wrong = {name: r for name, r in got.items() if r != -errno.EPERM}
        equal(wrong, {})
        equal(call_process(c, handle, 257, -100, "TEXT", 0,
                           text=b"/etc/passwd"), -errno.EPERM)
        equal(call_process(c, handle, 435, "TEXT", 88), -errno.ENOSYS)
        equal(call_process(c, handle, 20, legacy=1), -errno.EPERM)
        equal(os.listdir(folder), [])
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            status = dict(line.split(":\t", 1) for line in f.read().split("\n")
                          if ":\t" in line)
        equal((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        equal(int(status["CapEff"], 16), 0)
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            check("Max core file size        0  " in f.read(), status)
        # nothing is left open but what was passed
        kinds = [os.readlink(f"/proc/{pid}/fd/{n}").split(":")[0]
                 for n in os.listdir(f"/proc/{pid}/fd")]
        check(kinds.count("socket") == 2, kinds)
        check(not [k for k in kinds if k.startswith(folder)], kinds)
        equal(c.cat("/proc/modules").split()[0], "probe")


def forbid_seccomp():
    """A filter for this process, in which seccomp(2) fails with EPERM."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, 317), (0x06, 0, 0, 0x50001),
            (0x06, 0, 0, 0x7fff0000)]
    raw = b"".join(struct.pack("<HBBI", *c) for c in code)
    held = ctypes.create_string_buffer(raw, len(raw))
    program = ctypes.create_string_buffer(struct.pack(
        "<H6xQ", len(code), ctypes.addressof(held)), 16)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
        os._exit(99)


def test_no_sandbox(kernel):
    """Where it cannot be confined, nothing of the kernel is run."""
    done = subprocess.run([HOST, "doctor", image(kernel)], text=True,
                          capture_output=True, check=False,
                          preexec_fn=forbid_seccomp)
    equal(done.returncode, 1, done)
    check(done.stderr.startswith("error[host.sandbox.refused]: "), done)
    check("seccomp" in done.stderr, done)


TESTS = (test_files, test_clients, test_oops, test_modprobe, test_fork,
         test_hostile, test_memory_elsewhere,
         test_deadlock, test_time, test_flags, test_sandbox, test_no_sandbox)
vmlib.main(*(t for t in TESTS if os.environ.get("ONLY", "") in t.__name__))
