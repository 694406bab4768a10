#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our libkmod.so.2 answers as the system's does: one program, compiled against
kmod's header, run with either library.

usage: differential.py DRIVER LIBDIR tree|config KERNEL

tree: every module and built-in module by name (path, needs, softdeps, options,
what a probe would do), more than 5000 modaliases, symbols and words, what is in
the files (of the compressed tree: of 300), the dumps of all indexes, files that
are no modules, and questions that nobody should ask; with loaded indexes and,
for a part of it, with ones that are opened each time.
config: the same under generated configurations, and what the iterators give.
The differences on purpose are in docs/differences.md, section libkmod."""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "common"))
import kmod30           # noqa: E402
from aliases import filled  # noqa: E402

SKIP = 77
DEPMOD = "/usr/sbin/depmod"
failures = 0


def skip(why):
    print("skipped:", why)
    sys.exit(SKIP)


def run(part, folder, config, words, libdir):
    env = dict(os.environ)
    env.pop("LD_LIBRARY_PATH", None)
    if libdir:
        env["LD_LIBRARY_PATH"] = libdir
    text = "".join(w + "\n" for w in words)
    done = subprocess.run([sys.argv[1], folder, part] + config, env=env,
                          input=text.encode(), capture_output=True)
    return done.returncode, done.stdout


def compare(part, folder, config=(), words=()):
    global failures
    kmod = run(part, folder, list(config), words, None)
    # kmod 30 forgets a blank in what the iterator gives.
    kmod = kmod[0], re.sub(rb"(<pre: [^>]*[^ >])(post: )", rb"\1 \2", kmod[1])
    ours = run(part, folder, list(config), words, sys.argv[2])
    if kmod == ours and kmod[0] == 0:
        return
    failures += 1
    print(f"not ok - {part}: exit {kmod[0]}, ours {ours[0]}")
    theirs, mine = kmod[1].split(b"\n"), ours[1].split(b"\n")
    wrong = [(a, b) for a, b in zip(theirs, mine) if a != b]
    for a, b in wrong[:5]:
        print("  kmod:", a[:200].decode("latin-1"))
        print("  ours:", b[:200].decode("latin-1"))
    if not wrong:
        print(f"  {len(theirs)} lines, ours {len(mine)}")


def stem(path):
    return os.path.basename(path).split(".")[0]


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return f.read().splitlines()


def names_of(folder):
    paths = [l.split(":")[0] for l in read(folder, "modules.dep")]
    return [stem(p) for p in paths], \
        [stem(p) for p in read(folder, "modules.builtin")], paths


def modaliases(folder, rng, count):
    patterns = [l.split()[1] for l in read(folder, "modules.alias")
                if l.startswith("alias ")]
    words = [filled(rng, p) for p in rng.sample(patterns, count)]
    words += rng.sample([l.split()[1] for l in read(folder, "modules.symbols")
                         if l.startswith("alias ")], 500)
    with open(os.path.join(folder, "modules.builtin.modinfo"), "rb") as f:
        entries = [e.partition("=") for e in f.read().decode().split("\0")]
    words += [filled(rng, v) for k, _, v in entries if k.endswith(".alias")]
    return words + ["", "*", "x[", "x[-]y", "a-b", "symbol:", "symbol:*",
                    "no-such", "a" * 3000, "of:N*T*C*", "fs-ext4", "x]"]


def bad_files(folder, paths, tmp):
    """Files that are no modules, or are damaged ones."""
    with open(os.path.join(folder, paths[0]), "rb") as f:
        good = f.read()
    made = {"empty.ko": b"", "text.ko": b"hello\n" * 100, "magic.ko": b"\x7fELF",
            "short.ko": good[:3000], "cut.ko": good[:len(good) // 2],
            "renamed.ko": good, "a-b.c.ko": good, "tail.ko": good[:-10]}
    for name, data in made.items():
        with open(os.path.join(tmp, name), "wb") as f:
            f.write(data)
    return [os.path.join(tmp, name) for name in made]


def compare_tree(folder, kernel, tmp):
    rng = random.Random(kernel)
    modules, builtins, paths = names_of(folder)
    names = modules + builtins
    words = modaliases(folder, rng, 5000)
    print(f"{len(names)} names, {len(words)} words")
    for part in ("nonsense", "nonsense-cold", "dump", "dump-cold"):
        compare(part, folder)
        compare(part, os.path.join(tmp, "no-such"))
    compare("name-probe", folder, (), names)
    compare("name-probe-state-cold", folder, (), rng.sample(names, 100))
    compare("lookup", folder, (), words + names)
    compare("lookup-cold", folder, (), rng.sample(words, 300))
    compare("word-probe", folder, (), rng.sample(words, 300))
    some = names if kernel == "6.1" else rng.sample(modules, 300)
    compare("name-info", folder, (), some + rng.sample(builtins, 50))
    compare("name-info", folder, (), ["no_such_module"])
    compare("name-info", folder, (),
            [os.path.join(folder, p) for p in rng.sample(paths, 20)] +
            bad_files(folder, paths, tmp))
    # Two files of one module; a needed file that is gone is no module.
    same = os.path.join(tmp, os.path.basename(paths[0]))
    shutil.copy(os.path.join(folder, paths[0]), same)
    compare("name", folder, (), [same, os.path.join(folder, paths[0]), same])
    compare("name-probe", os.path.join(tmp, "no-such"), (), ["ext4", same])


def config_text(rng, modules, pool):
    """Lines of modprobe.d; no module has both a softdep and an install line,
    for which kmod and we differ on purpose."""
    lines = []
    soft, commands = pool[:6], pool[6:]
    for _ in range(rng.randrange(3, 25)):
        a = rng.choice(pool)
        b = rng.choice(pool)
        name = a.replace("_", "-") if rng.random() < .3 else a
        lines.append(rng.choice([
            f"blacklist {name}", f"options {name} a=1 b=\"x y\"",
            f"options {name}\tx=1\ty", f"alias my-{a[:3]}* {b}",
            f"alias {rng.choice(pool)} {b}", "alias thing " + b,
            f"softdep {rng.choice(soft)} pre: {rng.choice(soft)} no_such "
            f"post: {rng.choice(modules)} {rng.choice(modules)}",
            f"softdep {rng.choice(soft)} post: {rng.choice(modules)}",
            f"install {rng.choice(commands)} /bin/true $CMDLINE_OPTS",
            f"install {rng.choice(commands)[:4]}x* echo hello",
            f"remove {rng.choice(commands)} /bin/false",
            "install only-a-command /bin/true", "options thing via=alias",
            "nonsense line", "# comment", "alias broken[ x", "options",
            "blacklist", "softdep x", f"options {name} \\\nq=1"]))
    return "\n".join(lines) + "\n"


def compare_config(folder, kernel, tmp):
    rng = random.Random(kernel + "config")
    modules, builtins, _ = names_of(folder)
    taken = {l.split()[1] for l in read(folder, "modules.softdep")
             if l.startswith("softdep")}
    modules = [m for m in modules if m.replace("-", "_") not in taken]
    for i in range(60):
        config = os.path.join(tmp, "conf")
        shutil.rmtree(config, ignore_errors=True)
        os.mkdir(config)
        words = ["thing", "my-abc", "only-a-command", "no_such_module"]
        pool = rng.sample(modules, 12)
        words += pool
        for name in ("50-a.conf", "zz.conf", "ignored.txt"):
            with open(os.path.join(config, name), "w") as f:
                f.write(config_text(rng, modules, pool))
        words += ["my-" + w[:3] for w in words] + rng.sample(builtins, 2)
        single = os.path.join(config, "ignored.txt")
        paths = rng.choice([[config], [config, single], [single],
                            [config, "/no/such"]])
        compare("config", folder, paths)
        compare("word-probe", folder, paths, words)
        compare("name-probe", folder, paths, words)
        compare("lookup", folder, paths, words)
        if failures:
            print(f"configuration {i}, {paths}:")
            for name in ("50-a.conf", "zz.conf", "ignored.txt"):
                print(open(os.path.join(config, name)).read())
            return


def main():
    kernel = sys.argv[4]
    cache = os.environ.get("LKM_CACHE") or \
        os.path.expanduser("~/.cache/lkm-tests")
    modules = os.path.join(cache, "kernels", kernel, "lib/modules")
    if not os.path.isdir(modules) or not os.path.exists(DEPMOD):
        skip(f"no kernel {kernel}, or no depmod")
    kmod30.demand()
    release = sorted(os.listdir(modules))[0]
    with tempfile.TemporaryDirectory() as tmp:
        folder = os.path.join(tmp, "lib/modules", release)
        os.makedirs(folder)
        source = os.path.join(modules, release)
        os.symlink(os.path.join(source, "kernel"),
                   os.path.join(folder, "kernel"))
        for name in ("modules.order", "modules.builtin",
                     "modules.builtin.modinfo"):
            shutil.copy(os.path.join(source, name), folder)
        subprocess.run([DEPMOD, "-b", tmp, release], check=True)
        if sys.argv[3] == "tree":
            compare_tree(folder, kernel, tmp)
        else:
            compare_config(folder, kernel, tmp)
    print("differences:", failures)
    sys.exit(1 if failures else 0)


main()
