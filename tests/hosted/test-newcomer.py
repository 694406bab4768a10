#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/tutorial.md is true: its commands, run by a user without rights, print
what it says.

usage: test-newcomer.py LKM-HOST LKM SERIES"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("vm", "common"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
import modulebuild      # noqa: E402
import transcripts      # noqa: E402
import vmlib            # noqa: E402
from vmlib import check     # noqa: E402

HOST = sys.argv.pop(1)
TUTORIAL = os.path.join(HERE, "..", "..", "docs", "tutorial.md")
NOBODY = 65534


def commands(series):
    """Of the document, which has 6.1, for @series."""
    with open(TUTORIAL, encoding="utf-8") as f:
        text = f.read().replace("headers-6.1 ", f"headers-{series} ") \
            .replace("$KERNELS/6.1/", f"$KERNELS/{series}/")
    lines = [line for block in re.findall(r"```console\n(.*?)```", text, re.S)
             for line in block.splitlines()]
    return transcripts.parse([line + " " if line == ">" else line
                              for line in lines])


def masked(lines, home):
    """Without what differs from one build or machine to another."""
    return [re.sub(r"\+0x[0-9a-f]+/0x[0-9a-f]+", "+0x/0x",
                   line.replace(home, "/home/me")) for line in lines]


def copy_kernel(kernel, top):
    """What the newcomer may read: image, lists of modules, headers."""
    series = kernel.series
    target = f"{top}/{series}/lib/modules/{kernel.release}"
    os.makedirs(target)
    shutil.copytree(kernel.root + "/boot", f"{top}/{series}/boot")
    for name in os.listdir(kernel.modules):
        if name.startswith("modules."):
            shutil.copy(f"{kernel.modules}/{name}", target)
    headers = modulebuild.headers(series)
    package = headers[:headers.index("/usr/src/")]
    subprocess.run(["cp", "-a", package, f"{top}/package"], check=True)
    os.symlink("package" + headers[len(package):], f"{top}/headers-{series}")


class Newcomer:
    """A user with nothing but a home."""

    def __init__(self, kernel, scratch):
        self.home, self.at = scratch + "/me", scratch + "/me"
        os.makedirs(scratch + "/bin")
        os.mkdir(self.home)
        os.mkdir(self.home + "/run", 0o700)
        shutil.copy(kernel.lkm, scratch + "/bin/lkm")
        shutil.copy(HOST, scratch + "/bin/lkm-host")
        copy_kernel(kernel, scratch + "/kernels")
        os.chmod(scratch, 0o755)
        self.env = {"PATH": f"{scratch}/bin:/usr/bin:/bin", "LC_ALL": "C",
                    "HOME": self.home, "KERNELS": scratch + "/kernels",
                    "XDG_RUNTIME_DIR": self.home + "/run",
                    "LKM_HOST": scratch + "/bin/lkm-host"}
        self.become = []
        if os.getuid() == 0:
            for path in (self.home, self.home + "/run"):
                os.chown(path, NOBODY, NOBODY)
            self.become = ["setpriv", f"--reuid={NOBODY}",
                           f"--regid={NOBODY}", "--clear-groups"]

    def run(self, text):
        """In the folder where the last command ended."""
        place = self.home + "/.place"
        done = subprocess.run(
            [*self.become, "bash", "-c",
             f"{text}\nr=$?; pwd >{place}; exit $r"],
            env=self.env, cwd=self.at, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=120, check=False)
        self.said = done.stderr
        with open(place, encoding="utf-8") as f:
            self.at = f.read().strip()
        return masked(transcripts.printed(done.stdout, done.returncode),
                      self.home)


def test_tutorial(kernel):
    """Each command prints what the document has below it."""
    if not modulebuild.headers(kernel.series) or not shutil.which("make"):
        vmlib.skip("no headers or no make (tools/fetch-kernels --headers)")
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        me = Newcomer(kernel, scratch)
        try:
            for command in commands(kernel.series):
                got = me.run(command.text)
                wanted = masked(command.wanted, me.home)
                if got != wanted:
                    wrong += [f"$ {command.text}", f"  wanted: {wanted}",
                              f"  got:    {got}", me.said]
        finally:
            me.run("lkm host stop")
    check(not wrong, *wrong)


vmlib.main(test_tutorial)
