#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lkm's modprobe, modinfo, depmod, ... beside those of Debian's kmod 30.

compat.py LKM KERNEL [PART...]   parts: options made modprobe aliases modinfo
                                 depmod; without one: all, samples of the
                                 long ones; "all": all, and no samples

KERNEL is a link of tools/fetch-kernels ("6.1"); absent: skipped (77).
Standard output, standard error and exit status must be the same, but for what
docs/differences.md lists:
  source-position  libkmod's messages name a source file and line; lkm's tools
                   say the rest of the line
  other-root       modprobe -d reads no command line of this machine
  newer            options that kmod 30 does not have are not compared
"""
import hashlib
import os
import random
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "common"))
import kmod30           # noqa: E402
import trees            # noqa: E402

MKMODULE = os.path.join(HERE, "../common/mkmodule.py")
TOOLS = ("lsmod", "insmod", "rmmod", "modprobe", "modinfo", "depmod", "kmod")
ALIASES = 20000         # of all kinds; the default run takes a sample
SAMPLE = 2500

DEPMOD_CASES = """
-n
-n -v
-n -w
-w
-w -v
-A -w
-n -e -F map
-n -e -E symvers
-n -e -v -E symvers
-n -e -E symvers -F map
-n -C dep.d
-n -C dep.d/a.conf -w
-F /nosuch
-E /nosuch
-n -P _
-u -q -r --map -n
-A -n
-a -n
"""

DEPMOD_FILES = """
1.2.3-t
1.2.3-t nosuch.ko
1.2.3-t /nosuch.ko
-n 1.2.3-t {dir}/kernel/base.ko
-n 1.2.3-t {dir}/kernel/top.ko {dir}/kernel/mid.ko
-n 1.2.3-t {dir}/kernel/top.ko /broken/../{dir}/kernel/base.ko
-n 4.5.6-cycle
4.5.6-cycle
-n 7.8.9-bare
7.8.9-bare
-w 7.8.9-bare
-A 7.8.9-bare
"""


class Judge:
    """Runs a command both ways and counts what differs."""

    def __init__(self, lkm, cwd):
        self.programs = {"lkm": os.path.abspath(lkm), "kmod": kmod30.find()}
        self.cwd = cwd
        self.bad = []
        self.count = 0

    def run(self, which, argv, env=None, stdin=None):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
               **(env or {})}
        done = subprocess.run(argv, executable=self.programs[which],
                              cwd=self.cwd, env=env, input=stdin,
                              stdin=None if stdin else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False)
        return done.stdout, relaxed(done.stderr), done.returncode

    def same(self, argv, env=None, keep=None):
        """@keep: of output, only what this makes of it is compared."""
        results = [self.run(which, argv, env) for which in ("kmod", "lkm")]
        self.count += 1
        if keep:
            results = [tuple(keep(r)) for r in results]
        if results[0] != results[1]:
            self.bad.append((argv, env, results))

    def same_all(self, commands):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self.same, commands))

    def report(self, part):
        for argv, env, (kmod, lkm) in self.bad[:int(os.environ.get("SHOW", 8))]:
            print(f"--- {' '.join(argv)} {env or ''}")
            for name, a, b in zip(("stdout", "stderr", "status"), kmod, lkm):
                if a != b:
                    show(name, a, b)
        print(f"{part}: {self.count} commands, {len(self.bad)} differ",
              flush=True)
        ret = len(self.bad)
        self.bad, self.count = [], 0
        return ret


def show(name, kmod, lkm):
    if isinstance(kmod, int):
        print(f"  {name}: kmod {kmod}, lkm {lkm}")
        return
    a, b = (x if isinstance(x, list) else x.split(b"\n")
            for x in (kmod, lkm))
    for i in range(max(len(a), len(b))):
        left = a[i] if i < len(a) else b"(none)"
        right = b[i] if i < len(b) else b"(none)"
        if left != right:
            print(f"  {name} line {i + 1}:\n    kmod {left[:300]!r}"
                  f"\n    lkm  {right[:300]!r}")
            return


def relaxed(stderr):
    """Rule source-position."""
    return re.sub(rb"\.\./\S+:\d+ \w+(\(\)|:) ", b"", stderr)


CONF = """\
install mid /bin/false
install killme exit 3
alias abc nosuch
alias two* base
alias two* mid
alias tw* killme
alias al base
alias al2 top
alias al2 base
options base a=1\tb=2
options top    x=y # hi
softdep base post: nosuch
blacklist base
blacklist yyy-z
remove base echo "bye $MODPROBE_MODULE"
remove top echo no; false
"""

MADE = ("base export:base_fn:1 export:base_gpl:3:gpl alias=pci:v00001234d* "
        "alias=d:* alias=d:* alias=b-c alias=b_c alias=b- alias=b[-] author=A%20B author=C",
        "mid need:base_fn:1 export:mid_fn:2 parm=a:first parm=b:second "
        "parmtype=b:int parmtype=c:bool parm=broken "
        "version=1.2",
        "top need:mid_fn:2 need:base_fn:1 parm=debug:how%20much "
        "parmtype=debug:int firmware=top/fw.bin alias=top-alias "
        "softdep=pre:%20base")


OTHERS = {
    "4.5.6-cycle/kernel/a.ko": "name=a need:b_fn:1 export:a_fn:1",
    "4.5.6-cycle/kernel/b.ko": "name=b need:a_fn:1 export:b_fn:1",
    "7.8.9-bare/kernel/alone.ko": "name=alone alias=x:y",
    "7.8.9-bare/extra/alone.ko": "name=alone alias=x:z",
}


def make_tree(folder):
    """root r with three modules of release 1.2.3-t, rules in conf."""
    kernel = os.path.join(folder, "r/lib/modules/1.2.3-t/kernel")
    os.makedirs(kernel)
    os.makedirs(os.path.join(folder, "conf"))
    for text in MADE:
        name = text.split()[0]
        out = subprocess.run(
            [sys.executable, MKMODULE,
             f"name={name} license=GPL description=The%20{name}%20one "
             + text.split(" ", 1)[1]], stdout=subprocess.PIPE, check=True)
        with open(f"{kernel}/{name}.ko", "wb") as f:
            f.write(out.stdout)
    for name in ("order", "builtin", "builtin.modinfo"):
        with open(f"{kernel}/../modules.{name}", "wb") as f:
            f.write({"order": b"kernel/mid.ko\n",
                     "builtin": b"kernel/lib/inner.ko\n",
                     "builtin.modinfo":
                     b"inner.license=GPL\0inner.alias=in:*\0"
                     b"inner.parm=p:q\0inner.parmtype=p:int\0"}[name])
    with open(os.path.join(folder, "conf/a.conf"), "w",
              encoding="ascii") as f:
        f.write(CONF)
    for name, text in OTHERS.items():
        where = os.path.join(folder, "r/lib/modules", name)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, "wb") as f:
            f.write(subprocess.run([sys.executable, MKMODULE, text],
                                   stdout=subprocess.PIPE, check=True).stdout)
    os.makedirs(os.path.join(folder, "dep.d"))
    for name, text in {
            "dep.d/a.conf": "search updates built-in\noverride base * extra\n",
            "map": "ffffffff81000000 T start\n"
                   "ffffffff81000010 r __ksymtab_module_layout\n",
            "symvers": "0x12345678\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\n"
                       "0x00000009\tmid_fn\tvmlinux\tEXPORT_SYMBOL\n"
                       "0x00000009\tother\textra/x\tEXPORT_SYMBOL\n",
            }.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as f:
            f.write(text)
    with open(os.path.join(folder, "broken.ko"), "wb") as f:
        f.write(b"\177ELF" + bytes(200))
    subprocess.run(["/usr/sbin/depmod", "-b", "r", "1.2.3-t"], cwd=folder,
                   check=True)


def part_options(j, _):
    """What options do before anything else is looked at."""
    bad = ["--foo", "-Z", "--help=3", "--version=1"]
    for tool in TOOLS[1:]:
        for word in bad + ["-h", "--help"]:
            j.same([tool, word])
    for words in ("", "--f", "-w x -r base", "-w", "--config", "-C", "-d",
                  "--all=2 x", "-r", "-q", "-a", "--ig", "-w 5x -r y", "-S",
                  "--force-", "--res", "-R", "--use-blacklist"):
        j.same(["modprobe"] + words.split())
    for words in ("", "-F", "-k", "-b", "--field", "-0", "--para=x"):
        j.same(["modinfo"] + words.split())
    for words in ("", "-f", "-", "/nosuch.ko", "nosuch.ko a=1", "/etc",
                  "broken.ko", "/etc/passwd"):
        j.same(["insmod"] + words.split())
    for words in ("", "-f", "-s", "-v", "--syslog"):
        j.same(["rmmod"] + words.split())
    for words in ("", "help", "nosuch", "-h", "help x", "static-nodes -h",
                  "static-nodes -f nosuch", "static-nodes -x",
                  "static-nodes --form", "static-nodes --format=devname x",
                  "list x", "list nosuch"):
        j.same(["kmod"] + words.split())
    for words in ("x", "x y"):
        j.same(["lsmod"] + words.split())
        j.same(["/usr/sbin/lsmod"] + words.split())
    j.same(["/usr/sbin/modprobe", "--foo"])
    j.same(["/usr/sbin/modprobe", "-h"])
    for words in ("-e", "-e 1.2.3-t", "-P xx 1.2.3-t", "-b", "-C", "-E", "-F",
                  "-n nosuch", "-a 9.9.9-nosuch", "-b /nosuch 1.2.3",
                  "-n -b r 9.9.9", "-A -b r 9.9.9", "--err", "-u -r -q x.y"):
        j.same(["depmod"] + words.split())


MADE_CASES = """
-c
-D top
nosuch
abc
-D abc
-D two1
-a nosuch mid
-r nosuch
-r -n -v base
-R two1
-R al2
-R nosuch
-q nosuch
-Dq nosuch
-D --ignore mid
-n base
-nv base p="1
-D -i base
-b base
-D -b base
al
-D al
-D al2
-Rb base
-D killme p=$x y
-D mid a="b c"
-c x
-D symbol:mid_fn
-R symbol:nosuch
-R r/lib
-D pci:v00001234d1
-R in:side
-D inner
-D in:side
-D top-alias
-D top_alias
-D top[
-R top[a
-n inner
-n --first-time inner
-vn nosuch top
-r top
-q -r top
-rq nosuch top
-r nosuch top
-ra nosuch top
-r base
-v -r base
-r inner
-ra nosuch inner nosuch2
--first-time -r mid
--show-modversions nosuch
--show-modversions /etc/passwd
--show-modversions broken.ko
--show-modversions r/lib/modules/1.2.3-t/kernel/base.ko
--show-modversions r/lib/modules/1.2.3-t/kernel/top.ko
--dump-modversions r/lib/modules/1.2.3-t/kernel/mid.ko
--show-exports r/lib/modules/1.2.3-t/kernel/base.ko
--show-exports r/lib/modules/1.2.3-t/kernel/mid.ko
--show-exports r/lib/modules/1.2.3-t/kernel/top.ko
--show-exports nosuch
mid
killme
-v mid x=1
-a mid killme
"""

INFO_CASES = """
base
top
mid
base top
nosuch
nosuch base
r/lib/modules/1.2.3-t/kernel/base.ko
./r/lib/modules/1.2.3-t/kernel/top.ko
/nosuch.ko
broken.ko
/etc/passwd
-F author base
-F Author base
-F parm mid
-F parmtype mid
-F nosuch base
-F filename base top
-F name inner
-a base
-d base mid
-l mid
-p mid
-p base
-n top
-n inner
-0 mid
-0 -F author base
-0 -p mid
-0 -n top
-0 base top
-m base
-m nosuch
-m top-alias
-m inner
-m al
top-alias
pci:v00001234dsomething
inner
in:side
-F parm inner
-a -d base
symbol:base_fn
base[
"""


def part_made(j, folder):
    """Made-up modules and rules."""
    lines = [x.split(" ") for x in MADE_CASES.split("\n") if x]
    start = ["modprobe", "-d", "r", "-S", "1.2.3-t", "-C", "conf"]
    for words in lines:
        j.same(start + words, keep=without_cmdline(j) if "-c" in words
               else None)
    for root in ("r/", "/", "", "./r", folder + "/r", folder + "/r/"):
        for words in (["-D", "top"], ["nosuch"], ["-R", "top"]):
            j.same(["modprobe", "-d", root, "-S", "1.2.3-t", "-C", "conf"]
                   + words)
        for words in (["base"], ["nosuch"]):
            j.same(["modinfo", "-b", root, "-k", "1.2.3-t"] + words)
    for name in ("nosuch", "pci:v1"):
        j.same(["modprobe", "-S", "9.9.9", "-C", "conf", name])
        j.same(["modprobe", "-S", "9.9.9", "-C", "conf", "-q", name])
    start = ["modprobe", "-d", "r", "-S", "1.2.3-t", "-C", "conf", "-D", "top"]
    j.same(start + ["p=a b", 'q="x y"', "r='s t", "z"])
    j.same(start + ["p=a\tb", "=", "x=", 'y="'])
    for env in ('-D "x y"', "-q", "-v", "'-n'", "-D -i", "-Z", "-S x -C y"):
        for last in (["base"], ["nosuch"], []):
            j.same(["modprobe", "-d", "r", "-S", "1.2.3-t"] + last,
                   {"MODPROBE_OPTIONS": env})
    modules = folder + "/r/lib/modules/1.2.3-t"
    for words in DEPMOD_CASES.split("\n"):
        if words:
            j.same(["depmod", "-b", "r"] + words.split() + ["1.2.3-t"],
                   keep=sorted_lines)
    for words in DEPMOD_FILES.split("\n"):
        if words:
            j.same(["depmod", "-b", "r"] + words.format(dir=modules).split(),
                   keep=sorted_lines)
    for words in INFO_CASES.split("\n"):
        if words:
            j.same(["modinfo", "-b", "r", "-k", "1.2.3-t"] + words.split(" "))


def sorted_lines(result):
    """For what has another order: warnings, and the modules of -v."""
    return (sorted(result[0].split(b"\n")), sorted(result[1].split(b"\n")),
            result[2])


def without_cmdline(j):
    """Rule other-root: kmod takes this machine's command line for it."""
    out = j.run("kmod", ["modprobe", "-C", "/nosuch", "-S", "9.9.9", "-c"])[0]
    ours = {x for x in out.split(b"\n") if x.startswith(b"options ")}
    return lambda r: (b"\n".join(x for x in r[0].split(b"\n")
                                 if x not in ours), *r[1:])


class Tree:
    """A copy of a kernel's module tree with kmod's indexes."""

    def __init__(self, link, tmp):
        self.root = os.path.join(tmp, "root")
        self.release = trees.indexed(link, self.root)
        self.dir = os.path.join(self.root, "lib/modules", self.release)
        with open(os.path.join(self.dir, "modules.dep"),
                  encoding="ascii") as f:
            self.paths = [os.path.join(self.dir, x.split(":")[0]) for x in f]
        self.names = [os.path.basename(x).split(".ko")[0] for x in self.paths]
        with open(os.path.join(self.dir, "modules.alias"),
                  encoding="utf-8") as f:
            self.aliases = [x.split(" ")[1] for x in f if x[0] != "#"]


def stable(items, count):
    """A sample that is the same in each run, but not of the same kind."""
    def key(text):
        return hashlib.sha1(str(text).encode()).digest()
    return sorted(items, key=key)[:count]


def instance(pattern, rng):
    """A modalias that the pattern matches: wildcards filled in."""
    def fill(match):
        text = match.group()
        if text == "*":
            return rng.choice(["", "0", "00000001", "xy", "FF", "sc00i00"])
        if text == "?":
            return rng.choice("0aF")
        return text[1]
    return re.sub(r"\*|\?|\[[^]]*\]", fill, pattern)


def derived(tree):
    """Modaliases for each pattern, at least ALIASES of them."""
    rng = random.Random(1)
    found = []
    while len(found) < ALIASES:
        found += [instance(a, rng) for a in tree.aliases]
    return list(dict.fromkeys(found))


def part_modprobe(j, tree, full):
    start = ["modprobe", "-d", tree.root, "-S", tree.release]
    conf = ["-C", "/nosuch"]
    j.same(start + conf + ["-c"], keep=without_cmdline(j))
    for path in tree.paths if full else stable(tree.paths, 60):
        j.same(start + conf + ["--show-modversions", path])
        j.same(start + conf + ["--show-exports", path])
    for name in tree.names if full else stable(tree.names, 150):
        j.same(start + conf + ["-D", name])


def part_aliases(j, tree, full):
    start = ["modprobe", "-d", tree.root, "-S", tree.release, "-C", "/nosuch"]
    aliases = derived(tree)
    if not full:
        aliases = stable(aliases, SAMPLE)
    j.same_all([start + ["-D", a] for a in aliases])


def part_modinfo(j, tree, full):
    start = ["modinfo", "-b", tree.root, "-k", tree.release]
    names = tree.names if full else stable(tree.names, 300)
    j.same_all([start + [n] for n in names])
    for name in stable(tree.names, 10):
        for words in (["-0"], ["-F", "sig_key"], ["-F", "signature"],
                      ["-F", "alias"], ["-p"], ["-n"], ["-F", "vermagic"]):
            j.same(start + words + [name])
    with open(tree.dir + "/modules.builtin", encoding="ascii") as f:
        inner = [os.path.basename(x.strip())[:-3] for x in f]
    j.same_all([start + [n] for n in (inner if full else stable(inner, 60))])


def part_depmod(j, tree, full):
    """The files are compared by index.py; here is what depmod says."""
    start = ["depmod", "-b", tree.root]
    symvers = os.path.join(tree.root, "symvers")
    with open(symvers, "w", encoding="ascii") as f:
        f.write("0x00000001\tprintk\tvmlinux\tEXPORT_SYMBOL\n"
                "0xdeadbeef\t_printk\tvmlinux\tEXPORT_SYMBOL_GPL\n")
    j.same(start + ["-n", "-w", "-e", "-v", "-E", symvers, tree.release],
           keep=sorted_lines)
    if full:
        j.same(start + ["-n", tree.release])
        j.same(start + ["-w", tree.release])
        j.same(start + ["-A", tree.release])


PARTS = {"options": part_options, "made": part_made,
         "modprobe": part_modprobe, "aliases": part_aliases,
         "modinfo": part_modinfo, "depmod": part_depmod}


def main():
    lkm, kernel, *parts = sys.argv[1:]
    full = "all" in parts
    parts = [p for p in parts if p != "all"] or list(PARTS)
    cache = os.environ.get("LKM_CACHE") or \
        os.path.expanduser("~/.cache/lkm-tests")
    link = os.path.join(cache, "kernels", kernel)
    if not os.path.isdir(link):
        print("skipped: no kernel " + kernel + " (tools/fetch-kernels)")
        sys.exit(77)
    kmod30.demand()
    bad = 0
    with tempfile.TemporaryDirectory(dir=cache, prefix="compat-") as tmp:
        make_tree(tmp)
        j = Judge(lkm, tmp)
        tree = None
        for part in parts:
            if part in ("options", "made"):
                PARTS[part](j, tmp)
            else:
                tree = tree or Tree(link, tmp)
                PARTS[part](j, tree, full)
            bad += j.report(part)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
