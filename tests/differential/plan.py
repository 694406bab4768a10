#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plans beside modprobe --show-depends, for every module of a kernel.

plan.py PLAN-DUMP KERNEL all       every module, both dialects
plan.py PLAN-DUMP KERNEL config    generated configurations, both dialects
plan.py PLAN-DUMP KERNEL unload LIBRARY
                                   modprobe -r on made-up sets of loaded
                                   modules; LIBRARY (plan-kernel.c) is its
                                   kernel

KERNEL is a link of tools/fetch-kernels ("6.1"); absent: skipped (77).

In the kmod dialect a plan must be what modprobe prints, to the byte.  In the
lkm dialect the rules of docs/differences.md are applied to what modprobe
prints before comparing:
  softdep-merge  modprobe is given a configuration whose softdep lines are
                 merged beforehand (it takes the first that matches)
  once           a module that was printed before is dropped; it has the
                 options of one of the names that led to it
  options-blank  blanks at the end of a line are dropped
"""
import difflib
import fnmatch
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "common"))
import trees            # noqa: E402

SETS = int(os.environ.get("LKM_PLAN_SETS", "200"))
NAMES = 20


class Tree:
    """A copy of a kernel's module tree with kmod's indexes."""

    def __init__(self, link, tmp):
        self.root = os.path.join(tmp, "root")
        self.release = trees.indexed(link, self.root)
        self.dir = os.path.join(self.root, "lib/modules", self.release)
        self.modules = []
        self.needs = {}
        with open(os.path.join(self.dir, "modules.dep")) as f:
            for line in f:
                path, needs = line.split(":")
                self.needs[os.path.join(self.dir, path)] = [
                    os.path.join(self.dir, x) for x in needs.split()]
                name = os.path.basename(line.split(":")[0])
                self.modules.append(name.split(".ko")[0].replace("-", "_"))
        self.aliases = self.read_lines("modules.alias")
        self.softdeps = self.read_lines("modules.softdep")
        with open(os.path.join(self.dir, "modules.builtin")) as f:
            self.builtin = [os.path.basename(x.strip())[:-3].replace("-", "_")
                            for x in f]

    def in_order(self, steps):
        """Does each module come behind what it needs?"""
        done = set()
        for step in steps:
            path = step.split(" ")[1]
            if not step.startswith("insmod "):
                continue
            done.add(path)
            # What has an install line is no insmod step.
            if any(d not in done and "insmod " + d in steps
                   for d in self.needs[path]):
                return False
        return True

    def read_lines(self, name):
        with open(os.path.join(self.dir, name)) as f:
            return [x.rstrip("\n") for x in f if not x.startswith("#")]


def kmod_one(tree, conf, name, flags, options):
    cmd = ["modprobe", "-D", "-d", tree.root, "-S", tree.release, "-C", conf]
    run = subprocess.run(cmd + flags + ["--", name] + options,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = run.stdout.decode()
    # Not found: nothing is printed, and so it is for what leads nowhere.
    return out if out or run.returncode == 0 else "error\n"


def kmod_all(tree, conf, names, flags=(), options=(), cmdline=None):
    """One modprobe for each name.  With @cmdline under a /proc/cmdline that
    says so, which takes a mount namespace."""
    if cmdline is None:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda n: kmod_one(
                tree, conf, n, list(flags), list(options)), names))
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(cmdline + "\n")
        f.flush()
        script = """
        mount --bind "$1" /proc/cmdline || exit 99
        while read -r name; do
            echo "== $name"
            modprobe -D -d "$2" -S "$3" -C "$4" $5 -- "$name" $6 2>/dev/null
            echo "rc $?"
        done
        """
        run = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, "sh", f.name, tree.root,
             tree.release, conf, " ".join(flags), " ".join(options)],
            input="".join(n + "\n" for n in names).encode(),
            stdout=subprocess.PIPE, check=True)
    found = []
    for part in run.stdout.decode().split("== ")[1:]:
        body = part.split("\n", 1)[1]
        body, rc = body.rsplit("rc ", 1)
        found.append(body if body or rc.strip() == "0" else "error\n")
    return found


def lkm_all(dump, tree, conf, names, flags=(), options=(), cmdline=""):
    cmd = [dump, "-r", tree.root, "-k", tree.release, "-m", cmdline]
    # Below the root, as the tree is.
    cmd += ["-C", conf[len(tree.root):]] + list(flags)
    if options:
        cmd += ["-o", " ".join(options)]
    run = subprocess.run(cmd, input="".join(n + "\n" for n in names).encode(),
                         stdout=subprocess.PIPE, check=True)
    parts = re.split(r"(?m)^== .*\n", run.stdout.decode())[1:]
    return ["error\n" if p.startswith("error plan.notfound") else p
            for p in parts]


def relaxed(text):
    """Rules once and options-blank: {module or command: options it had}."""
    seen = {}
    for line in text.splitlines():
        words = line.rstrip().split(" ", 2)
        seen.setdefault(" ".join(words[:2]), set()).add(" ".join(words[2:]))
    return seen


def same(a, b):
    """@a: our plan, @b: what modprobe printed."""
    if isinstance(a, str):
        return a == b
    return list(a) == list(b) and all(a[x] <= b[x] for x in a)


def same_but_order(tree, a, b):
    """Rule once: kmod takes an alias of a module for another module, so in a
    softdep cycle it walks that again, at another place.  The same modules in
    an order where what is needed comes first will do, now and then."""
    return isinstance(a, dict) and sorted(a) == sorted(b) and \
        all(a[x] <= b[x] for x in a) and tree.in_order(list(a))


def words_of(value):
    mode, halves = None, {"pre": [], "post": []}
    for word in value.split():
        if word in ("pre:", "post:"):
            mode = word[:-1]
        elif mode:
            halves[mode].append(word)
    return halves


def merged(tree, lines, soft_lines):
    """Rule softdep-merge: one literal line for each module that has some."""
    parsed = []
    for line in soft_lines:
        _, key, value = line.split(None, 2)
        parsed.append((key.replace("-", "_"), words_of(value)))
    made = []
    for name in tree.modules + tree.builtin + ["cmd_%d" % i for i in range(9)]:
        pre, post = [], []
        for key, halves in parsed:
            if fnmatch.fnmatchcase(name, key):
                pre += halves["pre"]
                post += halves["post"]
        if pre or post:
            made.append("softdep %s pre: %s post: %s" %
                        (name, " ".join(pre), " ".join(post)))
    return made + [x for x in lines if not x.startswith("softdep")]


def lines_of(out):
    if isinstance(out, str):
        return out.split("\n")
    return ["%s %s" % (what, sorted(o)) for what, o in out.items()]


class Report:
    def __init__(self, tree):
        self.tree = tree
        self.order = 0
        self.bad = 0
        self.count = 0

    def compare(self, what, names, ours, theirs):
        if not len(names) == len(ours) == len(theirs):
            raise SystemExit("%s: %d names, %d plans, %d of modprobe" %
                             (what, len(names), len(ours), len(theirs)))
        for name, a, b in zip(names, ours, theirs):
            self.count += 1
            if same(a, b):
                continue
            if same_but_order(self.tree, a, b):
                self.order += 1
                continue
            self.bad += 1
            if self.bad <= 5:
                print("%s: %s" % (what, name))
                print("\n".join(difflib.unified_diff(
                    lines_of(b), lines_of(a), "modprobe", "lkm", "", "", 2)))


def write_conf(path, lines, split=False):
    os.makedirs(path, exist_ok=True)
    half = len(lines) // 2 if split else len(lines)
    with open(os.path.join(path, "00-test.conf"), "w") as f:
        f.write("".join(x + "\n" for x in lines[:half]))
    # Behind modules.softdep, which has its place among the files by name.
    with open(os.path.join(path, "zz-test.conf"), "w") as f:
        f.write("".join(x + "\n" for x in lines[half:]))


def test_all(dump, tree):
    with open("/proc/cmdline") as f:
        host = f.read().strip()
    conf = os.path.join(tree.root, "conf")
    write_conf(conf, [])
    report = Report(tree)
    names = tree.modules + tree.builtin
    theirs = kmod_all(tree, conf, names)
    report.compare("kmod dialect", names,
                   lkm_all(dump, tree, conf, names, cmdline=host), theirs)
    one = os.path.join(tree.root, "merged")
    write_conf(one, merged(tree, [], tree.softdeps))
    soft = {x.split()[1] for x in tree.softdeps}
    again = [n for n, out in zip(names, theirs)
             if n in soft or any(s in out.replace("-", "_") for s in soft)]
    changed = dict(zip(again, kmod_all(tree, one, again)))
    theirs = [changed.get(n, out) for n, out in zip(names, theirs)]
    report.compare("lkm dialect", names,
                   [relaxed(x) for x in
                    lkm_all(dump, tree, conf, names, ["-l"], cmdline=host)],
                   [relaxed(x) for x in theirs])
    return report


class Recipe:
    """A random configuration: lines, and the names to ask for."""

    def __init__(self, tree, rng):
        self.tree = tree
        self.rng = rng
        # A small world, so that lines meet.
        self.world = rng.sample(tree.modules, 25)
        self.soft = set()
        soft = [x.split()[1] for x in tree.softdeps]
        self.tree_soft = set(soft)
        self.world += [rng.choice(soft) for _ in range(5)]
        self.lines = []
        self.aliases = []
        for _ in range(rng.randint(3, 30)):
            getattr(self, rng.choice([
                "options", "alias", "softdep", "softdep", "softdep",
                "install", "blacklist", "weakdep", "remove", "noise"]))()
        rng.shuffle(self.lines)

    def name(self):
        n = self.rng.choice(self.world)
        return n.replace("_", "-") if self.rng.random() < .3 else n

    def pattern(self):
        n = self.name()
        if self.rng.random() < .8:
            return n
        return n[:self.rng.randint(2, len(n))] + "*"

    def word(self):
        r = self.rng.random()
        if r < .6:
            return self.name()
        if r < .7:
            return self.rng.choice(self.tree.builtin)
        if r < .8:
            return "not_there_%d" % self.rng.randint(0, 3)
        if r < .9 and self.aliases:
            return self.rng.choice(self.aliases)
        line = self.rng.choice(self.tree.aliases).split()
        return re.sub(r"\[.*?\]", "0", line[1]).replace("*", "")

    def options(self):
        key = self.name()
        if self.aliases and self.rng.random() < .3:
            key = self.rng.choice(self.aliases)
        self.lines.append("options %s a=%d b=\"x y\"" %
                          (key, self.rng.randint(0, 9)))

    def alias(self):
        a = "test_alias_%d" % self.rng.randint(0, 5)
        key = a if self.rng.random() < .7 else a[:-1] + "?"
        self.aliases.append(a)
        self.lines.append("alias %s %s" % (key, self.name()))

    def softdep(self):
        key = self.pattern()
        self.soft.add(key)
        words = ["pre:"] if self.rng.random() < .8 else []
        words += [self.word() for _ in range(self.rng.randint(0, 3))]
        if self.rng.random() < .4:
            words += ["post:"]
            words += [self.word() for _ in range(self.rng.randint(1, 2))]
        self.lines.append("softdep %s %s" % (key, " ".join(words)))

    def install(self):
        # With a softdep kmod forgets the line; that is a rule with a test of
        # its own (install-softdep), so no recipe has both.
        key = "cmd_%d" % self.rng.randint(0, 3)
        if self.rng.random() < .6:
            key = self.name()
        self.lines.append("install %s /bin/echo $CMDLINE_OPTS %d" %
                          (key, self.rng.randint(0, 9)))

    def remove(self):
        self.lines.append("remove cmd_%d /bin/true" % self.rng.randint(2, 5))

    def blacklist(self):
        self.lines.append("blacklist %s" % self.name())

    def weakdep(self):
        # kmod 30 skips the line, later ones only remember it.
        self.lines.append("weakdep %s %s" % (self.name(), self.name()))

    def noise(self):
        self.lines.append(self.rng.choice([
            "", "# softdep x pre: y", "rubbish line", "softdep", "options"]))

    def cmdline(self):
        words = ["root=/dev/sda", "quiet"]
        for _ in range(self.rng.randint(0, 3)):
            words.append(self.rng.choice([
                "%s.debug=%d" % (self.name(), self.rng.randint(0, 9)),
                # kmod 30 forgets to normalise these (cmdline-dash).
                ("modprobe.blacklist=%s,%s" % (self.name(), self.name()))
                .replace("-", "_"),
                "%s.flag" % self.name()]))
        return " ".join(words)

    def names(self):
        found = [self.name() for _ in range(NAMES // 2)]
        found += ["test_alias_%d" % i for i in range(3)]
        found += [self.word() for _ in range(5)]
        found += ["cmd_%d" % self.rng.randint(0, 5), "nowhere"]
        return [n for n in found if not n.startswith("-") and n.strip() == n]

    def without_clash(self):
        """Drop install lines that a softdep would switch off in kmod."""
        keys = [x.split()[1].replace("-", "_")
                for x in self.lines + self.tree.softdeps
                if x.startswith("softdep ")]
        kept = []
        for line in self.lines:
            if line.startswith("install"):
                name = line.split()[1].replace("-", "_")
                if any(fnmatch.fnmatchcase(name, k) for k in keys):
                    continue
            kept.append(line)
        self.lines = kept


def test_config(dump, tree, mounts):
    report = Report(tree)
    with open("/proc/cmdline") as f:
        host = f.read().strip()
    for seed in range(SETS):
        rng = random.Random(1000 + seed)
        recipe = Recipe(tree, rng)
        recipe.without_clash()
        conf = os.path.join(tree.root, "conf%d" % seed)
        write_conf(conf, recipe.lines, True)
        names = recipe.names()
        cmdline = recipe.cmdline()
        flags = [x for x in ("-b", "-i") if rng.random() < .2]
        if "-i" in flags:
            # Of several targets each is one wherever it appears (rule once).
            names = [n for n in names if not n.startswith("test_alias")]
        mount = cmdline if mounts else None
        ours = cmdline if mounts else host
        options = ["p=1", "q=2"] if rng.random() < .3 else []
        what = "set %d %s %s %s" % (seed, flags, cmdline, recipe.lines)
        theirs = kmod_all(tree, conf, names, flags, options, mount)
        report.compare(what + ", kmod dialect", names,
                       lkm_all(dump, tree, conf, names, flags, options, ours),
                       theirs)
        one = os.path.join(tree.root, "merged%d" % seed)
        half = len(recipe.lines) // 2
        soft = [x for x in recipe.lines[:half] + tree.softdeps +
                recipe.lines[half:]
                if x.startswith("softdep ") and len(x.split()) > 2]
        write_conf(one, merged(tree, recipe.lines, soft))
        theirs = kmod_all(tree, one, names, flags, options, mount)
        mine = lkm_all(dump, tree, conf, names, flags + ["-l"], options, ours)
        report.compare(what + ", lkm dialect", names,
                       [relaxed(x) for x in mine],
                       [relaxed(x) for x in theirs])
    return report


class Loaded:
    """A random set of loaded modules and a configuration about them."""

    def __init__(self, tree, rng):
        deps = {}
        with open(os.path.join(tree.dir, "modules.dep")) as f:
            for line in f:
                words = [os.path.basename(w).split(".ko")[0].replace("-", "_")
                         for w in line.replace(":", "").split()]
                deps[words[0]] = words[1:]
        loaded = set()
        for name in rng.sample([m for m in deps if deps[m]], 5):
            loaded |= {name, *deps[name]}
        self.names = sorted(loaded)
        rng.shuffle(self.names)
        self.facts = []
        for name in self.names:
            holders = [m for m in self.names if name in deps[m]]
            extra = 1 if rng.random() < .07 else 0
            self.facts.append("%s %d %s" % (name, len(holders) + extra,
                                            ",".join(holders)))
        # Only "later" names, so that there is no cycle: kmod would crash.  And
        # only those that nobody holds: kmod 30 stops at a softdep in use
        # (rule unload-softdep-busy).
        self.free = free = [x.split()[0] for x in self.facts
                            if x.split()[1] == "0"]
        self.lines = []
        for _ in range(rng.randint(0, 6)):
            i, j, k = sorted(rng.sample(range(len(free)), 3))
            self.lines.append("softdep %s pre: %s post: %s" %
                              (free[i], free[j], free[k]))
        if rng.random() < .3:
            self.lines.append("remove %s /bin/true" % rng.choice(self.names))


UNLOAD = """
mount -t tmpfs none /sys/module || exit 99
while read -r name refs holders; do
    mkdir -p "/sys/module/$name/holders"
    echo live > "/sys/module/$name/initstate"
    echo "$refs" > "/sys/module/$name/refcnt"
    for h in $(echo "$holders" | tr , ' '); do
        mkdir "/sys/module/$name/holders/$h"
    done
done
LD_PRELOAD=$1 modprobe -r -v -d "$2" -S "$3" -C "$4" -- "$5" 2>/dev/null
echo "rc $?"
"""


def kmod_unload(tree, library, conf, loaded, name):
    run = subprocess.run(
        ["unshare", "-m", "sh", "-c", UNLOAD, "sh", library, tree.root,
         tree.release, conf, name], stdout=subprocess.PIPE, check=True,
        input="".join(x + "\n" for x in loaded.facts).encode())
    out = run.stdout.decode()
    body, rc = out.rsplit("rc ", 1)
    # One that failed may have done something; the plan is not executed.
    return body if rc.strip() == "0" else "refused\n"


def lkm_unload(dump, tree, conf, loaded, name):
    run = subprocess.run(
        [dump, "-u", "-r", tree.root, "-k", tree.release, "-m", "",
         "-C", conf[len(tree.root):], name], stdout=subprocess.PIPE,
        input="".join(x + "\n" for x in loaded.facts).encode(), check=True)
    out = run.stdout.decode().split("\n", 1)[1]
    if "verdict plan.notloaded" in out:
        return ""
    return "refused\n" if "verdict " in out else out


def test_unload(dump, tree, library):
    report = Report(tree)
    for seed in range(SETS // 4):
        rng = random.Random(9000 + seed)
        loaded = Loaded(tree, rng)
        conf = os.path.join(tree.root, "unload%d" % seed)
        write_conf(conf, loaded.lines)
        names = [rng.choice(loaded.names), rng.choice(tree.modules)]
        names += rng.sample(loaded.free, 3)
        report.compare(
            "set %d %s %s" % (seed, loaded.lines, loaded.facts), names,
            [lkm_unload(dump, tree, conf, loaded, n) for n in names],
            [kmod_unload(tree, library, conf, loaded, n) for n in names])
    return report


def can_mount():
    return subprocess.call(
        ["unshare", "-m", "sh", "-c", "mount --bind /dev/null /proc/cmdline"],
        stderr=subprocess.DEVNULL) == 0


def main():
    dump, link, part = sys.argv[1:4]
    cache = os.environ.get("LKM_CACHE",
                           os.path.expanduser("~/.cache/lkm-tests"))
    link = os.path.join(cache, "kernels", link)
    if not os.path.isdir(os.path.join(link, "lib/modules")) or \
       not shutil.which("modprobe"):
        print("no kernel %s, or no modprobe: skipped" % link)
        return 77
    with tempfile.TemporaryDirectory() as tmp:
        tree = Tree(link, tmp)
        if part == "all":
            report = test_all(dump, tree)
        elif part == "unload":
            if not can_mount():
                print("no right to mount: skipped")
                return 77
            report = test_unload(dump, tree, sys.argv[4])
        else:
            report = test_config(dump, tree, can_mount())
    print("%d plans compared, %d differ, %d in the order of a cycle" %
          (report.count, report.bad, report.order))
    rare = report.order <= report.count // 200
    return 0 if report.count and rare and not report.bad else 1


if __name__ == "__main__":
    sys.exit(main())
