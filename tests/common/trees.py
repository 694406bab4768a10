# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies of the kernels' module trees."""

import os
import shutil
import subprocess


def indexed(link, root):
    """Below @root a copy of the module tree of the kernel at @link, with the
    indexes of Debian's depmod; its release."""
    modules = os.path.join(link, "lib/modules")
    release = os.listdir(modules)[0]
    folder = os.path.join(root, "lib/modules", release)
    os.makedirs(os.path.dirname(folder))
    source = os.path.join(modules, release)
    # Hard links: depmod replaces files by name, it writes none in place.
    if subprocess.call(["cp", "-al", source, folder],
                       stderr=subprocess.DEVNULL):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.check_call(["cp", "-a", source, folder])
    subprocess.check_call(["/usr/sbin/depmod", "-b", root, release])
    return release
