# SPDX-License-Identifier: MIT
"""The control queue of QEMU's network card: which frames the card passes up, and announcements after a migration."""
import pytest
from monitor import Watched
from wire import GUEST_IP, MAC, Peer, ether, icmp_echo, ipv4

OTHER = bytes.fromhex("525400000009")


def announcement(kind, p):
    return kind == 0x806 and p[6:8] == b"\0\1" and p[8:18] == MAC + GUEST_IP and p[24:28] == GUEST_IP


def drain(peer):
    """Takes the two announcements of a link that came up (RFC 5227 2.3)."""
    assert peer.recv(announcement) and peer.recv(announcement)


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("device", ["", ",vectors=1", ",vectors=0", ",disable-modern=on,disable-legacy=off"])
def test_the_card_gets_filters(device):
    """QEMU's own report of the filters (query-rx-filter): no other hosts' frames, no group."""
    with Watched(net="dgram", device=device) as g:
        peer = Peer(g)
        peer.send(ether(ipv4(icmp_echo(b"to another host"), 1), dst=OTHER))
        peer.send(ether(ipv4(icmp_echo(b"to this host"), 1)))
        answer = peer.recv(lambda kind, p: kind == 0x800 and p[9] == 1)
        assert answer[28:] == b"to this host"
        rx, = g.qmp("query-rx-filter")
        assert not rx["promiscuous"]
        assert rx["multicast"] == "normal" and not rx["unicast-table"]
        assert rx["main-mac"] == MAC.hex(":")
        assert "WARN" not in g.console


def test_a_card_without_a_control_queue():
    with Watched(net="dgram", device=",ctrl_vq=off") as g:
        peer = Peer(g)
        peer.send(ether(ipv4(icmp_echo(b"to another host"), 1), dst=OTHER))
        peer.send(ether(ipv4(icmp_echo(b"to this host"), 1)))
        assert peer.recv(lambda kind, p: kind == 0x800 and p[9] == 1)[28:] == b"to this host"
        assert g.qmp("query-rx-filter")[0]["promiscuous"]


def test_announces_its_address_when_the_card_asks():
    """QEMU's announce_self, which it also runs after a migration: the card asks the driver (GUEST_ANNOUNCE)."""
    with Watched(net="dgram") as g:
        peer = Peer(g)
        drain(peer)
        for _ in range(2):
            g.hmp("announce_self")
            drain(peer)
