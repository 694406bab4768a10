#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two loads at once, and an init function that does not return."""

import os
import sys

from vmlib import HERE, check, equal, main

sys.path.insert(0, os.path.join(HERE, "..", "common"))
import modulebuild      # noqa: E402

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
    built = modulebuild.build(HERE + "/modules", kernel.series)
    if not built:
        print(f"  no headers of {kernel.series}: not tried")
        return
    r = kernel.shell(HANG, options=["--copy", built + "/hang.ko:/tmp/hang.ko",
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


ALL = """
R=/lib/modules/$(uname -r)
mkdir -p $R/extra
cp /tmp/slow_one.ko /tmp/slow_two.ko $R/extra/
mkdir -p /names; for n in depmod modprobe; do ln -s $(command -v lkm) /names/$n; done
/names/depmod || exit 1
/names/modprobe -a slow_one nosuch btrfs slow_two; echo "status $?"
cut -d' ' -f1 /proc/modules | grep -x -e slow_one -e slow_two -e btrfs | sort
/names/modprobe -a slow_one slow_two btrfs; echo "again $?"
dmesg | sed -n 's/.*slow: //p'
"""


def test_all(kernel):
    """modprobe -a does not wait for one init function before the next."""
    built = modulebuild.build(HERE + "/modules", kernel.series)
    if not built:
        print(f"  no headers of {kernel.series}: not tried")
        return
    options = ["-m", "btrfs", "--cpus", "2"]
    for name in ("slow_one", "slow_two"):
        options += ["--copy", f"{built}/{name}.ko:/tmp/{name}.ko"]
    r = kernel.shell(ALL, options=options)
    lines = r.out.splitlines()
    equal(lines[:5], ["status 1", "btrfs", "slow_one", "slow_two", "again 0"],
          r)
    # Both have begun before one has ended; each was loaded once.
    equal([line.split()[0] for line in lines[5:]],
          ["begin", "begin", "end", "end"], r)
    equal(r.err.count("Module nosuch not found"), 1, r)


main(test_twice, test_hang, test_all)
