#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Layered roots, what system extensions need: the base is read-only and has
the index of its own modules, a layer over it has none.  A module of the layer
needs modules of the base, and one replaces the base's."""

import os
import shutil
import subprocess

from vmlib import check, equal, main, scratch

SIGNATURE = b"~Module signature appended~\n"


def find(folder, name):
    for path, _, files in os.walk(folder):
        for f in files:
            if f.split(".ko")[0].replace("-", "_") == name:
                return os.path.join(path, f)
    raise FileNotFoundError(name)


def unsigned(path):
    """The module's bytes without compression and signature."""
    if path.endswith(".xz"):
        data = subprocess.run(["xz", "-dc", path], check=True,
                              capture_output=True).stdout
    else:
        with open(path, "rb") as f:
            data = f.read()
    if data.endswith(SIGNATURE):
        tail = len(data) - len(SIGNATURE) - 12
        data = data[:tail - int.from_bytes(data[tail + 8:tail + 12], "big")]
    return data


def make(kernel, folder):
    """The base without btrfs; a layer with btrfs, and raid6_pq once more."""
    base = kernel.writable(folder)
    layer = os.path.join(folder, "layer", kernel.release)
    for name, place in (("btrfs", "kernel/fs"), ("raid6_pq", "updates")):
        old = find(base.modules, name)
        os.makedirs(os.path.join(layer, place))
        if name == "btrfs":
            shutil.copy(old, os.path.join(layer, place))
            os.unlink(old)
        else:
            with open(f"{layer}/{place}/{name}.ko", "wb") as f:
                f.write(unsigned(old))
    base.depmod()
    return base, os.path.dirname(layer)


SCRIPT = """
set -e
lkm() { /usr/bin/lkm --layer /layer/$(uname -r) "$@"; }
! touch /lib/modules/$(uname -r)/x 2>/dev/null
! lkm plan btrfs | grep -q missing
echo plan
/usr/bin/lkm plan btrfs >/dev/null 2>&1 && exit 9
lkm load btrfs
echo loaded
cut -d' ' -f1,4 /proc/modules
echo "taint of raid6_pq: $(cat /sys/module/raid6_pq/taint)"
lkm unload btrfs
lkm info raid6_pq -F filename 2>/dev/null || true
find /layer /lib/modules -newer /test-began | head
"""


def test_layers(kernel):
    with scratch() as folder:
        base, layer = make(kernel, folder)
        r = base.shell("touch /test-began; sleep 1;" + SCRIPT, options=[
            "--share", f"{base.modules}:/lib/modules/{kernel.release}",
            "--share", f"{layer}:/layer"])
    equal(r.status, 0, r)
    check("\nbtrfs -\n" in r.out, r)
    check("\nxor btrfs,\n" in r.out, "the base's module is used", r)
    # the base's is signed and taints nothing
    check("taint of raid6_pq: E" in r.out, "the layer's module is used", r)


main(test_layers)
