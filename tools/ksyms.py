#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the table of function names with which the image prints a backtrace.

  tools/ksyms.py IMAGE       prints an assembly file: the section .ksyms

The image is linked twice, the second time with this table. The table is behind .text, so the addresses of functions
do not change. kernel/x86/ksyms.c reads the table. The layout:
  the number of functions (32 bit);
  128 pairs of bytes: the two characters or codes that each code from 128 on means;
  for each function, in the order of addresses: the distance from the address of the function before (LEB128; for the
  first function from __text_start), the length of its name in codes (a byte), the codes.
The pairs come from byte pair encoding, which always replaces the most frequent pair: the names of a kernel repeat
tcp_, _init, inet_, and so shrink to half of their size.
"""
import os
import sys
from collections import Counter

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from elf import STB_GLOBAL, STT_FUNC, STT_NOTYPE, Elf, assembly, leb128  # noqa: E402

NAME_MAX = 63     # characters; a longer name is cut
CODES = 128


def functions(elf):
    """Returns [(address, name)], one for each address, of the functions and global labels in .text."""
    index = [s.name for s in elf.sections].index(".text")
    found = {}
    for s in elf.symbols:
        if s.section != index or not s.name or s.name.startswith((".", "__text_")):
            continue
        if s.type != STT_FUNC and not (s.type == STT_NOTYPE and s.binding == STB_GLOBAL):
            continue
        rank = (s.binding != STB_GLOBAL, s.name)
        if s.value not in found or rank < found[s.value][0]:
            found[s.value] = (rank, s.name[:NAME_MAX])
    return sorted((address, name) for address, (_, name) in found.items())


def compress(names):
    """Returns the names as lists of codes, and the list of pairs."""
    words = [list(n.encode("ascii")) for n in names]
    pairs = []
    while len(pairs) < CODES:
        count = Counter()
        for w in words:
            count.update(zip(w, w[1:]))
        if not count:
            break
        # Among equally frequent pairs take the least, so that the same source always gives the same image.
        best = min(count, key=lambda p: (-count[p], p))
        if count[best] < 4:
            break
        code = CODES + len(pairs)
        pairs.append(best)
        for w in words:
            i = 0
            while i + 1 < len(w):
                if (w[i], w[i + 1]) == best:
                    w[i:i + 2] = [code]
                i += 1
    return words, pairs + [(0, 0)] * (CODES - len(pairs))


def main():
    elf = Elf(sys.argv[1])
    text = elf.section(".text").address
    table = functions(elf)
    words, pairs = compress([name for _, name in table])
    data = bytearray(len(table).to_bytes(4, "little"))
    for pair in pairs:
        data += bytes(pair)
    before = text
    for (address, _), word in zip(table, words):
        data += leb128(address - before) + bytes([len(word)]) + bytes(word)
        before = address
    print("/* Made by tools/ksyms.py. */\n\t.section .ksyms, \"a\", @progbits\n\t.balign 4")
    print(assembly(data) + '\t.section .note.GNU-stack, "", @progbits')


if __name__ == "__main__":
    main()
