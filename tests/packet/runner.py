# SPDX-License-Identifier: MIT
"""Plays a script: its events in order, each at its time.  Compares the kernel's packets and the results of
system calls with the script.

suite.py calls Play.run() in a child process.  As in packetdrill, a relative time counts from the end of the
event before; the event of a packet from the kernel ends when the packet is seen.
"""
import struct

from compare import (absorb, describe_expected, describe_seen, differences, seconds, tolerance_ns)
from flow import CHILD, CONNECTING, LISTENING, Flow, Isn, NoTimestamp
from messages import BadStruct
from packets import TCP, build_icmp, build_tcp, ip_header, option_length, read_packet
from parse_packet import option_bytes
from script import NS, Call, IcmpPacket, Shell, Snippet, TcpPacket
from shell import Skip, plan
from symbols import ERRNOS, NUMBERS, SYMBOLS, errno_name
from syscalls import RETURNS_FD, BadCall, Calls, buffer
from tcpinfo import Snippets, decode

PATIENCE = 2 * NS            # how long to wait for a packet after the end of its tolerance
ANY_PATIENCE = 3600 * NS     # the same for a packet that may come at any time (`*`)
CALL_PATIENCE = 600 * NS     # how long a call without `...` in its time may take
FIRST_PORT = 36000           # remote ports are the numbers above it, a new one for each connection
IP_TCP_HEADERS = 40
INFO_ROOM = 512
CLOCK_GETTIME, CLOCK_REALTIME = 228, 0
QUOTED = 8                   # bytes of TCP that an ICMP error quotes (RFC 792)


def segment_size(options, option_bytes):
    """Returns the largest number of bytes that one packet to the kernel carries. More bytes become a GSO packet with
    this gso_size."""
    return options["mss"] or options["mtu"] - IP_TCP_HEADERS - option_bytes


def has_large(script, options):
    """Returns whether the script has a packet to the kernel that must be a GSO packet."""
    return any(isinstance(e.what, TcpPacket) and not e.what.outbound and
               e.what.length > segment_size(options, sum(map(option_bytes, e.what.options))) for e in script.events)


class Failed(Exception):
    """The kernel did not behave as the script expects.  what: the difference; lines: details for the user."""

    def __init__(self, what, *lines):
        self.what, self.lines = what, lines
        super().__init__(what)


class Blocked:
    """A blocking call that has not returned yet; end: when it should return (ns)."""

    def __init__(self, event, prepared, ticket, end, tolerance):
        self.event, self.prepared, self.ticket = event, prepared, ticket
        self.end, self.tolerance = end, tolerance


class Play:
    """Plays one script on one machine."""

    def __init__(self, script, options, machine, rules=None):
        self.script, self.options, self.machine = script, options, machine
        self.rules = dict(options, **(rules or {}))
        self.local_ip, self.remote_ip = machine.local_ip, machine.remote_ip
        self.flows, self.under_test = [], None
        self.calls = Calls(self)
        self.blocked = None
        self.snippets = Snippets(script.path)
        self.notes = []
        self.ports = 0
        self.event = None
        self.start = self.base = self.scheduled = machine.now()
        self.first_isn = None    # the kernel's initial sequence number in the first connection

    # ---- events ---------------------------------------------------------------------------------------

    def run(self):
        """Plays the script; returns if the kernel behaved as expected, otherwise raises Failed.  Raises Skip if the
        machine lacks something that the script needs, BadCommand for an invalid shell line."""
        try:
            for shell in self.script.before:
                self._shell(shell)
            self.start = self.base = self.scheduled = self.machine.now()
            for self.event in self.script.events:
                try:
                    self._event(self.event)
                except Failed as failed:
                    if not self._forgiven(self.event.what):
                        raise
                    self.notes += [f"line {self.event.line}: {failed.what}", *failed.lines]
                    self.base = self.machine.now()
            self._finish_blocked()
            said, self.event = self.snippets.run(), None
            if said:
                raise Failed(said)
        finally:
            # Shell lines behind the events restore settings.  A virtual machine needs none: its process ends now.
            if not self.machine.virtual:
                self.machine.finish([shell.text for shell in self.script.after])
        complaint = self.machine.complaint()
        if complaint:
            raise Failed(complaint)

    def _forgiven(self, what):
        """Returns whether --non_fatal=packet,syscall covers this kind of event."""
        kind = "syscall" if isinstance(what, Call) else \
            "packet" if getattr(what, "outbound", False) else None
        return kind in self.options["non_fatal"].split(",")

    def _event(self, event):
        when = event.when
        origin = self.base if when.relative else self.start
        expected = origin + when.start
        gap = expected - self.scheduled if not when.relative else when.start
        what = event.what
        if getattr(what, "outbound", False):
            self._sent(event, what, expected, origin, gap)
        else:
            if isinstance(what, Call):
                self._finish_blocked()
                self.event = event
            self._wait(event, expected, gap)
            if isinstance(what, TcpPacket):
                self._receive(what)
            elif isinstance(what, IcmpPacket):
                self._receive_icmp(what)
            elif isinstance(what, Call):
                self._call(event, what, origin, expected)
            elif isinstance(what, Shell):
                self._shell(what)
            elif isinstance(what, Snippet):
                self._snippet(event, what)
        self.base = self.machine.now()
        if isinstance(what, (TcpPacket, IcmpPacket)) and not what.outbound:
            self.base = min(self.base, expected) if self._next_is_inbound(event) else self.base
        self.scheduled = expected

    def _next_is_inbound(self, event):
        at = self.script.events.index(event) + 1
        following = self.script.events[at:at + 1]
        return bool(following) and getattr(following[0].what, "outbound", None) is False

    def _wait(self, event, expected, gap):
        self.machine.advance(expected)
        late = self.machine.now() - expected
        if late > tolerance_ns(self.rules, gap):
            raise Failed(f"it was to happen at {seconds(expected - self.start)}, but the event before "
                         f"ended at {seconds(self.machine.now() - self.start)}", event.source)

    def _shell(self, shell):
        for action in plan(shell, {}, self.script.path):
            note = action(self.machine)
            if note:
                self.notes.append(note)

    def _snippet(self, event, what):
        if self.under_test is None or self.under_test.fd is None:
            raise Failed("a snippet without a socket to look at", event.source)
        data, size = buffer(INFO_ROOM), buffer(INFO_ROOM.to_bytes(4, "little"))
        result = self.machine.call(NUMBERS["getsockopt"], self.under_test.fd, SYMBOLS["SOL_TCP"],
                                   SYMBOLS["TCP_INFO"], data, size)
        if result != 0:
            raise Failed(f"getsockopt(TCP_INFO): {errno_name(-(result or 0))}", event.source)
        self.snippets.add(what.line, what.text, decode(data.raw[:int.from_bytes(size.raw, "little")]))

    def time_difference(self, wanted, got):
        """Compares @wanted, a time of the script, with @got, a time of day of the kernel, both in ns; returns a list of
        texts."""
        raw = buffer(16)
        self.machine.call(CLOCK_GETTIME, CLOCK_REALTIME, raw)
        real = struct.unpack("<qq", raw.raw)
        actual = got - (real[0] * NS + real[1] - self.machine.now()) - self.start
        if abs(actual - wanted) <= tolerance_ns(self.rules, 0):
            return []
        return [f"the time is {seconds(actual)}, not {seconds(wanted)}"]

    # ---- packets to the kernel --------------------------------------------------------------------------

    def _fresh_port(self):
        self.ports += 1
        return FIRST_PORT + self.ports

    def _child(self, packet):
        """Creates and returns the Flow for a SYN that the script sends to a listener."""
        listener = next((f for f in reversed(self.flows) if f.state == LISTENING), None)
        child = Flow(CHILD, self.local_ip, self.remote_ip,
                     listener.local_port if listener else self.options["bind_port"],
                     self._fresh_port(), script_ports=packet.ports)
        self._learn_remote(child, packet)
        self.flows.append(child)
        self.under_test = child
        return child

    def _learn_remote(self, flow, packet):
        flow.remote = Isn(packet.seq, (packet.seq + self.rules.get("remote_shift", 0)) % 2**32,
                                True)

    def _flow_for(self, packet):
        """Returns the Flow to which a packet of the script belongs: by its ports, else the latest connection."""
        if packet.ports:
            remote, local = packet.ports[::-1] if packet.outbound else packet.ports
            for flow in reversed(self.flows):
                if flow.script_ports == (remote, local):
                    return flow
            if not packet.outbound and any(f.state == LISTENING for f in self.flows):
                return self._child(packet)
        flow = self.under_test
        if flow is None:
            raise Failed("a packet without a socket that it could belong to", self.event.source)
        if not packet.outbound and flow.state == LISTENING:
            return self._child(packet)
        return flow

    def _receive(self, packet):
        flow = self._flow_for(packet)
        if flow.state == CONNECTING and "S" in packet.flags and not flow.remote.known:
            self._learn_remote(flow, packet)
        scaled = self.options["tcp_ts_tick_usecs"] if self.options["tcp_ts_ecr_scaled"] else None
        try:
            live, options = flow.live_inbound(packet, scaled)
        except NoTimestamp as error:
            raise Failed(str(error), self.event.source) from None
        size = segment_size(self.options, option_length(options))
        large = live.length > size
        packet = build_tcp(flow.remote_ip, flow.local_ip, live, options, live.length, large)
        if large:
            self.machine.inject_large(packet, size)
        else:
            self.machine.inject([packet])

    def _receive_icmp(self, packet):
        flow = self._flow_for(packet)
        seq, length = packet.quote or (0, 0)
        # A quoted relative number of 0 means the SYN: the relative numbers of data begin with 1.
        live = (seq + flow.local.offset(False)) % 2**32
        tcp = flow.local_port.to_bytes(2, "big") + flow.remote_port.to_bytes(2, "big") + \
            live.to_bytes(4, "big")
        quote = ip_header(flow.local_ip, flow.remote_ip, TCP, 20 + length) + tcp[:QUOTED]
        self.machine.inject([build_icmp(flow.remote_ip, flow.local_ip, packet, quote)])

    # ---- packets from the kernel --------------------------------------------------------------------------

    def _next(self, flow, until):
        """Runs the kernel until it sends a packet of @flow, and returns that packet; None if there is none until
        the time @until."""
        while True:
            while self.machine.packets:
                seen = read_packet(*self.machine.packets.popleft())
                if seen is not None and seen.proto == TCP and flow.sent(seen):
                    return seen
            if not self.machine.advance(until, lambda: bool(self.machine.packets)):
                return None

    def _whole(self, flow, packet, until):
        """Returns the next packet of @flow and a note for messages.  If the script's @packet is longer, joins the
        following packets to it: the script may describe several segments as one packet."""
        seen = self._next(flow, until)
        if seen is None:
            return None, ""
        if self.options["strict_segments"] or "S" in packet.flags:
            return seen, ""
        size, pieces = len(seen.payload), 1
        while size and len(seen.payload) < packet.length:
            piece = self._next(flow, until)
            if piece is None:
                return seen, f"(of {pieces} packets; no more came)"
            whole = absorb(seen, piece, size)
            if whole is None:
                return seen, f"(of {pieces} packets; {describe_seen(piece, flow)} does not continue them)"
            seen, pieces = whole, pieces + 1
        return seen, f"(of {pieces} packets)" if pieces > 1 else ""

    def _sent(self, event, packet, expected, origin, gap):
        if isinstance(packet, IcmpPacket):
            raise Skip("ICMP packets that the kernel sends")
        flow = self._flow_for(packet)
        latest = expected
        if event.when.end is not None:
            latest = origin + event.when.end
        tolerance = tolerance_ns(self.rules, gap)
        patience = ANY_PATIENCE if event.when.any else PATIENCE
        seen, note = self._whole(flow, packet, latest + tolerance + patience)
        times = f"{seconds(expected - self.start)}"
        if event.when.end is not None:
            times += f"~{seconds(latest - self.start)}"
        want = f"expected {'*' if event.when.any else times:>10} > {describe_expected(packet)}"
        if seen is None:
            raise Failed("no packet was sent", want, "actual            > nothing until "
                         f"{seconds(self.machine.now() - self.start)}")
        if "S" in seen.flags and not flow.local.known:
            flow.local = Isn(packet.seq, seen.seq, True)
            self.first_isn = seen.seq if self.first_isn is None else self.first_isn
        wrong = differences(packet, seen, flow, self.rules)
        if not event.when.any:
            for late, by in (("late", seen.time - latest), ("early", expected - seen.time)):
                if by > tolerance:
                    wrong.append(f"{by / 1e6:.3f} ms too {late} (tolerance {tolerance / 1e6:.3f})")
        if wrong:
            got = f"actual   {seconds(seen.time - self.start):>10} > {describe_seen(seen, flow)} {note}"
            raise Failed("; ".join(wrong), want, got.rstrip())

    # ---- system calls ----------------------------------------------------------------------------------------

    def _call(self, event, call, origin, expected):
        try:
            prepared = self.calls.prepare(call)
        except BadCall as error:
            raise Failed(str(error), event.source) from None
        ticket = self.machine.submit(prepared.number, prepared.arguments, prepared.keep)
        self._learn_local(prepared.number, prepared.arguments[0])
        if event.when.blocking:
            end = origin + event.when.end
            self.blocked = Blocked(event, prepared, ticket, end,
                                   tolerance_ns(self.rules, end - expected))
            return
        if not self.machine.advance(expected + CALL_PATIENCE if ticket.result is None else
                                    self.machine.now(), lambda: ticket.result is not None):
            raise Failed(f"the call did not come back within {CALL_PATIENCE // NS} s", event.source)
        self._came_back(event, call, prepared, ticket.result)

    def _learn_local(self, number, fd):
        """Stores the local address and port in the Flow. The kernel has chosen them when connect() was called, even if
        connect() still blocks."""
        flow = self.calls.flow_of(fd)
        if flow is None or flow.state != CONNECTING or flow.local.known or \
                number not in (NUMBERS["connect"], NUMBERS["sendto"], NUMBERS["sendmsg"]):
            return
        name, size = buffer(16), buffer((16).to_bytes(4, "little"))
        if self.machine.call(NUMBERS["getsockname"], fd, name, size) == 0:
            flow.local_port = int.from_bytes(name.raw[2:4], "big")
            flow.local_ip = ".".join(map(str, name.raw[4:8]))

    def _finish_blocked(self):
        """If a call is blocking, waits until it returns and checks the time and the result.  To be called before the
        next call starts."""
        if self.blocked is None:
            return
        b, self.blocked, self.event = self.blocked, None, self.blocked.event
        done = self.machine.advance(b.end + b.tolerance + PATIENCE,
                                    lambda: b.ticket.result is not None)
        if not done:
            raise Failed(f"the call is not back at {seconds(self.machine.now() - self.start)}, expected "
                         f"was {seconds(b.end - self.start)}", b.event.source)
        off = b.ticket.time - b.end
        if abs(off) > b.tolerance:
            raise Failed(f"the call came back at {seconds(b.ticket.time - self.start)}, "
                         f"{abs(off) / 1e6:.3f} ms too {'late' if off > 0 else 'early'} "
                         f"(tolerance {b.tolerance / 1e6:.3f})", b.event.source)
        self._came_back(b.event, b.event.what, b.prepared, b.ticket.result)

    def _came_back(self, event, call, prepared, result):
        want = "anything" if call.result is None else str(call.result)
        if call.errno:
            want += f" {call.errno}"
        got = str(result) if result >= 0 else f"-1 {errno_name(-result)}"
        lines = (event.source, f"expected = {want}", f"actual   = {got}")
        if call.result is not None and call.result < 0:
            if result >= 0 or (call.errno and -result != ERRNOS[call.errno]):
                raise Failed("the call's result", *lines)
            return
        if result < 0:
            if call.result is None:
                return
            raise Failed("the call's result", *lines)
        returns_fd = call.name in RETURNS_FD or (call.name == "fcntl" and "F_DUPFD" in event.source)
        if not returns_fd and call.result not in (None, result):
            raise Failed("the call's result", *lines)
        try:
            if returns_fd:
                self.calls.returned_fd(call, result)
            wrong = prepared.after(result) if prepared.after else []
        except (BadStruct, BadCall) as error:
            raise Failed(str(error), event.source) from None
        if wrong:
            raise Failed("; ".join(wrong), event.source)
