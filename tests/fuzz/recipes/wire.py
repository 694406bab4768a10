# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames of a guest's answers, and the records of its job."""

import struct


def frame(kind, payload=b"", size=None):
    return b"LK" + kind + b"\0" + \
        struct.pack("<I", len(payload) if size is None else size) + payload


def job(*records):
    return b"".join(word.encode() + b"\0" for verb, *words in records
                    for word in (verb, str(len(words)), *words))


def seeds():
    yield "empty", b""
    yield "answers", frame(b"r", b"1500") + frame(b"o", b"hello\n") + \
        frame(b"e", b"") + frame(b"x", b"7") + frame(b"d")
    yield "fault", frame(b"r", b"1") + frame(b"f", b"mount /mnt: No such file")
    yield "long", frame(b"o", b"x" * 16384) + frame(b"o", b"x" * 16385)
    yield "huge", frame(b"o", b"x", 0xffffffff)
    yield "kind", frame(b"d") + frame(b"z")
    yield "junk", frame(b"d") + b"login: "
    yield "job", job(("insmod", "/lkm/early/9p.ko"), ("env", "A=b"),
                     ("mount", "lkm0", "/mnt", "ro"),
                     ("run", "sh", "-c", "echo \"a b\"", ""))
    yield "many", b"run\0" + b"4096\0" + b"a\0" * 4096
    yield "toomany", b"run\0" + b"4097\0" + b"a\0" * 4097
    yield "letters", b"run\0two\0a\0b\0"
