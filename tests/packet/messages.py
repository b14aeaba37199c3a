# SPDX-License-Identifier: MIT
"""Converts structures of a script's system calls to bytes and compares returned bytes with the script: iovec,
msghdr with control messages, linger, pollfd, epoll_event.

Used by syscalls.py.  The layouts are those of Linux x86-64.
"""
import ctypes
import struct

from script import Struct, Word
from symbols import SYMBOLS
from tcpinfo import decode

EPOLL_EVENT = 12    # packed: u32, u64
CMSG_HEADER = 16
CONTROL_ROOM = 512
NAME_ROOM = 128


def _number(value, fallback=0):
    if isinstance(value, Word):
        return value.value
    return value if isinstance(value, int) else fallback


def bits_text(value, prefix):
    """Returns the flags in @value as text: the symbols that begin with @prefix, for example POLLIN|POLLOUT for 5."""
    out, rest = [], value
    for name, bit in SYMBOLS.items():
        if name.startswith(prefix) and bit and bit & (bit - 1) == 0 and rest & bit:
            out.append(name)
            rest &= ~bit
    if rest:
        out.append(hex(rest))
    return "|".join(out) or "0"


def poll_text(value):
    """Returns the events of poll() as text."""
    return bits_text(value & 0xffff, "POLL")


# ---- values of socket options ------------------------------------------------------------------------

_OPTION_STRUCTS = (
    (("onoff", "linger"), "<ii"),
    (("l_onoff", "l_linger"), "<ii"),
    (("tv_sec", "tv_usec"), "<qq"),
    (("sec", "usec"), "<qq"),
)


class BadStruct(Exception):
    """Raised if the fields of a struct in the script belong to no structure that the call accepts."""


def _option_layout(value):
    names = tuple(f.name for f in value.fields)
    for known, layout in _OPTION_STRUCTS:
        if names == known:
            return known, layout
    if names == (None, None):       # struct linger without its names
        return None, "<ii"
    raise BadStruct(f"no structure with the fields {', '.join(map(str, names))}")


def option_struct(value):
    """Returns a struct of setsockopt(), for example {onoff=1, linger=0}, as bytes."""
    _, layout = _option_layout(value)
    return struct.pack(layout, *(_number(f.value) for f in value.fields))


def option_struct_differences(value, got):
    """Returns a list of texts: the differences between @got (bytes from getsockopt()) and the script's @value."""
    names, layout = _option_layout(value)
    size = struct.calcsize(layout)
    if len(got) < size:
        return [f"the option has {len(got)} bytes, not {size}"]
    out = []
    for i, (f, actual) in enumerate(zip(value.fields, struct.unpack(layout, got[:size]))):
        if f.value is not Ellipsis and _number(f.value) != actual:
            name = names[i] if names else i
            out.append(f"the option's {name} is {actual}, not {_number(f.value)}")
    return out


def info_differences(value, got):
    """Returns the differences between struct tcp_info in @got and the fields that the script names."""
    info, out = decode(got), []
    for f in value.fields:
        if f.name not in info:
            raise BadStruct(f"struct tcp_info has no {f.name}")
        if f.value is not Ellipsis and info[f.name] != _number(f.value):
            out.append(f"{f.name} is {info[f.name]}, not {_number(f.value)}")
    return out


# ---- scatter and gather ---------------------------------------------------------------------------------

def iovec(vector):
    """Converts a script's [{..., 100}, ...]: returns an array of struct iovec as bytes, and its buffers."""
    keep, out = [], b""
    for entry in vector:
        values = [f.value for f in entry.fields] if isinstance(entry, Struct) else [Ellipsis, entry]
        size = _number(values[-1])
        null = isinstance(values[0], Word) and values[0].text == "NULL"
        data = ctypes.create_string_buffer(max(size, 1))
        keep.append(data)
        out += struct.pack("<QQ", 0 if null else ctypes.addressof(data), size)
    return out or bytes(16), keep


class Message:
    """The struct msghdr of one sendmsg() or recvmsg()."""

    def __init__(self, message, receive, name):
        self.message = message
        vector = message.get("msg_iov", [])
        iov, self.keep = iovec(vector if isinstance(vector, list) else [])
        self.iov = ctypes.create_string_buffer(iov, len(iov))
        self.name = ctypes.create_string_buffer(name.ljust(NAME_ROOM, b"\0"), NAME_ROOM)
        control = b"" if receive else b"".join(map(self._cmsg, self._wanted()))
        room = CONTROL_ROOM if receive else len(control)
        self.control = ctypes.create_string_buffer(control, max(room, 1))
        at = ctypes.addressof
        name_size = NAME_ROOM if receive else len(name)
        self.header = ctypes.create_string_buffer(struct.pack(
            "<QIxxxxQQQQixxxx", at(self.name) if name_size else 0, name_size,
            at(self.iov), len(vector) if isinstance(vector, list) else 0,
            at(self.control) if room else 0, room, _number(message.get("msg_flags"))), 56)
        self.keep += [self.iov, self.name, self.control]

    def _wanted(self):
        control = self.message.get("msg_control")
        return control if isinstance(control, list) else []

    def _cmsg(self, wanted):
        data = wanted.get("cmsg_data", 0)
        body = struct.pack("<I", _number(data) & 2**32 - 1)
        head = struct.pack("<Qii", CMSG_HEADER + len(body), _number(wanted.get("cmsg_level")),
                           _number(wanted.get("cmsg_type")))
        return (head + body).ljust(24, b"\0")

    def _received(self):
        size = struct.unpack_from("<Q", self.header.raw, 40)[0]
        raw, at, out = self.control.raw[:size], 0, []
        while at + CMSG_HEADER <= len(raw):
            length, level, kind = struct.unpack_from("<Qii", raw, at)
            if length < CMSG_HEADER:
                break
            out.append((level, kind, raw[at + CMSG_HEADER:at + length]))
            at += (length + 7) & ~7
        return out

    def differences(self, time_difference):
        """Returns a list of texts: the differences of the returned flags and control messages from the script.
        time_difference(wanted, got) compares a time of the script (ns) with a time of day of the kernel."""
        out = []
        flags = self.message.get("msg_flags")
        got_flags = struct.unpack_from("<i", self.header.raw, 48)[0]
        if flags is not None and flags is not Ellipsis and _number(flags) != got_flags:
            out.append(f"msg_flags is {bits_text(got_flags, 'MSG_')}, "
                       f"not {bits_text(_number(flags), 'MSG_')}")
        control = self.message.get("msg_control")
        if control is None or control is Ellipsis:
            return out
        got = self._received()
        if len(got) != len(self._wanted()):
            out.append(f"{len(got)} control messages, not {len(self._wanted())}")
        for wanted, (level, kind, data) in zip(self._wanted(), got):
            for name, actual in (("cmsg_level", level), ("cmsg_type", kind)):
                if _number(wanted.get(name)) != actual:
                    out.append(f"{name} is {actual}, not {_number(wanted.get(name))}")
            out += _data_differences(wanted.get("cmsg_data"), data, time_difference)
        return out


_ERROR_FIELDS = {"ee_errno": ("<I", 0), "ee_origin": ("<B", 4), "ee_type": ("<B", 5), "ee_code": ("<B", 6),
                 "ee_info": ("<I", 8), "ee_data": ("<I", 12)}


# {(name of the field of seconds, name of the smaller field): nanoseconds in one unit of the smaller field}
_TIME_FIELDS = {("scm_sec", "scm_nsec"): 1, ("tv_sec", "tv_nsec"): 1, ("tv_sec", "tv_usec"): 1000}


def _data_differences(wanted, data, time_difference):
    if wanted is None or wanted is Ellipsis:
        return []
    if not isinstance(wanted, Struct):
        got = int.from_bytes(data[:4], "little")
        return [] if got == _number(wanted) & 2**32 - 1 else [f"cmsg_data is {got}, "
                                                             f"not {_number(wanted)}"]
    unit = _TIME_FIELDS.get(tuple(f.name for f in wanted.fields))
    if unit:
        if len(data) < 16:
            return [f"a time of {len(data)} bytes"]
        second, part = (_number(f.value) for f in wanted.fields)
        got_second, got_part = struct.unpack_from("<qq", data)
        return time_difference(second * 10**9 + part * unit, got_second * 10**9 + got_part * unit)
    out = []
    for f in wanted.fields:
        if f.value is Ellipsis:
            continue
        if f.name not in _ERROR_FIELDS:
            out.append(f"{f.name} is not compared")
            continue
        layout, at = _ERROR_FIELDS[f.name]
        got = struct.unpack_from(layout, data, at)[0] if len(data) >= at + 4 else None
        if got != _number(f.value):
            out.append(f"{f.name} is {got}, not {_number(f.value)}")
    return out


# ---- epoll ----------------------------------------------------------------------------------------------

def _epoll_data(event):
    for name in ("fd", "u32", "u64", "ptr"):
        if event.get(name) is not None:
            return _number(event.get(name)) & 2**64 - 1
    return 0


def epoll_event(event):
    """Returns {events=EPOLLIN, fd=4} as struct epoll_event.  Its data is the number in the script: the kernel
    returns it unchanged."""
    return struct.pack("<IQ", _number(event.get("events")) & 2**32 - 1, _epoll_data(event))


def epoll_differences(wanted, raw, count):
    """Returns a list of texts: the differences between the returned events and those of the script."""
    out = []
    for i, event in enumerate(wanted[:count]):
        events, data = struct.unpack_from("<IQ", raw, EPOLL_EVENT * i)
        if event.get("events") is not None and events != _number(event.get("events")) & 2**32 - 1:
            out.append(f"events is {bits_text(events, 'EPOLL')}, "
                       f"not {bits_text(_number(event.get('events')), 'EPOLL')}")
        if data != _epoll_data(event):
            out.append(f"the event's data is {data}, not {_epoll_data(event)}")
    return out
