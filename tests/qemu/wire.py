# SPDX-License-Identifier: MIT
"""A peer for a guest with a dgram netdev.  The peer sends and receives raw Ethernet frames; it has no TCP."""
import os
import select
import struct
import sys
import time

from guest import MAC, PATIENCE, ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "wire"))
from pkt import checksum, icmp, ipv4_header, tcp_checksum  # noqa: E402

PEER_MAC = bytes.fromhex("020000000002")
GUEST_IP, PEER_IP = bytes([10, 0, 2, 15]), bytes([10, 0, 2, 2])
SYN, ACK, FIN, RST, PSH = 0x02, 0x10, 0x01, 0x04, 0x08


def ether(payload, kind=0x0800, dst=MAC):
    return dst + PEER_MAC + struct.pack(">H", kind) + payload


def ipv4(payload, proto, src=PEER_IP, dst=GUEST_IP, ttl=64, frag=0x4000, options=b""):
    return ipv4_header(src, dst, proto, len(payload), ttl, ident=1, frag=frag, options=options) + payload


def tcp(sport, dport, seq, ack, flags, payload=b"", window=65535, options=b"", src=PEER_IP, dst=GUEST_IP):
    head = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff, (5 + len(options) // 4) << 4,
                       flags, window, 0, 0) + options
    return head[:16] + struct.pack(">H", tcp_checksum(src, dst, head + payload)) + head[18:] + payload


def icmp_echo(payload, seq=1):
    return icmp(8, 0, struct.pack(">HH", 77, seq), payload)


class Segment:
    """A TCP segment from the guest, parsed from an IP packet; asserts that both checksums are right."""

    def __init__(self, packet):
        ihl = (packet[0] & 15) * 4
        total = struct.unpack(">H", packet[2:4])[0]
        assert checksum(packet[:ihl]) == 0, "IP checksum"
        t = packet[ihl:total]
        assert tcp_checksum(packet[12:16], packet[16:20], t) == 0, "TCP checksum"
        self.sport, self.dport, self.seq, self.ack = struct.unpack(">HHII", t[:12])
        off = (t[12] >> 4) * 4
        self.flags, self.window = t[13], struct.unpack(">H", t[14:16])[0]
        self.options, self.payload = t[20:off], t[off:]


class Peer:
    def __init__(self, guest):
        self.g = guest

    def send(self, frame):
        self.g.wire.sendto(frame, self.g.wire_to)

    def arp_reply(self, request):
        self.send(ether(struct.pack(">HHBBH", 1, 0x800, 6, 4, 2) + PEER_MAC + PEER_IP + request[8:18], 0x806))

    def recv(self, want, patience=PATIENCE):
        """Waits for a frame for which want(EtherType, payload) is true; returns its payload, None after @patience (s).
        Answers ARP requests for our address meanwhile, and drops other frames."""
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.g.wire], [], [], left)[0]:
                break
            frame = self.g.wire.recv(65536)
            kind, payload = struct.unpack(">H", frame[12:14])[0], frame[14:]
            if kind == 0x806 and payload[6:8] == b"\0\1" and payload[24:28] == PEER_IP:
                self.arp_reply(payload)
            if want(kind, payload):
                return payload
        return None

    def recv_tcp(self, dport):
        p = self.recv(lambda kind, p: kind == 0x800 and p[9] == 6 and struct.unpack(">H", p[22:24])[0] == dport)
        assert p is not None, "no segment came"
        return Segment(p)

    def send_tcp(self, *args, **kw):
        self.send(ether(ipv4(tcp(*args, **kw), 6)))

    def fetch(self, service, port):
        """Connects to a service and returns all data that it sends until it closes.  Sends each segment only once: the
        wire must not lose any."""
        seq = 1000
        self.send_tcp(port, service, seq, 0, SYN, options=bytes([2, 4, 1460 >> 8, 1460 & 255]))
        ack, text, closed = self.recv_tcp(port).seq + 1, b"", False
        seq += 1
        self.send_tcp(port, service, seq, ack, ACK)
        while not closed:
            s = self.recv_tcp(port)
            assert not s.flags & RST, f"reset after {len(text)} bytes"
            if s.seq == ack & 0xffffffff:
                text += s.payload
                closed = bool(s.flags & FIN)
                ack += len(s.payload) + closed
            if s.payload or closed:
                self.send_tcp(port, service, seq, ack, ACK)
        self.send_tcp(port, service, seq, ack, ACK | FIN)
        while self.recv_tcp(port).ack != seq + 1:
            pass
        return text
