#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lkm reads in the modules of a real kernel is what Debian's libkmod
reads: modinfo with its order, exports, symbol versions, needed symbols with
their versions, build id.  A few modules are held against the tools as well.

usage: image.py IMAGE-DUMP KERNEL [COUNT]"""

import ctypes
import glob
import os
import random
import subprocess
import sys

CACHE = os.environ.get("LKM_CACHE") or \
    os.path.expanduser("~/.cache/lkm-tests")
SKIP = 77
# What libkmod adds to .modinfo: parts of the signature.
ADDED = {b"sig_id", b"signer", b"sig_key", b"sig_hashalgo", b"signature"}


def skip(why):
    print("skipped:", why)
    sys.exit(SKIP)


class Kmod:
    """libkmod, as far as it reads one file."""

    LISTS = {
        "info": ("get_info", "info", ("key", "value")),
        "export": ("get_symbols", "symbol", ("symbol", "crc")),
        "version": ("get_versions", "version", ("symbol", "crc")),
        "x-need": ("get_dependency_symbols", "dependency_symbol",
                   ("symbol", "crc", "bind")),
    }

    def __init__(self):
        try:
            self.lib = ctypes.CDLL("libkmod.so.2")
        except OSError:
            skip("no libkmod.so.2")
        self.function("kmod_new", ctypes.c_void_p)
        self.function("kmod_list_next", ctypes.c_void_p)
        for _, kind, fields in self.LISTS.values():
            for field in fields:
                self.function(f"kmod_module_{kind}_get_{field}",
                              {"crc": ctypes.c_uint64, "bind": ctypes.c_int}
                              .get(field, ctypes.c_char_p))
        self.ctx = ctypes.c_void_p(self.lib.kmod_new(None, None))
        self.lib.kmod_set_log_priority(self.ctx, 0)

    def function(self, name, result):
        getattr(self.lib, name).restype = result

    def text(self, kind, field, item):
        value = getattr(self.lib, f"kmod_module_{kind}_get_{field}")(item)
        if field == "crc":
            return b"%08x" % value
        if field == "bind":
            return b"W" if value == ord("W") else b"U"
        return value or b""

    def read(self, path):
        """-> tag -> list of tuples"""
        mod, out = ctypes.c_void_p(), {}
        if self.lib.kmod_module_new_from_path(self.ctx, path,
                                              ctypes.byref(mod)) < 0:
            sys.exit(f"libkmod: cannot open {path}")
        for tag, (get, kind, fields) in self.LISTS.items():
            first, rows = ctypes.c_void_p(), []
            getattr(self.lib, "kmod_module_" + get)(mod, ctypes.byref(first))
            item = first
            while item:
                rows.append(tuple(self.text(kind, f, item) for f in fields))
                item = ctypes.c_void_p(self.lib.kmod_list_next(first, item))
            if first:
                free = {"info": "info", "export": "symbols",
                        "version": "versions",
                        "x-need": "dependency_symbols"}[tag]
                getattr(self.lib, f"kmod_module_{free}_free_list")(first)
            out[tag] = rows
        self.lib.kmod_module_unref(mod)
        return out


def ours(program, paths):
    """Yield (path, tag -> list of tuples)."""
    data = subprocess.run([program], input=b"".join(p + b"\0" for p in paths),
                          stdout=subprocess.PIPE, check=True).stdout
    path, lists = None, {}
    for record in data.split(b"\0")[:-1]:
        tag, *fields = record.split(b"\t", 2 if record.startswith(b"info")
                                    else -1)
        if tag == b"file":
            if path:
                yield path, lists
            path, lists = fields[0], {}
        else:
            lists.setdefault(tag.decode(), []).append(tuple(fields))
    if path:
        yield path, lists


def compare(path, mine, kmod):
    """-> list of differences"""
    info = [row for row in kmod["info"] if row[0] not in ADDED]
    bad = []
    if mine.get("info", []) != info:
        bad.append("modinfo")
    for tag in ("export", "version"):
        if mine.get(tag, []) != kmod[tag]:
            bad.append(tag)
    if sorted(r[0] for r in mine.get("x-export", [])) != \
            sorted(r[0] for r in kmod["export"]):
        bad.append("exports of the extract")
    # The extract has no CRCs, and may leave the version of no symbol away.
    names = [r[0] for r in mine.get("x-need", [])]
    wanted = [r[0] for r in kmod["x-need"]]
    if names != wanted and names + [b"module_layout"] != wanted:
        bad.append("needs of the extract")
    # libkmod adds the versions that no undefined symbol took.
    needs = mine.get("need", [])
    if needs != kmod["x-need"][:len(needs)]:
        bad.append("needs")
    return [f"{path.decode()}: {b}" for b in bad]


def run(*command):
    out = subprocess.run(command, capture_output=True)
    return out.stdout if out.returncode == 0 else b""


def compare_tools(path, mine):
    """The same by the tools that people use."""
    bad = []
    lines = b"".join(b"0x" + crc + b"\t" + name + b"\n"
                     for name, crc in mine.get("version", []))
    if run("modprobe", "--dump-modversions", path) != lines:
        bad.append("modprobe --dump-modversions")
    lines = b"".join(b"0x" + crc + b"\t" + name + b"\n"
                     for name, crc in mine.get("export", []))
    if run("modprobe", "--show-exports", path) != lines:
        bad.append("modprobe --show-exports")
    for field in ("alias", "depends", "vermagic", "license", "srcversion"):
        lines = b"".join(value + b"\n" for key, value in mine["info"]
                         if key == field.encode())
        if run("modinfo", "-F", field, path) != lines:
            bad.append("modinfo -F " + field)
    return [f"{path.decode()}: {b}" for b in bad]


def main():
    program, kernel = sys.argv[1:3]
    tree = os.path.join(CACHE, "kernels", kernel, "lib/modules")
    paths = sorted(os.fsencode(p) for p in glob.glob(
        os.path.join(glob.escape(tree), "*/kernel/**/*.ko*"), recursive=True))
    if not paths:
        skip("no kernel " + kernel)
    if len(sys.argv) > 3:
        paths = random.Random(1).sample(paths, int(sys.argv[3]))
    kmod, bad, count, rows = Kmod(), [], 0, 0
    for path, mine in ours(program, paths):
        theirs = kmod.read(path)
        bad += compare(path, mine, theirs)
        if count % (len(paths) // 15 + 1) == 0:
            bad += compare_tools(path, mine)
        count += 1
        rows += sum(len(v) for v in theirs.values())
    print("\n".join(bad[:40]))
    print(f"{count} modules, {rows} facts, {len(bad)} differences")
    sys.exit(1 if bad or count != len(paths) else 0)


main()
