# SPDX-License-Identifier: MIT
"""Tests pkt.py with the examples of RFC 1071 and with packets that Linux 6.18 sent to a TUN device, like
tests/unit/test_pkt.c."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pkt  # noqa: E402

LINUX, PEER = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
SYN = bytes.fromhex("4500003ce13f40004006d578c0000201c0000202"
                    "9c41000732efa53200000000a002faf09c870000020405b40402080ad8c9df4c000000000103030a")
UNREACHABLE = bytes.fromhex("45c0003d9ce3000040015919c0000201c0000202" "03038e2500000000"
                            "45000021000700004011f6c1c0000202c000020113881770000d0000") + b"hello"


def zeroed(data, at):
    """Returns @data with the two bytes at @at set to zero."""
    return data[:at] + bytes(2) + data[at + 2:]


@pytest.mark.parametrize("data, total", [
    ("0001f203f4f5f6f7", 0x220d),            # the example in section 3
    ("010003f2f5f4f7f6", 0x0d22),            # its bytes swapped
    ("0001f203", 0xffff - 0xf204), ("f4f5f6f7", 0xffff - 0xebed),
    ("", 0xffff), ("0000", 0xffff), ("ffff", 0), ("12", 0xffff - 0x1200), ("123456", 0xffff - 0x1234 - 0x5600)])
def test_rfc1071(data, total):
    assert pkt.checksum(bytes.fromhex(data)) == total


def test_linuxs_headers_are_made():
    assert pkt.ipv4_header(LINUX, PEER, pkt.TCP, 40, ident=0xe13f, frag=0x4000) == SYN[:20]
    assert pkt.ipv4_header(LINUX, PEER, pkt.ICMP, 41, ident=0x9ce3, tos=0xc0) == UNREACHABLE[:20]
    assert pkt.icmp(3, 3, bytes(4), UNREACHABLE[28:]) == UNREACHABLE[20:]
    assert pkt.tcp_checksum(LINUX, PEER, zeroed(SYN[20:], 16)) == 0x9c87
    assert pkt.filled(zeroed(SYN[20:], 16), 16, 0x9c87) == SYN[20:]


def test_linuxs_packets_are_right_and_changed_ones_are_not():
    assert pkt.checksum(SYN[:20]) == pkt.checksum(UNREACHABLE[:20]) == pkt.checksum(UNREACHABLE[20:]) == 0
    assert pkt.tcp_checksum(LINUX, PEER, SYN[20:]) == 0
    for at in range(20, len(SYN)):
        changed = bytearray(SYN)
        changed[at] ^= 0x40
        assert pkt.tcp_checksum(LINUX, PEER, bytes(changed[20:]))


def test_options_lengthen_the_header():
    header = pkt.ipv4_header(LINUX, PEER, pkt.ICMP, 8, options=b"\1\1\1\0")
    assert header[0] == 0x46 and header[2:4] == bytes((0, 32)) and pkt.checksum(header) == 0
