#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions of fixed operations and compares them with the table counts.txt.

  tests/count/count.py PROGRAM LIBRARY      exit status 1 when an operation is off by more than 3 %

PROGRAM is tests/count/operations.c, LIBRARY the hosted kernel.  Both directions fail: a dearer operation needs a
row with the reason, a cheaper one a row with the lower number, or a later rise back would pass unnoticed.
3 % is room for small repairs; two runs of one binary do not differ at all, which is checked.
callgrind's dumps stay beside PROGRAM: `callgrind_annotate FILE` names the functions.
"""
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "counts.txt")
SLACK = 0.03
REASON_MIN = 12     # characters: a word is no reason


class Wrong(Exception):
    pass


def read_table(text):
    """(compiler, {operation: instructions}): the last row of each counts.  Each row has a reason."""
    compiler, now = None, {}
    for n, line in enumerate(text.splitlines(), 1):
        if line.startswith("compiler "):
            compiler = line.split(None, 1)[1]
        if not line.strip() or line.startswith(("#", "compiler ")):
            continue
        m = re.fullmatch(r"(\S.*?)\s*\|\s*([\d,]+)\s*\|\s*(.*?)\s*", line)
        if not m:
            raise Wrong(f"counts.txt:{n}: not `operation | instructions | why`")
        if len(m[3]) < REASON_MIN:
            raise Wrong(f"counts.txt:{n}: {m[1]}: why is it {m[2]}?")
        now[m[1]] = int(m[2].replace(",", ""))
    return compiler, now


def compare(table, counted):
    """Lines about the operations that are off."""
    wrong = [f"{name}: is not counted any more: take its rows out" for name in table if name not in counted]
    for name, n in counted.items():
        if name not in table:
            wrong.append(f"{name}: {n:,} instructions, and no row")
        elif abs(n - table[name]) > SLACK * table[name]:
            more = n > table[name]
            wrong.append(f"{name}: {n:,} instructions, the table says {table[name]:,} ({n / table[name] - 1:+.1%}). "
                         + ("If it must be so, add a row that says why" if more else "Add a row with the lower number"))
    return wrong


def count(program, library):
    """{operation: instructions of one}."""
    out = program + ".callgrind"
    for path in glob.glob(out + "*"):
        os.remove(path)
    ran = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                          program, library], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if ran.returncode:
        raise Wrong(f"{program} ended with {ran.returncode}\n{ran.stdout}{ran.stderr}")
    found = {}
    for line in ran.stdout.splitlines():
        name, times = line.split("\t")
        found[name] = total(out, name, os.path.relpath(library)) // int(times)
    return found


def total(out, name, library):
    """The instructions of operation @name in the library's kernel, without the process that plays the machine."""
    for path in glob.glob(out + ".*"):
        with open(path) as f:
            lines = f.read().splitlines()
        if f"desc: Trigger: Client Request: {name}" in lines:
            return kernels(lines, library)
    raise Wrong(f"no dump of {name}")


PLATFORM = ("/tests/host/", "/tests/wire/")
SHARED = "kernel/lib/string.c"     # memcpy() and the like: the platform uses the kernel's


def kernels(lines, library):
    """The instructions of a dump (callgrind's format) in @library's kernel."""
    files, objects, total_, calls = {}, {}, 0, False
    now, called = {"ob": "", "fl": ""}, ""
    for line in lines:
        if m := re.match(r"(c?)(ob|fl|fi|fe)=\((\d+)\)(?: (.*))?$", line):
            callee, kind, number, text = m.groups()
            names = objects if kind == "ob" else files
            if text:
                names[number] = text
            if not callee:
                now["ob" if kind == "ob" else "fl"] = names[number]
            elif kind != "ob":
                called = names[number]
        elif line.startswith("calls="):
            calls = True
        elif m := re.match(r"[-+*\d]\d* (\d+)$", line):
            platform = any(part in now["fl"] for part in PLATFORM)
            if now["ob"].endswith(library):
                if not calls and not platform:
                    total_ += int(m[1])
                elif calls and platform and called.endswith(SHARED):      # the cost of what was called
                    total_ -= int(m[1])
            if calls:
                calls, called = False, ""
    return total_


def main():
    compiler, table = read_table(open(TABLE).read())
    mine = subprocess.run(["gcc", "-dumpfullversion"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    counted = count(*sys.argv[1:])
    if count(*sys.argv[1:]) != counted:
        raise Wrong(f"two runs of one binary differ; the first: {counted}")
    for name, n in counted.items():
        print(f"  {name:<12} {n:>9,} instructions (shipped, hosted), table {table.get(name, 0):>9,}")
    if mine != compiler:
        print(f"  the table is of gcc {compiler}, this is gcc {mine}: not compared")
        return 0
    wrong = compare(table, counted)
    for line in wrong:
        print("  FAIL  " + line)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as e:
        sys.exit(f"  FAIL  {e}")
