# SPDX-License-Identifier: MIT
"""Parses a script: options, shell commands in backticks, events and their times.

    script  = option* shell* event* shell*
    event   = time (`<` packet | `>` packet | call | shell | %{ snippet }%)

suite.py and the tests call parse().  parse_packet.py parses the packets, parse_call.py the system calls.
"""
import re

from lexer import Cursor, ScriptError
from parse_call import parse_call
from parse_packet import parse_packet
from script import NS, Event, Script, Shell, Snippet, When
from tcpinfo import compiled

OPTION = re.compile(r"--([A-Za-z_]+)(?:=(\"[^\"\n]*\"|[^\s]*))?")
SECONDS_DIGITS = 9  # of a time in seconds, so that sums of times in ns fit in 64 bits
TIME = re.compile(r"\d+(?:\.(?!\.)\d*)?|\.\d+")
BACKTICK = re.compile(r"`([^`]*)`", re.S)
SNIPPET = re.compile(r"%\{(.*?)\}%", re.S)

# The words that packetdrill predefines.  The command-line option -D overrides them and adds others.
DEFINES = {
    "TFO_COOKIE": "3021b9d889017eeb",
    "TFO_COOKIE_ZERO": "b7c12350a90dc8f5",
    "CODE": "host_unreachable",
    "CMSG_LEVEL_IP": "SOL_IP",
    "CMSG_TYPE_RECVERR": "IP_RECVERR",
}


def _int(least, most):
    def convert(text):
        value = int(text, 0) if text[:2].lower() == "0x" else int(text)
        if not least <= value <= most:
            raise ValueError
        return value
    return convert


def _flag(text):
    return text not in ("0", "false", "no")


def _tick(text):
    value = float(text)
    if value < 0:
        raise ValueError
    return value


def _ipv4(text):
    parts = text.split(".")
    if len(parts) != 4 or not all(p.isdigit() and int(p) < 256 for p in parts):
        raise ValueError
    return text


def _name(*names):
    def convert(text):
        if text not in names:
            raise ValueError
        return text
    return convert


# {name: (function that converts the value, default)}.  An option in FLAGS needs no value.
OPTIONS = {
    "local_ip": (str, None),
    "remote_ip": (str, None),
    "gateway_ip": (str, None),
    "netmask_ip": (str, None),
    "tolerance_usecs": (_int(0, 10**9), 4000),
    "tolerance_percent": (_tick, 12.5),
    "tcp_ts_tick_usecs": (_tick, 0),
    "tcp_ts_ecr_scaled": (_flag, False),
    "strict_segments": (_flag, False),
    "mss": (_int(0, 65495), 0),
    "mtu": (_int(68, 65535), 1500),
    "speed": (str, None),
    "bind_port": (_int(1, 65535), 8080),
    "connect_port": (_int(1, 65535), 8080),
    "ip_version": (_name("ipv4", "ipv6", "ipv4-mapped-ipv6", "ipv4_mapped_ipv6"), "ipv4"),
    "non_fatal": (str, ""),
    "init_scripts": (str, None),
    "is_anyip": (_flag, False),
    "code_command": (str, None),
    "code_format": (str, None),
    "code_sockopt": (str, None),
    "send_omit_free": (_flag, False),
    "dry_run": (_flag, False),
    "verbose": (_flag, False),
    "debug": (_flag, False),
    "wire_protocol": (str, None),
}
FLAGS = {name for name, (convert, _) in OPTIONS.items() if convert is _flag}
# Options that are accepted and ignored: the device's speed, how to run snippets, what to print.
IGNORED = {"speed", "code_command", "code_format", "is_anyip", "netmask_ip",
           "gateway_ip", "send_omit_free", "verbose", "debug", "dry_run"}


def convert_option(name, text):
    """Returns the value of option @name, converted from @text; raises ValueError for a wrong name or value."""
    if name not in OPTIONS:
        raise ValueError(f"no option --{name}")
    if text is None:
        if name in FLAGS:
            return True
        raise ValueError(f"--{name} needs a value")
    try:
        return OPTIONS[name][0](text.strip('"'))
    except ValueError:
        raise ValueError(f"--{name}={text}: not a value of it") from None


def parse_options(cursor):
    """Parses the options at the beginning of a script; returns {name: value}.  Adds the words of --define to
    cursor.defines."""
    options = {}
    while True:
        cursor.skip()
        at = cursor.position
        if not cursor.peek("--"):
            return options
        found = cursor.match(OPTION)
        if not found:
            raise cursor.error(f"an option expected, here is {cursor.glimpse()}")
        name, text = found.groups()
        if name == "define":
            word, equals, value = (text or "").partition("=")
            if not equals or not word.isidentifier():
                raise cursor.error("--define=NAME=VALUE expected", at)
            cursor.defines.setdefault(word, value)
            continue
        try:
            options[name] = convert_option(name, text)
        except ValueError as error:
            raise cursor.error(str(error), at) from None


def _moment(cursor):
    """Parses one time: returns (nanoseconds, whether it is relative), or None if no time comes next."""
    relative = cursor.take("+")
    cursor.skip()
    found = TIME.match(cursor.text, cursor.position)
    if not found:
        if relative:
            raise cursor.error(f"a number of seconds expected after `+`, here is {cursor.glimpse()}")
        return None
    cursor.position = found.end()
    whole, _, part = found.group().partition(".")
    if len(whole.lstrip("0")) > SECONDS_DIGITS:
        raise cursor.error("a time of more than 30 years", found.start())
    return int(whole or 0) * NS + int((part + "0" * 9)[:9] or 0), relative


def parse_when(cursor):
    """Parses an event's time; returns a When, or None if no time comes next."""
    if cursor.take("*"):
        return When(any=True, relative=True)
    cursor.skip()
    at = cursor.position
    first = _moment(cursor)
    if first is None:
        return None
    when = When(start=first[0], relative=first[1])
    if cursor.take("..."):
        when.blocking = True
    elif not cursor.take("~"):
        return when
    second = _moment(cursor)
    if second is None:
        raise cursor.error(f"the time of the end expected, here is {cursor.glimpse()}")
    if second[1] and not first[1]:
        raise cursor.error("an end that is relative, of a start that is not", at)
    if when.blocking is False and first[1] != second[1]:
        raise cursor.error("a range of one relative and one absolute time", at)
    when.end = second[0]
    if when.end < when.start:
        raise cursor.error("it ends before it starts", at)
    return when


def _shell(cursor):
    line = cursor.line()
    found = cursor.match(BACKTICK)
    if not found:
        raise cursor.error("a command without its closing backtick")
    return Shell(found.group(1), line)


def _snippet(cursor):
    cursor.skip()
    at = cursor.position
    found = cursor.match(SNIPPET)
    if not found:
        raise cursor.error("a snippet without its `}%`")
    line = cursor.where(at)[0]
    try:
        compiled(found.group(1), cursor.path, line)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        wrong = getattr(error, "lineno", None) or line
        raise cursor.error(f"no Python: {getattr(error, 'msg', error)}",
                           max(at, cursor.beginning(wrong))) from None
    return Snippet(found.group(1), line)


def _event(cursor, when, at):
    if cursor.take("<"):
        what = parse_packet(cursor, outbound=False)
    elif cursor.take(">"):
        what = parse_packet(cursor, outbound=True)
    elif cursor.peek("`"):
        what = _shell(cursor)
    elif cursor.peek("%{"):
        what = _snippet(cursor)
    else:
        what = parse_call(cursor)
    outbound = getattr(what, "outbound", False)
    if (when.any or (when.end is not None and not when.blocking)) and not outbound:
        raise cursor.error("only a packet that is sent may come at any time, or within a range", at)
    if when.blocking and not hasattr(what, "arguments"):
        raise cursor.error("only a system call has a time at which it ends", at)
    source = " ".join(cursor.text[at:cursor.position].split())
    return Event(cursor.where(at)[0], when, what, source)


def parse(path, text, defines=None):
    """Parses @text and returns a Script; raises ScriptError, with the position, for a syntax error."""
    words = dict(DEFINES)
    words.update(defines or {})
    cursor = Cursor(path, text, words)
    script = Script(path, parse_options(cursor), [], [], [])
    last = 0
    while not cursor.at_end():
        at = cursor.position
        if cursor.peek("`"):
            (script.after if script.events else script.before).append(_shell(cursor))
            continue
        if cursor.peek("--"):
            raise cursor.error("an option behind the first event or command")
        when = parse_when(cursor)
        if when is None:
            raise cursor.error(f"a time expected, here is {cursor.glimpse()}")
        if script.after:
            raise cursor.error("an event behind the commands that clean up", at)
        if not when.relative:
            if when.start < last:
                raise cursor.error("an absolute time that goes back", at)
            last = when.start
        script.events.append(_event(cursor, when, at))
    if not script.events and not script.before:
        raise cursor.error("a script without an event")
    return script


__all__ = ["parse", "parse_options", "convert_option", "OPTIONS", "IGNORED", "ScriptError"]
