#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates and signatures as lkm and as OpenSSL's program see them: those of
real kernels, and made ones of several algorithms.

usage: keys.py LKM VMLINUX-DUMP"""

import datetime
import glob
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "common"))
import mkkernel         # noqa: E402
import mkmodule         # noqa: E402

LKM, DUMP = sys.argv[1:]
CACHE = os.environ.get("LKM_CACHE") or os.path.expanduser("~/.cache/lkm-tests")
TRAILER = 12            # struct module_signature
MARK = b"~Module signature appended~\n"
ALGORITHMS = {
    "RSA 3072": ["-newkey", "rsa:3072"],
    "EC 384": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
}


def run(*command, **options):
    return subprocess.run(command, capture_output=True, check=True, **options)


def keys(image):
    return json.loads(run(LKM, "keys", "--json", image).stdout)["keys"]


def by_openssl(der):
    """What OpenSSL's program prints, as 'lkm keys --json' has it."""
    text = run("openssl", "x509", "-inform", "DER", "-noout", "-subject",
               "-issuer", "-serial", "-dates", "-fingerprint", "-sha256",
               "-nameopt", "multiline,utf8,-esc_msb", "-ext",
               "subjectKeyIdentifier", input=der).stdout.decode()

    def date(name):
        words = re.search(rf"{name}=(.*)", text)[1]
        return datetime.datetime.strptime(
            words, "%b %d %H:%M:%S %Y %Z").strftime("%Y-%m-%d")
    subject, issuer = re.findall(r"commonName += (.*)", text)
    key_id = re.search(r"Key Identifier: *\n +([0-9A-F:]+)", text)
    return {
        "subject": subject, "issuer": issuer,
        "serial": re.search(r"serial=(\w+)", text)[1],
        "key_id": key_id[1].replace(":", "") if key_id else "",
        "not_before": date("notBefore"), "not_after": date("notAfter"),
        "sha256": re.search(r"(?i)sha256 fingerprint=(.*)",
                            text)[1].replace(":", ""),
    }


def same(image, certificates):
    """-> how many"""
    ours = keys(image)
    theirs = [by_openssl(der) for der in certificates]
    algorithms = [k.pop("algorithm") for k in ours]
    assert ours == theirs, (ours, theirs)
    return algorithms


def of_image(image):
    """The list that the unpacked image holds, by the look of its entries."""
    with open(image, "rb") as f:
        data = f.read()
    found = []
    for match in re.finditer(rb"\x30\x82..\x30(?:\x82..|\x81.)\xa0\x03\x02\x01",
                             data, re.S):
        size = 4 + struct.unpack(">H", match[0][2:4])[0]
        found.append(data[match.start():match.start() + size])
    return found


def real(folder):
    """Of each kernel that is here."""
    count = 0
    for series in ("6.1", "6.12"):
        for image in glob.glob(f"{CACHE}/kernels/{series}/boot/vmlinuz-*"):
            with open(f"{folder}/vmlinux", "wb") as f:
                subprocess.run([DUMP, image, "elf"], stdout=f, check=True)
            certificates = of_image(f"{folder}/vmlinux")
            assert certificates, image
            count += len(same(image, certificates))
    return count


def make_key(folder, name, words):
    base = f"{folder}/{name.replace(' ', '-')}"
    run("openssl", "req", "-x509", "-nodes", "-batch", "-days", "9", "-subj",
        f"/O=lkm/CN=Prüfer of {name}", "-utf8", "-keyout", base + ".key",
        "-out", base + ".pem", *words)
    run("openssl", "x509", "-in", base + ".pem", "-outform", "DER", "-out",
        base + ".der")
    with open(base + ".der", "rb") as f:
        return base, f.read()


def sign(base, content):
    """As scripts/sign-file does."""
    blob = run("openssl", "cms", "-sign", "-binary", "-noattr", "-nocerts",
               "-outform", "DER", "-md", "sha256", "-signer", base + ".pem",
               "-inkey", base + ".key", input=content).stdout
    return content + blob + struct.pack(">BBBBB3xI", 0, 0, 2, 0, 0,
                                        len(blob)) + MARK


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


def finding(image, folder, data):
    path = write(folder + "/m.ko", data)
    done = subprocess.run(
        [LKM, "--root", folder, "-k", "6.1.0", "--json", "check", "--image",
         image, path], capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["findings"][0]


def refused(image, folder, data):
    found = finding(image, folder, data)
    return found["finding"] == "module.signature.rejected" and found["text"]


def made_kernel(folder, certificates):
    inside = b"".join(certificates)
    return write(folder + "/vmlinux-made", mkkernel.Kernel(certs=0, change={
        "certs": lambda _: inside,
        "certs_size": lambda _: struct.pack("<Q", len(inside))}).elf())


def made(folder):
    bases, ders = zip(*(make_key(folder, n, w) for n, w in ALGORITHMS.items()))
    other, _ = make_key(folder, "another", ALGORITHMS["EC 384"])
    image = made_kernel(folder, ders)
    algorithms = same(image, ders)
    assert algorithms == list(ALGORITHMS), algorithms

    module = mkmodule.make("license=GPL name=m vermagic=6.1.0")
    for base in bases:
        good = sign(base, module)
        assert not refused(image, folder, good)
        wrong = good.replace(b"license=", b"licence=", 1)
        assert wrong != good
        assert "do not fit" in refused(image, folder, wrong)
    unknown = sign(other, module).replace(b"license=", b"licence=", 1)
    assert not refused(image, folder, unknown), "its key is not known"
    size = len(good) - len(module) - len(MARK) - TRAILER
    garbage = good[:len(module)] + bytes(size) + good[len(module) + size:]
    assert "malformed" in refused(image, folder, garbage)


def no_certificate(folder):
    image = made_kernel(folder, [mkkernel.CERT])
    done = subprocess.run([LKM, "keys", image], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1, done
    assert "error[trust.certificate.broken]" in done.stderr, done.stderr


with tempfile.TemporaryDirectory() as place:
    made(place)
    no_certificate(place)
    print(f"{real(place)} certificates of real kernels")
