# SPDX-License-Identifier: MIT
"""More clients than memory permits, in virtual time: within a second after they end, other clients are served,
and in the end all memory is free again.  tests/qemu/test_overload.py plays the same on the machine.
"""
import struct

import pytest
from test_pinned import ECHO, LOCAL, REMOTE, SEC, SLACK, Attacked, hosted, packets

SIZE, MSS = 28 << 10, 1460
START = 1001                    # sequence number of the first byte, as in Attacked.connect()
STACKS_KEPT = 64                # kernel/sched/limits.h:THREAD_STACKS_KEPT
# RFC 1122 4.2.3.5: a sender gives up unacknowledged data after tcp_retries2, 924 s or more.  4.2.3.6: keepalive ends a
# silent connection after two hours and the time of its probes.
RETRIES2, KEEPALIVE = 1200 * SEC, (7200 + 10 * 75) * SEC
RAW = {16: 700, 64: 1500}
ORDINARY = {8: 1500, 16: 4000}
IDLE = 14000                    # more connections than fit in 16 MiB


class Crowded(Attacked):
    def __init__(self, mib):
        super().__init__(mib, stack_pages=1)
        # Before memory is measured, allocate the memory that stays allocated: stacks of ended threads, and pages of
        # caches.
        lines = [self.connect(ECHO) for _ in range(STACKS_KEPT + 16)]
        for port, seq, ack in lines:
            self.send(port, ECHO, "R.", seq, ack)
        self.answers(0)
        assert self.is_served()
        self.advance(self.now() + 200 * SEC)
        self.before = self.host.sn_free_pages()

    def answers_ping(self):
        ping = struct.pack(">BBHHH", 8, 0, 0, 77, 1)
        ping = ping[:2] + struct.pack(">H", packets.checksum(ping)) + ping[4:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 28, 0, 0, 64, 1, 0) + packets.address(REMOTE) + packets.address(LOCAL)
        ip = ip[:10] + struct.pack(">H", packets.checksum(ip)) + ip[12:]
        self.packets.clear()
        self.host.put_frame(self._mac + hosted.OUR_MAC + b"\x08\x00" + ip + ping)
        self._instant()
        return any(p[9] == 1 and p[20] == 0 for _, p in self.packets)

    def serves_others(self):
        return self.answers_ping() and self.is_served()     # is_served() takes a second at most

    def has_its_memory(self):
        return self.host.sn_free_pages() + SLACK >= self.before

    def heard(self):
        """Returns the frames that the machine sent since the last call."""
        self._instant()
        read = [packets.read_packet(t, b) for t, b in self.packets]
        self.packets.clear()
        return read


def in_the_end(m):
    """Checks that all memory is free again, and that there was an overload: memory was short, and segments were
    refused because of that."""
    m.advance(m.now() + 100 * SEC)
    assert m.has_its_memory(), m.slurp("/proc/slabinfo")
    assert m.counter("TCPMemoryPressures") and m.counter("RcvPruned")
    m.healthy()


# ---- a peer that acknowledges nothing -------------------------------------------------------------

def write_all(m, number):
    """Lets `number` clients connect to echo and write; returns the connections that got a SYN-ACK."""
    lines = [line for line in (m.connect(ECHO) for _ in range(number)) if line]
    for port, seq, ack in lines:
        for at in range(0, SIZE, MSS):
            m.send(port, ECHO, "P.", seq + at, ack, min(MSS, SIZE - at))
        m._instant()            # pylint: disable=protected-access
        m.packets.clear()
    return lines


@pytest.mark.parametrize("mib", RAW)
@pytest.mark.parametrize("answers", [True, False])
def test_a_peer_that_acknowledges_nothing(mib, answers):
    """The machine dropped some data, so the numbers of the peer's resets are too high, and the machine sends challenge
    ACKs (RFC 5961 3.2). A host that has closed all its connections answers with a reset that has the right number. A
    host that has vanished does not answer, and the machine's timers end its connections."""
    m = Crowded(mib)
    lines = write_all(m, RAW[mib])
    assert len(lines) > RAW[mib] // 4
    for port, seq, ack in lines:
        m.send(port, ECHO, "R.", seq + SIZE, ack)
        for p in m.heard():
            if answers and "R" not in p.flags:
                m.send(p.dport, ECHO, "R", p.ack)
    assert m.serves_others()
    if answers:
        m.advance(m.now() + SEC)
        assert m.has_its_memory(), m.slurp("/proc/slabinfo")
    m.advance(m.now() + RETRIES2)
    assert m.serves_others()
    m.advance(m.now() + KEEPALIVE)
    assert m.serves_others()
    in_the_end(m)


# ---- clients that do not read ---------------------------------------------------------------------

class Client:
    """The TCP of a client that does not read: it acknowledges all data, and retransmits its own until it is
    acknowledged, even after the application has closed the socket."""

    def __init__(self, m, port):
        self.m, self.port, self.alive, self.closed = m, port, True, False
        self.una, self.ack, self.unread = START - 1, 0, False
        self.rto = self.due = 0
        self.send_again()

    def segment(self, flags, seq, size=0):
        self.m.send(self.port, ECHO, flags, seq, self.ack, size)

    def send_again(self):
        self.rto = min(2 * self.rto or SEC, 120 * SEC)
        self.due = self.m.now() + self.rto
        if not self.ack:
            self.segment("S", START - 1)
            return
        for at in range(self.una, min(self.una + 10 * MSS, START + SIZE), MSS):
            self.segment("P.", at, min(MSS, START + SIZE - at))

    def heard(self, p):
        if "R" in p.flags:
            self.alive = False
        elif "S" in p.flags:
            self.ack, self.una, self.rto = p.seq + 1, START, 0
            self.segment(".", START)
            self.send_again()
        elif p.payload and self.closed:        # RFC 2525 2.17
            self.segment("R", p.ack)
            self.alive = False
        else:
            if p.payload and p.seq == self.ack:
                self.ack, self.unread = p.seq + len(p.payload), True
                self.segment(".", self.una)
            if p.ack > self.una:
                self.una, self.rto = p.ack, 0
                if self.una < START + SIZE:
                    self.send_again()

    def close(self):
        self.closed = True
        if not self.ack or self.unread:
            self.segment("R.", START + SIZE)
            self.alive = False

    def tick(self):
        """When the timer is due, sends unacknowledged data again. If there is no such data and the socket is closed,
        sends a reset."""
        if self.m.now() < self.due:
            return
        if self.una < START + SIZE:
            self.send_again()
        elif self.closed:
            self.segment("R.", START + SIZE)
            self.alive = False


def deliver(m, clients):
    """Delivers frames until no host has one to send at this instant."""
    while heard := m.heard():
        for p in heard:
            client = clients.get(p.dport)
            if client and client.alive:
                client.heard(p)
            elif client and "R" not in p.flags:
                m.send(p.dport, ECHO, "R", p.ack)


def let_time_pass(m, clients, seconds):
    end = m.now() + seconds * SEC
    while m.now() < end:
        for c in clients.values():
            if c.alive:
                c.tick()
                m._instant()        # pylint: disable=protected-access
        deliver(m, clients)
        m.advance(m.now() + SEC // 4)
        deliver(m, clients)


@pytest.mark.parametrize("mib", ORDINARY)
def test_clients_that_do_not_read(mib):
    """The clients close when the machine's memory is full.  Those with unread data send a reset.  The others go on
    sending unacknowledged data, and each of their connections needs a page to end."""
    m = Crowded(mib)
    clients = {}
    for _ in range(ORDINARY[mib]):
        port = next(m.ports)
        clients[port] = Client(m, port)
        if len(clients) % 50 == 0:
            deliver(m, clients)
    let_time_pass(m, clients, 5)
    for c in clients.values():
        if c.alive:
            c.close()
            m._instant()            # pylint: disable=protected-access
    deliver(m, clients)
    for _ in range(60):
        let_time_pass(m, clients, 1)
        assert m.serves_others()
    in_the_end(m)


def test_idle_connections_leave_pages_for_data():
    """Silent clients take all the memory that connections may have; a client that writes still gets its echo."""
    m = Crowded(16)
    lines = [line for line in (m.connect(ECHO) for _ in range(IDLE)) if line]
    m.heard()
    port, seq, ack = lines[0]
    m.send(port, ECHO, "P.", seq, ack, 100)
    assert sum(len(p.payload) for p in m.answers(port)) == 100
    for port, seq, ack in lines[IDLE // 4:]:
        m.send(port, ECHO, "R.", seq, ack)
    m.answers(0)
    assert m.counter("ListenDrops")     # there was no page for another connection
    m.healthy()
