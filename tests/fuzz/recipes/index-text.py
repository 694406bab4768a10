# SPDX-License-Identifier: LGPL-2.1-or-later
"""modules.dep (first byte 0), modules.builtin (1), modules.alias (2, 3)."""


def seeds():
    texts = {
        "dep": (0, "kernel/a.ko: kernel/b-x.ko.xz kernel/c.ko\n"
                   "kernel/b-x.ko.xz: kernel/c.ko\nkernel/c.ko:\n"),
        "dep-open": (0, "kernel/a.ko:"),
        "dep-colon": (0, "kernel/a.ko\n"),
        "dep-name": (0, "kernel/.ko:\n"),
        "dep-word": (0, "kernel/a.ko: kernel/\n"),
        "dep-long": (0, "kernel/a.ko: " + "k" * 5000 + ".ko\n"),
        "dep-name-long": (0, "kernel/" + "k" * 300 + ".ko:\n"),
        "dep-nul": (0, "kernel/a.ko:\0\n"),
        "dep-high": (0, "kernel/\xff.ko:\n"),
        "dep-twice": (0, "k/a.ko:\nupdates/a.ko:\n"),
        "builtin": (1, "kernel/a-b.ko\n\nkernel/c.ko\n"),
        "builtin-bad": (1, "kernel/a.ko\nkernel/\n"),
        "alias": (2, "# comment\n\nalias pci:v1d* a\nalias a-[-]-* b\n"
                     "alias with blank in it c\nalias symbol:x b\n"),
        "alias-bracket": (2, "alias a[b c\nalias a]b c\nalias x y\n"),
        "alias-long": (2, "alias " + "a" * 5000 + " b\nalias "
                          + "a" * 1500 + " b\n"),
        "alias-short": (3, "alias x\n"),
        "alias-other": (3, "options a b=c\n"),
        "alias-name": (3, "alias x y/z\n"),
        "alias-empty": (3, "alias  b\n"),
        "alias-noname": (3, "alias x \n"),
        "alias-unknown": (3, "alias b nobody\nalias a nobody2\n"),
        "empty": (0, ""),
        "lines": (3, "\n" * 3000),
    }
    for name, (kind, text) in texts.items():
        yield name, bytes([kind]) + text.encode("latin-1")
