#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Damaged index files never take a user of our libkmod.so.2 down.

usage: corrupt.py DRIVER LIBDIR COUNT

COUNT random corruptions (1 to 32 bytes changed, sometimes cut off, emptied or
filled with noise) of each of the five .bin files of a real tree, the text files
beside them being whole: names, aliases and symbols are looked up, dependencies
asked for and the index is dumped, with loaded indexes and without.  The program
ends by itself each time.  A file whose head or length is wrong is noticed: the
answers are those of the whole tree."""

import os
import random
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
DEPMOD = "/usr/sbin/depmod"
FILES = ["modules.dep.bin", "modules.alias.bin", "modules.symbols.bin",
         "modules.builtin.bin", "modules.builtin.alias.bin"]


def run(part, folder, words):
    env = dict(os.environ, LD_LIBRARY_PATH=sys.argv[2])
    done = subprocess.run([sys.argv[1], folder, part], env=env, timeout=60,
                          input="\n".join(words).encode(), capture_output=True)
    return done.returncode, done.stdout, done.stderr


def damaged(rng, data):
    """-> bytes, and whether its head or length gives it away"""
    kind = rng.random()
    if kind < .1:
        return data[:rng.randrange(1, 12)], True
    if kind < .2:
        return data[:rng.randrange(len(data))], False
    if kind < .25:
        return rng.randbytes(len(data)), True
    if kind < .3:
        return rng.randbytes(4) + data[4:], True
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 33)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed), False


def main():
    cache = os.environ.get("LKM_CACHE") or \
        os.path.expanduser("~/.cache/lkm-tests")
    modules = os.path.join(cache, "kernels/6.1/lib/modules")
    if not os.path.isdir(modules) or not os.path.exists(DEPMOD):
        print("skipped: no kernel 6.1, or no depmod")
        sys.exit(SKIP)
    release = sorted(os.listdir(modules))[0]
    rng = random.Random(4)
    crashed = same = errors = 0
    with tempfile.TemporaryDirectory() as tmp:
        folder = os.path.join(tmp, "lib/modules", release)
        os.makedirs(folder)
        source = os.path.join(modules, release)
        os.symlink(os.path.join(source, "kernel"), folder + "/kernel")
        for name in ("modules.order", "modules.builtin",
                     "modules.builtin.modinfo"):
            shutil.copy(os.path.join(source, name), folder)
        subprocess.run([DEPMOD, "-b", tmp, release], check=True)
        words = ["btrfs", "e1000e", "fs-ext4", "symbol:crc32c", "ext4",
                 "pci:v00008086d000010D3sv*", "no_such", "zswap",
                 "usb:v0BDAp8153d3000dcFFdscFFdpFFicFFiscFFip00in00",
                 "of:N*T*Cfsl,imx6q-usbphy", "fs-debugfs", "snd-hda-intel"]
        parts = ["word", "word-cold", "dump"]
        good = {p: run(p, folder, words)[1] for p in parts}
        for name in FILES:
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                whole = f.read()
            for i in range(int(sys.argv[3])):
                bad, is_plain = damaged(rng, whole)
                with open(path, "wb") as f:
                    f.write(bad)
                part = parts[0 if i % 8 else 1 + i // 8 % 2]
                rc, out, err = run(part, folder, words)
                same += out == good[part]
                if rc not in (0, 1) or b"ERROR: AddressSan" in err \
                        or b"runtime error" in err:
                    crashed += 1
                    print(f"not ok - {name} {i}: exit {rc}\n{err[-400:]}")
                elif is_plain and out != good[part]:
                    errors += 1
                    print(f"not ok - {name} {i}: other answers")
            with open(path, "wb") as f:
                f.write(whole)
    count = len(FILES) * int(sys.argv[3])
    print(f"{count} corruptions: {crashed} crashes, {errors} that should have "
          f"been noticed, {same} with the whole tree's answers")
    sys.exit(1 if crashed or errors else 0)


main()
