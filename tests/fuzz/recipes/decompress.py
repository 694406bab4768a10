# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compressed data: good, joined, with something behind, with odd settings."""

import bz2
import gzip
import lzma
import shutil
import struct
import subprocess
import zlib

TEXT = b"".join(b"line %d of a text\n" % i for i in range(200))


def zstd(data, *options):
    """By the tool where it is; else a frame of one raw block."""
    if shutil.which("zstd"):
        return subprocess.run(["zstd", "-q", "-c", *options], input=data,
                              stdout=subprocess.PIPE, check=True).stdout
    part = data[:200]
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(part)]) + \
        (1 | len(part) << 3).to_bytes(3, "little") + part


def xz(data, check=lzma.CHECK_CRC32, size=1 << 20):
    return lzma.compress(data, check=check, filters=[
        {"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": size}])


def lz4(data):
    """The legacy frame, of literals alone."""
    block = b"\xf0" + b"\xff" * ((len(data) - 15) // 255) + \
        bytes([(len(data) - 15) % 255]) + data
    return b"\x02\x21\x4c\x18" + struct.pack("<I", len(block)) + block


def lzo(data, flags=0x101):
    """lzop's file: a stored block, then one that is packed: a literal run."""
    out = b"\x89LZO\0\r\n\x1a\n" + struct.pack(
        ">HHHBBIIIIB", 0x1030, 0x20a0, 0x940, 1, 5, flags, 0, 0, 0, 0) + \
        bytes(4)
    part = data[:200]
    run = bytes([17 + len(part)]) + part + b"\x11\0\0"
    for block in (part, run):
        out += struct.pack(">IIII", len(part), len(block),
                           zlib.adler32(part), zlib.crc32(part))
        out += block
    return out + bytes(4)


def seeds():
    for name, pack in (("gzip", lambda d: gzip.compress(d, mtime=0)),
                       ("xz", xz), ("zstd", zstd)):
        whole = pack(TEXT)
        yield name, whole
        yield name + "-empty", pack(b"")
        yield name + "-joined", pack(TEXT[:99]) + pack(TEXT[99:])
        yield name + "-behind", whole + b"something else"
        yield name + "-zeros", whole + bytes(8)
        yield name + "-magic", whole[:6]
        yield name + "-bomb", pack(bytes(2 << 20))
    yield "xz-sha256", xz(TEXT, lzma.CHECK_SHA256)
    yield "xz-none", xz(TEXT, lzma.CHECK_NONE)
    yield "xz-memory", xz(TEXT, size=512 << 20)
    yield "xz-x86", lzma.compress(TEXT, filters=[
        {"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 1}])
    yield "zstd-window", b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(16)
    yield "zstd-skippable", b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd(TEXT)
    for name, whole in (("bzip2", bz2.compress(TEXT)),
                        ("lz4", lz4(TEXT)), ("lzo", lzo(TEXT)),
                        ("lzma", lzma.compress(
                            TEXT, format=lzma.FORMAT_ALONE, preset=0))):
        yield name, whole
        yield name + "-joined", whole + whole
        yield name + "-zeros", whole + bytes(8)
        yield name + "-magic", whole[:6]
    yield "bzip2-bomb", bz2.compress(bytes(2 << 20))
    yield "lzo-flags", lzo(TEXT, 0xb43)
    yield "lz4-frame", b"\x04\x22\x4d\x18rest"
