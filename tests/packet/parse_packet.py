# SPDX-License-Identifier: MIT
"""Parses the packets of a script.

    packet  = ip? ports? flags seq:end(len) ack? win? urg? options?  |  ip? `icmp` ...
    ip      = `[` info,* `]` or `(` info,* `)`
    ports   = number `>` number

parser.py calls parse_packet().  RFC 9293 3.1 (header), 3.2 (options), RFC 792.
"""
import re

from lexer import INTEGER
from script import IcmpPacket, IpInfo, Option, TcpPacket, Unsupported

FLAG_LETTERS = ".FSRPEWAU"
FLAGS = re.compile(r"-|[.FSRPEWAU0-7]+(?=[\s\d])")
PORTS = re.compile(r"(\d+)\s*>\s*(\d+)(?=\s)")
HEX_BYTES = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})+)\b")
OPTION_NAME = re.compile(r"[A-Za-z_]\w*")
ANY_KIND = re.compile(r"kind-(\d+)\b")
ENCAPSULATION = re.compile(r"(ipv4|ipv6|gre|mpls|udp|raw|sctp)\b")
OPTION_BYTES_MAX = 40

ECN = ("noecn", "ect0", "ect1", "ce", "ect01")

# The names of ICMP's "unreachable" codes, in the order of the codes; some have several names.
_UNREACHABLE = (
    "net_unreachable", "host_unreachable", "protocol_unreachable", "port_unreachable", "frag_needed",
    "source_route_failed sr_failed", "net_unknown net_unreachable_unknown", "host_unknown",
    "source_host_isolated host_isolated", "net_prohibited net_admin_prohibited net_ano",
    "host_prohibited host_admin_prohibited host_ano", "net_unreachable_for_tos net_tos net_unr_tos",
    "host_unreachable_for_tos host_tos host_unr_tos",
    "comm_prohibited admin_prohibited pkt_filtered packet_filtered",
    "host_precedence host_precedence_violation precedence_violation prec_violation",
    "precedence_cutoff precedence_cut_off prec_cutoff")
UNREACHABLE = {name: code for code, names in enumerate(_UNREACHABLE) for name in names.split()}
ICMP = {
    "unreachable": (3, UNREACHABLE),
    "dest_unreachable": (3, UNREACHABLE),
    "source_quench": (4, {}),
    "redirect": (5, {"net": 0, "host": 1, "net_tos": 2, "nettos": 2, "host_tos": 3, "hosttos": 3}),
    "time_exceeded": (11, {"exc_ttl": 0, "ttl": 0, "exc_frag_time": 1, "exc_fragtime": 1,
                           "reassembly": 1}),
    "parameter_problem": (12, {"pointer": 0, "missing_option": 1, "bad_length": 2}),
    "echo_request": (8, {}),
    "echo_reply": (0, {}),
}


# ---- the IP header --------------------------------------------------------------------------------

def _ip_info(cursor, outbound):
    info = IpInfo()
    if not (cursor.peek("[") or cursor.peek("(")):
        return info
    close = "]" if cursor.take("[") else ")"
    if close == ")":
        cursor.expect("(")
    while True:
        cursor.skip()
        at = cursor.position
        word = cursor.word()
        if word in ECN:
            if word == "ect01" and not outbound:
                raise cursor.error("ect01 is a question: only of packets that are sent", at)
            info.ecn = word
        elif word == "ecn":
            info.ecn = "ect0"
        elif word == "tos":
            info.tos = cursor.number("a type of service", most=255)
        elif word in ("ttl", "hlim"):
            info.ttl = cursor.number("a time to live", most=255)
        elif word == "flowlabel":
            info.flowlabel = cursor.number("a flow label", most=0xfffff)
        else:
            raise cursor.error("noecn, ect0, ect1, ce, ect01, tos, ttl or flowlabel expected, "
                               f"here is {cursor.glimpse() if word is None else '`' + word + '`'}",
                               at)
        if not cursor.take(","):
            break
    cursor.expect(close)
    return info


# ---- TCP options -----------------------------------------------------------------------------------

def _hex(cursor):
    text = cursor.plain(HEX_BYTES)
    if text is None:
        return None
    return bytes.fromhex(text.removeprefix("0x"))


def _sack_blocks(cursor):
    blocks = []
    while True:
        cursor.skip()
        at = cursor.position
        if cursor.plain(INTEGER) is None:
            return blocks
        cursor.position = at
        left = cursor.number("a sequence number")
        cursor.expect(":", "a block's left edge")
        blocks.append((left, cursor.number("a sequence number")))


def _accecn(cursor):
    """Parses the byte counters of an AccECN option; their order is e0b ceb e1b or e1b ceb e0b (AccECN 3.2.3)."""
    counts = []
    while name := cursor.take_word("e0b", "ceb", "e1b"):
        counts.append((name, cursor.number("a count of bytes", most=0xffffff)))
    names = tuple(name for name, _ in counts)
    if names not in (("e0b", "ceb", "e1b")[:len(names)], ("e1b", "ceb", "e0b")[:len(names)]):
        raise cursor.error("counts are in the order e0b ceb e1b, or e1b ceb e0b")
    return tuple(counts)


def _any_option(cursor, kind, at):
    """Parses `kind-N BYTES`, an option given by its number.  Messages use this form for an option that is unknown
    or has a wrong length."""
    if not 2 <= cursor.integer(kind, at) <= 255:
        raise cursor.error(f"the kind of an option with a length is within 2..255, not {kind}", at)
    return Option(f"kind-{int(kind)}", _hex(cursor) or b"")


def _option(cursor):
    cursor.skip()
    at = cursor.position
    found = cursor.match(ANY_KIND)
    if found:
        return _any_option(cursor, found.group(1), at)
    found = cursor.match(OPTION_NAME)
    name = found.group() if found else None
    if name in ("nop", "NOP", "eol", "EOL", "sackOK"):
        return Option(name.lower() if name != "sackOK" else name)
    if name == "mss":
        return Option("mss", cursor.number("a segment size", most=65535))
    if name == "wscale":
        return Option("wscale", cursor.number("a window scale", most=255))
    if name == "sack":
        return Option("sack", _sack_blocks(cursor))
    if name == "TS":
        if not cursor.take_word("val"):
            raise cursor.error("`val` expected after TS")
        value = cursor.number("a timestamp")
        if not cursor.take_word("ecr"):
            raise cursor.error("`ecr` expected after TS val")
        return Option("TS", (value, cursor.number("a timestamp")))
    if name in ("FO", "FOEXP"):
        return Option(name, _hex(cursor) or b"")
    if name == "md5":
        cursor.take_word("valid", "invalid")
        return Option("md5", _hex(cursor) or bytes(16))
    if name == "ECN":
        return Option("ECN", _accecn(cursor))
    raise cursor.error(f"a TCP option expected, here is {cursor.glimpse() if not name else name}", at)


def option_bytes(option):
    """Returns the length in bytes of an option in the TCP header."""
    if option.kind in ("sack", "ECN"):
        return 2 + {"sack": 8, "ECN": 3}[option.kind] * len(option.data)
    if option.kind.startswith("kind-"):
        return 2 + len(option.data)
    if option.kind in ("FO", "FOEXP", "md5"):
        return {"FO": 2, "FOEXP": 4, "md5": 2}[option.kind] + len(option.data)
    return {"nop": 1, "eol": 1, "mss": 4, "wscale": 3, "sackOK": 2, "TS": 10}[option.kind]


def _options(cursor, outbound):
    """Parses TCP options: returns None for `<...>` (any options), a list for `<a,b>`, an empty list if there are
    none.

    A `<` here always begins options: the `<` of the next event has a time in front of it.
    """
    if not cursor.take("<"):
        return []
    cursor.skip()
    at = cursor.position
    if cursor.take("..."):
        if not outbound:
            raise cursor.error("<...> is a question: only of packets that are sent", at)
        cursor.expect(">")
        return None
    options = []
    if cursor.take(">"):
        return options
    while True:
        options.append(_option(cursor))
        if not cursor.take(","):
            break
    cursor.expect(">", "the options")
    total = sum(map(option_bytes, options))
    if total % 4:
        raise cursor.error(f"options of {total} bytes: not a multiple of 4", at)
    if total > OPTION_BYTES_MAX:
        raise cursor.error(f"options of {total} bytes: a header holds {OPTION_BYTES_MAX}", at)
    return options


# ---- the packets -----------------------------------------------------------------------------------

def _sequence(cursor):
    """Parses `seq:end(len)`; returns (seq, len)."""
    cursor.skip()
    at = cursor.position
    seq = cursor.number("a sequence number")
    cursor.expect(":", "the sequence number")
    end = cursor.number("the sequence number of the end")
    cursor.expect("(", "the end")
    length = cursor.number("a length", most=65535)
    cursor.expect(")", "the length")
    if (seq + length - end) % 2**32:
        raise cursor.error(f"{seq} and {length} bytes do not end at {end}", at)
    return seq, length


def _flags(cursor):
    cursor.skip()
    at = cursor.position
    found = cursor.match(FLAGS)
    if not found:
        raise cursor.error(f"flags ({FLAG_LETTERS}, or -) expected, here is {cursor.glimpse()}")
    text = found.group()
    if text == "-":
        return frozenset(), None
    letters = [c for c in text if not c.isdigit()]
    digits = [c for c in text if c.isdigit()]
    if len(set(letters)) != len(letters) or len(digits) > 1:
        raise cursor.error(f"a flag is there twice in `{text}`", at)
    if digits and set(letters) & set("EWA"):
        raise cursor.error(f"a count and one of its bits in `{text}`", at)
    ace = int(digits[0]) if digits else None
    if ace is not None:
        letters += [flag for flag, bit in (("A", 4), ("W", 2), ("E", 1)) if ace & bit]
    return frozenset(letters), ace


def _tcp(cursor, outbound, info):
    ports = cursor.match(PORTS)
    flags, ace = _flags(cursor)
    seq, length = _sequence(cursor)
    packet = TcpPacket(outbound, flags, ace, seq, length, ip=info)
    if ports:
        packet.ports = int(ports.group(1)), int(ports.group(2))
    cursor.skip()
    at = cursor.position
    if cursor.take_word("ack"):
        packet.ack = cursor.number("an acknowledgment number")
    if cursor.take_word("win"):
        packet.window = cursor.number("a window", most=65535)
    if cursor.take_word("urg"):
        packet.urgent = cursor.number("an urgent pointer", most=65535)
    if packet.window is None and not outbound:
        raise cursor.error("a packet that is received needs its `win`", at)
    packet.options = _options(cursor, outbound)
    return packet


def _icmp(cursor, outbound, info):
    cursor.skip()
    at = cursor.position
    kind = cursor.word()
    if kind == "packet_too_big":    # an ICMPv6 type (RFC 4443 3.2); in IPv4 it is frag_needed
        if cursor.take_word("mtu"):
            cursor.number("an MTU")
        if cursor.take("["):
            _sequence(cursor)
            cursor.expect("]", "what it quotes")
        return Unsupported("ICMPv6")
    if kind not in ICMP:
        raise cursor.error(f"a kind of ICMP expected, here is "
                           f"{'`' + kind + '`' if kind else cursor.glimpse()}", at)
    number, codes = ICMP[kind]
    packet = IcmpPacket(outbound, number, 0, None, None, "", info)
    cursor.skip()
    code_at = cursor.position
    word = cursor.word()
    if word and word != "mtu":
        word = cursor.defines.get(word, word)
        if word not in codes and word != "packet_too_big":
            raise cursor.error(f"`{word}` is no code of icmp {kind}", code_at)
        packet.code = codes.get(word)
    else:
        cursor.position = code_at
        if number == 3 or codes:
            text = cursor.plain(INTEGER)
            if text is not None:
                packet.code = int(text)
    if cursor.take_word("mtu"):
        packet.mtu = cursor.number("an MTU", most=65535)
    if cursor.take("["):
        packet.quote = _sequence(cursor)
        cursor.expect("]", "what it quotes")
    packet.text = " ".join(cursor.text[at:cursor.position].split())
    return packet if packet.code is not None else Unsupported("ICMPv6")


def parse_packet(cursor, outbound):
    """Parses the packet behind `<` or `>`."""
    info = _ip_info(cursor, outbound)
    found = cursor.match(ENCAPSULATION)
    if found:
        # UDP or an encapsulated packet: skip the line and return Unsupported, so that the script is skipped.
        newline = cursor.text.find("\n", cursor.position)
        cursor.position = len(cursor.text) if newline < 0 else newline
        return Unsupported(f"{found.group(1)} packets")
    if cursor.take_word("icmpv6"):
        newline = cursor.text.find("\n", cursor.position)
        cursor.position = len(cursor.text) if newline < 0 else newline
        return Unsupported("ICMPv6")
    if cursor.take_word("icmp"):
        return _icmp(cursor, outbound, info)
    return _tcp(cursor, outbound, info)
