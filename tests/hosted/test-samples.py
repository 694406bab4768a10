#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules of our own, one for each kind of interface, do what the transcript
at their head says: under QEMU, and in the hosted kernel.

usage: test-samples.py LKM-HOST LKM SERIES [NAME...]"""

import os
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("vm", "common"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
import modulebuild      # noqa: E402
import transcripts      # noqa: E402
import vmlib            # noqa: E402
from vmlib import check, equal      # noqa: E402

HOST = sys.argv.pop(1)
SAMPLES = os.path.join(HERE, "samples")
NAMES = sys.argv[3:] or [
    "greet", "chardev", "procseq", "sysattr", "debugval", "ticker", "deferred",
    "beat", "handoff", "mailbox", "ledger", "objcache", "sorted", "watcher",
    "echonet", "ramblk", "button", "sensor", "rot13", "sums"]
del sys.argv[3:]


def source(name):
    return f"{SAMPLES}/{name}.c"


def built(kernel):
    """The folder of the modules for @kernel, and of the program poke."""
    folder = modulebuild.build(SAMPLES, kernel.series)
    if not folder:
        vmlib.skip(f"no headers of {kernel.series} or no make "
                   "(tools/fetch-kernels --headers)")
    poke = folder + "/poke"
    if not os.path.exists(poke):
        subprocess.run(["gcc", "-O2", "-static", "-o", poke + ".new",
                        source("poke")], check=True)
        os.rename(poke + ".new", poke)
    return folder


GUEST = """
mount -t debugfs none /sys/kernel/debug 2>/dev/null
export PATH=/s:$PATH
cd /s
dmesg() { busybox dmesg | sed 's/^\\[[^]]*\\] //'; }
modprobe() { /sbin/modprobe "$@"; }
failed() { echo; echo "[failed]"; }
"""


def guest_script(names):
    lines = [GUEST]
    for name in names:
        lines.append("busybox dmesg -c >/dev/null")
        for i, command in enumerate(transcripts.of_source(source(name))):
            # the output before it may lack its last newline
            lines.append(f"echo; echo '= {name} {i}'\n({command.text}\n) "
                         "</dev/null 2>/dev/null || failed")
    return "\n".join(lines)


def in_guest(kernel, names):
    """What came: a dictionary of (name, number of the command)."""
    folder = built(kernel)
    options = ["-m", "evdev", "--copy", folder + "/poke:/s/poke"]
    for file in sorted(os.listdir(folder)):
        if file.endswith(".ko"):
            options += ["--copy", f"{folder}/{file}:/s/{file}"]
    r = kernel.shell(guest_script(names), options=options)
    got, lines = {}, None
    for line in r.out.splitlines():
        if line.startswith("= "):
            name, number = line[2:].split()
            lines = got.setdefault((name, int(number)), [])
        elif lines is not None and line:
            lines.append(line)
    equal(r.status, 0, r)
    return got


def test_guest(kernel):
    """The transcripts are true in the kernel they are of."""
    got = in_guest(kernel, NAMES)
    wrong = []
    for name in NAMES:
        commands = transcripts.of_source(source(name))
        check(len(commands) > 2, f"{name} has no transcript")
        answers = iter(range(len(commands)))
        text = transcripts.run_all(
            commands, lambda _, n=name, a=answers: got.get((n, next(a)), []))
        if text:
            wrong.append(f"{name}:\n{text}")
    check(not wrong, *wrong)


vmlib.main(test_guest)
