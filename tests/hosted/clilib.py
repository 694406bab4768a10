# SPDX-License-Identifier: LGPL-2.1-or-later
"""lkm with a hosted kernel of its own: what the tests of that share."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vm"))
import vmlib                        # noqa: E402
from vmlib import check, equal      # noqa: E402

TIMEOUT = 120


def finished(command, seconds, **options):
    """As subprocess.run(), of text; what does not end in time is a failure
    that says what each thread waits for."""
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, errors="replace",
                          **options) as p:
        try:
            out, err = p.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            threads = subprocess.run(
                ["ps", "-eLo", "pid,ppid,tid,stat,wchan:32,args"], text=True,
                stdout=subprocess.PIPE, check=False).stdout
            p.kill()
            check(False, f"{command}: not ended in {seconds} s", threads)
    return subprocess.CompletedProcess(command, p.returncode, out, err)


class Session:
    """A runtime directory with at most one hosted kernel, of @kernel."""

    def __init__(self, kernel, host):
        self.kernel = kernel
        self.root = kernel.root
        self.folder = tempfile.TemporaryDirectory(prefix="lkm-cli-")
        self.runtime = self.folder.name + "/run"
        os.mkdir(self.runtime, 0o700)
        self.env = dict(os.environ, XDG_RUNTIME_DIR=self.runtime,
                        LKM_HOST=host, LKM_CACHE_DIR=self.folder.name)
        for name in ("LKM_ON", "LKM_KERNELS", "MODPROBE_OPTIONS"):
            self.env.pop(name, None)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def run(self, *words, name="lkm", text="", env=(), status=0):
        """lkm @words; what it says.  @status None: any."""
        program = self.kernel.lkm
        if name != "lkm":
            program = self.path(name)
            if not os.path.islink(program):
                os.symlink(self.kernel.lkm, program)
        done = subprocess.run([program, *words], input=text, text=True,
                              capture_output=True, timeout=TIMEOUT,
                              check=False, errors="replace",
                              env=dict(self.env, **dict(env)))
        check(done.returncode >= 0, "lkm died", done)
        if status is not None:
            equal(done.returncode, status, done)
        return done

    def on(self, *words, **more):
        return self.run("--on", "hosted", *words, **more)

    def json(self, *words, **more):
        return json.loads(self.on("--json", *words, **more).stdout)

    def start(self, *words):
        return self.run("--root", self.root, "-k", self.kernel.release,
                        "host", "start", *words)

    def loaded(self):
        return [m["name"] for m in self.json("list")["modules"]]

    def status(self):
        return json.loads(self.run("host", "status", "--json").stdout)

    def fails(self, ident, *words, **more):
        """@words end with the error @ident."""
        done = self.run(*words, status=1, **more)
        check(f"error[{ident}]:" in done.stderr, done)
        return done.stderr

    def popen(self, *words):
        return subprocess.Popen([self.kernel.lkm, *words], env=self.env,
                                stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def close(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.run("host", "stop", status=None)
        self.folder.cleanup()


def build(session, headers, name, source):
    """The module @name of @source, built as its users would: a path."""
    folder = session.path("build-" + name)
    os.mkdir(folder)
    with open(f"{folder}/{name}.c", "w", encoding="ascii") as f:
        f.write(source)
    with open(folder + "/Kbuild", "w", encoding="ascii") as f:
        f.write(f"obj-m := {name}.o\n")
    done = subprocess.run(["make", "-s", "-C", headers, "M=" + folder,
                           "modules"], text=True, capture_output=True,
                          check=False)
    equal(done.returncode, 0, done)
    return f"{folder}/{name}.ko"


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def main(*tests):
    """usage: test-NAME.py LKM-HOST LKM SERIES..."""
    host, lkm, *series = sys.argv[1:]
    kernels = vmlib.kernels(os.path.abspath(lkm), series or vmlib.SERIES)
    if not kernels:
        vmlib.skip("no kernel; tools/fetch-kernels makes them")
    failed = 0
    for kernel in kernels:
        for test in tests:
            session = Session(kernel, os.path.abspath(host))
            try:
                test(session)
                print(f"ok {kernel.series} {test.__name__}", flush=True)
            except Exception:       # one failed test must not hide others
                failed += 1
                print(f"FAILED {kernel.series} {test.__name__}")
                traceback.print_exc(file=sys.stdout)
            finally:
                session.close()
    sys.exit(1 if failed else 0)
