#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that use libkmod.so.2, in a real kernel: once with the library of
this distribution and once with ours in its place.

usage: test-libkmod.py LKM SERIES DRIVER LIBDIR

lspci -k prints the same.  systemd-modules-load loads the same.  The driver of
tests/libkmod loads modules with what they need, by name and by alias, gets the
same answers of their state, and leaves the same modules behind.  With ours a
needed module whose file is gone is no reason to refuse where it is loaded."""

import os
import sys
import tempfile

import vmlib
from vmlib import check, equal, find_tool, main

DRIVER, LIBDIR = sys.argv[3:5]
del sys.argv[3:5]
# meson points it at our library; what is copied needs the system's.
os.environ.pop("LD_LIBRARY_PATH", None)

WORDS = ["dm_crypt", "loop", "nosuch", "btrfs", "fs-ext4", "softdog",
         "devname:loop-control", "pci:v00001AF4d00001000sv0sd0bc02sc00i00"]
LOADER = "/usr/lib/systemd/systemd-modules-load"
SCRIPT = r"""
set -e
D=/lib/modules/$(uname -r)
mkdir -p $D /etc/modules-load.d
printf 'dm_mirror\nnosuch\nfs-ext4\n' > /etc/modules-load.d/x.conf
cp /index/* $D/
for l in kmod ours; do
	[ $l = ours ] && export LD_LIBRARY_PATH=/ours
	echo "== $l"
	lspci -k
	echo "-- insert"
	/driver $D word-insert-state < /words
	echo "-- remove"
	/driver $D name-remove-state < /names
	echo "-- systemd"
	if [ -x /modules-load ]; then
		/modules-load 2>&1 && echo "status $?" || echo "status $?"
		cut -d' ' -f1 /proc/modules
	fi
	for i in 1 2 3 4 5 6 7 8 9; do
		for m in $(cut -d' ' -f1 /proc/modules); do
			rmmod $m 2>/dev/null || :
		done
	done
	cut -d' ' -f1 /proc/modules
done
echo "== gone"
echo dm_mod | /driver $D word-insert >/dev/null
find $D -name 'dm-mod.ko*' -exec mv {} / \;
echo dm_crypt | /driver $D word-insert
"""


def lines_of(text):
    """Without what the kernel gives in any order, or another each time."""
    out = []
    for line in text.splitlines():
        words = line.split()
        if words and words[0] in ("insert", "remove"):
            words = sorted(w.split("=0x")[0] if w.startswith(("_", "."))
                           else w for w in words)
            words = [w.split("=")[0] if w[0] in "._" else w for w in words]
        out.append(" ".join(words))
    return out


def test_same_answers(kernel):
    lspci = find_tool("lspci")
    if not lspci or not os.path.exists(DRIVER):
        vmlib.skip("no lspci, or no libkmod of this distribution")
    with vmlib.scratch() as folder, tempfile.TemporaryDirectory() as tmp:
        copy = kernel.writable(folder)
        copy.depmod()
        index = os.path.join(tmp, "index")
        ours = os.path.join(tmp, "ours")
        os.mkdir(index)
        os.mkdir(ours)
        os.symlink(os.path.realpath(os.path.join(LIBDIR, "libkmod.so.2")),
                   os.path.join(ours, "libkmod.so.2"))
        for name in os.listdir(copy.modules):
            if name.startswith("modules.") and name != "modules.order":
                os.link(os.path.join(copy.modules, name),
                        os.path.join(index, name)) \
                    if os.stat(index).st_dev == os.stat(copy.modules).st_dev \
                    else open(os.path.join(index, name), "wb").write(
                        open(os.path.join(copy.modules, name), "rb").read())
        for name, words in (("words", WORDS),
                            ("names", ["loop", "nosuch", "dm_mod", "btrfs"])):
            with open(os.path.join(tmp, name), "w", encoding="utf-8") as f:
                f.write("\n".join(words) + "\n")
        library = os.path.join(ours, "libkmod.so.2")
        options = ["--copy", f"{lspci}:/bin/lspci",
                   "--copy", f"{os.path.abspath(DRIVER)}:/driver",
                   "--copy", f"{os.path.realpath(library)}:/ours/libkmod.so.2",
                   "--copy", f"{index}:/index",
                   "--copy", f"{tmp}/words:/words",
                   "--copy", f"{tmp}/names:/names",
                   "-m", "dm_crypt,dm_mirror,loop,btrfs,ext4,softdog,virtio_pci,"
                   "virtio_net"]
        if os.path.exists(LOADER):
            options += ["--copy", f"{LOADER}:/modules-load"]
        done = copy.shell(SCRIPT, options=options, timeout=300)
    check(done.status == 0, done)
    kmod, ours = done.out.split("== ours\n")
    ours, gone = ours.split("== gone\n")
    check("insert dm_crypt: 0" in gone, "what it needs is loaded", gone)
    kmod = kmod.split("== kmod\n")[1]
    check("Kernel modules: " in kmod, "lspci knows the modules", done)
    check("insert dm_crypt: 0" in kmod, "a module is loaded", done)
    if os.environ.get("LKM_SHOW"):
        print(done.out, done.err)
    wanted, got = lines_of(kmod), lines_of(ours)
    for a, b in zip(wanted, got):
        equal(b, a, "ours, and kmod's")
    equal(len(got), len(wanted))


main(test_same_answers)
