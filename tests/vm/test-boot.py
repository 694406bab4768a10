#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`lkm vm` itself: what a guest answers, and every way in which it may not."""

import glob
import hashlib
import json
import os
import pty
import random
import re
import shutil
import subprocess
import tempfile

from vmlib import TIMEOUT, check, equal, main

LISTING = "echo hello; echo oops >&2; uname -r; exit 7"


def test_answers(kernel):
    """Output, errors and exit status come back as they are."""
    r = kernel.shell(LISTING)
    equal(r.status, 7, r)
    equal(r.out, f"hello\n{kernel.release}\n", r)
    equal(r.err, "oops\n", r)


def test_statuses(kernel):
    """A signal's and a missing command's status are a shell's."""
    r = kernel.shell("kill -9 $$")
    equal(r.status, 137, r)
    r = kernel.run("/no/such/command")
    equal(r.status, 127, r)
    check("/no/such/command" in r.err, r)


def test_bytes(kernel):
    """Megabytes of any bytes, in and out, with what a copy is made of."""
    data = random.Random(1).randbytes(2 << 20)
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "data")
        with open(name, "wb") as f:
            f.write(data)
        done = subprocess.run(
            kernel.command(["--copy", f"{name}:/tmp/data"],
                           ["sh", "-c", "md5sum /tmp/data >&2; "
                            "cat /tmp/data"]),
            stdin=subprocess.DEVNULL, capture_output=True, check=False)
    equal(done.returncode, 0, done.stderr)
    check(done.stdout == data, f"{len(done.stdout)} bytes came, not the same")
    equal(done.stderr.decode().split()[0], hashlib.md5(data).hexdigest())


def test_json(kernel):
    """As a value; and with KVM only where that really works."""
    done = subprocess.run([kernel.lkm, "--json", *kernel.command(
        ["--accel", "auto"], ["sh", "-c", LISTING])[1:]], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    equal(answer["status"], 7)
    equal(answer["stdout"], f"hello\n{kernel.release}\n")
    equal(answer["stderr"], "oops\n")
    check(answer["kvm"] in (True, False), answer)
    check(0 < answer["boot_ms"] < answer["total_ms"], answer)


def test_modules(kernel):
    """Only what was asked for is in the guest, with what it needs."""
    r = kernel.shell("find /lib/modules -name '*.ko*' | wc -l; "
                     "lkm load btrfs && cut -d' ' -f1 /proc/modules",
                     options=["-m", "btrfs"])
    equal(r.status, 0, r)
    count, *loaded = r.out.split()
    check(3 <= int(count) <= 20, r)
    check({"btrfs", "xor", "raid6_pq"} <= set(loaded), r)


def test_shares(kernel):
    """One folder read-only, one to write to, a name with a comma."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("in,1", "out"):
            os.mkdir(os.path.join(folder, name))
        with open(folder + "/in,1/word", "w", encoding="ascii") as f:
            f.write("from outside")
        r = kernel.shell("cp /mnt/in/word /mnt/out/copy && ! touch /mnt/in/x",
                         options=["--share", folder + "/in,1:/mnt/in",
                                  "--share-rw", folder + "/out:/mnt/out"])
        equal(r.status, 0, r)
        equal(os.listdir(folder + "/in,1"), ["word"])
        with open(folder + "/out/copy", encoding="ascii") as f:
            equal(f.read(), "from outside")


def fails(kernel, ident, *command, options=(), timeout=TIMEOUT, status=1):
    """The error @ident comes, with lkm's own exit status @status."""
    r = kernel.run(*command, options=options, timeout=timeout)
    check(f"error[{ident}]:" in r.err, f"no {ident}", r)
    equal(r.status, status, r)
    return r


def test_requests(kernel):
    """The kernel's own requests are served: a file system by its name."""
    r = kernel.shell("mkdir /m; mount -t tracefs x /m; umount /m; "
                     "mount -t minix /dev/zero /m; "
                     "cut -d' ' -f1 /proc/modules", options=["-m", "minix"])
    check("minix" in r.out.split(), r)


def test_shell(kernel):
    """Without a command: a shell on the terminal, with its exit status."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(kernel.lkm, kernel.command([], [])[:-1])
    seen, asked = b"", False
    try:
        while piece := os.read(terminal, 4096):
            seen += piece
            if not asked and b"# " in seen:
                os.write(terminal, b"echo $((6 * 7)) from $(tty); exit 3\n")
                asked = True
    except OSError:     # the other end is closed
        pass
    _, status = os.waitpid(child, 0)
    equal(os.waitstatus_to_exitcode(status), 3, seen.decode())
    check(b"42 from /dev/ttyS0" in seen, seen.decode())


def on_vm(kernel, *words, folder=None, status=0):
    """lkm --on vm @words; its output and what it says on stderr."""
    done = subprocess.run([kernel.lkm, "--on", "vm", "--root", kernel.root,
                           *words], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=TIMEOUT + 60,
                          cwd=folder, check=False)
    equal(done.returncode, status, done)
    return done.stdout, done.stderr


def test_on_vm(kernel):
    """lkm itself in a guest of its own: modules of the tree and a file, with
    parameters, the rules of the root, and the guest's refusals explained."""
    out, err = on_vm(kernel, "-v", "load", "btrfs")
    check(re.search(r"(?m)^load .*/raid6_pq.ko(.|\n)*^load .*/btrfs.ko",
                    out + err), out + err)
    _, err = on_vm(kernel, "load", "loop", "max_loop=a", status=1)
    check("error[module.param.invalid]: " in err, err)
    with tempfile.TemporaryDirectory() as folder:
        name = shutil.copy(glob.glob(kernel.modules + "/**/dummy.ko*",
                                     recursive=True)[0], folder)
        copy = kernel.writable(folder)
        conf = copy.root + "/etc/modprobe.d"
        os.makedirs(conf)
        with open(conf + "/x.conf", "w", encoding="ascii") as f:
            f.write("options loop max_part=7\n")
        out, err = on_vm(copy, "-n", "load", "./" + os.path.basename(name),
                         "numdummies=3", "loop", folder=folder)
        for text in (name, "numdummies=3", "/loop.ko", "max_part=7"):
            check(text in out, out, err)
    answer = json.loads(on_vm(kernel, "--json", "load", "no_such_module",
                              status=1)[0])
    equal(answer["error"]["id"], "plan.notfound")
    equal(json.loads(on_vm(kernel, "--json", "list")[0]), {"modules": []})
    for words in (["unload", "loop"], ["load", "--persist", "loop"]):
        check("--on vm" in on_vm(kernel, *words, status=2)[1], words)


def test_panic(kernel):
    r = fails(kernel, "vm.guest.panic", "sh", "-c",
              "echo before; sleep 2; echo c >/proc/sysrq-trigger; sleep 60")
    equal(r.out, "before\n", r)
    check("sysrq triggered crash" in r.err, r)
    check("Call Trace:" in r.err, "no evidence", r)


def test_ends(kernel):
    """A guest that is late, gone, or talks nonsense."""
    r = fails(kernel, "vm.timeout", "sh", "-c", "echo early; sleep 100",
              timeout=20)
    equal(r.out, "early\n", r)
    check(20 <= r.seconds < 40, f"{r.seconds} s")
    fails(kernel, "vm.guest.lost", "reboot", "-f")
    fails(kernel, "vm.answers.broken", "sh", "-c", "echo junk >/dev/ttyS1")


def test_wrong(kernel):
    """What is missing or wrong is said before anything boots."""
    fails(kernel, "vm.qemu.missing", "true", options=["--qemu", "/no/qemu"])
    fails(kernel, "vm.qemu.failed", "true",
          options=["--share", "/no/such/folder:/mnt"])
    fails(kernel, "vm.kernel.missing", "true", options=["--image", "/no/file"])
    fails(kernel, "vm.kernel.format", "true", options=["--image", "/bin/sh"])
    fails(kernel, "plan.notfound", "true", options=["-m", "no_such_module"])
    with tempfile.TemporaryDirectory() as folder:
        fails(kernel, "vm.modules.name", "true",
              options=["--modules", folder, "-m", "btrfs"], status=2)


def test_setup(kernel):
    """A guest path that cannot be mounted on."""
    fails(kernel, "vm.guest.setup", "true", options=["--share", "/:/init/x"])


def test_parts(kernel):
    """Without lkm-guest or libarchive there is no guest, but a reason."""
    with tempfile.TemporaryDirectory() as folder:
        alone = os.path.join(folder, "lkm")
        with open(kernel.lkm, "rb") as f, open(alone, "wb") as copy:
            copy.write(f.read())
        os.chmod(alone, 0o755)
        done = subprocess.run([alone, *kernel.command([], ["true"])[1:]],
                              capture_output=True, text=True, check=False)
        installed = "vm.guest.missing" not in done.stderr
        equal(done.returncode, 0 if installed else 1, done.stderr)
        with open(folder + "/libarchive.so.13", "w", encoding="ascii") as f:
            f.write("not a library")
        done = subprocess.run(kernel.command([], ["true"]),
                              env=dict(os.environ, LD_LIBRARY_PATH=folder),
                              capture_output=True, text=True, check=False)
        check("error[vm.archive.missing]" in done.stderr, done.stderr)
        equal(done.returncode, 1)


main(test_answers, test_statuses, test_bytes, test_json, test_modules,
     test_shares, test_requests, test_shell, test_on_vm, test_panic, test_ends,
     test_wrong, test_setup, test_parts)
