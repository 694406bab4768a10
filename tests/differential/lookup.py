#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lookups in indexes of Debian's depmod answer as Debian's libkmod.

usage: lookup.py LOOKUP-DUMP LOOKUP-KMOD 6.1|6.12

The needs of every module are its line of modules.dep, from the .bin and from
the text files.  Module names, symbols, and for every alias pattern of the tree
a modalias that fits it (its wildcards filled in at random, some then spoilt)
have the names that libkmod finds, in its order and as often."""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
DEPMOD = "/usr/sbin/depmod"
INDEX = ("dep", "alias", "symbols", "builtin", "builtin.alias")
FILL = "0123456789ABCDEFabcxyz-_,:"
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


def filled(rng, pattern):
    """A word that the pattern matches, nearly always."""
    out, i = "", 0
    while i < len(pattern):
        c = pattern[i]
        end = pattern.find("]", i + 2)
        if c == "*":
            out += "".join(rng.choice(FILL) for _ in range(rng.randrange(7)))
        elif c == "?":
            out += rng.choice(FILL)
        elif c == "[" and end > 0:
            out += pattern[i + 1] if pattern[i + 1] not in "!^" else "z"
            i = end
        else:
            out += c
        i += 1
    return out


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
    for name in os.listdir(folder):
        if re.match(r"modules\..*\.bin$", name):
            os.unlink(os.path.join(folder, name))
    subprocess.run([DEPMOD, "-b", root, release], check=True)
    return folder


def compare(ours, theirs, what):
    check(len(ours) == len(theirs), f"{what}: number of answers")
    for a, b in zip(ours, theirs):
        if "*" in a.split(":")[0] or "[" in a or "?" in a:
            # What a wildcard in the word itself meets is met twice by kmod.
            a, b = (" ".join(dict.fromkeys(x.split(" "))) for x in (a, b))
        check(a == b, f"{what}: lkm '{a}', kmod '{b}'")


def main():
    ours, kmod, kernel = sys.argv[1:4]
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
        theirs, kmod_time = run(kmod, folder, words=asked)
        for source in ("index", "text"):
            compare(run(ours, root, release, "all")[0], lines,
                    f"{source}: needs")
            answers, our_time = run(ours, root, release, "words", words=asked)
            compare(answers, theirs, source)
            found = sum(not a.endswith(":") for a in answers)
            print(f"{source}: {len(lines) - 1} modules, {len(asked)} words, "
                  f"{found} found; a lookup takes {our_time}, kmod's "
                  f"{kmod_time}")
            for name in INDEX:
                path = os.path.join(folder, f"modules.{name}.bin")
                if os.path.exists(path):
                    os.unlink(path)
    if failures:
        print(failures, "differences")
    sys.exit(1 if failures else 0)


main()
