# SPDX-License-Identifier: MIT
"""Prepares the system calls of a script, and compares their results with the script.

runner.py calls prepare().  Each call_*() takes the arguments of the script's call and returns a Prepared: the
call's number, its arguments as numbers and buffers, and a function that checks what the call returned in
buffers.  The layouts are those of Linux x86-64.
"""
import ctypes
import struct
from dataclasses import dataclass, field

import messages
from flow import CHILD, CONNECTING, LISTENING, NEW, Flow
from script import Address, Struct, Word
from symbols import NUMBERS, SYMBOLS

SOL_SOCKET, SO_LINGER, SO_RCVTIMEO, SO_SNDTIMEO = 1, 13, 20, 21
SOCKADDR_STORAGE = 128
RETURNS_FD = {"socket", "accept", "accept4", "open", "epoll_create", "epoll_create1"}


class BadCall(Exception):
    """Raised for a call that no program could make, or that the interpreter does not know; the text is the error."""


@dataclass
class Prepared:
    """A call that can be made.  keep: buffers that must stay allocated until it returns; after(result): returns a
    list of differences from the script, called only if the call succeeded."""
    number: int
    arguments: list
    keep: list = field(default_factory=list)
    after: object = None


def buffer(data):
    """Returns a buffer with the bytes @data or, if @data is a number, an empty buffer of @data bytes; for None
    and 0 returns 0 (NULL)."""
    if data is None or data == 0:
        return 0
    if isinstance(data, int):
        return ctypes.create_string_buffer(data)
    return ctypes.create_string_buffer(bytes(data), len(data))


def number(value, what="a number"):
    """Returns the number of an int, a symbol, or a list of one of them; raises BadCall for other values."""
    if isinstance(value, list) and len(value) == 1:
        return number(value[0], what)
    if isinstance(value, Word):
        return value.value
    if isinstance(value, int):
        return value
    raise BadCall(f"{what} expected")


def same_count(listed, count, what):
    """Returns @count, the script's number of elements.  Raises BadCall if the list @listed has another length:
    the kernel would read behind its end."""
    if isinstance(listed, list) and number(count) != len(listed):
        raise BadCall(f"{what} says {number(count)}, but {len(listed)} are listed")
    return number(count)


def is_null(value):
    """Returns whether the script has NULL here."""
    return isinstance(value, Word) and value.text == "NULL"


def sockaddr(family, ip, port):
    """Returns a struct sockaddr_in as bytes."""
    return struct.pack("<H", family) + struct.pack(">H", port) + bytes(
        int(part) for part in ip.split(".")) + bytes(8)


class Calls:
    """The system calls and file descriptors of one play."""

    def __init__(self, play):
        self.play = play
        self.fds = {}      # {script's descriptor: the kernel's}; a closed one stays, so that its later use fails
        self.open = set()  # the script's numbers of open descriptors
        self.pinned = []   # buffers of MSG_ZEROCOPY writes: Linux reads them for each transmission of their data

    def prepare(self, call):
        """Returns a Prepared for @call; raises BadCall."""
        method = getattr(self, "call_" + call.name, None)
        if method is None:
            raise BadCall(f"{call.name}() is not known here")
        try:
            return method(call, *call.arguments)
        except messages.BadStruct as error:
            raise BadCall(str(error)) from None
        except (struct.error, MemoryError, OverflowError) as error:
            raise BadCall(f"a number is too large: {error}") from None
        except TypeError as error:
            if "positional argument" in str(error):
                raise BadCall(f"{call.name}() with {len(call.arguments)} arguments") from None
            raise

    def fd(self, value):
        """Returns the kernel's number for a descriptor of the script.  A number that no call returned to the script
        is passed to the kernel unchanged."""
        script = number(value, "a file descriptor")
        return self.fds.get(script, script)

    def returned_fd(self, call, live):
        """Records that the call returned the descriptor @live, which is @call.result in the script."""
        if call.result is not None:
            self.named(call, call.result, live)

    def named(self, call, script, live):
        """From now on the script's descriptor @script is the kernel's @live; raises BadCall if the script has an open
        descriptor of that number already."""
        if script in self.open:
            raise BadCall(f"{call.name}() returns {script}, which is open")
        self.fds[script] = live
        self.open.add(script)

    # ---- sockets -----------------------------------------------------------------------------------

    def call_socket(self, call, family, kind, protocol):
        domain = SYMBOLS["AF_INET"] if family is Ellipsis else number(family)

        def after(result):
            flow = Flow(NEW, local_ip=self.play.local_ip, remote_ip=self.play.remote_ip, fd=result)
            self.play.flows.append(flow)
            self.play.under_test = flow
            return []
        return Prepared(NUMBERS["socket"], [domain, number(kind), number(protocol)], after=after)

    def flow_of(self, live_fd):
        """Returns the Flow of the latest socket with the kernel's descriptor @live_fd, or None."""
        return next((f for f in reversed(self.play.flows) if f.fd == live_fd), None)

    def _address(self, value, length, default_port, default_ip):
        """Converts a socket address of the script to (family, port, ip, bytes or 0 for NULL, length).  `...` means
        @default_port and @default_ip."""
        if is_null(value):
            return 2, 0, "0.0.0.0", 0, number(length) if length is not Ellipsis else 0
        if isinstance(value, Address):
            family, port, ip = value.family, value.port, value.ip
            if family == SYMBOLS["AF_INET6"]:
                raise BadCall("an IPv6 address")
        elif value is Ellipsis:
            family, port, ip = 2, default_port, default_ip
        elif isinstance(value, Word) and value.text.startswith(("AF_", "PF_")):
            family, port, ip = value.value, 0, "0.0.0.0"
        else:
            raise BadCall("an address, `...` or NULL expected")
        data = sockaddr(family, ip, port)
        return family, port, ip, data, len(data) if length is Ellipsis else number(length)

    def call_bind(self, call, fd, address, length):
        live = self.fd(fd)
        _, port, _, data, size = self._address(address, length, self.play.options["bind_port"],
                                               self.play.local_ip)

        def after(_):
            flow = self.flow_of(live)
            if flow:
                flow.local_port = port
            return []
        return Prepared(NUMBERS["bind"], [live, buffer(data), size], after=after)

    def call_listen(self, call, fd, backlog):
        live = self.fd(fd)

        def after(_):
            flow = self.flow_of(live)
            if flow:
                flow.state = LISTENING
            return []
        return Prepared(NUMBERS["listen"], [live, number(backlog)], after=after)

    def connecting(self, live, family, ip, port):
        """Records the peer's address before the call is made, because the SYN may be sent before the call returns."""
        flow = self.flow_of(live)
        if flow and family == 2 and flow.state == NEW:
            flow.state, flow.remote_ip, flow.remote_port = CONNECTING, ip, port

    def call_connect(self, call, fd, address, length):
        live = self.fd(fd)
        family, port, ip, data, size = self._address(
            address, length, self.play.options["connect_port"], self.play.remote_ip)
        self.connecting(live, family, ip, port)
        return Prepared(NUMBERS["connect"], [live, buffer(data), size])

    def _accept(self, call, fd, address, length, flags):
        name = buffer(SOCKADDR_STORAGE)
        size = buffer(struct.pack("<i", SOCKADDR_STORAGE))

        def after(result):
            port = int.from_bytes(name.raw[2:4], "big")
            child = next((f for f in self.play.flows if f.state == CHILD and f.remote_port == port
                          and f.fd is None), None)
            if child:
                child.fd = result
                self.play.under_test = child
            return []
        arguments = [self.fd(fd), name, size]
        if flags is None:
            return Prepared(NUMBERS["accept"], arguments, after=after)
        return Prepared(NUMBERS["accept4"], arguments + [number(flags)], after=after)

    def call_accept(self, call, fd, address, length):
        return self._accept(call, fd, address, length, None)

    def call_accept4(self, call, fd, address, length, flags):
        return self._accept(call, fd, address, length, flags)

    def call_shutdown(self, call, fd, how):
        return Prepared(NUMBERS["shutdown"], [self.fd(fd), number(how)])

    def call_close(self, call, fd):
        def after(_):
            self.open.discard(number(fd))
            return []
        return Prepared(NUMBERS["close"], [self.fd(fd)], after=after)

    def _names(self, call, fd):
        return Prepared(NUMBERS[call.name], [self.fd(fd), buffer(SOCKADDR_STORAGE),
                                             buffer(struct.pack("<i", SOCKADDR_STORAGE))])

    def call_getsockname(self, call, fd, address, length):
        return self._names(call, fd)

    def call_getpeername(self, call, fd, address, length):
        return self._names(call, fd)

    # ---- options ------------------------------------------------------------------------------------

    def call_setsockopt(self, call, fd, level, name, value, length):
        if isinstance(value, bytes):
            data = value
        elif isinstance(value, Struct):
            data = messages.option_struct(value)
        elif value is Ellipsis:
            data = bytes(max(number(length), 0))
        elif is_null(value):
            data = None
        else:
            data = struct.pack("<I", number(value) & 2**32 - 1)
        size = number(length) if length is not Ellipsis else len(data or b"")
        if data is not None and len(data) < size:
            data += bytes(size - len(data))
        return Prepared(NUMBERS["setsockopt"], [self.fd(fd), number(level), number(name), buffer(data),
                                                size])

    def call_getsockopt(self, call, fd, level, name, value, length):
        given = SOCKADDR_STORAGE * 4 if length is Ellipsis else number(length)
        data, size = buffer(max(given, SOCKADDR_STORAGE * 4)), buffer(struct.pack("<i", given))

        def after(_):
            out = []
            got_size = struct.unpack("<i", size.raw)[0]
            if length is not Ellipsis and got_size != given:
                out.append(f"the option's length is {got_size}, not {given}")
            got = data.raw[:max(got_size, 0)]
            if isinstance(value, bytes):
                if got.rstrip(b"\0") != value.rstrip(b"\0"):
                    out.append(f"the option is {got.rstrip(bytes(1))!r}, not {value!r}")
            elif isinstance(value, Struct):
                info = (number(level), number(name)) == (SYMBOLS["SOL_TCP"], SYMBOLS["TCP_INFO"])
                out += (messages.info_differences if info else
                        messages.option_struct_differences)(value, got)
            elif value is not Ellipsis and not is_null(value):
                want, actual = number(value), int.from_bytes(got[:4], "little", signed=True)
                if (want - actual) % 2**32:
                    out.append(f"the option's value is {actual}, not {want}")
            return out
        return Prepared(NUMBERS["getsockopt"], [self.fd(fd), number(level), number(name),
                                                0 if is_null(value) else data, size], after=after)

    # ---- bytes ----------------------------------------------------------------------------------------

    def _buffer(self, value, size):
        if is_null(value):
            return 0
        if isinstance(value, bytes):
            return buffer(value.ljust(max(size, 1), b"\0"))
        if value is not Ellipsis:
            raise BadCall("`...` or NULL expected for the bytes")
        return buffer(max(size, 1))

    def _bytes(self, call, fd, value, size, *rest):
        size = number(size)
        data = self._buffer(value, size)
        if rest and rest[0] & SYMBOLS["MSG_ZEROCOPY"]:
            self.pinned.append(data)
        return Prepared(NUMBERS[call.name], [self.fd(fd), data, size, *rest])

    def call_read(self, call, fd, value, size):
        return self._bytes(call, fd, value, size)

    def call_write(self, call, fd, value, size):
        return self._bytes(call, fd, value, size)

    def call_send(self, call, fd, value, size, flags):
        return self._bytes(call, fd, value, size, number(flags), 0, 0)

    def call_recv(self, call, fd, value, size, flags):
        return self._bytes(call, fd, value, size, number(flags), 0, 0)

    def call_sendto(self, call, fd, value, size, flags, address, length):
        family, port, ip, data, count = self._address(
            address, length, self.play.options["connect_port"], self.play.remote_ip)
        if number(flags) & SYMBOLS["MSG_FASTOPEN"]:
            self.connecting(self.fd(fd), family, ip, port)
        return self._bytes(call, fd, value, size, number(flags), buffer(data), count)

    def call_recvfrom(self, call, fd, value, size, flags, address, length):
        return self._bytes(call, fd, value, size, number(flags),
                           0 if is_null(address) else buffer(SOCKADDR_STORAGE),
                           0 if is_null(length) else buffer(struct.pack("<i", SOCKADDR_STORAGE)))

    def _vector(self, call, fd, vector, count):
        count = same_count(vector, count, "the count of the vector")
        iov, keep = messages.iovec(vector)
        return Prepared(NUMBERS[call.name], [self.fd(fd), buffer(iov), count], keep)

    def call_readv(self, call, fd, vector, count):
        return self._vector(call, fd, vector, count)

    def call_writev(self, call, fd, vector, count):
        return self._vector(call, fd, vector, count)

    def _message(self, call, fd, message, flags, receive):
        if not isinstance(message, Struct):
            raise BadCall("a message {msg_name(...)=..., ...} expected")
        for f in message.fields:
            if f.name == "msg_iov" and f.argument is not None and f.argument is not Ellipsis:
                same_count(f.value, f.argument, "msg_iov(...)")
        name = b""
        if not receive:
            at = message.get("msg_name", Ellipsis)
            if isinstance(at, Address) or (at is Ellipsis and
                                           number(flags) & SYMBOLS["MSG_FASTOPEN"]):
                family, port, ip, name, _ = self._address(
                    at, Ellipsis, self.play.options["connect_port"], self.play.remote_ip)
                self.connecting(self.fd(fd), family, ip, port)
        made = messages.Message(message, receive, name)
        if number(flags) & SYMBOLS["MSG_ZEROCOPY"]:
            self.pinned += made.keep
        return Prepared(NUMBERS[call.name], [self.fd(fd), made.header, number(flags)], made.keep,
                        (lambda _: made.differences(self.play.time_difference)) if receive else None)

    def call_sendmsg(self, call, fd, message, flags):
        return self._message(call, fd, message, flags, False)

    def call_recvmsg(self, call, fd, message, flags):
        return self._message(call, fd, message, flags, True)

    # ---- files ------------------------------------------------------------------------------------------

    def call_fcntl(self, call, fd, command, argument=0):
        return Prepared(NUMBERS["fcntl"], [self.fd(fd), number(command), number(argument)])

    def call_ioctl(self, call, fd, request, value):
        wanted = None if value is Ellipsis else number(value)
        data = buffer(struct.pack("<i", wanted or 0) + bytes(12))

        def after(_):
            got = struct.unpack_from("<i", data.raw)[0]
            if wanted is not None and got != wanted:
                return [f"the value is {got}, not {wanted}"]
            return []
        return Prepared(NUMBERS["ioctl"], [self.fd(fd), number(request),
                                           0 if is_null(value) else data], after=after)

    def call_poll(self, call, fds, count, timeout):
        want = [(number(s.get("fd")), number(s.get("events", 0)), number(s.get("revents", 0)))
                for s in (fds if isinstance(fds, list) else [])]
        data = buffer(b"".join(struct.pack("<ihh", self.fd(f), e, 0) for f, e, _ in want) or 0)

        def after(_):
            out = []
            for i, (script, _, revents) in enumerate(want):
                got = struct.unpack_from("<h", data.raw, 8 * i + 6)[0]
                if got != revents:
                    out.append(f"revents of {script} is {messages.poll_text(got)}, "
                               f"not {messages.poll_text(revents)}")
            return out
        return Prepared(NUMBERS["poll"], [data, same_count(fds, count, "the count of poll()"), number(timeout)],
                        after=after)

    def call_epoll_create(self, call, size):
        return Prepared(NUMBERS["epoll_create"], [number(size)])

    def call_epoll_create1(self, call, flags):
        return Prepared(NUMBERS["epoll_create1"], [number(flags)])

    def call_epoll_ctl(self, call, epfd, operation, fd, event):
        data = buffer(messages.epoll_event(event)) if isinstance(event, Struct) else 0
        return Prepared(NUMBERS["epoll_ctl"], [self.fd(epfd), number(operation), self.fd(fd), data])

    def call_epoll_wait(self, call, epfd, events, count, timeout):
        want = [events] if isinstance(events, Struct) else events if isinstance(events, list) else []
        data = buffer(messages.EPOLL_EVENT * max(number(count), 1))
        return Prepared(NUMBERS["epoll_wait"],
                        [self.fd(epfd), data, number(count), number(timeout)],
                        after=lambda result: messages.epoll_differences(want, data.raw, result))

    def call_pipe(self, call, fds):
        data = buffer(8)

        def after(_):
            for script, live in zip(map(number, fds), struct.unpack("<ii", data.raw)):
                self.named(call, script, live)
            return []
        return Prepared(NUMBERS["pipe"], [data], after=after)

    def call_open(self, call, path, flags, mode=0):
        if not isinstance(path, bytes):
            raise BadCall("a path expected")
        return Prepared(NUMBERS["open"], [buffer(path + b"\0"), number(flags), number(mode)])

    def _offset(self, value):
        if is_null(value) or value == 0:
            return 0
        return buffer(struct.pack("<q", number(value)))

    def call_splice(self, call, fd_in, off_in, fd_out, off_out, size, flags):
        return Prepared(NUMBERS["splice"], [self.fd(fd_in), self._offset(off_in), self.fd(fd_out),
                                            self._offset(off_out), number(size), number(flags)])

    def call_sendfile(self, call, fd_out, fd_in, offset, size):
        return Prepared(NUMBERS["sendfile"], [self.fd(fd_out), self.fd(fd_in), self._offset(offset),
                                              number(size)])
