#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of source lines that the image carries, so that a backtrace can say file:line.

  tools/lines.py IMAGE       prints an assembly file: the section .lines

Linked in at the second link: all of .text lies before it, so the addresses stay.  kernel/x86/lines.c
reads it.  The layout:
  the size of the names in bytes, how many names (16 bit each);
  the names of the files, sorted: how many characters are those of the name before (a byte), how many
  follow (a byte), these;
  the rows, in numbers of three bits and a fourth that says that more follow, the low half of a byte first:
    0, place                    the next row is in another file: the one that was used `place` files ago;
    0, place RECENT, number     or in this one of the names, where nothing was said of it lately;
    step, line                  a row begins `step` bytes after the last one (the first: __text_start - 1), on a
                                line so much after the last one that was in its file (zigzag).
A row is true up to the next one's address.  Name 0 is no file: the line is unknown.

Why all rows, when a backtrace shows return addresses only: a fault, the watchdog and a debugger's NMI may
show any instruction.  Two bytes a row.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dwarfline import rows  # noqa: E402
from elf import Elf, assembly, nibbles, number  # noqa: E402

RECENT = 8         # files that the reader remembers, with their last lines; kernel/x86/lines.c's number
NAME_MAX = 63      # characters of a name; of a longer one the end


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
    before = start - 1           # so that no step is 0
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


def main():
    elf = Elf(sys.argv[1])
    text = elf.section(".text")
    table = rows(elf, text)
    # A path from elsewhere (the compiler's own) depends on the machine: its last part does not.
    table = [(a, os.path.basename(p) if p and p.startswith("/") else p, n) for a, p, n in table]
    names = [""] + sorted({p for _, p, _ in table if p})
    packed = encode_names(names)
    data = len(packed).to_bytes(2, "little") + len(names).to_bytes(2, "little") + packed
    data += encode_rows(table, text.address, names)
    print("/* Made by tools/lines.py. */\n\t.section .lines, \"a\", @progbits\n\t.balign 4")
    print(assembly(data) + '\t.section .note.GNU-stack, "", @progbits')


if __name__ == "__main__":
    main()
