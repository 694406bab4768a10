#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every module of the tree in the hosted kernel, a fresh one each: the errno
that the same image gives in a real boot.

usage: test-parity.py LKM-HOST PLAN-DUMP GUEST LKM SERIES

All modules are compared with the table that ./check vm-parity has written, 150
with a boot of now.  The differences that are known stand in docs/parity.md, one
by one; the table holds for the kernel that it was made with only, so with
another one the sample decides alone.  Another difference is tried again: a race,
if it is gone then, of which there may be few."""

import os
import random
import re
import sys

import parity
from parity import vmlib
from vmlib import check

HOST, PLAN_DUMP, GUEST = sys.argv[1:4]
del sys.argv[1:4]
SAMPLE, SEED = 150, 326
EQUAL = 0.99            # of all modules
ABORTED = 0.002
RACES = 3               # of all modules: another answer when tried again
DOCUMENT = os.path.join(parity.HERE, "..", "..", "docs", "parity.md")
ROW = re.compile(r"\| (6\.\d+) \| `(\w+)` \| (\S+) \| (\S+) \| (.*) \|$")


def word(verdict):
    """ABORT and CRASH without what they say."""
    return verdict.split()[0]


def known(series):
    """Differences that docs/parity.md lists: {module: (hosted, QEMU)}."""
    found = {}
    with open(DOCUMENT, encoding="utf-8") as f:
        for line in f:
            row = ROW.match(line)
            if row and row[1] == series:
                check(row[5], f"no cause: {line}")
                found[row[2]] = row[3], row[4]
    return found


class World:
    """What both tests need, made once a kernel."""

    made = {}

    def __init__(self, kernel):
        self.tree = parity.Tree(kernel, GUEST)
        self.plans = self.tree.plans(PLAN_DUMP)
        self.known = known(kernel.series)
        self.requests = self.tree.requests(PLAN_DUMP)
        self.ours, self.seconds = self.hosted(self.plans)
        self.races = []

    def hosted(self, plans):
        return parity.hosted(HOST, self.tree, plans, self.requests)

    def settle(self, wanted):
        """Tries each module of @wanted again whose answer is neither that nor
        a known difference, as is done under QEMU: which of two comes first is
        not decided in a boot either.  Those that still differ."""
        def wrong():
            return {m: v for m, v in wanted.items() if word(self.ours[m]) != v
                    and self.known.get(m) != (word(self.ours[m]), v)}

        first = wrong()
        if first and len(first) + len(self.races) <= RACES:
            again, _ = self.hosted({m: self.plans[m] for m in first})
            before = dict(self.ours)
            self.ours.update(again)
            ended = sorted(set(first) - set(wrong()))
            self.races += ended
            for m in ended:
                print(f"  {m}: hosted {before[m]}, {again[m]} when tried "
                      "again: a race")
        return [f"{m}: hosted {self.ours[m]}, QEMU {v}"
                for m, v in wrong().items()]

    @classmethod
    def of(cls, kernel):
        if kernel.series not in cls.made:
            cls.made[kernel.series] = cls(kernel)
        return cls.made[kernel.series]


def test_tree(kernel):
    world = World.of(kernel)
    release, table = parity.read_table(kernel.series)
    same = [m for m, verdict in world.ours.items()
            if word(verdict) == table.get(m)]
    crashed = [f"{m}: {v}" for m, v in world.ours.items() if "CRASH" in v]
    aborted = [f"{m}: {v}" for m, v in world.ours.items() if "ABORT" in v]
    count = len(world.ours)
    print(f"  {kernel.release}: {count} modules in {world.seconds:.0f} s, "
          f"{len(same)} ({100 * len(same) / count:.2f} %) as in a boot of "
          f"{release}, {len(aborted)} aborted, {len(crashed)} crashed")
    check(not crashed, *crashed)
    check(len(aborted) <= count * ABORTED, *aborted)
    if release != kernel.release:
        return
    check(len(same) >= count * EQUAL, "too few are the same")
    wrong = world.settle({m: table.get(m) for m in world.ours})
    check(not wrong, "not in docs/parity.md:", *wrong)
    check(set(world.known) <= set(world.ours), "docs/parity.md: no such module")
    ended = sorted(set(world.known) & set(same))
    if ended:
        print(f"  {kernel.release}: no difference any more: {ended}")


def test_sample(kernel):
    world = World.of(kernel)
    names = random.Random(SEED).sample(sorted(world.plans), SAMPLE)
    theirs = {}
    with parity.Runner(world.tree, world.plans) as runner:
        for name in names:
            theirs[name], _ = runner.module(name)
            if word(world.ours[name]) != theirs[name]:
                # a fresh kernel each is what is meant
                runner.end()
                theirs[name], _ = runner.module(name)
                runner.end()
        wrong = world.settle(theirs)
        print(f"  {kernel.release}: {len(names)} drawn modules, "
              f"{runner.starts} fresh machines, {len(wrong)} differ")
    if kernel.release == parity.read_table(kernel.series)[0]:
        check(not wrong, *wrong)
    check(len(wrong) <= SAMPLE * (1 - EQUAL), *wrong)


vmlib.main(test_tree, test_sample, series=sys.argv[2:3])
