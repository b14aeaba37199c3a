# SPDX-License-Identifier: MIT
"""Offloads over a tap: packets without a complete checksum, and large packets for segmentation.  Only a tap has
virtio_net_hdr; QEMU's other netdevs can't transport such packets."""
import re
import socket
import struct

import pytest
from capture import longest
from guest import MAC
from load import echo_hashed, no_growth, visit
from peernet import LinuxGuest

MIB = 1 << 20
# Feature bits (virtio 1.0, 5.1.3): CSUM and HOST_TSO4; GUEST_CSUM and GUEST_TSO4.
BITS_OUT = {"none": 0, "csum": 1 << 0, "csum+tso": 1 << 0 | 1 << 11}
BITS_IN = {"none": 0, "csum": 1 << 1, "csum+tso": 1 << 1 | 1 << 7}
FRAME = 1514          # bytes: the longest frame without segmentation offload


def received_mss(s):
    """Returns Linux's estimate of the guest's segment size (tcpi_rcv_mss): for a large packet, its gso_size."""
    return struct.unpack_from("<I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 24), 20)[0]


@pytest.mark.parametrize("into", ["none", "csum", "csum+tso"])
@pytest.mark.parametrize("out", ["none", "csum", "csum+tso"])
def test_offloads(tap, out, into):
    """The guest uses exactly the offloads that are offered, separately for each direction, and the data is unchanged."""
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
    """Without MRG_RXBUF each receive buffer must be as long as the longest possible packet."""
    with LinuxGuest(tap, wire="tap", device=",mrg_rxbuf=off") as g, g.connect(7) as s:
        echo_hashed(s, 4 * MIB, 7)


@pytest.mark.builds("checked", "shipped")
def test_two_thousand_short_connections_leave_no_objects(tap):
    with LinuxGuest(tap, wire="tap") as g:
        before = g.netstat()
        visit(tap, 2000)
        no_growth(before, g.netstat())


# LIMIT(VIRTNET_RX_PART)
@pytest.mark.builds("checked", "shipped")
def test_three_mib_with_buffers_of_a_page(tap):
    """With 3 MiB of memory there is not enough for a receive ring full of buffers of a page each: the driver fills a part
    of the ring."""
    with LinuxGuest(tap, wire="tap", mem=3) as g, g.connect(7) as s:
        echo_hashed(s, MIB // 4, 8)
