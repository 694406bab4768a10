# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages between lkm and lkm-host."""

import struct


def message(kind, *fields, flags=0, magic=0x4b4d4c68, version=1):
    return struct.pack("<IHHIiII", magic, kind, version, 1, 0, flags, 0) + \
        b"".join(fields)


def w(value):
    return struct.pack("<I", value)


def q(value):
    return struct.pack("<Q", value)


def s(text):
    return w(len(text)) + text.encode() + b"\0"


def bulk(data, size=None, kind=0):
    return w(kind) + q(len(data) if size is None else size) + data


def frame():
    return s("bad_init") + s("bad") + q(16) + q(64) + w(1)


def seeds():
    yield "hello", message(1, s("lkm"))
    yield "load", message(2, s("numdummies=2"), w(0))
    yield "open", message(4, s("/proc/modules"), w(0), w(0))
    yield "write", message(6, w(3), q(2**64 - 1), bulk(b"hello"))
    yield "debug", message(22, w(1))
    yield "poll", message(12, w(3), w(1), w(2**32 - 1))
    yield "memfd", message(6, w(3), q(0), bulk(b"", 70000, 1))
    yield "upcall", message(40, s("net-pf-10"))
    yield "done", message(48, bulk(b"user bytes"))
    yield "findings", message(
        32, w(2), *[s("oops") + s("bad") + s("a text") + w(2) + frame() +
                    frame()] * 2, flags=2)
    yield "many", message(32, w(4097), flags=2)
    yield "frames", message(32, w(1), s("leak"), s(""), s(""), w(33), flags=2)
    yield "log", message(32, q(1), q(2), w(6), s("dummy: hi"), q(2), q(3),
                         w(4), s(""))
    yield "stat", message(32, w(0o100644), w(0), w(0), w(1), q(0), q(4096),
                          q(17), q(0))
    yield "short", message(4, w(100))
    yield "nul", message(10, w(3) + b"a\0b\0")
    yield "open-end", message(10, w(3) + b"abcd")
    yield "more", message(1, w(0))
    yield "unknown", message(77)
    yield "magic", message(1, magic=1)
    yield "version", message(1, version=2)
    yield "header", message(1)[:20]
