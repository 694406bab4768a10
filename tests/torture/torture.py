#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails every allocation of a command in turn.

usage: torture.py LKM FAILMALLOC.SO MKMODULE.PY [DRIVER LIBDIR]

Each run must end by itself: with the undisturbed exit status and output, or
with exit status 1 or 3 and an error that has an id.  A signal, a silent
failure or a changed answer is a bug.  Files must be whole, old or new.  So it
is with kmod's names; of libkmod, which DRIVER asks, that no failure is a
crash."""

import os
import pathlib
import subprocess
import sys
import tempfile

RELEASE = "1.2.3-torture"
LIMIT = 20000


def run(command, env, at=None, words=None):
    """(status, stdout, stderr, reached) with allocation @at failing."""
    read_end, write_end = os.pipe()
    env = dict(env)
    if at:
        env["LKM_FAIL_AT"] = str(at)
    env["LKM_FAIL_FD"] = str(write_end)
    done = subprocess.run(command, env=env, capture_output=True, input=words,
                          pass_fds=[write_end], timeout=60)
    os.close(write_end)
    reached = os.read(read_end, 1) == b"1"
    os.close(read_end)
    return done.returncode, done.stdout, done.stderr, reached


def is_honest(result, good):
    status, out, err, _ = result
    if status == good[0] and out == good[1]:
        return True
    return status in (1, 3) and (
        b"[" in err or b'"id"' in out or b": FATAL: " in err)


def torture(name, command, env, reset):
    reset()
    good = run(command, env)
    if good[0] not in (0, 1):
        print(f"not ok - {name}: undisturbed status {good[0]}: "
              f"{good[2].decode()}")
        return 0, 1
    failures = 0
    for at in range(1, LIMIT):
        reset()
        result = run(command, env, at)
        if not is_honest(result, good):
            failures += 1
            if failures <= 5:
                print(f"not ok - {name}: allocation {at}: status "
                      f"{result[0]}, stderr {result[2].decode()!r}")
        if not result[3]:
            break
    else:
        print(f"not ok - {name}: more than {LIMIT} allocations")
        failures += 1
    print(f"{'not ok' if failures else 'ok'} - {name}: {at - 1} allocations "
          f"failed in turn")
    return at - 1, failures


def torture_driver(part, command, env):
    """What it prints depends on what failed; it ends by itself."""
    for at in range(1, LIMIT):
        status, _, err, reached = run(command, env, at,
                                      b"base\ntop\nnice\npci:v00001234d1\n")
        if status not in (0, 1):
            print(f"not ok - libkmod {part}: allocation {at}: status {status} "
                  f"{err[-300:]}")
            return at, 1
        if not reached:
            break
    print(f"ok - libkmod {part}: {at - 1} allocations failed in turn")
    return at - 1, 0


def make_tree(root, mkmodule):
    """Three modules, an alias, rules."""
    kernel = root / "lib/modules" / RELEASE / "kernel"
    kernel.mkdir(parents=True)
    for name, recipe in (
            ("base", "export:base_fn:1 alias=pci:v00001234d*"),
            ("mid", "need:base_fn:1 export:mid_fn:2"),
            ("top", "need:mid_fn:2 need:base_fn:1 softdep=pre:%20extra "
             "parm=debug:x")):
        with open(kernel / (name + ".ko"), "wb") as out:
            subprocess.run([sys.executable, mkmodule,
                            f"name={name} license=GPL {recipe}"],
                           stdout=out, check=True)
    (root / "lib/modules" / RELEASE / "modules.builtin").write_text(
        "kernel/fs/builtin_one.ko\n")
    config = root / "etc/modprobe.d"
    config.mkdir(parents=True)
    (config / "a.conf").write_text(
        "options top debug=1\nalias nice top\nblacklist other\n"
        "softdep mid post: base\ninstall gone /bin/true $CMDLINE_OPTS\n")


def main():
    lkm, preload, mkmodule = sys.argv[1:4]
    bad = total = 0
    with tempfile.TemporaryDirectory() as tmp:
        root = pathlib.Path(tmp) / "root"
        make_tree(root, mkmodule)
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "LD_PRELOAD": preload,
               "XDG_CACHE_HOME": tmp + "/cache", "HOME": tmp}
        base = [lkm, "--root", str(root), "-k", RELEASE]
        kernel = root / "lib/modules" / RELEASE
        conf = root / "etc/modprobe.d/lkm.conf"

        def fresh():
            for f in kernel.glob("modules.*"):
                if f.name != "modules.builtin":
                    f.unlink()
            conf.unlink(missing_ok=True)

        def keep():
            pass

        for name, words, reset in (
                ("index", ["index", "--no-cache", "--threads", "1"], fresh),
                ("plan by scan", ["plan", "top"], fresh),
                ("forbid", ["forbid", "mid"], fresh)):
            count, failed = torture(name, base + words, env, reset)
            total, bad = total + count, bad + failed
        fresh()
        subprocess.run(base + ["index", "--no-cache"], check=True)
        for words in (["plan", "nice", "x=1"], ["plan", "--unload", "top"],
                      ["info", "top"], ["tree", "top"], ["config"],
                      ["find", "*fn"], ["find", "base_fn"],
                      ["plan", "--json", "pci:v00001234d00000001"],
                      ["plan", "nowhere"], ["why", "mid"]):
            count, failed = torture(" ".join(words), base + words, env, keep)
            total, bad = total + count, bad + failed
        # modprobe and the others are links to the program
        env["LKM_EXPLAIN"] = "1"
        for name in ("modprobe", "modinfo", "depmod"):
            os.symlink(os.path.abspath(lkm), f"{tmp}/{name}")
        target = ["-d", str(root), "-S", RELEASE]
        for words in (["modprobe", *target, "-c"],
                      ["modprobe", *target, "-D", "nice"],
                      ["modprobe", *target, "-a", "-R", "top", "nowhere"],
                      ["modinfo", "-b", str(root), "-k", RELEASE, "top"],
                      ["depmod", "-b", str(root), "-n", RELEASE]):
            count, failed = torture(
                " ".join(w for w in words if w[0] != "/"),
                [f"{tmp}/{words[0]}", *words[1:]], env, keep)
            total, bad = total + count, bad + failed
        for part in ("name", "word", "word-cold", "config", "dump"):
            if len(sys.argv) < 6:
                break
            count, failed = torture_driver(
                part, [sys.argv[4], str(kernel), part,
                       str(root / "etc/modprobe.d")],
                dict(env, LD_LIBRARY_PATH=sys.argv[5]))
            total, bad = total + count, bad + failed
    print(f"{total} allocations failed in turn, {bad} not taken well")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
