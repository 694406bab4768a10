#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the inputs of a fuzz target from its recipe, and may run them.

usage: seeds.py NAME FOLDER [--run PROGRAM] [CORPUS...]

The recipe is recipes/NAME.py: it has a function seeds() that yields (name,
bytes), the well-formed and the deliberately broken inputs by hand.  From each
this makes more: cut short, bits flipped, numbers made huge; the same ones each
time, so that a failure can be repeated.  Nothing binary is kept in git.

With --run the target's replay driver is run over the folder and over the
CORPUS folders that exist (what a long run has found)."""

import argparse
import importlib.util
import os
import random
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CUTS = 24           # of each seed, at most
FLIPS = 24
EXTREMES = (0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff,
            0x7fffffffffffffff, 0xffffffffffffffff)
BIG = 1 << 20       # a seed larger than this is not multiplied


def load(name):
    path = os.path.join(HERE, "recipes", name + ".py")
    spec = importlib.util.spec_from_file_location("recipe", path)
    if not os.path.exists(path):
        sys.exit(f"seeds.py: no recipe {path}")
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(path))
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    return recipe


def variants(name, data):
    """Yield (name, bytes): @data itself and what may become of it."""
    yield name, data
    if not data or len(data) > BIG:
        return
    rng = random.Random(name)       # text as the seed: stable between runs
    cuts = range(len(data)) if len(data) <= CUTS else \
        sorted({rng.randrange(len(data)) for _ in range(CUTS)})
    for cut in cuts:
        yield f"{name}.cut{cut}", data[:cut]
    for i in range(FLIPS):
        changed = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 8))):
            changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        yield f"{name}.flip{i}", bytes(changed)
    for i in range(FLIPS):
        width = rng.choice((1, 2, 4, 8))
        if width > len(data):
            continue
        at = rng.randrange(len(data) - width + 1)
        value = rng.choice(EXTREMES) & ((1 << 8 * width) - 1)
        order = rng.choice(("little", "big"))
        yield f"{name}.num{i}", data[:at] + value.to_bytes(width, order) + \
            data[at + width:]


def write(name, folder):
    """Fill @folder; return the number of files."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    count, seen = 0, set()
    for seed, data in load(name).seeds():
        if seed in seen or "/" in seed:
            sys.exit(f"seeds.py: {name}: bad or second seed name '{seed}'")
        seen.add(seed)
        for variant, content in variants(seed, bytes(data)):
            with open(os.path.join(folder, variant), "wb") as f:
                f.write(content)
            count += 1
    return count


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("folder")
    parser.add_argument("corpus", nargs="*")
    parser.add_argument("--run", metavar="PROGRAM")
    args = parser.parse_args()
    count = write(args.name, args.folder)
    if not count:
        sys.exit(f"seeds.py: recipe {args.name} makes nothing")
    print(f"{args.name}: {count} inputs in {args.folder}", flush=True)
    if args.run:
        more = [c for c in args.corpus if os.path.isdir(c)]
        status = subprocess.run([args.run, args.folder, *more]).returncode
        sys.exit(0 if status == 0 else 1)


main()
