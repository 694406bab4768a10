# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recipes of modules that a kernel refuses or complains of: edits of a
distribution's own good ones, for every check of load_module() in its order.

CASES: a list of Case.  Each is loaded into a fresh kernel."""

import collections
import functools
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vm"))
from broken import NEED, SIG_MARK, SHF_EXEC, SHF_WRITE, Module  # noqa: E402
from broken import read_module                                  # noqa: E402
import broken                                                   # noqa: E402

# @edit: a function of a Module, returning None or bytes.  @before: good modules
# that are loaded first (and what they need).  @built: of the modules in broken/.
Case = collections.namedtuple("Case", "name source edit params before built",
                              defaults=(False,))
CASES = []

# Places in the ELF header and in a section's header: format, offset
EHDR = {"type": ("<H", 16), "machine": ("<H", 18), "shoff": ("<Q", 40),
        "shentsize": ("<H", 58), "shnum": ("<H", 60), "shstrndx": ("<H", 62)}
SHDR = {"name": ("<I", 0), "type": ("<I", 4), "flags": ("<Q", 8),
        "addr": ("<Q", 16), "offset": ("<Q", 24), "size": ("<Q", 32),
        "link": ("<I", 40), "info": ("<I", 44), "align": ("<Q", 48),
        "entsize": ("<Q", 56)}
SHT_SYMTAB, SHT_NOBITS, SHT_REL = 2, 8, 9
SHF_ALLOC = 2
STB_WEAK = 2
THIS = ".gnu.linkonce.this_module"


def add(name, edit, source="dummy", params="", before=()):
    CASES.append(Case(name, source, edit, params, before))


def elf(field, value):
    fmt, at = EHDR[field]
    return lambda m: m.put(fmt, at, value)


def ident(at, value):
    return lambda m: m.put("<B", at, value)


def number(m, section):
    """A section by its name or its number."""
    return section if isinstance(section, int) else m.sections[section]


def head(section, field, value):
    """@value: a number, or a function of the old one."""
    fmt, at = SHDR[field]

    def edit(m):
        place = m.shoff + 64 * number(m, section) + at
        m.put(fmt, place, value(m.get(fmt, place)) if callable(value)
              else value)
    return edit


def renamed_to(section, other):
    """@section gets the name of @other."""
    return lambda m: head(section, "name", m.section(other)["name"])(m)


def first(size):
    return lambda m: m.bytes()[:size]


def part(numerator, denominator):
    return lambda m: m.bytes()[:len(m.data) * numerator // denominator]


def text(section, old, new):
    """@new is filled up with zeros."""
    return lambda m: m.replace(section, old, new.ljust(len(old), b"\0"))


def last_byte(section, value):
    def edit(m):
        s = m.section(section)
        m.put("<B", s["offset"] + s["size"] - 1, value)
    return edit


def both(*edits):
    def edit(m):
        for one in edits:
            one(m)
    return edit


# --- the system call, and the ELF header ---------------------------------------

for size in (0, 1, 16, 63, 64, 65, 1024):
    add(f"first-{size}-bytes", first(size))
for at in range(4):
    add(f"magic-{at}", ident(at, 0x21))
add("script", lambda m: b"#!/bin/sh\n" * 40)
add("zeros", lambda m: bytes(4096))
add("class-32", ident(4, 1))
add("big-endian", ident(5, 2))
for value in (0, 2, 3, 4, 0xff00):
    add(f"type-{value:x}", elf("type", value))
for value in (0, 3, 40, 183, 243, 0xffff):
    add(f"machine-{value}", elf("machine", value))
for value in (0, 40, 63, 65, 0xffff):
    add(f"shentsize-{value}", elf("shentsize", value))
add("shoff-end", lambda m: m.put("<Q", 40, len(m.data)))
add("shoff-beyond", lambda m: m.put("<Q", 40, len(m.data) + 4096))
add("shoff-wraps", elf("shoff", 2 ** 64 - 64))
add("shnum-0", elf("shnum", 0))
add("shnum-more", lambda m: m.put("<H", 60, m.shnum + 1))
add("shnum-most", elf("shnum", 0xfeff))
for value in (0, 0xff00, 0xfffe, 0xffff):
    add(f"shstrndx-{value:x}", elf("shstrndx", value))
add("shstrndx-text", lambda m: m.put("<H", 62, m.sections[".text"]))
for parts in ((1, 10), (1, 2), (3, 4), (9, 10)):
    add(f"cut-at-{parts[0]}-{parts[1]}", part(*parts))
add("cut-last-byte", lambda m: m.bytes()[:-1])

# --- sections ------------------------------------------------------------------

add("section0-type", head(0, "type", 1))
add("section0-size", head(0, "size", 16))
add("section0-address", head(0, "addr", 64))
add("section-offset", head(".text", "offset", 2 ** 40))
add("section-offset-wraps", head(".text", "offset", 2 ** 64 - 8))
add("section-size", head(".text", "size", 2 ** 40))
add("section-size-wraps", head(".rodata", "size", 2 ** 64 - 1))
add("section-name", head(".text", "name", 2 ** 24))
add("section-name-far", head(".text", "name", 0xfffffff0))
add("names-not-ended", last_byte(".shstrtab", 0x41))
add("names-empty", head(".shstrtab", "size", 0))
add("names-no-strings", head(".shstrtab", "type", 1))
add("symbols-link", head(".symtab", "link", 0xfff0))
add("symbols-link-0", head(".symtab", "link", 0))
add("symbols-link-text", lambda m: head(".symtab", "link",
                                        m.sections[".text"])(m))
add("symbols-twice", head(".BTF", "type", SHT_SYMTAB))
add("symbols-none", head(".symtab", "type", 1))
add("symbols-offset", head(".symtab", "offset", 2 ** 40))
add("symbol-names-beyond", head(".strtab", "size", 2 ** 40))
add("modinfo-none", renamed_to(".modinfo", ".comment"))
add("modinfo-twice", renamed_to(".comment", ".modinfo"))
add("modinfo-nobits", head(".modinfo", "type", SHT_NOBITS))
add("module-none", renamed_to(THIS, ".comment"))
add("module-twice", renamed_to(".comment", THIS))
add("module-nobits", head(THIS, "type", SHT_NOBITS))
add("module-not-allocated", head(THIS, "flags", SHF_WRITE))
add("module-larger", head(THIS, "size", lambda n: n + 64))
add("module-smaller", head(THIS, "size", lambda n: n - 64))
for section in (".text", ".init.text", ".exit.text"):
    add(f"write-exec{section}", head(section, "flags",
                                     lambda n: n | SHF_WRITE | SHF_EXEC))
for section in (".data", ".init.data", ".bss"):
    add(f"exec{section}", head(section, "flags", lambda n: n | SHF_EXEC))
add("percpu-too-large", head(".data..percpu", "size", lambda n: 1 << 20),
    source="nf_dup_netdev")
add("percpu-alignment", head(".data..percpu", "align", 8192),
    source="nf_dup_netdev")

# --- what it is for: layout, vermagic, modinfo -----------------------------------

add("layout", broken.layout)
add("versions-none", renamed_to("__versions", ".comment"))
add("vermagic-words", broken.vermagic)
add("vermagic-absent", broken.no_vermagic)
add("vermagic-release", text(".modinfo", b"\0vermagic=6.", b"\0vermagic=9."))
add("no-layout-version", text("__versions", b"module_layout\0",
                              b"module_layaut\0"))
add("license-none", text(".modinfo", b"license=GPL\0", b"lizense=GPL\0"))
add("license-proprietary", text(".modinfo", b"license=GPL\0",
                                b"license=Own\0"))
add("license-proprietary-used", text(".modinfo", b"license=GPL\0",
                                     b"license=Own\0"), source="crc7")
add("license-none-used", text(".modinfo", b"license=GPL\0",
                              b"lizense=GPL\0"), source="crc7")
add("out-of-tree", text(".modinfo", b"intree=Y\0", b"intrxx=Y\0"))
add("not-retpoline", text(".modinfo", b"retpoline=Y\0", b"retpolixx=Y\0"))
add("staging", text(".modinfo", b"alias=rtnl-link-dummy\0", b"staging=Y\0"))
add("livepatch", text(".modinfo", b"alias=rtnl-link-dummy\0",
                      b"livepatch=Y\0"))
add("test-module", text(".modinfo", b"alias=rtnl-link-dummy\0", b"test=Y\0"))
add("modinfo-other-name", text(".modinfo", b"\0name=dummy\0",
                               b"\0name=mummy\0"))
add("name-other", text(THIS, b"dummy\0", b"mummy\0"))
add("name-empty", text(THIS, b"dummy\0", b"\0"))
add("name-slash", text(THIS, b"dummy\0", b"du/my\0"))
add("name-blank", text(THIS, b"dummy\0", b"du my\0"))
add("name-builtin", text(THIS, b"dummy\0", b"block\0"))
add("loaded-already", None, before=("dummy",))
add("loaded-unsigned", broken.unsigned, before=("dummy",))
add("loaded-other-layout", broken.layout, before=("dummy",))

# --- signatures ------------------------------------------------------------------

add("unsigned", broken.unsigned)
add("marker-only", lambda m: SIG_MARK)
add("marker-alone", lambda m: m.bytes() + SIG_MARK)
add("signed-digest", broken.digest)
add("signed-twice", lambda m: m.signed() + m.signature)
add("signed-more-after", lambda m: m.signed() + b"\n")
for at, field in enumerate(("algorithm", "hash")):
    add(f"signed-{field}", broken.sig_edit(
        lambda s, at=at: broken.tail(s, at, 1)))
for at, field in ((3, "signer-length"), (4, "key-length"), (5, "padding")):
    add(f"signed-{field}", broken.sig_edit(
        lambda s, at=at: broken.tail(s, at, 1)))
for value in (0, 1, 3, 255):
    add(f"signed-type-{value}", broken.sig_edit(
        lambda s, value=value: broken.tail(s, 2, value)))
add("signed-length-huge", broken.sig_edit(lambda s: broken.tail(s, 8, 0x7f)))
add("signed-length-less", broken.sig_edit(lambda s: broken.tail(s, 11, 8)))
add("signed-length-0", broken.sig_edit(
    lambda s: [broken.tail(s, at, 0) for at in range(8, 12)] and None))
for at in (0, 1, 6, 20, 40):
    add(f"signed-garbage-{at}", broken.sig_edit(
        lambda s, at=at: s.__setitem__(at, 0x55)))
add("signed-value", broken.sig_edit(
    lambda s: s.__setitem__(len(s) - len(SIG_MARK) - 20, 0x55)))


# --- symbols, versions, exports ----------------------------------------------------

def symbol(field, value, name=NEED):
    fmt, at = {"name": ("<I", 0), "info": ("<B", 4), "shndx": ("<H", 6),
               "value": ("<Q", 8)}[field]
    return lambda m: m.put(fmt, m.symbol(name) + at, value)


def renamed(name, new):
    return lambda m: m.rename_symbol(name, new)


UNKNOWN = renamed(NEED, "regixter_netdevice")
add("symbol-unknown", UNKNOWN)
add("symbols-unknown", both(UNKNOWN, renamed("rtnl_lock", "rtxl_lock"),
                            renamed("rtnl_unlock", "rtxl_unlock")))
add("symbol-long-name", renamed("rtnl_link_unregister", "x" * 20))
add("symbol-common", broken.common)
add("symbol-section-beyond", symbol("shndx", 0xf000))
add("symbol-section-past", lambda m: symbol("shndx", m.shnum)(m))
add("symbol-not-exported", renamed("rtnl_lock", "vfs_statx"))
add("symbol-crc", broken.symbol_version)
add("symbol-crc-absent", broken.no_version)
add("symbols-crc-and-unknown", both(
    broken.symbol_version, renamed("rtnl_lock", "rtxl_lock")))
add("symbol-namespace", broken.no_namespace, source="ansi_cprng")
add("symbol-dependency", broken.missing_dependency, source="8139too")
add("export-twice", broken.renamed("lru_cache", "lru_cachx"),
    source="lru_cache", before=("lru_cache",))
add("export-of-kernel", text("__ksymtab_strings", b"lc_create\0",
                             b"vfs_fsync\0"), source="lru_cache")
add("export-no-crcs", lambda m: [
    renamed_to(s, ".comment")(m) for s in ("__kcrctab", "__kcrctab_gpl")
    if s in m.sections] and None, source="lru_cache")


# --- relocations -------------------------------------------------------------------

def relocation(kind, edit):
    """The first relocation of type @kind of .rela.init.text or .rela.text."""
    def change(m):
        for section in (".rela.init.text", ".rela.text", ".rela.rodata",
                        ".rela" + THIS):
            table = m.section(section)
            for at in range(table["offset"], table["offset"] + table["size"],
                            24):
                if m.get("<I", at + 8) == kind:
                    target = m.header(table["info"])
                    return edit(m, at, target["offset"] + m.get("<Q", at))
        raise KeyError(kind)
    return change


ABS64, PC32, PLT32, ABS32S = 1, 2, 4, 11
for value in (3, 5, 9, 13, 14, 99, 255):
    add(f"relocation-type-{value}", relocation(
        PLT32, lambda m, at, _, value=value: m.put("<I", at + 8, value)))
for kind in (ABS64, PC32, PLT32, ABS32S):
    add(f"relocation-target-{kind}", relocation(
        kind, lambda m, _, place: m.put("<I", place, 0x11223344)))
for kind in (PC32, ABS32S):
    add(f"relocation-overflow-{kind}", relocation(
        kind, lambda m, at, _: m.put("<q", at + 16, 1 << 40)))
add("relocation-overflow-10", relocation(
    ABS32S, lambda m, at, _: (m.put("<I", at + 8, 10),
                              m.put("<q", at + 16, -(1 << 40))) and None))
add("relocation-overflow-4", relocation(
    PLT32, lambda m, at, _: m.put("<q", at + 16, 1 << 40)))
add("relocation-rel", head(".rela.text", "type", SHT_REL))


# --- parameters --------------------------------------------------------------------

for name, params in (
        ("word", "numdummies=many"), ("none", "numdummies"),
        ("empty", "numdummies="), ("fraction", "numdummies=1.5"),
        ("range", "numdummies=99999999999"), ("hex", "numdummies=0xg"),
        ("quote", "numdummies=\"2"), ("unknown", "nosuch=1"),
        ("unknown-none", "nosuch"), ("no-name", "=1"),
        ("after-dashes", "--\tnumdummies=many"),
        ("dashes-in", "numdummies=1\t--\tfoo\tbar"),
        ("second", "numdummies=1\tnumdummies=x"),
        ("unknown-then-bad", "nosuch=1\tnumdummies=x"),
        ("dyndbg", "dyndbg=+p"), ("dyndbg-bad", "dyndbg=nonsense"),
        ("async", "async_probe=maybe"), ("long-name", "x" * 300 + "=1"),
        ("long-value", "numdummies=" + "1" * 2000)):
    add("param-" + name, None, params=params)


def param_flags(value):
    """Flags of the first struct kernel_param: the byte after the level."""
    return lambda m: m.put("<B", m.section("__param")["offset"] + 27, value)


add("param-unsafe", param_flags(1), params="numdummies=1")
add("param-unsafe-bad", param_flags(1), params="numdummies=x")
add("param-hardware", param_flags(2), params="numdummies=1")
for name, source, params in (
        ("array-many", "snd_dummy", "index=" + ",".join(["1"] * 33)),
        ("array-bad", "snd_dummy", "index=1,x,3"),
        ("bool-bad", "snd_dummy", "fake_buffer=maybe"),
        ("bool-none", "snd_dummy", "fake_buffer"),
        ("string-long", "snd_dummy", "id=" + "x" * 1100),
        ("string-none", "snd_dummy", "id"),
        ("copied-string-long", "netconsole", "netconsole=" + "x" * 300),
        ("own-check", "bonding", "mode=nonsense"),
        ("own-range", "bonding", "max_bonds=-5"),
        ("array-two", "8139too", "media=1,2,3,4,5,6,7,8,9"),
        ("unsigned-negative", "zram", "num_devices=-1")):
    add("param-" + name, None, source=source, params=params)


# --- init --------------------------------------------------------------------------

def code(data, function="init_module"):
    """@data in place of the function's first instructions, but the call of
    __fentry__ which stays."""
    def edit(m):
        at = m.symbol(function)
        section = m.get("<H", at + 6)
        start = m.get("<Q", at + 8)
        target = m.header(section)
        name = next(n for n, i in m.sections.items()
                    if m.header(i)["type"] == 4 and
                    m.header(i)["info"] == section)
        table = m.section(name)
        entries = range(table["offset"], table["offset"] + table["size"], 24)
        place = min(m.get("<Q", e) for e in entries
                    if m.get("<Q", e) >= start) + 4
        for e in entries:
            if place - 4 < m.get("<Q", e) < place + len(data):
                m.put("<I", e + 8, 0)
        there = target["offset"] + place
        m.data[there:there + len(data)] = data
    return edit


def returns(value):
    return code(b"\xb8" + (value & 0xffffffff).to_bytes(4, "little") + b"\xc3")


for value in (1, 42, 255, 0x7fffffff, -1, -2, -5, -12, -16, -17, -19, -22, -38,
              -110, -512, -517, -524, -4095, -4096, -0x80000000):
    add(f"init-returns-{value}", returns(value))
for name, data in (
        ("null-read", "48 8b 04 25 00 00 00 00"),
        ("null-write", "48 c7 04 25 10 00 00 00 01 00 00 00"),
        ("null-call", "31 c0 ff d0"),
        ("non-canonical", "48 b8 00 00 00 00 00 00 ad de 48 8b 00"),
        ("undefined", "0f 0b"), ("divide", "31 d2 31 c9 f7 f1"),
        ("user-read", "48 8b 04 25 00 00 10 00"), ("break-point", "cc"),
        ("text-write", "c6 05 02 00 00 00 c3 31 c0 c3")):
    add("init-" + name, code(bytes.fromhex(data)))


# --- built from source: broken/*.c ---------------------------------------------

def ways(source):
    """What its table has: {"name", function}, ..."""
    with open(f"{HERE}/broken/{source}.c", encoding="ascii") as f:
        return re.findall(r'\{ "([\w-]+)",\s', f.read())


for source in ("broken_core", "broken_memory", "broken_data", "broken_device"):
    for way in ways(source):
        CASES.append(Case(f"{source[7:]}-{way}", source, None, "how=" + way, (),
                          True))


@functools.lru_cache(maxsize=64)
def original(folder, source):
    return read_module(folder, source)


def make(folder, case):
    """The bytes of @case's module, of the modules below @folder."""
    raw = original(folder, case.source)
    if case.edit is None:
        return raw
    module = Module(raw)
    made = case.edit(module)
    return module.bytes() if made is None else made
