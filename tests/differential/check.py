#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lkm check: no module of a distribution's own tree has a finding, every one of
another kernel has, and broken ones have the right one.

usage: check.py LKM SERIES OTHER-SERIES"""

import glob
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "vm"))
import broken           # noqa: E402

LKM, SERIES, OTHER = sys.argv[1:4]
CACHE = os.environ.get("LKM_CACHE") or os.path.expanduser("~/.cache/lkm-tests")
SAMPLE = 250    # unpacking all of an xz tree takes a minute

# Not seen: a kernel finds these while it links, verifies or runs the module.
UNSEEN = {"good", "symbol-first", "unsigned", "init-failed",
          "sig-type", "blacklisted", "symbol-dependency",
          "symbol-duplicate", "common", "relocation-type",
          "relocation-target"}
FINDINGS = {
    "symbol-unknown": "module.symbol.missing",
    "symbol-version": "module.symbol.version",
    "symbol-noversion": "module.symbol.version",
    "symbol-namespace": "module.symbol.namespace",
    "symbol-license": "module.symbol.license",
    "sig-digest": "module.signature.rejected",
    "sig-garbage": "module.signature.rejected",
    "layout": "module.layout.mismatch",
    "other-kernel": "module.layout.mismatch",
    "vermagic": "module.vermagic.mismatch",
    "sig-params": "module.signature.rejected",
    "sig-length": "module.signature.rejected",
}
FORMAT = "module.exec.format"


def tree(series):
    root = os.path.join(CACHE, "kernels", series)
    if not os.path.isdir(root):
        print(f"no kernel {series} here (tools/fetch-kernels)")
        sys.exit(77)
    return root, os.listdir(root + "/lib/modules")[0]


def check(*words):
    """-> {file: finding} and the exit status"""
    root, release = tree(SERIES)
    done = subprocess.run([LKM, "--root", root, "-k", release, "--json",
                           "check", *words], capture_output=True, text=True,
                          check=False)
    if done.returncode not in (0, 1) or done.stderr:
        sys.exit(f"status {done.returncode}: {done.stderr[-2000:]}")
    found = json.loads(done.stdout)["findings"]
    return {f["file"]: f["finding"] for f in found}, done.returncode


def files_of(series):
    root, release = tree(series)
    return sorted(glob.glob(f"{root}/lib/modules/{release}/**/*.ko*",
                            recursive=True))


def own():
    names = [os.path.basename(f).split(".ko")[0] for f in files_of(SERIES)]
    whole = SERIES == "6.1"
    words = ["--all"] if whole else random.Random(1).sample(names, SAMPLE)
    found, status = check(*words)
    wrong = {f: i for f, i in found.items() if i != "none"}
    assert not wrong and status == 0, (status, wrong)
    assert len(found) == (len(names) if whole else SAMPLE), len(found)
    return len(found)


def another():
    """Modules of the other kernel, by path."""
    files = random.Random(2).sample(files_of(OTHER), SAMPLE)
    found, status = check(*files)
    assert status == 1 and len(found) == SAMPLE
    wrong = {f: i for f, i in found.items() if i not in (
        "module.layout.mismatch", "module.vermagic.mismatch")}
    assert not wrong, wrong
    return len(found)


def license_edit(module):
    module.replace(".modinfo", b"\0license=GPL", b"\0license=BSD")


def made():
    modules = [os.path.join(r, "lib/modules", k)
               for r, k in (tree(SERIES), tree(OTHER))]
    with tempfile.TemporaryDirectory() as folder:
        broken.make_all(*modules, folder)
        with open(f"{folder}/symbol-license.ko", "wb") as f:
            f.write(broken.make(modules[0], "dummy", license_edit))
        names = sorted(os.listdir(folder))
        found, status = check(*[f"{folder}/{n}" for n in names])
    assert status == 1
    wrong = []
    for name in names:
        kind = name[:-len(".ko")]
        got = found[f"{folder}/{name}"]
        wanted = "none" if kind in UNSEEN else FINDINGS.get(kind, FORMAT)
        if got != wanted:
            wrong.append(f"{kind}: {got}, not {wanted}")
    assert not wrong, "\n".join(wrong)
    assert set(FINDINGS) <= {n[:-len(".ko")] for n in names}
    return len(names)


print(f"{own()} own, {another()} of another kernel, {made()} made: as wanted")
