#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs transcripts: commands with the output and exit status they must have.

usage: run.py [--bless] [--lkm PATH] FILE.t...

A transcript (FILE.t) is run line by line in a new, empty folder:

    # a comment
    %require K61            skip the file where $K61 is empty (also cmd:NAME)
    $ lkm info short.ko     bash runs it; files persist, variables do not
    > more of it            a further line of the same command
    expected line of stdout
    [a-z]+ and so on (re)   a regular expression for the whole line
    ...                     any number of lines
    no newline (no-eol)     the output ends without one
    \\# a line              one that begins with \\ # $ > ! % [ is written so
    ! expected line of stderr
    [1]                     exit status, where it is not 0

PATH has lkm first.  $LKM is its path, $SRC this tree; $K61 and $K612 are the unpacked Debian
kernels (empty where absent), $R61 and $R612 their releases.  In what is
compared, the folder is $DIR and the kernels are $K61 and $K612.  --bless
writes what came into the file; what matches already is kept as it is.

Exit status: 0 all as expected, 1 not, 77 nothing could be run."""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

TIMEOUT = 120       # seconds for a command; the slowest indexes a whole tree
SPECIAL = ("\\", "#", "$", ">", "!", "%", "[")
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
DEFAULT_LKM = "build/gcc/src/cli/lkm"


class Step:
    """A command, the comment lines before it, what is expected of it."""

    def __init__(self, before):
        self.before = before
        self.command = []
        self.out = []
        self.err = []
        self.status = 0


def parse(path):
    """Of a transcript: its steps, the lines after the last one, what it
    requires."""
    steps, before, requires = [], [], []
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, 1):
        if line.startswith("$ "):
            steps.append(Step(before))
            steps[-1].command.append(line[2:])
            before = []
            continue
        if line.startswith("#") or (line == "" and not steps):
            before.append(line)
            continue
        if line.startswith("%require "):
            requires += line.split()[1:]
            before.append(line)
            continue
        if line == "" and (before or is_gap(lines, number)):
            before.append(line)
            continue
        if not steps:
            sys.exit(f"{path}:{number}: output before the first command")
        step = steps[-1]
        if line.startswith("> "):
            step.command.append(line[2:])
        elif re.fullmatch(r"\[\d+\]", line):
            step.status = int(line[1:-1])
        elif line == "!" or line.startswith("! "):
            step.err.append(line[2:])
        else:
            step.out.append(line)
    return steps, before, requires


def is_gap(lines, number):
    """An empty line is the transcript's own where a comment, a command or the
    end follows it; an empty line of output is written as "\\"."""
    for line in lines[number:]:
        if line:
            return line.startswith(("$ ", "#", "%"))
    return True


def unescape(line):
    return line[1:] if line.startswith("\\") else line


def escape(line, is_out):
    if not is_out:
        return line
    if line == "" or line.startswith(SPECIAL) or line == "...":
        return "\\" + line
    return line


def line_matches(pattern, line):
    if pattern.endswith(" (re)"):
        return re.fullmatch(pattern[:-5], line) is not None
    return unescape(pattern) == line


def matches(patterns, lines):
    """As shell patterns do it, "..." stands for any number of lines."""
    if not patterns:
        return not lines
    if patterns[0] == "...":
        return any(matches(patterns[1:], lines[i:])
                   for i in range(len(lines) + 1))
    return bool(lines) and line_matches(patterns[0], lines[0]) \
        and matches(patterns[1:], lines[1:])


def to_lines(text):
    if text == "":
        return []
    if text.endswith("\n"):
        return text[:-1].split("\n")
    return (text + " (no-eol)").split("\n")


class Runner:
    def __init__(self, lkm):
        self.lkm = os.path.abspath(lkm)
        cache = os.environ.get("LKM_CACHE") or os.path.expanduser(
            "~/.cache/lkm-tests")
        self.kernels = {}
        for variable, series in (("K61", "6.1"), ("K612", "6.12")):
            link = os.path.join(cache, "kernels", series)
            if os.path.isdir(os.path.join(link, "lib/modules")):
                self.kernels[variable] = os.path.realpath(link)

    def environment(self, folder):
        env = {"PATH": f"{folder}/.bin:" + os.environ.get("PATH", "") +
                       ":/usr/sbin:/sbin",
               "LKM": self.lkm, "LC_ALL": "C", "TZ": "UTC", "NO_COLOR": "1",
               "TERM": "dumb", "HOME": folder + "/.home", "DIR": folder,
               "COLUMNS": "80", "SRC": SOURCE}
        for variable in ("K61", "K612"):
            tree = self.kernels.get(variable, "")
            env[variable] = tree
            release = "R" + variable[1:]
            env[release] = max(os.listdir(tree + "/lib/modules")) \
                if tree else ""
        # a sanitizer's options and its own exit status must get through
        env.update({k: v for k, v in os.environ.items()
                    if k.endswith("SAN_OPTIONS") or k == "LLVM_PROFILE_FILE"})
        return env

    def names(self, text, folder):
        """Paths that differ from run to run get the names of variables."""
        text = text.replace(folder, "$DIR")
        # json-c up to 0.16 breaks the line in an empty array
        text = re.sub(r"\[\n *\]", "[]", text)
        for variable, tree in self.kernels.items():
            text = text.replace(tree, "$" + variable)
        return text

    def missing(self, requires):
        for name in requires:
            if name.startswith("cmd:"):
                if not shutil.which(name[4:], path=os.environ.get("PATH", "")
                                    + ":/usr/sbin:/sbin"):
                    return name[4:]
            elif name not in self.kernels:
                return name
        return None

    def run(self, step, folder):
        """Return stdout lines, stderr lines, exit status."""
        try:
            done = subprocess.run(
                ["bash", "-c", "\n".join(step.command)], cwd=folder,
                env=self.environment(folder), stdin=subprocess.DEVNULL,
                capture_output=True, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            return [], [f"(timeout after {TIMEOUT} s)"], 124
        out, err = (self.names(b.decode("utf-8", "replace"), folder)
                    for b in (done.stdout, done.stderr))
        status = done.returncode
        return to_lines(out), to_lines(err), \
            128 - status if status < 0 else status


def show(step, out, err, status):
    """The lines of a transcript for one step."""
    lines = ["$ " + step.command[0]] + ["> " + c for c in step.command[1:]]
    lines += out + [("! " + e).rstrip() if e == "" else "! " + e for e in err]
    return lines + ([f"[{status}]"] if status else [])


def run_file(runner, path, bless):
    """Return True as expected, False not, None skipped."""
    steps, tail, requires = parse(path)
    missing = runner.missing(requires)
    if missing:
        print(f"SKIP {path}: {missing} is not here")
        return None
    if not steps:
        print(f"FAIL {path}: no command in it")
        return False
    wanted, came, bad = [], [], 0
    with tempfile.TemporaryDirectory(prefix="lkm-golden-") as folder:
        folder = os.path.realpath(folder)
        os.makedirs(folder + "/.bin")
        os.makedirs(folder + "/.home")
        os.symlink(runner.lkm, folder + "/.bin/lkm")
        for step in steps:
            out, err, status = runner.run(step, folder)
            ok_out = matches(step.out, out)
            ok_err = matches(step.err, err)
            bad += not (ok_out and ok_err and status == step.status)
            wanted += step.before + show(step, step.out, step.err, step.status)
            came += step.before + show(
                step, step.out if ok_out else [escape(l, True) for l in out],
                step.err if ok_err else err, status)
    if bad and bless:
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(came + tail) + "\n")
        print(f"blessed {path}: {bad} of {len(steps)} commands")
        return True
    for line in difflib.unified_diff(wanted, came, f"{path} (expected)",
                                     f"{path} (came)", lineterm="", n=2):
        print(line)
    print(f"{'FAIL' if bad else 'ok  '} {path}: {len(steps) - bad} of "
          f"{len(steps)} commands as expected")
    return not bad


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bless", action="store_true")
    parser.add_argument("--lkm", default=os.environ.get("LKM", DEFAULT_LKM))
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    if not os.access(args.lkm, os.X_OK):
        sys.exit(f"run.py: no program at {args.lkm} (--lkm PATH)")
    runner = Runner(args.lkm)
    results = [run_file(runner, path, args.bless) for path in args.files]
    if False in results:
        sys.exit(1)
    sys.exit(0 if True in results else 77)


main()
