#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The index files that lkm writes are those of Debian's depmod.

usage: index.py INDEX-RUN 6.1|6.12     all modules of a real kernel
       index.py INDEX-RUN made [SEED]  small trees made at random

Text files are equal to the byte.  So are the .bin files without their seal,
where depmod has the node order of kmod up to 33; modprobe's and busybox's
answers from our files are those from depmod's in any case."""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "../common"))
import mkmodule             # noqa: E402

DEPMOD = "/usr/sbin/depmod"
MODPROBE = "/usr/sbin/modprobe"
SKIP = 77
TREES = 60
INDEX = re.compile(r"modules\.(dep|alias|symbols|softdep|weakdep|devname"
                   r"|builtin(\.alias)?)(\.bin)?$")
INPUT = {"modules.builtin"}
failures = 0


def skip(why):
    print("skipped:", why)
    sys.exit(SKIP)


def check(good, what):
    global failures
    if not good:
        failures += 1
        print("not ok -", what)
    return good


def kmod_version():
    text = subprocess.run([DEPMOD, "--version"], capture_output=True,
                          text=True).stdout
    return int(text.split()[2].split(".")[0])


class Tree:
    def __init__(self, root, release, config):
        self.root, self.release, self.config = root, release, config
        self.modules = os.path.join(root, "lib/modules", release)

    def files(self):
        """The index files, taken away."""
        result = {}
        for name in os.listdir(self.modules):
            if INDEX.match(name) and name not in INPUT:
                path = os.path.join(self.modules, name)
                with open(path, "rb") as f:
                    result[name] = f.read()
                os.unlink(path)
        return result

    def depmod(self):
        done = subprocess.run([DEPMOD, "-b", self.root, "-C", self.config,
                               self.release], capture_output=True, text=True)
        return done.returncode, done.stderr

    def ours(self, program, *options):
        config = "/" + os.path.relpath(self.config, self.root)
        done = subprocess.run([program, *options, "-C", config, self.root,
                               self.release], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def dump(self):
        """What modprobe finds in the indexes."""
        done = subprocess.run([MODPROBE, "-C", self.config, "-d", self.root,
                               "-S", self.release, "-c"],
                              capture_output=True)
        return done.stdout

    def needs(self, name):
        done = subprocess.run([MODPROBE, "-C", self.config, "-d", self.root,
                               "-S", self.release, "-D", name],
                              capture_output=True, text=True)
        return done.stdout


def unsealed(content):
    """A .bin file without what lkm puts behind it (src/tree/seal.h)."""
    if len(content) < 28 or content[-4:] != b"lkm1":
        return content
    size = int.from_bytes(content[-12:-8], "big")
    return content[:8] + bytes([content[8] & ~0x10]) + content[9:size]


def compare(theirs, ours, what):
    """Every file of depmod is ours too; True when all are equal."""
    version = kmod_version()
    good = True
    for name, content in sorted(theirs.items()):
        mine = unsealed(ours.get(name, b""))
        if name.endswith(".bin") and version > 33:
            good &= check(len(mine) == len(content), f"{what}: {name}: size")
            continue
        good &= check(mine == content, f"{what}: {name}")
    return good


def copy_tree(root, kernel):
    """A real kernel's modules, in a directory that can be written to.  Copies:
    a hard link that another test makes or removes would change the ctime, and
    the cache looks at that."""
    cache = os.environ.get("LKM_CACHE") or \
        os.path.expanduser("~/.cache/lkm-tests")
    parent = os.path.join(cache, "kernels", kernel, "lib/modules")
    if not os.path.isdir(parent):
        skip(f"no {parent}")
    release = max(os.listdir(parent))
    modules = os.path.join(root, "lib/modules", release)
    os.makedirs(os.path.dirname(modules))
    shutil.copytree(os.path.join(parent, release), modules,
                    ignore=lambda _, names: [n for n in names if
                                             INDEX.match(n) and
                                             n not in INPUT])
    return release


def busybox(tree):
    """busybox reads modules.dep.bb or the text files of a fixed place."""
    if not shutil.which("busybox") or os.geteuid() != 0:
        return
    place = "lib/modules/" + os.uname().release
    script = f"mkdir -p {tree.root}/{place} && " \
        f"mount --bind {tree.modules} {tree.root}/{place} && " \
        f"cp $(command -v busybox) {tree.root}/busybox && " \
        f"chroot {tree.root} /busybox modprobe -D ext4"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script],
                          capture_output=True, text=True)
    check("ext4" in done.stdout and "jbd2" in done.stdout,
          f"busybox modprobe: {done.stdout!r} {done.stderr!r}")


def real(program, kernel):
    with tempfile.TemporaryDirectory() as root:
        config = os.path.join(root, "none")
        os.mkdir(config)
        tree = Tree(root, copy_tree(root, kernel), config)
        rc, text = tree.depmod()
        check(rc == 0, f"depmod: {text}")
        names = ["ext4", "btrfs", "e1000e", "pci:v00008086d000010D3sv*",
                 "symbol:crc16", "fs-xfs", "char-major-10-234"]
        their_dump = tree.dump()
        their_needs = [tree.needs(n) for n in names]
        theirs = tree.files()
        rc, text = tree.ours(program, "-n")
        check(rc == 0, f"index: {text}")
        print(text.strip())
        check(tree.dump() == their_dump, "modprobe -c")
        for name, need in zip(names, their_needs):
            check(tree.needs(name) == need, f"modprobe -D {name}")
        busybox(tree)
        compare(theirs, tree.files(), kernel)
        cached(program, tree, theirs)


def cached(program, tree, theirs):
    """The cache gives the same files, also when half of it is gone."""
    os.environ["LKM_CACHE_DIR"] = os.path.join(tree.root, "cache")
    time.sleep(2.1)         # what is fresher is not taken from a cache
    for what in ("first", "second", "damaged"):
        if what == "damaged":
            for folder, _, names in os.walk(os.environ["LKM_CACHE_DIR"]):
                for name in names:
                    path = os.path.join(folder, name)
                    os.truncate(path, os.path.getsize(path) // 2)
        rc, text = tree.ours(program)
        check(rc == 0 and ("read 0 " in text) == (what == "second"),
              f"{what}: {text}")
        compare(theirs, tree.files(), f"with the {what} cache")
    del os.environ["LKM_CACHE_DIR"]


# --- small trees --------------------------------------------------------------

PLACES = ["kernel", "kernel/a", "kernel/a/b", "kernel/c-d", "updates",
          "updates/dkms", "extra", "misc", "weird name", "build", "source",
          "kernel/build", "."]
ENDINGS = [".ko"] * 6 + [".ko.xz"]


def module(rng, name, symbols):
    words = [f"name={name}", "license=GPL"]
    for _ in range(rng.randrange(3)):
        words.append(f"export:{rng.choice(symbols)}:{rng.randrange(1, 99)}")
    mine = [w.split(":")[1] for w in words if w.startswith("export:")]
    for _ in range(rng.choice((0, 1, 2, 5, 9))):
        # Needs go one way, so that cycles are rare but not impossible.
        need = rng.choice(symbols)
        later = not mine or need > max(mine) or rng.randrange(300) == 0
        if need not in mine and later:
            kind = rng.choice(("need", "need", "need", "weak"))
            crc = f":{rng.randrange(1, 99)}" if rng.randrange(4) else ""
            words.append(f"{kind}:{need}{crc}")
    for _ in range(rng.choice((0, 0, 1, 3))):
        words.append("alias=" + rng.choice(
            (f"pci:v0000{rng.randrange(9)}d*", f"fs-{name}", "a-b[0-9-x]*",
             "broken[x", "x]", f"of:N*T*C{name}", "devname:snd/seq",
             f"char-major-{rng.randrange(20)}-{rng.randrange(20)}",
             f"block-major-{rng.randrange(20)}-*", "devname:loop-control",
             f"p{'q' * rng.randrange(60)}", "pci:v0000")))
    if rng.randrange(6) == 0:
        words.append("softdep=pre:%20x%20post:%20y-z")
    return mkmodule.make(" ".join(words))


def write_module(path, content):
    if path.endswith(".xz"):
        import lzma
        content = lzma.compress(content, check=lzma.CHECK_CRC32)
    with open(path, "wb") as f:
        f.write(content)


def make_tree(rng, root):
    modules = os.path.join(root, "lib/modules/1.2.3")
    os.makedirs(modules)
    symbols = [f"sym_{i}_{'x' * rng.randrange(9)}" for i in range(60)]
    names = [rng.choice(("mod", "snd", "x")) + rng.choice("-_") + str(i)
             for i in range(rng.choice((0, 1, 5, 20, 60)))]
    order = []
    for name in names:
        for place in rng.sample(PLACES, rng.choice((1, 1, 1, 1, 2, 3))):
            folder = os.path.join(modules, place)
            os.makedirs(folder, exist_ok=True)
            ending = rng.choice(ENDINGS)
            path = os.path.join(folder, name + ending)
            write_module(path, module(rng, name, symbols))
            if rng.randrange(10) == 0:
                with open(path, "r+b") as f:
                    f.truncate(rng.randrange(os.path.getsize(path)))
            if rng.randrange(3):
                order.append(os.path.relpath(
                    os.path.join(folder, name + ".ko"), modules))
    if names and rng.randrange(3) == 0:
        os.makedirs(os.path.join(modules, "links"))
        os.symlink("../kernel", os.path.join(modules, "links/all"))
    rng.shuffle(order)
    if rng.randrange(5):
        with open(os.path.join(modules, "modules.order"), "w") as f:
            f.write("\n".join(order) + ("\n" if rng.randrange(5) else ""))
    if rng.randrange(3):
        with open(os.path.join(modules, "modules.builtin"), "w") as f:
            f.write("kernel/a/one-two.ko\nkernel/three.ko\n\n#x\n")
    if rng.randrange(3):
        with open(os.path.join(modules, "modules.builtin.modinfo"),
                  "wb") as f:
            f.write(b"one_two.alias=pci:v-1*\0one_two.alias=fs-x\0"
                    b"three.alias=fs-x\0three.license=GPL\0")
    config = os.path.join(root, "depmod.conf")
    with open(config, "w") as f:
        lines = ["search updates built-in extra", "search extra misc",
                 "search built-in", "override mod-1 * extra",
                 "override mod_2 1.2 kernel/a", "override x-3 9.9 misc",
                 "exclude misc", "# nothing", "include x", "bogus",
                 "search \\\n kernel/a updates built-in"]
        for line in rng.sample(lines, rng.randrange(4)):
            f.write(line + "\n")
    return Tree(root, "1.2.3", config)


def made(program, seed):
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as root:
        tree = make_tree(rng, root)
        rc, text = tree.depmod()
        theirs = tree.files()
        our_rc, our_text = tree.ours(program, "-n")
        ours = tree.files()
        if rc != 0 and "ycle" in text:
            return check(our_rc == 1 and "tree.cycle" in our_text and
                         not ours, f"seed {seed}: cycle: {our_text}")
        check(rc == our_rc, f"seed {seed}: status {rc} and {our_rc}: "
              f"{text}{our_text}")
        return compare(theirs, ours, f"seed {seed}")


def main():
    program, kind = sys.argv[1:3]
    if not os.path.exists(DEPMOD):
        skip("no depmod")
    if kind != "made":
        real(program, kind)
    elif len(sys.argv) > 3:
        made(program, int(sys.argv[3]))
    else:
        good = sum(bool(made(program, seed)) for seed in range(TREES))
        print(f"{good} of {TREES} trees equal")
    print("failures:", failures)
    sys.exit(1 if failures else 0)


main()
