# SPDX-License-Identifier: MIT
"""Memory cannot be pinned from outside: whatever a peer sends, a new client is served at once; and when the peer's
connections have ended, the memory that they held is free again.

Each attack tries to hold all memory: a segment in a queue holds the whole block from which its buffer was cut, while
frames that are not kept use up the rest of the block.  RFC 9293 does not promise memory to a peer; Linux copies short
frames, charges the memory that a packet really holds, and prunes queues.
"""
import ctypes
import os
import struct
import sys
from types import SimpleNamespace

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "packet"))
import hosted  # noqa: E402  pylint: disable=wrong-import-position
import packets  # noqa: E402  pylint: disable=wrong-import-position

MIB, PAGE, BLOCK = 1 << 20, 4096, 32768
MS, SEC = 10**6, 10**9
LOCAL, REMOTE = "192.168.0.1", "192.0.2.1"
ECHO, DISCARD, CHARGEN, UNREAD = 7, 9, 19, 80
JUNK_TYPE = b"\x88\xb5"     # IEEE's type for local experiments; it has no handler
SEGMENTS = 40               # of each connection
SLACK = 96                  # pages that caches keep, as in tests/host/conductor.c
MIN_FREE = {16: 512, 64: 1024, 256: 2048}   # KiB, Linux's min_free_kbytes


class Attacked(hosted.Machine):
    def __init__(self, mib, **options):
        super().__init__(hosted.load(), {"local_ip": LOCAL, "remote_ip": REMOTE, "mtu": 1500, "gso": False,
                                         "cmdline": "app=inetd", "options": {"ram": mib * MIB, **options}})
        self.mib, self.ports, self.junk = mib, iter(range(10000, 60000)), b""
        self.listener = fd = self.call(hosted.NR.socket, 2, 1, 0)
        where = ctypes.create_string_buffer(struct.pack("=H", 2) + struct.pack(">H", UNREAD) +
                                            packets.address(LOCAL) + bytes(8), 16)
        assert self.call(hosted.NR.bind, fd, where, 16) == 0
        assert self.call(hosted.NR.listen, fd, 4096) == 0

    def send(self, port, dport, flags, seq, ack=0, size=0, win=65535):
        p = SimpleNamespace(flags=flags, ports=(port, dport), seq=seq % 2**32, ack=ack % 2**32,
                            window=win, urgent=0,
                            ip=SimpleNamespace(tos=0, ecn=None, ttl=64))
        self.host.put_frame(self._mac + hosted.OUR_MAC + b"\x08\x00" +
                            packets.build_tcp(REMOTE, LOCAL, p, [], size))

    def ignored(self, number, size=50):
        for _ in range(number):
            self.host.put_frame(self._mac + hosted.OUR_MAC + JUNK_TYPE + bytes(size))

    def answers(self, port):
        """Returns the segments that arrived for this port since the last call."""
        self._instant()
        read = [packets.read_packet(t, b) for t, b in self.packets]
        self.packets.clear()
        return [p for p in read if p and p.dport == port]

    def connect(self, dport):
        """Opens a connection. Returns (the client's port, its next sequence number, the machine's next sequence
        number), or None if there was no SYN-ACK."""
        port = next(self.ports)
        self.send(port, dport, "S", 1000)
        for p in self.answers(port):
            if "S" in p.flags:
                self.send(port, dport, ".", 1001, p.seq + 1)
                self._instant()
                return port, 1001, p.seq + 1
        return None

    def is_served(self):
        """Returns True if a new client gets its byte back within a second."""
        end = self.now() + SEC
        while self.now() < end:
            line = self.connect(ECHO)
            if line:
                port, seq, ack = line
                self.send(port, ECHO, "P.", seq, ack, 1)
                back = self.answers(port)
                self.send(port, ECHO, "R.", seq + 1, ack)
                self._instant()
                if any(len(p.payload) == 1 for p in back):
                    return True
            self.advance(self.now() + 100 * MS)
        return False

    def counter(self, name):
        head, values = [line.split() for line in self.slurp("/proc/net/netstat").splitlines()][:2]
        return int(values[head.index(name)])

    def sockets_pages(self):
        return int(self.slurp("/proc/net/sockstat").split(" mem ")[1].split()[0])

    def slurp(self, path):
        name, out = ctypes.create_string_buffer(path.encode()), b""
        buf = ctypes.create_string_buffer(65536)
        fd = self.call(hosted.NR.open, name, 0)
        assert fd >= 0, (path, fd)
        while (n := self.call(hosted.NR.read, fd, buf, 65536)) > 0:
            out += buf.raw[:n]
        self.call(hosted.NR.close, fd)
        return out.decode()

    def healthy(self):
        assert not self.host.panic_message() and not self.complaint()


def attack(m, dport, size, in_order):
    """Sends so many segments that they would take all memory and a quarter more if each pinned a block; returns the
    connections."""
    lines, left = [], m.mib * MIB // BLOCK * 5 // 4
    between = BLOCK // 1920 if size < 1000 else 16
    while left > 0:
        line = m.connect(dport)
        if not line:
            return lines        # no room for another connection, which is a limit, too
        lines.append((dport, *line))
        port, seq, ack = line
        for i in range(SEGMENTS):
            gap = 0 if in_order else 10 + i
            m.send(port, dport, ".", seq + gap + i * size, ack, size)
            m.ignored(between)
            m._instant()        # pylint: disable=protected-access
        m.packets.clear()
        left -= SEGMENTS
    return lines


def reset(m, lines, size):
    """Resets all connections, with each number that the machine may expect next: it may have dropped some segments."""
    for dport, port, seq, ack in lines:
        m.send(port, dport, ".", seq - 1, ack)
        m.packets.clear()
        expected = {p.ack for p in m.answers(port)} | {seq, seq + SEGMENTS * size}
        for number in expected:
            m.send(port, dport, "R.", number, ack)
        m.answers(port)
    m.call(hosted.NR.close, m.listener)     # the connections that were reset wait in its accept queue


def survives(m, dport, size, in_order):
    assert m.is_served()
    m.advance(m.now() + 200 * SEC)
    before = m.host.sn_free_pages()
    lines = attack(m, dport, size, in_order)
    assert len(lines) > 2
    m.ignored(600, 1400)        # more than twice as many as the ring holds
    assert m.is_served()
    m.advance(m.now() + 3600 * SEC)
    assert m.is_served()
    reset(m, lines, size)
    m.advance(m.now() + 3600 * SEC)
    assert m.host.sn_free_pages() + SLACK >= before, m.slurp("/proc/slabinfo")
    m.healthy()


CASES = [(16, size, order, port) for size in (1, 100, 1400) for order in (False, True)
         for port in (UNREAD, DISCARD)] + [(64, size, False, UNREAD) for size in (1, 100, 1400)] + \
        [(256, 1, False, UNREAD)]


@pytest.mark.parametrize("mib,size,in_order,port", CASES)
def test_pinning(mib, size, in_order, port):
    """LIMIT(FRAG_BLOCKS_PART): blocks of which a queue holds a piece take at most an eighth of memory, not counting the
    ring's blocks; the data of further segments is copied."""
    survives(Attacked(mib), port, size, in_order)


def test_blocks_of_a_sender():
    """A peer acknowledges nothing, so each echo stays in a send queue and holds a piece of a block. Data of other
    connections, which is freed soon, takes the rest of the blocks."""
    m = Attacked(16)
    assert m.is_served()
    m.advance(m.now() + 200 * SEC)
    before = m.host.sn_free_pages()
    lines = []
    for _ in range(16 * MIB // BLOCK * 5 // 4):
        kept = m.connect(ECHO)
        if not kept:
            break
        lines.append((ECHO, *kept))
        m.send(kept[0], ECHO, "P.", kept[1], kept[2], 500)      # echoed into a fragment, never acknowledged
        m._instant()            # pylint: disable=protected-access
        other = m.connect(ECHO)
        if not other:
            break
        port, seq, ack = other
        for _ in range(25):
            m.send(port, ECHO, "P.", seq, ack, 1400)
            seq += 1400
            ack += sum(len(p.payload) for p in m.answers(port))
            m.send(port, ECHO, ".", seq, ack)
        m.send(port, ECHO, "R.", seq, ack)
        m.answers(port)
    assert m.is_served()
    reset(m, lines, 500)
    m.advance(m.now() + 200 * SEC)
    assert m.host.sn_free_pages() + SLACK >= before, m.slurp("/proc/slabinfo")
    m.healthy()


# ---- pages are short ----------------------------------------------------------------------------

def short(m):
    """Takes pages away: the number of free pages is then between one and two times the reserve (MIN_FREE)."""
    m.host.sn_set(b"keep_pages", MIN_FREE[m.mib] * 1024 // PAGE * 3 // 2)
    m._instant()                # pylint: disable=protected-access


# LIMIT(TCP_SHRINK_INTERVAL_MS)
def test_idle_queues_are_pruned():
    """When pages get short, the kernel prunes the queues of all sockets at
    once, and not only at the next segment.  It does so at most every 100 ms."""
    m = Attacked(64)
    lines = [m.connect(UNREAD) for _ in range(20)]
    for port, seq, ack in lines:
        for i in range(10):
            m.send(port, UNREAD, ".", seq + 10 + 2 * i, ack, 1)
        m.answers(port)
    m.advance(m.now() + SEC)
    held, pruned = m.sockets_pages(), m.counter("OfoPruned")
    assert held >= 20 * 10 * 500 // PAGE
    short(m)
    m.advance(m.now() + MS)
    assert m.sockets_pages() == 0
    assert m.counter("OfoPruned") == pruned + len(lines)
    # A socket below its minimum may queue data again; the next round of pruning, a tenth of a second
    # later, removes it.
    port, seq, ack = lines[0]
    m.advance(m.now() + 10 * MS)
    m.send(port, UNREAD, ".", seq + 10, ack, 100)
    m.answers(port)
    start = m.now()
    m.advance(start + 70 * MS)
    assert m.counter("OfoPruned") == pruned + len(lines)
    m.host.sn_set(b"keep_pages", (1 << 64) - 1)
    short(m)
    m.advance(start + 150 * MS)
    assert m.counter("OfoPruned") == pruned + len(lines) + 1
    m.healthy()


# LIMIT(TCP_SHRINK_SOCKETS)
def test_a_walk_takes_its_time():
    """Many connections are pruned over several jiffies, each of them once."""
    m = Attacked(64)
    lines = [m.connect(UNREAD) for _ in range(300)]
    for port, seq, ack in lines:
        m.send(port, UNREAD, ".", seq + 10, ack, 1)
        m.answers(port)
    pruned = m.counter("OfoPruned")
    short(m)
    steps = []
    for _ in range(10):
        m.advance(m.now() + MS)
        steps.append(m.counter("OfoPruned") - pruned)
    assert steps[-1] == len(lines)
    # Pruning finishes the hash bucket that it has begun; a bucket has one connection on average.  A millisecond may
    # touch two jiffies.
    assert steps[0] <= 2 * (64 + 16), steps
    assert all(later - before <= 64 + 16 for before, later in zip(steps, steps[1:])), steps
    m.healthy()


# LIMIT(TCP_SHRINK_STEPS) LIMIT(TCP_SHRINK_STEPS_EACH)
def test_a_walk_over_idle_connections_takes_its_time():
    """1,000 connections count as 16 steps each, and 4,096 hash buckets as one step each. These 20,096 steps take at
    least five jiffies, although only 20 connections have data to prune."""
    m = Attacked(64)
    lines = [m.connect(UNREAD) for _ in range(1000)]
    for port, seq, ack in lines[::50]:
        m.send(port, UNREAD, ".", seq + 10, ack, 1)
        m.answers(port)
    pruned = m.counter("OfoPruned")
    short(m)
    steps = []
    for _ in range(10):
        m.advance(m.now() + MS)
        steps.append(m.counter("OfoPruned") - pruned)
    # A millisecond may touch two jiffies.
    assert steps[0] < steps[2] < 20 and steps[-1] == 20, steps
    m.healthy()


# LIMIT(TCP_REQUESTS_WHEN_SHORT)
def test_requests_when_pages_are_short():
    """When pages are short, there may be half-open connections, but only a few: further SYNs get cookies."""
    m = Attacked(64)
    short(m)
    answered = 0
    for _ in range(200):
        port = next(m.ports)
        m.send(port, UNREAD, "S", 1000)
        answered += any("S" in p.flags for p in m.answers(port))
    assert answered == 200
    # A SYN-ACK is sent again after a second if there is a request; for a cookie there is none.
    m.advance(m.now() + 3 * SEC // 2)
    m._instant()                # pylint: disable=protected-access
    assert len([p for p in (packets.read_packet(t, b) for t, b in m.packets) if p and "S" in p.flags]) == 128
    m.healthy()
