# SPDX-License-Identifier: LGPL-2.1-or-later
"""The index cache, with no, one and many modules (src/tree/cache-file.h)."""

import struct


def cache(names, entries, id_shift=0, **wrong):
    strings = b"".join(n + b"\0" for n in names) + \
        b"".join(path + b"\0" for path, _ in entries)
    records = ids = b""
    count = 0
    for number, (_, kinds) in enumerate(entries):
        records += struct.pack("=3Q2q", 1, number, 2, 3, 4)
        records += struct.pack("=6I", *[len(k) for k in kinds], 0)
        for kind in kinds:
            count += len(kind)
            ids += struct.pack(f"={len(kind)}I",
                               *[i + id_shift for i in kind])
    head = {"string_bytes": len(strings), "name_count": len(names),
            "entry_count": len(entries), "id_count": count}
    head.update(wrong)
    return struct.pack("=8Q", 0, 0, 10**18, 0, *head.values()) + strings + \
        records + ids


def seeds():
    one = [(b"kernel/a.ko", ([0], [1, 2], [3], [], []))]
    names = [b"a_fn", b"b_fn", b"module_layout", b"pci:v*"]
    yield "empty", cache([], [])
    yield "one", cache(names, one)
    yield "two", cache(names, one + [(b"b.ko", ([], [], [3, 3], [2], [1]))])
    yield "same", cache(names, one * 3)
    yield "many", cache([b"n%d" % i for i in range(300)],
                        [(b"m%d.ko" % i, ([i], [i + 1], [], [], []))
                         for i in range(299)])
    yield "ids", cache(names, one, id_shift=2)
    yield "few-strings", cache(names, one, string_bytes=7)
    yield "many-names", cache(names, one, name_count=9)
    yield "many-ids", cache(names, one, id_count=9)
    yield "many-entries", cache(names, one, entry_count=70000)
    yield "huge", cache(names, one, id_count=2**62, string_bytes=2**63)
    yield "unended", cache(names, one)[:-30]
