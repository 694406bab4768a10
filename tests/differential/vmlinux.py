#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lkm reads in a real kernel's image, held against that kernel's modules,
bpftool, readelf and the tools that pack kernels.

usage: vmlinux.py VMLINUX-DUMP VMLINUX-NEEDS KERNEL needs|module|btf|codecs"""

import glob
import json
import lzma
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

CACHE = os.environ.get("LKM_CACHE") or \
    os.path.expanduser("~/.cache/lkm-tests")
SKIP = 77
SAMPLE = 40         # modules whose own sections are looked at
# How arch/x86/boot/compressed/Makefile packs; the levels do not matter here.
PACKERS = {
    "gzip": ["gzip", "-n", "-1"], "xz": ["xz", "-0", "--check=crc32"],
    "zstd": ["zstd", "-q", "-1"], "lz4": ["lz4", "-q", "-l", "-1"],
    "lzo": ["lzop", "-1"], "bzip2": ["bzip2", "-1"],
    "lzma": ["xz", "--format=lzma", "-0"],
}


def skip(why):
    print("skipped:", why)
    sys.exit(SKIP)


def fail(*about):
    print("FAILED:", *about)
    sys.exit(1)


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True,
                          **options).stdout


class Kernel:
    def __init__(self, dump, needs, root):
        self.dump_tool, self.needs_tool, self.root = dump, needs, root
        self.image, = glob.glob(root + "/boot/vmlinuz-*")
        self.modules = [os.path.join(folder, name) for folder, _, names
                        in os.walk(root + "/lib/modules") for name in names
                        if re.search(r"\.ko(\.xz|\.zst|\.gz)?$", name)]

    def dump(self, part, image=None, **options):
        return run(self.dump_tool, image or self.image, part, **options)

    def ask(self, questions):
        """-> question -> numbers, or None"""
        out = self.dump("ask", input="\n".join(questions).encode()).decode()
        answers = {}
        for line, question in zip(out.splitlines(), questions):
            rest = line.removeprefix(question).split()
            answers[question] = None if rest == ["none"] else \
                [int(n) for n in rest]
        if len(answers) != len(set(questions)):
            fail("answers are missing", out[-200:])
        return answers


def test_needs(kernel):
    """What no module of the tree exports, the kernel does, with the CRC that
    the module was built for; and in a namespace that it imports."""
    done = subprocess.run([kernel.needs_tool, kernel.image],
                          input="\n".join(kernel.modules).encode(),
                          stdout=subprocess.PIPE, check=False)
    lines = done.stdout.decode().splitlines()
    print("\n".join(lines[-20:]))
    numbers = [int(n) for n in re.findall(r"\d+", lines[-1])]
    if done.returncode or numbers[-1] or numbers[0] != len(kernel.modules):
        fail("exports")
    if min(numbers[:5]) < 100 or numbers[3] < 10000:
        fail("too little was compared")


def plain(path, folder):
    """The module, not compressed."""
    if not path.endswith(".xz"):
        return path
    name = os.path.join(folder, os.path.basename(path)[:-3])
    with lzma.open(path) as packed, open(name, "wb") as out:
        shutil.copyfileobj(packed, out)
    return name


def test_module(kernel):
    """struct module, as each module's build laid it out."""
    answers = kernel.ask(["sizeof struct module", "member module.init",
                          "member module.exit", "member module.name"])
    print(answers)
    size = answers["sizeof struct module"][0]
    offset = {"init_module": answers["member module.init"][0] // 8,
              "cleanup_module": answers["member module.exit"][0] // 8}
    if answers["member module.name"] != [24 * 8, 0, 56]:
        fail("module.name", answers)
    seen = 0
    sample = random.Random(3).sample(kernel.modules, SAMPLE)
    with tempfile.TemporaryDirectory() as folder:
        for path in sample:
            out = run("readelf", "-SrW", plain(path, folder)).decode()
            section = re.search(r"\] \.gnu\.linkonce\.this_module +\w+ +\w+ "
                                r"+\w+ +(\w+)", out)
            if int(section[1], 16) != size:
                fail(path, "struct module has", int(section[1], 16))
            part = out.partition("'.rela.gnu.linkonce.this_module'")[2]
            for line in part.partition("\n\n")[0].splitlines()[2:]:
                place, name = line.split()[0], line.split()[4]
                if name in offset:
                    seen += 1
                    if int(place, 16) != offset[name]:
                        fail(path, name, place)
    print(seen, "relocations")
    if seen < SAMPLE:
        fail("too little was compared")


def test_btf(kernel):
    """Every named member of every structure as bpftool has it."""
    bpftool = shutil.which("bpftool", path=os.environ.get("PATH", "") +
                           ":/usr/sbin:/sbin")
    if not bpftool:
        skip("no bpftool")
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/vmlinux", "wb") as f:
            f.write(kernel.dump("elf"))
        types = json.loads(run(bpftool, "-j", "btf", "dump", "file",
                               folder + "/vmlinux"))["types"]
    wanted, tags, enums = {}, set(), {}
    for t in types:
        if t["kind"] in ("ENUM", "ENUM64"):
            for v in t["values"]:
                enums.setdefault("enum " + v["name"], v["val"])
        if t["kind"] not in ("STRUCT", "UNION") or t["name"] == "(anon)" or \
                t["name"] in tags:
            continue
        tags.add(t["name"])
        wanted[f"sizeof {t['kind'].lower()} {t['name']}"] = [t["size"]]
        for m in t["members"]:
            if m["name"] != "(anon)":
                wanted.setdefault(f"member {t['name']}.{m['name']}", [
                    m["bits_offset"], m.get("bitfield_size", 0)])
    answers = kernel.ask([*wanted, *enums])
    for question, numbers in wanted.items():
        if answers[question] is None or \
                answers[question][:len(numbers)] != numbers:
            fail(question, numbers, answers[question])
    for question, number in enums.items():
        if answers[question] is None or \
                (answers[question][0] - number) % (1 << 32):
            fail(question, number, answers[question])
    print(len(wanted), "structures and members,", len(enums), "enumerators")
    if len(wanted) < 20000 or len(enums) < 5000:
        fail("too little was compared")


def bzimage(payload):
    """As little of a bzImage as says where its payload is."""
    head = bytearray(1024)
    struct.pack_into("<B", head, 0x1f1, 1)
    struct.pack_into("<H", head, 0x1fe, 0xaa55)
    struct.pack_into("<4sH", head, 0x202, b"HdrS", 0x20f)
    struct.pack_into("<II", head, 0x248, 64, len(payload))
    return bytes(head) + bytes(64) + payload


def test_codecs(kernel):
    """The kernel, packed anew in every way that the kernel's build has."""
    with open(kernel.image, "rb") as f:
        data = f.read()
    # By the tools alone: lkm's own unpacking must not be its own witness.
    sectors = data[0x1f1] or 4
    offset, length = struct.unpack_from("<II", data, 0x248)
    at = (sectors + 1) * 512 + offset
    packed = data[at:at + length]
    if packed[:1] == b"\xfd":
        raw = lzma.decompress(packed[:-4])
    else:
        raw = run("zstd", "-dcq", "--long=31", input=packed[:-4])
    wanted = {part: kernel.dump(part) for part in ("symbols", "relocs")}
    if len(wanted["symbols"].splitlines()) < 50000:
        fail("symbols")
    tried = 0
    with tempfile.TemporaryDirectory() as folder:
        name = folder + "/vmlinuz"
        for codec, command in PACKERS.items():
            if not shutil.which(command[0]):
                print("no", command[0])
                continue
            payload = run(*command, "-c", input=raw)
            if codec != "gzip":
                payload += struct.pack("<I", len(raw))
            with open(name, "wb") as f:
                f.write(bzimage(payload))
            if kernel.dump("banner", name).split()[0].decode() != codec:
                fail(codec, kernel.dump("banner", name))
            for part, text in wanted.items():
                if kernel.dump(part, name) != text:
                    fail(codec, part)
            tried += 1
    print(tried, "ways")
    if tried < 3:
        fail("too little was compared")


def main():
    dump, needs, series, part = sys.argv[1:]
    root = os.path.join(CACHE, "kernels", series)
    if not os.path.isdir(root + "/lib/modules"):
        skip(f"no kernel {series} in {CACHE}/kernels (tools/fetch-kernels)")
    {"needs": test_needs, "module": test_module, "btf": test_btf,
     "codecs": test_codecs}[part](Kernel(dump, needs, os.path.realpath(root)))


main()
