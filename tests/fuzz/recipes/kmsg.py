# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records of /dev/kmsg: what kernels write, and what none does."""

LINES = """
dummy: Unknown symbol regixter_netdevice (err -2)
dummy: disagrees about version of symbol module_layout
dummy: disagrees about version of symbol register_netdevice
dummy: no symbol version for module_layout
dummy: no symbol version for x
ansi_cprng: module uses symbol (a) from namespace N, but does not import it.
m: module uses symbol a from namespace N, but does not import it.
m: gave up waiting for init of module slow.
x: exports duplicate symbol lc_create (owned by lru_cache)
Module hash 12ab is blacklisted
Module lru_cache is blacklisted
dummy: version magic '6.1 SMP ' should be '6.1 SMP preempt '
module dummy: .gnu.linkonce.this_module section size must match the kernel's
module dummy: Exactly one .gnu.linkonce.this_module section must exist.
module dummy: .modinfo section must be a thing
dummy: section .text (index 3) has invalid WRITE|EXEC flags
dummy: module has no symbols (stripped?)
dummy: Could not allocate 131072 bytes percpu data
failed to validate module [m] BTF: -22
Invalid ELF section header overflow
Invalid architecture in ELF header: 183
module: decompression failed with status 7
module: dummy: Unknown rela relocation: 99
module: overflow in relocation type 10 val ffff
`dummy' likely not compiled with -mcmodel=kernel
dummy: `many' invalid for parameter `numdummies'
dummy: `abc' too large for parameter `name'
Loading of unsigned module is rejected
module: PKCS#7 signature info has unexpected non-zero params
Lockdown: lkm: unsigned module loading is restricted; see man kernel_lockdown.7
hdaps: supported laptop not found!
""".strip().splitlines()


def record(line, n=1):
    return b"4,%d,5140900,-;%s\n" % (n, line.encode())


def seeds():
    for i, line in enumerate(LINES):
        yield f"line{i}", record(line)
    yield "all", b"".join(record(line, i) for i, line in enumerate(LINES))
    yield "details", b"6,1,2,c;net0: up\n SUBSYSTEM=net\n DEVICE=n2\n"
    yield "escapes", b"6,1,2,-;\\x1b[31m \\x5c \\xzz \\x4 caf\\xc3\\xa9\\x\n"
    yield "raw", b"6,1,2,-;\x00\x1b[2J\xff;;\n\n \n;\n"
    yield "unfinished", b"6,1,2,-;no end"
    yield "flood", b"".join(record(f"line {n}", n) for n in range(600))
    yield "long", record("x" * 3000)
    yield "open", record("dummy: Unknown symbol ") + record(": Unknown symbol")
