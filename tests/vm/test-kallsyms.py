#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lkm reads in a kernel's image is what that kernel says of itself when it
runs: /proc/kallsyms, the parameters of what is built in, its banner.

usage: test-kallsyms.py VMLINUX-DUMP LKM [SERIES...]"""

import glob
import subprocess
import sys

from vmlib import check, equal, main

DUMP = sys.argv.pop(1)
# Files of /sys/module: mode in octal, module, parameter.
PARAMETERS = "cd /sys/module && for f in */parameters/*; do " \
    "stat -c '%a %n' $f; done"
SCRIPT = "echo 0 >/proc/sys/kernel/kptr_restrict; cat /proc/kallsyms; " \
    f"echo ==; {PARAMETERS}; echo ==; cat /proc/version"


def dump(kernel, part):
    image, = glob.glob(kernel.root + "/boot/vmlinuz-*")
    done = subprocess.run([DUMP, image, part], stdout=subprocess.PIPE,
                          check=False)
    text = done.stdout.decode("ascii", "surrogateescape")
    equal(done.returncode, 0, text[:500])
    return text.splitlines()


def asked(kernel, answers={}):  # one boot for all tests of a kernel
    if kernel.series not in answers:
        r = kernel.shell(SCRIPT, options=["--append", "nokaslr"])
        equal(r.status, 0, r.err)
        answers[kernel.series] = [part.splitlines()
                                  for part in r.out.split("==\n")]
    return answers[kernel.series]


def test_symbols(kernel):
    """Address, type, name and order of all that have no owner in brackets, as
    modules' symbols have and what is compiled while the kernel runs."""
    running = [line for line in asked(kernel)[0] if "\t[" not in line]
    read = dump(kernel, "symbols")
    check(len(read) > 50000, len(read))
    for got, wanted in zip(read, running):
        equal(got, wanted)
    equal(len(read), len(running))


def test_parameters(kernel):
    """Those with a file in /sys, and their modes; no others."""
    wanted = set()
    for line in asked(kernel)[1]:
        mode, path = line.split()
        module, _, name = path.split("/")
        wanted.add((module, name, int(mode, 8)))
    read = set()
    for line in dump(kernel, "params"):
        name, mode = line.split()[:2]
        module, _, parameter = name.rpartition(".")
        if int(mode, 8):
            read.add((module.replace("-", "_") or "kernel", parameter,
                      int(mode, 8)))
    check(len(read) > 100, len(read))
    equal(read - wanted, set())
    equal(wanted - read, set())


def test_banner(kernel):
    payload, release, banner = dump(kernel, "banner")
    equal(release, kernel.release)
    equal([banner], asked(kernel)[2])
    check(payload in ("xz", "zstd", "gzip", "lz4"), payload)


main(test_symbols, test_parameters, test_banner)
