#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares lkm's reading of modprobe.d and of the kernel command line with
that of the installed kmod ("modprobe -c"), for generated configurations.

usage: policy.py POLICY-DUMP [COUNT [FIRST]]

Runs in a mount namespace of its own, where the default directories and
/proc/cmdline are the generated ones; needs root (else skips, 77).  Case N is
made from the seed N alone, so that a failure can be repeated: "policy.py
POLICY-DUMP 1 N" also keeps its files and prints where.

Where the two differ on purpose (docs/differences.md) the outputs are brought
to a common form below, each by a function that names the difference."""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "common"))
import kmod30           # noqa: E402

DIRS = ["/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d",
        "/usr/lib/modprobe.d"]
NAMES = ["foo", "foo-bar", "foo_bar", "snd-pcm", "b1", "x", "e1000e"]
PATTERNS = ["foo*", "snd-*", "[a-b]x-y", "pci:v-*[0-9-]d*", "?-x", "x[y",
            "z]", "a[b]c]", "foo-[x[y-]-z"]
FILES = ["a.conf", "10-x.conf", "zz.conf", "lkm.conf", "modules.conf", "b.alias",
         ".hidden.conf", "x.conf~", "README", "x.co", "a-b.conf", "B.conf",
         "modules.softdep.conf", "n.conf", "conf", "a.conf.d.conf"]


def name(rng):
    return rng.choice(NAMES if rng.random() < .8 else PATTERNS)


def blank(rng):
    return rng.choice([" ", " ", " ", "\t", "  ", " \t ", "\t\t"])


def words(rng, most=4):
    pool = ["a=1", "b-c=2", "flag", 'd="x y"', "e=/p/q", "#", "f=a,b", "\\t",
            "g=\\\\", "$CMDLINE_OPTS", "--ignore-install", "\x80\xff"]
    return blank(rng).join(rng.choice(pool)
                           for _ in range(rng.randrange(most)))


def softdep(rng):
    parts = []
    for mode in ("pre:", "post:"):
        if rng.random() < .7:
            parts.append(mode)
            parts += [rng.choice(NAMES) for _ in range(rng.randrange(1, 3))]
    return blank(rng).join(parts)


def directive(rng):
    word = rng.choice(["alias", "blacklist", "options", "install", "remove",
                       "softdep"] * 4 +
                      ["include", "config", "bogus", "Alias", "option"])
    parts = [word]
    if rng.random() < .95:
        parts.append(name(rng))
    if word == "alias" and rng.random() < .95:
        parts.append(name(rng))
    if word == "softdep":
        # kmod 30 misreads "pre:" behind exactly two blanks.
        return blank(rng).join(parts) + rng.choice(" \t") + softdep(rng)
    if word != "blacklist" or rng.random() < .1:
        parts.append(words(rng))
    return blank(rng).join(p for p in parts if p or rng.random() < .5)


def line(rng):
    kind = rng.random()
    if kind < .08:
        text = "#" + rng.choice(["", " text", "x \\", " lkm: forbid"])
    elif kind < .14:
        text = blank(rng) * rng.randrange(2)
    else:
        text = directive(rng)
    if rng.random() < .1:
        text = blank(rng) + text
    if rng.random() < .1:
        text += blank(rng)
    if rng.random() < .12:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + "\\\n" + text[at:]
    if rng.random() < .03:
        text += "\r"
    if rng.random() < .02:
        text += "\0rest"
    return text


def config(rng):
    text = "\n".join(line(rng) for _ in range(rng.randrange(12)))
    if text.endswith("\\"):     # kmod 30 reads a byte 0xff there
        text += "x"
    return text + ("\n" if rng.random() < .9 else "")


def cmdline(rng):
    parts = []
    for _ in range(rng.randrange(8)):
        parts.append(rng.choice([
            "quiet", "ro", "root=/dev/sda1", "foo.x", "foo-bar.a-b=c-d",
            'snd.v="a b"', '"snd.v=a b"', '"snd.v=a"', "a.b.c=1", "a.b=c.d=e",
            "modprobe.blacklist=foo-bar,b1", "modprobe.blacklist=x",
            "modprobe.other=1", 'ba"d.x=1 y"', '"a b.c=1"', '"a.b"', "x.y=",
            '"foo".x=1', "=", ".", "..", '""', "x.y=[a]", "mod[.p=1",
            "module_blacklist=foo", "--", 'a.b="c d" e.f=1', "a.b=\\n",
            "modprobe.blacklist", "modprobe.blacklist=",
            "a.b=" + "v" * rng.randrange(200)]))
    if rng.random() < .05:
        parts.append('tail.open="never closed')
    return rng.choice([" ", " ", "  "]).join(parts)[:2000] + "\n"


def write(path, text):
    with open(path, "wb") as f:
        f.write(text.encode("latin-1"))


def fill(rng, folder):
    for file in rng.sample(FILES, rng.randrange(5)):
        path = os.path.join(folder, file)
        kind = rng.random()
        if kind < .05:
            os.mkdir(path)
        elif kind < .10:
            os.symlink("/dev/null", path)
        elif kind < .12:
            os.symlink("/tmp", path)
        else:
            write(path, config(rng))


def clear(folder):
    os.makedirs(folder, exist_ok=True)
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def make(seed, work):
    """Write case @seed; return the PATHs for -C."""
    rng = random.Random(seed)
    for folder in DIRS + [work + "/lib/modules/1", work + "/c1", work + "/c2"]:
        clear(folder)
    for folder in rng.sample(DIRS, rng.randrange(1, 5)):
        fill(rng, folder)
    if rng.random() < .5:
        softdeps = "".join(f"softdep {rng.choice(NAMES)} {softdep(rng)}\n"
                           for _ in range(5))
        write(work + "/lib/modules/1/modules.softdep",
              "# Soft dependencies extracted from modules\n" + softdeps)
    write("/proc/cmdline", cmdline(rng))
    if rng.random() < .6:
        return []
    fill(rng, work + "/c1")
    fill(rng, work + "/c2")
    write(work + "/single", config(rng))
    write(work + "/c2/zz", config(rng))
    pool = [work + "/c1", work + "/c2", work + "/single", work + "/c2/zz",
            work + "/absent"]
    return rng.sample(pool, rng.randrange(1, 4))


def same_softdep(text):
    """kmod prints the names with its own idea of blanks."""
    match = re.match(r"(softdep \S+) ?(.*)", text)
    if not match:
        return text
    rest = re.sub(r"(?<=\S)post: ", " post: ", match[2])
    return " ".join([match[1], *rest.split()])


def same_blacklist(text):
    """kmod 30 leaves '-' in names of modprobe.blacklist=, which then match
    nothing; an empty name is no rule to lkm."""
    if not text.startswith("blacklist"):
        return text
    return text.replace("-", "_") if text.strip() != "blacklist" else None


def same_options(text):
    """An empty module or parameter on the command line is no rule to lkm."""
    return None if re.match(r"options( | \S+ (=|$))", text) and \
        not re.match(r"options \S+  ", text) else text


def common(output):
    lines = []
    for text in output.split("\n"):
        for rule in (same_softdep, same_blacklist, same_options):
            text = rule(text) if text is not None else None
        if text:
            lines.append(text)
    return lines


def run(command):
    done = subprocess.run(command, capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode("latin-1"), \
        done.stderr.decode("latin-1")


def compare(dump, seed, work):
    paths = make(seed, work)
    options = [o for path in paths for o in ("-C", path)]
    _, theirs, _ = run(["modprobe", "-c", "-d", work, "-S", "1", *options])
    theirs = theirs.split("\n# End of configuration files.")[0]
    theirs = "\n".join(t for t in theirs.split("\n")
                       if not t.startswith("weakdep "))
    status, ours, errors = run([dump, work + "/lib/modules/1", *paths])
    a, b = common(theirs), common(ours)
    if status == 0 and a == b:
        return len(a)
    print(f"case {seed}: differs (status {status})")
    for text in a:
        if text not in b:
            print(f"  kmod only: {text!r}")
    for text in b:
        if text not in a:
            print(f"  lkm only:  {text!r}")
    if sorted(a) == sorted(b):
        print("  the same lines in another order")
    if status:
        print(errors)
    return -1


def enter_namespace():
    kmod30.demand()
    if os.geteuid() != 0:
        print("skipped: needs root")
        sys.exit(77)
    if os.environ.get("POLICY_NAMESPACE"):
        return
    if subprocess.run(["unshare", "-m", "true"]).returncode:
        print("skipped: no mount namespace")
        sys.exit(77)
    os.environ["POLICY_NAMESPACE"] = "1"
    os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])


def mount(*args):
    subprocess.run(["mount", *args], check=True)


def main():
    enter_namespace()
    dump = os.path.abspath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    work = tempfile.mkdtemp(prefix="policy-")
    for parent in ("/run", "/usr/local/lib"):
        mount("-t", "tmpfs", "none", parent)
    for folder in DIRS:
        os.makedirs(folder, exist_ok=True)
        mount("-t", "tmpfs", "none", folder)
    write(work + "/cmdline", "")
    mount("--bind", work + "/cmdline", "/proc/cmdline")
    results = [compare(dump, seed, work)
               for seed in range(first, first + count)]
    bad = sum(1 for r in results if r < 0)
    rules = sum(r for r in results if r > 0)
    print(f"{count} configurations, {rules} rules compared, {bad} differ")
    if count > 1:
        shutil.rmtree(work)
    else:
        for folder in DIRS:
            shutil.copytree(folder, work + folder, symlinks=True)
        print(work)
    # Cases without rules would prove nothing.
    sys.exit(1 if bad or rules < count else 0)


main()
