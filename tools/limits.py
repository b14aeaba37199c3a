#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads the limits of the kernel from the limits.h of each folder and writes them to docs/limits.md.

    tools/limits.py             writes docs/limits.md
    tools/limits.py --check     checks whether docs/limits.md is current

A limit is a macro of a file named limits.h. The comment above it has the unit, a colon, what happens at the limit, and
the reason for the value. X_RANGE has the lowest and the highest value of the sysctl whose default is X. A test that
reaches the limit X has LIMIT(X) in a comment above it.
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = "docs/limits.md"

# Limits that no test reaches, with the reason.  (For X_RANGE, test_sysctl.c sets each end and one beyond it.)
WITHOUT_TEST = {
    "NR_CPUS": "the size of arrays: there is one CPU, and no call can request another",
    "IOAPICS_MAX": "none of the machines that the tests can use has more than two",
    "VIRTIO_RNG_BYTES": "the size of one request, which only the kernel chooses",
    "TCP_MAX_REORDERING": "the default of a sysctl: test_sysctl_flow.c sets the sysctl to a smaller value, and reaches that one",
}
DEFINE = re.compile(r"(?:^/\* ---- (?P<section>.*?) ---- \*/\n)?(?:^/\*(?P<comment>(?:(?!\*/).)*)\*/\n)?"
                    r"^#define (?P<name>\w+)[ \t]+(?P<value>[^\n]+)$", re.M | re.S)


def is_limits(path):
    return path.endswith("/limits.h") and not path.startswith(("include/", "tests/", "tools/"))


class Limit:
    def __init__(self, path, text, m):
        self.path, self.name, self.value, self.section = path, m["name"], m["value"].strip(), m["section"]
        self.line = text.count("\n", 0, m.start("name")) + 1
        words = re.sub(r"\s*\n \*\s*", " ", m["comment"] or "").strip()
        self.unit, _, self.reason = (part.strip() for part in words.partition(": "))
        self.is_range = self.name.endswith("_RANGE")


def limits(files):
    """Returns every Limit in {path: text}, in the order of files and lines."""
    return [Limit(path, text, m) for path, text in sorted(files.items()) if is_limits(path) for m in DEFINE.finditer(text)]


def default_of(limit, names):
    """Returns the name of the default to which a range X_RANGE belongs, or None if @limit is no range or has no
    such default."""
    return next((n for n in (limit.name[:-6] + end for end in ("", "_DEFAULT", "_MAX", "_MS", "_S")) if n in names),
                None) if limit.is_range else None


def tests(files):
    """Returns {name: [(path, line, test)]} for each comment LIMIT(name) in the tests. test is the name of the
    function below the comment."""
    found = {}
    for path, text in sorted(files.items()):
        if not path.startswith("tests/") or path.startswith("tests/tidy/"):
            continue
        for m in re.finditer(r"\bLIMIT\((\w+)\)", text):
            below = re.search(r"^(?:static |async )?(?:void|int|bool|def) \*?(\w+)\(", text[m.end():], re.M)
            found.setdefault(m[1], []).append((path, text.count("\n", 0, m.start()) + 1, below[1] if below else ""))
    return found


def opening(text):
    """Returns the first comment after the SPDX line, without the sentence about the form of the other comments."""
    words = re.search(r"/\*\n( \*.*?)\n \*/", text, re.S)[1].replace("\n *", "").lstrip(" *")
    return re.sub(r"\s*Each comment has the unit.*", "", re.sub(r"\s+", " ", words))


def page(files):
    out = ["# Limits", "",
           "`tools/limits.py` writes this file from the limits.h of each folder. To change a limit, edit its limits.h and run",
           "`tools/limits.py`; `make tidy` fails if they differ. The column \"test\" names the first test that reaches the limit. A",
           "range gives the values that the sysctl ([sysctl.md](sysctl.md)) accepts. The total memory that a peer can make the",
           "kernel hold is in [memory.md](memory.md)."]
    reached, all_limits = tests(files), limits(files)
    names, last = {limit.name for limit in all_limits}, None
    ranges = {default_of(limit, names): limit.value for limit in all_limits if limit.is_range}
    for limit in all_limits:
        if limit.path != last:
            out += ["", f"## [{limit.path}](../{limit.path})", "", opening(files[limit.path]), "",
                    "| name | value | unit | at the limit, and why this value | test |", "|---|---|---|---|---|"]
            last = limit.path
        if default_of(limit, names) and not limit.reason:
            continue    # a range is printed in the row of its default
        value = limit.value + (f", range {ranges[limit.name]}" if limit.name in ranges else "")
        path, _, test = reached.get(limit.name, [("", 0, "")])[0]
        where = (f"[{test or os.path.basename(path)}](../{path})" if path
                 else "test_sysctl.c" if limit.is_range else f"none: {WITHOUT_TEST.get(limit.name, '')}")
        out.append(f"| `{limit.name}` | {value} | {limit.unit} | {limit.reason} | {where} |")
    return "\n".join(out) + "\n"


def read():
    files = {}
    for top in ("kernel", "net", "drivers", "tests"):
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), ROOT)
                if name.endswith((".h", ".c", ".py", ".pkt")):
                    with open(os.path.join(ROOT, path), errors="replace") as f:
                        files[path] = f.read()
    return files


def main():
    text = page(read())
    target = os.path.join(ROOT, PAGE)
    if "--check" in sys.argv[1:]:
        with open(target) as f:
            return 0 if f.read() == text else f"{PAGE} is not what tools/limits.py prints: run it"
    with open(target, "w") as f:
        f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
