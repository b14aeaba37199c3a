# SPDX-License-Identifier: MIT
"""Evaluates `$((...))` in shell lines: POSIX's arithmetic expansion (2.6.4) of numbers, in 64 bits.

shell.py calls expand().  Variables are not supported: they raise Unknown, and shell.py skips the script.
"""
import re

TOKEN = re.compile(r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_$]\w*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>()])")
# Binary operators from the lowest precedence to the highest; all are left-associative.
LEVELS = (("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("<<", ">>"), ("+", "-"),
          ("*", "/", "%"))
NESTED_MAX = 20


class Unknown(Exception):
    """The expression has a variable, whose value is unknown."""


def _divide(a, b):
    """Divides and rounds towards zero, as in C."""
    if not b:
        raise ValueError("a division by 0")
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _shift(a, by):
    if not 0 <= by < 64:
        raise ValueError(f"a shift by {by} bits")
    return a << by


OPERATIONS = {
    "||": lambda a, b: int(bool(a or b)), "&&": lambda a, b: int(bool(a and b)), "|": int.__or__, "^": int.__xor__,
    "&": int.__and__, "==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b), "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b), ">": lambda a, b: int(a > b), ">=": lambda a, b: int(a >= b), "<<": _shift,
    ">>": lambda a, b: _shift(0, b) or a >> b, "+": int.__add__, "-": int.__sub__, "*": int.__mul__, "/": _divide,
    "%": lambda a, b: a - b * _divide(a, b),
}


class _Expression:
    """The expression between `$((` and `))`."""

    def __init__(self, text):
        self.tokens, at = [], 0
        text = text.strip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                raise ValueError(f"`{text[at:].strip()[:1]}` is no part of an expression")
            self.tokens.append(found.group(1))
            at = found.end()
        self.tokens.append("")
        self.at = self.depth = 0

    def _next(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def _term(self):
        token = self._next()
        if token in ("-", "+", "~", "!"):
            value = self._deeper(self._term)
            return {"-": -value, "+": value, "~": ~value, "!": int(not value)}[token]
        if token == "(":
            value = self._deeper(self._binary)
            if self._next() != ")":
                raise ValueError("`)` expected")
            return value
        if token[:1].isdigit():
            base = 16 if token[:2] in ("0x", "0X") else 8 if token[0] == "0" else 10
            return _fits(int(token, base))
        if token[:1].isalpha() or token[:1] in ("_", "$") and token:
            raise Unknown(f"the variable {token}")
        raise ValueError(f"a number expected, here is {f'`{token}`' if token else 'the end'}")

    def _deeper(self, what):
        self.depth += 1
        if self.depth > NESTED_MAX:
            raise ValueError("nested too deeply")
        value = what()
        self.depth -= 1
        return value

    def _binary(self, level=0):
        if level == len(LEVELS):
            return self._term()
        value = self._binary(level + 1)
        while self.tokens[self.at] in LEVELS[level]:
            operator = self._next()
            value = _fits(OPERATIONS[operator](value, self._binary(level + 1)))
        return value

    def value(self):
        """Evaluates the whole expression; raises ValueError or Unknown."""
        value = self._binary()
        if self.tokens[self.at]:
            raise ValueError(f"the end expected, here is `{self.tokens[self.at]}`")
        return value


def _fits(value):
    if not -2**63 <= value < 2**63:
        raise ValueError("a number of more than 64 bits")
    return value


def _closing(text, at):
    """Returns the position of the `))` that closes a `$((`; @at is the position behind that `$((`."""
    depth = 0
    for i in range(at, len(text)):
        if text[i] == "(":
            depth += 1
        elif text[i] == ")":
            if not depth:
                if text[i + 1:i + 2] != ")":
                    break
                return i
            depth -= 1
    raise ValueError("`$((` without its `))`")


def expand(text):
    """Returns @text with each `$((...))` replaced by its value; raises ValueError for a wrong expression, and
    Unknown for a variable."""
    out, at = "", 0
    while (begin := text.find("$((", at)) >= 0:
        end = _closing(text, begin + 3)
        out += text[at:begin] + str(_Expression(text[begin + 3:end]).value())
        at = end + 2
    return out + text[at:]
