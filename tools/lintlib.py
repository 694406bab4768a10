# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lint-* checkers share: the list of files, C without its comments,
and complaints in the form FILE:LINE: MESSAGE."""

import os
import re
import subprocess
import sys

# LKM_LINT_ROOT: another tree, for the test of the checkers themselves
ROOT = os.environ.get("LKM_LINT_ROOT") or os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))


def files(*patterns):
    """Files of the tree (tracked, or new and not ignored) that match one of
    the regular expressions, as sorted paths relative to the tree.  Without
    git (a release archive), whatever is there but build/."""
    git = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "-c", "-o", "--exclude-standard"],
        capture_output=True, text=True)
    if git.returncode == 0:
        names = git.stdout.split("\0")
    else:
        names = []
        for folder, below, here in os.walk(ROOT):
            below[:] = [b for b in below if b != "build" and b[0] != "."]
            names += [os.path.relpath(os.path.join(folder, f), ROOT)
                      for f in here]
    found = {n for n in names if n
             and any(re.fullmatch(p, n) for p in patterns)
             and os.path.isfile(os.path.join(ROOT, n))}
    return sorted(found)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8",
              errors="replace") as f:
        return f.read()


_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def strip_c(text, strings=True):
    """C without comments and, where @strings, with empty string literals.
    Lines keep their numbers."""
    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return " " + "\n" * token.count("\n")
        if strings:
            return token[0] + token[0] if token[0] == '"' else "'0'"
        return token
    return _TOKEN.sub(blank, text)


class Report:
    def __init__(self):
        self.count = 0
        self.name = os.path.basename(sys.argv[0])

    def add(self, path, line, message):
        print(f"{path}:{line}: {message}")
        self.count += 1

    def finish(self, summary=""):
        if self.count:
            print(f"{self.name}: {self.count} complaint"
                  f"{'s' if self.count > 1 else ''}")
            sys.exit(1)
        print(f"{self.name}: ok{' (' + summary + ')' if summary else ''}")


if __name__ == "__main__":      # for the checkers that are shell scripts
    print("\n".join(files(*sys.argv[1:])))
