# SPDX-License-Identifier: MIT
"""A tap with a virtio_net_hdr, which QEMU's other netdevs cannot carry: checksums and segments that are not yet
finished yet."""
import re
import socket
import struct

import pytest
from capture import longest
from guest import MAC
from load import echo_hashed, no_growth, visit
from peernet import LinuxGuest

MIB = 1 << 20
# Virtio 1.0, 5.1.3: CSUM and HOST_TSO4, GUEST_CSUM and GUEST_TSO4.
BITS_OUT = {"none": 0, "csum": 1 << 0, "csum+tso": 1 << 0 | 1 << 11}
BITS_IN = {"none": 0, "csum": 1 << 1, "csum+tso": 1 << 1 | 1 << 7}
FRAME = 1514          # the longest, where every segment is cut before it goes


def received_mss(s):
    """Linux's guess of our segments' size: of a large one, the size in its header (struct tcp_info)."""
    return struct.unpack_from("<I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 24), 20)[0]


@pytest.mark.parametrize("into", ["none", "csum", "csum+tso"])
@pytest.mark.parametrize("out", ["none", "csum", "csum+tso"])
def test_offloads(tap, out, into):
    """Offered features are used, others are not, and the bytes are the same: each direction by itself."""
    with LinuxGuest(tap, wire="tap", offloads=(out, into)) as g:
        agreed = int(re.search(r"features (0x[0-9a-f]+)", g.console)[1], 16)
        assert agreed & BITS_OUT["csum+tso"] == BITS_OUT[out] and agreed & BITS_IN["csum+tso"] == BITS_IN[into]
        with g.connect(7) as s:
            echo_hashed(s, 4 * MIB, 6)
            assert received_mss(s) == FRAME - 14 - 20 - 32      # Ethernet, IP, TCP with timestamps
        sent, came = longest(g.pcap(), MAC)
        assert (sent > FRAME) == (out == "csum+tso"), sent
        assert (came > FRAME) == (into == "csum+tso"), came


def test_large_segments_without_merged_buffers(tap):
    """Without MRG_RXBUF a buffer is as long as the longest that may come."""
    with LinuxGuest(tap, wire="tap", device=",mrg_rxbuf=off") as g, g.connect(7) as s:
        echo_hashed(s, 4 * MIB, 7)


@pytest.mark.builds("checked", "shipped")
def test_two_thousand_short_ones_leave_nothing(tap):
    with LinuxGuest(tap, wire="tap") as g:
        before = g.netstat()
        visit(tap, 2000)
        no_growth(before, g.netstat())


# LIMIT(VIRTNET_RX_PART)
@pytest.mark.builds("checked", "shipped")
def test_two_mib_with_buffers_of_a_page(tap):
    """A full ring of them would be more than there is."""
    with LinuxGuest(tap, wire="tap", mem=2) as g, g.connect(7) as s:
        echo_hashed(s, MIB // 4, 8)
