#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the table of the addresses that the image must change when it moves itself at boot.

  tools/mkrelocs.py IMAGE    prints an assembly file: the section .relocs

The linker kept all relocations (-q).  The table has those whose value changes with the image's address:
64-bit addresses and sign-extended 32-bit ones.  Values relative to an instruction do not change.
kernel/x86/kaslr.c reads the table.  The layout, once for each of .text, .rodata, .data:
  the beginning of the section (32 bit, relative to this field): the linker fills it in, because .data moves when this
  table is linked in, though the offsets inside .data stay;
  the number of addresses (32 bit);
  for each address, in order: LEB128 of (distance from the address before) * 2 + (1 for 64 bits, 0 for 32 bits);
  padding to a multiple of 4.
The code in .boot.text, at the image's start, runs before the move and uses physical addresses, so it has no entries.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from elf import SHN_ABS, Elf, assembly, leb128  # noqa: E402

R_NONE, R_64, R_PC32, R_PLT32, R_32, R_32S = 0, 1, 2, 4, 10, 11
GROUPS = ((".text", "__text_start"), (".rodata", "__rodata_start"), (".data", "__data_start"))


def addresses(elf, name, first, image):
    """Returns [(place, is 64 bits)] for section @name, from address @first on."""
    found = []
    for r in elf.relocs(name):
        if r.place < first or r.type in (R_NONE, R_PC32, R_PLT32):
            continue
        inside = image[0] <= r.symbol.value <= image[1]
        if not inside and r.symbol.section == SHN_ABS:
            continue       # the value is a constant, not an address
        if r.type not in (R_64, R_32S) or not inside:
            raise SystemExit(f"{name}+{r.place:#x}: relocation type {r.type} against "
                             f"{r.symbol.name} ({r.symbol.value:#x}) does not survive a move")
        found.append((r.place, r.type == R_64))
    return sorted(found)


def main():
    elf = Elf(sys.argv[1])
    value = {s.name: s.value for s in elf.symbols}
    image = value["__image_start"], value["__image_end"]
    print("/* Made by tools/mkrelocs.py. */\n\t.section .relocs, \"a\", @progbits\n\t.balign 4")
    for name, base in GROUPS:
        first = value["__boot_text_end"] if name == ".text" else 0
        table = addresses(elf, name, first, image)
        data, before = bytearray(), value[base]
        for place, wide in table:
            data += leb128((place - before) * 2 + wide)
            before = place
        print(f"\t.long {base} - .\n\t.long {len(table)}\n{assembly(data)}\t.balign 4")
    print('\t.section .note.GNU-stack, "", @progbits')


if __name__ == "__main__":
    main()
