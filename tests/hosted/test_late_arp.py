# SPDX-License-Identifier: MIT
"""A late answer to ARP while many clients connect, as `ab -c 100` and `wrk` do from one host of the subnet.

The machine asks for the host's link address when it sends the first SYN-ACK; the answer comes late.  Users reported
stacks whose clients failed because of that. As on Linux, the SYN-ACKs wait: here up to 256 for a
host, on Linux up to 212,992 bytes. All of them are sent at the moment of the answer, and every
client is served.
"""
import struct
from types import SimpleNamespace

import pytest
from test_pinned import ECHO, LOCAL, MS, SEC, Attacked, hosted, packets

CLIENTS, SIZE = 100, 100
PEER = "192.168.0.77"
FIRST = 20000
# ms from the first request to the answer, which comes after the first request (1, 500), after the second (1500), after
# the third and last (2900).
DELAYS = [1, 500, 1500, 2900]


class Late(Attacked):
    def __init__(self):
        super().__init__(64)
        self.asked = []         # times of requests for PEER's address
        self.syn_acks = {}      # port: (acknowledged number, the machine's next number)
        self.echoed = {}        # port: number of echoed bytes

    def _frame(self, frame):
        if frame[12:14] == b"\x08\x06" and frame[38:42] == packets.address(PEER):
            self.asked.append(self.now())
            return None
        return super()._frame(frame)

    def answer_arp(self):
        self.host.put_frame(self._mac + hosted.OUR_MAC + struct.pack(">HHHBBH", hosted.ETH_ARP, 1, hosted.ETH_IP, 6, 4, 2) +
                            hosted.OUR_MAC + packets.address(PEER) + self._mac + packets.address(LOCAL))
        self.take()

    def from_peer(self, port, flags, seq, ack=0, size=0):
        p = SimpleNamespace(flags=flags, ports=(port, ECHO), seq=seq, ack=ack, window=65535, urgent=0,
                            ip=SimpleNamespace(tos=0, ecn=None, ttl=64))
        self.host.put_frame(self._mac + hosted.OUR_MAC + b"\x08\x00" + packets.build_tcp(PEER, LOCAL, p, [], size))

    def take(self):
        self._instant()
        for time, data in self.packets:
            p = packets.read_packet(time, data)
            if "S" in p.flags:
                self.syn_acks[p.dport] = p.ack, p.seq + 1
            else:
                self.echoed[p.dport] = self.echoed.get(p.dport, 0) + len(p.payload)
        self.packets.clear()


@pytest.mark.parametrize("delay", DELAYS)
def test_clients_wait_for_a_late_answer(delay):
    m = Late()
    start = m.now()
    for port in range(FIRST, FIRST + CLIENTS):
        m.from_peer(port, "S", 1000)
        m.take()
    assert len(m.asked) == 1
    m.advance(start + delay * MS)
    m.take()
    assert not m.syn_acks and len(m.asked) == 1 + delay // 1000
    m.answer_arp()
    # At this instant, without a second SYN, each client gets its SYN-ACK.
    assert sorted(m.syn_acks) == list(range(FIRST, FIRST + CLIENTS))
    for port, (ack, seq) in m.syn_acks.items():
        assert ack == 1001
        m.from_peer(port, "P.", 1001, seq, SIZE)
        m.take()
    m.advance(m.now() + 100 * MS)
    m.take()
    assert m.echoed == dict.fromkeys(range(FIRST, FIRST + CLIENTS), SIZE)
    m.healthy()


def test_no_answer_in_time():
    """Three ARP requests get no answer (RFC 4861 7.3.3 has the same number). The host then counts as unreachable, and
    its half-open connections end, as on Linux. The clients send SYNs again, and the answer that then arrives serves all
    of them."""
    m = Late()
    start = m.now()
    for again in (0, 7):        # the times of the first and the fourth SYN of a client, RFC 6298 and RFC 9293 3.8.1
        m.advance(start + again * SEC)
        for port in range(FIRST, FIRST + CLIENTS):
            m.from_peer(port, "S", 1000)
            m.take()
    assert [round((t - start) / SEC) for t in m.asked] == [0, 1, 2, 7]
    m.answer_arp()
    assert sorted(m.syn_acks) == list(range(FIRST, FIRST + CLIENTS))
    m.healthy()
