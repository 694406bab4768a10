#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gdb in a module of the hosted kernel: stopped in its init or in a file of
its, with lines, variables and the kernel's functions, and the commands end as
they would without it.

usage: test-gdb.py LKM-HOST LKM SERIES"""

import glob
import os
import pty
import re
import resource
import select
import shutil
import subprocess
import sys
import termios
import time

import clilib
import vmlib
from clilib import check, equal

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
import modulebuild      # noqa: E402

if not shutil.which("gdb"):
    vmlib.skip("no gdb")


def module(s):
    folder = modulebuild.build(HERE + "/gdb", s.kernel.series)
    if not folder:
        vmlib.skip(f"no headers of {s.kernel.series} or no make "
                   "(tools/fetch-kernels --headers)")
    return folder + "/tally.ko"


def private(s, *words, commands=(), **more):
    """lkm load in a kernel of its own."""
    return s.run("--on", "hosted", "--root", s.root, "-k", s.kernel.release,
                 "load", *[w for c in commands for w in ("--gdb-command", c)],
                 *words, **more)


def line(word):
    """Of the module's source, where @word is first."""
    with open(HERE + "/gdb/tally.c", encoding="ascii") as f:
        return next(i for i, text in enumerate(f, 1) if word in text)


def in_order(text, *patterns):
    for pattern in patterns:
        found = re.search(pattern, text, re.M)
        check(found, f"no {pattern} in", text)
        text = text[found.end():]


KERNEL = (r"^#\d+ .* in do_one_initcall \(\)", r"^#\d+ .* in do_init_module ",
          r"^#\d+ .* in do_syscall_64 ")


def test_init(s):
    """Stopped at the module's init; what is set there is what it goes by."""
    done = private(s, module(s), "start=8", commands=[
        "bt", "print start", "break add", "continue", "print more", "up",
        "set variable start=-1"], status=1)
    in_order(done.stdout, rf"^Temporary .* tally_init \(\) at .*tally.c:\d+$",
             r"^#0 +tally_init \(\) at .*tally.c:\d+", *KERNEL,
             r"^\$1 = 8", r"^Breakpoint 2, add \(more=8\) at .*tally.c:\d+",
             r"^\$2 = 8", r"^#1 .* tally_init \(\) at .*tally.c:"
             rf"{line('add(start)')}")
    check("error[module.init.failed]: " in done.stderr and
          "Numerical result out of range" in done.stderr, done)
    # As without gdb
    plain = private(s, module(s), "start=-1", status=1)
    equal([text for text in done.stderr.splitlines()
           if text.startswith("error")],
          [text for text in plain.stderr.splitlines()
           if text.startswith("error")])


def test_steps(s):
    """Over calls, ticks, instructions that fault, and a warning."""
    done = private(s, module(s), "warn=1", commands=["next"] * 7 +
                   ["print total"], status=1)
    in_order(done.stdout, *(rf"^(0x\w+\s)?{line(word)}\t" for word in (
        "add(start)", "mdelay(", "outb(", "WARN_ON(", "add(2)")), r"^\$1 = 7$")
    check("error[host.finding]: warning in tally: WARNING at " in done.stderr,
          done)
    check("oops" not in done.stderr, done)


def test_goes_on(s):
    """Left by the user, or held for longer than anything may take of itself."""
    for command in ("detach", "shell sleep 5", "continue"):
        private(s, module(s), commands=[command])
    done = private(s, module(s), commands=["kill"], status=1)
    check("error[host.kernel.died]: " in done.stderr, done)
    # What is wrong before init is told without a stop.
    done = private(s, module(s), "start=x", commands=["print 42"], status=1)
    check("$1 = 42" not in done.stdout, done)
    check("error[module." in done.stderr, done)


def test_stock(s):
    """Without debug information: names, and the stack by the kernel's table."""
    done = private(s, "dummy", "numdummies=2", commands=[
        "break __rtnl_link_register", "continue", "bt", "finish"])
    in_order(done.stdout, r"^Temporary .* in (dummy_)?init_module \(\)",
             r"^#0 .* in __rtnl_link_register \(\)",
             r"^#1 .* in (dummy_)?init_module \(\)", *KERNEL,
             r"^0x\w+ in (dummy_)?init_module \(\)")


def test_oops(s):
    """Where it happened, as the kernel begins to report it."""
    folder = modulebuild.build(HERE + "/faults", s.kernel.series)
    done = private(s, folder + "/oops_init.ko", commands=[
        "break oops_begin", "continue", "bt", "frame function reach",
        "print p"], status=1)
    in_order(done.stdout, r"^#0 .* in oops_begin \(\)",
             r"^#\d+ +<signal handler called>",
             *(rf"^#\d+ .*{name} \(.*\) at .*oops_init.c:\d+"
               for name in ("reach", "middle", "oops_init_init")), *KERNEL,
             r"^\$1 = .*0x0")
    check("error[host.load.aborted]: " in done.stderr and
          "host.finding" in done.stderr, done)


def tracer(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"^TracerPid:\s+(\d+)", f.read(), re.M)[1])


def attach(s, *commands):
    """lkm host gdb; back when whatever is asked of the kernel is met."""
    gdb = s.popen("host", "gdb", "--", "-batch",
                  *[w for c in commands for w in ("-ex", c)])
    pid, end = s.status()["pid"], time.monotonic() + 30
    while not tracer(pid):
        check(gdb.poll() is None and time.monotonic() < end, "not attached")
        time.sleep(0.01)
    return gdb


def said(gdb, status=0):
    out, err = gdb.communicate(timeout=60)
    equal(gdb.returncode, status, out, err)
    return out


def test_attach(s):
    """Requests of others meet break points, in a module loaded before."""
    s.start()
    s.on("load", module(s))
    gdb = attach(s, "break tally_read", "continue", "bt", "print total",
                 "finish", "continue", "continue", "print size", "delete",
                 "detach")
    equal(s.run("host", "cat", "/proc/tally").stdout, "7\n")
    equal(s.run("host", "exec", "head", "-c", "1", "/proc/tally").stdout, "7")
    in_order(said(gdb),
             rf"^Breakpoint 1, tally_read \(.*\) at .*tally.c:\d+",
             r"^#1 .* in proc_reg_read \(\)", r"^#\d+ .* in vfs_read \(\)",
             r"^#\d+ .* in do_syscall_64 \(\)", r"^\$1 = 7",
             r"^Value returned is \$2 = 2",
             r"^Breakpoint 1, tally_read ", r"^\$3 = 1$")
    # No break point is left behind, nor what was held for the debugger.
    equal(s.run("host", "cat", "/proc/tally").stdout, "7\n")
    equal(s.status()["warnings"], 0)


def test_reload(s):
    """Break points wait for a module, go with it, and come back; those of an
    init that is over hurt nobody who lies there."""
    s.start()
    s.on("load", module(s))
    gdb = attach(s, "break tally_init", "break tally_exit", "continue",
                 "continue", "bt 1", "print start", "continue", "continue",
                 "print start")
    for start in (11, 12):
        s.on("unload", "tally")
        s.on("load", "dm-crypt", "mbcache")
        s.on("load", module(s), f"start={start}")
        s.on("unload", "dm-crypt", "mbcache")
        equal(s.run("host", "cat", "/proc/tally").stdout, f"{start + 2}\n")
    in_order(said(gdb), r"^Breakpoint 2, tally_exit ",
             r"^Breakpoint 1, tally_init ", r"^#0 +tally_init \(\)",
             r"^\$1 = 11", r"^Breakpoint 2, tally_exit ",
             r"^Breakpoint 1, tally_init ", r"^\$2 = 12")


def test_many(s):
    """Files of modules stay open: more than a shell's limit of them."""
    names = [os.path.basename(path).split(".")[0].replace("-", "_")
             for path in glob.glob(
                 s.kernel.modules + "/kernel/fs/nls/nls_[ci]*.ko*")]
    check(len(names) > 32, names)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (24, limits[1]))
    try:
        s.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    s.on("load", *names)
    got = s.run("host", "gdb", "--", "-batch", *[w for name in names for w in (
        "-ex", f"info symbol init_of_{name}")])
    equal(got.stdout.count("init_module"), len(names), got.stdout)


def test_two(s):
    """One debugger at a time; a load is met by the one that is there."""
    s.start()
    gdb = attach(s, "break init_of_tally", "continue", "shell sleep 1",
                 "print start", "shell sleep 1")
    err = s.fails("host.gdb.failed", "host", "gdb", "--", "-batch")
    check("debugs it already" in err, err)
    s.on("load", module(s), "start=3")
    in_order(said(gdb), r"^Breakpoint 1, tally_init ", r"^\$1 = 3")
    # The next one may, and the status is its own.
    equal(s.run("host", "gdb", "--", "-batch", "-ex", "quit 7",
                status=7).returncode, 7)


def test_errors(s):
    s.fails("host.absent", "host", "gdb")
    for name, ident in (("/nonexistent/gdb", "host.gdb.absent"),
                        ("false", "host.gdb.failed")):
        done = private(s, "--gdb", module(s), status=1, env={"LKM_GDB": name})
        check(f"error[{ident}]: " in done.stderr, done)
    s.start()
    s.fails("host.gdb.absent", "host", "gdb",
            env={"LKM_GDB": "/nonexistent/gdb"})
    for words in (["load", "--gdb", "dummy"],
                  ["--on", "hosted", "load", "--gdb", "--timeout=3", "dummy"],
                  ["--on", "hosted", "load", "--gdb", "--fail-alloc=1",
                   "dummy"]):
        s.run(*words, status=2)


class Terminal:
    """A command on a terminal of its own, of few lines: what gdb says while
    it starts is more than these hold."""

    def __init__(self, s, *words):
        self.pid, self.fd = pty.fork()
        self.got = ""
        if not self.pid:
            termios.tcsetwinsize(0, (10, 60))
            os.execve(s.kernel.lkm, [s.kernel.lkm, *words],
                      dict(s.env, TERM="dumb"))

    def wait_for(self, text):
        end = time.monotonic() + 60
        while text not in self.got:
            check(time.monotonic() < end, f"no {text} in", self.got)
            if select.select([self.fd], [], [], 1)[0]:
                self.got += os.read(self.fd, 4096).decode(errors="replace")
        self.got = self.got[self.got.index(text) + len(text):]

    def type(self, text):
        os.write(self.fd, text.encode())

    def status(self):
        while True:
            try:
                if not os.read(self.fd, 4096):
                    break
            except OSError:
                break
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_terminal(s):
    """A person types; Ctrl-C stops the kernel, not lkm."""
    s.start()
    t = Terminal(s, "--on", "hosted", "load", "--gdb", module(s))
    t.wait_for("tally_init ()")
    t.wait_for("(gdb) ")
    t.type("print start\n")
    t.wait_for("= 5")
    t.wait_for("(gdb) ")
    t.type("continue\n")
    equal(t.status(), 0)
    t = Terminal(s, "host", "gdb")
    t.wait_for("(gdb) ")
    t.type("continue\n")
    t.wait_for("Continuing.")
    time.sleep(0.3)
    t.type("\x03")
    t.wait_for("SIGINT")
    t.wait_for("(gdb) ")
    t.type("quit\n")
    t.wait_for("(y or n)")
    t.type("y\n")
    equal(t.status(), 0)
    equal(s.run("host", "cat", "/proc/tally").stdout, "7\n")


def test_nobody(s):
    """All of it without a privilege."""
    if os.geteuid():
        vmlib.skip("it runs unprivileged already")
    os.chmod(s.folder.name, 0o755)
    image = glob.glob(s.root + "/boot/vmlinuz-*")[0]
    copies = {name: shutil.copy(file, s.path(name)) for name, file in (
        ("lkm", s.kernel.lkm), ("lkm-host", s.env["LKM_HOST"]),
        ("vmlinuz", image), ("tally.ko", module(s)))}
    for name in ("nobody-run", "nobody-cache"):
        os.mkdir(s.path(name), 0o700)
        os.chown(s.path(name), 65534, 65534)
    env = dict(s.env, XDG_RUNTIME_DIR=s.path("nobody-run"), HOME="/",
               LKM_HOST=copies["lkm-host"],
               LKM_CACHE_DIR=s.path("nobody-cache"))

    def run(*words):
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
             "--inh-caps=-all", copies["lkm"], *words], text=True, env=env,
            capture_output=True, timeout=60, check=False, cwd="/")
        equal(done.returncode, 0, done)
        return done.stdout

    run("host", "start", copies["vmlinuz"])
    try:
        got = run("--on", "hosted", "load", "--gdb-command", "bt",
                  "--gdb-command", "print start", copies["tally.ko"])
        in_order(got, r"^#0 +tally_init \(\) at .*tally.c:\d+", *KERNEL,
                 r"^\$1 = 5")
        equal(run("host", "cat", "/proc/tally"), "7\n")
    finally:
        run("host", "stop")


if __name__ == "__main__":
    clilib.main(test_init, test_steps, test_goes_on, test_stock, test_oops, test_attach,
                test_reload, test_many, test_two, test_errors, test_terminal, test_nobody)
