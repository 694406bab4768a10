# SPDX-License-Identifier: LGPL-2.1-or-later
"""Words for the patterns of module aliases."""

FILL = "0123456789ABCDEFabcxyz-_,:"


def filled(rng, pattern):
    """A word that the pattern matches, nearly always."""
    out, i = "", 0
    while i < len(pattern):
        c = pattern[i]
        end = pattern.find("]", i + 2)
        if c == "*":
            out += "".join(rng.choice(FILL) for _ in range(rng.randrange(7)))
        elif c == "?":
            out += rng.choice(FILL)
        elif c == "[" and end > 0:
            out += pattern[i + 1] if pattern[i + 1] not in "!^" else "z"
            i = end
        else:
            out += c
        i += 1
    return out
