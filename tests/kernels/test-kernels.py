#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels of every kind in a process: each starts, without a warning, and
loads modules that were built for it.

usage: test-kernels.py LKM-HOST LKM [--table] SERIES...

A series is a link that tools/fetch-kernels --flavours or tools/build-kernel
has made: 6.1-cloud, 6.12-rt-old, plain-clang, ...  --table prints the table of
docs/hosted-kernels.md."""

import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "vm"),
                os.path.join(HERE, "..", "common")]
import modulebuild      # noqa: E402
import vmlib            # noqa: E402
from vmlib import check, equal      # noqa: E402

HOST = sys.argv.pop(1)
TABLE = "--table" in sys.argv and not sys.argv.remove("--table")

# Each with what it needs before it; built in where there is no file
MODULES = ("crc16", "mbcache", "jbd2", "ext4", "dummy")


def image(kernel):
    return glob.glob(kernel.root + "/boot/vmlinuz-*")[0]


def host(*arguments):
    done = subprocess.run([HOST, *arguments], text=True, capture_output=True,
                          timeout=120, check=False, errors="replace")
    check(done.returncode == 0, "lkm-host", *arguments, done)
    return done.stdout


def doctor(kernel):
    return json.loads(host("doctor", image(kernel), "--json"))


def files(kernel):
    found = []
    for name in MODULES:
        found += glob.glob(f"{kernel.modules}/kernel/**/{name}.ko*",
                           recursive=True)
    return found


def is_ours(kernel):
    return not kernel.series.startswith("6.")


def test_boot(kernel):
    """As many initcalls return as there are, and nothing warns."""
    report = doctor(kernel)
    equal(report["release"], kernel.release)
    check(report["trusted"], report)
    equal(report["failed"], [], report)
    equal(report["warnings"], 0, report)


def test_load(kernel):
    """Modules of its own tree."""
    given = files(kernel)
    check(given, "no module is there to try")
    out = host("run", image(kernel), *given)
    words = re.findall(r"^\S+\.ko\S*: (.*)$", out, re.M)
    equal(words, ["LIVE"] * len(given), out)


def test_small(kernel):
    """A module that is built for it, and a warning of it."""
    if not is_ours(kernel) and not modulebuild.headers(kernel.series):
        return
    if kernel.series.endswith("-clang"):
        os.environ["LLVM"] = "1"
    folder = modulebuild.build(os.path.join(HERE, "small"), kernel.series)
    os.environ.pop("LLVM", None)
    check(folder, "nothing to build against")
    out = host("run", image(kernel), folder + "/small.ko")
    check("small.ko: LIVE" in out, out)
    check("small: text, vendor AuthenticAMD" in out, out)
    check("small: slept 1, efer d01" in out, out)
    out = host("run", image(kernel), folder + "/small.ko,warn=1")
    check("small.ko,warn=1: LIVE" in out, out)
    check("CR4: 00000000000006f0" in out, out)
    check(re.search(r"WARNING: .* at (\S*/small\.c:\d+ )?"
                    r"(small_init|init_module)\+", out), out)


def table(kernel):
    report = doctor(kernel)
    print(f"| {kernel.series} | {report['release']} | "
          f"{report['returned']} of {report['initcalls']} | "
          f"{report['replaced']} |")


if TABLE:
    print("| series | release | initcalls that return | functions replaced |\n"
          "|---|---|---|---|")
    for k in vmlib.kernels(sys.argv[1], sys.argv[2:]):
        table(k)
else:
    vmlib.main(test_boot, test_load, test_small)
