#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small kernels of every form, whole and broken: what lkm reads in them.

usage: made.py VMLINUX-DUMP"""

import gzip
import lzma
import os
import struct
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "common"))
import mkkernel  # noqa: E402
from mkkernel import Kernel, bzimage, packed  # noqa: E402

DUMP = sys.argv[1]
FOLDER = tempfile.TemporaryDirectory()
FILE = os.path.join(FOLDER.name, "image")
bad = []


def dump(data, part, *questions):
    """-> lines; a sanitizer's or a signal's end is no answer"""
    with open(FILE, "wb") as f:
        f.write(data)
    done = subprocess.run([DUMP, FILE, part], capture_output=True,
                          input="\n".join(questions).encode(), check=False)
    if done.returncode not in (0, 1) or done.stderr:
        print(f"status {done.returncode}", done.stderr.decode()[-2000:])
        sys.exit(1)
    return done.stdout.decode("ascii", "replace").splitlines()


def equal(got, wanted, what):
    if got != wanted:
        bad.append(what)
        print(f"FAILED {what}:\n  got    {got!r}\n  wanted {wanted!r}"[:1500])


def fails(data, part, ident, words, what, *questions):
    """The error @ident comes, and says @words."""
    line = (dump(data, part, *questions) or [""])[-1]
    equal([line.split()[:2], words in line], [["error", ident], True],
          f"{what}: {line}")


def listing(kernel):
    return [f"{a:016x} {t} {n}" for a, t, n in kernel.symbols]


def test_symbols():
    """All forms of kallsyms, and .symtab where there is none."""
    forms = [dict(layout=layout, form=form, bits=bits, big=big,
                  old_markers=old, many=many)
             for layout in ("old", "new")
             for form in ("percpu", "relative", "absolute")
             for bits, big in ((64, False), (64, True), (32, False),
                               (32, True))
             for old, many in ((False, 300), (True, 301))]
    for form in forms:
        kernel = Kernel(**form)
        data = kernel.elf()
        equal(dump(data, "symbols"), listing(kernel), form)
    # Where the tables are not in .rodata
    kernel = Kernel(sections=False)
    equal(dump(kernel.elf(), "symbols"), listing(kernel), "no sections")
    kernel = Kernel(kallsyms=False, symtab=True, form="relative")
    data = kernel.elf()
    equal(sorted((line.split()[0], line.split()[2])
                 for line in dump(data, "symbols")),
          sorted((f"{a:016x}", n) for a, _, n in kernel.symbols), "symtab")
    fails(Kernel(kallsyms=False).elf(), "symbols", "vmlinux.absent",
          "kallsyms", "no kallsyms")


def test_lookup():
    kernel = Kernel()
    base, answers = kernel.base, dump(
        kernel.elf(), "ask", "name do_one", "name none_such",
        f"at {kernel.base + 20:x}", f"at {kernel.base + 33:x}", "at 41",
        "at ffffffff80ffffff", f"at {kernel.base + (1 << 30):x}",
        f"bytes {kernel.base:x}", "bytes 10", "xport gpl_it", "xport do_one")
    equal([a.split(" ", 1)[1] for a in answers], [
        f"do_one {base + 32:x}", "none_such none",
        f"{base + 20:x} start_kernel", f"{base + 33:x} do_one",
        # percpu symbols have offsets, this image no segment for them
        "41 none", "ffffffff80ffffff none", f"{base + (1 << 30):x} none",
        f"{base:x} cccccccc", "10 none", "gpl_it deadbeef", "do_one none"],
        "lookup")


def test_exports():
    for options in (dict(), dict(entry=8), dict(entry=24), dict(entry=16),
                    dict(sections=False), dict(crcs=False), dict(big=True),
                    dict(bits=32, machine=40), dict(bits=32, machine=40,
                                                    entry=8)):
        kernel = Kernel(**options)
        wanted = []
        for name, space, gpl, crc in sorted(mkkernel.EXPORTS):
            spaces = kernel.entry in (12, 24)
            wanted.append(f"{kernel.base:016x} "
                          f"{crc if kernel.crcs else 0:08x} "
                          f"{int(kernel.crcs)} {int(gpl)} {name} "
                          f"{space if spaces else ''}")
        equal(dump(kernel.elf(), "exports"), wanted, options)
    fails(Kernel(change={n: None for n in (
        "__ksymtab", "__ksymtab_gpl")}).elf(), "exports",
        "vmlinux.absent", "table of exports", "no exports")
    for change in (lambda b: b[:-1], lambda b: b + b,
                   lambda b: b[:4] + b"\xff" * 4 + b[8:],
                   lambda b: b[:8] + b"\xff\xff\xff\x7f" + b[12:],
                   lambda b: b[:4] + bytes(4) + b[8:]):
        fails(Kernel(change={"__ksymtab": change}).elf(), "exports",
              "vmlinux.broken", "table of exports", "broken exports")


def test_relocs():
    groups = {1: ["abs32 08", "abs32 0c"],
              2: ["abs32 08", "abs32 0c", "abs64 10"],
              3: ["abs32 08", "abs32 0c", "inv32 04", "abs64 10"]}
    for count, wanted in groups.items():
        equal([line[:6] + line[-2:] for line in
               dump(Kernel(relocs=count).elf(), "relocs")], wanted, count)
    equal(dump(Kernel(relocs=3).elf(), "relocs")[0],
          "abs32 ffffffff81000008", "sign")
    equal(dump(Kernel(relocs=1, bits=32, machine=3).elf(), "relocs")[0],
          "abs32 00000000c1000008", "i386")
    fails(Kernel(relocs=0).elf(), "relocs", "vmlinux.absent",
          "relocation table", "none")
    fails(Kernel(machine=183).elf(), "relocs", "vmlinux.absent",
          "relocation table", "arm64")
    data = Kernel().elf()
    fails(data + b"\1", "relocs", "vmlinux.broken", "odd", "odd")
    fails(data + bytes(4), "relocs", "vmlinux.broken", "three", "many")
    fails(Kernel(relocs=0).elf() + b"\1" * 8, "relocs", "vmlinux.broken",
          "begin", "no start")
    # The ELF file is the same, whatever follows it.
    with open(FILE, "wb") as f:
        f.write(data)
    elf = subprocess.run([DUMP, FILE, "elf"], stdout=subprocess.PIPE,
                         check=True).stdout
    equal(elf == Kernel(relocs=0).elf(), True, "the ELF file alone")


def test_btf():
    asked = {
        "sizeof struct thing": "64", "sizeof thing_t": "64",
        "sizeof int": "4", "sizeof union either": "8",
        "sizeof struct either": "none", "sizeof struct none": "none",
        "member thing.first": "0 0 4", "member thing.x": "64 0 4",
        "member thing.y": "96 0 4", "member thing.array": "128 0 20",
        "member thing_t.next": "320 0 8", "member thing.inner": "384 0 16",
        "member thing.inner.low": "384 3 4",
        "member thing.inner.high": "387 5 4",
        "member thing.inner.whole": "448 0 4",
        "member either.b": "0 0 8", "member thing": "none",
        "member thing.": "none", "member thing.first.x": "none",
        "member thing.next.first": "none", "member none.x": "none",
        "member int.x": "none", "member .": "none",
        "enum RED": "1", "enum BLUE": "-2", "enum HUGE": str((2 << 32) + 1),
        "enum none": "none",
    }
    for options in (dict(), dict(sections=False), dict(big=True)):
        answers = dump(Kernel(**options).elf(), "ask", *asked)
        equal(answers, [f"{q} {a}" for q, a in asked.items()], options)
    equal(dump(Kernel(bits=32, machine=40).elf(), "ask",
               "member thing.next"), ["member thing.next 320 0 4"], "32")
    data = Kernel().elf()
    for question, words in (("sizeof loop", "itself"),
                            ("member nest.x", "inside"),
                            ("sizeof gone", "not there"),
                            ("sizeof vast", "4 GiB"),
                            ("member wide.none", "without end")):
        fails(data, "ask", "vmlinux.broken", words, question, question)
    fails(Kernel(change={".BTF": None}).elf(), "ask", "vmlinux.absent", "BTF",
          "no BTF", "sizeof int")

    def patch(at, value):
        return lambda b: b[:at] + struct.pack("<I", value) + b[at + 4:]
    for change, words in ((patch(0, 0), "magic"), (patch(4, 8), "outside"),
                          (patch(4, 1 << 31), "outside"),
                          (patch(12, 0xffffffff), "outside"),
                          (patch(20, 2), "NUL"), (patch(20, 0), "NUL"),
                          (patch(28, 31 << 24), "unknown"),
                          (patch(12, 14), "cut short"),
                          (lambda b: b[:3], "outside")):
        fails(Kernel(change={".BTF": change}).elf(), "ask", "vmlinux.broken",
              words, f"BTF {words}", "sizeof int")


def test_params():
    wanted = [f"{n} {p:o} {lv} {f}" for n, p, lv, f in mkkernel.PARAMS]
    for options in (dict(), dict(sections=False), dict(big=True),
                    dict(bits=32, machine=40)):
        equal(dump(Kernel(**options).elf(), "params"), wanted, options)
    fails(Kernel(change={"__param": None}).elf(), "params", "vmlinux.absent",
          "parameters", "no parameters")
    fails(Kernel(change={"__param": lambda b: b[:-1]}).elf(), "params",
          "vmlinux.broken", "size", "odd parameters")
    fails(Kernel(change={"__param": lambda b: bytes(8) + b[8:]}).elf(),
          "params", "vmlinux.broken", "name", "no name")
    fails(Kernel(change={"__param": lambda b: b[:40] * 65537}).elf(),
          "params", "vmlinux.limit", "65537 parameters", "many parameters")


def test_certs():
    equal(dump(Kernel().elf(), "certs"), [mkkernel.CERT.hex()] * 2, "certs")
    equal(dump(Kernel(certs=0).elf(), "certs"), [], "an empty list")
    fails(Kernel(kallsyms=False).elf(), "certs", "vmlinux.absent",
          "certificates", "no certificates")
    fails(Kernel(change={"certs": lambda b: b"\x31" + b[1:]}).elf(), "certs",
          "vmlinux.broken", "no certificate", "not DER")
    fails(Kernel(change={"certs": lambda b: b[:2] + b"\xff" + b[3:]}).elf(),
          "certs", "vmlinux.broken", "no certificate", "long")
    fails(Kernel(certs=0, change={
        "certs": lambda b: b"\x30\x82\0\0" * 5000,
        "certs_size": lambda b: struct.pack("<Q", 20000)}).elf(), "certs",
        "vmlinux.limit", "5000 certificates", "many certificates")


def test_banner():
    banner = mkkernel.BANNER[:-2].decode()
    for options in (dict(), dict(kallsyms=False), dict(sections=False)):
        equal(dump(Kernel(**options).elf(), "banner"),
              ["none", "9.8.7-made", banner], options)
    equal(dump(Kernel(banner=b"Linux version %s (").elf(), "banner"),
          ["none", "", ""], "no banner")


def sized(payload, raw):
    return bzimage(payload + struct.pack("<I", len(raw)))


def lz4(data):
    """The legacy frame, of literals alone."""
    out = b"\x02\x21\x4c\x18"
    for at in range(0, len(data), 8 << 20):
        part = data[at:at + (8 << 20)]
        block, left = bytes([0xf0]), len(part) - 15
        block += b"\xff" * (left // 255) + bytes([left % 255]) + part
        out += struct.pack("<I", len(block)) + block
    return out


def lzo(data, flags=1, damage=0):
    """lzop's file, its blocks stored."""
    out = b"\x89LZO\0\r\n\x1a\n" + struct.pack(
        ">HHHBBIIIIB", 0x1030, 0x20a0, 0x940, 1, 5, flags, 0, 0, 0, 3) + \
        b"abc" + bytes(4)
    for at in range(0, len(data), 1 << 18):
        part = data[at:at + (1 << 18)]
        out += struct.pack(">III", len(part), len(part),
                           zlib.adler32(part) ^ damage) + part
    return out + bytes(4)


def test_packed():
    """A bzImage of each kind, as far as Python packs; and plain files."""
    import bz2
    raw = Kernel().elf()
    wanted = dump(raw, "symbols")
    lzma_file = lzma.compress(raw, format=lzma.FORMAT_ALONE, preset=0)
    ways = {"gzip": packed(raw), "xz": sized(lzma.compress(
        raw, check=lzma.CHECK_CRC32, preset=0), raw),
        "lzma": sized(lzma_file, raw), "bzip2": sized(bz2.compress(raw), raw),
        "lz4": sized(lz4(raw), raw), "lzo": sized(lzo(raw), raw)}
    for name, data in ways.items():
        answer = dump(data, "banner")
        if "image.compression.unsupported" in answer[0]:
            print("this build has no", name)
            continue
        equal(answer[0], name, name)
        equal(dump(data, "symbols"), wanted, name)
        equal(dump(data, "relocs")[0], "abs32 ffffffff81000008", name)
        # lz4's legacy frame has no checksum, the others have, but for lzma.
        at = len(data) * 2 // 3
        hurt = data[:at] + bytes(b ^ 0x55 for b in data[at:at + 9]) + \
            data[at + 9:]
        if name not in ("lz4", "lzma"):
            fails(hurt, "banner", "image.compression.broken", name, name)
    equal(dump(gzip.compress(raw), "banner")[0], "gzip", "vmlinux.gz")
    for payload, words in (
            (lz4(raw)[:-9], "early"), (lz4(raw)[:6], "early"),
            (lz4(raw)[:8] + b"\x0f" * (len(lz4(raw)) - 8), "damaged"),
            (lzo(raw)[:-9], "early"), (lzo(raw)[:20], "early"),
            (lzo(raw, damage=1), "damaged"),
            (lzo(raw)[:47] + b"\xff" * 8 + lzo(raw)[55:], "early"),
            (bz2.compress(raw)[:-9], "early"),
            (bz2.compress(raw)[:500] + bytes(9), "damaged"),
            (lzma_file[:-9], "early"),
            (lzma_file[:50] + b"\xff" * 60 + lzma_file[110:], "lzma")):
        fails(sized(payload, raw), "banner", "image.compression.broken",
              words, payload[:4])


def test_arm64():
    """An Image, packed or not: no ELF, but all that has symbols around it."""
    kernel = Kernel(form="relative", machine=183)
    image = kernel.arm64()
    for data in (image, gzip.compress(image)):
        equal(dump(data, "symbols"), listing(kernel), "Image")
        equal(len(dump(data, "exports")), 4, "Image")
        equal(dump(data, "params")[1], "mod.value 400 3 1", "Image")
        equal(dump(data, "ask", "sizeof struct thing"),
              ["sizeof struct thing 64"], "Image")
        equal(dump(data, "banner")[1], "9.8.7-made", "Image")
        fails(data, "elf", "vmlinux.absent", "ELF header", "Image")
        fails(data, "relocs", "vmlinux.absent", "relocation", "Image")
    # Debian's: pointers are 0 in the file, and have entries in .rela.dyn.
    kernel = Kernel(form="relative", machine=183, layout="old", rela=True)
    image = kernel.arm64()
    equal(dump(image, "symbols"), listing(kernel), "relocatable Image")
    equal(len(dump(image, "exports")), 4, "relocatable Image")
    fails(image[:-24], "symbols", "vmlinux.absent", "kallsyms", "no base")
    image = Kernel(form="relative", machine=183, change={
        "__param": lambda b: bytes(8) + b[8:]}).arm64()
    fails(image, "params", "vmlinux.absent", "parameters", "no names")
    fails(image[:len(image) // 4][:4096] + bytes(64), "symbols",
          "vmlinux.absent", "kallsyms", "part of an Image")


def test_format():
    raw = Kernel().elf()
    whole = packed(raw)
    for data, words in (
            (b"", "neither"), (b"hello", "neither"), (bytes(4096), "neither"),
            (b"MZ" + bytes(600), "neither"),
            (raw[:16] + b"\1\0" + raw[18:], "no program"),
            (bzimage(gzip.compress(raw), version=0x207), "v2.6.26"),
            (bzimage(b"?" * 100), "unknown way"),
            (packed(b"not a kernel" * 10), "no ELF"),
            (packed(Kernel(form="relative").arm64()), "no ELF"),
            (gzip.compress(b"words"), "no kernel")):
        fails(data, "banner", "vmlinux.format", words, words)
    for data, words in ((whole[:-1], "packed kernel"),
                        (whole[:600], "packed kernel"),
                        (whole[:0x220], "setup header"),
                        (bzimage(b"", length=0xffffffff), "packed kernel")):
        fails(data, "banner", "vmlinux.truncated", words, words)
    fails(bzimage(b"\x1f\x8b"), "banner", "vmlinux.broken", "short", "short")
    fails(bzimage(lzma.compress(raw, preset=0) + struct.pack("<I", 9)),
          "banner", "vmlinux.broken", "another size", "size")
    fails(raw[:0x1000], "banner", "image.elf.truncated", "section", "cut")
    head = bytearray(raw)
    for at, form, value, ident, words in (
            (64 + 32, "<Q", 1 << 40, "vmlinux.truncated", "segment"),
            (64 + 8, "<Q", 1 << 63, "vmlinux.truncated", "segment"),
            (64 + 40, "<Q", 1, "vmlinux.broken", "wraps"),
            (64 + 40, "<Q", 1 << 63, "vmlinux.broken", "wraps"),
            (54, "<H", 55, "vmlinux.broken", "wrong size"),
            (56, "<H", 65, "vmlinux.limit", "65 segments"),
            (32, "<Q", 1 << 60, "image.elf.truncated", "program header")):
        hurt = bytearray(head)
        struct.pack_into(form, hurt, at, value)
        fails(bytes(hurt), "banner", ident, words, (at, value))
    # A failed read and a folder are no crash either.
    for path, ident in ((FOLDER.name, "image.type"),
                        (FOLDER.name + "/none", "sys.failed")):
        out = subprocess.run([DUMP, path, "banner"], check=False,
                             stdout=subprocess.PIPE).stdout.decode()
        equal(out.split()[:2], ["error", ident], path)


def dump_again(part):
    done = subprocess.run([DUMP, FILE, part], capture_output=True, check=False)
    return done.stdout


def test_kept():
    """Unpacked once, then read from the cache; damage there is mended."""
    parts = ("elf", "symbols", "relocs", "exports", "params", "banner")
    with tempfile.TemporaryDirectory() as cache:
        os.environ["LKM_CACHE_DIR"] = cache
        with open(FILE, "wb") as f:
            f.write(bzimage(gzip.compress(Kernel(relocs=3).elf())))
        wanted = {part: dump_again(part) for part in parts}
        folder = os.path.join(cache, "kernels")
        equal(os.listdir(folder) if os.path.exists(folder) else [], [],
              "a file just written is not kept")
        time.sleep(2.1)
        for part in parts * 2:
            equal(dump_again(part), wanted[part], f"kept {part}")
        names = os.listdir(folder)
        equal(len(names), 1, "one file is kept")
        kept = os.path.join(folder, names[0])
        with open(kept, "rb") as f:
            whole = f.read()
        for at in range(0, len(whole), max(len(whole) // 60, 1)):
            with open(kept, "wb") as f:
                f.write(whole[:at] + bytes([whole[at] ^ 0x40]) +
                        whole[at + 1:])
            for part in ("elf", "symbols", "symbols"):
                equal(dump_again(part), wanted[part], f"damage at {at}")
            with open(kept, "rb") as f:
                equal(f.read() == whole, True, f"mended at {at}")
        with open(kept, "wb") as f:
            f.write(whole[:len(whole) // 2])
        equal(dump_again("symbols"), wanted["symbols"], "cut short")
        # Another kernel in its place
        other = Kernel(relocs=3, many=77)
        with open(FILE, "wb") as f:
            f.write(bzimage(gzip.compress(other.elf())))
        equal(dump_again("symbols").decode().splitlines(), listing(other),
              "another kernel of that name")
        for i in range(12):
            with open(os.path.join(folder, f"{i:016x}"), "w",
                      encoding="ascii") as f:
                f.write("old")
            os.utime(f.name, (i, i))
        time.sleep(2.1)
        dump_again("symbols")
        equal(len(os.listdir(folder)) <= 8, True, "old ones go")
    del os.environ["LKM_CACHE_DIR"]


def main():
    tests = [t for n, t in sorted(globals().items()) if n.startswith("test_")]
    for test in tests:
        before = len(bad)
        test()
        print(test.__name__, "ok" if len(bad) == before else "FAILED")
    sys.exit(1 if bad else 0)


main()
