#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the table of source lines with which the image prints file:line in a backtrace.

  tools/lines.py IMAGE       prints an assembly file: the section .lines

The image is linked twice, the second time with this table. The table is behind .text, so the addresses in .text do
not change. kernel/x86/lines.c reads the table. The layout:
  the size of the names in bytes, the number of names (16 bit each);
  the names of the files, sorted; for each: the number of characters that it shares with the beginning of the name
  before (a byte), the number of further characters (a byte), and the further characters;
  the rows.  They consist of numbers.  A number is a series of nibbles (half bytes, the low half of a byte first), each
  with three bits of the number, the low bits first; the fourth bit is set if more nibbles follow.  A row is:
    0, place                    the next row is in another file: the one that was used `place` files ago;
    0, RECENT, number           the next row is in the file with this number, which was not used recently;
    step, line                  a row begins `step` bytes after the last one (the first row: after __text_start - 1), on
                                a line that differs by `line` (zigzag) from that of the last row in the same file.
A row is valid up to the address of the next row.  Name 0 is no file: the line is unknown.  The padding between two
functions has no row: it belongs to the function before.

The table has all rows, although a backtrace shows return addresses only, because a fault, the watchdog and a
debugger's NMI may show any instruction. A row takes about two bytes.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dwarfline import rows  # noqa: E402
from elf import Elf, assembly, nibbles, number  # noqa: E402

RECENT = 8         # files that the reader remembers with their last lines; the same number as in kernel/x86/lines.c
NAME_MAX = 63      # characters of a name; a longer one keeps its end
ALIGNMENT = 16     # a shorter gap between two functions is padding


def zigzag(value):
    return value << 1 if value >= 0 else (-value << 1) - 1


def encode_names(names):
    data = bytearray()
    before = b""
    for name in names:
        text = name.encode()[-NAME_MAX:]
        same = len(os.path.commonprefix([before, text]))
        data += bytes([same, len(text) - same]) + text[same:]
        before = text
    return data


def encode_rows(table, start, names):
    numbers = {name: i for i, name in enumerate(names)}
    out = []
    recent = []                  # [(file, its last line)], the latest first
    before = start - 1           # so that the first step is not 0
    for address, path, line in table:
        file = path or ""
        place = next((i for i, (f, _) in enumerate(recent) if f == file), RECENT)
        last = 0
        if place < RECENT:
            last = recent.pop(place)[1]
        if place:
            out += [0] + number(place) + (number(numbers[file]) if place == RECENT else [])
        out += number(address - before) + number(zigzag(line - last))
        recent.insert(0, (file, line))
        del recent[RECENT:]
        before = address
    return nibbles(out)


def without_padding(table):
    """Returns @table without the padding: rows that belong to no file and are shorter than ALIGNMENT."""
    ends = [address for address, _, _ in table[1:]] + [float("inf")]
    return [row for row, end in zip(table, ends) if row[1] or end - row[0] >= ALIGNMENT]


def main():
    elf = Elf(sys.argv[1])
    text = elf.section(".text")
    table = without_padding(rows(elf, text))
    # An absolute path (of the compiler's own files) depends on the machine: keep only its last part.
    table = [(a, os.path.basename(p) if p and p.startswith("/") else p, n) for a, p, n in table]
    names = [""] + sorted({p for _, p, _ in table if p})
    packed = encode_names(names)
    data = len(packed).to_bytes(2, "little") + len(names).to_bytes(2, "little") + packed
    data += encode_rows(table, text.address, names)
    print("/* Made by tools/lines.py. */\n\t.section .lines, \"a\", @progbits\n\t.balign 4")
    print(assembly(data) + '\t.section .note.GNU-stack, "", @progbits')


if __name__ == "__main__":
    main()
