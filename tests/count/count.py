#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions of fixed operations and compares them with the table counts.txt.

  tests/count/count.py PROGRAM LIBRARY      exit status 1 when an operation is off by more than 3 %

PROGRAM is built from tests/count/operations.c, LIBRARY is the hosted kernel.  A higher count fails until the table
has a new row with the reason.  A lower count fails too, until a row has the lower number: otherwise a later increase
to the old number would pass.  The 3 % allow small corrections of the code.  Two runs of one binary must give equal
counts; that is checked.  callgrind's dumps stay beside PROGRAM: `callgrind_annotate FILE` lists them by function.
"""
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "counts.txt")
SLACK = 0.03
REASON_MIN = 12     # characters: a single word is not accepted as a reason


class Wrong(Exception):
    pass


def read_table(text):
    """Returns (compiler, {operation: instructions}) from the last row of each operation; a row must have a reason."""
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
            raise Wrong(f"counts.txt:{n}: {m[1]}: the reason for {m[2]} is missing or too short")
        now[m[1]] = int(m[2].replace(",", ""))
    return compiler, now


def compare(table, counted):
    """Returns a message for each operation whose count differs from the table by more than SLACK."""
    wrong = [f"{name}: is not counted any more: remove its rows" for name in table if name not in counted]
    for name, n in counted.items():
        if name not in table:
            wrong.append(f"{name}: {n:,} instructions, but counts.txt has no row for it")
        elif abs(n - table[name]) > SLACK * table[name]:
            more = n > table[name]
            wrong.append(f"{name}: {n:,} instructions, the table says {table[name]:,} ({n / table[name] - 1:+.1%}). "
                         + ("If intended, add a row with the reason" if more else "Add a row with the lower number"))
    return wrong


def count(program, library):
    """Runs PROGRAM under callgrind; returns {operation: instructions for one}."""
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
    """Returns the instructions of operation @name in the kernel, without those of the simulated machine."""
    for path in glob.glob(out + ".*"):
        with open(path) as f:
            lines = f.read().splitlines()
        if f"desc: Trigger: Client Request: {name}" in lines:
            return kernels(lines, library)
    raise Wrong(f"no dump of {name}")


PLATFORM = ("/tests/host/", "/tests/wire/")
SHARED = "kernel/lib/string.c"     # memcpy() etc. of the kernel, which the platform calls too


def kernels(lines, library):
    """Returns the number of instructions of the kernel in @library, from the lines of a dump in callgrind's format.

    Instructions in files of PLATFORM do not count.  If a file of PLATFORM calls a function of SHARED, the instructions
    of this call do not count either.
    """
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
                elif calls and platform and called.endswith(SHARED):      # the number is the callee's cost
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
        print(f"  the table was made with gcc {compiler}, this is gcc {mine}: not compared")
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
