#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each libFuzzer program of a build for a time, as many at once as there
are processors.  What it finds interesting is kept in a corpus outside of the
tree; what crashes is shown with the command that repeats it.  The last line is
"PASSED FAILED SKIPPED".

usage: long.py BUILD SECONDS CORPUS [NAME...]"""

import concurrent.futures
import glob
import os
import subprocess
import sys

SEEDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seeds.py")
LIMITS = ["-timeout=20", "-rss_limit_mb=2048", "-max_len=262144",
          "-print_final_stats=1"]


def fuzz(program, seconds, corpus):
    name = os.path.basename(program)[len("fuzz-"):]
    seeds = program + ".seeds"
    found = os.path.join(corpus, name)
    crashes = program + ".crashes/"
    os.makedirs(found, exist_ok=True)
    os.makedirs(crashes, exist_ok=True)
    made = subprocess.run([sys.executable, SEEDS, name, seeds],
                          capture_output=True, text=True)
    if made.returncode:
        return name, False, made.stderr
    run = subprocess.run(
        ["nice", program, f"-max_total_time={seconds}",
         f"-artifact_prefix={crashes}", *LIMITS, found, seeds],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace")
    with open(program + ".log", "w", encoding="utf-8") as f:
        f.write(run.stdout)
    return name, run.returncode == 0, run.stdout


def figures(output):
    stats = dict(line[len("stat::"):].split(":", 1)
                 for line in output.split("\n") if line.startswith("stat::"))
    return (f"{stats.get('number_of_executed_units', '?').strip()} runs, "
            f"{stats.get('new_units_added', '?').strip()} new inputs kept")


def main():
    build, seconds, corpus = sys.argv[1:4]
    names = sys.argv[4:]
    programs = [p for p in sorted(glob.glob(
        os.path.join(build, "tests/fuzz/fuzz-*")))
        if os.path.isfile(p) and os.access(p, os.X_OK)
        and (not names or os.path.basename(p)[5:] in names)]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(fuzz, p, seconds, corpus) for p in programs]
        for job in jobs:
            name, good, output = job.result()
            passed += good
            failed += not good
            print(f"  {'ok  ' if good else 'FAIL'} {name}: {seconds} s, "
                  f"{figures(output)}", flush=True)
            if not good:
                print("\n".join("  | " + l
                                for l in output.split("\n")[-40:]))
    if not programs:
        print("  no fuzz targets")
        failed = 1
    print(passed, failed, 0)


main()
