#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two loads at once, and an init function that does not return."""

import os
import shutil
import subprocess
import tempfile

from vmlib import CACHE, HERE, check, equal, main

TWICE = """
for i in 1 2 3 4; do
	lkm load btrfs & a=$!
	lkm load btrfs & b=$!
	wait $a; ra=$?
	wait $b; rb=$?
	echo "$ra $rb $(cut -d' ' -f1 /proc/modules | grep -c -x btrfs)"
	lkm unload btrfs || exit 1
done
lkm load btrfs & a=$!
lkm load xfs & b=$!
wait $a; ra=$?
wait $b; rb=$?
echo "$ra $rb $(cut -d' ' -f1 /proc/modules | grep -c -x -e btrfs -e xfs)"
"""


def test_twice(kernel):
    """The second one finds it loaded, or waits for it; both succeed."""
    r = kernel.shell(TWICE, options=["-m", "btrfs,xfs", "--cpus", "2"])
    equal(r.status, 0, r)
    equal(r.out.splitlines(), 4 * ["0 0 1"] + ["0 0 2"], r)


def build(kernel, folder):
    """hang.ko for @kernel, or None without its headers."""
    headers = os.path.join(CACHE, "kernels", "headers-" + kernel.series)
    if not os.path.exists(headers) or not shutil.which("make"):
        return None
    shutil.copy(HERE + "/modules/hang.c", folder)
    with open(folder + "/Makefile", "w", encoding="ascii") as f:
        f.write("obj-m := hang.o\n")
    done = subprocess.run(["make", "-C", os.path.realpath(headers),
                           "M=" + folder, "modules"], capture_output=True,
                          text=True, check=False)
    equal(done.returncode, 0, done.stdout + done.stderr)
    return folder + "/hang.ko"


HANG = """
lkm load --timeout 2 /tmp/hang.ko killable=1; echo "late: $?"
sleep 1
grep -c '^hang ' /proc/modules
timeout -s INT 2 lkm load /tmp/hang.ko killable=1; echo "interrupted: $?"
sleep 1
grep -c '^hang ' /proc/modules
lkm load --timeout 2 /tmp/hang.ko; echo "for ever: $?"
cut -d' ' -f1,5 /proc/modules
lkm list | grep hang
lkm load --timeout 2 /tmp/hang.ko; echo "again: $?"
lkm unload hang; echo "unload: $?"
"""


def test_hang(kernel):
    """--timeout and Ctrl-C end the wait, and what the kernel does is said."""
    with tempfile.TemporaryDirectory() as folder:
        module = build(kernel, folder)
        if not module:
            print(f"  no headers of {kernel.series}: not tried")
            return
        r = kernel.shell(HANG, options=["--copy", module + ":/tmp/hang.ko",
                                        "-m", "xor"])
    lines = r.out.splitlines()
    equal(len(lines), 9, r)
    equal(lines[:2], ["late: 1", "0"], r)
    equal(lines[2], "interrupted: 1", r)
    equal(lines[4:6], ["for ever: 1", "hang Loading"], r)
    check("loading" in lines[6], r)
    equal(lines[7:], ["again: 1", "unload: 1"], r)
    check(r.err.count("error[kernel.load.timeout]") >= 2, r)
    check("error[kernel.load.interrupted]" in r.err, r)


main(test_twice, test_hang)
