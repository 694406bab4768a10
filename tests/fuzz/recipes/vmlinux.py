# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernel images of every form, whole and hurt."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "common"))
import mkkernel  # noqa: E402
from mkkernel import Kernel  # noqa: E402


def seeds():
    for name, options in (
            ("new", {}), ("old", {"layout": "old"}),
            ("relative", {"form": "relative", "relocs": 2}),
            ("absolute", {"form": "absolute", "many": 3}),
            ("big", {"big": True, "machine": 22}),
            ("arm", {"bits": 32, "machine": 40, "form": "relative"}),
            ("i386", {"bits": 32, "machine": 3, "relocs": 1}),
            ("bare", {"sections": False, "many": 20}),
            ("symtab", {"kallsyms": False, "symtab": True, "many": 20}),
            ("pointers", {"entry": 24, "many": 20}),
            ("unsigned", {"crcs": False, "certs": 0, "many": 20})):
        yield name, Kernel(**options).elf()
    yield "image", Kernel(form="relative", many=20).arm64()
    yield "image-rela", Kernel(form="relative", many=20, layout="old",
                               rela=True).arm64()
    small = Kernel(many=20).elf()
    whole = mkkernel.packed(small)
    yield "bzimage", whole
    yield "bzimage-old", mkkernel.packed(small, version=0x207)
    yield "bzimage-far", mkkernel.packed(small, offset=0xffffffff)
    yield "bzimage-long", mkkernel.packed(small, length=0xffffffff)
    yield "bzimage-sectors", mkkernel.packed(small, sectors=0)
    yield "bzimage-none", mkkernel.bzimage(b"not packed at all")
    yield "bzimage-short", mkkernel.bzimage(b"")
    yield "gzip", whole[1024:]
    yield "empty", b""
