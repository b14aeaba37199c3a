# SPDX-License-Identifier: MIT
"""tcpinfo.decode(): struct tcp_info from bytes."""
import struct

from tcpinfo import LAYOUT, decode

SND_WND, TOTAL_RTO = 228, 240    # offsets in Linux's include/uapi/linux/tcp.h


def test_offsets():
    """Checks fields at the end of the structure: their offsets depend on all fields before them."""
    data = bytearray(LAYOUT.size)
    struct.pack_into("<III", data, SND_WND, 7, 8, 9)
    struct.pack_into("<HHI", data, TOTAL_RTO, 1, 2, 3)
    info = decode(data)
    assert (info["tcpi_snd_wnd"], info["tcpi_rcv_wnd"], info["tcpi_rehash"]) == (7, 8, 9)
    assert (info["tcpi_total_rto"], info["tcpi_total_rto_recoveries"], info["tcpi_total_rto_time"]) == (1, 2, 3)


def test_an_older_structure():
    """The fields beyond the end of a shorter struct are 0."""
    data = bytearray(SND_WND + 4)
    struct.pack_into("<I", data, SND_WND, 7)
    info = decode(data)
    assert (info["tcpi_snd_wnd"], info["tcpi_total_rto"]) == (7, 0)
