# SPDX-License-Identifier: LGPL-2.1-or-later
"""modules.*.bin: tries of both node orders, and hostile ones."""

import struct

HEAD = struct.pack(">II", 0xb007f457, 0x00020001)
PREFIX, VALUES, CHILDREN = 0x80000000, 0x40000000, 0x20000000


def tree(entries):
    """{key: [(priority, value)]} -> (prefix, {char: node}, values)"""
    if len(entries) == 1:
        (key, values), = entries.items()
        return key, {}, values
    keys = sorted(entries)
    shared = 0
    while shared < len(keys[0]) and keys[0][shared] == keys[-1][shared]:
        shared += 1
    groups = {}
    for key in keys:
        if len(key) > shared:
            groups.setdefault(key[shared], {})[key[shared + 1:]] = entries[key]
    return (keys[0][:shared], {c: tree(g) for c, g in groups.items()},
            entries.get(keys[0][:shared], []))


def body(node, words):
    prefix, children, values = node
    out = prefix.encode() + b"\0" if prefix else b""
    if children:
        first, last = min(children), max(children)
        out += bytes((ord(first), ord(last)))
        for c in range(ord(first), ord(last) + 1):
            out += struct.pack(">I", words.get(chr(c), 0))
    if values:
        out += struct.pack(">I", len(values))
        for priority, value in values:
            out += struct.pack(">I", priority) + value.encode() + b"\0"
    return out


def flags(node):
    return (PREFIX if node[0] else 0) | (CHILDREN if node[1] else 0) | \
        (VALUES if node[2] else 0)


def after(node, out):
    """Children first, as kmod up to 33; the node's word."""
    words = {c: after(n, out) for c, n in sorted(node[1].items())}
    at = len(out)
    out += body(node, words)
    return at | flags(node)


def before(node, out):
    at = len(out)
    out += body(node, {})
    words = {c: before(n, out) for c, n in sorted(node[1].items())}
    out[at:at + len(body(node, words))] = body(node, words)
    return at | flags(node)


def index(entries, write=after):
    out = bytearray(HEAD + b"\0\0\0\0")
    root = write(tree(entries), out)
    out[8:12] = struct.pack(">I", root)
    return bytes(out)


ALIASES = {
    "pci:v00008086d*": [(0, "a"), (0, "a")],
    "pci:v00008086d*9": [(0, "a")],
    "pci:v00008086d000015*": [(2, "c")],
    "pci:v00008086d0000159?": [(3, "q")],
    "of:N*T*Cfoo,bar_baz": [(1, "b_x")],
    "usb:v1[0-9]p*": [(3, "d")],
    "usb:v1[!a]p*[[:alpha:]]": [(4, "e")],
    "*\\*": [(1, "star")],
    "*[": [(1, "open")],
    "fs_ext9": [(3, "d")],
}
MODULES = {
    "a": [(0, "kernel/a.ko: kernel/b-x.ko kernel/c.ko")],
    "b_x": [(1, "kernel/b-x.ko: kernel/c.ko")],
    "c": [(2, "kernel/c.ko:")],
}
LONG = {"a" * 70 + "*" + "a" * n + "b": [(n, "x")] for n in range(4)}


def raw(root, rest):
    return HEAD + struct.pack(">I", root) + rest


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def seal(data):
    """What lkm puts behind an index."""
    data = bytearray(data)
    data[8] |= 0x10
    sums = [crc32c(data[i:i + 4096]) for i in range(0, len(data), 4096)]
    rest = struct.pack(f">{len(sums)}II", *sums, len(data))
    return bytes(data) + rest + struct.pack(">I", crc32c(rest)) + b"lkm1"


def seeds():
    yield "empty", b""
    yield "head", HEAD
    for name, entries in (("alias", ALIASES), ("dep", MODULES),
                          ("long", LONG)):
        yield name + "-after", index(entries)
        yield name + "-before", index(entries, before)
        yield name + "-odd", index(entries) + b"\0" * (
            -len(index(entries)) % 8 + 7)
    whole = index({f"m{i}_{i * 77}": [(i, "kernel/m.ko:")]
                   for i in range(300)})
    sound = seal(whole)
    yield "sealed", sound
    yield "sealed-empty", seal(HEAD + struct.pack(">I", 12))
    yield "sealed-cut", sound[:-5]
    yield "sealed-page", sound[:5000] + b"?" + sound[5001:]
    yield "sealed-last", sound[:len(whole) - 1] + b"?" + sound[len(whole):]
    yield "sealed-sum", sound[:len(whole)] + b"?" + sound[len(whole) + 1:]
    yield "sealed-size", sound[:-12] + b"\xff\xff\xff\xff" + sound[-8:]
    yield "sealed-none", sound[:8] + b"\0\0\0\0" + sound[12:]
    yield "seal-only", seal(b"\0" * 12)[12:]
    yield "deep", index({"a" * n: [(n, "x")] for n in range(1, 90)})
    yield "nothing", raw(12, b"")
    yield "magic", b"\x7fELF" + raw(12, b"")[4:]
    yield "version", HEAD[:4] + b"\0\3\0\1" + raw(12, b"")[8:]
    yield "no-root", raw(0, b"")
    yield "root-outside", raw(PREFIX | 0xffff, b"")
    yield "root-in-head", raw(4, b"")
    yield "reserved", raw(0x1000000c, b"")
    yield "prefix-open", raw(PREFIX | 12, b"abc")
    yield "prefix-long", raw(PREFIX | 12, b"a" * 5000 + b"\0")
    yield "children-cut", raw(CHILDREN | 12, b"a")
    yield "children-short", raw(CHILDREN | 12, b"az\0\0\0\0")
    yield "children-turned", raw(CHILDREN | 12, b"zb" + b"\0" * 200)
    yield "children-8bit", raw(CHILDREN | 12, b"a\xff" + b"\0" * 2000)
    yield "values-cut", raw(VALUES | 12, b"\0\0")
    yield "values-many", raw(VALUES | 12, b"\xff\xff\xff\xff" + b"\0" * 40)
    yield "value-open", raw(VALUES | 12, b"\0\0\0\1\0\0\0\0abcdef")
    # A node that is its own child, with and without a prefix.
    yield "cycle", raw(CHILDREN | 12, b"aa" + struct.pack(">I", CHILDREN | 12))
    yield "cycle-star", raw(CHILDREN | 12,
                            b"**" + struct.pack(">I", CHILDREN | 12))
    yield "cycle-prefix", raw(PREFIX | CHILDREN | 12, b"aaaa\0aa" + struct.pack(
        ">I", PREFIX | CHILDREN | 12))
    # Every node's children are all the next one: 30 nodes, 4^30 paths.
    out = b""
    for i in range(30):
        word = CHILDREN | (12 + 18 * (i + 1))
        out += b"*-" + struct.pack(">IIII", word, word, word, word)
    yield "bomb", raw(CHILDREN | 12, out + struct.pack(">I", 0))
