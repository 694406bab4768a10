#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Both module builders make the same bytes of the same recipe.

usage: builders.py MKMODULE-C"""

import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "common"))
import mkmodule  # noqa: E402

BASE = ("name=foo license=GPL description=a%20b export:a:0x1234:gpl:NS "
        "export:b:0x5 export:nocrc need:printk:0x99 need:plain weak:maybe "
        "section:.x:0011 sign:20 buildid:00112233")
RECIPES = ["", BASE] + [BASE + " " + more for more in (
    "32", "be", "32 be", "oldexports", "32 be oldexports", "ext", "extonly",
    "machine:183", "@truncate:99", "@append:aabb", "@flip:77 @flip:78:1",
    "be @set:e_shnum=7 @set:.modinfo,sh_size=0xfff @set:3,sh_info=77")]

failed = 0
for recipe in RECIPES:
    out = subprocess.run([sys.argv[1], recipe], capture_output=True)
    if out.returncode or out.stdout != mkmodule.make(recipe):
        print(f"differs: '{recipe}' {out.stderr.decode()}")
        failed += 1
sys.exit(1 if failed else 0)
