# SPDX-License-Identifier: MIT
"""The options `ip=` and `gw=`: which card gets which address, which values are rejected, and that the guest is
reachable."""
import socket
import struct

import pytest
from guest import Guest, recv_exact
from monitor import Watched
from wire import PEER_IP, SYN, Peer, Segment, ether, ipv4, tcp

MSS = b"\x02\x04\x05\xb4"


def echoes(g, port=7):
    with g.connect(port) as s:
        s.sendall(b"x" * 3000)
        assert recv_exact(s, 3000) == b"x" * 3000


class TwoCards(Watched):
    """A guest with two cards: eth0 on QEMU's user network 10.0.2.0/24, eth1 on a second one, @subnet.  Port .ports[7]
    of the host leads to the echo service by eth0, .ports["eth1"] by eth1.  @off: netdevs (n0, n1) whose link is
    down."""

    def __init__(self, append="", subnet="10.0.3", off=()):
        super().__init__(append, ready="" if off else r"^READY", capture=False)
        self.subnet, self.off = subnet, off
        self.first, theirs = socket.socketpair()      # a monitor connection that exists before QEMU starts the guest
        self.keep_fds = (theirs.fileno(),)
        self.theirs = theirs

    def command(self):
        cmd = super().command()
        self.ports["eth1"] = self.port()
        forward = f"hostfwd=tcp:127.0.0.1:{self.ports['eth1']}-{self.subnet}.15:7"
        cmd += ["-netdev", f"user,id=n1,net={self.subnet}.0/24,{forward}",
                "-device", "virtio-net-pci,romfile=,netdev=n1,mac=52:54:00:12:34:57"]
        return cmd + ["-S", "-chardev", f"socket,id=first,fd={self.keep_fds[0]}", "-mon", "chardev=first"] * bool(self.off)

    def start(self):
        super().start()
        if self.off:
            self.first.sendall("".join(f"set_link {n} off\n" for n in self.off).encode() + b"cont\n")
            self.wait(r"^READY")


def test_the_first_card_with_a_link():
    """Only eth1 has a link: it gets the address, and keeps it when eth0 gets a link, too."""
    with TwoCards(subnet="10.0.2", off=["n0"]) as g:
        assert "eth1: 10.0.2.15/24" in g.console
        echoes(g, "eth1")
        g.hmp("set_link n0 on")
        g.wait("eth0: link up")
        echoes(g, "eth1")
        assert "eth0: 10.0.2.15" not in g.console


def test_no_card_with_a_link_at_first():
    with TwoCards(subnet="10.0.2", off=["n0", "n1"]) as g:
        assert "no card has a link: 10.0.2.15/24 goes to the first that gets one" in g.console
        g.hmp("set_link n1 on")
        g.wait(r"eth1: 10\.0\.2\.15/24")
        echoes(g, "eth1")


def test_a_named_card():
    with TwoCards("ip=10.0.3.15/24:eth1 gw=10.0.3.2") as g:
        assert "eth1: 10.0.3.15/24" in g.console and "eth0: 10." not in g.console
        echoes(g, "eth1")


def test_each_card_with_an_address():
    with TwoCards("ip=10.0.2.15/24 ip=10.0.3.15::10.0.3.2:255.255.255.0::eth1:none") as g:
        assert "eth0: 10.0.2.15/24" in g.console and "eth1: 10.0.3.15/24" in g.console
        for _ in range(3):
            echoes(g)
            echoes(g, "eth1")
        n = g.netstat()
        ours = {tuple(f[k] for k in (0, 5)) for f in map(str.split, n["/proc/net/arp"].splitlines()[1:])}
        assert ("10.0.2.2", "eth0") in ours and ("10.0.3.2", "eth1") in ours


def test_an_unknown_card_is_named():
    with TwoCards("ip=10.0.2.15/24:ens3") as g:
        assert 'ip=10.0.2.15/24: there is no card "ens3"; there is eth0 eth1' in g.console


@pytest.mark.parametrize("words", ["ip=192.0.2.5/32 gw=10.0.2.2", "ip=192.0.2.5::10.0.2.2:255.255.255.255:::off"])
def test_a_gateway_outside_the_network(words):
    """The gateway is not in the guest's network (/32).  A SYN comes from an address behind the gateway; the guest finds
    the gateway's MAC address by ARP, with its own address as the sender, and sends the SYN-ACK there."""
    far, ours = bytes([198, 51, 100, 7]), bytes([192, 0, 2, 5])
    with Guest(words, net="dgram") as g:
        assert "default route" not in g.console
        peer = Peer(g)
        peer.send(ether(ipv4(tcp(4000, 7, 100, 0, SYN, options=MSS, src=far, dst=ours), 6, src=far, dst=ours)))
        asked = peer.recv(lambda kind, p: kind == 0x806 and p[6:8] == b"\0\1" and p[24:28] == PEER_IP)
        assert asked and asked[14:18] == ours
        answer = peer.recv(lambda kind, p: kind == 0x800 and p[9] == 6 and struct.unpack(">H", p[22:24])[0] == 4000)
        assert answer and answer[12:20] == ours + far and Segment(answer).ack == 101


@pytest.mark.builds("checked", "shipped")
def test_an_address_in_linux_form():
    with Guest("ip=10.0.2.15:10.0.2.9:10.0.2.2:255.255.255.0:guest:eth0:none:10.0.2.3") as g:
        assert "invalid option" not in g.console
        echoes(g)


@pytest.mark.parametrize("word, why", [
    ("ip=10.0.2.255/24", "the broadcast address of its network; expected 10.0.2.1 to 10.0.2.254"),
    ("ip=127.0.0.1/8", "127.0.0.0/8, which never leaves a host; expected a unicast address"),
    ("ip=rarp", "not supported; expected dhcp"),
    ("ip=10.0.2.15/24:eth0:eth1", "only the name of a card may follow"),
])
def test_an_invalid_option_is_reported_and_the_boot_continues(word, why):
    with Guest(word) as g:
        assert why in g.console and f'invalid option "{word}": expected ip=A.B.C.D/LEN' in g.console
        assert "eth0: 10.0.2.15/24" in g.console      # from QEMU's DHCP server
        echoes(g)
