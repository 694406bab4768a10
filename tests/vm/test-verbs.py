#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verbs that act, in a real kernel: load, list, param, reload, unload,
forbid, and what they keep for later."""

import json
import tempfile

from vmlib import CACHE, check, equal, kernels, main

MODULES = ["-m", "dm_crypt,loop"]

PARAM = """
lkm load dm_crypt || exit 9
lkm param dm_mod reserved_bio_based_ios
lkm param dm_mod reserved_bio_based_ios=33 || exit 8
lkm param dm_mod reserved_bio_based_ios
lkm param dm_mod nosuch; echo "unknown: $?"
lkm param dm_mod reserved_bio_based_ios=many; echo "bad: $?"
lkm param --persist dm_mod reserved_bio_based_ios=44 || exit 7
cat /etc/modprobe.d/lkm.conf
lkm unload dm_crypt; lkm load dm_crypt
lkm param dm_mod reserved_bio_based_ios
"""


def test_param(kernel):
    r = kernel.shell(PARAM, options=MODULES)
    lines = r.out.splitlines()
    equal(lines[:2], ["16", "33"], r)
    equal(lines[2:4], ["unknown: 1", "bad: 1"], r)
    check("options dm_mod reserved_bio_based_ios=44" in lines, r)
    equal(lines[-1], "44", r)
    check("error[cli.param.unknown]" in r.err, r)


RELOAD = """
lkm load dm_crypt && lkm param dm_mod reserved_bio_based_ios=55 || exit 9
lkm unload dm_mod; echo "held: $?"
lkm reload dm_mod; echo "reload: $?"
lkm param dm_mod reserved_bio_based_ios
lkm list --json
lkm reload /tmp/foreign/dm-mod.ko; echo "foreign: $?"
cut -d' ' -f1 /proc/modules | grep ^dm_ | sort | tr '\\n' ' '; echo
lkm param dm_mod reserved_bio_based_ios
lkm unload --holders dm_mod; echo "holders: $?"
cut -d' ' -f1 /proc/modules | grep -c ^dm_
"""


def module_file(kernel, name):
    """The path of a module's file, below the root."""
    with open(kernel.modules + "/modules.order", encoding="ascii") as f:
        for line in f:
            if line.strip().endswith(f"/{name}.ko"):
                return f"{kernel.modules}/{line.strip()}"
    return None


def unpacked(kernel, name, folder):
    """A copy without compression: the other kernel may lack the codec."""
    import lzma
    import os
    path = module_file(kernel, name)
    out = f"{folder}/{name}.ko"
    with open(out, "wb") as f:
        if os.path.exists(path):
            with open(path, "rb") as plain:
                f.write(plain.read())
        else:
            with lzma.open(path + ".xz") as packed:
                f.write(packed.read())
    return out


def test_reload(kernel):
    """Holders come back, parameters too; a refused file brings the old one
    back and is explained."""
    other = [k for k in kernels(kernel.lkm) if k.series != kernel.series][0]
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        foreign = unpacked(other, "dm-mod", folder)
        r = kernel.shell(RELOAD, options=MODULES + [
            "--copy", foreign + ":/tmp/foreign/dm-mod.ko"])
    lines = r.out.splitlines()
    equal(lines[:3], ["held: 1", "reload: 0", "55"], r)
    listing = json.loads("\n".join(lines[3:lines.index("}") + 1]))
    loaded = {m["name"]: m for m in listing["modules"]}
    equal(loaded["dm_mod"]["by"], ["dm_crypt"], r)
    rest = lines[lines.index("}") + 1:]
    equal(rest[0], "foreign: 3", r)
    check("dm_crypt" in rest[1] and "dm_mod" in rest[1], r)
    equal(rest[2:], ["55", "holders: 0", "0"], r)
    check("error[plan.inuse" in r.err, r)
    check("error[module.layout.mismatch]" in r.err or
          "error[module.vermagic.mismatch]" in r.err, r)
    check("again" in r.err, r)


FORBID = """
lkm forbid dm_mod || exit 9
for how in dm_crypt dm_mod devname:mapper/control \\
	/lib/modules/$(uname -r)/kernel/drivers/md/dm-mod.ko*; do
	lkm load $how; echo "$?"
done
modprobe -q dm_crypt; echo "modprobe: $?"
cut -d' ' -f1 /proc/modules | grep -c ^dm_
lkm allow dm_mod && lkm load dm_crypt; echo "allowed: $?"
lkm load --first-time dm_crypt; echo "first-time: $?"
lkm load nosuch loop; echo "partly: $?"
lkm load --persist loop; cat /etc/modules-load.d/lkm.conf | grep -v '^#'
lkm why dm_mod --json
"""


def test_forbid(kernel):
    """No path loads a forbidden module, and nothing is loaded on the way."""
    r = kernel.shell(FORBID, options=MODULES)
    lines = r.out.splitlines()
    start = lines.index("1")
    equal(lines[start:start + 6],
          ["1", "1", "1", "1", "modprobe: 1", "0"], r)
    equal(lines[start + 6:start + 10],
          ["allowed: 0", "first-time: 1", "partly: 3", "loop"], r)
    reasons = json.loads("\n".join(lines[start + 10:]))["reasons"]
    check(any(x["relation"] == "held-by" and x["subject"] == "dm_crypt"
              for x in reasons), r)
    equal(r.err.count("error[plan.forbidden"), 4, r)
    check("error[cli.load.present]" in r.err, r)


GONE = """
lkm load dm_crypt
mv /lib/modules/$(uname -r) /lib/modules/old
lkm unload dm_crypt; echo "unload: $?"
lkm load /tmp/loop.ko; echo "file: $?"
lkm load loop; echo "present: $?"
lkm load dm_crypt; echo "name: $?"
"""


def test_gone(kernel):
    """An upgrade deleted the running kernel's modules: what is loaded can go,
    a file can come, a name is explained."""
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        loop = unpacked(kernel, "loop", folder)
        r = kernel.shell(GONE, options=MODULES + ["--copy",
                                                  loop + ":/tmp/loop.ko"])
    equal(r.out.splitlines(), ["unload: 0", "file: 0", "present: 1",
                               "name: 1"], r)
    check("error[tree.notfound.running]" in r.err, r)


BARE = """
mount -t tmpfs none /proc
lkm list; echo "list: $?"; lkm load loop; echo "load: $?"
umount /proc
find / -xdev -name 'libjson-c.so*' -exec rm {} +
lkm list --json; echo "json: $?"
"""


def test_bare(kernel):
    """A kernel without modules, a system without json-c."""
    r = kernel.shell(BARE, options=["-m", "loop"])
    equal(r.out.splitlines(), ["list: 1", "load: 1", "json: 1"], r)
    equal(r.err.count("error[cli.kernel.moduleless]"), 2, r)
    check("error[cli.library.missing]" in r.err, r)


main(test_param, test_reload, test_forbid, test_gone, test_bare)
