# SPDX-License-Identifier: LGPL-2.1-or-later
"""depmod.d files: each directive, well and badly formed."""


def seeds():
    texts = {
        "empty": "",
        "search": "search updates  extra/deep built-in external kernel\n"
                  "search\nsearch /opt\n",
        "override": "override a * updates\noverride b 6.1 extra/deep\n"
                    "override a ^6\\\\.1.*amd64$ kernel/fs\noverride a\n"
                    "override a 7 extra\noverride a * ../x\n",
        "external": "external * /opt\nexternal 6.1 /srv/modules\n"
                    "external 6.1\nexternal * relative\n",
        "exclude": "exclude .git build\nexclude\n",
        "regexps": "override a ( b\noverride a [ b\noverride a a** b\n"
                   "override a (a|b){2,3} c\noverride a a{1000}{1000} c\n"
                   "override a .*(.*(.*(.*)*)*)*x c\n"
                   "external (((((((((((a))))))))))) /opt\n",
        "backreference": "override a (6)(.*)\\\\1\\\\2 b\n",
        "gone": "include x\nmake_map_files no\nbogus\n # x\n",
        "nul": "search a\0b\nexclude x\n",
        "joined": "search a \\\n b\nexclude c\\",
    }
    for name, text in texts.items():
        yield name, text.encode("latin-1")
