# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes small kernel images, of every form that src/vmlinux reads, and broken
ones: an ELF file with kallsyms, exports, BTF, parameters and certificates in
one segment; what is appended to it; the bzImage around it."""

import gzip
import struct

# symbol -> type; the addresses are where the builder puts them
CODE = ["_text T", "start_kernel T", "do_one t", "alias_of_do_one t"]
TYPES = "aAbBdDrRtTvVwW"
CERT = b"\x30\x82\x01\x04" + bytes(range(256)) + b"\x01\x02\x03\x04"
BANNER = b"Linux version 9.8.7-made (me@here) (cc 1) #1 SMP\n\0"
EXPORTS = [     # name, namespace, GPL, CRC
    ("alloc_it", "", False, 0x11223344), ("free_it", "", False, 5),
    ("gpl_it", "", True, 0xdeadbeef), ("spaced", "A_SPACE", True, 7)]
PARAMS = [("core_param", 0o644, -1, 0), ("mod.value", 0o400, 3, 1),
          ("mod.hidden", 0, -1, 2)]


class Kernel:
    """The form, then the parts; `change` may replace or drop a section's
    bytes: name -> function of them, or None."""

    def __init__(self, bits=64, big=False, machine=62, layout="new",
                 form="percpu", sections=True, entry=12, crcs=True,
                 relocs=3, symtab=False, kallsyms=True, banner=BANNER,
                 certs=2, change=None, old_markers=False, many=300, rela=False):
        self.word, self.big, self.machine = bits // 8, big, machine
        self.layout, self.form, self.sections = layout, form, sections
        self.entry, self.crcs, self.relocs = entry, crcs, relocs
        self.symtab, self.kallsyms, self.banner = symtab, kallsyms, banner
        self.certs, self.change = certs, change or {}
        self.old_markers, self.many, self.rela = old_markers, many, rela
        self.base = 0xffffffff81000000 if bits == 64 else 0xc1000000
        self.symbols = []       # (address, type, name)
        self.marks = {}         # name -> address

    def pack(self, form, *numbers):
        form = form.replace("W", "Q" if self.word == 8 else "I")
        return struct.pack((">" if self.big else "<") + form, *numbers)

    def align(self, data, to):
        return data + bytes(-len(data) % to)

    # kallsyms
    def tokens(self):
        """Characters stand for themselves, the rest for words or nothing."""
        table = [bytes([i]) if 32 < i < 127 else b"" for i in range(256)]
        table[0], table[1], table[2] = b"t", b"sym_", b"do_"
        return table

    def encode(self, text):
        text = text.encode().replace(b"sym_", b"\x01").replace(b"do_", b"\x02")
        size = len(text)
        head = bytes([size]) if size < 128 else \
            bytes([size & 0x7f | 0x80, size >> 7])
        return head + text

    def kallsyms_table(self):
        symbols = sorted(self.symbols, key=lambda s: s[0])
        names, markers = b"", b""
        for i, (_, kind, name) in enumerate(symbols):
            if i % 256 == 0:
                markers += self.pack("W" if self.old_markers else "I",
                                     len(names))
            names += self.encode(kind + name)
        low = min(a for a, _, _ in symbols if a >= self.base)
        if self.form == "absolute":
            addresses = b"".join(self.pack("W", a) for a, _, _ in symbols)
        else:
            addresses = b"".join(
                self.pack("I", a - low) if self.form == "relative" else
                self.pack("i", a if a < self.base else low - a - 1)
                for a, _, _ in symbols)
            addresses = self.align(addresses, self.word) + \
                self.pack("W", 0 if self.rela else low)
        tokens, index = b"", b""
        for token in self.tokens():
            index += self.pack("H", len(tokens))
            tokens += token + b"\0"
        parts = [self.pack("I", len(symbols)), names, markers, tokens, index]
        if self.layout == "old":
            parts.insert(0, addresses)
            parts.insert(4, bytes(3 * len(symbols)))    # the order of names
        else:
            parts += [addresses, bytes(3 * len(symbols))]
        return b"".join(self.align(p, self.word) for p in parts)

    # exports
    def export_tables(self, at, strings, where):
        """-> {name: bytes} for tables that begin at at[name]"""
        out = {}
        for table, gpl in (("__ksymtab", False), ("__ksymtab_gpl", True)):
            data, crcs = b"", b""
            for name, space, is_gpl, crc in EXPORTS:
                if is_gpl != gpl:
                    continue
                targets = [self.base, where[strings.index(
                    name.encode() + b"\0")],
                    where[strings.index(space.encode() + b"\0")]]
                field = 4 if self.entry in (8, 12) else self.word
                for target in targets[:self.entry // field]:
                    place = at.get(table, 0) + len(data)
                    data += self.pack("I", (target - place) & 0xffffffff) \
                        if field == 4 and self.word == 8 else \
                        self.pack("W", target)
                crcs += self.pack("I", crc)
            out[table] = data
            out[table.replace("symtab", "crctab")] = crcs if self.crcs else b""
        return out

    def param_table(self, strings, where):
        data = b""
        for name, perm, level, flags in PARAMS:
            data += self.pack("WWWHbB", where[strings.index(
                name.encode() + b"\0")], 0, 0, perm, level, flags)
            data = self.align(data, self.word) + self.pack("W", 0)
        return data

    # BTF
    def btf(self):
        strings, types = b"\0", b""

        def name(text):
            nonlocal strings
            strings += text.encode() + b"\0"
            return len(strings) - len(text) - 1 if text else 0

        def add(text, kind, target, *more, count=0, flag=0):
            nonlocal types
            types += self.pack("III", name(text),
                               flag << 31 | kind << 24 | count, target)
            types += self.pack("I" * len(more), *more)

        add("int", 1, 4, 32)                                        # 1
        add("", 3, 0, 1, 1, 5)                                      # 2: int[5]
        add("", 4, 8, name("x"), 1, 0, name("y"), 1, 32, count=2)   # 3
        add("number_t", 8, 1)                                       # 4
        add("", 10, 4)                                              # 5: const
        add("thing", 4, 64, name("first"), 5, 0, 0, 3, 64,          # 6
            name("array"), 2, 128, name("next"), 7, 320,
            name("inner"), 8, 384, count=5)
        add("", 2, 6)                                               # 7: thing *
        add("inner", 4, 16, name("low"), 1, 3 << 24 | 0,            # 8
            name("high"), 1, 5 << 24 | 3, name("whole"), 1, 64,
            count=3, flag=1)
        add("colour", 6, 4, name("RED"), 1, name("BLUE"), 0xfffffffe,
            count=2, flag=1)                                        # 9
        add("large", 19, 8, name("HUGE"), 1, 2, count=1)            # 10
        add("either", 5, 8, name("a"), 1, 0, name("b"), 7, 0, count=2)
        add("thing_t", 8, 6)
        add("loop", 8, 13)                                          # 13
        add("nest", 4, 4, 0, 14, 0, count=1)                        # 14
        add("gone", 8, 999)
        add("vast", 8, 17)
        add("", 3, 0, 18, 1, 0x10000)                               # 17
        add("", 3, 0, 1, 1, 0x10000)
        add("wide", 4, 4, *[0, 20, 0] * 64, count=64)               # 19
        add("", 4, 4, *[0, 21, 0] * 64, count=64)
        add("", 4, 4, *[0, 22, 0] * 64, count=64)
        add("", 4, 4, *[0, 23, 0] * 64, count=64)
        add("", 4, 4, *[0, 3, 0] * 64, count=64)
        head = self.pack("HBBIIIII", 0xeb9f, 1, 0, 24, 0, len(types),
                         len(types), len(strings))
        return head + types + strings

    # the whole
    def parts(self, at):
        """-> [(section or "", bytes, start symbol, stop symbol)]; at: where
        they began the last time"""
        text = [n.encode() + b"\0" for e in EXPORTS for n in e[:2]] + \
            [p[0].encode() + b"\0" for p in PARAMS]
        where, place = [], at.get("strings", 0)
        for s in text:
            where.append(place)
            place += len(s)
        tables = self.export_tables(at, text, where)
        certs = CERT * self.certs
        return [
            (".text", b"\xcc" * 256, "", ""),
            (".rodata", (self.kallsyms_table() if self.kallsyms and at
                         else b""), "", ""),
            ("banner", self.banner, "linux_banner", ""),
            *[(n, d, f"__start_{n}", f"__stop_{n}")
              for n, d in tables.items()],
            ("strings", b"".join(text), "", ""),
            ("__param", self.param_table(text, where), "__start___param",
             "__stop___param"),
            (".BTF", self.btf(), "__start_BTF", "__stop_BTF"),
            ("certs", certs, "system_certificate_list", ""),
            ("certs_size", self.pack("W", len(certs)),
             "system_certificate_list_size", ""),
        ]

    def layout_all(self, at):
        data, places, marks = b"", {}, {}
        self.spans = []
        for name, part, start, stop in self.parts(at):
            change = self.change.get(name, lambda b: b)
            if change is None:
                continue
            part = change(part)
            data = self.align(data, 16)
            places[name] = self.base + len(data)
            self.spans.append((name, len(data), len(part)))
            if start:
                marks[start] = self.base + len(data)
            data += part
            if stop:
                marks[stop] = self.base + len(data)
        self.marks = marks
        if self.form == "percpu":
            self.symbols = [(0, "A", "fixed_percpu_data"),
                            (64, "D", "a_percpu")]
        else:
            self.symbols = []
        self.symbols += [(self.base + 0, "T", "_text"),
                         (self.base + 16, "T", "start_kernel"),
                         (self.base + 32, "t", "do_one"),
                         (self.base + 32, "t", "alias_of_do_one"),
                         (self.base + 48, "t", "long_" + "name" * 60)]
        self.symbols += [(self.base + 64 + i // 4, "d", f"sym_{i}")
                         for i in range(self.many)]
        self.symbols += [(a, "D", n) for n, a in marks.items()]
        self.symbols.sort(key=lambda s: s[0])
        return data, places

    def relocation_table(self):
        def group(*places):
            return self.pack("I", 0) + b"".join(
                self.pack("I", (self.base + p) & 0xffffffff) for p in places)
        return {0: b"", 1: group(8, 12), 2: group(16) + group(8, 12),
                3: group(16) + group(4) + group(8, 12)}[self.relocs]

    def elf(self):
        """The file as it is unpacked, with the relocations behind."""
        at, data = {}, b""
        for _ in range(4):      # addresses settle
            data, at = self.layout_all(at)
        offset = 256
        names, heads = b"\0", [self.section(0, 0, 0, 0, 0, 0, 0)]

        def section(name, kind, flags, address, place, size, link=0, entry=0):
            nonlocal names
            heads.append(self.section(len(names), kind, flags, address, place,
                                      size, link, entry))
            names += name.encode() + b"\0"
        for name, place, size in self.spans:
            if self.sections or name == ".text":
                section(name, 1, 6 if name == ".text" else 2,
                        self.base + place, offset + place, size)
        body = bytes(offset) + data
        if self.symtab:
            table, strings = self.symbol_table()
            section(".symtab", 2, 0, 0, len(body), len(table),
                    len(heads) + 1, 24 if self.word == 8 else 16)
            body += table
            section(".strtab", 3, 0, 0, len(body), len(strings))
            body += strings
        section(".shstrtab", 3, 0, 0, len(body),
                len(names) + len(".shstrtab") + 1)
        body = self.align(body + names, 8)
        head = self.header(len(body), len(heads)) + \
            self.segment(offset, self.base, len(data), len(data) + 4096)
        body = head + body[len(head):]
        return body + b"".join(heads) + self.relocation_table()

    def header(self, sections_at, count):
        is_64 = self.word == 8
        return b"\x7fELF" + bytes([2 if is_64 else 1, 2 if self.big else 1, 1]
                                  ) + bytes(9) + self.pack(
            "HHIWWWIHHHHHH", 2, self.machine, 1, self.base,
            64 if is_64 else 52, sections_at, 0, 64 if is_64 else 52,
            56 if is_64 else 32, 1, 64 if is_64 else 40, count, count - 1)

    def segment(self, offset, address, file_size, memory_size):
        if self.word == 8:
            return self.pack("IIQQQQQQ", 1, 7, offset, address,
                             address & 0x7fffffff, file_size, memory_size, 16)
        return self.pack("IIIIIIII", 1, offset, address, address, file_size,
                         memory_size, 7, 16)

    def section(self, name, kind, flags, address, offset, size, link,
                entry=0):
        return self.pack("IIWWWWIIWW", name, kind, flags, address, offset,
                         size, link, 0, 1, entry)

    def symbol_table(self):
        table, strings = bytes(24 if self.word == 8 else 16), b"\0"
        for address, _, name in self.symbols:
            if self.word == 8:
                table += self.pack("IBBHQQ", len(strings), 1 << 4 | 1, 0, 1,
                                   address, 0)
            else:
                table += self.pack("IIIBBH", len(strings), address, 0,
                                   1 << 4 | 1, 0, 1)
            strings += name.encode() + b"\0"
        return table, strings

    def arm64(self):
        """The Image: no headers but the one of 64 bytes, which is code."""
        at, data = {}, b""
        self.change = dict(self.change)
        self.change[".text"] = lambda b: b[:56] + b"ARM\x64" + b[60:]
        for _ in range(4):
            data, at = self.layout_all(at)
        if self.rela:   # of the base, which is 0 in the old layout's table
            place = at[".rodata"] + (len(self.symbols) * 4 + 7 & ~7)
            data = self.align(data, 8) + self.pack("QQQ", place, 0x403,
                                                   self.symbols[0][0])
        return data


def bzimage(payload, version=0x20f, length=None, offset=0, sectors=1):
    head = bytearray(512 * ((sectors or 4) + 1))
    struct.pack_into("<B", head, 0x1f1, sectors)
    struct.pack_into("<H", head, 0x1fe, 0xaa55)
    struct.pack_into("<4sH", head, 0x202, b"HdrS", version)
    struct.pack_into("<II", head, 0x248, offset,
                     len(payload) if length is None else length)
    return bytes(head) + payload


def packed(elf, **options):
    return bzimage(gzip.compress(elf, 1, mtime=0), **options)
