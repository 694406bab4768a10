#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the hosted kernel says of a module that goes wrong: the kernel's own
report with its real call trace, and a finding that names function and line.

usage: test-faults.py LKM-HOST LKM SERIES"""

import collections
import ctypes
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("vm", "common"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
import hostproto        # noqa: E402
import modulebuild      # noqa: E402
import vmlib            # noqa: E402
from vmlib import check, equal      # noqa: E402

HOST = sys.argv.pop(1)
FAULTS = os.path.join(HERE, "faults")
INIT = ["do_one_initcall", "do_init_module", "__do_sys_init_module",
        "do_syscall_64", "entry_SYSCALL_64_after_hwframe"]

Finding = collections.namedtuple("Finding", "kind text frames")
Frame = collections.namedtuple("Frame", "function offset module exact")


class Line(ctypes.Structure):
    _fields_ = [("function", ctypes.c_char_p), ("file", ctypes.c_char_p),
                ("line", ctypes.c_uint32)]


def image(kernel):
    return glob.glob(kernel.root + "/boot/vmlinuz-*")[0]


def module(kernel, name):
    built = modulebuild.build(FAULTS, kernel.series)
    if not built:
        vmlib.skip(f"no headers of {kernel.series} or no make "
                   "(tools/fetch-kernels --headers)")
    return f"{built}/{name}.ko"


def run(kernel, name, params="", options=()):
    spec = module(kernel, name) + ("," + params if params else "")
    done = subprocess.run([HOST, "run", image(kernel), *options, "--", spec],
                          text=True, capture_output=True, timeout=120,
                          check=False, errors="replace")
    check("died by signal" not in done.stderr, done)
    return done


def is_exact(kind, text, offset, index):
    """The instruction itself, not one behind a call"""
    return offset == 0 or index == 0 and (
        kind in ("oops", "warning", "list-corruption") or
        text.startswith("soft lockup"))


def findings(done):
    found = []
    for line in done.stdout.splitlines():
        start = re.match(r"  finding: ([a-z-]+): (?:\w+: )?(.*)$", line)
        frame = re.match(r"    (?:\? )?([\w.]+)\+0x([0-9a-f]+)/0x[0-9a-f]+"
                         r"(?: \[(\w+)\])?$", line)
        if start:
            found.append(Finding(start[1], start[2], []))
        elif line.strip() == "0x0" and found:
            found[-1].frames.append(Frame("", 0, None, True))
        elif frame and found:
            last = found[-1]
            offset = int(frame[2], 16)
            last.frames.append(Frame(
                frame[1].split(".")[0], offset, frame[3],
                is_exact(last.kind, last.text, offset, len(last.frames))))
    return found


def marked(name, mark):
    with open(f"{FAULTS}/{name}.c", encoding="ascii") as f:
        lines = [n for n, text in enumerate(f, 1) if f"MARK {mark} " in text]
    equal(len(lines), 1, name, mark)
    return lines[0]


def source_lines(kernel, name, symbol, offset):
    """By liblkm: libdw on the module's file; with what was inlined there"""
    folder = os.path.dirname(os.path.dirname(kernel.lkm))
    lib = ctypes.CDLL(folder + "/liblkm.so")
    lines, found = ctypes.c_void_p(), ctypes.POINTER(Line)()
    error = ctypes.c_void_p()
    lib.lkm_error_id.restype = ctypes.c_char_p
    if lib.lkm_lines_open(module(kernel, name).encode(), ctypes.byref(lines),
                          ctypes.byref(error)) < 0:
        ident = lib.lkm_error_id(error)
        lib.lkm_error_free(error)
        equal(ident, b"lines.library.missing")
        return None
    # the compiler's parts of a function have names of their own
    count = 0
    for part in ("", ".constprop.0", ".isra.0"):
        count = count or lib.lkm_lines_find(
            lines, (symbol + part).encode(), ctypes.c_uint64(offset),
            ctypes.byref(found), None)
    check(count > 0, f"no line of {symbol}+{offset:#x}")
    result = [(os.path.basename(found[i].file.decode()), found[i].line)
              for i in range(count)]
    lib.lkm_lines_free(lines)
    return result


def names_line(kernel, name, finding, mark):
    """The first frame in the module is at the line with that mark."""
    frame = next((f for f in finding.frames if f.module == name), None)
    check(frame, "no frame of the module", finding)
    got = source_lines(kernel, name, frame.function,
                       frame.offset - (not frame.exact))
    check(got is None or (name + ".c", marked(name, mark)) in got, got,
          finding)


def one(kernel, done, name, kind, text, mark):
    found = findings(done)
    equal([f.kind for f in found], [kind], done.stdout)
    check(re.search(text, found[0].text), found[0], text)
    if mark:
        names_line(kernel, name, found[0], mark)
    return found[0]


def trace(log, which=0):
    """The reliable functions of a call trace"""
    part = log.split("Call Trace:")[which + 1].split("</TASK>")[0]
    return [m[1].split(".")[0] for m in
            re.finditer(r"^ +([\w.]+)\+0x[0-9a-f]+/0x", part, re.M)]


def test_oops(kernel):
    """The kernel's own words, and its trace to the system call's entry."""
    done = run(kernel, "oops_init")
    found = one(kernel, done, "oops_init", "oops",
                "kernel NULL pointer dereference", "oops")
    equal([f.function for f in found.frames],
          ["reach", "middle", "oops_init_init", *INIT])
    equal(trace(done.stdout), ["middle", "oops_init_init", *INIT])
    for line in ("BUG: kernel NULL pointer dereference, "
                 "address: 0000000000000000",
                 "#PF: supervisor read access in kernel mode",
                 "#PF: error_code(0x0000) - not-present page",
                 "Oops: 0000 [#1] PREEMPT SMP NOPTI",
                 "RIP: 0010:reach.constprop.0+0x5/",
                 "---[ end trace 0000000000000000 ]---",
                 "Modules linked in: oops_init(OE+)", "CR2: 0000000000000000",
                 "RIP: 0033:", "ORIG_RAX: 00000000000000af"):
        check(line in done.stdout, line, done.stdout)
    check(re.search(r"^  Code: ([0-9a-f]{2} )+<8b> ", done.stdout, re.M),
          done.stdout)
    # the thread ends, not the kernel's process
    equal(done.returncode, 1, done)


def test_warning(kernel):
    """WARN() and dump_stack(): the same trace, and init goes on."""
    done = run(kernel, "warn_init")
    found = one(kernel, done, "warn_init", "warning",
                r"WARNING at .*warn_init\.c:7$", "warning")
    equal([f.function for f in found.frames],
          ["inner", "warn_init_init", *INIT])
    check("warn_init.ko: LIVE" in done.stdout, done.stdout)
    check("seven is not allowed (7)" in done.stdout, done.stdout)
    equal(trace(done.stdout)[0], "warn_init_init")
    equal(trace(done.stdout, 1),
          ["dump_stack_lvl", "warn_init_init", *INIT])


def test_faults(kernel):
    """Other ways to end: each with its headline, its function and line."""
    for name, params, text, mark, log in (
            ("wild", "", "general protection fault", "oops",
             "probably for non-canonical address 0x6b6b6b6b6b6b6b6b"),
            ("wild", "how=divide", "divide error", "divide",
             "divide error: 0000 [#1]"),
            ("null_call", "", "NULL pointer dereference", "caller",
             "#PF: supervisor instruction fetch in kernel mode"),
            ("recursion", "", "kernel stack overflow", None,
             "BUG: TASK stack guard page was hit at")):
        done = run(kernel, name, params)
        one(kernel, done, name, "oops", text, mark)
        check(log in done.stdout, log, done.stdout)
    done = run(kernel, "bug_exit", options=["--unload"])
    one(kernel, done, "bug_exit", "oops", "invalid opcode", "oops")
    check("kernel BUG at" in done.stdout, done.stdout)


def test_stuck(kernel):
    """Who waits for good, who spins for good: stopped, with the place."""
    done = run(kernel, "deadlock_init")
    one(kernel, done, "deadlock_init", "deadlock", "every thread waits",
        "deadlock")
    # each thread's own stack
    check(re.search(r"task:\S+ +state:D", done.stdout), done.stdout)
    shown = trace(done.stdout)
    check("take" in shown and shown[-1] == INIT[-1], shown)
    check(re.search(r"task:kthreadd +state:S.*\n.*\n.*\n +kthreadd\+",
                    done.stdout), done.stdout)
    done = run(kernel, "spin_init")
    found = findings(done)
    equal([f.kind for f in found], ["deadlock"], done.stdout)
    equal(found[0].frames[0].function, "wait_for_it")
    check("watchdog: BUG: soft lockup - CPU#0 stuck for" in done.stdout, done)
    # at once: nobody else could give the lock back
    done = run(kernel, "unbalanced", "how=twice")
    found = one(kernel, done, "unbalanced", "deadlock",
                r"spinlock the_lock \[unbalanced\] is held since "
                r"unbalanced_init\+", "again")
    equal(found.frames[0].function, "native_queued_spin_lock_slowpath")


def test_atomic(kernel):
    """Sleeping where that is not allowed, seen on a kernel that does not look
    for it; nothing is said of who does it rightly."""
    held = r", but spinlock the_lock \[atomic\] is held since under_lock\+"
    for how, text, mark in (
            ("msleep", r"^schedule\(\) is called" + held, "msleep"),
            ("kmalloc", "GFP_KERNEL" + held, "kmalloc"),
            ("mutex", "may sleep" + held, "mutex"),
            ("irq", "GFP_KERNEL, but interrupts are off", "irq"),
            ("rcu", r"but this is inside of rcu_read_lock\(\)", "rcu"),
            ("timer", "this is an interrupt, a timer or a softirq", "timer")):
        done = run(kernel, "atomic", "how=" + how, ["--unload"])
        one(kernel, done, "atomic", "sleep-in-atomic", text, mark)
        # only that is what the kernel itself complains about
        equal("BUG: scheduling while atomic: " in done.stdout,
              how == "msleep", done.stdout)
        check("atomic: unloaded" in done.stdout, done)
    done = run(kernel, "atomic", "", ["--unload"])
    equal(findings(done), [], done.stdout)
    check("atomic: unloaded" in done.stdout, done)


def test_held(kernel):
    """Locks that are held when init or exit comes back, and what else is not
    as it was."""
    for how, kind, text, mark in (
            ("spin", "lock-held", "^init returns with spinlock the_lock", None),
            ("read", "lock-held", "^init returns with read lock the_rwl", None),
            ("mutex", "lock-held", "^init returns with mutex the_mutex", None),
            ("rcu", "lock-held", "^init returns inside of rcu_read_lock", None),
            ("preempt", "preempt-imbalance", "^init returns with preempt",
             None),
            ("irq", "preempt-imbalance", "^init returns with .*interrupts",
             None),
            ("exit-spin", "lock-held", "^exit returns with spinlock the_lock",
             None),
            ("exit-mutex", "lock-held", "^exit returns with mutex the_mutex",
             None),
            ("exit-irq", "preempt-imbalance", "^exit returns with interrupts",
             None)):
        done = run(kernel, "unbalanced", "how=" + how, ["--unload"])
        found = one(kernel, done, "unbalanced", kind, text, mark)
        equal(found.frames[-1].function, "unbalanced_" + found.text[:4])
        check("unbalanced: unloaded" in done.stdout, done)
    done = run(kernel, "unbalanced", "", ["--unload"])
    equal(findings(done), [], done.stdout)


def test_lists(kernel):
    """What lib/list_debug.c says, with who called it."""
    for how in ("list_add", "list_del"):
        done = run(kernel, "unbalanced", "how=" + how)
        one(kernel, done, "unbalanced", "list-corruption", "^" + how, how)


def test_left(kernel):
    """What still names a module that is gone, and who calls it then."""
    for how, text in (
            ("notifier", r"\+0x\w+ still points to the_block \[left\], which"),
            ("timer", r"^a percpu variable still points to the_timer"),
            ("proc", r"^the file left_text, made by left_init\+\S+ \[left\], "
             r"still points to \w+ \[left\], which is gone"),
            ("sysfs", r"^the file sysfs_text, made by left_init\+\S+ "
             r"\[left\], still points to sysfs_text \[left\], which"),
            ("debugfs", r"^the file left_text, made by left_init\+\S+ "
             r"\[left\], still points to text_fops \[left\], which"),
            ("thread", r"^thread \w+ still is in thread_loop\+0x\w+, "
             "which is gone")):
        done = run(kernel, "left", "how=" + how, ["--unload"])
        found = findings(done)
        check(found and found[0].kind == "still-registered", done.stdout)
        check(re.search(text, found[0].text), found[0], text)
    done = run(kernel, "left", "", ["--unload"])
    equal(findings(done), [], done.stdout)
    with hostproto.Host(HOST, image(kernel)) as host:
        client = host.client()
        # files that were read are cached, and so are what they were made of
        client.load(module(kernel, "left"))
        for path in ("/proc/left_text", "/sys/kernel/sysfs_text",
                     "/sys/kernel/debug/left_text"):
            equal(client.cat(path), "text\n")
        client.unload("left")
        equal(client.findings, [])
        client.load(module(kernel, "left"), "how=notifier")
        client.unload("left")
        check("still-registered" in [f.kind for f in client.findings])
        client.findings.clear()
        # the chain is called for the new device
        dummy = glob.glob(kernel.modules + "/kernel/drivers/net/dummy.ko*")[0]
        if dummy.endswith(".ko"):
            try:
                client.load(dummy, "numdummies=1")
            except hostproto.Refused:
                pass
            # where its memory is another's by now, it is only an oops
            check(client.findings and client.findings[0].kind in
                  ("still-registered", "oops"), client.findings)


def test_served(kernel):
    """A file's read that comes back with a lock: said in its reply, and put
    right for who comes next."""
    with hostproto.Host(HOST, image(kernel)) as host:
        client = host.client()
        client.load(module(kernel, "unbalanced"), "how=read-mutex")
        equal(client.findings, [])
        client.cat("/proc/unbalanced")
        equal([(f.kind, f.text) for f in client.findings],
              [("lock-held", "read returns with mutex the_mutex [unbalanced] "
                "held")])
        client.findings.clear()
        client.unload("unbalanced")
        client.load(module(kernel, "unbalanced"), "how=read-spin")
        client.cat("/proc/unbalanced")
        equal([(f.kind, f.text) for f in client.findings],
              [("lock-held", "read returns with spinlock the_lock "
                "[unbalanced] held")])
        client.cat("/proc/version")


def real(kernel, name):
    """A module of the distribution."""
    return glob.glob(f"{kernel.modules}/kernel/**/{name}.ko*",
                     recursive=True)[0]


def test_helper_not_awaited(kernel):
    """6lowpan asks for nhc_ipv6, and does not wait: who loads that file next is
    first, unless there is time for a program in between."""
    with tempfile.NamedTemporaryFile("w", suffix=".aliases") as f:
        f.write(f"nhc_ipv6\t{real(kernel, 'nhc_ipv6')}\n")
        f.flush()
        for between, last in (
                ([real(kernel, "configfs"), real(kernel, "null_blk")], "LIVE"),
                ([module(kernel, "atomic") + ",how=timer"], "EEXIST")):
            done = subprocess.run(
                [HOST, "run", image(kernel), "--aliases", f.name, "--",
                 real(kernel, "6lowpan"), *between, real(kernel, "nhc_ipv6")],
                text=True, capture_output=True, timeout=120, check=False)
            check(re.search(fr"^nhc_ipv6\S*: {last}$", done.stdout, re.M),
                  done)


vmlib.main(test_oops, test_warning, test_faults, test_stuck, test_atomic,
           test_held, test_lists, test_left, test_helper_not_awaited,
           test_served)
