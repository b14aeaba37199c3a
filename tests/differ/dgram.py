# SPDX-License-Identifier: MIT
"""Datagrams: the half of play.py that knows UDP, ICMP echoes and fragments.

play.py's Player calls the functions in STEPS for a step of that name, the functions in CALLS for a system call, and
Datagrams.words() at the end of each step for the packets that the kernel sent. Ports and addresses that the two machines
choose differently are written as names (scenario.py), so the words are equal on both.

    U p0>r1:100           a UDP datagram with 100 bytes; then, if they are not the usual ones: .tTTL .oTOS .d (DF) .n (no
                          checksum) @g0 (sent to that group)
    F0+1472+              a fragment: its offset and length, + if more follow
    I8/0:p0,1:56          an ICMP echo: type, code, identifier, number and bytes of data
    I3/3:28               an ICMP error with the number of bytes that it quotes
    !..                   a wrong checksum or length

RFC 768, 791 3.2 (fragments), 792, 1122 3.2.2.
"""
import ctypes
import socket
import struct
import zlib

from packets import ICMP, IpInfo, address, ip_header
from pkt import checksum, icmp

UDP = socket.IPPROTO_UDP
KINDS = ("udp", "frag", "ping", "opts")     # the kinds of scenario in which datagrams are compared
IP_HEADER, UDP_HEADER = 20, 8
DF, MF = 0x4000, 0x2000
TTL_USUAL = 64
ECHO_REPLY, ECHO = 0, 8
PORT_UNUSED = 5999              # of the peer: an ICMP error that quotes this port is about no packet of the kernel
SYS_SENDTO, SYS_SENDMSG, SYS_RECVMSG, SYS_SETSOCKOPT = "sendto", "sendmsg", "recvmsg", "setsockopt"
IP_PKTINFO, IP_RECVERR, IP_TTL, IP_TOS, IP_ORIGDSTADDR, UDP_SEGMENT = 8, 11, 2, 1, 20, 103
SOL_IP, SOL_UDP = 0, 17
NAME_MAX = 128
ERRQUEUE = 0x2000


def pattern(size, start=0):
    """Returns the bytes of a datagram."""
    return bytes((start + i * 7 + (i >> 8)) & 255 for i in range(size))


def udp_sum(src, dst, length, datagram):
    """Returns the checksum of a datagram with the pseudo header (RFC 768); 0 if @datagram has a correct one."""
    return checksum(src + dst + struct.pack(">HH", UDP, length) + datagram)


def udp_packet(src, dst, ports, data, flaw="-"):
    """Returns the IP payload and the IP header's IpInfo of a datagram with a flaw."""
    length = {"short": UDP_HEADER + len(data) + 4, "long": max(UDP_HEADER, UDP_HEADER + len(data) - 4), "tiny": 7, "zero": 0}.get(
        flaw, UDP_HEADER + len(data))
    head = struct.pack(">HHHH", *ports, length, 0)
    total = udp_sum(address(src), address(dst), length, (head + data)[:length]) or 0xffff
    total = {"badsum": total ^ 0x5555, "nosum": 0}.get(flaw, total)
    body = head[:6] + struct.pack(">H", total) + data
    return body[:6] if flaw == "cut" else body


class Datagrams:
    """The datagrams of one scenario on one machine."""

    def __init__(self, player):
        self.player, self.face = player, player.face
        self.last = b""         # the last packet that the kernel sent to the peer
        self.sports = {}        # {port of the peer: the kernel's port of its last datagram}
        self.of_error = False   # the message in hand is one of the error queue, whose ipi_spec_dst is not compared
        self.idents = {}        # {0: the identifier of the kernel's last echo request}

    # ---- names -----------------------------------------------------------------------------------------------

    def port(self, word):
        """Returns the number of a port: pN, rN, ephN (the kernel's last port to rN), or a number."""
        if isinstance(word, int):
            return word
        if word.startswith("eph"):
            return self.sports.get(self.port("r" + word[3:]), 1)
        if word == "ident":
            return self.idents.get(0, 1)
        return self.player.port_of(word)

    def port_name(self, number):
        """Returns the name of a port."""
        return self.player.port_name(number)

    def host_name(self, data):
        """Returns the name of an address, which is four bytes."""
        return self.player.host_name(data)

    # ---- packets to the kernel -------------------------------------------------------------------------------

    def _inject(self, dst, proto, body, flaw="-", ident=0, place=0):
        info = IpInfo(ttl=1 if flaw == "ttl1" else None, tos=0xb8 if flaw == "tos" else None)
        head = bytearray(ip_header(self.face.addresses["peer"], dst, proto, len(body), info, ident))
        head[6:8] = struct.pack(">H", place | (DF if flaw == "df" else 0))
        head[10:12] = bytes(2)
        total = checksum(bytes(head)) ^ (0x1111 if flaw == "ipsum" else 0)
        head[10:12] = struct.pack(">H", total)
        self.face.inject(bytes(head) + body)

    def udp(self, source, where, port, size, flaw):
        """Sends a datagram to the kernel."""
        src, dst = self.face.addresses["peer"], self.face.addresses[where]
        body = udp_packet(src, dst, (self.port(source), self.port(port)), pattern(size), flaw)
        self._inject(dst, UDP, body, flaw)

    def frag(self, ident, source, port, total, offset, size, more, variant):
        """Sends a fragment: @size bytes from @offset of the IP payload of a datagram with @total bytes of data. Another
        @variant has other bytes."""
        src, dst = self.face.addresses["peer"], self.face.addresses["local"]
        body = udp_packet(src, dst, (self.port(source), self.port(port)), pattern(total), "nosum" if variant == 2 else "-")
        part = body.ljust(offset + size, b"x")[offset:offset + size]
        if variant == 1:
            part = bytes(b ^ 255 for b in part)
        self._inject(dst, UDP, part, ident=ident, place=(MF if more else 0) | offset >> 3)

    def err(self, kind, code, info, quoted, flaw):
        """Sends an ICMP error that quotes the kernel's last packet to the peer: its header and @quoted bytes."""
        peer, local = self.face.addresses["peer"], self.face.addresses["local"]
        quote = self.last
        if flaw == "unsent" or not quote:
            body = struct.pack(">HHHH", self.port("p0"), PORT_UNUSED, UDP_HEADER, 0)
            quote = ip_header(local, peer, UDP, len(body)) + body
        message = icmp(kind, code, struct.pack(">I", info), quote[:IP_HEADER + quoted])
        if flaw == "badsum":
            message = message[:2] + bytes([message[2] ^ 255]) + message[3:]
        self._inject(local, ICMP, message)

    def echo(self, kind, code, ident, number, size, flaw):
        """Sends an ICMP echo request or reply."""
        message = icmp(kind, code, struct.pack(">HH", self.port(ident), number), pattern(size))
        if flaw == "badsum":
            message = message[:2] + bytes([message[2] ^ 255]) + message[3:]
        self._inject(self.face.addresses["local"], ICMP, message[:6] if flaw == "cut" else message, flaw)

    # ---- packets from the kernel -----------------------------------------------------------------------------

    def words(self, packets):
        """Returns the words of the packets that the kernel sent in a step."""
        out = []
        for data in packets:
            proto, where = data[9], self.host_name(data[16:20])
            if data[0] >> 4 == 4 and proto in (UDP, ICMP) and where in ("peer", "g0", "g1"):
                out.append(self._word(data, where))
        return out

    def _word(self, data, where):
        length, place = (data[0] & 15) * 4, struct.unpack(">H", data[6:8])[0]
        body, offset = data[length:], (place & 0x1fff) << 3
        word = f"F{offset}+{len(body)}{'+' if place & MF else ''}" if place & (MF | 0x1fff) else ""
        if not offset:
            if where == "peer" and (data[9] == UDP or body[0] == ECHO):
                self.last = data        # errors about the kernel's own messages are not played
            word += self._udp(data, body, whole=not word) if data[9] == UDP else self._icmp(body, whole=not word)
        word += f".t{data[8]}" if data[8] != TTL_USUAL else ""
        word += f".o{data[1]}" if data[1] else ""
        own = data[9] == ICMP and not offset and body[0] != ECHO
        word += ".d" if place & DF and not own else ""      # the kernel's own messages differ
        word += f"@{where}" if where != "peer" else ""
        word += "!ip" if checksum(data[:length]) or struct.unpack(">H", data[2:4])[0] != len(data) else ""
        return word

    def _udp(self, data, body, whole):
        sport, dport, length, total = struct.unpack(">HHHH", body[:UDP_HEADER])
        self.sports[dport] = sport
        word = f"U{self.port_name(sport)}>{self.port_name(dport)}:{length - UDP_HEADER}" + ("" if total else ".n")
        if whole and (length != len(body) or total and udp_sum(data[12:16], data[16:20], length, body)):
            word += "!udp"
        return word

    def _icmp(self, body, whole):
        kind, code = body[0], body[1]
        wrong = "!icmp" if whole and checksum(body) else ""
        if kind in (ECHO, ECHO_REPLY):
            ident, number = struct.unpack(">HH", body[4:8])
            if kind == ECHO:
                self.idents[0] = ident
            return f"I{kind}/{code}:{self.port_name(ident)},{number}:{len(body) - 8}{wrong}"
        return f"I{kind}/{code}:{len(body) - 8}{wrong}"

    # ---- system calls ------------------------------------------------------------------------------------------

    def sendto(self, name, where, port, size, flags):
        """Calls sendto() with an address."""
        self.player.call(SYS_SENDTO, self.player.fd(name), buffer(pattern(max(size, 1))), size, flags,
                         self.player.address(where, port, 2), 16)

    def ping(self, name, where, number, size, kind, flags):
        """Sends an echo request by sendto(), to the connected peer if @where is `-`."""
        data = struct.pack(">BBHHH", kind, 0, 0, 0, number) + pattern(size)
        to = (0, 0) if where == "-" else (self.player.address(where, 0, 2), 16)
        self.player.call(SYS_SENDTO, self.player.fd(name), buffer(data), max(0, 8 + size), flags, *to)

    def sendmsg(self, name, where, port, size, flags, control):
        """Calls sendmsg(); an address of `-` is none.  @control: -, pktinfo:ADDRESS, ttl:N, tos:N, gso:N, or bad."""
        messages = b"".join(self._cmsg(item) for item in control.split(",") if item != "-")
        to = None if where == "-" else self.player.address(where, port, 2)
        keep = [buffer(pattern(max(size, 1))), buffer(messages.ljust(8, b"\0")), to]
        iov = buffer(struct.pack("<QQ", ctypes.addressof(keep[0]), size))
        head = struct.pack("<QIIQQQQi", ctypes.addressof(to) if to else 0, 16 if to else 0, 0, ctypes.addressof(iov), 1,
                           ctypes.addressof(keep[1]) if messages else 0, len(messages), 0).ljust(56, b"\0")
        self.player.call(SYS_SENDMSG, self.player.fd(name), buffer(head), flags, keep=[iov, keep])

    def _cmsg(self, item):
        what, _, value = item.partition(":")
        if what == "pktinfo":
            level, kind, data = SOL_IP, IP_PKTINFO, struct.pack("<i", 0) + address(self.face.addresses[value]) + bytes(4)
        elif what == "bad":
            level, kind, data = SOL_IP, 77, bytes(4)
        elif what == "gso":
            level, kind, data = SOL_UDP, UDP_SEGMENT, struct.pack("<H", int(value))
        else:
            level, kind, data = SOL_IP, {"ttl": IP_TTL, "tos": IP_TOS}[what], struct.pack("<i", int(value))
        return (struct.pack("<Qii", 16 + len(data), level, kind) + data).ljust((16 + len(data) + 7) & ~7, b"\0")

    def recvmsg(self, name, size, flags, room):
        """Calls recvmsg() with @room bytes for control messages."""
        data, sender, control = buffer(bytes(max(size, 1))), buffer(bytes(NAME_MAX)), buffer(bytes(max(room, 8)))
        iov = buffer(struct.pack("<QQ", ctypes.addressof(data), size))
        head = buffer(struct.pack("<QIIQQQQi", ctypes.addressof(sender), NAME_MAX, 0, ctypes.addressof(iov), 1,
                                  ctypes.addressof(control) if room else 0, room, 0).ljust(56, b"\0"))
        result = self.player.call(SYS_RECVMSG, self.player.fd(name), head, flags, keep=[data, sender, control, iov])
        if result is None or result < 0:
            return
        said = struct.unpack("<QIIQQQQi", head.raw[:52])
        got = data.raw[:min(result, size)]
        self.of_error = bool(flags & ERRQUEUE)
        errors = self._read_cmsgs(control.raw[:said[6]])
        told = [f"{said[7]:x}", self._sender(sender.raw, said[1])]
        if self.of_error or self.player.protocol(name) == ICMP:
            got = b""           # a quote has ports and identifiers
        self.player.extra = ",".join(told + [f"{zlib.crc32(got) & 0xffff:x}"] + errors)

    def _sender(self, data, length):
        if length < 8:
            return f"{length}"
        return f"{length}:{self.host_name(data[4:8])}:{self.port_name(struct.unpack('>H', data[2:4])[0])}"

    def _read_cmsgs(self, data):
        out = []
        while len(data) >= 16:
            size, level, kind = struct.unpack("<Qii", data[:16])
            if size < 16:
                break
            out.append(self._cmsg_text(level, kind, data[16:size]))
            data = data[(size + 7) & ~7:]
        return out

    def _cmsg_text(self, level, kind, data):
        if (level, kind, len(data)) == (SOL_IP, IP_PKTINFO, 12):
            source, to = self.host_name(data[4:8]), self.host_name(data[8:12])
            index = "" if to == "local" else f":{data[0]}"      # of what this host sent to itself it differs
            return f"pkt{index}{'' if self.of_error else ':' + source}:{to}"
        if (level, kind) == (SOL_IP, IP_RECVERR) and len(data) >= 24:
            code, origin, what, sub, _, info, more = struct.unpack("<IBBBBII", data[:16])
            return f"err:{code}:{origin}:{what}:{sub}:{info}:{more}:{self.host_name(data[20:24])}"
        if (level, kind) == (SOL_IP, IP_ORIGDSTADDR):
            return f"dst:{self.host_name(data[4:8])}:{self.port_name(struct.unpack('>H', data[2:4])[0])}"
        return f"{level}:{kind}:{data.hex()}"

    def group(self, name, option, where, device, length):
        """Sets an option whose value is a struct ip_mreqn: a group and the address of a device."""
        data = address(self.face.addresses[where]) + address(self.face.addresses[device]) + bytes(56)
        self.player.call(SYS_SETSOCKOPT, self.player.fd(name), SOL_IP, option, buffer(data), length)

    def source(self, name, option, where, device, source):
        """Sets an option whose value is a struct ip_mreq_source: a group, the address of a device, and a source."""
        data = b"".join(address(self.face.addresses[word]) for word in (where, device, source))
        self.player.call(SYS_SETSOCKOPT, self.player.fd(name), SOL_IP, option, buffer(data), len(data))


def buffer(data):
    """Returns memory whose address can be an argument of a call."""
    return ctypes.create_string_buffer(data, len(data))


STEPS = ("udp", "frag", "err", "echo")
CALLS = ("sendto", "ping", "sendmsg", "recvmsg", "group", "source")
