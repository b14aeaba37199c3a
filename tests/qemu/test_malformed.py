# SPDX-License-Identifier: MIT
"""Sends the malformed frames of tests/unit/malformed.h to a guest, over QEMU's network card.  Each frame must increase
exactly the drop counter in /proc/net/drops that its row names; afterwards the guest must still serve a client."""
import json
import os
import struct

import pytest
from guest import MAC, ROOT, Guest, moved
from wire import ACK, GUEST_IP, PEER_IP, PEER_MAC, PSH, SYN, Peer, checksum, ether, icmp_echo, ipv4, tcp, tcp_checksum

TABLE = os.path.join(ROOT, "build", "unit", "malformed.json")
IP, L4 = 14, 34                    # offsets of the headers in a frame without IP options
ISS, TSVAL = 0xfffffff0, 1000000   # TSVAL is also in rows of the table that change a timestamp
NOP = b"\1"
PORT_OPEN, PORT_ONCE, PORT_ASK = 10000, 20000, 40000


def timestamp(value):
    return NOP * 2 + struct.pack(">BBII", 8, 10, value, 0)


class Connection:
    """A connection to the guest, with the next sequence numbers of both directions."""

    def __init__(self, peer, port):
        self.peer, self.port = peer, port
        peer.send_tcp(port, 7, ISS, 0, SYN, options=timestamp(TSVAL))
        s = peer.recv_tcp(port)
        assert s.flags == SYN | ACK
        self.seq, self.ack = ISS + 1, s.seq + 1

    def segment(self, flags, payload=b"", seq=0, ack=0):
        return tcp(self.port, 7, self.seq + seq, self.ack + ack, flags, payload, 8000, timestamp(TSVAL))

    def send(self, flags, payload=b""):
        self.peer.send(ether(ipv4(self.segment(flags, payload), 6)))

    def echo(self, data):
        self.send(ACK | PSH, data)
        self.seq += len(data)
        while not (s := self.peer.recv_tcp(self.port)).payload:
            pass
        assert s.payload == data and s.seq == self.ack & 0xffffffff and s.ack == self.seq & 0xffffffff
        self.ack += len(data)
        self.send(ACK)


class Bench:
    """Builds the correct frames that the rows of the table change, and the malformed ones."""

    def __init__(self, peer):
        self.peer, self.ports, self.asked = peer, 0, 0
        self.open = Connection(peer, PORT_OPEN)
        self.open.send(ACK)

    def port(self):
        self.ports += 1
        return PORT_ONCE + self.ports

    def netstat(self):
        self.asked += 1
        return Guest.parse(self.peer.fetch(15, PORT_ASK + self.asked))

    def base(self, row):
        """Returns the correct frame that @row changes."""
        kind = row["base"]
        if kind == "ARP_ASK":
            return ether(struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + PEER_MAC + bytes([10, 0, 2, 77]) + bytes(6) + GUEST_IP,
                         0x806)
        if kind in ("PING", "PING_OPT"):
            return ether(ipv4(icmp_echo(b"ping" + bytes(4)), 1, frag=0, options=NOP * 8 if kind == "PING_OPT" else b""))
        if kind == "UNREACH":
            quote = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, GUEST_IP, PEER_IP) + bytes(8)
            return ether(ipv4(struct.pack(">BBHI", 3, 1, 0, 0) + quote, 1, frag=0))
        return ether(ipv4(self.segment(row), 6, frag=0))

    def segment(self, row):
        flags = row["flags"]
        if row["base"] in ("SYN", "SYN_OPT"):
            return tcp(self.port(), 7, 100, 0, SYN if flags < 0 else flags, window=8000,
                       options=NOP * 20 if row["base"] == "SYN_OPT" else b"")
        c, payload = (self.open, b"?") if row["base"] == "OPEN" else (Connection(self.peer, self.port()), b"")
        return c.segment(ACK if flags < 0 else flags, payload, row["seq"], row["ack"])

    def frame(self, row):
        frame = bytearray(self.base(row))
        if not (row["ip_sum"] and row["l4_sum"]):
            fix_sums(frame, True, True)
        correct = bytes(frame)
        for at, value in row["patch"]:
            frame[at] = value
        if row["patch"] and frame == correct:       # one checksum of 256 has the wrong byte already
            frame[at] ^= 0xff
        fix_sums(frame, row["ip_sum"], row["l4_sum"])
        if row["len"]:
            frame = frame[:row["len"]] + bytes(max(0, row["len"] - len(frame)))
        return bytes(frame)


def fix_sums(frame, ip, l4):
    """Stores the right IP checksum (@ip) and TCP or ICMP checksum (@l4) in @frame, if its lengths permit that."""
    if frame[12:14] != b"\x08\0":
        return
    ihl, total = (frame[IP] & 15) * 4, struct.unpack_from(">H", frame, IP + 2)[0]
    if ip:
        frame[IP + 10:IP + 12] = bytes(2)
        frame[IP + 10:IP + 12] = struct.pack(">H", checksum(bytes(frame[IP:IP + max(ihl, 20)])))
    if not l4 or ihl < 20 or total < ihl or total > len(frame) - IP:
        return
    at = {1: 2, 2: 2, 6: 16}.get(frame[IP + 9])       # offset of the checksum by protocol
    if at is None or total - ihl < at + 2:
        return
    at += IP + ihl
    frame[at:at + 2] = bytes(2)
    message = bytes(frame[IP + ihl:IP + total])
    src, dst = bytes(frame[IP + 12:IP + 16]), bytes(frame[IP + 16:IP + 20])
    frame[at:at + 2] = struct.pack(">H", tcp_checksum(src, dst, message) if frame[IP + 9] == 6 else checksum(message))


def rows():
    with open(TABLE) as f:
        return json.load(f)


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("machine", ["q35", "microvm"])
def test_each_frame_increases_its_drop_counter(machine):
    """The rate limit of ICMP errors is off, and fragments are kept for 255 s; otherwise earlier rows would change which
    counter a row increases."""
    table = rows()
    assert len(table) >= 200
    wrong = []
    with Guest(machine=machine, net="dgram", device=",ctrl_vq=off", append="sysctl.net.ipv4.icmp_ratelimit=0 "
               "sysctl.net.ipv4.ipfrag_time=255") as g:
        bench = Bench(Peer(g))
        before = bench.netstat()
        for row in table:
            bench.peer.send(bench.frame(row))
            after = bench.netstat()
            found, want = moved(before, after), {row["reason"]: 1} if row["reason"] else {}
            if found != want:
                wrong.append(f"{row['what']}: increased {found}, and should increase {want}")
            before = after
        assert not wrong, "\n".join(wrong)
        bench.open.echo(b"still there")
        bench.peer.send(ether(ipv4(icmp_echo(b"alive"), 1)))
        p = bench.peer.recv(lambda kind, p: kind == 0x800 and p[9] == 1 and p[20] == 0 and p[28:33] == b"alive")
        assert p is not None
        assert "WARN" not in g.console
