#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads and unloads 200 modules drawn from each kernel's tree, once by lkm and
once by Debian's modprobe: after each step the kernel has the same modules, with
the same users, and both say the same of success.  Every second one is unloaded
in the dialect of kmod: then that must be so to the letter, else lkm may have
unloaded more of what nothing uses (unload-order in docs/differences.md).

usage: test-parity.py LKM SERIES [COUNT [SEED]]

The kernel's own requests are served by Debian's modprobe in both runs."""

import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import vmlib
from vmlib import check, equal, find_tool, scratch

COUNT = 200
SEED = 612
# They keep the machine busy for minutes, or end it, by purpose.
UNFIT = {
    "rcutorture": "runs until it is told to stop",
    "locktorture": "runs until it is told to stop",
    "scftorture": "runs until it is told to stop",
    "torture": "runs until it is told to stop",
    "rcuscale": "measures for minutes",
    "refscale": "measures for minutes",
    "tcrypt": "tests every cipher for minutes",
}
# To load, to unload, to unload every second one.
TOOLS = {
    "lkm": ("lkm -q load", "lkm -q unload",
            "lkm -q --dialect kmod unload"),
    "modprobe": ("/sbin/modprobe -q", "/sbin/modprobe -q -r",
                 "/sbin/modprobe -q -r"),
}


def module_name(path):
    return path.rsplit("/", 1)[1].split(".ko")[0].replace("-", "_")


def dependencies(kernel):
    """{module: all that it needs}"""
    needs = {}
    with open(kernel.modules + "/modules.dep", encoding="ascii") as f:
        for line in f:
            path, _, rest = line.partition(":")
            needs[module_name(path)] = {module_name(p) for p in rest.split()}
    return needs


def draw(names, count, seed):
    fit = sorted(n for n in names if n not in UNFIT)
    return random.Random(seed).sample(fit, min(count, len(fit)))


class Step:
    def __init__(self):
        self.status = None
        self.command = ""
        self.table = []
        self.output = []

    def state(self):
        """Success, and each module with its use count and users."""
        rows = {}
        for row in self.table:
            name, used, users = row.split()
            rows[name] = int(used), frozenset(users.strip(",-").split(",")
                                              if users != "-" else ())
        return self.status == 0, rows


def is_cleaner(ours, theirs, needs):
    """Is @ours what modprobe -r left, without more of @needs?

    modprobe -r looks at each dependency once, the innermost first, and so
    leaves what only the outer ones used; lkm unloads the whole chain."""
    gone = theirs.keys() - ours.keys()
    return (not ours.keys() - theirs.keys() and
            # it was needed, and whoever used it went as well
            all(name in needs and theirs[name][1] <= gone for name in gone) and
            # nobody else's users have changed
            all(ours[n][1] == theirs[n][1] - gone for n in ours) and
            # and nothing of the chain is left
            not any(used == 0 and not users and name in needs
                    for name, (used, users) in ours.items()))


def parse(text):
    """{(verb, module): Step}, the modules begun, how it ended."""
    steps, begun, end, step = {}, [], "died", None
    for line in text.splitlines():
        words = line.split()
        if line.startswith(("=load ", "=unload ")):
            step = steps[words[0][1:], words[1]] = Step()
            if words[0] == "=load":
                begun.append(words[1])
        elif line.startswith("=clean"):
            step = None
        elif line in ("=end", "=stuck"):
            end = line[1:]
        elif line.startswith("=status "):
            step.status, step.command = int(words[1]), " ".join(words[2:])
        elif line.startswith("|"):
            step.output.append(line[1:])
        elif step:
            step.table.append(line)
    return steps, begun, end


def run_once(kernel, tool, modules):
    with tempfile.NamedTemporaryFile("w", suffix=".list") as f:
        f.write("\n".join(modules) + "\n")
        f.flush()
        copies = {f.name: "/test/list",
                  vmlib.HERE + "/load-each.sh": "/test/load-each.sh",
                  find_tool("modprobe"): "/sbin/modprobe"}
        options = [word for host, guest in copies.items()
                   for word in ("--copy", host + ":" + guest)]
        options += ["-m", ",".join(modules)]
        return kernel.run("sh", "/test/load-each.sh", "/test/list",
                          *TOOLS[tool], options=options, timeout=1200)


def run_all(kernel, tool, modules):
    """All of @modules by @tool, in as many guests as that takes."""
    steps, left, boots = {}, list(modules), 0
    while left:
        r = run_once(kernel, tool, left)
        boots += 1
        some, begun, end = parse(r.out)
        check(begun, f"{tool}: nothing was loaded", r)
        for key, step in some.items():
            # a step in which the kernel died is one without a status
            steps[key] = step
        if end == "end":
            break
        if end == "died":
            print(f"  {kernel.series} {tool}: the kernel died with "
                  f"{begun[-1]}: {r.err.splitlines()[:1]}")
        left = left[left.index(begun[-1]) + 1:]
    return steps, boots


def is_same(key, needs, ours, theirs, loaded):
    """(as modprobe leaves it, or cleaner; whether it is cleaner)"""
    if ours.state() == theirs.state():
        return True, False
    if key[0] == "load":
        return False, False
    if not loaded:
        # nothing to do is success to modprobe, an error to the verb
        return (theirs.status == 0 and ours.state()[1] == theirs.state()[1] and
                "plan.notloaded" in "".join(ours.output)), False
    if "--dialect kmod" in ours.command:
        return False, False
    return (theirs.state()[0] == ours.state()[0] and
            is_cleaner(ours.state()[1], theirs.state()[1],
                       needs[key[1]])), True


def describe(key, ours, theirs):
    lines = [" ".join(key) + ":"]
    for name, step in (("lkm", ours), ("modprobe", theirs)):
        if not step:
            lines.append(f"  {name}: did not get there")
            continue
        lines.append(f"  {name}: status {step.status}")
        lines += ["    " + row for row in step.table]
        lines += ["    | " + line for line in step.output[:3]]
    return "\n".join(lines)


def compare(modules, needs, ours, theirs):
    """Descriptions of what differs, and how often lkm unloaded more."""
    different, more = [], 0
    for key in ((v, m) for m in modules for v in ("load", "unload")):
        a, b = ours.get(key), theirs.get(key)
        if not a or not b:
            if a or b:
                different.append(describe(key, a, b))
            continue
        loaded = key[1] in ours["load", key[1]].state()[1]
        same, cleaner = is_same(key, needs, a, b, loaded)
        more += same and cleaner and loaded
        if not same:
            different.append(describe(key, a, b))
    return different, more


def test_parity(kernel):
    count = int(sys.argv[3]) if len(sys.argv) > 3 else COUNT
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else SEED
    with scratch() as folder:
        copy = kernel.writable(folder)
        copy.depmod()
        needs = dependencies(copy)
        modules = draw(needs, count, seed)
        # unloading waits for RCU: two guests do not take twice as long
        with ThreadPoolExecutor() as pool:
            runs = [pool.submit(run_all, copy, tool, modules)
                    for tool in ("lkm", "modprobe")]
        (ours, our_boots), (theirs, their_boots) = (r.result() for r in runs)
    equal(len(modules), count)
    seen = {row.split()[0] for s in ours.values() for row in s.table}
    live = [m for m in modules if ours.get(("load", m)) and
            ours["load", m].status == 0]
    different, more = compare(modules, needs, ours, theirs)
    print(f"  {kernel.series}: {len(modules)} modules drawn, {len(live)} "
          f"loaded, with dependencies {len(seen)}; guests: lkm {our_boots}, "
          f"modprobe {their_boots}; {len(different)} steps differ; {more} "
          "times lkm unloaded dependencies that modprobe leaves")
    check(len(seen) >= count // 2, "too few were really loaded")
    check(not different, *different)


vmlib.main(test_parity, series=sys.argv[2:3])
