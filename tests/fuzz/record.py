#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the first inputs of the fuzzers from other tests: the packet scripts and the table of malformed frames.

  tests/fuzz/record.py FOLDER         writes FOLDER/HARNESS/script-NUMBER for most harnesses

Plays all packet scripts on the hosted kernel (build/host/libsoftnet.so), and records the packets and calls.
A connection of a script becomes the flow FLOW_NEW or FLOW_CONNECTING of the harness, with the same offsets of
sequence numbers; the opcodes are those of tests/fuzz/harness.
"""
import collections
import ctypes
import json
import os
import re
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "packet"), os.path.join(ROOT, "tests", "wire")]
import hosted  # noqa: E402  pylint: disable=wrong-import-position
from suite import Suite  # noqa: E402  pylint: disable=wrong-import-position

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SEGMENT, DATA, ACKS, SLEEP, WRITE, READ, CLOSE, SHUTDOWN, ACCEPT, CONNECT, OPTION, UNREACHABLE, POLL, SYSCTL = range(14)
NEW, CONNECTING = 0, 3          # enum flow_name
PAUSES = [0, 10**6, 40 * 10**6, 200 * 10**6, 10**9, 3 * 10**9, 10**10, 6 * 10**10]
STEPS_MAX = 48
ETH_IP = hosted.MAC.to_bytes(6, "big") + hosted.OUR_MAC + b"\x08\x00"


# ---- playing the scripts -----------------------------------------------------------------------

def record(log, paths):
    """Plays the scripts; each child process appends its events to the file @log, a line of JSON each."""
    def write(machine, kind, *rest):
        os.write(log, (json.dumps([os.getpid(), machine.now(), kind, *rest]) + "\n").encode())

    inject, frame, submit = hosted.Machine.inject, hosted.Machine._frame, hosted.Machine.submit

    def injected(self, packets):
        for packet in packets:
            write(self, "in", bytes(packet).hex())
        inject(self, packets)

    def sent(self, data):
        if data[12:14] == b"\x08\x00":
            write(self, "out", data[14:].hex())
        return frame(self, data)

    def submitted(self, number, arguments, keep=()):
        ticket = submit(self, number, arguments, keep)
        write(self, "call", number, [a if isinstance(a, int) else ctypes.sizeof(a) if isinstance(a, ctypes.Array) else 0
                                     for a in arguments], ticket.result)
        return ticket

    hosted.Machine.inject, hosted.Machine._frame, hosted.Machine.submit = injected, sent, submitted
    suite = Suite()
    for path in paths:
        suite.play(path)


# ---- making inputs -----------------------------------------------------------------------------

class Tcp:
    """The fields of an IP packet with TCP."""

    def __init__(self, packet):
        ip = (packet[0] & 15) * 4
        self.tos = packet[1]
        self.sport, self.dport, self.seq, self.ack, offset, self.flags, self.window, _, self.urgent = \
            struct.unpack_from(">HHIIBBHHH", packet, ip)
        total = struct.unpack_from(">H", packet, 2)[0]
        self.options = packet[ip + 20:ip + (offset >> 4) * 4]
        self.len = max(0, total - ip - (offset >> 4) * 4)

    def end(self):
        """Returns the sequence number behind the segment."""
        return self.seq + self.len + bool(self.flags & SYN) + bool(self.flags & FIN) & 0xffffffff


def offset(n):
    """Returns the bytes that take_offset() of session.c reads as @n."""
    n = (n + 2**31) % 2**32 - 2**31
    if -64 < n < 64:
        return struct.pack("b", n)
    if 0 < n <= 64 * 1460 and n % 1460 == 0:
        return struct.pack("b", n // 1460 + 63)
    return struct.pack("<bI", -64, n & 0xffffffff)


def options_of(data):
    """Yields (kind, value) of each TCP option."""
    while data and data[0]:
        if data[0] == 1:
            data = data[1:]
            continue
        if len(data) < 2 or data[1] < 2:
            return
        yield data[0], data[2:data[1]]
        data = data[data[1]:]


def segment(flow, tcp, snd_nxt, rcv_nxt):
    """Returns OP_SEGMENT for a packet of a script."""
    found, tail = 0, {}
    for kind, value in options_of(tcp.options):
        if kind == 2 and len(value) == 2:
            found |= 4
            tail[0] = struct.pack("<H", int.from_bytes(value, "big"))
        elif kind == 3 and value:
            found |= 8
            tail[1] = value[:1]
        elif kind == 4:
            found |= 16
        elif kind == 8:
            found |= 1
        elif kind == 5:
            found |= 2
            blocks = [struct.unpack_from(">II", value, i) for i in range(0, len(value) - 7, 8)][:3]
            tail[2] = bytes([len(blocks) - 1]) if blocks else b"\0"
            for left, right in blocks:
                tail[2] += offset(rcv_nxt - left) + struct.pack("<H", (right - left) % 4096)
    return bytes([SEGMENT, flow, tcp.flags]) + offset(tcp.seq - snd_nxt) + \
        (offset(tcp.ack - rcv_nxt) if tcp.flags & ACK else b"\0") + \
        bytes([min(tcp.window // 257, 255), found, min(tcp.len // 5, 255)]) + b"".join(tail[k] for k in sorted(tail))


def pause(ns):
    """Returns OP_SLEEP for the time nearest to @ns."""
    return bytes([SLEEP, min(range(8), key=lambda i: abs(PAUSES[i] - ns))])


class Session:
    """Makes an input of session.c from the events of one script, one that has a single connection."""

    # The program's descriptors at the start: the listener, then those of flows 1, 2, 3, 5 and 6.
    FIRST_ACCEPTED, FD_CONNECTING = 6, 3

    def __init__(self):
        self.steps, self.fds, self.now = [], {}, None
        self.flow = None
        self.snd_nxt = self.rcv_nxt = 0
        self.accepted = self.FIRST_ACCEPTED

    def packet_in(self, packet):
        """Adds the step for a packet that the script sends to the kernel."""
        if packet[9] != 6 or len(packet) < 40:
            return
        tcp = Tcp(packet)
        if self.flow is None:
            self.flow = NEW
        if tcp.flags & SYN and not self.snd_nxt:
            self.snd_nxt = tcp.seq
        self.steps.append(segment(self.flow, tcp, self.snd_nxt, self.rcv_nxt))
        if tcp.seq == self.snd_nxt:
            self.snd_nxt = tcp.end()

    def packet_out(self, packet):
        """Takes a packet that the kernel sent: stores its sequence numbers, and adds a connect() for its first SYN."""
        if packet[9] != 6 or len(packet) < 40:
            return
        tcp = Tcp(packet)
        if self.flow is None:
            self.flow = CONNECTING
            self.steps.append(bytes([CONNECT, 1, 0]))
        if tcp.flags & SYN or (tcp.end() - self.rcv_nxt) % 2**32 < 2**31:
            self.rcv_nxt = tcp.end()

    def call(self, number, arguments, result):
        """Adds the step for a system call of the script."""
        nr = hosted.NR
        fd = arguments[0] if arguments else 0
        index = self.fds.get(fd, 0)
        if number in (nr.accept, nr.accept4):
            self.steps.append(bytes([ACCEPT]))
            if result is not None and result >= 0:
                self.fds[result] = self.accepted
                self.accepted += 1
        elif number == nr.connect:
            self.fds[fd] = self.FIRST_ACCEPTED
        elif number in (nr.write, nr.sendto):
            self.steps.append(bytes([WRITE, index]) + struct.pack("<HB", arguments[2] % 65536, 0))
        elif number in (nr.read, nr.recvfrom):
            self.steps.append(bytes([READ, index]) + struct.pack("<HB", arguments[2] % 65536, 0))
        elif number == nr.shutdown:
            self.steps.append(bytes([SHUTDOWN, index, arguments[1] % 3]))
        elif number == nr.close and index:
            self.steps.append(bytes([CLOSE, index]))

    def time(self, now):
        """Adds a pause if time has passed since the last event."""
        if self.now is not None and now - self.now >= 10**6:
            self.steps.append(pause(now - self.now))
        self.now = now

    def input(self):
        """Returns the bytes of the input."""
        return b"".join(self.steps[:STEPS_MAX])


def inputs_of(events):
    """Yields (harness, input) for the events of one script."""
    session = Session()
    options = []
    for now, kind, *rest in events:
        session.time(now)
        if kind == "call":
            session.call(*rest)
            continue
        packet = bytes.fromhex(rest[0])
        if kind == "out":
            session.packet_out(packet)
            continue
        session.packet_in(packet)
        yield "frame", b"\1" + ETH_IP + packet[:600]
        if packet[9] == 1:
            body = packet[(packet[0] & 15) * 4:]
            yield "icmp_arp", b"\0" + struct.pack("<H", len(body)) + body
        elif packet[9] == 6 and len(packet) >= 40:
            tcp = Tcp(packet)
            flow = NEW if tcp.flags & SYN and not tcp.flags & ACK else CONNECTING if tcp.flags & SYN else 1
            options.append(bytes([flow, bool(tcp.len), len(tcp.options) // 4]) + tcp.options)
    if options:
        yield "options", b"".join(options[:8])
    if session.steps:
        yield "session", session.input()
        for i in range(20):     # the same input behind a setting of set_sysctl(), chosen by the number of steps
            if len(session.steps) % 20 == i:
                yield "session", bytes([SYSCTL, i]) + session.input()


def malformed():
    """Yields inputs of frame.c: the bases of tests/unit/malformed.h with the changes of each row."""
    path = os.path.join(ROOT, "tests", "unit", "malformed.h")
    arp = bytes.fromhex("020000000001020000000002080600010800060400010200000000 02c0a80002000000000000c0a80001")
    ping = ETH_IP + bytes.fromhex("4500001c000000004001f98ec0a80002c0a800010800f7ff00000000")
    syn = ETH_IP + bytes.fromhex("4500002c000000004006f979c0a80002c0a80001c350000700000000000000006002ffff0000000002040100")
    bases = {"ARP_ASK": arp, "PING": ping, "SYN": syn}
    with open(path, encoding="utf-8") as f:
        for base, row in re.findall(r"^\t\{\"[^\"]*\", (\w+), (.*)", f.read(), re.M):
            frame = bytearray(bases.get(base, syn))
            for place, value in re.findall(r"P\((\w+(?: \+ \d+)?), (0x[0-9a-f]+|\d+)\)", row):
                names = {"E": 0, "IP": 14, "L4": 34, "ARP": 14, "QUOTE": 42}
                at = sum(names[w] if w in names else int(w) for w in place.split(" + "))
                if at < len(frame):
                    frame[at] = int(value, 0)
            yield b"\0" + bytes(frame)
            yield b"\1" + bytes(frame)
            yield b"\5" + bytes(frame)


TEXTS = ("0", "1", "-1", "7\n", "2147483647", "99999999999999999999", "1 2 3", "4096 16384 4194304", "cubic ab", "dctcp",
         "cubic reno", "tcp=debug", "x" * 127, "x" * 128, "y" * 200, "\0", "0x10", " 5 ")
LINES = ("ip=10.0.0.1/24 gw=10.0.0.2", "ip=10.0.0.1::10.0.0.2:255.255.255.0:host:eth0:off", "ip=10.0.0.1/33", "ip=dhcp",
         "ip=10.0.0.1/24 net.ipv4.tcp_sack=0 sysctl.net.ipv4.tcp_sack=1", "loglevel=7 loglevel.tcp=debug quiet",
         "app=none", "app=echo", "init=/bin/x -- a b \"c d\"", "A=b C=\"d e\" panic=reboot", "x" * 255, "x" * 256, "q" * 1000,
         "ip=10.0.0.1/24:eth0:::", "ip=1.2.3.4::::::::::::", "virtio_mmio.device=512@0xd0000000:5", "=", "\"", "-- --", "ip=", "gw=")


def texts():
    """Yields inputs of proc.c and of cmdline.c."""
    for i in range(200):
        for text in TEXTS:
            data = text.encode()
            yield "proc", bytes([0]) + struct.pack("<HB", i, len(data)) + data + bytes([3])
        yield "proc", bytes([2]) + struct.pack("<HB", i, 3) + bytes([0, 1, 1, 3, 0, 0, 200, 0, 4])
    for line in LINES:
        yield "cmdline", line.encode()


def main():
    """Plays the scripts and writes the inputs."""
    out = sys.argv[1]
    scripts = os.path.join(ROOT, "tests", "packet", "scripts")
    paths = sorted(os.path.join(folder, n) for folder, _, names in os.walk(scripts) for n in names if n.endswith(".pkt"))
    log_path = os.path.join(out, "events")
    os.makedirs(out, exist_ok=True)
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    record(log, paths)
    events = collections.OrderedDict()
    with open(log_path, encoding="ascii") as f:
        for line in f:
            pid, *event = json.loads(line)
            events.setdefault(pid, []).append(event)
    os.unlink(log_path)
    found = collections.defaultdict(dict)       # harness: {input: None}, in order
    for data in malformed():
        found["frame"][data] = None
    for harness, data in texts():
        found[harness][data] = None
    for one in events.values():
        for harness, data in inputs_of(one):
            found[harness][data] = None
    for harness, inputs in found.items():
        os.makedirs(os.path.join(out, harness), exist_ok=True)
        for i, data in enumerate(inputs):
            with open(os.path.join(out, harness, f"script-{i}"), "wb") as f:
                f.write(data)
        print(f"{harness}: {len(inputs)} inputs")


if __name__ == "__main__":
    main()
