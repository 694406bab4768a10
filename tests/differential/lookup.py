#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lookups in indexes of Debian's depmod answer as Debian's libkmod.

usage: lookup.py LOOKUP-DUMP LOOKUP-KMOD INDEX-RUN 6.1|6.12

The needs of every module are its line of modules.dep, from the .bin and from
the text files.  Module names, symbols, and for every alias pattern of the tree
a modalias that fits it (its wildcards filled in at random, some then spoilt)
have the names that libkmod finds, in its order and as often.  The same from the
sealed index files that lkm writes, which libkmod reads then, and from those with
each node before its children, as kmod has them from 34 on."""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(HERE, "../fuzz/recipes"),
                os.path.join(HERE, "../common")]
import index as trie        # noqa: E402
from aliases import FILL, filled    # noqa: E402

SKIP = 77
DEPMOD = "/usr/sbin/depmod"
failures = 0


def skip(why):
    print("skipped:", why)
    sys.exit(SKIP)


def check(good, what):
    global failures
    if not good:
        failures += 1
        if failures <= 20:
            print("not ok -", what)


def spoilt(rng, word):
    at = rng.randrange(len(word))
    return word[:at] + rng.choice(FILL) + word[at + rng.randrange(2):]


def words(folder):
    rng = random.Random(folder[-8:])
    result = []
    with open(os.path.join(folder, "modules.alias"), encoding="utf-8") as f:
        patterns = [l.split()[1] for l in f if l.startswith("alias ")]
    for pattern in patterns:
        word = filled(rng, pattern)
        result.append(word)
        if rng.randrange(4) == 0:
            result.append(spoilt(rng, word))
    with open(os.path.join(folder, "modules.builtin.modinfo"), "rb") as f:
        for entry in f.read().decode().split("\0"):
            key, _, value = entry.partition("=")
            if key.endswith(".alias"):
                result.append(filled(rng, value))
    with open(os.path.join(folder, "modules.symbols"), encoding="utf-8") as f:
        result += [l.split()[1] for l in f if l.startswith("alias ")]
    for name in ("modules.order", "modules.builtin"):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            result += [re.sub(r"\.ko.*", "", os.path.basename(l.strip()))
                       for l in f]
    # Words that hold wildcards or brackets themselves, or nothing.
    result += ["", "*", "pci:*", "x[", "x[-]y", "usb:v[0-9]", "?", "symbol:",
               "symbol:*", "no-such", "a" * 3000, "\x80", "of:N*T*C*"]
    return result


def run(*argv, words=None):
    text = None if words is None else "\n".join(words) + "\n"
    done = subprocess.run(argv, input=text, capture_output=True, text=True,
                          encoding="latin-1")
    check(done.returncode == 0, f"{argv[0]}: {done.stderr}")
    return done.stdout.split("\n"), done.stderr


def copy(source, root, release):
    folder = os.path.join(root, "lib/modules", release)
    os.makedirs(os.path.dirname(folder))
    try:
        shutil.copytree(source, folder, copy_function=os.link)
    except (OSError, shutil.Error):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
    drop_indexes(folder)
    subprocess.run([DEPMOD, "-b", root, release], check=True)
    return folder


def normalised(pattern):
    out, bracket = "", False
    for c in pattern:
        bracket = c == "[" or bracket and c != "]"
        out += "_" if c == "-" and not bracket else c
    return out


def write_nodes_first(folder):
    """The three large indexes of the text files, in kmod 34's order."""
    place, entries = {}, {"dep": {}, "alias": {}, "symbols": {}}
    with open(os.path.join(folder, "modules.dep"), encoding="utf-8") as f:
        for i, line in enumerate(f):
            name = os.path.basename(line.split(":")[0]).split(".")[0]
            place[name.replace("-", "_")] = i
            entries["dep"][name.replace("-", "_")] = [(i, line.rstrip("\n"))]
    for kind in ("alias", "symbols"):
        with open(os.path.join(folder, "modules." + kind),
                  encoding="utf-8") as f:
            for word, pattern, name in (l.split() for l in f if l[0] != "#"):
                values = entries[kind].setdefault(normalised(pattern), [])
                values.insert(0, (place[name], name))
    for kind, content in entries.items():
        for values in content.values():
            values.sort(key=lambda v: v[0])
        path = os.path.join(folder, f"modules.{kind}.bin")
        os.unlink(path)
        with open(path, "wb") as f:
            f.write(trie.index(content, trie.before))


def compare(ours, theirs, what):
    check(len(ours) == len(theirs), f"{what}: number of answers")
    for a, b in zip(ours, theirs):
        if "*" in a.split(":")[0] or "[" in a or "?" in a:
            # What a wildcard in the word itself meets is met twice by kmod.
            a, b = (" ".join(dict.fromkeys(x.split(" "))) for x in (a, b))
        check(a == b, f"{what}: lkm '{a}', kmod '{b}'")


def drop_indexes(folder):
    for name in os.listdir(folder):
        if re.match(r"modules\..*\.bin$", name):
            os.unlink(os.path.join(folder, name))


def main():
    ours, kmod, index_run, kernel = sys.argv[1:5]
    cache = os.environ.get("LKM_CACHE") or \
        os.path.expanduser("~/.cache/lkm-tests")
    parent = os.path.join(cache, "kernels", kernel, "lib/modules")
    if not os.path.isdir(parent):
        skip("no kernel; tools/fetch-kernels fetches it")
    if not os.path.exists(DEPMOD):
        skip("no depmod")
    release = os.listdir(parent)[0]
    with tempfile.TemporaryDirectory(dir=cache) as root:
        folder = copy(os.path.join(parent, release), root, release)
        with open(os.path.join(folder, "modules.dep"), encoding="utf-8") as f:
            lines = f.read().split("\n")
        asked = words(folder)
        for source in ("index", "sealed", "nodes first", "text"):
            if source == "sealed":
                drop_indexes(folder)
                subprocess.run([index_run, "-n", root, release], check=True,
                               stdout=subprocess.DEVNULL)
            if source == "nodes first":
                write_nodes_first(folder)
            if source != "text":
                theirs, kmod_time = run(kmod, folder, words=asked)
            compare(run(ours, root, release, "all")[0], lines,
                    f"{source}: needs")
            answers, our_time = run(ours, root, release, "words", words=asked)
            compare(answers, theirs, source)
            found = sum(not a.endswith(":") for a in answers)
            print(f"{source}: {len(lines) - 1} modules, {len(asked)} words, "
                  f"{found} found; a lookup takes {our_time}, kmod's "
                  f"{kmod_time}")
            if source == "nodes first":
                drop_indexes(folder)
    if failures:
        print(failures, "differences")
    sys.exit(1 if failures else 0)


main()
