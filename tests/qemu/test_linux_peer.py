# SPDX-License-Identifier: MIT
"""Linux's TCP as the peer: refusals, pings, closes, many connections, and a guest that is killed."""
import errno
import random
import signal
import socket
import threading

import pytest
from capture import records
from guest import MAC, moved, recv_exact, tcp_mib
from load import echo_hashed, no_growth, visit
from monitor import Watched
from peernet import GUEST_ADDRESS, LinuxGuest
from wire import ACK, RST, icmp_echo

MIB = 1 << 20


@pytest.fixture(scope="module")
def guest(net, build):
    with LinuxGuest(net) as g:
        yield g


def test_a_closed_port_refuses_at_once(guest):
    """A SYN to a closed port is answered with a RST that acknowledges the SYN (RFC 9293 3.10.7.1)."""
    with guest.network.socket() as s, pytest.raises(ConnectionRefusedError):
        s.connect((GUEST_ADDRESS, 1))
    segments = [frame[34:] for _, frame, _ in records(guest.pcap(), MAC)[1] if frame[12:14] == b"\x08\0" and frame[23] == 6]
    syn = next(i for i, t in enumerate(segments) if t[2:4] == b"\0\1")
    answer = segments[syn + 1]
    assert answer[:2] == b"\0\1" and answer[13] == RST | ACK
    assert int.from_bytes(answer[8:12], "big") == (int.from_bytes(segments[syn][4:8], "big") + 1) % 2 ** 32


def pinger(net):
    s = net.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.connect((GUEST_ADDRESS, 0))
    return s


def answer_to(s, request):
    """Waits for the echo reply to @request, ignoring other ICMP messages; returns its payload."""
    while True:
        packet = s.recv(65536)
        message = packet[(packet[0] & 15) * 4:]
        if message[0] == 0 and message[4:8] == request[4:8]:
            return message[8:]


def test_ping_of_every_size(guest):
    """Pings with 0 to 1472 bytes of data, as much as fits into one frame, are answered with the same data."""
    data = random.Random(1).randbytes(1472)
    with pinger(guest.network) as s:
        for size in range(1473):
            request = icmp_echo(data[:size], size)
            s.send(request)
            assert answer_to(s, request) == data[:size], size


@pytest.mark.parametrize("size", [1473, 4000, 65507])
def test_ping_in_fragments(guest, size):
    """Linux's fragments become one echo request, and Linux joins the fragments of the answer."""
    before = guest.netstat()
    with pinger(guest.network) as s:
        request = icmp_echo(random.Random(size).randbytes(size), 1)
        s.send(request)
        assert answer_to(s, request) == request[8:]
    assert moved(before, guest.netstat()) == {}


@pytest.mark.builds("checked", "shipped")
def test_bulk_both_ways(guest):
    with guest.connect(7) as s:
        echo_hashed(s, 8 * MIB, 2)


@pytest.mark.builds("checked", "shipped")
def test_half_close(guest):
    """The guest still echoes data that the client wrote before its FIN, and then sends its own FIN."""
    data = random.Random(3).randbytes(MIB)
    with guest.connect(7) as s:
        def write():
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        assert recv_exact(s, len(data)) == data
        assert s.recv(1) == b""
        writer.join()


def test_a_close_with_unread_data_resets(guest):
    """Linux sends a reset if its application closes with unread data (RFC 2525 2.17); the guest counts it in
    EstabResets."""
    before = guest.netstat()
    with guest.connect(19) as s:
        recv_exact(s, 1)
    after = guest.netstat()
    assert tcp_mib(after, "EstabResets") == tcp_mib(before, "EstabResets") + 1


@pytest.mark.builds("checked", "shipped")
def test_two_hundred_at_once(guest):
    """200 connections: all SYNs are sent before the first SYN-ACK is handled, all connections are open at the same time,
    and their echoes are read in reverse order."""
    socks = guest.network.sockets(200)
    try:
        for s in socks:
            s.setblocking(False)
            assert s.connect_ex((GUEST_ADDRESS, 7)) == errno.EINPROGRESS
        for s in socks:
            s.settimeout(guest.patience)
        for i, s in enumerate(socks):
            s.sendall(b"connection %d\n" % i)      # waits for its connection
        for i, s in reversed(list(enumerate(socks))):
            want = b"connection %d\n" % i
            assert recv_exact(s, len(want)) == want
    finally:
        for s in socks:
            s.close()


def test_two_thousand_short_connections_leave_no_objects(cable):
    """The test boots a guest of its own, where no connection of another test can be left."""
    with LinuxGuest(cable) as g:
        before = g.netstat()
        visit(cable, 2000)
        no_growth(before, g.netstat())


@pytest.mark.long
def test_a_hundred_thousand_short_connections_leave_no_objects(cable):
    with LinuxGuest(cable, capture=False) as g:
        visit(cable, 100)
        before = g.netstat()
        visit(cable, 100_000)
        no_growth(before, g.netstat())


class WatchedLinuxGuest(Watched, LinuxGuest):
    pass


def test_the_link_goes_and_comes_back_in_a_transfer(cable):
    data = random.Random(4).randbytes(8 * MIB)
    with WatchedLinuxGuest(cable) as g, g.connect(7) as s:
        writer = threading.Thread(target=s.sendall, args=(data,), daemon=True)
        writer.start()
        back = recv_exact(s, len(data) // 4)
        g.hmp("set_link n0 off")
        g.wait(r"eth0: link down")
        g.hmp("set_link n0 on")
        g.wait(r"link down(.*\n)+.*eth0: link up")
        back += recv_exact(s, len(data) - len(back))
        writer.join()
        assert back == data


def kill(g):
    g.q.send_signal(signal.SIGKILL)
    g.q.wait()


def test_a_killed_guest_and_its_waiting_clients(cable):
    """A guest is killed and a new one is booted.  The new guest answers segments of the old connections with a reset
    (RFC 9293 3.5.1): one client waits for data, one retransmits.  A client that is in connect() retransmits its SYN, and
    the new guest serves it.  A client with a short user timeout gives up before the new guest is up."""
    with LinuxGuest(cable) as g:
        idle, busy, hasty = (g.connect(7) for _ in range(3))
        for s in (idle, busy, hasty):
            s.sendall(b"x")
            assert recv_exact(s, 1) == b"x"
        hasty.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 300)
        kill(g)
    for s in (busy, hasty):
        s.sendall(b"y")
    with pytest.raises(TimeoutError) as e:
        hasty.recv(1)
    assert e.value.errno == errno.ETIMEDOUT
    new = cable.socket()
    new.setblocking(False)
    assert new.connect_ex((GUEST_ADDRESS, 7)) == errno.EINPROGRESS
    with LinuxGuest(cable) as g:
        with pytest.raises(ConnectionResetError):
            busy.recv(1)
        idle.sendall(b"z")
        with pytest.raises(ConnectionResetError):
            idle.recv(1)
        new.settimeout(g.patience)
        another = g.connect(7)
        for s in (new, another):
            s.sendall(b"new")
            assert recv_exact(s, 3) == b"new"
    for s in (idle, busy, hasty, new, another):
        s.close()


def test_through_uefi(cable):
    with LinuxGuest(cable, firmware="uefi", disk="sata") as g, g.connect(7) as s:
        assert "through the UEFI door" in g.console
        echo_hashed(s, 4 * MIB, 5)
