#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kmod's tools and lkm under their names, in a real kernel: the same commands
once with each, what they print, their exit status and what is loaded after; and
what the kernel itself asks of them when a file system is mounted."""

import lzma
import os
import re
import tempfile

import vmlib
from vmlib import check, find_tool, main

TOOLS = "lsmod insmod rmmod modprobe modinfo depmod kmod"
MODULES = "dm_crypt,loop,dm_mirror,btrfs"

# $K is the folder of the other kernel's module, $M that of this one's.
COMMANDS = """
lsmod
kmod list
insmod /nosuch.ko
insmod $M/md/dm-crypt.ko*
insmod /test/broken.ko
insmod /test/foreign.ko
insmod $M/block/loop.ko* max_loop=abc
insmod $M/block/loop.ko* max_loop=4
insmod $M/block/loop.ko*
lsmod
rmmod nosuch
rmmod $BUILTIN
rmmod loop nosuch loop
rmmod -f loop
modprobe nosuch
modprobe -q nosuch
modprobe -q -- nosuch
modprobe -a nosuch loop nosuch2
modprobe loop
modprobe --first-time loop
modprobe -r -v loop
modprobe -r loop
modprobe -r --first-time loop
modprobe -v loop max_loop=4
modprobe -r loop
modprobe loop max_loop=abc
modprobe -i loop
modprobe $BUILTIN
modprobe --first-time $BUILTIN
modprobe -r $BUILTIN
modprobe -r nosuch
modprobe -rq nosuch
modprobe -v dm_crypt
lsmod
rmmod dm_mod
rmmod dm_mod dm_crypt
modprobe dm_mod
modprobe -r dm_mod
modprobe -v dm_crypt
modprobe -r dm_mod
modprobe -w 50 -r dm_mod
modprobe -f -r dm_mod
modprobe -r -v dm_crypt
modprobe dm_crypt
modprobe dm_mirror
modprobe -r --remove-holders dm_mod
lsmod
modprobe devname:loop-control
modprobe -r block-major-7-0
modprobe -n -v btrfs
modprobe -r -n -v loop
modprobe -D loop
modinfo -n loop
modprobe -v pci:v00001AF4d0000FFFF
modprobe killed
modprobe refused
modprobe failing
modprobe -r told
modprobe two
modprobe -r loop dm_crypt
modprobe listed
modprobe -b loop
lsmod
../ask btrfs
../ask nosuch
lsmod
"""

# docs/differences.md: wait-status, unload-holders.  What lkm says instead.
DIFFERENT = {
    "modprobe -w 50 -r dm_mod": [
        "2|modprobe: ERROR: could not remove 'dm_mod': Resource temporarily "
        "unavailable", "rc 1", "dm_crypt dm_mod loop "],
    "modprobe -r --remove-holders dm_mod": ["rc 0", "loop "],
}

CONF = """\
install killed exit 7
install refused /bin/false
install failing /bin/sh -c 'exit 3'
remove told echo "told $MODPROBE_MODULE"; exit 2
alias two refused
alias two loop
alias listed loop
blacklist loop
"""

# By whole paths: the shell takes names of its own applets for itself.
SCRIPT = r"""
M=/lib/modules/$(uname -r)/kernel/drivers
mkdir -p /test/kmod /test/lkm /etc/modprobe.d
for t in %s; do
    ln -sf /test/kmod.program /test/kmod/$t
    ln -sf "$(readlink -f /sbin/modprobe)" /test/lkm/$t
done
/test/kmod/depmod 2>/dev/null || exit 9
# What the kernel itself calls, with -q -- and an alias
echo "/test/$1/modprobe" >/proc/sys/kernel/modprobe
printf '#!/bin/sh\nmount -t "$1" none /test 2>/dev/null\n' >/test/ask
chmod +x /test/ask
printf '%%s' "$CONF" >/etc/modprobe.d/test.conf
"/test/$1/kmod" -V
while read -r line; do
    [ "$line" ] || continue
    echo "== $line"
    eval "/test/$1/$line" >/tmp/out 2>/tmp/err </dev/null
    status=$?
    sed 's/^/1|/' /tmp/out
    sed 's/^/2|/' /tmp/err
    echo "rc $status"
    cut -d' ' -f1 /proc/modules | sort | tr '\n' ' '
    echo
done </test/commands
"""


def builtin_of(kernel):
    """A module that is part of the kernel, and whose /sys/module is there."""
    with open(kernel.modules + "/modules.builtin", encoding="ascii") as f:
        names = [x.rsplit("/", 1)[1].split(".")[0] for x in f]
    check("8250" in names, names[:20])
    return "8250"


def relaxed(lines):
    """docs/differences.md: source-position, holders-order."""
    found = []
    for line in lines:
        line = re.sub(r"\.\./\S+:\d+ \w+(\(\)|:) ", "", line)
        words = line.split(" ")
        if "," in words[-1] and line.startswith("1|"):
            words[-1] = ",".join(sorted(words[-1].split(",")))
        found.append(" ".join(words))
    return found


def parts(text):
    ret = []
    for part in re.split(r"(?m)^== ", text)[1:]:
        lines = part.splitlines()
        ret.append((lines[0], relaxed(lines[1:])))
    return ret


def unpacked(path, folder):
    """A copy without compression: the other kernel may lack the codec."""
    out = folder + "/foreign.ko"
    opener = open if os.path.exists(path) else lzma.open
    with opener(path if opener is open else path + ".xz", "rb") as f:
        content = f.read()
    with open(out, "wb") as f:
        f.write(content)
    return out


def copies(kernel, folder):
    other = [k for k in vmlib.kernels(kernel.lkm)
             if k.series != kernel.series][0]
    foreign = unpacked(other.modules + "/kernel/drivers/block/loop.ko",
                       folder)
    for name, content in {"broken.ko": b"\177ELF" + bytes(300),
                          "commands": COMMANDS.encode()}.items():
        with open(f"{folder}/{name}", "wb") as f:
            f.write(content)
    return {find_tool("kmod"): "/test/kmod.program",
            foreign: "/test/foreign.ko",
            folder + "/broken.ko": "/test/broken.ko",
            folder + "/commands": "/test/commands"}


def test_compat(kernel):
    with tempfile.TemporaryDirectory() as folder:
        options = ["-m", MODULES, "--env", "CONF=" + CONF,
                   "--env", "BUILTIN=" + builtin_of(kernel)]
        for host, guest in copies(kernel, folder).items():
            options += ["--copy", f"{host}:{guest}"]
        results = []
        for tool in ("kmod", "lkm"):
            r = kernel.run("sh", "-c", SCRIPT % TOOLS, "sh", tool,
                           options=options)
            results.append(parts(r.out))
            check(results[-1], r)
            check(any(line == "../ask btrfs" and "btrfs" in words[-1].split()
                      for line, words in results[-1]),
                  "loaded by the kernel's request", r)
            check(("+LKM" in r.out) == (tool == "lkm"), r)
    different = []
    for kmod, lkm in zip(*results):
        if (lkm[1] != DIFFERENT[lkm[0]] if lkm[0] in DIFFERENT
                else kmod != lkm):
            different.append("\n".join(
                [kmod[0]] + ["  kmod " + x for x in kmod[1]] +
                ["  lkm  " + x for x in lkm[1]]))
    check(len(results[0]) == len(results[1]), "one of them ended early")
    print(f"{len(results[0])} commands", flush=True)
    check(not different, *different)


if __name__ == "__main__":
    main(test_compat)
