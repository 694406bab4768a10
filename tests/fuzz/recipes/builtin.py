# SPDX-License-Identifier: LGPL-2.1-or-later
"""modules.builtin.modinfo: strings of "module.key=value"."""


def seeds():
    texts = {
        "empty": "",
        "kernel": "built-in.license=GPL\0built_in.alias=net-pf-99\0"
                  "other.alias=net-pf-*\0built_in.parm=x:y=z\0",
        "open": "a.b=c",
        "other": "nothing\0.x=y\0a.=y\0=.\0a=b.c\0a.b\0\0\0a.b=\0",
        "long-name": "n" * 300 + ".license=GPL\0",
        "name-255": "n" * 255 + ".license=GPL\0",
        "many": "".join(f"m{i}.k=v\0" for i in range(500)),
    }
    for name, text in texts.items():
        yield name, text.encode()
