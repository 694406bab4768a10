#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""-Ddrop-in=true installs all that kmod's packages have, and each page of the
manual is one that man finds nothing to say about.

usage: test-drop-in.py SOURCE BUILD"""

import json
import os
import subprocess
import sys
import tempfile

TOOLS = ("depmod", "insmod", "kmod", "lsmod", "modinfo", "modprobe", "rmmod")
PAGES = [f"{tool}.8" for tool in TOOLS] + \
    ["depmod.d.5", "modprobe.d.5", "modules.dep.5"]
WANTED = {f"man/man{page[-1]}/{page}" for page in PAGES} | {
    "man/man5/modules.dep.bin.5", "bash-completion/completions/kmod",
    "zsh/site-functions/_lkm_kmod", "bin/lkm", "include/libkmod.h",
    "pkgconfig/libkmod.pc", "libkmod.so", "libkmod.so.2",
    "libkmod.so.2.5.1"} | {
    f"fish/vendor_completions.d/{tool}.fish" for tool in TOOLS}


def installed(source, folder):
    """What would be installed, from a configuration alone.  Of several links
    with one name, such as modprobe, meson names only the last one; those to
    the program are test-deb.py's."""
    subprocess.run(["meson", "setup", folder, source, "--prefix=/usr",
                    "-Ddrop-in=true", "-Dtests=false"], check=True,
                   stdout=subprocess.PIPE)
    out = subprocess.run(["meson", "introspect", "--installed", folder],
                         stdout=subprocess.PIPE, check=True)
    return json.loads(out.stdout).values()


def main():
    source, build = (os.path.abspath(p) for p in sys.argv[1:])
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        there = installed(source, folder)
        bad += [f"not installed: {wanted}" for wanted in sorted(WANTED)
                if not any(p.endswith("/" + wanted) for p in there)]
    for page in PAGES:
        path = os.path.join(build, "man", page)
        done = subprocess.run(["man", "--warnings", "-l", path],
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "MANWIDTH": "80"})
        if done.returncode or done.stderr or "NAME" not in done.stdout:
            bad.append(f"{page}: {done.stderr}")
    print("\n".join(bad) or f"{len(WANTED)} files, "
          f"{len(PAGES)} pages")
    sys.exit(1 if bad else 0)


main()
