# SPDX-License-Identifier: MIT
"""Linux as a peer with unusual settings: without a TCP option, with small segments, small buffers, or a small MTU."""
import contextlib
import socket
import struct

import pytest
from conftest import need
from load import echo_hashed
from peernet import GUEST_ADDRESS, LinuxGuest

KIB = 1 << 10
TIMESTAMPS, WSCALE, ECN, ECN_SEEN = 1, 4, 8, 16      # bits of tcpi_options
HARM = {"drop": 0.01, "duplicate": 0.01, "reorder": 0.03, "corrupt": 0.01, "delay": 0.01}


def agreed(s):
    """Returns tcpi_options of struct tcp_info: the negotiated options."""
    return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[5]


def echo(guest, level=None, option=None, value=0, size=256 * KIB):
    """Sets a socket option, connects, and transfers @size bytes in both directions; returns the negotiated options."""
    with guest.network.socket() as s:
        if option:
            s.setsockopt(level, option, value)
        s.connect((GUEST_ADDRESS, 7))
        echo_hashed(s, size, 8)
        return agreed(s)


@pytest.fixture(scope="module", params=["good", "bad"])
def guest(cable, request, build):
    with LinuxGuest(cable, seed=9, harm=HARM if request.param == "bad" else {}) as g:
        yield g


@pytest.mark.parametrize("name, value, gone", [
    ("tcp_timestamps", "0", TIMESTAMPS), ("tcp_window_scaling", "0", WSCALE), ("tcp_sack", "0", 0),
])
def test_without_an_option(guest, name, value, gone):
    usual = TIMESTAMPS | WSCALE
    with guest.network.setting(name, value) as lack:
        need(lack)
        assert echo(guest) & usual == usual & ~gone


@pytest.mark.builds("checked", "shipped")
def test_ecn_is_used_if_linux_asks_for_it(guest):
    """A SYN with ECE and CWR, which offers ECN (RFC 3168 6.1.1), is accepted, and the guest's data is ECN-capable."""
    # Without the fallback Linux offers ECN in a retransmitted SYN too: the relay may lose the first one.
    with guest.network.setting("tcp_ecn_fallback", "0") as lack, guest.network.setting("tcp_ecn", "1"):
        need(lack)
        assert echo(guest) & (ECN | ECN_SEEN) == ECN | ECN_SEEN
    with guest.network.setting("tcp_ecn", "2") as lack:
        need(lack)
        assert not echo(guest) & ECN


def test_marks_are_echoed(cable, build):
    """On a path that marks one packet of ten, data arrives in both directions, and the guest reports the marks of Linux's packets by ECE."""
    with LinuxGuest(cable, seed=9, harm={"mark": 0.1}) as g, g.network.setting("tcp_ecn", "1") as lack:
        need(lack)
        with g.network.socket() as s:
            s.connect((GUEST_ADDRESS, 7))
            echo_hashed(s, 1024 * KIB, 8)
            info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 248)
        to_guest, from_guest = g.network.ask("counts")[0]
        assert to_guest["mark"] > 10 and from_guest["mark"] > 10
        delivered_ce = struct.unpack_from("<I", info, 196)[0]
        assert delivered_ce > 10


@pytest.mark.parametrize("level, option, value", [
    (socket.IPPROTO_TCP, socket.TCP_MAXSEG, 200),
    (socket.SOL_SOCKET, socket.SO_RCVBUF, 4096),       # a window of a few segments
    (socket.SOL_SOCKET, socket.SO_SNDBUF, 4096),
], ids=["small segments", "small window", "small writes"])
def test_small_segments_windows_and_buffers(guest, level, option, value):
    echo(guest, level, option, value, 64 * KIB)


@contextlib.contextmanager
def mtu(net, size):
    net.sh("ip", "link", "set", "veth0", "mtu", str(size))
    try:
        yield
    finally:
        net.sh("ip", "link", "set", "veth0", "mtu", "1500")


@pytest.mark.parametrize("size", [296, 576])
def test_a_peer_with_a_small_mtu(guest, size):
    """A peer with a small MTU announces a small MSS, and the guest sends no longer segments: the peer would drop them."""
    with mtu(guest.network, size):
        echo(guest, size=64 * KIB)
