#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""After the replay of a build with clang's coverage: the share of each
parser's lines that was run.  Below the floor is a failure.  Writes the table
and, as last line, "PASSED FAILED SKIPPED" to OUTPUT.

usage: coverage.py BUILD OUTPUT"""

import fnmatch
import glob
import json
import os
import shutil
import subprocess
import sys

FLOOR = 85.0
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

# What reads bytes or text that lkm did not write.
PARSERS = {
    "module image": ["src/image/*.c"],
    "kernel image": ["src/vmlinux/*.c"],
    "index files": ["src/tree/index-*.c", "src/tree/seal.c",
                    "src/tree/text-reader.c", "src/tree/builtin.c"],
    "cache": ["src/tree/cache.c"],
    "signatures": ["src/trust/pkcs7.c"],
    "modprobe.d": ["src/policy/parse.c", "src/policy/lines.c",
                   "src/policy/cmdline.c"],
    "depmod.d": ["src/policy/depmod.c"],
    "kernel log": ["src/diag/kmsg*.c"],
    "/proc/modules": ["src/kernel/procmodules.c"],
    "a guest's answers": ["src/vm/wire.c"],
    "host messages": ["src/protocol/*.c"],
}


def tool(name):
    for candidate in (name, name + "-14"):
        if shutil.which(candidate):
            return candidate
    sys.exit(f"coverage.py: no {name}")


def line_counts(build):
    """path -> (lines, lines that were run)"""
    profiles = glob.glob(build + "/profiles/*.profraw")
    programs = sorted(p for p in glob.glob(build + "/tests/fuzz/replay-*")
                      if os.path.isfile(p))
    if not profiles or not programs:
        sys.exit("coverage.py: nothing was replayed")
    merged = build + "/all.profdata"
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", "-o", merged,
                    *profiles], check=True)
    objects = [programs[0]]
    for program in programs[1:]:
        objects += ["-object", program]
    out = subprocess.run(
        [tool("llvm-cov"), "export", "-summary-only",
         "-instr-profile=" + merged, *objects],
        check=True, capture_output=True, text=True).stdout
    counts = {}
    for entry in json.loads(out)["data"][0]["files"]:
        path = os.path.relpath(os.path.join(build, entry["filename"]), ROOT)
        lines = entry["summary"]["lines"]
        counts[path] = (lines["count"], lines["covered"])
    return counts


def main():
    build, output = os.path.abspath(sys.argv[1]), sys.argv[2]
    counts = line_counts(build)
    passed = failed = 0
    with open(output, "w", encoding="utf-8") as f:
        for parser, patterns in PARSERS.items():
            mine = {p: c for p, c in counts.items()
                    if any(fnmatch.fnmatch(p, x) for x in patterns)}
            lines = sum(c[0] for c in mine.values())
            run = sum(c[1] for c in mine.values())
            share = 100.0 * run / lines if lines else 0.0
            good = share >= FLOOR
            passed += good
            failed += not good
            print(f"  {'ok  ' if good else 'FAIL'} {parser}: {share:.1f} % of "
                  f"{lines} lines (floor {FLOOR:.0f} %)", file=f)
            for path, (of, ran) in sorted(mine.items()):
                print(f"       {100.0 * ran / of if of else 0:5.1f} %  {path}",
                      file=f)
        print(passed, failed, 0, file=f)


main()
