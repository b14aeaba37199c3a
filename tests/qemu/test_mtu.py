# SPDX-License-Identifier: MIT
"""virtio-net devices that offer an MTU (host_mtu=): from RFC 791's minimum, 68, to 65535."""
import socket
import struct
import threading

import pytest
from guest import Guest, recv_exact
from wire import ACK, SYN, Peer, ether, icmp_echo, ipv4, tcp

OFFER = b"\x02\x04\x23\x00" + b"\x01\x01\x08\x0a\0\0\0\1\0\0\0\0"     # MSS 8960, timestamps
PLAIN = ",mrg_rxbuf=off,guest_tso4=off,guest_csum=off"


@pytest.mark.parametrize("mtu, mss", [(68, 28), (87, 47), (127, 87), (128, 88), (9000, 8960)])
def test_announces_and_sends_fitting_segments(mtu, mss):
    """The guest announces an MSS of the MTU less 40 (RFC 6691).  Timestamps reduce the data of a segment, so that no packet
    exceeds the MTU."""
    with Guest(net="dgram", device=f",host_mtu={mtu}") as g:
        assert f"mtu {mtu}," in g.console
        peer = Peer(g)
        peer.send_tcp(4000, 19, 100, 0, SYN, options=OFFER)
        answer = peer.recv_tcp(4000)
        assert answer.options[:4] == b"\x02\x04" + struct.pack(">H", mss)
        tsval = answer.options[answer.options.index(b"\x08\x0a") + 2:][:4]
        peer.send_tcp(4000, 19, 101, answer.seq + 1, ACK, options=b"\x01\x01\x08\x0a\0\0\0\2" + tsval)
        packet = peer.recv(lambda kind, p: kind == 0x800 and p[9] == 6 and struct.unpack(">H", p[2:4])[0] > 52)
        assert struct.unpack(">H", packet[2:4])[0] == mtu      # chargen's first segment is a full-sized one


@pytest.mark.parametrize("mtu", [68, 127, 1400, 9000, 65535])
@pytest.mark.parametrize("features", ["", PLAIN])
def test_each_mtu_carries_a_stream(mtu, features):
    data = bytes(range(256)) * 400
    with Guest(device=f",host_mtu={mtu}{features}", capture=False) as g, g.connect(7) as s:
        threading.Thread(target=s.sendall, args=(data,)).start()
        assert recv_exact(s, len(data)) == data
        s.shutdown(socket.SHUT_WR)
        assert s.recv(1) == b""


@pytest.mark.builds("checked", "shipped")
def test_an_mtu_too_small_for_ipv4_is_reported():
    with Guest(device=",host_mtu=67") as g, g.connect(7) as s:
        assert "the device's MTU of 67 is below 68, which IPv4 needs: 1500 is used" in g.console
        s.sendall(b"x")
        assert recv_exact(s, 1) == b"x"


@pytest.mark.parametrize("features", ["", PLAIN])
def test_an_mtu_above_the_drivers_limit_is_reduced(features):
    """65535 is more than the driver's receive buffers hold: it uses 9000, and receives a packet of that size."""
    with Guest(net="dgram", device=f",host_mtu=65535{features}") as g:
        assert "mtu 9000," in g.console
        peer, ping = Peer(g), bytes(range(256)) * 35 + bytes(12)
        peer.send(ether(ipv4(icmp_echo(ping), 1)))
        answer = peer.recv(lambda kind, p: kind == 0x800 and p[9] == 1)
        assert answer[28:] == ping and len(answer) == 9000
        # A longer frame is dropped, by the device or by the driver; the next one is received.
        peer.send(ether(ipv4(icmp_echo(bytes(20000)), 1)))
        peer.send(ether(ipv4(icmp_echo(b"still there", seq=3), 1)))
        assert peer.recv(lambda kind, p: kind == 0x800 and p[9] == 1 and p[28:39] == b"still there")
