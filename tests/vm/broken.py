#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes modules that a kernel refuses, from a distribution's own good ones.

usage: broken.py MODULE-DIRECTORY OTHER-MODULE-DIRECTORY OUTPUT

The directories are /lib/modules/RELEASE of two kernels.  OUTPUT gets one .ko
per kind, uncompressed.  Nothing binary is kept in git."""

import lzma
import os
import struct
import subprocess
import sys

SIG_MARK = b"~Module signature appended~\n"
SHF_WRITE, SHF_EXEC = 1, 4
SHN_COMMON = 0xfff2


def read_module(folder, name):
    """The uncompressed bytes of the module @name below @folder."""
    stems = {name, name.replace("_", "-")}
    for path, _, files in os.walk(folder):
        for f in files:
            stem, ko, suffix = f.partition(".ko")
            if not ko or stem not in stems:
                continue
            full = os.path.join(path, f)
            if suffix == ".zst":
                return subprocess.run(["zstd", "-dc", full], check=True,
                                      stdout=subprocess.PIPE).stdout
            with open(full, "rb") as file:
                data = file.read()
            return lzma.decompress(data) if suffix == ".xz" else data
    sys.exit(f"broken.py: no module {name} below {folder}")


class Module:
    """A 64-bit little-endian module whose bytes can be changed."""

    def __init__(self, data):
        self.data = bytearray(data)
        self.signature = b""
        if self.data.endswith(SIG_MARK):
            tail = len(self.data) - len(SIG_MARK) - 12
            size = int.from_bytes(self.data[tail + 8:tail + 12], "big")
            self.signature = bytes(self.data[tail - size:])
            del self.data[tail - size:]
        self.shoff = self.get("<Q", 0x28)
        self.shnum = self.get("<H", 0x3c)
        strings = self.header(self.get("<H", 0x3e))
        self.sections = {}
        for i in range(self.shnum):
            at = strings["offset"] + self.header(i)["name"]
            end = self.data.index(0, at)
            self.sections.setdefault(bytes(self.data[at:end]).decode(), i)

    def get(self, fmt, at):
        return struct.unpack_from(fmt, self.data, at)[0]

    def put(self, fmt, at, value):
        struct.pack_into(fmt, self.data, at, value)

    def header(self, i):
        at = self.shoff + 64 * i
        keys = ("name", "type", "flags", "addr", "offset", "size", "link",
                "info")
        head = dict(zip(keys, struct.unpack_from("<IIQQQQII", self.data, at)))
        head["at"] = at
        return head

    def section(self, name):
        return self.header(self.sections[name])

    def content(self, name):
        head = self.section(name)
        return bytes(self.data[head["offset"]:head["offset"] + head["size"]])

    def replace(self, section, old, new):
        """Change @old, which stands once in @section, to @new."""
        assert len(old) == len(new), (old, new)
        at = self.content(section).index(old) + self.section(section)["offset"]
        self.data[at:at + len(old)] = new

    def symbols(self):
        """Yield (offset of the entry, name, section index)."""
        table = self.section(".symtab")
        names = self.header(table["link"])
        for at in range(table["offset"], table["offset"] + table["size"], 24):
            start = names["offset"] + self.get("<I", at)
            end = self.data.index(0, start)
            yield at, bytes(self.data[start:end]).decode(), \
                self.get("<H", at + 6)

    def rename_symbol(self, name, new):
        names = self.header(self.section(".symtab")["link"])["offset"]
        for at, have, _ in self.symbols():
            if have == name:
                start = names + self.get("<I", at)
                self.data[start:start + len(name)] = new.encode()
                return
        raise KeyError(name)

    def symbol(self, name):
        return next(at for at, have, _ in self.symbols() if have == name)

    def rename_module(self, name, new):
        assert len(name) == len(new)
        self.replace(".gnu.linkonce.this_module", name.encode() + b"\0",
                     new.encode() + b"\0")
        self.replace(".modinfo", b"\0name=" + name.encode() + b"\0",
                     b"\0name=" + new.encode() + b"\0")

    def signed(self, edit=lambda s: s):
        return bytes(self.data) + edit(bytearray(self.signature))

    def bytes(self):
        return bytes(self.data)


NEED = "register_netdevice"     # dummy takes it from the kernel itself


def unknown_symbol(m):
    m.rename_symbol(NEED, "regixter_netdevice")


def symbol_version(m):
    """__versions: 64 bytes an entry, the CRC first."""
    table = m.section("__versions")
    at = m.content("__versions").index(NEED.encode() + b"\0")
    m.put("<I", table["offset"] + at - 8, 0x12345678)


def no_version(m):
    m.replace("__versions", NEED.encode() + b"\0", b"regixter_netdevice\0")


def layout(m):
    table = m.section("__versions")
    at = m.content("__versions").index(b"module_layout\0")
    m.put("<I", table["offset"] + at - 8, 0x12345678)


def vermagic(m):
    m.replace(".modinfo", b" SMP preempt mod_unload", b" SMP preempt mad_unload")


def machine(m):
    m.put("<H", 18, 183)        # EM_AARCH64


def elf_type(m):
    m.put("<H", 16, 2)          # ET_EXEC


def header_size(m):
    m.put("<H", 0x3a, 60)


def name_index(m):
    m.put("<H", 0x3e, 0xfff0)


def write_exec(m):
    head = m.section(".text")
    m.put("<Q", head["at"] + 8, head["flags"] | SHF_WRITE | SHF_EXEC)


def no_symbols(m):
    m.put("<I", m.section(".symtab")["at"] + 4, 1)


def no_module(m):
    at = m.section(".gnu.linkonce.this_module")["at"]
    names = m.header(m.get("<H", 0x3e))["offset"]
    start = names + m.get("<I", at)
    m.data[start:start + 4] = b".gnx"


def common(m):
    m.put("<H", m.symbol(NEED) + 6, SHN_COMMON)


def relocation_type(m):
    at = m.section(".rela.text")["offset"]
    m.put("<I", at + 8, 99)


def relocation_target(m):
    rela = m.section(".rela.text")["offset"]
    target = m.section(".text")["offset"] + m.get("<Q", rela)
    m.put("<I", target, 0x11223344)


def no_vermagic(m):
    m.replace(".modinfo", b"\0vermagic=", b"\0vermagix=")


def no_namespace(m):
    m.replace(".modinfo", b"import_ns=CRYPTO_INTERNAL",
              b"import_ns=CRYPTO_INTERNAX")


def sig_edit(fn):
    def edit(sig):
        fn(sig)
        return bytes(sig)
    return lambda m: m.signed(edit)


def tail(sig, at, value):
    """Byte @at of the 12 before the marker: algo, hash, id_type, ..."""
    sig[len(sig) - len(SIG_MARK) - 12 + at] = value


def digest(m):
    """A signature that was good, over changed bytes."""
    m.replace(".modinfo", b"license=GPL", b"license=gpl")
    return m.signed()


def missing_dependency(m):
    """Under a name that the tree does not have, and silent about its need."""
    m.rename_module("8139too", "8139tox")
    m.replace(".modinfo", b"\0depends=mii", b"\0dependx=mii")


def renamed(old, new):
    return lambda m: m.rename_module(old, new)


def unsigned(m):
    return m.bytes()


KINDS = {
    # file: (source module, what is done to it)
    "symbol-unknown": ("dummy", unknown_symbol),
    "symbol-version": ("dummy", symbol_version),
    "symbol-noversion": ("dummy", no_version),
    "symbol-namespace": ("ansi_cprng", no_namespace),
    "symbol-dependency": ("8139too", missing_dependency),
    "symbol-first": ("lru_cache", None),
    "symbol-duplicate": ("lru_cache", renamed("lru_cache", "lru_cachx")),
    "layout": ("dummy", layout),
    "vermagic": ("dummy", vermagic),
    "machine": ("dummy", machine),
    "elf-type": ("dummy", elf_type),
    "header-size": ("dummy", header_size),
    "name-index": ("dummy", name_index),
    "truncated": ("dummy", lambda m: m.bytes()[:len(m.data) * 3 // 4]),
    "not-elf": ("dummy", lambda m: b"#!/bin/sh\n" * 40),
    "empty": ("dummy", lambda m: b""),
    "write-exec": ("dummy", write_exec),
    "no-symbols": ("dummy", no_symbols),
    "no-module": ("dummy", no_module),
    "common": ("dummy", common),
    "relocation-type": ("dummy", relocation_type),
    "relocation-target": ("dummy", relocation_target),
    "good": ("dummy", None),
    "init-failed": ("hdaps", None),
    "sig-digest": ("dummy", digest),
    "sig-params": ("dummy", sig_edit(lambda s: tail(s, 0, 1))),
    "sig-length": ("dummy", sig_edit(lambda s: tail(s, 8, 0x7f))),
    "sig-garbage": ("dummy", sig_edit(lambda s: s.__setitem__(0, 0x55))),
    "sig-type": ("dummy", sig_edit(lambda s: tail(s, 2, 1))),
    "unsigned": ("dummy", unsigned),
    "blacklisted": ("lru_cache", renamed("lru_cache", "lru_black")),
}


def make(folder, source, how):
    raw = read_module(folder, source)
    module = Module(raw)
    if how is None:
        return raw
    made = how(module)
    return module.bytes() if made is None else made


def make_all(folder, other, out):
    os.makedirs(out, exist_ok=True)
    for name, (source, how) in KINDS.items():
        with open(os.path.join(out, name + ".ko"), "wb") as f:
            f.write(make(folder, source, how))
    with open(os.path.join(out, "other-kernel.ko"), "wb") as f:
        f.write(read_module(other, "dummy"))


if __name__ == "__main__":
    make_all(*sys.argv[1:])
