# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transcripts in a source's head comment or in a document: indented by a tab,
commands with what they must print.

    $ command           given to a shell
    > more of it
    a line of output    stderr is not looked at
    [failed]            the exit status is not 0"""

import subprocess


class Command:
    def __init__(self, text):
        self.text = text
        self.wanted = []        # what it prints, with the status


def parse(lines):
    """The commands of @lines, of which the margin has been taken."""
    commands = []
    for line in lines:
        if line.startswith("$ "):
            commands.append(Command(line[2:]))
        elif line.startswith("> ") and commands:
            commands[-1].text += "\n" + line[2:]
        elif commands:
            commands[-1].wanted.append(line)
    return commands


def of_source(path):
    with open(path, encoding="utf-8") as f:
        head = f.read().split("*/", 1)[0]
    return parse(line[3:] for line in head.splitlines()
                 if line.startswith(" *\t"))


def printed(stdout, status):
    """Output and status in the form of Command.wanted."""
    return stdout.splitlines() + (["[failed]"] if status else [])


def run_all(commands, run):
    """Runs each; what differs from the transcript, as text, or ""."""
    wrong = []
    for command in commands:
        got = run(command.text)
        if got != command.wanted:
            wrong += [f"$ {command.text}",
                      *(f"  wanted: {line}" for line in command.wanted),
                      *(f"  got:    {line}" for line in got)]
    return "\n".join(wrong)


def shell(text, env=None, cwd=None, timeout=60):
    done = subprocess.run(["sh", "-c", text], env=env, cwd=cwd, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, errors="replace",
                          timeout=timeout, check=False)
    return printed(done.stdout, done.returncode)
