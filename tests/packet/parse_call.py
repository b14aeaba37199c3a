# SPDX-License-Identifier: MIT
"""Parses the system calls of a script and their arguments.

    call    = name `(` value,* `)` `=` result ERRNO? `(` any text `)`?
    value   = term (`|` term)*          term = number | symbol | string | `...` | list | struct | f(value)

parser.py calls parse_call().
"""
import re

from lexer import HEX_NUMBER, INTEGER, WORD
from script import Address, Call, Field, Struct, Word
from symbols import ERRNOS, NUMBERS, SYMBOLS

SIGN = re.compile(r"[-+~]?")
NOTE = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
# Calls of other operating systems or for other protocols.  They are parsed, and a script with one is skipped.
OTHER_CALLS = {"sctp_sendmsg", "sctp_recvmsg", "sctp_sendv", "sctp_recvv", "sctp_send", "sctp_bindx",
               "sctp_connectx", "sctp_peeloff", "sctp_opt_info", "sctp_getpaddrs", "sctp_getladdrs",
               "cap_set", "kqueue", "kevent", "sendmmsg", "recvmmsg"}


def _list(cursor, close, what):
    out = []
    if cursor.take(close):
        return out
    while True:
        out.append(what(cursor))
        if not cursor.take(","):
            break
    cursor.expect(close)
    return out


def _inet_pton(text):
    parts = text.split(".")
    if len(parts) == 4 and all(p.isdigit() and int(p) < 256 for p in parts):
        return text
    return None


def _application(cursor, name, at):
    """Parses the arguments of htons(), htonl(), inet_addr() or inet_pton() and returns the value."""
    arguments = _list(cursor, ")", value)
    if name in ("htons", "htonl") and len(arguments) == 1:
        return arguments[0]
    if name == "inet_addr" and len(arguments) == 1 and isinstance(arguments[0], bytes):
        text = _inet_pton(arguments[0].decode(errors="replace"))
        if text is None:
            raise cursor.error("no IPv4 address", at)
        return text
    if name == "inet_pton" and len(arguments) == 2 and isinstance(arguments[1], bytes):
        return arguments[1].decode(errors="replace")
    raise cursor.error(f"no function {name}() of {len(arguments)} values", at)


def _symbol(cursor, name, at):
    if name in cursor.defines:
        inner = cursor.inside(cursor.defines[name], at)
        out = value(inner)
        if not inner.at_end():
            raise cursor.error(f"{name} is defined as `{cursor.defines[name]}`: no value", at)
        return out
    if name not in SYMBOLS:
        raise cursor.error(f"no symbol {name}", at)
    return Word(name, SYMBOLS[name])


def _signed(cursor, sign, text, at):
    number = cursor.integer(text, at)
    if sign == "-" and number > 2**63:
        raise cursor.error("a number of more than 64 bits", at)
    return {"-": -number, "~": ~number}.get(sign, number)


def _term(cursor):
    cursor.skip()
    at = cursor.position
    if cursor.take("..."):
        return Ellipsis
    if cursor.take("["):
        return _list(cursor, "]", value)
    if cursor.take("{"):
        return _struct(cursor)
    if cursor.take("("):
        out = value(cursor)
        cursor.expect(")")
        return out
    text = cursor.string()
    if text is not None:
        return text
    sign = cursor.match(SIGN).group()
    found = cursor.match(HEX_NUMBER) or cursor.match(INTEGER)
    if found:
        return _signed(cursor, sign, found.group(), at)
    name = None if sign else cursor.word()
    if name is None:
        raise cursor.error(f"a value expected, here is {cursor.glimpse()}", at)
    if cursor.take("("):
        return _application(cursor, name, at)
    return _symbol(cursor, name, at)


def number_of(term):
    """Returns the number of a numeric value or a symbol; None for other values."""
    if isinstance(term, Word):
        return term.value
    return term if isinstance(term, int) else None


def value(cursor):
    """Parses a value and returns it as int, Word, bytes, Ellipsis, list, Struct, Address, or str for an IP address."""
    cursor.skip()
    at = cursor.position
    term = _term(cursor)
    while cursor.peek("|"):
        cursor.take("|")
        other = _term(cursor)
        for one in (term, other):
            if not isinstance(one, (int, Word)) or one is Ellipsis:
                raise cursor.error("| joins numbers", at)
        a, b = number_of(term), number_of(other)
        text = f"{getattr(term, 'text', term)}|{getattr(other, 'text', other)}"
        term = Word(text, None if a is None or b is None else a | b)
    return term


def _field(cursor):
    cursor.skip()
    at = cursor.position
    name = cursor.word()
    if name is not None:
        argument = None
        if cursor.take("("):
            inside = _list(cursor, ")", value)
            argument = inside[0] if len(inside) == 1 else inside
        if cursor.take("="):
            return Field(name, value(cursor), argument)
    cursor.position = at
    return Field(None, value(cursor))


def _struct(cursor):
    fields = _list(cursor, "}", _field)
    names = {f.name for f in fields}
    if "sa_family" in names:
        at = {f.name: f.value for f in fields}
        port = next((number_of(at[k]) for k in ("sin_port", "sin6_port") if k in at), 0)
        ip = next((at[k] for k in ("sin_addr", "sin6_addr") if k in at), "0.0.0.0")
        if isinstance(ip, (int, Word)):
            number = number_of(ip)
            ip = ".".join(str(number >> s & 255) for s in (24, 16, 8, 0))
        return Address(number_of(at["sa_family"]), port or 0, ip)
    return Struct(fields)


def _result(cursor):
    cursor.expect("=", "the call")
    if cursor.take("..."):
        return None
    cursor.skip()
    at = cursor.position
    sign = cursor.match(SIGN).group()
    found = cursor.match(HEX_NUMBER) or cursor.match(INTEGER)
    if not found or sign == "~":
        raise cursor.error(f"the call's result expected, here is {cursor.glimpse()}", at)
    return _signed(cursor, sign, found.group(), at)


def parse_call(cursor):
    """Parses a system call: name(...) = result ERRNO (note)."""
    cursor.skip()
    at = cursor.position
    found = cursor.match(WORD)
    if not found:
        raise cursor.error("a packet (< or >), a system call, `command` or %{ snippet }% expected, "
                           f"here is {cursor.glimpse()}")
    name = found.group()
    if name not in NUMBERS and name not in OTHER_CALLS:
        raise cursor.error(f"no system call {name}", at)
    cursor.expect("(", "the call's name")
    arguments = _list(cursor, ")", value)
    result = _result(cursor)
    cursor.skip()
    errno_at = cursor.position
    error = cursor.word()
    if error is not None:
        if error not in ERRNOS:
            raise cursor.error(f"no errno {error}", errno_at)
        if result != -1:
            raise cursor.error(f"{error} goes with a result of -1", errno_at)
    if cursor.peek("(") and not cursor.match(NOTE):
        raise cursor.error("a note without its closing bracket")
    text = " ".join(cursor.text[at:cursor.position].split())
    return Call(name, arguments, result, error, text)
