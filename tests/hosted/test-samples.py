#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules of our own, one for each kind of interface, do what the transcript
at their head says: under QEMU, and in the hosted kernel.

usage: test-samples.py LKM-HOST LKM SERIES [NAME...]"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

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


class Hosted:
    """A hosted kernel of our own, and how a transcript's commands reach it."""

    def __init__(self, kernel, scratch, *options):
        self.folder = built(kernel)
        self.bin = scratch + "/bin"
        os.makedirs(self.bin)
        for name in ("lkm", "insmod", "rmmod", "modprobe"):
            os.symlink(kernel.lkm, f"{self.bin}/{name}")
        os.symlink(self.folder + "/poke", self.bin + "/poke")
        with open(self.bin + "/dmesg", "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nlkm host log | sed 's/^\\[[^]]*\\] //'\n")
        os.chmod(self.bin + "/dmesg", 0o755)
        os.mkdir(scratch + "/run", 0o700)
        self.env = {"PATH": f"{self.bin}:{os.environ['PATH']}", "LC_ALL": "C",
                    "HOME": scratch, "XDG_RUNTIME_DIR": scratch + "/run",
                    "LKM_HOST": HOST, "LKM_ON": "hosted"}
        self.start = ["host", "start", "--root", kernel.root, "-k",
                      kernel.release, *options]

    def lkm(self, *arguments):
        return subprocess.run([self.bin + "/lkm", *arguments], text=True,
                              env=self.env, capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, check=False)

    def run(self, text):
        return transcripts.shell(text, self.env, self.folder)

    def __enter__(self):
        done = self.lkm(*self.start)
        equal(done.returncode, 0, done)
        return self

    def __exit__(self, *unused):
        self.lkm("host", "stop")


OURS = re.compile(r"(insmod|rmmod|modprobe|dmesg)\b")
VERBS = [(re.compile(r"cat (/\S+)"), r"lkm host cat \1"),
         (re.compile(r"ls (/\S+)"), r"lkm host ls \1"),
         (re.compile(r"echo ?(.*?) > (/\S+)"), r"lkm host write -- \2 '\1'")]


def by_program(text):
    """An ordinary program whose files of devices, /proc and /sys are those of
    the hosted kernel."""
    if OURS.match(text):
        return text
    return "lkm host exec -- sh -c " + shlex.quote(text)


def by_verb(text):
    """The same by lkm itself, where that is one file."""
    for pattern, form in VERBS:
        match = pattern.fullmatch(text)
        if match:
            return match.expand(form)
    return by_program(text)


def hosted(kernel, way):
    """Each sample in a fresh kernel."""
    wrong = []
    for name in NAMES:
        with tempfile.TemporaryDirectory() as scratch, \
                Hosted(kernel, scratch) as h:
            text = transcripts.run_all(transcripts.of_source(source(name)),
                                       lambda text: h.run(way(text)))
            log = h.run("dmesg | tail -n 20")
        if text:
            wrong.append(f"{name}:\n{text}\n" + "\n".join(
                "  log:    " + line for line in log))
    check(not wrong, *wrong)


def test_programs(kernel):
    """The transcripts are true in the hosted kernel, by 'lkm host exec'."""
    hosted(kernel, by_program)


def test_verbs(kernel):
    """And by 'lkm host cat', 'write' and 'ls'."""
    hosted(kernel, by_verb)


# The head of a function, or of what is registered: the name is its last word
HEAD = re.compile(r"(?:static )?(?:\w+ \**)+(\w+)(?:\([^;]*$| = )|"
                  r"static DECLARE_DELAYED_WORK\((\w+)")


def mistake(file):
    """(kind, function, line) of a twin's mark /* BUG: kind */"""
    function = None
    with open(f"{SAMPLES}/{file}", encoding="ascii") as f:
        for number, line in enumerate(f, 1):
            match = HEAD.match(line)
            if match:
                function = match.group(1) or match.group(2)
            match = re.search(r"/\* BUG: ([\w-]+) \*/", line)
            if match:
                return match.group(1), function, number
    return None


def findings(text):
    """Of a report: (kind, function, file, line) of the innermost frame in a
    twin, once for each function that is inlined there."""
    for part in text.split("error[")[1:]:
        match = re.match(r"host\.finding\]: ([\w-]+) in ", part)
        frame = re.search(r"(?:at|from): (?:\? )?(\w+)[\w.]*\+\S+ \[\w+_broken\]"
                          r"((?: .*)?(?:\n  from: inlined into .*)*)", part)
        if not match or not frame:
            continue
        text = f"inlined into {frame.group(1)} at{frame.group(2)}"
        for name, file, line in re.findall(
                r"inlined into (\w+) at (?:\S*/)?(\S+):(\d+)", text):
            yield match.group(1), name, file, int(line)


def report(h, name):
    """What lkm says while the twin's transcript is run."""
    said = []
    for command in transcripts.of_source(source(name)):
        text = by_verb(command.text)
        text = re.sub(r"^insmod (\S+)", r"lkm load ./\1", text)
        text = re.sub(r"^rmmod ", "lkm unload ", text)
        done = subprocess.run(["sh", "-c", text], env=h.env, cwd=h.folder,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=60,
                              check=False)
        said.append(f"$ {text}\n{done.stdout}{done.stderr}")
    return "\n".join(said)


def named(kind, function, text):
    """What is left registered is data: it has a name, and no line."""
    return kind == "still-registered" and re.search(
        rf"host\.finding\]: {kind} in .* \b{function}\b", text)


def test_twins(kernel):
    """Each broken twin: the kind, function and line of the mistake."""
    wrong, kinds = [], set()
    for name in NAMES:
        file = name + "-broken.c"
        # the user of the exported symbol is who is run
        twin = "sums_user-broken" if name == "sums" else name + "-broken"
        kind, function, line = mistake(file)
        kinds.add(kind)
        with tempfile.TemporaryDirectory() as scratch, \
                Hosted(kernel, scratch, "--guard") as h:
            text = report(h, twin)
        if (kind, function, file, line) not in findings(text) and \
                not named(kind, function, text):
            wrong.append(f"{file}:{line}: no {kind} in {function}:\n{text}")
    check(not wrong, *wrong)
    check(len(NAMES) < 20 or len(kinds) >= 9, kinds)


vmlib.main(test_guest, test_programs, test_verbs, test_twins)
