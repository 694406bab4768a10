# SPDX-License-Identifier: LGPL-2.1-or-later
"""modprobe.d files: each directive, well and badly formed."""

BLOCK = "# lkm: forbid fuzzed\nblacklist fuzzed\ninstall fuzzed /bin/false\n"


def seeds():
    texts = {
        "empty": "",
        "alias": "alias pci:v*[0-9-]d* snd-pcm\nalias a[ b\nalias a] b\n",
        "blacklist": "blacklist foo-bar extra\nblacklist\n",
        "options": "options fuzzed\ta=1 \"p=x y\" p p=1 #\n"
                   "options fuzzed p=2\noptions b\noptions fuzzed p=\"open\n",
        "commands": "install a /bin/true; $CMDLINE_OPTS\nremove a  x\n",
        "softdep": "softdep a pre: b\tc post: d pre: e\nsoftdep b stray\n"
                   "softdep c \nsoftdep d  post:\n",
        "weakdep": "weakdep a b  c\nweakdep a\n",
        "gone": "include x\nconfig y\nbogus z\n  # indented\n",
        "joined": "blacklist fo\\\no\n# c \\\n hidden\noptions a \\\n\\\n x\\",
        "escapes": "install a echo \\\\ \\t \\\"\n\\",
        "marker": "# lkm: forbid a\n#lkm: forbid b c\n# lkm: forbid\n"
                  "# lkm: forbid *\n#  lkm:\tforbid fuzzed \n",
        "block": BLOCK,
        "twice": BLOCK + BLOCK + "blacklist fuzzed\n",
        "partial": "# lkm: forbid fuzzed\nblacklist fuzzed\nblacklist b\n",
        "loads": "; c\n fuzzed \na\nfuzzed x\nfuzzed",
        "header": "# Made by lkm. Lines that you add here are kept.\n",
        "nul": "blacklist a\0b\n\0\n# lkm: forbid fuzzed\0x\n",
        "bytes": "blacklist \xff\xfe\r\noptions fuzzed p=\x80\r\n",
        "long": "options a " + "x" * 70000 + "\nblacklist b\n",
        "warnings": "x\n" * 1500,
    }
    for name, text in texts.items():
        yield name, text.encode("latin-1")
