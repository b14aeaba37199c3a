# SPDX-License-Identifier: MIT
"""Reads a script's text: Cursor is a position in it.

The language can't be split into tokens without the grammar: `.` is an ACK flag, a decimal point or part of an
ellipsis; `3021b9d889017eeb` is a cookie, `3` a number.  So the parser calls a method for each thing that it
expects, and the method checks whether the text has it at the current position.  All methods skip blanks and
comments first.

Callers: parser.py, parse_packet.py, parse_call.py.
"""
import bisect
import re

# `#` begins a comment only in the first column of a line.
BLANK = re.compile(r"(?:[ \t\r\n\f]+|//[^\n]*|^#[^\n]*|/\*.*?\*/)*", re.S | re.M)
WORD = re.compile(r"[A-Za-z_]\w*")
HEX_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+\b")
INTEGER = re.compile(r"\d+\b")
DIGITS_MAX = 20  # the length of 2^64 - 1 in decimal
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"', re.S)
ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "\\": 92, '"': 34, "a": 7, "b": 8, "f": 12, "v": 11}


class ScriptError(Exception):
    """An error in a script's text, with its position."""

    def __init__(self, cursor, position, what):
        self.path = cursor.path
        self.line, self.column = cursor.where(position)
        self.what = what
        super().__init__(f"{self.path}:{self.line}:{self.column}: {what}")


class Cursor:
    """A position in a text; the methods test or consume the text that follows it."""

    def __init__(self, path, text, defines=None):
        self.path, self.text, self.position = path, text, 0
        self.defines = {} if defines is None else defines
        self._lines = [0] + [m.end() for m in re.finditer("\n", text)]
        self._origin = None  # if this text is the value of a defined word: (cursor, position) of that word

    def where(self, position):
        """Returns (line, column) of @position, counted from 1."""
        if self._origin:
            cursor, at = self._origin
            return cursor.where(at)
        line = bisect.bisect_right(self._lines, position)
        return line, position - self._lines[line - 1] + 1

    def beginning(self, line):
        """Returns the position of the first character of @line."""
        return self._lines[min(line, len(self._lines)) - 1]

    def line(self):
        """Returns the line number of the text that comes next."""
        self.skip()
        return self.where(self.position)[0]

    def error(self, what, position=None):
        """Returns the exception to raise for an error at @position (default: here)."""
        return ScriptError(self, self.position if position is None else position, what)

    def inside(self, text, position):
        """Returns a cursor over @text, the value of the defined word at @position; its errors name that position."""
        cursor = Cursor(self.path, text, {})
        cursor._origin = (self, position)
        return cursor

    def skip(self):
        """Skips blanks and comments; raises an error for a comment without its end."""
        self.position = BLANK.match(self.text, self.position).end()
        if self.text.startswith("/*", self.position):
            raise self.error("a comment without its end")

    def at_end(self):
        """Returns whether only blanks and comments follow."""
        self.skip()
        return self.position == len(self.text)

    def peek(self, literal):
        """Returns whether @literal comes next."""
        self.skip()
        return self.text.startswith(literal, self.position)

    def take(self, literal):
        """Consumes @literal if it comes next; returns whether it did."""
        if not self.peek(literal):
            return False
        self.position += len(literal)
        return True

    def expect(self, literal, after=""):
        """Consumes @literal; raises an error if it does not come next."""
        if not self.take(literal):
            raise self.error(f"`{literal}` expected{' after ' + after if after else ''}, "
                             f"here is {self.glimpse()}")

    def match(self, regex):
        """Consumes the text that @regex matches here; returns the match object, or None."""
        self.skip()
        found = regex.match(self.text, self.position)
        if found:
            self.position = found.end()
        return found

    def glimpse(self):
        """Returns a short piece of the text at this position, for an error message."""
        self.skip()
        rest = self.text[self.position:].split("\n", 1)[0]
        if not rest:
            return "the end of the line" if self.position < len(self.text) else "the end"
        return "`" + (rest if len(rest) <= 24 else rest[:24] + "...") + "`"

    def word(self):
        """Consumes a word and returns it, not replaced by its definition; None if no word comes next."""
        found = self.match(WORD)
        return found.group() if found else None

    def take_word(self, *words):
        """Consumes the next word if it is one of @words, and returns it; otherwise returns None."""
        self.skip()
        found = WORD.match(self.text, self.position)
        if found and found.group() in words:
            self.position = found.end()
            return found.group()
        return None

    def plain(self, regex):
        """Consumes and returns the text that @regex matches here, or a defined word whose value @regex matches (then
        returns the value); otherwise returns None."""
        self.skip()
        found = WORD.match(self.text, self.position)
        if found and found.group() in self.defines:
            value = self.defines[found.group()]
            if not regex.fullmatch(value):
                return None
            self.position = found.end()
            return value
        found = self.match(regex)
        return found.group() if found else None

    def number(self, what, least=0, most=2**32 - 1):
        """Consumes and returns a decimal or hexadecimal integer in least..most, or a word that is defined as one;
        raises an error otherwise.  @what names it in the message."""
        self.skip()
        at = self.position
        text = self.plain(HEX_NUMBER) or self.plain(INTEGER)
        if text is None:
            raise self.error(f"{what} expected, here is {self.glimpse()}")
        value = self.integer(text, at)
        if not least <= value <= most:
            raise self.error(f"{what} {value} is not within {least}..{most}", at)
        return value

    def integer(self, text, at):
        """Returns the value of @text, at position @at, in decimal or hexadecimal; it has at most 64 bits."""
        base = 16 if text[:2] in ("0x", "0X") else 10
        # Count the digits first: int() raises ValueError for thousands of digits.
        if len(text[2 if base == 16 else 0:].lstrip("0")) > DIGITS_MAX or int(text, base) >= 2**64:
            raise self.error("a number of more than 64 bits", at)
        return int(text, base)

    def string(self):
        """Consumes one or several adjacent strings and returns them joined, as bytes with escapes replaced; None if
        no string comes next."""
        out = None
        while found := self.match(STRING):
            out = (out or b"") + self._unescape(found.group()[1:-1], found.start() + 1)
        return out

    def _unescape(self, text, at):
        out, i = bytearray(), 0
        while i < len(text):
            if text[i] != "\\":
                out += text[i].encode()
                i += 1
                continue
            kind = text[i + 1]
            if kind == "x":
                digits = re.compile(r"[0-9a-fA-F]{1,2}").match(text, i + 2)
                if not digits:
                    raise self.error("\\x without a hexadecimal digit", at + i)
                out.append(int(digits.group(), 16))
                i = digits.end()
            elif kind in ESCAPES:
                out.append(ESCAPES[kind])
                i += 2
            else:
                raise self.error(f"no escape sequence \\{kind}", at + i)
        return bytes(out)
