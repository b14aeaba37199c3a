# SPDX-License-Identifier: MIT
"""QEMU's network card: which frames it passes up, announcements after a migration, hot unplug."""
import pytest
from guest import recv_exact
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
    """The card drops frames for other hosts; by QEMU's report (query-rx-filter) it is neither in promiscuous nor in
    all-multicast mode."""
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


# ---- hot unplug ----

ROOT_PORTS = ("-device", "pcie-root-port,id=rp0,slot=1,chassis=1", "-device", "pcie-root-port,id=rp1,slot=2,chassis=2")


def unplug(g, device, ejected):
    """Asks QEMU to remove @device; waits until the kernel has released it and QEMU does not list it any more."""
    assert f'id "{device}"' in g.hmp("info qtree")
    g.qmp("device_del", id=device)
    g.wait(ejected)
    assert f'id "{device}"' not in g.hmp("info qtree")
    assert "WARN" not in g.console and "cannot be removed" not in g.console


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("machine, bus, early", [("pc", "", ()), ("q35", ",bus=rp1", ROOT_PORTS)])
def test_a_card_is_unplugged(machine, bus, early):
    """The kernel ends its use of the card, and then lets QEMU take it away; the rest of the machine works on."""
    with Watched(net="dgram", machine=machine, device=bus + ",id=card", early=early) as g:
        peer = Peer(g)
        peer.send(ether(ipv4(icmp_echo(b"before"), 1)))
        assert peer.recv(lambda kind, p: kind == 0x800 and p[9] == 1)[28:] == b"before"
        unplug(g, "card", r"eth0: 0000:0[02]:0[02].0 was removed\n.*: ejected")
        g.hmp("system_powerdown")     # its interrupt is that of hot plug, too
        g.wait("power button")


def test_one_of_two_cards_is_unplugged():
    """Unplugging a second card and the entropy device does not disturb the first card and the connection on it."""
    more = ("-netdev", "user,id=n1", "-device", "virtio-net-pci,netdev=n1,id=second", "-device", "virtio-rng-pci,id=rng")
    with Watched(machine="pc", extra=more, append="ip=10.0.2.15/24:eth0 ip=10.0.3.15/24:eth1") as g, g.connect(7) as s:
        assert "eth1: 10.0.3.15/24" in g.console
        before = g.netstat()
        assert before["/proc/net/route"].count("eth1") == 1 and "eth1:" in before["/proc/net/dev"]
        s.sendall(b"before")
        assert recv_exact(s, 6) == b"before"
        unplug(g, "second", r"eth1: .* was removed\n.*: ejected")
        unplug(g, "rng", "0000:00:04: ejected")
        s.sendall(b"after")
        assert recv_exact(s, 5) == b"after"
        after = g.netstat()
        assert "eth1" not in after["/proc/net/route"] and "eth1" not in after["/proc/net/dev"]
        assert "virtio0-input.0" in after["/proc/interrupts"] and "virtio1-input.0" not in after["/proc/interrupts"]


def test_a_card_is_unplugged_while_it_sends():
    """The card is unplugged while the service chargen sends data through it without end."""
    with Watched(machine="pc", device=",id=card") as g, g.connect(19) as s:
        assert recv_exact(s, 100000)
        unplug(g, "card", r"eth0: .* was removed\n.*: ejected")
        g.hmp("system_powerdown")
        g.wait("power button")
