# SPDX-License-Identifier: LGPL-2.1-or-later
"""lkm-host's protocol for tests: a client that shares no code with lkm's."""

import array
import collections
import contextlib
import os
import signal
import socket
import struct
import subprocess
import tempfile

MAGIC, VERSION = 0x4b4d4c68, 1
TYPES = {name: n for n, name in enumerate(
    "HELLO LOAD UNLOAD OPEN READ WRITE SEEK LIST STAT READLINK IOCTL POLL "
    "- CLOSE DUP LOG FORK STATUS STOP INTERRUPT CONNECT "
    "DEBUG SYNC".split(), 1)}
TYPES.update(REPLY=32, UPCALL_MODULE=40, UPCALL_USER_READ=41,
             UPCALL_USER_WRITE=42, UPCALL_USER_STRING=43, UPCALL_DONE=48)
NAMES = {n: name for name, n in TYPES.items()}
REMOTE_USER, FINDINGS = 1, 2
ALL = 2**64 - 1

Finding = collections.namedtuple("Finding", "kind module text frames")
Frame = collections.namedtuple("Frame", "symbol module offset size flags")
Log = collections.namedtuple("Log", "seq ns level text")


class Refused(Exception):
    """A negative status; errno as the kernel gave it."""

    def __init__(self, errno, findings):
        super().__init__(os.strerror(errno), findings)
        self.errno = errno


def w(value):
    return struct.pack("<I", value & 0xffffffff)


def q(value):
    return struct.pack("<Q", value & ALL)


def s(text):
    raw = text.encode()
    return w(len(raw)) + raw + b"\0"


def bulk(data):
    return w(0) + q(len(data)) + data


class Reader:
    def __init__(self, data, fds):
        self.data, self.fds, self.pos = data, fds, 0

    def take(self, n):
        self.pos += n
        assert self.pos <= len(self.data), "a reply is too short"
        return self.data[self.pos - n:self.pos]

    def w(self):
        return struct.unpack("<I", self.take(4))[0]

    def q(self):
        return struct.unpack("<Q", self.take(8))[0]

    def s(self):
        text = self.take(self.w())
        assert self.take(1) == b"\0"
        return text.decode(errors="replace")

    def bulk(self):
        kind, size = self.w(), self.q()
        if not kind:
            return self.take(size)
        fd = self.fds.pop(0)
        try:
            return os.pread(fd, size, 0)
        finally:
            os.close(fd)

    def finding(self):
        return Finding(self.s(), self.s(), self.s(), [
            Frame(self.s(), self.s(), self.q(), self.q(), self.w())
            for _ in range(self.w())])


class Client:
    """One connection.  Replies' fields are read by the method of the call."""

    def __init__(self, where, name="test", modprobe=None):
        if isinstance(where, str):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.sock.connect(where)
        else:
            self.sock = where
        self.last_id, self.findings, self.modprobe = 0, [], modprobe
        self.memory = {}        # address -> bytearray, for REMOTE_USER
        self.hello = self.ask("HELLO", s(name), read=lambda r: dict(
            release=r.s(), image=r.s(), banner=r.s(), pid=r.w(), flags=r.w(),
            taint=r.q(), uptime=r.q()))

    def send(self, kind, fields=b"", fds=(), flags=0, ident=None, status=0):
        if ident is None:
            self.last_id += 1
            ident = self.last_id
        head = struct.pack("<IHHIiII", MAGIC, TYPES[kind], VERSION, ident,
                           status, flags, 0)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                   array.array("i", fds))] if fds else []
        self.sock.sendmsg([head + fields], rights)
        return ident

    def receive(self):
        fds = array.array("i")
        data, rights, _, _ = self.sock.recvmsg(65536, 64)
        for _, _, raw in rights:
            fds.frombytes(raw)
        if not data:
            raise EOFError("the host is gone")
        magic, kind, version, ident, status, flags, _ = struct.unpack_from(
            "<IHHIiII", data)
        assert (magic, version) == (MAGIC, VERSION)
        return NAMES[kind], ident, status, flags, Reader(data[24:], list(fds))

    def wait(self, ident, read=None):
        while True:
            kind, got, status, flags, r = self.receive()
            if kind != "REPLY":
                self.upcall(kind, got, r)
                continue
            assert got == ident, (got, ident)
            value = read(r) if read and status >= 0 else None
            found = [r.finding() for _ in range(r.w())] \
                if flags & FINDINGS else []
            self.findings += found
            assert r.pos == len(r.data), "a reply is too long"
            if status < 0:
                raise Refused(-status, found)
            return value if read else status

    def ask(self, kind, fields=b"", fds=(), flags=0, read=None):
        return self.wait(self.send(kind, fields, fds, flags), read)

    def upcall(self, kind, ident, r):
        status, data = 0, b""
        if kind == "UPCALL_MODULE":
            name = r.s()
            status = self.modprobe(self, name) if self.modprobe else 1
        else:
            status, data = self.user_memory(kind, r)
        self.send("UPCALL_DONE", bulk(data), ident=ident, status=status)

    def user_memory(self, kind, r):
        address = r.q()
        given = r.bulk() if kind == "UPCALL_USER_WRITE" else None
        size = len(given) if given is not None else r.w()
        for base, area in self.memory.items():
            at = address - base
            if not 0 <= at < len(area):
                continue
            if kind == "UPCALL_USER_STRING":
                return 0, bytes(area[at:at + size]).split(b"\0")[0]
            if at + size > len(area):
                break
            if given is not None:
                area[at:at + size] = given
                return 0, b""
            return 0, bytes(area[at:at + size])
        return -14, b""

    # calls

    def load(self, path, params="", flags=0):
        with open(path, "rb") as f:
            return self.ask("LOAD", s(params) + w(flags), [f.fileno()])

    def unload(self, name, flags=0o4000):
        return self.ask("UNLOAD", s(name) + w(flags))

    def open(self, path, flags=0, mode=0):
        return self.ask("OPEN", s(path) + w(flags) + w(mode))

    def read(self, handle, size=65536, offset=ALL):
        return self.ask("READ", w(handle) + q(size) + q(offset),
                        read=lambda r: r.bulk())

    def write(self, handle, data, offset=ALL):
        return self.ask("WRITE", w(handle) + q(offset) + bulk(data))

    def close(self, handle):
        return self.ask("CLOSE", w(handle))

    def poll(self, handle, events, timeout):
        return self.ask("POLL", w(handle) + w(events) + w(timeout),
                        read=lambda r: r.w())

    def ioctl(self, handle, request, arg=0, flags=0):
        return self.ask("IOCTL", w(handle) + w(request) + q(arg), flags=flags)

    def cat(self, path):
        handle, text = self.open(path), b""
        try:
            while True:
                piece = self.read(handle)
                if not piece:
                    return text.decode(errors="replace")
                text += piece
        finally:
            self.close(handle)

    def put(self, path, text):
        handle = self.open(path, os.O_WRONLY)
        try:
            return self.write(handle, text.encode())
        finally:
            self.close(handle)

    def ls(self, path):
        handle, names = self.open(path, os.O_RDONLY | os.O_DIRECTORY), []
        try:
            while True:
                more = self.ask("LIST", w(handle), read=lambda r: [
                    (r.s(), r.w(), r.q()) for _ in range(r.w())])
                if not more:
                    return sorted(n for n, _, _ in names
                                  if n not in (".", ".."))
                names += more
        finally:
            self.close(handle)

    def stat(self, path, follow=True):
        names = "mode uid gid nlink rdev size ino mtime".split()
        return self.ask("STAT", s(path) + w(follow), read=lambda r: dict(
            zip(names, [r.w(), r.w(), r.w(), r.w(), r.q(), r.q(), r.q(),
                        r.q()])))

    def log(self, seq=0):
        lines = []
        while True:
            more, seq = self.ask("LOG", q(seq), read=lambda r: (
                [Log(r.q(), r.q(), r.w(), r.s()) for _ in range(r.w())],
                r.q()))
            if not more:
                return lines
            lines += more

    def status(self):
        names = "memory uptime warnings emulated threads connections " \
            "handles requests".split()
        return self.ask("STATUS", read=lambda r: dict(
            zip(names, [r.q(), r.q(), r.q(), r.q(), r.w(), r.w(), r.w(),
                        r.w()])))

    def fork(self, fail=0, flags=0, **more):
        fd = self.ask("FORK", w(flags) + q(fail), read=lambda r: r.fds.pop(0))
        return Client(socket.socket(fileno=fd), **more)

    def stop(self):
        return self.ask("STOP")

    def hang_up(self):
        self.sock.close()


class Host:
    """A running lkm-host; a context manager."""

    def __init__(self, program, image, *options):
        self.folder = tempfile.TemporaryDirectory()
        self.path = self.folder.name + "/hosted"
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listening.bind(self.path)
        listening.listen(16)
        ready, tell = os.pipe()
        with listening:
            self.process = subprocess.Popen(
                [program, "serve", image, "--socket-fd",
                 str(listening.fileno()), "--ready-fd", str(tell), *options],
                pass_fds=[listening.fileno(), tell], stderr=subprocess.PIPE,
                text=True, start_new_session=True)
        os.close(tell)
        with os.fdopen(ready) as f:
            said = f.read()
        if said != "+":
            raise RuntimeError(said)

    def client(self, **more):
        return Client(self.path, **more)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        # copies of the kernel too: they have its stderr
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        self.folder.cleanup()
