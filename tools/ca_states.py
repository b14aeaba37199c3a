#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the congestion states of docs/tcp-recovery.md from the table of legal transitions in net/tcp/tcp_recovery.c.

    tools/ca_states.py             rewrites the diagram in docs/tcp-recovery.md
    tools/ca_states.py --check     checks whether the diagram is current

The diagram stands between the two MARKS, in Mermaid's language, which GitHub draws.
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = "docs/tcp-recovery.md"
SOURCE = "net/tcp/tcp_recovery.c"
MARKS = ("<!-- drawn by tools/ca_states.py -->\n", "<!-- end of the drawing -->\n")
TRANSITION = re.compile(r"\[TCP_CA_(\w+)\]\[TCP_CA_(\w+)\]\s*=\s*((?:\"[^\"]*\"\s*)+)")


def transitions(source):
    """Returns the transitions of the table in @source as [(from, to, reason)], in the order of the table."""
    return [(a, b, "".join(re.findall(r'"([^"]*)"', reason))) for a, b, reason in TRANSITION.findall(source)]


def diagram(source):
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> Open"]
    lines += [f"    {a} --> {b}: {reason}" for a, b, reason in transitions(source)]
    return "\n".join([*lines, "```", ""])


def page(text, source):
    """Returns the page @text with the diagram made from @source."""
    before, mark, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not mark or not end:
        raise ValueError(f"{PAGE} has no {MARKS[0].strip()} with {MARKS[1].strip()} behind it")
    return before + mark + diagram(source) + end + after


def main():
    with open(os.path.join(ROOT, PAGE), encoding="utf-8") as f:
        text = f.read()
    with open(os.path.join(ROOT, SOURCE), encoding="utf-8") as f:
        new = page(text, f.read())
    if "--check" in sys.argv[1:]:
        return 0 if new == text else f"{PAGE} has another diagram than {SOURCE}: run tools/ca_states.py"
    with open(os.path.join(ROOT, PAGE), "w", encoding="utf-8") as f:
        f.write(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
