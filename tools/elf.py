# SPDX-License-Identifier: MIT
"""Reads ELF64: the sections, symbols and relocations from which the image's tables are made (TABLES in the
Makefile)."""
import struct
from collections import namedtuple

Section = namedtuple("Section", "name type address offset size link info")
Symbol = namedtuple("Symbol", "name type binding section value size")
Reloc = namedtuple("Reloc", "place type symbol addend")

SHN_ABS = 0xfff1
STT_NOTYPE, STT_FUNC = 0, 2
STB_GLOBAL = 1
SHT_RELA = 4


class Elf:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise SystemExit(f"{path}: no little-endian ELF64")
        offset, = struct.unpack_from("<Q", self.data, 40)
        size, count, names = struct.unpack_from("<HHH", self.data, 58)
        raw = []
        for i in range(count):
            name, kind, _, addr, off, length, link, info = struct.unpack_from("<IIQQQQII", self.data, offset + i * size)
            raw.append((name, kind, addr, off, length, link, info))
        table = raw[names][3]
        self.sections = [Section(self.string(table + r[0]), *r[1:]) for r in raw]
        self.symbols = list(self.read_symbols())

    def string(self, at):
        return self.data[at:self.data.index(b"\0", at)].decode()

    def section(self, name):
        for s in self.sections:
            if s.name == name:
                return s
        raise SystemExit(f"no section {name}")

    def read_symbols(self):
        table = self.section(".symtab")
        strings = self.sections[table.link].offset
        for i in range(table.size // 24):
            name, info, _, section, value, size = struct.unpack_from("<IBBHQQ", self.data, table.offset + i * 24)
            yield Symbol(self.string(strings + name), info & 15, info >> 4, section, value, size)

    def relocs(self, name):
        """Yields the relocations of section @name, which the linker kept (-q), at their final addresses."""
        for s in self.sections:
            if s.type == SHT_RELA and self.sections[s.info].name == name:
                for i in range(s.size // 24):
                    place, info, addend = struct.unpack_from("<QQq", self.data, s.offset + i * 24)
                    yield Reloc(place, info & 0xffffffff, self.symbols[info >> 32], addend)


def leb128(value):
    """Encodes a number as LEB128: seven bits in each byte, low bits first; the top bit means that more bytes
    follow."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(value):
    """Encodes a number in nibbles: three bits in each, low bits first; the fourth bit means that more nibbles
    follow."""
    out = []
    while value >= 8:
        out.append(value & 7 | 8)
        value >>= 3
    return out + [value]


def nibbles(numbers):
    """Packs nibbles into bytes, the low half of a byte first."""
    return bytes(low | high << 4 for low, high in zip(numbers[::2], numbers[1::2] + [0]))


def assembly(data):
    """Returns @data as assembly, in lines of .byte."""
    return "".join("\t.byte " + ",".join(map(str, data[i:i + 32])) + "\n" for i in range(0, len(data), 32))
