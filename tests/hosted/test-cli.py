#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lkm --on hosted and lkm host: a kernel that keeps its state between
commands, loaded, listed, changed and unloaded as the running one would be.

usage: test-cli.py LKM-HOST LKM SERIES"""

import glob
import json
import os
import re
import shutil
import socket
import tempfile
import time

import clilib
import vmlib
from clilib import check, equal


def test_none_runs(s):
    """Without a kernel each command says so, and none is started."""
    for words in (["list"], ["unload", "dm_mod"], ["param", "dm_mod"],
                  ["log"], ["info", "dm_mod"], ["plan", "dm_mod"]):
        err = s.fails("host.absent", "--on", "hosted", *words)
        check("lkm host start" in err, err)
    for words in (["status"], ["stop"], ["cat", "/proc/modules"],
                  ["write", "/proc/x", "1"], ["ls", "/"], ["log"]):
        s.fails("host.absent", "host", *words)
    done = s.run("--on", "hosted", "index", status=2)
    check("acts on no kernel" in done.stderr, done)
    done = s.run("--on", "mars", "list", status=2)
    check("'live', 'hosted' or 'vm'" in done.stderr, done)


def test_state(s):
    """What one command does, the next one finds."""
    started = s.start()
    check(s.kernel.release in started.stderr, started)
    status = s.status()
    equal(status["release"], s.kernel.release)
    equal(status["root"], s.kernel.root)
    check(clilib.is_alive(status["pid"]), status)
    s.fails("host.running", "--root", s.root, "host", "start")
    equal(s.loaded(), [])
    s.on("load", "dm-crypt")
    equal(s.loaded(), ["dm_crypt", "dm_mod"])
    done = s.on("list", "--tree")
    check("dm_crypt" in done.stdout, done)
    s.fails("plan.inuse", "--on", "hosted", "unload", "dm_mod")
    s.on("load", "dummy", "numdummies=3")
    check("dummy2" in s.run("host", "ls", "/sys/class/net").stdout)
    s.on("reload", "dummy", "numdummies=1")
    check("dummy1" not in s.run("host", "ls", "/sys/class/net").stdout)
    s.on("unload", "dm_crypt", "dummy")
    equal(s.loaded(), [])
    s.run("host", "stop")
    check(not clilib.is_alive(status["pid"]), "it still runs")
    s.fails("host.absent", "host", "status")
    s.start()
    equal(s.loaded(), [], "a new kernel")


def test_parameters(s):
    """Parameters are read and set in the hosted kernel's /sys."""
    s.start()
    s.on("load", "dm_mod")
    values = {p["name"]: p for p in s.json("param", "dm_mod")["parameters"]}
    check(values["reserved_bio_based_ios"]["writable"], values)
    s.on("param", "dm_mod", "reserved_bio_based_ios=32")
    path = "/sys/module/dm_mod/parameters/reserved_bio_based_ios"
    equal(s.run("host", "cat", path).stdout, "32\n")
    s.run("host", "write", path, "64")
    equal(s.on("param", "dm_mod", "reserved_bio_based_ios").stdout, "64\n")
    s.run("host", "write", path, text="16\n")
    equal(s.on("param", "dm_mod", "reserved_bio_based_ios").stdout, "16\n")
    s.fails("kernel.param.rejected", "--on", "hosted", "param", "dm_mod",
            "reserved_bio_based_ios=many")
    s.fails("kernel.param.unknown", "--on", "hosted", "param", "dm_mod",
            "nothing=1")


def test_files(s):
    """Directories, links and devices of the hosted kernel."""
    s.start()
    s.on("load", "dummy")
    names = s.run("host", "ls", "/sys/class/net").stdout.split()
    equal(names, ["dummy0", "lo"])
    rows = json.loads(s.run("host", "--json", "ls", "-l", "/sys/class/net",
                            ).stdout)["files"]
    equal(rows[0]["mode"], "lrwxrwxrwx", rows)
    check("virtual/net/dummy0" in rows[0]["target"], rows)
    done = s.fails("sys.failed", "host", "cat", "/nothing")
    check("/nothing" in done, done)
    done = s.run("host", "cat", "/proc/version", "/proc/nothing", status=1)
    check("Linux version " + s.kernel.release in done.stdout, done)


def test_log(s):
    """Its log, as text and as data; levels are told apart."""
    s.start()
    before = s.json("log")["records"]
    check(len(before) > 100, before)
    s.on("load", "dm_mod")
    after = s.json("log")["records"]
    check(any("device-mapper" in r["text"] for r in after[len(before):]),
          after[len(before):])
    seq = [r["seq"] for r in after]
    equal(seq, sorted(set(seq)))
    few = s.on("log", "--level", "3").stdout.splitlines()
    check(len(few) < len(after), few)
    follower = s.popen("--on", "hosted", "log", "--follow")
    s.on("load", "dummy")
    s.on("unload", "dm_mod")
    time.sleep(1)
    follower.terminate()
    check("device-mapper" in follower.communicate()[0])


def test_private(s):
    """load starts a kernel for itself where none runs, and says so."""
    done = s.on("--root", s.root, "-k", s.kernel.release, "load", "dm_mod")
    check("is started for this command only" in done.stderr, done)
    s.fails("host.absent", "host", "status")
    leftovers = [n for n in os.listdir(s.runtime + "/lkm")
                 if not n.endswith(".log")]
    equal(leftovers, [])


def other_kernel(s):
    for k in vmlib.kernels(s.kernel.lkm):
        if k.series != s.kernel.series:
            return k
    return None


def test_refused(s):
    """A module of another kernel: the reason is the live kernel's."""
    other = other_kernel(s)
    s.start()
    if other:
        file = glob.glob(other.modules + "/kernel/**/dummy.ko*",
                         recursive=True)[0]
        err = s.fails("module.layout.mismatch", "--on", "hosted", "load", file)
        check(s.kernel.release in err and other.release in err, err)
        check("kernel log: " in err, err)
        s.fails("host.kernel.other", "--on", "hosted", "-k", other.release,
                "load", "dummy")
    short = s.path("short.ko")
    with open(short, "wb") as f:
        f.write(b"\x7fELF" + bytes(100))
    s.fails("image.elf.class", "--on", "hosted", "load", short)
    s.on("load", "dummy", "numdummies=many", status=1)
    equal(s.loaded(), [])


def test_image_refused(s):
    """What is no kernel, is not there, or has no program to run it."""
    image = s.path("vmlinuz")
    with open(image, "wb") as f:
        f.write(b"no kernel at all" * 4096)
    s.fails("vmlinux.format", "host", "start", image)
    s.fails("vmlinux.format", "host", "doctor", image)
    s.fails("host.image.absent", "--root", s.root, "-k", "1.2.3", "host",
            "start")
    s.fails("host.program.absent", "--root", s.root, "host", "start",
            env={"LKM_HOST": "/nonexistent"})
    s.fails("host.absent", "host", "status")
    done = s.run("--root", s.root, "host", "doctor", "--json")
    check(json.loads(done.stdout)["trusted"], done)


def test_kernels_folder(s):
    """An unpacked kernel below $LKM_KERNELS is found by its release."""
    kernels = s.path("kernels")
    os.mkdir(kernels)
    os.symlink(s.root, kernels + "/mine")
    s.run("-k", s.kernel.release, "host", "start",
          env={"LKM_KERNELS": kernels})
    equal(s.status()["root"], kernels + "/mine")
    s.on("load", "dummy")


def test_killed(s):
    """A kernel that ends is noticed, and its socket replaced."""
    s.start()
    pid = s.status()["pid"]
    follower = s.popen("--on", "hosted", "log", "--follow")
    time.sleep(1)
    clilib.kill(pid)
    out = follower.communicate(timeout=30)
    equal(follower.returncode, 1, out)
    check("error[host.kernel.died]" in out[1], out)
    while clilib.is_alive(pid):
        time.sleep(0.1)
    s.fails("host.absent", "--on", "hosted", "list")
    s.start()
    s.on("load", "dummy")
    check(s.status()["pid"] != pid)


def test_places(s):
    """A directory or socket that is not ours alone is not used."""
    folder = s.runtime + "/lkm"
    os.mkdir(folder, 0o755)
    err = s.fails("host.place.unsafe", "host", "status")
    check("other users may enter it" in err, err)
    s.fails("host.place.unsafe", "--root", s.root, "host", "start")
    os.chmod(folder, 0o700)
    with open(folder + "/hosted", "w", encoding="ascii"):
        pass
    err = s.fails("host.place.unsafe", "host", "status")
    check("it is no socket" in err, err)
    os.unlink(folder + "/hosted")
    os.rmdir(folder)
    os.symlink(s.folder.name, folder)
    s.fails("host.place.unsafe", "host", "status")
    os.unlink(folder)
    if os.geteuid():
        return
    os.mkdir(folder, 0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(folder + "/hosted")
        listener.listen()
        os.chown(folder + "/hosted", 65534, 65534)
        err = s.fails("host.place.unsafe", "--on", "hosted", "list")
        check("another user owns it" in err, err)
    os.chown(folder, 65534, 65534)
    err = s.fails("host.place.unsafe", "--on", "hosted", "list")
    check("another user owns it (.)" in err, err)


def test_clients(s):
    """Several commands at a time."""
    s.start()
    s.on("plan", "dummy")       # reads the tree, for all of them
    names = ["dummy", "dm_mod", "nbd", "macvlan", "vxlan", "zram"]
    running = [s.popen("--on", "hosted", "load", name) for name in names]
    for p in running:
        out = p.communicate(timeout=60)
        equal(p.returncode, 0, out)
    check(set(names) <= set(s.loaded()), s.loaded())
    equal(s.status()["connections"], 1)
    equal(s.status()["handles"], 0)


def with_rules(s, text):
    folder = tempfile.mkdtemp(prefix="cli-", dir=vmlib.CACHE)
    kernel = s.kernel.writable(folder)
    os.makedirs(kernel.root + "/etc/modprobe.d")
    with open(kernel.root + "/etc/modprobe.d/x.conf", "w",
              encoding="ascii") as f:
        f.write(text)
    s.root = kernel.root
    return folder


def test_rules(s):
    """The rules of the tree beside the image hold, and no command of theirs
    is run on this machine."""
    proof = s.path("proof")
    folder = with_rules(s, f"""# lkm: forbid
install dm_mod /bin/false
blacklist nbd
options dummy numdummies=2
install macvlan touch {proof}
install vxlan /bin/true
""")
    try:
        s.start()
        s.on("load", "dm_crypt", status=1)
        s.on("load", "dummy")
        check("dummy1" in s.run("host", "ls", "/sys/class/net").stdout)
        s.fails("kernel.command.elsewhere", "--on", "hosted", "load",
                "macvlan")
        check(not os.path.exists(proof), "the command was run")
        s.on("load", "vxlan")
        equal(set(s.loaded()) & {"macvlan", "vxlan"}, set())
        s.on("load", "-i", "macvlan")
        check("macvlan" in s.loaded())
        done = s.on("why", "dm_mod")
        check("x.conf:2" in done.stdout, done)
    finally:
        shutil.rmtree(folder)


def test_request_module(s):
    """The kernel's own request_module() goes through lkm's resolver."""
    s.start()
    path = "/proc/sys/net/ipv4/tcp_congestion_control"
    s.run("host", "write", path, "vegas")
    equal(s.run("host", "cat", path).stdout, "vegas\n")
    check("tcp_vegas" in s.loaded(), s.loaded())
    s.fails("sys.failed", "host", "write", path, "nothing_like_it")
    equal(s.run("host", "cat", path).stdout, "vegas\n")


def test_names(s):
    """kmod's names act on the hosted kernel where LKM_ON says so."""
    on = {"LKM_ON": "hosted"}
    for name, *words in (["lsmod"], ["modprobe", "dummy"], ["rmmod", "dummy"],
                         ["insmod", "dummy.ko"], ["modinfo", "dummy"]):
        if name == "insmod":
            words = [vmlib.__file__]
        done = s.run(*words, name=name, env=on, status=1)
        check("host.absent" in done.stderr or name in ("insmod", "rmmod"),
              done)
    s.start()
    s.run("dm-crypt", name="modprobe", env=on)
    out = s.run(name="lsmod", env=on).stdout
    check(out.startswith("Module                  Size  Used by\n"), out)
    check(re.search(r"^dm_mod +\d+  1 dm_crypt$", out, re.M), out)
    done = s.run("dm_mod", name="rmmod", env=on, status=1)
    equal(done.stderr, "rmmod: ERROR: Module dm_mod is in use by: dm_crypt\n")
    s.run("-r", "dm-crypt", name="modprobe", env=on)
    equal(s.loaded(), [])
    file = glob.glob(s.kernel.modules + "/kernel/**/dummy.ko*",
                     recursive=True)[0]
    s.run(file, "numdummies=2", name="insmod", env=on)
    check("dummy1" in s.run("host", "ls", "/sys/class/net").stdout)
    done = s.run(file, name="insmod", env=on, status=1)
    check("File exists" in done.stderr, done)
    s.run("dummy", name="rmmod", env=on)
    out = s.run("-n", "dummy", name="modinfo", env=on).stdout
    check(s.kernel.release in out, out)
    equal(s.loaded(), [])
    done = s.run(name="lsmod", env={"LKM_ON": "moon"}, status=2)
    check("LKM_ON" in done.stderr, done)
    # this machine's own kernel was never meant
    check("dm_crypt" not in s.run(name="lsmod", status=None).stdout)


def test_fail_alloc(s):
    """Each allocation of an init fails once, in a copy of the kernel."""
    s.start()
    runs = s.json("load", "--fail-alloc", "all", "dummy")["runs"]
    equal([r["allocation"] for r in runs], list(range(1, len(runs) + 1)))
    check(len(runs) > 50, runs)
    equal(runs[0]["result"], "ENOMEM")
    check("dummy_init_module" in runs[0]["where"], runs[0])
    check(any(r["result"] == "loaded" for r in runs), runs)
    equal([r for r in runs if r["found"]], [])
    equal(len(s.json("load", "--fail-alloc", "3", "dummy")["runs"]), 1)
    equal(s.loaded(), [], "only copies loaded it")
    equal(s.status()["connections"], 1)
    s.run("load", "--fail-alloc", "all", "dummy", status=2)
    s.on("load", "--fail-alloc", "0", "dummy", status=2)


OOPSY = """#include <linux/module.h>
static int *nothing;
static int __init oopsy_init(void)
{
	pr_info("oopsy: here it comes\\n");
	return *nothing;
}
module_init(oopsy_init);
MODULE_LICENSE("GPL");
"""


def test_oops(s):
    """A module that crashes: a message and an exit status, no more."""
    headers = f"{vmlib.CACHE}/kernels/headers-{s.kernel.series}"
    if not os.path.exists(headers + "/Makefile"):
        print("no headers: tools/fetch-kernels --headers")
        return
    file = clilib.build(s, headers, "oopsy", OOPSY)
    s.start()
    err = s.fails("host.finding", "--on", "hosted", "load", file)
    check("oops in oopsy: BUG: kernel NULL pointer dereference" in err, err)
    check("error[host.load.aborted]: loading 'oopsy'" in err, err)
    check("  at: oopsy_init+0x" in err, err)
    check(re.search(r"at: oopsy_init.*/oopsy\.c:[67]$", err, re.M), err)
    s.on("load", "dummy")
    check(s.status()["taint"] & 1 << 7, "it is tainted by the oops")
    done = s.on("--root", s.root, "load", "dm_mod")
    equal(done.stderr, "")
    # its name is taken by what crashed: the loader waits for it, for good
    done = s.on("--json", "load", file, status=1)
    check('"kind": "deadlock"' in done.stdout, done)


clilib.main(test_none_runs, test_state, test_parameters, test_files, test_log,
            test_private, test_refused, test_image_refused,
            test_kernels_folder, test_killed, test_places, test_clients,
            test_rules, test_request_module, test_names, test_fail_alloc,
            test_oops)
