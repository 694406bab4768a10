#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-udevd in a real kernel, with the libkmod.so.2 of this distribution
and with ours in its place: coldplug ends with the same modules.

usage: test-coldplug.py LKM SERIES LIBDIR"""

import os
import sys

import vmlib
from vmlib import check, equal, find_tool, main

LIBDIR = sys.argv.pop(3)
# meson points it at our library; what is copied needs the system's.
os.environ.pop("LD_LIBRARY_PATH", None)

RULES = "/usr/lib/udev/rules.d"
SCRIPT = r"""
set -e
mkdir -p /run /etc/udev /usr/lib/systemd
ln -s /bin/udevadm /usr/lib/systemd/systemd-udevd
before=$(cut -d' ' -f1 /proc/modules)
for l in kmod ours kmod; do
	[ $l = ours ] && export LD_LIBRARY_PATH=/ours || unset LD_LIBRARY_PATH
	echo "== $l"
	/usr/lib/systemd/systemd-udevd --daemon
	grep -l /ours/ /proc/[0-9]*/maps 2>/dev/null | wc -l
	udevadm trigger --action=add
	udevadm settle --timeout=120
	udevadm control --exit
	cut -d' ' -f1 /proc/modules | sort
	for i in 1 2 3 4 5 6 7 8 9; do
		for m in $(cut -d' ' -f1 /proc/modules); do
			case " $before " in *"$m"*) continue ;; esac
			rmmod $m 2>/dev/null || :
		done
	done
done
"""


def test_coldplug(kernel):
    udevadm = find_tool("udevadm")
    if not udevadm or not os.path.isdir(RULES):
        vmlib.skip("no udev here")
    library = os.path.realpath(os.path.join(LIBDIR, "libkmod.so.2"))
    with vmlib.scratch() as folder:
        copy = kernel.writable(folder)
        copy.depmod()
        options = ["--copy", f"{udevadm}:/bin/udevadm",
                   "--copy", f"{library}:/ours/libkmod.so.2",
                   "--copy", f"{RULES}/80-drivers.rules:"
                             f"{RULES}/80-drivers.rules",
                   "--copy", f"{RULES}/50-udev-default.rules:"
                             f"{RULES}/50-udev-default.rules",
                   "--share", f"{copy.modules}:/lib/modules/{kernel.release}"]
        done = copy.shell(SCRIPT, options=options, timeout=400)
    check(done.status == 0, done)
    if os.environ.get("LKM_SHOW"):
        print(done.out, done.err)
    parts = [part.split("\n") for part in done.out.split("== ")[1:]]
    equal([p[0] for p in parts], ["kmod", "ours", "kmod"], done)
    # The daemon maps our library in the one run, and in no other.
    equal([int(p[1]) > 0 for p in parts], [False, True, False], done)
    theirs, ours, again = ([m for m in p[2:] if m] for p in parts)
    check(len(theirs) > 10, "coldplug loads modules", theirs)
    # A module that could not be unloaded again is there in both.
    equal(ours, theirs, "ours, and kmod's")
    equal(again, theirs, "kmod's, once more")


main(test_coldplug)
