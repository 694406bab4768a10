#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Deliberately broken modules in the hosted kernel and in a real boot of the
same image: the same errno, and the same log but for what differs by nature.

usage: test-broken.py LKM-HOST GUEST LKM SERIES [NAME...]

Each is loaded into a fresh kernel on both sides: under QEMU that is the state
saved after the boot."""

import difflib
import fnmatch
import os
import re
import subprocess
import sys
import tempfile
import time

import broken_recipes
import parity
from parity import vmlib

sys.path.insert(0, os.path.join(parity.HERE, "..", "common"))
import modulebuild      # noqa: E402

HOST, GUEST = sys.argv[1:3]
del sys.argv[1:3]
NAMES = sys.argv[3:]
BROKEN = os.path.join(parity.HERE, "broken")
PLACE = "/ko"           # in the guest

# Of these only the answer is the same: docs/parity.md says why.
OTHER_LOGS = ("data-cache-left", "data-too-much", "memory-recursion")
# What differs by nature: docs/parity.md says why.  (pattern, what stands for it)
MASKS = [(re.compile(p), to) for p, to in (
    (r"\b(0x)?[0-9a-f]{12,16}\b", "ADDRESS"),
    (r"\bval [0-9a-f]+$", "val ADDRESS"),
    (r"^\[<ADDRESS>\] \S+$", "[<ADDRESS>] ADDRESS"),
    (r"^ (actual|expected): +e8(:[0-9a-f]{2}){4}$", r" \1: a call"),
    (r"^ expected tramp: [0-9a-f]+$", " expected tramp: ADDRESS"),
    (r"\bCPU: \d+ (UID: 0 )?PID: \d+", r"CPU: N \1PID: N"),
    (r"\bComm: \S+", "Comm: NAME"),
    (r"(while atomic:) \S+/\d+/", r"\1 NAME/N/"),
    (r"\bnote: \S+\[\d+\]", "note: NAME[N]"),
)]
# An oops: registers, the user's part, what else lay on the stack ("? "), the
# bytes around and the page tables on the way, the machine's name
DUMP = re.compile(r"(Hardware name|Kernel Offset|R[A-Z0-9][A-Z0-9]|FS|CS|CR2|"
                  r"DR\d|PKRU|Code): | \? |PGD |RIP: 0033:")
# Frames of functions that the host has replaced, and of what they call
REPLACED = re.compile(r" (__schedule|schedule|panic|calculate_sizes|"
                      r"dump_stack_lvl|__check_heap_object|"
                      r"\w*kmem_cache_create\w*)\+")
CLOCK = "clocksource: "     # the machine's, whenever it has measured
LOG_END = "end of this part"    # guest.c
SETTLE = 3                  # s
CONSOLE_TIME = re.compile(r"^\[ *\d+\.\d{6}\] ")
ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


def plain(record):
    """A record of /dev/kmsg, whose bytes that are no letters are escaped."""
    return ESCAPE.sub(lambda m: bytes([int(m[1], 16)]), record)


def lines_of(raw):
    """Lines of text from bytes, the same for the same bytes."""
    return raw.decode("ascii", "backslashreplace").replace("\r", "").split("\n")


def masked(lines):
    kept = []
    for line in lines:
        if line.startswith(CLOCK) or REPLACED.match(line):
            continue
        if line.startswith("RIP: 0010") or not DUMP.match(line):
            for pattern, to in MASKS:
                line = pattern.sub(to, line)
            kept.append(line.rstrip())
    return kept


class Kinds:
    """The files of all cases, for both sides."""

    def __init__(self, kernel, folder):
        self.folder = folder
        built = modulebuild.build(BROKEN, kernel.series)
        self.cases = [c for c in broken_recipes.CASES
                      if (built or not c.built) and (
                          not NAMES or any(fnmatch.fnmatch(c.name, n)
                                           for n in NAMES))]
        if not built:
            print(f"  {kernel.series}: no headers, those of source are left "
                  "out (tools/fetch-kernels --headers)")
        self.before = {}        # case name: paths of good modules
        self.good = {}          # path in the tree: uncompressed copy
        plans = {}
        for case in self.cases:
            for name in (*case.before, *([] if case.built else [case.source])):
                if name not in plans:
                    plans[name] = self.plan(kernel, name)
            paths = [] if case.built else list(plans[case.source][:-1])
            for name in case.before:
                paths += [p for p in plans[name] if p not in paths]
            self.before[case.name] = [self.keep(p) for p in paths]
            with open(self.path(case), "wb") as f:
                f.write(broken_recipes.make(
                    built if case.built else kernel.modules, case))

    @staticmethod
    def plan(kernel, name):
        done = subprocess.run(
            [kernel.lkm, "--root", kernel.root, "-k", kernel.release, "-q",
             "--json", "plan", "--fresh", name], text=True, check=True,
            stdout=subprocess.PIPE)
        return [s["what"] for s in parity.json.loads(done.stdout)["steps"]
                if s["action"] == "load" and not s["optional"]]

    def keep(self, path):
        copy = f"{self.folder}/{parity.module_name(path)}.good.ko"
        if path not in self.good:
            with open(copy, "wb") as f:
                f.write(parity.uncompressed(path))
            self.good[path] = copy
        return copy

    def path(self, case):
        return f"{self.folder}/{case.name}.ko"

    def line(self, case):
        """All of a case's files, for a batch or a guest."""
        spec = self.path(case) + ("," + case.params if case.params else "")
        return self.before[case.name], spec

    def pack(self, path):
        with open(path, "wb") as f:
            c = parity.Cpio(f)
            c.parents("dev/console")
            c.entry("dev/console", 0o020600, rdev=(5, 1))
            c.copy("init", GUEST, 0o100755)
            for name in sorted(os.listdir(self.folder)):
                c.copy(f"{PLACE[1:]}/{name}", f"{self.folder}/{name}")
            c.finish()


def in_process(kernel, kinds):
    """{case name: (verdict, log)} of the hosted kernel."""
    lines = []
    for case in kinds.cases:
        before, spec = kinds.line(case)
        lines.append(" ".join([*before, spec]) + "\n")
    image = f"{kernel.root}/boot/vmlinuz-{kernel.release}"
    done = subprocess.run([HOST, "batch", image, "--log"],
                          input="".join(lines).encode(), capture_output=True,
                          check=False)
    answers = []
    for line in lines_of(done.stdout)[:-1]:
        if line.startswith("  "):
            answers[-1][1].append(line[2:])
        else:
            verdict = line.split(" ", 1)[1]
            verdict = re.sub(r"^ABORT panic: .*", "PANIC", verdict)
            answers.append((re.sub(r"^ABORT .*", "OOPS", verdict), []))
    vmlib.equal(len(answers), len(kinds.cases), done.stderr[-2000:])
    return {c.name: a for c, a in zip(kinds.cases, answers)}


class Bare:
    """What parity.Guest wants to know of a tree."""

    def __init__(self, kernel, initrd):
        self.image = f"{kernel.root}/boot/vmlinuz-{kernel.release}"
        self.initrd = initrd


def ask_guest(guest, kinds, case):
    before, spec = (
        [b.replace(kinds.folder, PLACE, 1) for b in kinds.line(case)[0]],
        kinds.line(case)[1].replace(kinds.folder, PLACE, 1))
    if before:
        guest.ask("load " + " ".join(before))
    guest.ask("log")
    try:
        verdict = guest.ask("load " + spec, 120)[-1]
    except parity.Gone as gone:
        # what it said then is on the console only, and what it said before
        said = [CONSOLE_TIME.sub("", line)
                for line in lines_of(guest.printed())]
        since = max(i for i, line in enumerate(said) if line == LOG_END)
        return str(gone), said[since + 1:-1]
    log = [line for record in guest.ask("log")
           for line in lines_of(plain(record[2:].encode("latin-1")))]
    return re.sub(r"^DIED .*", "OOPS", verdict), log


def in_machine(kernel, kinds, ours):
    """The same under QEMU."""
    answers = {}
    with tempfile.TemporaryDirectory(dir=vmlib.CACHE) as folder:
        tree = Bare(kernel, folder + "/initrd")
        kinds.pack(tree.initrd)
        state = folder + "/state"
        with parity.boot(tree, loglevel=8) as guest:
            # until what a boot leaves for later (the clock's choice) is done
            time.sleep(SETTLE)
            guest.ask("log")
            guest.save(state)
        for case in kinds.cases:
            # on a busy host QEMU sometimes makes the kernel panic
            for _ in range(2):
                with parity.Guest(tree, state=state) as guest:
                    answer = ask_guest(guest, kinds, case)
                if answer[0] != "PANIC" or ours[case.name][0] == "PANIC":
                    break
            answers[case.name] = answer
    return answers


def differences(ours, theirs):
    for name, (verdict, log) in ours.items():
        real, real_log = theirs[name]
        about = list(difflib.unified_diff(
            masked(real_log), masked(log), "QEMU", "hosted", lineterm="",
            n=1))[2:]
        if name in OTHER_LOGS:
            about = [] if about else ["no difference any more"]
        if verdict != real or about:
            yield "\n".join([f"{name}: hosted {verdict}, QEMU {real}", *about])


def test_broken(kernel):
    with tempfile.TemporaryDirectory() as folder:
        kinds = Kinds(kernel, folder)
        ours = in_process(kernel, kinds)
        theirs = in_machine(kernel, kinds, ours)
    wrong = list(differences(ours, theirs))
    refused = sum(v != "LIVE" for v, _ in theirs.values())
    print(f"  {kernel.series}: {len(ours)} broken modules, {refused} refused "
          f"under QEMU, {len(ours) - len(wrong)} alike in errno and log")
    vmlib.check(not wrong, *wrong)


vmlib.main(test_broken, series=sys.argv[2:3])
