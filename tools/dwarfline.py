# SPDX-License-Identifier: MIT
"""Reads the line programs of DWARF 5 (section 6.2) that gcc and binutils write into .debug_line."""
import struct

DW_LNCT_PATH, DW_LNCT_DIRECTORY = 1, 2
DW_FORM_DATA2, DW_FORM_STRING, DW_FORM_DATA1, DW_FORM_STRP, DW_FORM_UDATA = 0x05, 0x08, 0x0b, 0x0e, 0x0f
DW_FORM_DATA16, DW_FORM_LINE_STRP = 0x1e, 0x1f


class Reader:
    """Reads the bytes of @elf from file offset @at on."""

    def __init__(self, elf, at):
        self.elf, self.data, self.at = elf, elf.data, at

    def take(self, form):
        value, = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return value

    def uleb(self):
        value, shift = 0, 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    def sleb(self):
        start = self.at
        value = self.uleb()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def field(self, form):
        if form in (DW_FORM_STRP, DW_FORM_LINE_STRP):
            table = ".debug_str" if form == DW_FORM_STRP else ".debug_line_str"
            return self.elf.string(self.elf.section(table).offset + self.take("I"))
        if form == DW_FORM_STRING:
            text = self.elf.string(self.at)
            self.at += len(text.encode()) + 1
            return text
        if form == DW_FORM_DATA16:
            self.at += 16
            return None
        if form == DW_FORM_UDATA:
            return self.uleb()
        if form in (DW_FORM_DATA1, DW_FORM_DATA2):
            return self.take("B" if form == DW_FORM_DATA1 else "H")
        raise SystemExit(f"line table: form {form:#x} is not known here")

    def entries(self):
        """Returns one of the two tables in a header: [(path, directory)]."""
        layout = [(self.uleb(), self.uleb()) for _ in range(self.take("B"))]
        found = []
        for _ in range(self.uleb()):
            entry = {kind: self.field(form) for kind, form in layout}
            found.append((entry[DW_LNCT_PATH], entry.get(DW_LNCT_DIRECTORY, 0)))
        return found


def unit(r):
    """Reads one compilation unit; afterwards the reader is at the next unit. Yields (address, path, line) for each row,
    and (address, None, 0) for the end of a sequence of addresses."""
    length, version = r.take("I"), r.take("H")
    end = r.at - 2 + length
    if version != 5:
        raise SystemExit(f"line table: DWARF {version}, and this reads DWARF 5")
    r.take("H")                                         # sizes of an address and of a segment's number
    program = r.take("I")
    program += r.at
    step, _, _, base, span, first = (r.take(form) for form in "BBBbBB")
    arguments = [r.take("B") for _ in range(first - 1)]
    # Directory 0 is the directory in which the compiler ran: the root of the tree. It is left out of the paths.
    directories = [name for name, _ in r.entries()]
    files = [f"{directories[d]}/{name}" if d else name for name, d in r.entries()]
    r.at = program
    address, file, line = 0, 1, 1
    while r.at < end:
        code = r.take("B")
        if code >= first:                               # a special opcode: advances address and line, and makes a row
            address += (code - first) // span * step
            line += base + (code - first) % span
            yield address, files[file], line
        elif code == 0:                                 # an extended opcode
            rest = r.uleb()
            after = r.at + rest
            kind = r.take("B")
            if kind == 1:                               # end of sequence
                yield address, None, 0
                address, file, line = 0, 1, 1
            elif kind == 2:
                address = r.take("Q")
            r.at = after
        elif code == 1:
            yield address, files[file], line
        elif code == 2:
            address += r.uleb() * step
        elif code == 3:
            line += r.sleb()
        elif code == 4:
            file = r.uleb()
        elif code == 8:
            address += (255 - first) // span * step
        elif code == 9:
            address += r.take("H")
        else:
            for _ in range(arguments[code - 1]):
                r.uleb()
    r.at = end


def rows(elf, section):
    """Returns [(address, path or None, line)] of @section, by address.  An entry is valid up to the address of the
    next entry."""
    lines = elf.section(".debug_line")
    r = Reader(elf, lines.offset)
    runs, run = [], []
    while r.at < lines.offset + lines.size:
        for row in unit(r):
            run.append(row)
            if row[1] is None:
                runs.append(run)
                run = []
    last = {}
    # Sections that the linker dropped are at address 0.  Of several rows for one address the last one counts, but
    # the end of one sequence must not replace the beginning of the next.
    for run in sorted(runs, key=lambda run: run[0][0]):
        if section.address <= run[0][0] < section.address + section.size:
            last.update((address, (path, line)) for address, path, line in run)
    found = []
    for address in sorted(last):
        path, line = last[address]
        row = (path, line) if path and line else (None, 0)
        if not found or found[-1][1:] != row:
            found.append((address, *row))
    return found
