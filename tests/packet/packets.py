# SPDX-License-Identifier: MIT
"""Builds packets from a script's lines, and parses packets that a kernel sent.

runner.py calls build_tcp(), build_icmp() and read_packet().  All numbers here are those on the wire: flow.py
translates a script's numbers.  Only IPv4.
RFC 791 3.1, 9293 3.1 and 3.2, 7323 (wscale, TS), 2018 (sack), 7413 (FO), 2385 (md5), 792.
"""
import os
import struct
import sys
from dataclasses import dataclass, field

from script import IpInfo, Option

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
# pylint: disable=wrong-import-position
from pkt import ICMP, TCP, checksum, filled, icmp, ipv4_header, pseudo_header, tcp_checksum  # noqa: E402

TTL_DEFAULT = 255
FLAG_BITS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, ".": 0x10, "U": 0x20, "E": 0x40, "W": 0x80,
             "A": 0x100}
FLAG_ORDER = "FSRPEWAU."
ECN_BITS = {"noecn": 0, "ect1": 1, "ect0": 2, "ce": 3}
ECN_NAMES = {bits: name for name, bits in ECN_BITS.items()}
EXPERIMENTAL, FOEXP_MAGIC = 254, 0xf989
VNET_NEEDS_CSUM, VNET_GSO_TCPV4 = 1, 1
KINDS = {"md5": 19, "FO": 34}
ECN_FIRST = {"e0b": 172, "e1b": 174}
ECN_ORDER = {172: ("e0b", "ceb", "e1b"), 174: ("e1b", "ceb", "e0b")}


def address(text):
    """Converts an address A.B.C.D to four bytes."""
    return bytes(int(part) for part in text.split("."))


# ---- options ---------------------------------------------------------------------------------------

def encode_option(option):
    """Returns a TCP option as bytes."""
    kind, data = option.kind, option.data
    if kind in ("nop", "eol"):
        return b"\1" if kind == "nop" else b"\0"
    if kind == "mss":
        return struct.pack(">BBH", 2, 4, data)
    if kind == "wscale":
        return struct.pack(">BBB", 3, 3, data)
    if kind == "sackOK":
        return b"\4\2"
    if kind == "TS":
        return struct.pack(">BBII", 8, 10, *data)
    if kind == "sack":
        edges = [edge for block in data for edge in block]
        return struct.pack(f">BB{len(edges)}I", 5, 2 + 4 * len(edges), *edges)
    if kind == "ECN":
        first = data[0][0] if data else "e0b"
        return struct.pack(">BB", ECN_FIRST[first], 2 + 3 * len(data)) + b"".join(
            count.to_bytes(3, "big") for _, count in data)
    if kind.startswith("kind-"):
        return struct.pack(">BB", int(kind.removeprefix("kind-")), 2 + len(data)) + data
    if kind == "FOEXP":
        return struct.pack(">BBH", EXPERIMENTAL, 4 + len(data), FOEXP_MAGIC) + data
    return struct.pack(">BB", KINDS[kind], 2 + len(data)) + data


def _decode_option(kind, data):
    size = len(data)
    if (kind, size) == (2, 2):
        return Option("mss", int.from_bytes(data, "big"))
    if (kind, size) == (3, 1):
        return Option("wscale", data[0])
    if (kind, size) == (4, 0):
        return Option("sackOK")
    if (kind, size) == (8, 8):
        return Option("TS", struct.unpack(">II", data))
    if kind == 5 and size % 8 == 0:
        edges = struct.unpack(f">{size // 4}I", data)
        return Option("sack", list(zip(edges[::2], edges[1::2])))
    if kind == 19:
        return Option("md5", data)
    if kind == 34:
        return Option("FO", data)
    if kind == EXPERIMENTAL and data[:2] == FOEXP_MAGIC.to_bytes(2, "big"):
        return Option("FOEXP", data[2:])
    if kind in ECN_ORDER and size % 3 == 0 and size <= 9:
        counts = [int.from_bytes(data[i:i + 3], "big") for i in range(0, size, 3)]
        return Option("ECN", tuple(zip(ECN_ORDER[kind], counts)))
    return Option(f"kind-{kind}", data)


def decode_options(data):
    """Returns a list of the options in @data, and a text about the first error in them ("": no error)."""
    options, i = [], 0
    while i < len(data):
        kind = data[i]
        if kind < 2:
            options.append(Option("nop" if kind else "eol"))
            i += 1
            continue
        size = data[i + 1] if i + 1 < len(data) else 0
        if size < 2 or i + size > len(data):
            return options, f"option {kind} has a length of {size} with {len(data) - i} bytes left"
        options.append(_decode_option(kind, data[i + 2:i + size]))
        i += size
    return options, ""


# ---- build -----------------------------------------------------------------------------------------

def ip_header(src, dst, proto, length, info=IpInfo(), ident=0):
    """Returns the IPv4 header (20 bytes) of a packet with @length bytes of payload."""
    tos = info.tos or 0
    if info.ecn:
        tos = tos & ~3 | ECN_BITS[info.ecn]
    ttl = TTL_DEFAULT if info.ttl is None else info.ttl
    return ipv4_header(address(src), address(dst), proto, length, ttl, tos, ident)


def option_length(options):
    """Returns the length in bytes of a list of options."""
    return sum(len(encode_option(option)) for option in options)


def build_tcp(src, dst, packet, options, length, partial=False):
    """Returns an IP packet with a TCP segment of @length zero bytes.  @packet: a TcpPacket with the numbers and ports
    for the wire.  @partial: the checksum field has only the sum of the pseudo header, for an offloading device."""
    head = b"".join(map(encode_option, options))
    bits = sum(FLAG_BITS[flag] for flag in packet.flags)
    tcp = struct.pack(">HHIIHHHH", *packet.ports, packet.seq, packet.ack or 0,
                      (20 + len(head)) // 4 << 12 | bits, packet.window or 0, 0,
                      packet.urgent or 0) + head
    pseudo = pseudo_header(address(src), address(dst), len(tcp) + length)
    tcp = filled(tcp, 16, 0xffff ^ checksum(pseudo) if partial else checksum(pseudo + tcp))
    return ip_header(src, dst, TCP, len(tcp) + length, packet.ip) + tcp + bytes(length)


def vnet_header(packet, size, link=0):
    """Returns the virtio_net_hdr (virtio 1.1, 5.1.6; ten bytes) of a GSO packet from build_tcp(partial=True), with
    gso_size @size.  @link: the length of the link-layer header in front of @packet."""
    tcp = (packet[0] & 15) * 4
    headers = tcp + (packet[tcp + 12] >> 4) * 4
    return struct.pack("<BBHHHH", VNET_NEEDS_CSUM, VNET_GSO_TCPV4, link + headers, size, link + tcp, 16)


def build_icmp(src, dst, packet, quote):
    """Returns an ICMP error as an IP packet.  @quote: the first bytes of the packet that caused the error."""
    message = icmp(packet.type, packet.code, struct.pack(">I", packet.mtu or 0), quote)
    return ip_header(src, dst, ICMP, len(message), packet.ip) + message


# ---- parse -----------------------------------------------------------------------------------------

@dataclass
class Seen:
    """A packet that the kernel sent.  time: ns; wrong: texts about violations of the formats of IP and TCP."""
    time: int
    src: str = ""
    dst: str = ""
    proto: int = 0
    tos: int = 0
    ttl: int = 0
    sport: int = 0
    dport: int = 0
    seq: int = 0
    ack: int = 0
    flags: frozenset = frozenset()
    window: int = 0
    urgent: int = 0
    options: list = field(default_factory=list)
    payload: bytes = b""
    wrong: list = field(default_factory=list)


def read_packet(time, data):
    """Parses an IPv4 packet and returns a Seen; None if @data is no IPv4 packet."""
    if len(data) < 20 or data[0] >> 4 != 4:
        return None
    seen = Seen(time, src=".".join(map(str, data[12:16])), dst=".".join(map(str, data[16:20])),
                proto=data[9], tos=data[1], ttl=data[8])
    header, total = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big")
    if header != 20:
        seen.wrong.append(f"an IP header of {header} bytes")
    if total != len(data):
        seen.wrong.append(f"IP total length {total}, but {len(data)} bytes")
    if checksum(data[:header]):
        seen.wrong.append("IP checksum")
    if seen.proto == TCP and len(data) >= header + 20:
        _read_tcp(seen, data[12:20], data[header:total])
    return seen


def _read_tcp(seen, addresses, tcp):
    (seen.sport, seen.dport, seen.seq, seen.ack, bits, seen.window, _, seen.urgent) = struct.unpack(
        ">HHIIHHHH", tcp[:20])
    offset = bits >> 12 << 2
    seen.flags = frozenset(flag for flag, bit in FLAG_BITS.items() if bits & bit)
    if bits & 0x0e00:
        seen.wrong.append(f"reserved bits {bits >> 9 & 7:#x}")
    if offset < 20 or offset > len(tcp):
        seen.wrong.append(f"a TCP header of {offset} bytes")
        return
    seen.options, complaint = decode_options(tcp[20:offset])
    if complaint:
        seen.wrong.append(complaint)
    seen.payload = tcp[offset:]
    if tcp_checksum(addresses[:4], addresses[4:], tcp):
        seen.wrong.append("TCP checksum")
