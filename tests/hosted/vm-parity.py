#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads every module of a kernel's tree, with what it needs, in real boots of
the machine of machine.txt, and writes the table that the hosted kernel is
compared with: verdicts-SERIES.txt.

usage: vm-parity.py PLAN-DUMP GUEST LKM SERIES [MODULE...]

Everything is unloaded after each module; the machine starts anew after what
cannot be unloaded, hangs, or kills the kernel: from its saved state, as it was
when it had booted.  With MODULEs: these again, each of them in a fresh machine.
Interrupted, it goes on where it was."""

import os
import sys
import time

import parity
from parity import vmlib

class Journal:
    """Verdicts as they come: what a killed run has found is not lost."""

    def __init__(self, path):
        self.path = path
        self.verdicts = {}
        self.seconds = 0.0
        self.starts = 0
        if os.path.exists(path):
            with open(path, encoding="ascii") as f:
                for line in f:
                    self.take(*line.rstrip("\n").split("\t"))

    def take(self, name, verdict, seconds):
        self.starts += name == "="
        self.seconds += float(seconds)
        if name != "=":
            self.verdicts[name] = verdict

    def add(self, name, verdict, seconds):
        self.take(name, verdict, seconds)
        with open(self.path, "a", encoding="ascii") as f:
            f.write(f"{name}\t{verdict}\t{seconds:.2f}\n")


def machine_kind():
    with open("/proc/cpuinfo", encoding="ascii") as f:
        return next(line.split(":")[1].strip() for line in f
                    if line.startswith("model name"))


def write_table(tree, journal):
    package = os.path.basename(tree.kernel.root)
    with open(parity.table_path(tree.kernel.series), "w", encoding="ascii") as f:
        f.write(
            "# What every module's loading answers in a real boot, by "
            "./check vm-parity\n"
            f"# kernel: {tree.kernel.release} ({package})\n"
            f"# qemu: {parity.qemu_version()} with machine.txt, Debian's "
            "modprobe in the guest\n"
            f"# took: {journal.seconds:.0f} s with {journal.starts} fresh "
            f"machines, on {machine_kind()}\n")
        f.writelines(f"{name} {verdict}\n" for name, verdict
                     in sorted(journal.verdicts.items()))


def main():
    plan_dump, guest, lkm, series, *again = sys.argv[1:]
    found = vmlib.kernels(os.path.abspath(lkm), [series])
    if not found or not vmlib.find_tool("qemu-system-x86_64"):
        vmlib.skip("no kernel or no qemu-system-x86_64")
    tree = parity.Tree(found[0], guest)
    plans = tree.plans(plan_dump)
    journal = Journal(tree.top + "/verdicts")
    with parity.Runner(tree, plans) as runner:
        for name in again or plans:
            if again:
                runner.end()
            elif name in journal.verdicts:
                continue
            starts = runner.starts
            begin = time.monotonic()
            verdict, why = runner.module(name)
            if runner.starts > starts:
                journal.add("=", "start", 0)
            journal.add(name, verdict, time.monotonic() - begin)
            print(f"{len(journal.verdicts)} {name} {verdict}"
                  + (f" ({why})" if why else ""), flush=True)
    vmlib.check(set(journal.verdicts) == set(plans), "modules have changed")
    write_table(tree, journal)


main()
