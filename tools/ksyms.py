#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of function names that the image carries, so that it can name the frames of a backtrace.

  tools/ksyms.py IMAGE       prints an assembly file: the section .ksyms

Linked in at the second link: all of .text lies before it, so the addresses stay.  kernel/x86/ksyms.c
reads it.  The layout:
  how many functions (32 bit);
  128 pairs of bytes: what each code from 128 on stands for, two characters or codes;
  for each function, in the order of addresses: how far after the one before it begins (LEB128, the first
  from __text_start), the length of its name in codes (a byte), the codes.
The pairs are found by always replacing the most frequent one (byte pair encoding): names of a kernel
repeat tcp_, _init, inet_, and lose half of their size.
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
    """[(address, name)], one for each address, functions and global labels of .text."""
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
    """(names as lists of codes, the pairs)."""
    words = [list(n.encode("ascii")) for n in names]
    pairs = []
    while len(pairs) < CODES:
        count = Counter()
        for w in words:
            count.update(zip(w, w[1:]))
        if not count:
            break
        # The least of the most frequent ones: the same image from the same source, always.
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
