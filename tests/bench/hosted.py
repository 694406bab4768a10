# SPDX-License-Identifier: LGPL-2.1-or-later
"""The hosted kernel beside QEMU, which boots the same image by software
emulation in the machine of tests/hosted/machine.txt.  By turns, in this run."""

import os
import random
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "hosted"))
import hostproto        # noqa: E402
import parity           # noqa: E402
from parity import vmlib        # noqa: E402

BOOTS, STARTS, COPIES = 3, 9, 300
SMALL = "crc7"          # a module that needs no other
SAMPLE, SEED = 400, 12  # modules that QEMU's time for the tree is taken from
TURNS = 5
MEMORY_MB, COPY_MB = 150, 10


def clock(call, *arguments, **options):
    start = time.perf_counter()
    call(*arguments, **options)
    return time.perf_counter() - start


class Small:
    """A guest's image with one module in it: nothing is faster to boot."""

    def __init__(self, kernel, guest, work):
        self.image = f"{kernel.root}/boot/vmlinuz-{kernel.release}"
        self.initrd = work + "/small.cpio"
        self.module = next(
            os.path.join(folder, name)
            for folder, _, names in os.walk(kernel.modules)
            for name in names if name.split(".ko")[0] == SMALL)
        with open(self.initrd, "wb") as f:
            c = parity.Cpio(f)
            c.parents("dev/console")
            c.entry("dev/console", 0o020600, rdev=(5, 1))
            c.copy("init", guest, 0o100755)
            c.add("small.ko", parity.uncompressed(self.module))
            c.finish()

    def boot(self):
        """Seconds to booted, and to a module loaded after that."""
        with parity.Guest(self) as guest:
            def load():
                vmlib.equal(guest.ask("load /small.ko"), ["LIVE"])
            return guest.boot_seconds, guest.boot_seconds + clock(load)


def usage(pid, field):
    """KiB of /proc/PID/smaps_rollup."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith(field + ":"))


class Hosted:
    def __init__(self, bench, build):
        self.table = bench.table
        self.host = os.path.join(build, "src/host/lkm-host")
        self.plan_dump = bench.plan_dump
        self.guest = os.path.join(build, "tests/hosted/hosted-guest")
        self.kernel = vmlib.kernels(bench.lkm, ["6.1"])[0]
        self.work = bench.work
        self.small = Small(self.kernel, self.guest, self.work)
        self.boots = [self.small.boot() for _ in range(BOOTS)]

    def doctor(self, image):
        subprocess.run([self.host, "doctor", image], check=True,
                       stdout=subprocess.DEVNULL)

    def start(self):
        """Start to booted, and the end of the process with it."""
        copy = self.work + "/vmlinuz"
        shutil.copy(self.small.image, copy)
        first = clock(self.doctor, copy)
        self.doctor(self.small.image)
        ours = statistics.median(clock(self.doctor, self.small.image)
                                 for _ in range(STARTS))
        theirs = statistics.median(b for b, _ in self.boots)
        self.table.faster("hosted kernel: start to booted, beside QEMU", ours,
                          theirs, 10)
        self.table.faster("  the first time, image not yet unpacked", first,
                          theirs, 0)

    def copies(self):
        with hostproto.Host(self.host, self.small.image) as host:
            client = host.client()

            def one():
                copy = client.fork()
                vmlib.equal(copy.load(self.small.module), 0)
                copy.hang_up()

            one()
            ours = statistics.median(clock(one) for _ in range(COPIES))
            theirs = statistics.median(t for _, t in self.boots)
            self.table.faster("  fresh kernel and insmod, beside boot and "
                              "insmod", ours, theirs, 500)
            self.table.below("  memory of one kernel (RSS)",
                             usage(client.hello["pid"], "Rss"), MEMORY_MB)
            copy = client.fork()
            before = usage(copy.hello["pid"], "Private_Dirty")
            copy.load(self.small.module)
            self.table.below("  memory of a copy after insmod "
                             "(Private_Dirty)",
                             usage(copy.hello["pid"], "Private_Dirty"),
                             COPY_MB)
            self.table.below("    before it", before, COPY_MB)

    def tree(self):
        """By turns: a part of all modules in the hosted kernel, and a part of
        the drawn ones in QEMU, which needs half an hour for all; its time is
        scaled by their count.  What it needs minutes for is not drawn and not
        counted, which is to its advantage."""
        tree = parity.Tree(self.kernel, self.guest)
        plans = tree.plans(self.plan_dump)
        requests = tree.requests(self.plan_dump)
        names = sorted(plans)
        others = sorted(set(plans) - set(parity.SECONDS))
        drawn = random.Random(SEED).sample(others, SAMPLE)
        ours = theirs = 0.0
        with parity.Runner(tree, plans) as runner:
            runner.start()      # the boot itself does not count
            for i in range(TURNS):
                part = {m: plans[m] for m in names[i::TURNS]}
                ours += parity.hosted(self.host, tree, part, requests)[1]
                theirs += clock(lambda: [runner.module(m)
                                         for m in drawn[i::TURNS]])
            starts = runner.starts
        print(f"  (QEMU: {theirs:.0f} s for {SAMPLE} drawn modules with {starts} "
              f"fresh machines, scaled to {len(others)}.\n   For all of them it "
              f"had {parity.table_took(self.kernel.series)} s when the table "
              "was made.)")
        self.table.faster(f"  all {len(names)} modules, a fresh kernel each",
                          ours, theirs * len(others) / SAMPLE, 12)

    def run(self):
        self.start()
        self.copies()
        self.tree()
