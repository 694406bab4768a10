# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernel command lines: module parameters, the blacklist, quotes."""


def seeds():
    texts = {
        "empty": "",
        "plain": "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet\n",
        "params": "a-b.c-d=e a.flag a.b=c.d=e a.b=c\td.e=f\n",
        "grub": "\"a.b=c d\" e.f=\"g h\" \"i.j\" \"k\".l=m n\"o.p=q r\"",
        "blacklist": "modprobe.blacklist=a-b,c,,d "
                     "modprobe.blacklist=\"e,f\" modprobe.blacklist "
                     "modprobe.blacklist= modprobe.other=1",
        "ill": ".x=1 a.= a. = . .. a.b.c=1 \" a.b=\"open c.d=1",
        "brackets": "x[.y=1 modprobe.blacklist=a],[b-c] [a-b].c=1",
        "long": "modprobe.blacklist=" + "x" * 300 + " a.b=" + "v" * 5000,
        "nul": "a.b=1\0c.d=1",
        "bytes": "\xff.\xfe=\x80",
    }
    for name, text in texts.items():
        yield name, text.encode("latin-1")
