# SPDX-License-Identifier: MIT
"""Overload: more clients than the guest has memory for.  As soon as they are gone, the guest must serve other clients,
and soon all memory must be free again.

In the first test the clients are a raw peer that acknowledges nothing; in the second they use Linux's TCP, write and
never read.  Each client needs memory for its 28 KiB twice (in the receive and the send buffer), a socket and a thread's
stack: together more than the guest has.
"""
import re
import select
import selectors
import socket
import struct
import time

import pytest
from guest import PATIENCE, Guest, recv_exact, slab_live, tcp_ext
from peernet import GUEST_ADDRESS, LinuxGuest
from wire import ACK, PSH, RST, SYN, Peer, ether, icmp_echo, ipv4

MEM = 64                         # MiB
RAW, LINUX = 1500, 4500          # numbers of clients
ATTACK_S = 6
SIZE = 28 << 10                  # bytes that each client sends: less than a first window of 64 KiB
MSS = 1460
FIRST_PORT, PROBE_PORT, ASK_PORT, ISS = 10000, 50000, 51000, 0xfffffff0
# Memory that caches may keep: stacks of ended threads and their page tables, the file table, empty slabs.
KEPT_KIB = 2560
# If a client's reset is lost, keepalive ends the connection.
KEEPALIVE = "".join(f" sysctl.net.ipv4.tcp_keepalive_{k}={v}" for k, v in (("time", 3), ("intvl", 1), ("probes", 2)))


def free_kib(netstat):
    return int(re.search(r"^MemFree: +(\d+) kB$", netstat["/proc/meminfo"], re.M).group(1))


def assert_was_overload(netstat):
    """Checks that the load was heavy enough: memory was short, and the guest dropped received segments for that
    reason."""
    assert tcp_ext(netstat, "TCPMemoryPressures") and tcp_ext(netstat, "RcvPruned")


def assert_memory_returns(ask, before):
    """Waits until the guest has no more sockets, threads and files than in @before, and its memory is free again.
    @ask() returns the guest's netstat output; @before is such an output, from before the test. Returns the last one."""
    end = time.monotonic() + PATIENCE
    while True:
        now = ask()
        extra = {k: slab_live(now)[k] - slab_live(before)[k] for k in ("TCP", "task_struct", "request_sock_TCP", "filp")}
        lost = free_kib(before) - free_kib(now)
        if max(extra.values()) <= 0 and lost < KEPT_KIB:
            return now
        assert time.monotonic() < end, f"still there: {extra}, {lost} KiB"


# ---- a raw peer ----------------------------------------------------------------------------------

class Crowd(Peer):
    """Many clients, made of raw segments.  After reset(), segments for them are answered as for a closed port (RFC 9293
    3.10.7.1): <SEQ=SEG.ACK><CTL=RST>."""

    def __init__(self, g, number):
        super().__init__(g)
        self.ports = range(FIRST_PORT, FIRST_PORT + number)
        self.numbers = {}        # {port: the guest's next number}
        self.gone, self.probes, self.asked = False, PROBE_PORT, ASK_PORT
        g.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

    def recv(self, want, patience=PATIENCE):
        return super().recv(lambda kind, p: not self.is_ours(kind, p) and want(kind, p), patience)

    def is_ours(self, kind, p):
        if kind != 0x800 or p[9] != 6:
            return False
        port, seq, ack = struct.unpack(">HII", p[22:32])
        if port not in self.ports:
            return False
        if self.gone and not p[33] & RST:
            self.send_tcp(port, 7, ack, 0, RST)
        elif p[33] & SYN:
            self.numbers[port] = seq + 1
        return True

    def take(self, patience):
        """Handles all frames for the clients that have arrived; if there are none, waits @patience (s) for the first.
        Drops other frames."""
        while select.select([self.g.wire], [], [], patience)[0]:
            frame = self.g.wire.recv(65536)
            self.is_ours(struct.unpack(">H", frame[12:14])[0], frame[14:])
            patience = 0

    def connect(self):
        for port in self.ports:
            self.send_tcp(port, 7, ISS, 0, SYN, options=struct.pack(">BBH", 2, 4, MSS))
            end = time.monotonic() + PATIENCE
            while port not in self.numbers and time.monotonic() < end:
                self.take(PATIENCE)
            assert port in self.numbers, f"no SYN-ACK for client {port - FIRST_PORT}"
            self.send_tcp(port, 7, ISS + 1, self.numbers[port], ACK)

    def write(self):
        """Sends the data of all clients in full-sized segments, without waiting for acknowledgments or windows."""
        for port, number in self.numbers.items():
            for at in range(0, SIZE, MSS):
                self.send_tcp(port, 7, ISS + 1 + at, number, ACK | PSH, bytes(min(MSS, SIZE - at)))
            self.take(0)

    def reset(self):
        self.gone = True
        for port, number in self.numbers.items():
            self.send_tcp(port, 7, ISS + 1 + SIZE, number, RST | ACK)
            self.take(0)

    def ask(self):
        self.asked += 1
        return Guest.parse(self.fetch(15, self.asked))

    def assert_is_served(self):
        """Checks that the guest answers a ping, a SYN and a byte; each is sent only once."""
        self.send(ether(ipv4(icmp_echo(b"alive"), 1)))
        assert self.recv(lambda kind, p: kind == 0x800 and p[9] == 1 and p[20] == 0 and p[28:33] == b"alive"), "no pong"
        self.probes += 1
        self.send_tcp(self.probes, 7, ISS, 0, SYN)
        s = self.recv_tcp(self.probes)
        assert s.flags == SYN | ACK
        self.send_tcp(self.probes, 7, ISS + 1, s.seq + 1, ACK | PSH, b"x")
        while not (back := self.recv_tcp(self.probes)).payload:
            assert not back.flags & RST
        assert back.payload == b"x"
        self.send_tcp(self.probes, 7, ISS + 2, s.seq + 2, RST | ACK)


@pytest.mark.builds("checked", "shipped")
def test_a_crowd_that_acknowledges_nothing():
    with Guest(net="dgram", mem=MEM, capture=False) as g:
        c = Crowd(g, RAW)
        c.assert_is_served()
        before = c.ask()
        c.connect()
        c.write()
        c.reset()
        c.assert_is_served()
        after = assert_memory_returns(c.ask, before)
        assert_was_overload(after)
        assert "WARN" not in g.console


# ---- Linux ---------------------------------------------------------------------------------------

def write_and_do_not_read(net, number):
    """Connects @number clients and writes SIZE bytes to each; returns their sockets.  It stops after ATTACK_S seconds,
    because the guest accepts no more data once its memory is full."""
    socks, left = net.sockets(number), {}
    end = time.monotonic() + ATTACK_S
    with selectors.DefaultSelector() as waiting:
        for s in socks:
            s.setblocking(False)
            s.connect_ex((GUEST_ADDRESS, 7))
            waiting.register(s, selectors.EVENT_WRITE)
            left[s] = SIZE
        while left and time.monotonic() < end:
            for key, _ in waiting.select(0.1):
                s = key.fileobj
                try:
                    left[s] -= s.send(bytes(left[s]))
                except BlockingIOError:
                    continue
                except OSError:       # a reset: the guest had no thread for the client
                    left[s] = 0
                if not left[s]:
                    waiting.unregister(s)
                    del left[s]
    return socks


def assert_is_served(net):
    """Checks that the guest answers a ping, and then an echo.  Pings once a second like ping(8): the first ones may be
    lost, because the clients' last segments are queued in front of them, and the answers to these segments may fill
    the guest's transmit queue."""
    with net.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
        end = time.monotonic() + PATIENCE
        pongs = []
        while not pongs and time.monotonic() < end:
            s.sendto(icmp_echo(b"alive"), (GUEST_ADDRESS, 0))
            while not pongs and select.select([s], [], [], 1)[0]:
                p = s.recv(2048)
                pongs += [p] if p[28:] == b"alive" and p[20] == 0 else []
        assert pongs, "no pong"
    with net.connect(7) as s:
        s.sendall(b"x")
        assert recv_exact(s, 1) == b"x"


@pytest.mark.builds("checked", "shipped")
def test_a_crowd_that_does_not_read(tap, many_files):
    tap.sh("ip", "link", "set", "tap0", "txqueuelen", "100000")     # so that the host does not drop packets
    with LinuxGuest(tap, wire="tap", mem=MEM, capture=False, append=KEEPALIVE) as g:
        assert_is_served(tap)
        before = g.netstat()
        for s in write_and_do_not_read(tap, LINUX):
            s.close()
        assert_is_served(tap)
        after = assert_memory_returns(g.netstat, before)
        assert_was_overload(after)
        assert "WARN" not in g.console
