#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A distribution's kernel in a process: it starts, loads its own modules, and
refuses broken ones with the errno that the same image gives under QEMU.

usage: test-hosted.py LKM-HOST LKM SERIES"""

import errno
import glob
import json
import lzma
import os
import resource
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vm"))
import broken           # noqa: E402
import vmlib            # noqa: E402
from vmlib import check, equal      # noqa: E402

HOST = sys.argv.pop(1)

# What busybox's insmod says in place of strerror(3)
INSMOD = {"invalid module format": "ENOEXEC",
          "unknown symbol in module, or unknown parameter": "ENOENT",
          "module has wrong symbol version": "ESRCH",
          "invalid parameters": "EINVAL"}
INSMOD.update({os.strerror(n): name for n, name in errno.errorcode.items()
               if name != "EDEADLOCK"})

# Broken modules of tests/vm/broken.py: the files of each line, in order
LINES = [["good,numdummies=many"], ["symbol-first", "symbol-duplicate"]] + \
    [[name] for name in (
        "symbol-unknown", "symbol-version", "symbol-noversion",
        "symbol-namespace", "symbol-dependency", "layout", "other-kernel",
        "vermagic", "machine", "elf-type", "header-size", "name-index",
        "truncated", "not-elf", "write-exec", "no-symbols",
        "no-module", "common", "relocation-type", "relocation-target", "good",
        "init-failed", "sig-digest", "sig-params", "sig-length", "sig-garbage",
        "sig-type", "unsigned")]


def image(kernel):
    return glob.glob(kernel.root + "/boot/vmlinuz-*")[0]


def host(*arguments, text=None):
    done = subprocess.run([HOST, *arguments], input=text, text=True,
                          capture_output=True, timeout=500, check=False,
                          errors="replace")
    check(done.returncode >= 0, "lkm-host died", done)
    check("died by signal" not in done.stderr, done.stderr)
    return done


def batch(kernel, lines):
    """The last word of each line's last file, in the order of @lines."""
    done = host("batch", image(kernel), text="".join(
        " ".join(files) + "\n" for files in lines))
    answers = done.stdout.splitlines()
    equal(len(answers), len(lines), done)
    check("CRASH" not in done.stdout, done.stdout)
    return [answer.split(" ", 1)[1] for answer in answers]


def test_boot(kernel):
    """99 of 100 initcalls return, and no warning is seen on the way."""
    done = host("doctor", image(kernel), "--json")
    equal(done.returncode, 0, done)
    report = json.loads(done.stdout)
    equal(report["release"], kernel.release)
    check(report["trusted"], report)
    check(report["returned"] * 100 >= report["initcalls"] * 99, report)
    equal(report["warnings"], 0, report)


def test_processor(_kernel):
    """CPUID is that of the machine that the hosted kernel is held against."""
    with open(os.path.join(HERE, "cpuid.txt"), encoding="ascii") as f:
        rows = [line.split() for line in f if not line.startswith("#")]
    wanted = {tuple(int(n, 16) for n in row) for row in rows}
    with open(os.path.join(HERE, "../../src/host/cpu/cpuid.def"),
              encoding="ascii") as f:
        leaves = [line[len("LEAF("):].rstrip(")\n").split(",")
                  for line in f if line.startswith("LEAF(")]
    got = {tuple(int(n, 0) for n in leaf) for leaf in leaves}
    equal(got, {row for row in wanted if any(row[2:])})


def closure(kernel, name):
    done = subprocess.run([kernel.lkm, "--root", kernel.root, "-k",
                           kernel.release, "--json", "plan", "--fresh", name],
                          text=True, capture_output=True, check=False)
    steps = json.loads(done.stdout or "{}").get("steps", [])
    return [("?" if s["optional"] else "") + s["what"] for s in steps
            if s["action"] == "load"]


def wanted(kernel):
    with open(os.path.join(HERE, "modules.txt"), encoding="ascii") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, word = line.split()
                files = closure(kernel, name)
                if files:       # this kernel has it, and not built in
                    yield name, word, files


def test_modules(kernel):
    """Real modules with what they need, a fresh kernel each."""
    cases = list(wanted(kernel))
    check(len(cases) >= 60, f"only {len(cases)} of the modules are there")
    words = batch(kernel, [files for _, _, files in cases])
    wrong = [f"{name}: {got}, not {word}"
             for (name, word, _), got in zip(cases, words) if got != word]
    check(not wrong, *wrong)


def in_guest(kernel, folder):
    """What the same image says under QEMU: one boot, removed after each."""
    script = ["mkdir -p /etc/modprobe.d"]
    for files in LINES:
        for spec in files:
            file, _, params = spec.partition(",")
            script.append(f"insmod /tmp/ko/{file}.ko {params} 2>/tmp/e "
                          "&& echo LIVE >/tmp/e; tail -n 1 /tmp/e >/tmp/last")
        script.append("echo \"= $(cat /tmp/last)\"; for i in 1 2; do for m in "
                      "$(cut -d' ' -f1 /proc/modules); do rmmod $m; done; "
                      "done 2>/dev/null")
    options = []
    for name in sorted(os.listdir(folder)):
        options += ["--copy", f"{folder}/{name}:/tmp/ko/{name}"]
    r = kernel.shell("\n".join(script), options=options)
    said = [line[2:] for line in r.out.splitlines() if line.startswith("= ")]
    equal(len(said), len(LINES), r)
    return [s if s == "LIVE" else INSMOD.get(s.rsplit(": ", 1)[-1], s)
            for s in said]


def test_broken(kernel):
    """The same verdict as under QEMU, for each kind of broken module."""
    other = next((k for k in vmlib.kernels(kernel.lkm)
                  if k.series != kernel.series), kernel)
    with tempfile.TemporaryDirectory() as folder:
        broken.make_all(kernel.modules, other.modules, folder)
        os.unlink(folder + "/blacklisted.ko")   # the command line's doing
        ours = batch(kernel, [
            [f"{folder}/{file}.ko" + (f",{params}" if params else "")
             for file, _, params in (s.partition(",") for s in files)]
            for files in LINES])
        theirs = in_guest(kernel, folder)
        # busybox does not ask the kernel about it
        equal(batch(kernel, [[folder + "/empty.ko"]]), ["ENOEXEC"])
    wrong = [f"{files[-1]}: hosted {a}, under QEMU {b}"
             for files, a, b in zip(LINES, ours, theirs) if a != b]
    check(not wrong, *wrong)
    check(ours.count("LIVE") < 8, ours)     # most are refused


def unpacked(kernel):
    """The ELF file inside of the image (Documentation/arch/x86/boot.rst)."""
    with open(image(kernel), "rb") as f:
        raw = f.read()
    start = (raw[0x1f1] + 1) * 512
    offset, size = struct.unpack_from("<II", raw, 0x248)
    packed = raw[start + offset:start + offset + size]
    if packed.startswith(b"\xfd7zXZ"):
        elf = lzma.LZMADecompressor().decompress(packed)
    else:
        elf = subprocess.run(["zstd", "-dc"], input=packed[:-4], check=True,
                             stdout=subprocess.PIPE).stdout
    # the relocations follow it
    end = struct.unpack_from("<Q", elf, 0x28)[0] + \
        64 * struct.unpack_from("<H", elf, 0x3c)[0]
    return bytearray(elf[:end])


def refusal(data, **more):
    """The id of doctor's refusal of an image of these bytes."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        done = subprocess.run([HOST, "doctor", f.name], text=True, check=False,
                              capture_output=True, errors="replace", **more)
    equal(done.returncode, 1, done)
    check(done.stderr.startswith("error["), done)
    return done.stderr[6:].split("]")[0], done.stderr


def test_refused(kernel):
    """Images that cannot be hosted: the reason is named, nothing is run."""
    done = host("run", image(kernel), "/nonexistent.ko")
    equal(done.returncode, 1, done)
    check("cannot read" in done.stdout, done)
    refusal(b"no kernel" * 1000)
    elf = unpacked(kernel)
    equal(refusal(elf)[0], "vmlinux.absent", "an image without relocations")

    # the table by which names are found, and the mark of BTF
    digits = b"".join(b"%c\0" % d for d in b"0123456789")
    check(digits in elf)
    ident, text = refusal(elf.replace(digits, bytes(len(digits))))
    equal(ident, "vmlinux.absent")
    check("kallsyms" in text, text)
    mark = struct.pack("<HBBI", 0xeb9f, 1, 0, 24)
    check(mark in elf)
    ident, text = refusal(elf.replace(mark, bytes(len(mark))))
    check(ident in ("vmlinux.absent", "vmlinux.broken"), ident, text)
    check("BTF" in text, text)

    foreign = bytearray(elf)
    struct.pack_into("<H", foreign, 18, 183)
    equal(refusal(foreign)[0], "host.image.foreign")

    huge = bytearray(elf)
    headers = struct.unpack_from("<Q", huge, 0x20)[0]
    first = struct.unpack_from("<Q", huge, headers + 16)[0]     # p_vaddr
    struct.pack_into("<Q", huge, headers + 16, first - (1 << 29))
    equal(refusal(huge)[0], "host.image.broken")

    renamed = elf.replace(b"\0worker_private\0", b"\0worker_publicx\0")
    ident, text = refusal(renamed)
    equal(ident, "host.offset.absent")
    check("task_struct.worker_private" in text, text)

    # a kernel that says it is of another time lacks what that one has
    number = kernel.release.split("-")[0].split("+")[0].encode()
    other = b"7" + number[1:] if number.startswith(b"6.1.") else \
        b"5" + number[1:]
    ident, text = refusal(elf.replace(b"Linux version " + number,
                                      b"Linux version " + other))
    equal(ident, "host.symbol.absent")
    check("kmalloc" in text, text)


def test_no_room(kernel):
    """An address space that is too small for the kernel."""
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    with open(image(kernel), "rb") as f:
        equal(refusal(f.read(), preexec_fn=limit)[0], "host.memory.failed")


vmlib.main(test_boot, test_processor, test_modules, test_broken, test_refused,
           test_no_room)
