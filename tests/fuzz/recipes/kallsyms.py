# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables of kallsyms in both layouts, with what stands around them."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "common"))
from mkkernel import Kernel  # noqa: E402


def seeds():
    for layout in ("old", "new"):
        for form in ("percpu", "relative", "absolute"):
            for bits, big in ((64, False), (64, True), (32, False)):
                kernel = Kernel(layout=layout, form=form, bits=bits, big=big,
                                many=10)
                kernel.elf()
                table = kernel.kallsyms_table()
                yield f"{layout}-{form}-{bits}-{big}", table
    kernel = Kernel(many=600, old_markers=True)
    kernel.elf()
    table = kernel.kallsyms_table()
    yield "many", table
    yield "twice", table + table
    # Many counts, none of them true
    digits = b"".join(b"%d\0" % i for i in range(10))
    yield "digits", digits * 300
    yield "counts", (b"\1\0\0\0\2\0t" + bytes(1)) * 300 + table[-2000:]
    yield "empty", b""
