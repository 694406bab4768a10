# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules built against Debian's headers, once for each kernel: what was
built is kept beside the kernels, by what it was built from.

usage: modulebuild.py FOLDER SERIES    prints where the built modules are"""

import fcntl
import filecmp
import hashlib
import os
import re
import shutil
import subprocess
import sys

CACHE = os.environ.get("LKM_CACHE") or os.path.expanduser("~/.cache/lkm-tests")
KEEP = 6            # older builds of a folder are removed


def headers(series):
    """Where tools/fetch-kernels has put them, or None."""
    path = os.path.realpath(os.path.join(CACHE, "kernels",
                                         "headers-" + series))
    return path if os.path.exists(path + "/Makefile") else None


def sources(folder):
    return sorted(name for name in os.listdir(folder)
                  if name.endswith((".c", ".h")) or name == "Kbuild")


def digest(folder, series):
    total = hashlib.sha256(headers(series).encode())
    for name in sources(folder):
        with open(os.path.join(folder, name), "rb") as f:
            total.update(name.encode() + b"\0" + f.read() + b"\0")
    return total.hexdigest()[:16]


def make(folder, series):
    """Builds all that @folder's Kbuild names, there."""
    return subprocess.run(["make", "-j2", "-C", headers(series),
                           "M=" + folder, "modules"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def refresh(folder, work):
    """Makes the sources in @work those of @folder; those that are the same
    are not touched, so that make builds what changed only."""
    os.makedirs(work, exist_ok=True)
    for name in set(sources(work)) - set(sources(folder)):
        os.unlink(os.path.join(work, name))
    for name in sources(folder):
        old, new = os.path.join(work, name), os.path.join(folder, name)
        if not os.path.exists(old) or not filecmp.cmp(old, new, False):
            shutil.copy(new, old)


def keep(work, place):
    """Copies what was built to @place, whole or not at all."""
    part = place + ".new"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part)
    for name in os.listdir(work):
        if name.endswith(".ko"):
            shutil.copy(os.path.join(work, name), part)
    os.rename(part, place)


def remove_old(top, stem):
    found = sorted((os.path.join(top, name) for name in os.listdir(top)
                    if name.startswith(stem)), key=os.path.getmtime)
    for path in found[:-KEEP]:
        shutil.rmtree(path, ignore_errors=True)


def build(folder, series):
    """The folder of the built modules; None where that cannot be done, and
    RuntimeError where the compiler objects (to anything: a warning too)."""
    if not headers(series) or not shutil.which("make"):
        return None
    top = os.path.join(CACHE, "modules")
    work = f"{top}/{os.path.basename(os.path.abspath(folder))}-{series}"
    place = work + "-" + digest(folder, series)
    os.makedirs(top, exist_ok=True)
    with open(work + ".lock", "w", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        if not os.path.isdir(place):
            refresh(folder, work)
            done = make(work, series)
            bad = [line for line in done.stdout.splitlines()
                   if re.search("error|warning", line, re.I)]
            if done.returncode or bad:
                raise RuntimeError("\n".join(bad or [done.stdout]))
            keep(work, place)
            remove_old(top, os.path.basename(work) + "-")
    return place


if __name__ == "__main__":
    print(build(sys.argv[1], sys.argv[2]))
