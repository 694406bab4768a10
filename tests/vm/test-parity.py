#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads and unloads 200 modules drawn from each kernel's tree, once by lkm and
once by Debian's modprobe: after each step the kernel has the same modules, with
the same users, and both say the same of success.

usage: test-parity.py LKM SERIES [COUNT [SEED]]

The kernel's own requests are served by Debian's modprobe in both runs."""

import random
import sys
import tempfile

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
TOOLS = {
    "lkm": ("lkm -q load", "lkm -q unload"),
    "modprobe": ("/sbin/modprobe -q", "/sbin/modprobe -q -r"),
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


def without_unused(rows, needs):
    """@rows when those of @needs that nothing uses are unloaded too.

    modprobe -r looks at each dependency once, the innermost first, and so
    leaves what only the outer ones used; lkm unloads these as well."""
    rows = dict(rows)
    while True:
        idle = [n for n, (used, _) in rows.items() if used == 0 and n in needs]
        if not idle:
            return rows
        for name in idle:
            del rows[name]
            for other, (used, users) in rows.items():
                if name in users:
                    rows[other] = used - 1, users - {name}


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
            step.status = int(words[1])
        elif line.startswith("|"):
            step.output.append(line[1:])
        elif step:
            step.table.append(line)
    return steps, begun, end


def run_once(kernel, load, unload, modules):
    with tempfile.NamedTemporaryFile("w", suffix=".list") as f:
        f.write("\n".join(modules) + "\n")
        f.flush()
        copies = {f.name: "/test/list",
                  vmlib.HERE + "/load-each.sh": "/test/load-each.sh",
                  find_tool("modprobe"): "/sbin/modprobe"}
        options = [word for host, guest in copies.items()
                   for word in ("--copy", host + ":" + guest)]
        # unloading waits for RCU, which is most of its time
        options += ["--append", "rcupdate.rcu_expedited=1",
                    "-m", ",".join(modules)]
        return kernel.run("sh", "/test/load-each.sh", "/test/list", load,
                          unload, options=options, timeout=1200)


def run_all(kernel, tool, modules):
    """All of @modules by @tool, in as many guests as that takes."""
    load, unload = TOOLS[tool]
    steps, left, boots = {}, list(modules), 0
    while left:
        r = run_once(kernel, load, unload, left)
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


def same_but_held(ours, theirs):
    """The same modules and users; a use that no module is named for (by the
    kernel's ciphers, say) may have ended with what lkm unloaded more."""
    return ours.keys() == theirs.keys() and all(
        ours[n][1] == theirs[n][1] and
        (ours[n][0] == theirs[n][0] or
         len(ours[n][1]) <= ours[n][0] < theirs[n][0]) for n in ours)


def is_same(key, needs, ours, theirs, loaded):
    """(as modprobe leaves it, or cleaner; whether it is cleaner)"""
    if ours.state() == theirs.state():
        return True, False
    if key[0] == "load":
        return False, False
    if not loaded:
        # nothing to do is success to modprobe, an error to lkm
        return (theirs.status == 0 and ours.state()[1] == theirs.state()[1] and
                "plan.notloaded" in "".join(ours.output)), False
    rows = without_unused(theirs.state()[1], needs[key[1]])
    return (theirs.state()[0] == ours.state()[0] and
            same_but_held(ours.state()[1], rows)), True


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
        theirs, their_boots = run_all(copy, "modprobe", modules)
        ours, our_boots = run_all(copy, "lkm", modules)
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
