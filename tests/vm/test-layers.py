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
layered() { lkm --layer /layer/$(uname -r) "$@"; }
step() { echo "=$1"; shift; "$@" 2>&1; echo "=$?"; }
step readonly touch /lib/modules/$(uname -r)/x
step base lkm plan btrfs
step plan layered plan btrfs
step load layered load btrfs
step table cut -d' ' -f1,4 /proc/modules
step taint cat /sys/module/raid6_pq/taint
step unload layered unload btrfs
step after cut -d' ' -f1 /proc/modules
"""


def parse(text):
    """{step: (output, status)}"""
    steps, name, lines = {}, None, []
    for line in text.splitlines():
        if line.startswith("=") and line[1:].isdigit():
            steps[name] = "\n".join(lines), int(line[1:])
        elif line.startswith("="):
            name, lines = line[1:], []
        else:
            lines.append(line)
    return steps


def test_layers(kernel):
    with scratch() as folder:
        base, layer = make(kernel, folder)
        files = sorted(os.listdir(base.modules))
        r = base.shell(SCRIPT, options=[
            "--share", f"{base.modules}:/lib/modules/{kernel.release}",
            "--share", f"{layer}:/layer"])
        equal(sorted(os.listdir(base.modules)), files)
        equal(os.listdir(f"{layer}/{kernel.release}"), ["kernel", "updates"])
    steps = parse(r.out)
    check("Read-only" in steps["readonly"][0], r)
    check("plan.notfound" in steps["base"][0], "without the layer", r)
    equal(steps["base"][1], 1, r)
    for name in ("plan", "load", "unload"):
        equal(steps[name][1], 0, r)
    plan = steps["plan"][0]
    check(f"/layer/{kernel.release}/kernel/fs/btrfs.ko" in plan, plan)
    check(f"/layer/{kernel.release}/updates/raid6_pq.ko" in plan, plan)
    check(f"/lib/modules/{kernel.release}/kernel/crypto/xor.ko" in plan, plan)
    table = steps["table"][0].splitlines()
    check("btrfs -" in table and "xor btrfs," in table, r)
    # the base's is signed and taints nothing
    check("E" in steps["taint"][0], "the layer's module is loaded", r)
    check("btrfs" not in steps["after"][0].split(), r)
    check("xor" not in steps["after"][0].split(), r)


main(test_layers)
