# SPDX-License-Identifier: MIT
"""Peers that stop in the middle of a connection, in virtual time.  In each test an attacker brings hundreds of
connections into one state, and never ends them.  Meanwhile a new client is served within a second.  In the end each
connection has timed out, and all memory is free again, although the attacker has sent no reset.
"""
import pytest
from test_overload import KEEPALIVE, Crowded
from test_pinned import ECHO, SEC

CHARGEN, NETSTAT, CLIENTS = 19, 15, 400
LISTEN = "0A"


def half_open(m):
    m.send(next(m.ports), ECHO, "S", 1000)


def idle(m):
    m.connect(ECHO)


def zero_window(m):
    """Takes the first bytes, then closes the window (sockstress, CVE-2008-4609)."""
    line = m.connect(CHARGEN)
    if line:
        m.send(line[0], CHARGEN, ".", line[1], line[2], win=0)


def tiny_window(m):
    line = m.connect(CHARGEN)
    if line:
        m.send(line[0], CHARGEN, ".", line[1], line[2], win=1)


def acknowledges_nothing(m):
    line = m.connect(CHARGEN)
    if line:
        m.send(line[0], CHARGEN, "P.", line[1], line[2], 100)


def last_ack(m):
    """Closes, but acknowledges neither the echo nor the FIN."""
    line = m.connect(ECHO)
    if line:
        port, seq, ack = line
        m.send(port, ECHO, "P.", seq, ack, 100)
        m.send(port, ECHO, "F.", seq + 100, ack)


def fin_wait_1(m):
    """Netstat sends some text and closes; the peer acknowledges neither the text nor the FIN."""
    m.connect(NETSTAT)


def closing(m):
    line = m.connect(NETSTAT)
    if line:
        m.send(line[0], NETSTAT, "F.", line[1], line[2])


def fin_wait_2(m):
    """The peer acknowledges everything, including netstat's FIN, but does not close."""
    line = m.connect(NETSTAT)
    if not line:
        return
    port, seq, ack = line
    for _ in range(50):
        got = m.answers(port)
        if not got:
            break
        ack = max(p.seq + len(p.payload) + ("F" in p.flags) for p in got)
        m.send(port, NETSTAT, ".", seq, ack)


def states(m):
    """Returns the states of all sockets but the listeners."""
    lines = [line.split() for line in m.slurp("/proc/net/tcp").splitlines()[1:]]
    return [line[3] for line in lines if line[3] != LISTEN]


# Each attack, with the state that /proc/net/tcp prints for most of its connections.
ATTACKS = [(half_open, "03"), (idle, "01"), (zero_window, "01"), (tiny_window, "01"), (acknowledges_nothing, "01"),
           (last_ack, "09"), (fin_wait_1, "04"), (closing, "0B"), (fin_wait_2, "05")]


@pytest.mark.parametrize("attack,state", ATTACKS, ids=lambda x: getattr(x, "__name__", None))
def test_connections_that_the_peer_never_ends(attack, state):
    m = Crowded(64)
    for i in range(CLIENTS):
        attack(m)
        if i % 20 == 19:
            m.heard()
    m.heard()
    got = states(m)
    assert m.serves_others()
    m.advance(m.now() + KEEPALIVE + 1000 * SEC)
    left = states(m)
    assert not left
    assert m.has_its_memory(), m.slurp("/proc/slabinfo")
    assert got.count(state) > CLIENTS // 2, got
    m.healthy()
