# SPDX-License-Identifier: MIT
"""Packets as bytes, for the tests in Python: the Internet checksum, and headers with it.  pkt.h is the same for C.

tests/packet/packets.py and tests/qemu/wire.py use it; test_pkt.py tests it with the examples of RFC 1071 and
with packets that Linux sent.  tests/sim/peer.py has code of its own on purpose, to be independent.  RFC 791,
1071, 792, 9293 3.1.
"""
import struct

ICMP, TCP = 1, 6


def checksum(data):
    """RFC 1071: returns the value for a checksum field that is zero in @data; for data with a correct checksum
    returns 0."""
    if len(data) % 2:
        data += b"\0"
    # The ones' complement sum of 16-bit words is the number that @data forms, modulo 2^16-1, because 2^16 is 1
    # modulo 2^16-1.
    total = int.from_bytes(data, "big")
    rest = total % 0xffff
    return 0xffff ^ (0xffff if total and not rest else rest)


def filled(data, at, total=None):
    """Returns @data with @total, by default its checksum, in the two bytes at @at, which are zero."""
    return data[:at] + struct.pack(">H", checksum(data) if total is None else total) + data[at + 2:]


def ipv4_header(src, dst, proto, length, ttl=64, tos=0, ident=0, frag=0, options=b""):
    """Returns an IPv4 header for a packet with @length bytes behind the header. Addresses are four bytes; @frag:
    flags and fragment offset."""
    size = 20 + len(options)
    return filled(struct.pack(">BBHHHBBH4s4s", 0x40 | size // 4, tos, size + length, ident, frag, ttl, proto, 0, src,
                              dst) + options, 10)


def pseudo_header(src, dst, length):
    """Returns the pseudo header of a TCP segment of @length bytes, for its checksum (RFC 9293 3.1)."""
    return src + dst + struct.pack(">HH", TCP, length)


def tcp_checksum(src, dst, segment):
    """Returns the checksum of a segment whose checksum field is zero; for a correct segment returns 0."""
    return checksum(pseudo_header(src, dst, len(segment)) + segment)


def icmp(kind, code, rest, payload=b""):
    """Returns an ICMP message.  @rest: the four bytes behind its checksum."""
    return filled(struct.pack(">BBH", kind, code, 0) + rest + payload, 2)
