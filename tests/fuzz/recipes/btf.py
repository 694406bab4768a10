# SPDX-License-Identifier: LGPL-2.1-or-later
"""BTF with types of every kind, some of which refer to themselves."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "common"))
from mkkernel import Kernel  # noqa: E402


def seeds():
    whole = Kernel().btf()
    yield "whole", whole
    yield "big", Kernel(big=True).btf()
    yield "header", whole[:24]
    yield "nothing", whole[:8] + bytes(8) + whole[16:24]
    for kind in range(32):
        yield f"kind{kind}", whole[:28] +             bytes([2, 0, 0, kind]) + whole[32:]
