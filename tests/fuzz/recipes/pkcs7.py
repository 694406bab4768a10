# SPDX-License-Identifier: LGPL-2.1-or-later
"""SignedData of CMS (RFC 5652), as a module's signature has it."""

SHA256 = bytes.fromhex("608648016503040201")
CN = b"\x55\x04\x03"


def der(tag, *parts, length=None):
    """One element; @length says another length than it has."""
    body = b"".join(parts)
    n = len(body) if length is None else length
    if n < 128:
        return bytes([tag, n]) + body
    size = (n.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + n.to_bytes(size, "big") + body


def name(*pairs):
    return der(0x30, *(der(0x31, der(0x30, der(6, oid), der(12, text)))
                       for oid, text in pairs))


def signed(signer, extra=b""):
    data = der(0x30, der(2, b"\x01"), der(0x31, der(0x30, der(6, SHA256))),
               der(0x30, der(6, b"\x2a\x03")), extra, der(0x31, signer))
    return der(0x30, der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
               der(0xa0, data))


def signer(identity, attributes=b"", oid=SHA256, signature=b"S" * 300):
    return der(0x30, der(2, b"\x01"), identity,
               der(0x30, der(6, oid), der(5)), attributes,
               der(0x30, der(6, b"\x2a")), der(4, signature))


def issuer(*pairs, serial=b"\x00\xab\xcd"):
    return der(0x30, name(*pairs), der(2, serial))


def seeds():
    kernel = issuer((b"\x55\x04\x0a", b"Debian"), (CN, b"Debian Secure Boot"))
    good = signed(signer(kernel))
    yield "issuer", good
    yield "key-id", signed(signer(der(0x80, b"K" * 20)))
    yield "attributes", signed(signer(kernel, der(0xa0, b"x" * 200)),
                               der(0xa0, b"cert") + der(0xa1, b"crl"))
    yield "no-name", signed(signer(issuer((b"\x55\x04\x0a", b"Debian"))))
    yield "zero-serial", signed(signer(issuer(serial=b"\0\0\0")))
    for number, last in enumerate(b"\x01\x02\x03\x04\x08\x09\x0a\x7f"):
        yield f"digest-{number}", signed(signer(kernel, oid=SHA256[:-1] +
                                                bytes([last])))
    yield "no-signer", signed(b"")
    yield "wrong-identity", signed(signer(der(0x81, b"?")))
    yield "no-digest", signed(der(0x30, der(2, b"\x01"), kernel))
    yield "no-signature", signed(der(0x30, der(2, b"\x01"), kernel,
                                     der(0x30, der(6, SHA256))))
    yield "no-version", signed(der(0x30, kernel))
    yield "no-serial", signed(signer(der(0x30, name((CN, b"x")))))
    yield "indefinite", good.replace(b"\x30\x82", b"\x30\x80", 1)
    yield "five-bytes", b"\x30\x85\0\0\0\0\x01\x02"
    yield "too-long", der(0x30, b"x", length=1 << 31)
    yield "other", der(0x31, b"x")
    for cut in (0, 1, 2, 3, 5, 20, 60, 100, len(good) - 1):
        yield f"cut-{cut}", good[:cut]
