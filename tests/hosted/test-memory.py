#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the hosted kernel says of a module's memory: what was not freed, and
by whom; what was freed wrongly.

usage: test-memory.py LKM-HOST LKM SERIES"""

import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("vm", "common"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
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
    equal(sorted(findings(done)), sorted(
        ("leak", f"leak: {what} not freed, {size} bytes, allocated by "
         f"{who} [leak]") for what, size, who in (
             ("3 objects of kmalloc", 168, "leak_items"),
             ("1 object of kmalloc", 18, "leak_string"),
             ("1 object of vmalloc", 10000, "leak_exit"),
             ("1 object of pages", 8192, "leak_page"))), done)
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
        done = subprocess.run([HOST, "batch", image(kernel), "--unload"],
                              input=" ".join(files) + "\n", text=True,
                              capture_output=True, check=False)
        check(f"{name}: unloaded" in done.stdout, done)
        equal(findings(done), [], done)


vmlib.main(test_leaks, test_clean, test_wrong_frees, test_stock)
