#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the hosted kernel says of a module's memory: what was not freed, and
by whom; what was freed wrongly.

usage: test-memory.py LKM-HOST LKM SERIES"""

import errno
import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("vm", "common"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
import hostproto        # noqa: E402
import modulebuild      # noqa: E402
import vmlib            # noqa: E402
from vmlib import check, equal      # noqa: E402

HOST = sys.argv.pop(1)


def image(kernel):
    return glob.glob(kernel.root + "/boot/vmlinuz-*")[0]


def module(kernel, name):
    folder = modulebuild.build(os.path.join(HERE, "memory"), kernel.series)
    if not folder:
        vmlib.skip(f"no headers of {kernel.series} or no make "
                   "(tools/fetch-kernels --headers)")
    return f"{folder}/{name}.ko"


def run(kernel, name, *options, params=""):
    spec = module(kernel, name) + ("," + params if params else "")
    done = subprocess.run([HOST, "run", image(kernel), *options, "--", spec],
                          text=True, capture_output=True, timeout=300,
                          check=False, errors="replace")
    check("died by signal" not in done.stderr, done)
    return done


def findings(done):
    """Of each: its kind, and its text with numbers of places taken out."""
    found = re.findall(r"^  finding: ([a-z-]+): (.*)$", done.stdout, re.M)
    return [(kind, re.sub(r"\+0x[0-9a-f]+/0x[0-9a-f]+", "", text))
            for kind, text in found]


def test_leaks(kernel):
    """Each kind of memory, with who asked for it; deferred frees are waited
    for."""
    done = run(kernel, "leak", "--unload")
    equal(done.returncode, 0, done)
    check("leak: unloaded" in done.stdout, done)
    equal(sorted(findings(done)), sorted([
        ("leak", f"leak: {what} not freed, {size} bytes, allocated by "
         f"{who} [leak]") for what, size, who in (
             ("3 objects of kmalloc", 168, "leak_items"),
             ("1 object of kmalloc", 18, "leak_string"),
             ("1 object of vmalloc", 10000, "leak_exit"),
             ("1 object of percpu", 8, "leak_percpu"),
             ("1 object of pages", 8192, "leak_page"))] + [
        ("leak", "leak: slab cache leak_cache not destroyed, created by "
         "leak_cache [leak]")]), done)
    # who called whom, for what the kernel's own helper has allocated
    check(re.search(r"kvasprintf.*\n.*kasprintf.*\n.*leak_string", done.stdout),
          done)


def test_clean(kernel):
    """Who gives back all is not reported; vmap() shows the pages it is told
    to, in their order."""
    done = run(kernel, "clean", "--unload")
    equal(done.returncode, 0, done)
    check("clean.ko: LIVE" in done.stdout, done)
    check("clean: unloaded" in done.stdout, done)
    equal(findings(done), [], done)


def test_wrong_frees(kernel):
    """Freed twice, freed in the middle, a cache that is not empty."""
    done = run(kernel, "twice")
    equal(findings(done), [
        ("double-free", "twice: double free of an object of 24 bytes, "
         "allocated at free_twice [twice], freed at free_twice [twice], "
         "again at twice_init [twice]")], done)
    done = run(kernel, "twice", params="how=inside")
    equal(findings(done), [
        ("double-free", "twice: invalid free of address 8 in an object of 24 "
         "bytes, allocated at free_inside [twice], by twice_init [twice]")],
          done)
    done = run(kernel, "twice", params="how=cache")
    check(("leak", "twice: 1 object left in slab cache twice_cache when it "
           "was destroyed, the first allocated by leave_in_cache [twice]")
          in findings(done), done)
    check("kmem_cache_destroy twice_cache: Slab cache still has objects"
          in done.stdout, done)


def test_guard(kernel):
    """Guard mode: the byte, the object, who allocated and who freed it."""
    def wild(how):
        return run(kernel, "wild", "--guard", params="how=" + how)

    for how, kind, text in (
            ("behind", "out-of-bounds", "write to byte 1 behind an object of "
             "24 bytes (kmalloc), allocated by behind [wild]"),
            ("before", "out-of-bounds", "read of byte 1 before an object of "
             "4096 bytes (kmalloc), allocated by before [wild]"),
            ("freed", "use-after-free", "read of byte 5 of an object of 24 "
             "bytes (kmalloc), allocated by freed [wild], freed by freed "
             "[wild]"),
            ("cache", "out-of-bounds", "write to byte 1 behind an object of "
             "40 bytes (wild_cache), allocated by cache [wild]"),
            ("map", "out-of-bounds", "write to byte 1 behind an object of "
             "8192 bytes (vmalloc), allocated by map [wild]")):
        done = wild(how)
        equal(findings(done), [(kind, "wild: " + text)], done)
        check(re.search(rf"wild.ko.*: ABORT.* at {how}\+", done.stdout), done)
        check(f"  Allocated by:\n   {how}+0x" in done.stdout, done)
        equal("  Freed by:" in done.stdout, how == "freed", done)
    done = wild("gap")
    equal(findings(done), [
        ("out-of-bounds", "wild: byte 2 behind an object of 21 bytes "
         "(kmalloc) was written, as is seen when wild_init [wild] frees it; "
         "allocated by gap [wild]")], done)
    # what is right stays right; the same without guards goes unseen
    done = run(kernel, "clean", "--guard", "--unload")
    equal(done.returncode, 0, done)
    equal(findings(done), [], done)
    equal(findings(run(kernel, "wild", params="how=behind")), [])
    kind, text = findings(run(kernel, "twice", "--guard"))[0]
    equal(kind, "double-free")
    check("freed at free_twice [twice], again at" in text, text)


def test_fail_alloc(kernel):
    """Each allocation of init fails in turn, in a kernel of its own."""
    done = run(kernel, "fail", "--fail-alloc", "all")
    words = re.findall(r"^fail.ko: allocation (\d) fails: (\w+)", done.stdout,
                       re.M)
    equal([n for n, _ in words], list("1234567"), done)
    equal([w for _, w in words], ["ENOMEM"] * 4 + ["ABORT", "ENOSPC",
                                                   "ENOBUFS"], done)
    check(re.search("allocation 5 fails: ABORT .*NULL pointer.* at allocate",
                    done.stdout), done)
    check(("leak", "fail: 1 object of kmalloc not freed, 8 bytes, allocated "
           "by allocate [fail]") in findings(done), done)
    check("7 allocations failed in turn: 4 ENOMEM 1 ABORT 1 ENOSPC 1 ENOBUFS; "
          "1 oopses, 1 leaks, 0 others" in done.stdout, done)
    equal(done.returncode, 1, done)
    done = run(kernel, "fail", "--fail-alloc", "6")
    check("allocation 6 fails: ENOSPC" in done.stdout, done)
    check("1 allocations failed in turn: 1 ENOSPC; 0 oopses, 0 leaks"
          in done.stdout, done)
    equal([kind for kind, _ in findings(done)], ["failed-allocation"], done)
    equal(done.returncode, 0, done)
    equal(run(kernel, "fail", "--fail-alloc", "x").returncode, 2)
    # what the kernel allocates for an init that has jumped into it
    done = run(kernel, "tail", "--fail-alloc", "all")
    count = re.search(r"(\d+) allocations failed in turn: (\d+) ENOMEM",
                      done.stdout)
    check(count and int(count[1]) >= 5 and int(count[2]) >= 3, done)


def private_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(r"^Private_Dirty: *(\d+)", f.read(), re.M)[1])


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"^VmHWM:\s*(\d+)", f.read(), re.M)[1])


def test_serving(kernel):
    """Clients are told the same; a kernel is at most 150 MB, a copy of it with
    a module in it 10 MB more."""
    with hostproto.Host(HOST, image(kernel)) as host:
        client = host.client()
        whole = resident_kib(client.hello["pid"])
        check(whole <= 150 * 1024, f"{whole} KiB")
        copy = client.fork()
        copy.load(module(kernel, "leak"))
        own = private_kib(copy.hello["pid"])
        check(own <= 10 * 1024, f"{own} KiB")
        copy.unload("leak")
        equal(sorted(f.kind for f in copy.findings), ["leak"] * 6)
        equal({f.module for f in copy.findings}, {"leak"})
        check("leak_items" in [f.frames[0].symbol for f in copy.findings],
              copy.findings)
        failing = client.fork(fail=6)
        try:
            failing.load(module(kernel, "fail"))
            check(False, "the sixth allocation did not fail")
        except hostproto.Refused as e:
            equal(e.errno, errno.ENOSPC)
        equal([f.kind for f in failing.findings], ["failed-allocation"])
        equal(client.findings, [])      # the copies' are their own
        copy.hang_up()
        failing.hang_up()
    with hostproto.Host(HOST, image(kernel), "--guard") as host:
        client = host.client()
        check(client.hello["flags"] & 1, client.hello)
        try:
            client.load(module(kernel, "wild"), "how=behind")
        except hostproto.Refused:
            pass
        equal([f.kind for f in client.findings], ["out-of-bounds"])
        client.load(module(kernel, "clean"))        # it goes on
        client.unload("clean")


# Broken samples: what is done with them, in guard mode; what is found of it
SAMPLES = [
    ("procseq", [("cat", "/proc/sample_procseq_broken")],
     "leak", "not freed, 32 bytes, allocated by procseq_open"),
    ("objcache", [], "leak", "2 objects left in slab cache sample_broken when "
     "it was destroyed, the first allocated by object_check"),
    ("sysattr", [("put", "/sys/kernel/sample_sysattr_broken/text", "one\n"),
                 ("put", "/sys/kernel/sample_sysattr_broken/text", "\n")],
     "double-free", "freed at text_store"),
    ("chardev", [("put", "/dev/sample_chardev_broken", "\0" * 64)],
     "out-of-bounds", "(kmalloc), allocated by chardev_write"),
    ("echonet", [("put", "/sys/class/net/sample_echo/flags", "0x1"),
                 ("put", "/sys/module/echonet_broken/parameters/send", "1")],
     "use-after-free", "of an object of 232 bytes (skbuff_head_cache), "
     "allocated by send_set [echonet_broken], freed by echo_xmit"),
]


def test_samples(kernel):
    """Samples with a mistake in their files' functions, used by a client."""
    folder = modulebuild.build(os.path.join(HERE, "samples"), kernel.series)
    with hostproto.Host(HOST, image(kernel), "--guard") as host:
        first = host.client()
        for name, actions, kind, words in SAMPLES:
            client = first.fork()
            try:
                client.load(f"{folder}/{name}-broken.ko")
                for action in actions:
                    getattr(client, action[0])(*action[1:])
                client.unload(name + "_broken")
            except hostproto.Refused:
                pass                # killed by its oops
            found = [(f.kind, re.sub(r"\+0x[0-9a-f]+/0x[0-9a-f]+", "", f.text))
                     for f in client.findings]
            check(any(k == kind and words in text for k, text in found),
                  name, found)
            # what follows from an oops (a lock that stays held) is nobody's
            equal({f.module for f in client.findings if f.module},
                  {name + "_broken"})
            client.hang_up()


# Real modules that allocate much, and with deferred frees
STOCK = ["dummy", "bridge", "nf_conntrack", "ext4", "overlay", "nbd", "veth"]


def test_stock(kernel):
    """The kernel's own modules come and go without a report."""
    for name in STOCK:
        done = subprocess.run(
            [kernel.lkm, "--root", kernel.root, "-k", kernel.release,
             "--json", "plan", "--fresh", name], text=True,
            capture_output=True, check=False)
        files = [("?" if s["optional"] else "") + s["what"]
                 for s in json.loads(done.stdout)["steps"]
                 if s["action"] == "load"]
        check(files, f"no files of {name}", done)
        for options in ([], ["--guard"]):
            done = subprocess.run(
                [HOST, "batch", image(kernel), "--unload", *options],
                input=" ".join(files) + "\n", text=True, capture_output=True,
                check=False)
            check(f"{name}: unloaded" in done.stdout, done)
            equal(findings(done), [], done)


vmlib.main(test_leaks, test_clean, test_wrong_frees, test_guard,
           test_fail_alloc, test_serving, test_samples, test_stock)
