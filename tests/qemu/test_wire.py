# SPDX-License-Identifier: MIT
"""Behaviour that only a peer with raw Ethernet frames can observe: ARP, ping, refusals, closing, sequence numbers."""
import struct

import pytest
from guest import Guest
from wire import (ACK, FIN, GUEST_IP, MAC, PEER_IP, PEER_MAC, PSH, RST, SYN, Peer, checksum, ether, icmp_echo, ipv4)

NEAR_WRAP = 0xfffffff0


@pytest.fixture(scope="module")
def peer(build):
    with Guest(net="dgram") as g:
        yield Peer(g)


def test_announces_itself_when_the_link_comes_up():
    """The guest sends an ARP announcement (RFC 5227 3), with its own address as sender and target address."""
    with Guest(net="dgram", ready=None) as g:
        p = Peer(g).recv(lambda kind, p: kind == 0x806)
        assert p is not None and p[8:18] == MAC + GUEST_IP and p[24:28] == GUEST_IP


def test_answers_arp(peer):
    peer.send(ether(struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + PEER_MAC + PEER_IP + bytes(6) + GUEST_IP, 0x806, b"\xff" * 6))
    p = peer.recv(lambda kind, p: kind == 0x806 and p[6:8] == b"\0\2")
    assert p[8:18] == MAC + GUEST_IP and p[18:28] == PEER_MAC + PEER_IP


@pytest.mark.parametrize("size", [0, 1, 56, 1472])
def test_ping(peer, size):
    data = bytes(i & 0xff for i in range(size))
    peer.send(ether(ipv4(icmp_echo(data, size), 1)))
    p = peer.recv(lambda kind, p: kind == 0x800 and p[9] == 1 and p[20] == 0)
    total = struct.unpack(">H", p[2:4])[0]
    assert checksum(p[20:total]) == 0 and p[28:total] == data


@pytest.mark.builds("checked", "shipped")
def test_refused_at_once(peer):
    """The answer to a SYN to a closed port has RST and ACK, and acknowledges the SYN (RFC 9293 3.10.7.1)."""
    peer.send_tcp(40000, 1, NEAR_WRAP, 0, SYN)
    s = peer.recv_tcp(40000)
    assert s.flags == RST | ACK and s.ack == NEAR_WRAP + 1 and s.seq == 0


def test_ack_to_a_closed_port_is_reset_with_its_own_ack(peer):
    peer.send_tcp(40001, 1, 5, 1000, ACK)
    s = peer.recv_tcp(40001)
    assert s.flags == RST and s.seq == 1000


def test_bad_checksum_is_dropped(peer):
    frame = bytearray(ether(ipv4(b"", 6)))
    good = struct.pack(">HHIIBBHHH", 40002, 1, 1, 0, 0x50, SYN, 100, 0x1234, 0)
    peer.send(ether(ipv4(good, 6)))
    peer.send(bytes(frame))
    peer.send_tcp(40003, 1, 1, 0, SYN)     # the next segment must be the answer to this one
    p = peer.recv(lambda kind, p: kind == 0x800 and p[9] == 6)
    assert struct.unpack(">H", p[22:24])[0] == 40003


@pytest.mark.builds("checked", "shipped")
def test_echo_by_hand_across_the_wrap(peer):
    """A connection with an echo and a close by the peer, whose sequence numbers wrap; all numbers are checked."""
    port, iss = 40010, NEAR_WRAP
    peer.send_tcp(port, 7, iss, 0, SYN, options=bytes([2, 4, 1460 >> 8, 1460 & 255]))
    s = peer.recv_tcp(port)
    assert s.flags == SYN | ACK and s.ack == (iss + 1) & 0xffffffff
    assert s.options[:2] == b"\x02\x04", "a SYN-ACK without an MSS"
    irs = s.seq
    data = b"across the wrap: 0123456789"
    peer.send_tcp(port, 7, iss + 1, irs + 1, ACK)
    peer.send_tcp(port, 7, iss + 1, irs + 1, ACK | PSH, data)
    got = b""
    while got != data:
        s = peer.recv_tcp(port)
        assert s.ack == (iss + 1 + len(data)) & 0xffffffff and not s.flags & (RST | FIN | SYN)
        got += s.payload
    end, theirs = iss + 1 + len(data), irs + 1 + len(data)
    peer.send_tcp(port, 7, end, theirs, ACK | FIN)
    while True:
        s = peer.recv_tcp(port)
        assert s.ack == (end + 1) & 0xffffffff or not s.flags & FIN
        if s.flags & FIN:
            break
    assert s.seq == theirs & 0xffffffff
    peer.send_tcp(port, 7, end + 1, theirs + 1, ACK)
