# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests in real kernels share: the kernels, `lkm vm`, checks.

A test is a script test-NAME.py with functions test_...(kernel); main() calls
each for every kernel that is here.  `test-NAME.py LKM [SERIES...]` runs it by
hand.  Exit status: 0 all passed, 1 not, 77 no kernel, no QEMU or no busybox."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

CACHE = os.environ.get("LKM_CACHE") or os.path.expanduser("~/.cache/lkm-tests")
SERIES = ("6.1", "6.12")
HERE = os.path.dirname(os.path.abspath(__file__))
TIMEOUT = 120       # seconds for a guest, on a busy machine


class Failed(Exception):
    pass


class Result:
    def __init__(self, done, seconds):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        self.seconds = seconds

    def __str__(self):
        return f"status {self.status}\nstdout:\n{self.out}\n" \
               f"stderr:\n{self.err}"


class Kernel:
    """A kernel as tools/fetch-kernels has unpacked it, or a copy of it that
    may be written to."""

    def __init__(self, series, root, lkm):
        self.series = series
        self.root = root
        self.lkm = lkm
        self.release = max(os.listdir(root + "/lib/modules"))
        self.modules = f"{root}/lib/modules/{self.release}"

    def command(self, options, command, timeout=TIMEOUT):
        return [self.lkm, "vm", "--root", self.root, "-k", self.release,
                "--timeout", str(timeout), *options, "--", *command]

    def run(self, *command, options=(), timeout=TIMEOUT):
        """Runs @command in a guest."""
        start = time.monotonic()
        done = subprocess.run(self.command(options, command, timeout),
                              stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=timeout + 60,
                              errors="surrogateescape", check=False)
        return Result(done, time.monotonic() - start)

    def shell(self, script, options=(), timeout=TIMEOUT):
        return self.run("sh", "-c", script, options=options, timeout=timeout)

    def writable(self, folder):
        """A copy below @folder: hard links, so files are only replaced."""
        root = os.path.join(folder, "root-" + self.series)
        os.makedirs(root + "/lib/modules")
        subprocess.run(["cp", "-al", self.modules, root + "/lib/modules/"],
                       check=True)
        os.symlink(os.path.realpath(self.root) + "/boot", root + "/boot")
        return Kernel(self.series, root, self.lkm)

    def depmod(self):
        subprocess.run([find_tool("depmod"), "-b", self.root, self.release],
                       check=True)


def find_tool(name):
    return shutil.which(name, path=os.environ.get("PATH", "") +
                        ":/usr/sbin:/sbin")


def scratch():
    """A folder on the kernels' file system, for hard links."""
    return tempfile.TemporaryDirectory(prefix="vm-", dir=CACHE)


def kernels(lkm, series=SERIES):
    found = []
    for name in series:
        root = os.path.join(CACHE, "kernels", name)
        if os.path.isdir(root + "/lib/modules"):
            found.append(Kernel(name, os.path.realpath(root), lkm))
    return found


def check(condition, *about):
    if not condition:
        raise Failed("\n".join(str(a) for a in about))


def equal(got, wanted, *about):
    check(got == wanted, f"got {got!r}, wanted {wanted!r}", *about)


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def main(*tests, series=None):
    """Runs @tests for the kernels of the command line, or of @series."""
    lkm, *given = sys.argv[1:]
    series = series or given
    if not find_tool("qemu-system-x86_64"):
        skip("no qemu-system-x86_64")
    if not find_tool("busybox"):
        skip("no busybox")
    found = kernels(os.path.abspath(lkm), series or SERIES)
    if not found:
        skip(f"no kernels in {CACHE}/kernels (tools/fetch-kernels)")
    bad = 0
    for kernel in found:
        for test in tests:
            start = time.monotonic()
            try:
                test(kernel)
                verdict = "ok"
            except Failed as why:
                verdict = f"FAILED\n{why}"
            except Exception:   # the others are to run all the same
                verdict = "FAILED\n" + traceback.format_exc()
            bad += verdict != "ok"
            print(f"{kernel.series} {test.__name__} "
                  f"({time.monotonic() - start:.1f} s): {verdict}", flush=True)
    sys.exit(1 if bad else 0)
