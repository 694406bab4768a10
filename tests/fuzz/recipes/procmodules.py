# SPDX-License-Identifier: LGPL-2.1-or-later
"""/proc/modules: what kernels write, and what none does."""


def seeds():
    yield "empty", b""
    yield "one", b"dummy 16384 0 - Live 0xffffffffc0288000\n"
    yield "many", (
        b"bridge 311296 0 - Live 0xffffffffc0a00000\n"
        b"stp 16384 1 bridge, Live 0xffffffffc0a10000\n"
        b"llc 16384 2 bridge,stp, Live 0x0 (OE)\n"
        b"slow 4096 1 - Loading 0x0\n"
        b"stay 12288 1 x,[permanent], Live 0x0 (P)\n"
        b"old 4096 - - Unloading 0x0\n")
    yield "short", b"dummy 16384 0 - Live\n"
    yield "unfinished", b"dummy 16384 0 -"
    yield "sizes", b"a 99999999999999999999 0 - Live 0x0\n"
    yield "refs", b"a 1 9223372036854775808 - Live 0x0\n"
    yield "state", b"a 1 0 - Dead 0x0\n"
    yield "taints", b"a 1 0 - Live 0x0 (\nb 1 0 - Live 0x0 ()\n" \
                    b"c 1 0 - Live 0x0 O)\n"
    yield "name", b"%s 1 0 - Live 0x0\n" % (b"n" * 60)
    yield "holders", b"a 1 0 ,,,x,, Live 0x0\n"
    yield "crowd", b"a 1 0 %s Live 0x0\n" % (b"x," * 9000)
    yield "nul", b"a\0b 1 0 - Live 0x0\n"
