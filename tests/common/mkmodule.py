#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a small module file of a line of text: real ELF, with the sections that
module tools read, but nothing that would run.

usage: mkmodule.py RECIPE > FILE

The words of a recipe (module-builder.h knows the same, to the byte; %20 is a
blank, so is any %XX a byte):

  32 be            class and byte order instead of 64, little endian
  machine:N        e_machine (default 62, x86-64)
  KEY=VALUE        a string of .modinfo
  export:NAME[:CRC[:gpl[:NAMESPACE]]]
  need:NAME[:CRC]  an undefined symbol, in __versions where it has a CRC
  weak:NAME[:CRC]
  oldexports       as before v5.4: no namespaces, CRCs are absolute symbols
  ext, extonly     __version_ext_*, beside __versions or instead
  section:NAME:HEX one more section
  buildid:HEX
  sign:SIZE        a signature of SIZE bytes, appended

and what is done to the finished file, in this order:

  @set:FIELD=N     e_FIELD of the header, or SECTION.sh_FIELD (NAME,FIELD)
  @flip:OFFSET[:MASK]
  @truncate:SIZE
  @append:HEX
"""

import struct
import sys
import urllib.parse

# name -> (offset, size) for ELF32 and ELF64
HEADER = {
    "e_class": ((4, 1), (4, 1)), "e_data": ((5, 1), (5, 1)),
    "e_type": ((16, 2), (16, 2)), "e_machine": ((18, 2), (18, 2)),
    "e_shoff": ((32, 4), (40, 8)), "e_flags": ((36, 4), (48, 4)),
    "e_shentsize": ((46, 2), (58, 2)), "e_shnum": ((48, 2), (60, 2)),
    "e_shstrndx": ((50, 2), (62, 2)),
}
SECTION = {
    "sh_name": ((0, 4), (0, 4)), "sh_type": ((4, 4), (4, 4)),
    "sh_flags": ((8, 4), (8, 8)), "sh_offset": ((16, 4), (24, 8)),
    "sh_size": ((20, 4), (32, 8)), "sh_link": ((24, 4), (40, 4)),
    "sh_info": ((28, 4), (44, 4)), "sh_entsize": ((36, 4), (56, 8)),
}
PROGBITS, SYMTAB, STRTAB, NOTE = 1, 2, 3, 7
ABS = 0xfff1
LOCAL, GLOBAL, WEAK = 0, 1, 2
MARK = b"~Module signature appended~\n"


class Module:
    def __init__(self):
        self.bits, self.order, self.machine = 64, "<", 62
        self.modinfo, self.exports, self.needs = [], [], []
        self.extra, self.damage = [], []
        self.words = set()
        self.build_id = self.signature = None

    def word(self, word):
        kind, _, rest = word.partition(":")
        args = [urllib.parse.unquote(a) for a in rest.split(":")]
        if word in ("32", "64"):
            self.bits = int(word)
        elif word in ("be", "le"):
            self.order = ">" if word == "be" else "<"
        elif word in ("oldexports", "ext", "extonly"):
            self.words.add(word)
        elif word.startswith("@"):
            self.damage.append((kind[1:], rest))
        elif kind == "machine":
            self.machine = int(rest, 0)
        elif kind == "export":
            args += [""] * (4 - len(args))
            self.exports.append((args[0], args[1] and int(args[1], 0),
                                 args[2] == "gpl", args[3]))
        elif kind in ("need", "weak"):
            crc = int(args[1], 0) if len(args) > 1 else None
            self.needs.append((args[0], crc, WEAK if kind == "weak"
                               else GLOBAL))
        elif kind == "section":
            self.extra.append((args[0], bytes.fromhex(args[1])))
        elif kind == "buildid":
            self.build_id = bytes.fromhex(rest)
        elif kind == "sign":
            self.signature = int(rest, 0)
        elif "=" in word:
            self.modinfo.append(urllib.parse.unquote_to_bytes(word))
        else:
            sys.exit(f"mkmodule: no such word '{word}'")

    def pack(self, kinds, *values):
        return struct.pack(self.order + kinds, *values)

    def long(self, value):
        return self.pack("Q" if self.bits == 64 else "I", value)

    def versions(self):
        """-> (__versions, ext crcs, ext names)"""
        known = [(n, c) for n, c, _ in self.needs if c is not None]
        if known:
            known.insert(0, ("module_layout", 0x12345678))
        basic = b"".join(self.long(c) + n.encode().ljust(
            64 - self.bits // 8, b"\0") for n, c in known)
        crcs = b"".join(self.pack("I", c) for _, c in known)
        names = b"".join(n.encode() + b"\0" for n, _ in known)
        if "extonly" in self.words:
            return b"", crcs, names
        if "ext" in self.words:
            return basic, crcs, names
        return basic, b"", b""

    def build(self):
        self.sections = [("", 0, b"", 0, 0, 0)]
        self.index = {}
        self.add(".text", PROGBITS, b"\xc3" * 4, flags=6)
        self.add(".modinfo", PROGBITS,
                 b"".join(m + b"\0" for m in self.modinfo), flags=2)
        self.add_exports()
        basic, crcs, names = self.versions()
        for name, data in (("__versions", basic),
                           ("__version_ext_crcs", crcs),
                           ("__version_ext_names", names)):
            if data:
                self.add(name, PROGBITS, data, flags=2)
        if self.build_id is not None:
            self.add(".note.gnu.build-id", NOTE,
                     self.pack("III", 4, len(self.build_id), 3) + b"GNU\0" +
                     self.build_id, flags=2)
        for name, data in self.extra:
            self.add(name, PROGBITS, data)
        self.add_symbols()
        return self.finish()

    def add(self, name, kind, data, flags=0, link=0, info=0):
        self.index.setdefault(name, len(self.sections))
        self.sections.append((name, kind, data, flags, link, info))

    def add_exports(self):
        old = "oldexports" in self.words
        strings = b""
        tables = {False: b"", True: b""}
        crcs = {False: b"", True: b""}
        self.locals = []
        for name, crc, gpl, space in self.exports:
            suffix = "_gpl" if gpl else ""
            self.locals.append(("__kstrtab_" + name, len(strings),
                                "__ksymtab_strings"))
            strings += name.encode() + b"\0"
            if not old:
                self.locals.append(("__kstrtabns_" + name, len(strings),
                                    "__ksymtab_strings"))
                strings += space.encode() + b"\0"
            self.locals.append(("__ksymtab_" + name, len(tables[gpl]),
                                "__ksymtab" + suffix))
            tables[gpl] += bytes(2 * self.bits // 8 if old else 12)
            if crc == "":
                continue
            if old:
                self.locals.append(("__crc_" + name, crc, ABS))
            else:
                self.locals.append(("__crc_" + name, len(crcs[gpl]),
                                    "__kcrctab" + suffix))
                crcs[gpl] += self.pack("I", crc)
        for name, data in (("__ksymtab_strings", strings),
                           ("__ksymtab", tables[False]),
                           ("__ksymtab_gpl", tables[True]),
                           ("__kcrctab", crcs[False]),
                           ("__kcrctab_gpl", crcs[True])):
            if data:
                self.add(name, PROGBITS, data, flags=2)

    def symbol(self, name, value, section, bind, kind=0):
        at = len(self.strings) if name else 0
        if name:
            self.strings += name.encode() + b"\0"
        if self.bits == 64:
            return self.pack("IBBHQQ", at, bind << 4 | kind, 0, section,
                             value, 0)
        return self.pack("IIIBBH", at, value, 0, bind << 4 | kind, 0, section)

    def add_symbols(self):
        self.strings = b"\0"
        table = self.symbol("", 0, 0, LOCAL)
        for name, value, where in self.locals:
            where = where if where == ABS else self.index[where]
            table += self.symbol(name, value, where, LOCAL)
        count = 1 + len(self.locals)
        for name, *_ in self.exports:
            table += self.symbol(name, 0, self.index[".text"], GLOBAL, 2)
        for name, _, bind in self.needs:
            table += self.symbol(name, 0, 0, bind)
        self.add(".symtab", SYMTAB, table, link=len(self.sections) + 1,
                 info=count)
        self.add(".strtab", STRTAB, self.strings)

    def finish(self):
        self.add(".shstrtab", STRTAB, b"")
        names = b"\0"
        for name, *_ in self.sections[1:]:
            names += name.encode() + b"\0"
        last = self.sections[-1]
        self.sections[-1] = (last[0], last[1], names, *last[3:])
        body = bytes(64 if self.bits == 64 else 52)
        headers, at = b"", 0
        for name, kind, data, flags, link, info in self.sections:
            body += bytes(-len(body) % 8)
            entry = 24 if self.bits == 64 else 16
            offset = len(body) if kind else 0
            w = "Q" if self.bits == 64 else "I"
            headers += self.pack("II" + 4 * w + "II" + 2 * w, at, kind, flags,
                                 0, offset, len(data), link, info,
                                 (0 if not kind else
                                  4 if kind == NOTE else 8),
                                 entry if kind == SYMTAB else 0)
            body += data
            at += len(name) + 1 if kind else 1
        body += bytes(-len(body) % 8)
        return self.spoil(self.header(len(body)) + body[64 if self.bits == 64
                                                        else 52:] +
                          headers + self.trailer())

    def header(self, shoff):
        w = "Q" if self.bits == 64 else "I"
        return b"\x7fELF" + bytes([2 if self.bits == 64 else 1,
                                   1 if self.order == "<" else 2, 1]) + \
            bytes(9) + self.pack("HHI" + 3 * w + "IHHHHHH", 1, self.machine,
                                 1, 0, 0, shoff, 0,
                                 64 if self.bits == 64 else 52, 0, 0,
                                 64 if self.bits == 64 else 40,
                                 len(self.sections), len(self.sections) - 1)

    def trailer(self):
        if self.signature is None:
            return b""
        return b"\x30" * self.signature + bytes([0, 0, 2, 0, 0, 0, 0, 0]) + \
            struct.pack(">I", self.signature) + MARK

    def place(self, field, data):
        wide = self.bits == 64
        if field in HEADER:
            return HEADER[field][wide]
        section, _, name = field.partition(",")
        offset, size = SECTION[name][wide]
        at, length = HEADER["e_shoff"][wide]
        order = "little" if self.order == "<" else "big"
        table = int.from_bytes(data[at:at + length], order)
        number = int(section) if section.isdigit() else self.index[section]
        return table + number * (64 if wide else 40) + offset, size

    def spoil(self, data):
        order = "little" if self.order == "<" else "big"
        for what, arg in self.damage:
            if what == "set":
                field, _, value = arg.partition("=")
                at, size = self.place(field, data)
                value = int(value, 0) & (1 << 8 * size) - 1
                data = data[:at] + value.to_bytes(size, order) + \
                    data[at + size:]
            elif what == "flip":
                at, _, mask = arg.partition(":")
                at, mask = int(at, 0), int(mask or "0xff", 0)
                data = data[:at] + bytes([data[at] ^ mask]) + data[at + 1:]
            elif what == "truncate":
                data = data[:int(arg, 0)]
            elif what == "append":
                data += bytes.fromhex(arg)
            else:
                sys.exit(f"mkmodule: no such damage '@{what}'")
        return data


def make(recipe):
    """The bytes of the module that @recipe describes."""
    module = Module()
    for word in recipe.split():
        module.word(word)
    return module.build()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.buffer.write(make(sys.argv[1]))
