# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kept kernel (src/vmlinux/kept-file.h): pages, symbols, hashes, the tail."""

import struct


def kept(elf, names, payload=b"gzip", odd=False, kind=0, **wrong):
    text = b"".join(n + b"\0" for n in names)
    table, at = b"", 0
    for number, name in enumerate(names):
        table += struct.pack("=QII", 0x1000 + number, at, 0x54)
        at += len(name) + 1
    pages = (len(elf) + 4095) // 4096
    head = {"elf_size": len(elf), "symbol_count": len(names),
            "names_size": len(text)}
    head.update(wrong)
    return elf + table + text + bytes([odd] * 8) * pages + \
        struct.pack("=7Q", *[0] * 7) + \
        struct.pack("=4Q", *head.values(), kind) + \
        payload.ljust(16, b"\0") + bytes(24)


def seeds():
    names = [b"_text", b"start_kernel", b"x" * 500]
    yield "empty", kept(b"", [])
    yield "one-page", kept(b"\x7fELF" + bytes(100), names)
    yield "pages", kept(bytes(range(256)) * 40, names * 30)
    yield "full-page", kept(b"a" * 8192, names)
    yield "damaged", kept(b"b" * 5000, names, odd=True)
    yield "payload", kept(b"c" * 10, names, payload=b"nothing known")
    yield "none", kept(b"d" * 10, names, payload=b"none", kind=1)
    yield "long-payload", kept(b"d" * 10, names, payload=b"e" * 16)
    yield "many", kept(b"f", names, symbol_count=1 << 40)
    yield "huge", kept(b"f", names, elf_size=(1 << 64) - 1)
    yield "no-tail", b"g" * 100
