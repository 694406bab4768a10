# SPDX-License-Identifier: LGPL-2.1-or-later
"""Module files, whole and hurt, of all classes and byte orders."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "common"))
import mkmodule  # noqa: E402

FULL = ("name=foo license=GPL alias=pci:v1 depends=a,b vermagic=6.1%20SMP "
        "export:a:0x1234:gpl:NS export:b:0x5 export:nocrc need:printk:0x99 "
        "need:plain weak:maybe:7 section:.x:0011 sign:20 buildid:00112233")

HURT = (
    "@set:e_shnum=0 @set:0,sh_size=0xffffffff",
    "@set:e_shnum=0 @set:0,sh_size=3",
    "@set:e_shstrndx=0xffff @set:0,sh_link=0xffffffff",
    "@set:e_shstrndx=0xffff @set:0,sh_link=1",
    "@set:e_shoff=0xfffffffffffffff0",
    "@set:e_shentsize=0",
    "@set:.modinfo,sh_size=0xffffffffffffffff",
    "@set:.modinfo,sh_offset=0xffffffffffffff00",
    "@set:.modinfo,sh_size=2",
    "@set:__versions,sh_size=1",
    "@set:__versions,sh_size=64",
    "@set:__ksymtab_strings,sh_size=1",
    "@set:__ksymtab_strings,sh_type=8",
    "@set:__ksymtab,sh_size=1 @set:__kcrctab,sh_size=1",
    "@set:.symtab,sh_info=0xffffffff",
    "@set:.symtab,sh_link=0xffff",
    "@set:.symtab,sh_link=1",
    "@set:.symtab,sh_size=0xfffffff8",
    "@set:.symtab,sh_type=1",
    "@set:.strtab,sh_size=1",
    "@set:.shstrtab,sh_size=1",
    "@set:.note.gnu.build-id,sh_size=4",
    "@append:7e4d6f64756c65207369676e617475726520617070656e6465647e0a",
)


KINDS = ("", "32 be", "32", "be")


def seeds():
    for kind in KINDS:
        for form in ("", "oldexports", "ext", "extonly"):
            name = "-".join(("full " + kind + " " + form).split())
            yield name, mkmodule.make(f"{FULL} {kind} {form}")
    yield "empty", mkmodule.make("")
    for i, hurt in enumerate(HURT):
        yield f"hurt-{i}", mkmodule.make(f"{FULL} {KINDS[i % 4]} {hurt}")
    yield "sparc", mkmodule.make(FULL + " be machine:43")
    yield "names-end", mkmodule.make(
        "section:__version_ext_names:6100 "
        "section:__version_ext_crcs:0000000000000000")
    yield "text", b"\x7fjust a text"
    yield "class", mkmodule.make("@set:e_class=9")
    yield "order", mkmodule.make("@set:e_data=9")
    yield "no-table", mkmodule.make("@set:e_shoff=0")
