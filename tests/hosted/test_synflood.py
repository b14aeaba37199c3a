# SPDX-License-Identifier: MIT
"""A thousand forged SYNs a second, in virtual time: each real client is served at its first SYN.

The forged addresses never answer, so each request of theirs would stay for a minute.  RFC 4987 describes the attack
and SYN cookies against it; tests/packet/scripts/cookies has single segments.
"""
import ctypes
from types import SimpleNamespace

import pytest
from test_pinned import LOCAL, SEC, SLACK, UNREAD, Attacked, hosted, packets

BACKLOG, SECONDS = 128, 70          # requests end after 63 s; the flood lasts some seconds longer
ACCEPT4, NONBLOCK = 288, 0o4000


class Flooded(Attacked):
    def __init__(self, syncookies):
        super().__init__(16)
        self.setting("/proc/sys/net/ipv4/tcp_syncookies", syncookies)
        assert self.call(hosted.NR.listen, self.listener, BACKLOG) == 0
        self.forged = 0

    def setting(self, path, value):
        name, text = ctypes.create_string_buffer(path.encode()), ctypes.create_string_buffer(b"%d" % value)
        fd = self.call(hosted.NR.open, name, 1)
        assert fd >= 0 and self.call(hosted.NR.write, fd, text, 1) == 1
        self.call(hosted.NR.close, fd)

    def forge(self, number):
        """Sends `number` forged SYNs, spread over a second."""
        for _ in range(number):
            n, self.forged = self.forged, self.forged + 1
            p = SimpleNamespace(flags="S", ports=(1024 + n // 65536, UNREAD), seq=n * 7919 % 2**32, ack=0, window=65535,
                                urgent=0, ip=SimpleNamespace(tos=0, ecn=None, ttl=64))
            source = f"203.0.{n >> 8 & 255}.{n & 255}"
            self.host.put_frame(self._mac + hosted.OUR_MAC + b"\x08\x00" + packets.build_tcp(source, LOCAL, p, [], 0))
            self.advance(self.now() + SEC // (number + 1))
        self.packets.clear()

    def serves_a_client(self):
        """Returns True if a client connects with one SYN and is accepted, and if the client's data arrives."""
        line = self.connect(UNREAD)
        if not line:
            return False
        port, seq, ack = line
        fd = self.call(ACCEPT4, self.listener, 0, 0, NONBLOCK)
        assert fd >= 0, fd
        self.send(port, UNREAD, "P.", seq, ack, 100)
        acked = [p.ack for p in self.answers(port)]
        buf = ctypes.create_string_buffer(200)
        assert self.call(hosted.NR.read, fd, buf, 200) == 100
        self.send(port, UNREAD, "R.", seq + 100, ack)
        self._instant()
        self.call(hosted.NR.close, fd)
        return acked == [seq + 100]


def clients_served(m, rate):
    served = 0
    for _ in range(SECONDS):
        m.forge(rate)
        served += m.serves_a_client()
    return served


def test_with_cookies_each_client_is_served():
    m = Flooded(syncookies=1)
    m.forge(1000)
    before = m.host.sn_free_pages()
    assert clients_served(m, 1000) == SECONDS
    assert m.counter("SyncookiesSent") > 1000 * SECONDS * 9 // 10
    assert m.counter("SyncookiesRecv") == SECONDS
    assert m.counter("SyncookiesFailed") == m.counter("TCPReqQFullDrop") == 0
    assert m.host.sn_free_pages() >= before - SLACK
    m.healthy()


def test_without_cookies_few_clients_are_served():
    """Without cookies the same flood keeps clients out: they find the queue full."""
    m = Flooded(syncookies=0)
    m.forge(1000)
    assert clients_served(m, 1000) < SECONDS // 4
    assert m.counter("TCPReqQFullDrop") > 1000 * SECONDS * 9 // 10
    assert m.counter("SyncookiesSent") == 0


@pytest.mark.parametrize("rate", [25, 50])
def test_slow_floods(rate):
    """A flood at a low rate also fills the queue, because each request stays for a minute; each client is served."""
    m = Flooded(syncookies=1)
    assert clients_served(m, rate) == SECONDS
    assert m.counter("SyncookiesRecv")


def test_acks_at_random_make_no_connection():
    """A flood of ACKs does not guess a cookie: for a four-tuple, 8 of 2^32 numbers are valid, one for each of two
    minutes (TCP_SYNCOOKIE_MINUTES) and each of the four segment sizes that a cookie can store."""
    m = Flooded(syncookies=2)
    assert m.serves_a_client()
    received, free = m.counter("SyncookiesRecv"), m.host.sn_free_pages()
    for n in range(20000):
        m.send(1000 + n, UNREAD, ".", n * 7919, n * 104729)
        if n % 100 == 0:
            m.answers(0)
    m.answers(0)
    assert m.counter("SyncookiesRecv") == received
    assert m.counter("SyncookiesFailed") == 20000
    assert m.host.sn_free_pages() >= free - SLACK
    m.healthy()
