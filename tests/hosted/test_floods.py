# SPDX-License-Identifier: MIT
"""Floods of frames other than SYNs, in virtual time: a thousand frames a second of one kind while a real client
connects once a second.  Each client is served at its first SYN, and the flood leaves no memory behind.

test_synflood.py tests floods of SYNs; docs/storm.md describes such floods against the machine.
"""
import random
import struct
from types import SimpleNamespace

import pytest
from test_pinned import LOCAL, SEC, SLACK, UNREAD, hosted, packets
from test_synflood import BACKLOG, Flooded

from pkt import ICMP, ipv4_header

RATE, SECONDS = 1000, 20
CLOSED = 81                 # no socket listens at this port
UDP = 17
MORE = 0x2000               # "more fragments", RFC 791 3.1
NEIGHBOURS = 250            # hosts of the subnet, .3 to .252; .1 is the machine, .2 its gateway
OURS = hosted.MAC.to_bytes(6, "big")
BROADCAST = b"\xff" * 6


def stranger(n):
    return bytes([203, n >> 16 & 255, n >> 8 & 255, n & 255])


def neighbour(n):
    return packets.address(LOCAL)[:3] + bytes([3 + n % NEIGHBOURS])


def ip_frame(payload, proto, src, frag=0, ident=0):
    head = ipv4_header(src, packets.address(LOCAL), proto, len(payload), frag=frag, ident=ident)
    return OURS + hosted.OUR_MAC + b"\x08\x00" + head + payload


def segment(flags, dport, src, dice, size=0):
    p = SimpleNamespace(flags=flags, ports=(1024 + dice.randrange(60000), dport), seq=dice.getrandbits(32),
                        ack=dice.getrandbits(32), window=65535, urgent=0, ip=SimpleNamespace(tos=0, ecn=None, ttl=64))
    packet = packets.build_tcp(".".join(map(str, src)), LOCAL, p, [], size)
    return OURS + hosted.OUR_MAC + b"\x08\x00" + packet


def arp(op, sha, sip, tip, to):
    return to + sha + struct.pack(">HHHBBH", hosted.ETH_ARP, 1, hosted.ETH_IP, 6, 4, op) + sha + sip + bytes(6) + tip


def udp(n, _):
    return ip_frame(struct.pack(">HHHH", 1024 + n % 60000, CLOSED, 16, 0) + bytes(8), UDP, stranger(n))


def fragment(n, dice):
    """First, middle and last parts of different packets, so that no packet is ever complete."""
    offset = n % 3 * 185
    return ip_frame(bytes(200), dice.choice((ICMP, UDP, 6)), stranger(n), frag=offset | (MORE if n % 3 < 2 else 0), ident=n % 65536)


def arp_request(n, _):
    """Each neighbour asks for the machine's address, with another link address each time."""
    sha = b"\x02" + struct.pack(">IB", n, 9)
    return arp(1, sha, neighbour(n), packets.address(LOCAL), BROADCAST)


def arp_reply(n, _):
    """Replies that the machine did not ask for, also for hosts outside the subnet."""
    sip = neighbour(n) if n % 2 else stranger(n)
    return arp(2, b"\x02" + struct.pack(">IB", n, 9), sip, packets.address(LOCAL), OURS)


FLOODS = {
    "acks": lambda n, dice: segment(".", UNREAD, stranger(n), dice),
    "acks with data": lambda n, dice: segment("P.", UNREAD, stranger(n), dice, 1400),
    "acks to a closed port": lambda n, dice: segment(".", CLOSED, stranger(n), dice),
    "resets": lambda n, dice: segment("R", UNREAD, stranger(n), dice),
    "resets from neighbours": lambda n, dice: segment("R.", UNREAD, neighbour(n), dice),
    "syns to a closed port": lambda n, dice: segment("S", CLOSED, stranger(n), dice),
    "syns with data": lambda n, dice: segment("S", UNREAD, stranger(n), dice, 1400),
    "syns from neighbours that do not answer": lambda n, dice: segment("S", UNREAD, neighbour(n), dice),
    "fins": lambda n, dice: segment("F.", UNREAD, stranger(n), dice),
    "udp": udp,
    "fragments": fragment,
    "arp requests": arp_request,
    "arp replies": arp_reply,
}


class Stormed(Flooded):
    """The hosts that a flood invents do not answer ARP; the gateway does."""

    def __init__(self):
        super().__init__(syncookies=1)
        self.dice, self.silent = random.Random(1), True

    def _frame(self, frame):
        asked = frame[38:42]
        if frame[12:14] == b"\x08\x06" and asked[:3] == neighbour(0)[:3] and 3 <= asked[3] < 3 + NEIGHBOURS:
            return None
        return super()._frame(frame)

    def flood(self, make, number):
        """Sends `number` frames, spread over a second."""
        for _ in range(number):
            self.host.put_frame(make(self.forged, self.dice))
            self.forged += 1
            self.advance(self.now() + SEC // (number + 1))
        self.packets.clear()


@pytest.mark.parametrize("kind", FLOODS)
def test_each_client_is_served_at_its_first_syn(kind):
    m = Stormed()
    m.flood(FLOODS[kind], RATE)
    before = m.host.sn_free_pages()
    for second in range(SECONDS):
        m.flood(FLOODS[kind], RATE)
        assert m.serves_a_client(), f"second {second}"
    assert m.forged == RATE * (SECONDS + 1) > BACKLOG
    assert m.host.sn_free_pages() >= before - SLACK
    m.healthy()
