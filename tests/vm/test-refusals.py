#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kind of refusal that a real kernel knows: lkm must name the reason.

The table below is what 6.1 and 6.12 were seen to say; where they differ the
answer of lkm is the same all the same."""

import json
import os
import tempfile

import broken
from vmlib import check, equal, kernels, main

LOG, FILE, ERRNO = "kernel-log", "preflight", "errno"
# Else lkm would load it first, whatever the file says of its needs.
NO_MII = "mkdir -p /etc/modprobe.d\n" \
    "echo install mii /bin/true >/etc/modprobe.d/test.conf\n"

# case: (file, parameters, id, basis, facts that must be so)
ORDINARY = [
    ("symbol-unknown", "", "module.symbol.unknown", LOG,
     {"symbol": "regixter_netdevice", "module": "dummy"}),
    ("symbol-version", "", "module.symbol.version", LOG,
     {"symbol": "register_netdevice"}),
    ("symbol-noversion", "", "module.symbol.version", LOG,
     {"symbol": "register_netdevice"}),
    ("symbol-namespace", "", "module.symbol.namespace", LOG,
     {"namespace": "CRYPTO_INTERNAL"}),
    ("symbol-dependency", "", "module.symbol.notloaded", LOG,
     {"exporter": "'mii'"}),
    ("symbol-duplicate", "", "module.symbol.duplicate", LOG,
     {"owner": "lru_cache"}),
    ("layout", "", "module.layout.mismatch", LOG, {"module": "dummy"}),
    ("other-kernel", "", "module.layout.mismatch", LOG, {"module": "dummy"}),
    ("vermagic", "", "module.vermagic.mismatch", LOG, {"module": "dummy"}),
    ("machine", "", "module.exec.format", LOG, {"machine": "183"}),
    ("elf-type", "", "module.exec.format", LOG, {}),
    # lkm can't make a plan of these, and does not bother the kernel
    ("header-size", "", "image.elf.sections", "none", {}),
    ("name-index", "", "image.elf.sections", "none", {}),
    ("truncated", "", "image.elf.truncated", "none", {}),
    ("not-elf", "", "image.elf.magic", "none", {}),
    ("empty", "", "image.elf.truncated", "none", {}),
    ("write-exec", "", "module.exec.format", LOG, {"section": ".text"}),
    ("no-symbols", "", "module.exec.format", LOG, {}),
    ("no-module", "", "module.exec.format", LOG, {}),
    ("common", "", "module.exec.format", LOG, {}),
    ("relocation-type", "", "module.relocation.invalid", LOG, {"type": "99"}),
    ("relocation-target", "", "module.relocation.invalid", LOG, {}),
    ("good", "numdummies=many", "module.param.invalid", LOG,
     {"param": "numdummies", "value": "many"}),
    ("init-failed", "", "module.init.failed", ERRNO, {"name": "ENODEV"}),
    ("sig-digest", "", "module.signature.rejected", ERRNO, {}),
    ("sig-params", "", "module.signature.rejected", LOG, {}),
    ("sig-length", "", "module.signature.rejected", FILE, {}),
    ("sig-garbage", "", "module.signature.rejected", ERRNO, {}),
    ("blacklisted", "", "module.blacklisted.cmdline", LOG,
     {"module": "lru_black"}),
]

# The same without a readable log: what the file and the facts give away.
WITHOUT_LOG = [
    ("layout", "", "module.layout.mismatch", FILE, {}),
    ("vermagic", "", "module.vermagic.mismatch", FILE, {}),
    ("symbol-dependency", "", "module.symbol.notloaded", FILE,
     {"exporter": "'mii'"}),
    ("write-exec", "", "module.exec.format", FILE, {}),
    ("good", "numdummies=many", "module.param.invalid", FILE,
     {"param": "numdummies", "type": "int"}),
    ("symbol-version", "", "module.refused", ERRNO, {}),
    ("blacklisted", "", "module.blacklisted.cmdline", FILE, {}),
]

ENFORCED = [
    ("unsigned", "", "module.signature.required", LOG,
     {"what": "unsigned module"}),
    ("sig-type", "", "module.signature.required", LOG,
     {"what": "module with unsupported crypto"}),
    ("sig-digest", "", "module.signature.rejected", ERRNO, {}),
]

LOCKED = [
    ("unsigned", "", "kernel.lockdown", LOG,
     {"what": "unsigned module loading"}),
]


def script(cases):
    return "".join(f"echo '#'; lkm --json load /tmp/ko/{name}.ko {params}\n"
                   for name, params, *_ in cases)


def answers(kernel, text, append=""):
    """The JSON documents that a guest's commands print."""
    other = next((k for k in kernels(kernel.lkm)
                  if k.series != kernel.series), kernel)
    with tempfile.TemporaryDirectory() as folder:
        broken.make_all(kernel.modules, other.modules, folder)
        options = ["-m", "8139too,dummy", "--append", append]
        for name in sorted(os.listdir(folder)):
            options += ["--copy", f"{folder}/{name}:/tmp/ko/{name}"]
        r = kernel.shell(text, options=options)
    equal(r.out.count("#\n"), text.count("echo '#'"), r)
    # A load that succeeds says nothing.
    return [json.loads(answer) if answer.strip() else {}
            for answer in r.out.split("#\n")[1:]], r


def judge(cases, found, r):
    equal(len(found), len(cases), r)
    wrong = []
    for (name, _, ident, basis, facts), document in zip(cases, found):
        error = document.get("error", {"id": "no error", "fields": {},
                                          "text": ""})
        got = {k: error["fields"].get(k) for k in facts}
        if (error["id"], error.get("basis"), got) != (ident, basis, facts):
            error.pop("cause", None)
            wrong.append(f"{name}: wanted {ident} ({basis}) {facts}, got "
                         + json.dumps(error, indent=1))
        elif "{" in error["text"]:
            wrong.append(f"{name}: a hole in '{error['text']}'")
    check(not wrong, *wrong, r.err)


def test_ordinary(kernel):
    """What is wrong with the file, its symbols, parameters or hardware."""
    found, r = answers(kernel, NO_MII +
                       "lkm load /tmp/ko/symbol-first.ko >/dev/null\n" +
                       script(ORDINARY), "module_blacklist=lru_black")
    judge(ORDINARY, found, r)


def test_without_log(kernel):
    found, r = answers(kernel, NO_MII + "rm /dev/kmsg\n" + script(WITHOUT_LOG),
                       "module_blacklist=lru_black")
    judge(WITHOUT_LOG, found, r)
    check("what the kernel logged (No such file or directory)" in
          found[5]["error"]["fields"]["unchecked"], found[5])


def test_enforced(kernel):
    """Signatures are demanded."""
    found, r = answers(kernel, script(ENFORCED), "module.sig_enforce=1")
    judge(ENFORCED, found, r)


def test_locked(kernel):
    """Lockdown demands them too, and then nobody may load any more."""
    switched_off = [("good", "", "kernel.modules.disabled", FILE, {})]
    found, r = answers(kernel, script(LOCKED) +
                       "echo 1 >/proc/sys/kernel/modules_disabled\n" +
                       script(switched_off), "lockdown=integrity")
    judge(LOCKED + switched_off, found, r)


RIGHTS = """
chmod 755 / /tmp /tmp/ko
chmod 644 /tmp/ko/*
echo root::0:0::/:/bin/sh >/etc/passwd
echo nobody::65534:65534::/:/bin/sh >>/etc/passwd
echo '#'; su nobody -s /bin/sh -c 'lkm --json load /tmp/ko/good.ko'
echo '#'; unshare -U -r lkm --json load /tmp/ko/good.ko
"""


def test_rights(kernel):
    """An ordinary user, and root of a user namespace."""
    cases = [("good", "", "kernel.permission.capability", FILE, {}),
             ("good", "", "kernel.permission.namespace", FILE, {})]
    found, r = answers(kernel, RIGHTS)
    judge(cases, found, r)


main(test_ordinary, test_without_log, test_enforced, test_locked, test_rights)
