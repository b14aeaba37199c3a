#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the table with which the shipped image walks its stack: this build has no frame pointers.

  tools/unwind.py IMAGE      prints an assembly file: the section .unwind

The table is made from .debug_frame (DWARF 4, 6.4), which compiler and assembler write and which is not loaded. The
image is linked twice, the second time with this table. The table is behind .text, so the addresses in .text do not
change. kernel/x86/shipped/unwind.c reads the table. The canonical frame address (CFA) is the caller's rsp after the
return; the return address is always just below it. The layout:
  the number of states (16 bit);
  for each state, the most frequent ones first:
    16 bit: the CFA's distance from rsp, or from rbp, in words, times 2; plus 1 if it is from rbp;
    8 bit: the distance in words below the CFA where the caller's rbp is saved; 0: rbp has not changed;
  the rows.  They consist of numbers.  A number is a series of nibbles (half bytes, the low half of a byte first), each
  with three bits of the number, the low bits first; the fourth bit is set if more nibbles follow.  A row is:
    step, state                 a row begins `step` bytes after the last one (the first row: after __text_start - 1).
A row is valid up to the address of the next row.  State 0 has distance 0: the caller is unknown, and the walk ends.
"""
import os
import struct
import sys
from collections import Counter

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dwarfline import Reader  # noqa: E402
from elf import Elf, assembly, nibbles, number  # noqa: E402

RBP, RSP, RETURN = 6, 7, 16      # DWARF's numbers of these registers (System V psABI for AMD64, figure 3.36)
WORD = 8
ALIGNMENT = 16     # a shorter gap between two functions is padding
END = (RSP, 0, 0)


class Part(Reader):
    """A Reader that also has the offset at which its bytes end."""

    def __init__(self, elf, at, end):
        super().__init__(elf, at)
        self.end = end


class Cie:
    def __init__(self, b):
        version = b.take("B")
        augmentation = b.elf.string(b.at)
        b.at += len(augmentation) + 1
        if version == 4:
            if (b.take("B"), b.take("B")) != (WORD, 0):
                raise SystemExit(".debug_frame: no addresses of 64 bits")
        self.code, self.data = b.uleb(), b.sleb()
        column = b.take("B") if version == 1 else b.uleb()
        if augmentation or column != RETURN:
            raise SystemExit(f".debug_frame: augmentation {augmentation!r}, return address in column {column}")
        self.start = b


class Walk:
    """Executes the instructions of a CIE and an FDE; .rows is the resulting [(address, state)]."""

    def __init__(self, cie, b, begin):
        self.cie, self.pc, self.rows = cie, begin, []
        self.cfa, self.saved, self.kept = (RSP, 0), {}, []
        self.run(Part(cie.start.elf, cie.start.at, cie.start.end))
        self.initial = dict(self.saved)
        self.run(b)
        self.row()

    def state(self):
        register, distance = self.cfa
        if register not in (RSP, RBP) or distance % WORD or self.saved.get(RETURN) != -WORD:
            raise SystemExit(f"{self.pc:#x}: this frame cannot be described: CFA {self.cfa}, saved {self.saved}")
        bp = -self.saved.get(RBP, 0)
        if bp % WORD or not 0 <= bp // WORD < 256 or not 0 < distance // WORD < 32768:
            raise SystemExit(f"{self.pc:#x}: frame too large for the table: CFA {self.cfa}, rbp at -{bp}")
        return register, distance // WORD, bp // WORD

    def row(self):
        self.rows.append((self.pc, self.state()))

    def advance(self, by):
        self.row()
        self.pc += by * self.cie.code

    def run(self, b):
        data = self.cie.data
        while b.at < b.end:
            op = b.take("B")
            high, low = op & 0xc0, op & 0x3f
            if high == 0x40:                         # advance_loc
                self.advance(low)
            elif high == 0x80:                       # offset
                self.saved[low] = b.uleb() * data
            elif high == 0xc0:                       # restore
                self.restore(low)
            elif op in (0x02, 0x03, 0x04):           # advance_loc1, 2, 4
                self.advance(b.take({2: "B", 3: "H", 4: "I"}[op]))
            elif op == 0x06:                         # restore_extended
                self.restore(b.uleb())
            elif op == 0x05:                         # offset_extended
                register = b.uleb()
                self.saved[register] = b.uleb() * data
            elif op == 0x0a:                         # remember_state
                self.kept.append((self.cfa, dict(self.saved)))
            elif op == 0x0b:                         # restore_state
                self.cfa, self.saved = self.kept.pop()
            elif op == 0x0c:                         # def_cfa
                register = b.uleb()
                self.cfa = register, b.uleb()
            elif op == 0x0d:                         # def_cfa_register
                self.cfa = b.uleb(), self.cfa[1]
            elif op == 0x0e:                         # def_cfa_offset
                self.cfa = self.cfa[0], b.uleb()
            elif op == 0x2e:                         # GNU_args_size
                b.uleb()
            elif op != 0x00:                         # nop
                raise SystemExit(f"{self.pc:#x}: call frame instruction {op:#x} is not known")

    def restore(self, register):
        if register in self.initial:
            self.saved[register] = self.initial[register]
        else:
            self.saved.pop(register, None)


def frames(elf, text):
    """Returns [(begin, end, rows)] of the functions in section @text, by address."""
    section = elf.section(".debug_frame")
    start, end = section.offset, section.offset + section.size
    cies, found, at = {}, [], start
    while at < end:
        b = Part(elf, at, end)
        length = b.take("I")
        b.end, here, at = b.at + length, at - start, b.at + length
        owner = b.take("I")
        if owner == 0xffffffff:
            cies[here] = Cie(b)
            continue
        begin, size = b.take("Q"), b.take("Q")
        if size and text.address <= begin < text.address + text.size:      # the linker dropped the others
            found.append((begin, begin + size, Walk(cies[owner], b, begin).rows))
    return sorted(found)


def table(elf, text):
    """Returns [(address, state)] for all of @text, with a row only where the state changes."""
    rows, until = [], text.address
    for begin, end, own in frames(elf, text):
        if begin < until:
            raise SystemExit(f"{begin:#x}: two functions' frames overlap")
        if begin - until >= ALIGNMENT:
            rows.append((until, END))
        rows += own
        until = end
    rows.append((until, END))
    merged = []
    for i, (address, state) in enumerate(rows):
        if i + 1 < len(rows) and rows[i + 1][0] == address:
            continue
        if not merged or merged[-1][1] != state:
            merged.append((address, state))
    return merged


def main():
    elf = Elf(sys.argv[1])
    text = elf.section(".text")
    rows = table(elf, text)
    count = Counter(state for _, state in rows)
    states = [END] + sorted((s for s in count if s != END), key=lambda s: (-count[s], s))
    index = {s: i for i, s in enumerate(states)}
    data = bytearray(len(states).to_bytes(2, "little"))
    for register, distance, bp in states:
        data += (distance * 2 + (register == RBP)).to_bytes(2, "little") + bytes([bp])
    numbers, before = [], text.address - 1
    for address, state in rows:
        numbers += number(address - before) + number(index[state])
        before = address
    data += nibbles(numbers)
    print("/* Made by tools/unwind.py. */\n\t.section .unwind, \"a\", @progbits\n\t.balign 4")
    print(assembly(data) + '\t.section .note.GNU-stack, "", @progbits')


if __name__ == "__main__":
    main()
