# SPDX-License-Identifier: MIT
"""Differences from Linux that are meant, or known: a predicate each.

row() <- judge.py, recorded.py.  ROWS is the one source: `run --doc` writes docs/linux-differences.md from it,
and a test compares the two.  A predicate gets a judge.Difference; the first that holds gives its name.
"""
import os
import re

ROWS_MAX = 30
SHARE_MAX = .01             # of all seeds: a row that takes more hides too much
DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "linux-differences.md")

ROWS = []


def row(difference):
    """The name of the row that knows @difference, or None."""
    return next((predicate.__name__ for predicate in ROWS if predicate(difference)), None)


def document(hits):
    """docs/linux-differences.md.  @hits: what the last long run left: seeds, commit, linux, rows."""
    lines = [HEAD.format(**hits).strip(), "", "| difference | reason | script | hits |", "|---|---|---|---|"]
    for predicate in ROWS:
        reason, script = (re.sub(r"\s+", " ", part).strip() for part in predicate.__doc__.split("Script:"))
        lines.append(f"| `tests/differ/known.py:/^def {predicate.__name__}/` | {reason} | `{script}` | "
                     f"{hits['rows'].get(predicate.__name__, 0)} |")
    return "\n".join(lines) + "\n"


def hits_of(text):
    """What document() was given, read back from its text."""
    seeds, start, commit, linux = re.search(r"(\d+) seeds from (\d+) at commit (\w+) beside Linux (\S+):", text).groups()
    return {"seeds": int(seeds), "from": int(start), "commit": commit, "linux": linux,
            "rows": {name: int(count) for name, count in re.findall(r":/\^def (\w+)/`.*\| (\d+) \|$", text, re.M)}}


HEAD = """
# Where it differs from Linux

`make differ` plays random scenarios on the hosted kernel and on the host's own Linux (docs/testing.md). What differs is a
fault, or a row here: a predicate on the scenario and both answers, why the difference is meant or known, and a packet
script that shows it. At most 30 rows, none above 1 % of the seeds: the run checks that. The table is made from the
predicates by `tests/differ/run --doc`.

The last long run, {seeds} seeds from {from} at commit {commit} beside Linux {linux}:
"""
