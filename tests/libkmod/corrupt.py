#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Damaged index files never take a user of our libkmod.so.2, or a tool, down.

usage: corrupt.py DRIVER LIBDIR LKM COUNT

COUNT random corruptions (1 to 32 bytes changed, sometimes cut off, emptied or
filled with noise) of each of the five .bin files of a real tree, the text files
beside them being whole.  Of libkmod names, aliases and symbols are looked up,
dependencies asked for and the index is dumped, with loaded indexes and without;
modprobe is asked for -c, -R, -D and by a kernel's request.  The program ends by
itself each time.

The index of Debian's depmod has no checksum: a file whose head or length is
wrong is noticed, and the answers are those of the whole tree.  In one that lkm
wrote every damage is noticed: the answers are those of the whole tree, always,
and of the tools also where the text files are gone: they read the modules."""

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


WORDS = ["btrfs", "e1000e", "fs-ext4", "symbol:crc32c", "ext4",
         "pci:v00008086d000010D3sv*", "no_such", "zswap",
         "usb:v0BDAp8153d3000dcFFdscFFdpFFicFFiscFFip00in00",
         "of:N*T*Cfsl,imx6q-usbphy", "fs-debugfs", "snd-hda-intel"]
TEXTS = ["modules.dep", "modules.alias", "modules.symbols"]


def run_driver(part):
    """Of libkmod: a part of the driver, with all of the words."""
    env = dict(os.environ, LD_LIBRARY_PATH=sys.argv[2])

    def ask(tree):
        done = subprocess.run([sys.argv[1], tree.folder, part], env=env,
                              timeout=60, input="\n".join(WORDS).encode(),
                              capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr
    return ask


def run_tool(*words):
    """modprobe with these arguments."""
    env = dict(os.environ, LKM_EXPLAIN="1")

    def ask(tree):
        done = subprocess.run(["modprobe", "-d", tree.root, "-S", tree.release,
                               "-C", "/nosuch", *words],
                              executable=sys.argv[3], env=env, timeout=60,
                              capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr
    return ask


# Each with how often it comes
DRIVER = [(run_driver("word"), 14), (run_driver("word-cold"), 1),
          (run_driver("dump"), 1)]
TOOLS = [(run_tool("-c"), 2), (run_tool("-D", "btrfs"), 1),
         (run_tool("-a", "-D", *WORDS), 2),
         (run_tool("-R", WORDS[5]), 1), (run_tool("-R", "symbol:crc32c"), 1),
         (run_tool("-n", "-q", "--", "fs-ext4"), 1)]


class Tree:
    """A tree with the files of a real one, and indexes of @depmod."""

    def __init__(self, root, modules, depmod):
        self.root = root
        self.release = sorted(os.listdir(modules))[0]
        self.folder = os.path.join(root, "lib/modules", self.release)
        os.makedirs(self.folder)
        source = os.path.join(modules, self.release)
        # A link that leads out of the root would not be followed.
        if subprocess.call(["cp", "-al", source + "/kernel", self.folder],
                           stderr=subprocess.DEVNULL):
            subprocess.check_call(["cp", "-a", source + "/kernel",
                                   self.folder])
        for name in ("modules.order", "modules.builtin",
                     "modules.builtin.modinfo"):
            shutil.copy(os.path.join(source, name), self.folder)
        subprocess.run(["depmod", "-b", root, self.release], check=True,
                       executable=depmod)

    def forget_text(self):
        for name in TEXTS:
            os.unlink(os.path.join(self.folder, name))


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


def corrupt(tree, what, asked, sealed, count):
    """-> how many were wrong"""
    rng = random.Random(4)
    crashed = same = wrong = 0
    good = [ask(tree) for ask, _ in asked]
    turns = [i for i, (_, often) in enumerate(asked) for _ in range(often)]
    for name in FILES:
        path = os.path.join(tree.folder, name)
        with open(path, "rb") as f:
            whole = f.read()
        for i in range(count):
            bad, is_plain = damaged(rng, whole)
            with open(path, "wb") as f:
                f.write(bad)
            turn = turns[i * 7 % len(turns)]
            rc, out, err = asked[turn][0](tree)
            answered = (rc, out) == good[turn][:2]
            same += answered
            if rc not in (0, 1) or b"ERROR: AddressSan" in err \
                    or b"runtime error" in err:
                crashed += 1
                print(f"not ok - {name} {i}: exit {rc}\n{err[-400:]}")
            elif (is_plain or sealed) and not answered:
                wrong += 1
                print(f"not ok - {name} {i}, question {turn}: other answers")
        with open(path, "wb") as f:
            f.write(whole)
    print(f"{what}: {len(FILES) * count} "
          f"corruptions, {crashed} crashes, {wrong} that should have been "
          f"noticed, {same} with the whole tree's answers", flush=True)
    return crashed + wrong


def main():
    cache = os.environ.get("LKM_CACHE") or \
        os.path.expanduser("~/.cache/lkm-tests")
    modules = os.path.join(cache, "kernels/6.1/lib/modules")
    if not os.path.isdir(modules) or not os.path.exists(DEPMOD):
        print("skipped: no kernel 6.1, or no depmod")
        sys.exit(SKIP)
    bad, count = 0, int(sys.argv[4])
    with tempfile.TemporaryDirectory(dir=cache) as root:
        bad += corrupt(Tree(root, modules, DEPMOD), "depmod's index",
                       DRIVER + TOOLS, False, count)
    with tempfile.TemporaryDirectory(dir=cache) as root:
        tree = Tree(root, modules, sys.argv[3])
        bad += corrupt(tree, "lkm's index", DRIVER + TOOLS, True, count)
        tree.forget_text()
        bad += corrupt(tree, "without text", TOOLS, True, max(count // 30, 1))
    sys.exit(1 if bad else 0)


main()
