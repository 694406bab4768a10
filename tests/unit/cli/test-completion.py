#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What three shells offer for lkm and for kmod's names: every option of the
manual page, which is made from the table that parses them, values, arguments.

usage: test-completion.py LKM

A shell that is not here is left out; without any: skipped (77)."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

LKM = os.path.abspath(sys.argv[1])
TOOLS = ("depmod", "insmod", "kmod", "lsmod", "modinfo", "modprobe", "rmmod")
PROMPT = b"@PROMPT@"


def generate(*words):
    return subprocess.run([LKM, "generate", *words], stdout=subprocess.PIPE,
                          check=True, text=True).stdout


def options(tool):
    """Those that the manual page has, but for those of static-nodes."""
    page = generate("man", tool).split("# OPTIONS OF")[0]
    found = re.findall(r"\*(--[a-z-]+)\*", page)
    assert found, tool
    return set(found)


def bash(line, folder):
    script = f""". {folder}/kmod.bash; . {folder}/lkm.bash
COMP_WORDS=(${{1//=/ = }}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
[[ $1 = *' ' ]] && COMP_WORDS+=('') && COMP_CWORD=$((COMP_CWORD + 1))
case $1 in lkm*) _lkm ;; *) _lkm_kmod "${{COMP_WORDS[0]}}" ;; esac
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    return subprocess.run(["bash", "--norc", "-c", script, "bash", line],
                          cwd=folder, stdout=subprocess.PIPE, check=True,
                          text=True).stdout.split()


def fish(line, folder):
    script = (f"set fish_complete_path; source {folder}/kmod.fish; "
              f"source {folder}/lkm.fish; "
              "complete -C $argv[1]")
    out = subprocess.run(["fish", "--no-config", "-c", script, line],
                         cwd=folder, stdout=subprocess.PIPE, check=True,
                         env={**os.environ, "HOME": folder}, text=True).stdout
    return [x.split("\t")[0] for x in out.splitlines()]


class Zsh:
    """An interactive zsh on a terminal, which is the only way to ask it."""

    def __init__(self, folder):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(folder)
            os.environ.update(HOME=folder, TERM="dumb", PS1=PROMPT.decode())
            os.execvp("zsh", ["zsh", "-f", "-i"])
        self.until(PROMPT)
        for line in ("stty columns 200 rows 1000 -echo",
                     f"fpath=({folder} $fpath)",
                     "autoload -U compinit; compinit -u -D", "LISTMAX=5000",
                     "bindkey '^X' list-choices"):
            self.write(line + "\n")
            self.until(PROMPT)

    def write(self, text):
        os.write(self.fd, text.encode())

    def until(self, what, seconds=20):
        """What it writes, until it has written @what."""
        got, end = b"", time.monotonic() + seconds
        while what not in got and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.2)[0]:
                got += os.read(self.fd, 65536)
        assert what in got, (what, got[-2000:])
        return got

    def offers(self, line):
        self.write(line + "\x18")
        # The line is drawn anew behind what was listed.
        got = self.until(PROMPT + line.encode())
        self.write("\x15")
        return re.findall(r"(?<!\S)[A-Za-z0-9_./-]+",
                          got.decode(errors="replace"))

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def verbs():
    """{verb: the options of the manual page}"""
    page = generate("man").split("# VERBS")[1].split("# EXIT STATUS")[0]
    parts = re.split(r"^## lkm (\S+).*$", page, flags=re.M)[1:]
    return {name: set(re.findall(r"\*(--[a-z-]+)\*", text))
            for name, text in zip(parts[::2], parts[1::2])}


LKM_LINES = (
    ("lkm --on ", {"live", "hosted", "vm"}, {"list"}),
    ("lkm --on=h", {"hosted"}, {"live", "host"}),
    ("lkm --on hosted lo", {"load", "log"}, {"live"}),
    ("lkm --dialect ", {"lkm", "kmod"}, set()),
    ("lkm load fou", {"found_module"}, set()),
    ("lkm load a-m", {"a-module.ko"}, set()),
    ("lkm --root / -k 6.1 tree fou", {"found_module"}, {"a-module.ko"}),
    ("lkm unload ", {"loaded_module"}, {"found_module", "a-module.ko"}),
    ("lkm -q host st", {"start", "stop", "status"}, {"a-module.ko"}),
    ("lkm host cat a-m", {"a-module.ko"}, set()),
    ("lkm help un", {"unload"}, set()),
    ("lkm vm --accel ", {"tcg", "kvm", "auto"}, set()),
    ("lkm vm --module fou", {"found_module"}, set()),
    ("lkm keys a-m", {"a-module.ko"}, set()),
)


def check_lkm(shell, ask):
    bad = 0
    every = verbs()
    lines = [("lkm ", set(every), {"found_module"})]
    lines += [(f"lkm {verb} --", options, set())
              for verb, options in every.items()]
    for line, wanted, unwanted in (*lines, *LKM_LINES):
        # zsh shows "--on=", and of a value what comes behind the "="
        found = {re.sub("(^--.*)=$", r"\1", x) for x in ask(line)}
        found |= {x.rsplit("=", 1)[-1] for x in found}
        if wanted - found or unwanted & found:
            print(f"not ok - {shell} '{line}': {sorted(found)}, "
                  f"wanted {sorted(wanted)}")
            bad += 1
    print(f"{shell}: {len(every)} verbs, {bad} wrong")
    return bad


def check(shell, ask, folder):
    bad = check_lkm(shell, ask)
    for tool in TOOLS:
        missing = options(tool) - set(ask(tool + " --"))
        if missing:
            print(f"not ok - {shell} {tool}: {sorted(missing)}")
            bad += 1
    for line, wanted in (("kmod ", {"help", "list", "static-nodes"}),
                         ("kmod static-nodes --", {"--format", "--output"}),
                         ("insmod a-m", {"a-module.ko"}),
                         ("modprobe fou", {"found_module"})):
        found = set(ask(line))
        if wanted - found:
            print(f"not ok - {shell} '{line}': {sorted(found)}")
            bad += 1
    print(f"{shell}: {len(TOOLS)} tools, {bad} wrong")
    return bad


def main():
    bad = ran = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, shell in (("kmod.bash", "bash"), ("kmod.fish", "fish"),
                            ("_lkm_kmod", "zsh")):
            with open(f"{folder}/{name}", "w", encoding="ascii") as f:
                f.write(generate(shell, "kmod"))
        for name, shell in (("lkm.bash", "bash"), ("lkm.fish", "fish"),
                            ("_lkm", "zsh")):
            with open(f"{folder}/{name}", "w", encoding="ascii") as f:
                f.write(generate(shell))
        with open(f"{folder}/a-module.ko", "wb"):
            pass
        # In the place of the program, which would look below /lib/modules.
        with open(f"{folder}/lkm", "w", encoding="ascii") as f:
            f.write("#!/bin/sh\ncase \"$*\" in\n"
                    "*list*) echo MODULE; echo loaded_module ;;\n"
                    "*) echo KIND NAME MODULE\n"
                    "echo module found-module found_module ;;\nesac\n")
        os.chmod(f"{folder}/lkm", 0o755)
        os.environ["PATH"] = folder + ":" + os.environ["PATH"]
        for shell, ask in (("bash", bash), ("fish", fish)):
            if shutil.which(shell):
                ran += 1
                bad += check(shell, lambda line, a=ask: a(line, folder),
                             folder)
        if shutil.which("zsh"):
            ran += 1
            zsh = Zsh(folder)
            bad += check("zsh", zsh.offers, folder)
            zsh.close()
    sys.exit(1 if bad else 0 if ran else 77)


main()
