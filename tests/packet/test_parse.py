# SPDX-License-Identifier: MIT
"""The parser: the syntax that it accepts, and the positions and messages of its errors."""
import os

import pytest
from conftest import LISTEN, SERVER
from lexer import ScriptError
from packets import decode_options, encode_option, option_length
from parse_packet import option_bytes
from parser import parse
from script import Unsupported, Word

START = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"

# (script, line and column of the error, part of its message)
WRONG = [
    ("", 1, 1, "a script without an event"),
    ("/* never closed\n", 1, 1, "a comment without its end"),
    ("--tolerance=5\n" + START, 1, 1, "no option --tolerance"),
    ("--tolerance_usecs=much\n" + START, 1, 1, "not a value of it"),
    ("--mtu=5\n" + START, 1, 1, "not a value of it"),
    (START + "--mtu=1500\n", 2, 1, "an option behind the first event"),
    ("socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n", 1, 1, "a time expected"),
    ("+ socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n", 1, 3, "a number of seconds expected"),
    ("0 sock(1) = 3\n", 1, 3, "no system call sock"),
    ("0 socket(..., SOCK_STREAN, IPPROTO_TCP) = 3\n", 1, 15, "no symbol SOCK_STREAN"),
    ("0 socket(..., SOCK_STREAM, IPPROTO_TCP)\n", 2, 1, "`=` expected"),
    (START + "+0 read(3, ..., 5) = -1 EOOPS\n", 2, 25, "no errno EOOPS"),
    (START + "+0 read(3, ..., 5) = 5 EAGAIN\n", 2, 24, "EAGAIN goes with a result of -1"),
    (START + "+0 read(3, ..., 5 = 5\n", 2, 19, "`)` expected"),
    (START + "+0 read(3, ..., 5) = five\n", 2, 22, "the call's result expected"),
    (START + "+0 write(3, \"\\q\", 5) = 5\n", 2, 14, "no escape sequence \\q"),
    (START + "+0 < X 0:0(0) win 5\n", 2, 6, "flags"),
    (START + "+0 < SS 0:0(0) win 5\n", 2, 6, "a flag is there twice"),
    (START + "+0 < S 0:0(0)\n", 3, 1, "needs its `win`"),
    (START + "+0 < S 0:5(4) win 5\n", 2, 8, "0 and 4 bytes do not end at 5"),
    (START + "+0 < S 0:0(0) win 65536\n", 2, 19, "a window 65536 is not within 0..65535"),
    (START + "+0 < S 4294967296:4294967296(0) win 1\n", 2, 8, "a sequence number 4294967296"),
    (START + "+0 < S 0:0(0) win 5 <mss>\n", 2, 25, "a segment size expected"),
    (START + "+0 < S 0:0(0) win 5 <mss 1000,wscael 7>\n", 2, 31, "a TCP option expected"),
    (START + "+0 < S 0:0(0) win 5 <mss 1000,wscale 7>\n", 2, 22, "7 bytes: not a multiple of 4"),
    (START + "+0 < S 0:0(0) win 5 <kind-256 0102>\n", 2, 22, "within 2..255, not 256"),
    (START + "+0 < S 0:0(0) win 5 <nop,nop,kind-1>\n", 2, 30, "within 2..255, not 1"),
    (START + "+0 < S 0:0(0) win 5 <mss 1000 nop>\n", 2, 31, "`>` expected"),
    (START + "+0 < S 0:0(0) win 5 <...>\n", 2, 22, "<...> is a question"),
    (START + "+0 < [ect01] S 0:0(0) win 5\n", 2, 7, "ect01 is a question"),
    (START + "+0 < [ecct] S 0:0(0) win 5\n", 2, 7, "noecn, ect0"),
    (START + "+0 > [ttl 256] S 0:0(0)\n", 2, 11, "a time to live 256"),
    (START + "+0~+1 < S 0:0(0) win 5\n", 2, 1, "only a packet that is sent"),
    (START + "* < S 0:0(0) win 5\n", 2, 1, "only a packet that is sent"),
    (START + "+.2~+.1 > S 0:0(0)\n", 2, 1, "it ends before it starts"),
    (START + "+0...1 > S 0:0(0)\n", 2, 1, "only a system call has a time at which it ends"),
    ("1 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n0 close(3) = 0\n", 2, 1, "an absolute time that goes back"),
    (START + "+0 < icmp unreachable no_route\n", 2, 23, "`no_route` is no code of icmp unreachable"),
    (START + "+0 < icmp reachable\n", 2, 11, "a kind of ICMP expected"),
    (START + "+0 %{ assert 1\n", 2, 4, "a snippet without its `}%`"),
    (START + "+0 `sysctl\n", 2, 4, "a command without its closing backtick"),
    (START + "`true`\n+0 close(3) = 0\n", 3, 1, "an event behind the commands that clean up"),
    (START + "+0 close(3) = 0 (not closed\n", 2, 17, "a note without its closing bracket"),
    (START + "+0 poll([{fd=3 events=POLLIN}], 1, 0) = 0\n", 2, 16, "`}` expected"),
    (START + "+0 < S. 0:0(0) win 5 <sack 1>\n", 2, 29, "`:` expected"),
    (START + "+0 < . 1:1(0) ack 1 win 5 <ECN ceb 1 e0b 2>\n", 2, 43, "counts are in the order"),
    (START + "+0 read(3, ..., 18446744073709551616) = 5\n", 2, 17, "more than 64 bits"),
    (START + "+0 read(3, ..., -9223372036854775809) = 5\n", 2, 17, "more than 64 bits"),
    (START + "+0 read(3, ..., 5) = 0x10000000000000000\n", 2, 22, "more than 64 bits"),
    (START + "+0 read(3, ..., 5) = " + 5000 * "9", 2, 22, "more than 64 bits"),
    (START + "+0 < S " + 5000 * "9" + ":0(0) win 5\n", 2, 8, "more than 64 bits"),
    ("9999999999 close(3) = 0\n", 1, 1, "more than 30 years"),
    (START + "+0 %{ assert = }%\n", 2, 4, "no Python: invalid syntax"),
    (START + "+0 %{\nx = 1\n\n  y = = 2\n}%\n", 5, 1, "no Python: "),
    (START + "+0\n%{\n\nx = 1\nassert = 2\n}%\n", 6, 1, "no Python: invalid syntax"),
    (START + "+0 close(3) = 0 ?\n", 2, 17, "a time expected"),
]


@pytest.mark.parametrize("text,line,column,said", WRONG, ids=[w[3][:40] + str(i) for i, w in enumerate(WRONG)])
def test_wrong(text, line, column, said):
    """The parser rejects the script, with this position and message."""
    with pytest.raises(ScriptError) as caught:
        parse("x.pkt", text)
    error = caught.value
    assert said in error.what
    assert (error.line, error.column) == (line, column), error
    assert str(error).startswith(f"x.pkt:{line}:{column}: ")


def test_a_wrong_script_is_not_ok(play):
    """A script with a syntax error fails; it is not skipped."""
    result = play(SERVER + "+0 fly(4) = 0\n")
    assert result.status == "not ok" and "script.pkt:8:4: no system call fly" in result.reason


def events(text):
    """Parses @text behind a line that opens a socket; returns the packets and calls of @text."""
    return [e.what for e in parse("x.pkt", START + text).events[1:]]


def test_times():
    """All forms of an event's time are accepted."""
    script = parse("x.pkt", "0.5 close(3) = 0\n+.09...0.14 close(3) = 0\n+1 ... 2 close(3) = 0\n"
                   "+.1~+.25 > . 1:1(0) ack 1\n* > . 1:1(0) ack 1\n1.5~2 > . 1:1(0) ack 1\n"
                   "+0.0000015 close(3) = 0\n")
    when = [(e.when.start, e.when.end, e.when.relative, e.when.any, e.when.blocking)
            for e in script.events]
    ms = 1_000_000
    assert when == [(500 * ms, None, False, False, False), (90 * ms, 140 * ms, True, False, True),
                    (1000 * ms, 2000 * ms, True, False, True), (100 * ms, 250 * ms, True, False, False),
                    (0, None, True, True, False), (1500 * ms, 2000 * ms, False, False, False),
                    (1500, None, True, False, False)]


def test_flags():
    """Flags may be letters, `-` for none, or include AccECN's three-bit counter."""
    packets = events("+0 < - 0:0(0) win 1\n+0 < SEW 0:0(0) win 1\n+0 > .5 1:1(0) ack 1\n+0 > S.7 0:0(0)\n")
    assert packets[0].flags == frozenset()
    assert packets[1].flags == frozenset("SEW")
    assert packets[2].flags == frozenset(".AE") and packets[2].ace == 5
    assert packets[3].flags == frozenset("S.AWE")


def test_options():
    """Each kind of TCP option is parsed with its data."""
    text = ("+0 > . 1:1(0) ack 1 <mss 1460,nop,wscale 8>\n+0 > . 1:1(0) ack 1 <sackOK,TS val 1 ecr 2>\n"
            "+0 > . 1:1(0) ack 1 <nop,nop,sack 1:2 3:4>\n+0 > . 1:1(0) ack 1 <FO 3021b9d889017eeb,nop,nop>\n"
            "+0 > . 1:1(0) ack 1 <FOEXP TFO_COOKIE>\n+0 > . 1:1(0) ack 1 <nop,nop,FO>\n"
            "+0 > . 1:1(0) ack 1 <nop,nop,md5 000102030405060708090a0b0c0d0e0f>\n"
            "+0 > . 1:1(0) ack 1 <nop,ECN e1b 1 ceb 0 e0b 1>\n+0 > . 1:1(0) ack 1 <eol,nop,nop,nop>\n"
            "+0 > . 1:1(0) ack 1 <...>\n+0 > . 1:1(0) ack 1\n")
    packets = events(text)
    assert [str(o) for o in packets[2].options] == ["nop", "nop", "sack 1:2 3:4"]
    assert packets[3].options[0].data == bytes.fromhex("3021b9d889017eeb")
    assert packets[4].options[0].data == bytes.fromhex("3021b9d889017eeb")
    assert packets[5].options[2].data == b""
    assert packets[7].options[1].data == (("e1b", 1), ("ceb", 0), ("e0b", 1))
    assert packets[9].options is None and packets[10].options == []


def test_options_by_number():
    """An option may be given as its kind and its bytes; an option of a received packet is printed in the same form."""
    packets = events("+0 < . 1:1(0) ack 1 win 1 <kind-5 00000bb9,kind-253>\n+0 > . 1:1(0) ack 1 <nop,nop,kind-5 0102,nop,nop>\n")
    options = packets[0].options
    assert [str(o) for o in options] == ["kind-5 00000bb9", "kind-253"]
    data = b"".join(map(encode_option, options))
    assert data == bytes.fromhex("0506 00000bb9 fd02") and decode_options(data) == (options, "")
    assert option_length(options) == sum(map(option_bytes, options)) == len(data)


def test_ip_and_ports():
    """Fields of the IP header may be in square or round brackets."""
    packets = events("+0 < [ce, tos 0x10, ttl 5] . 1:1(0) win 1\n+0 > (ect01) . 1:1(0) ack 1\n"
                     "+0 < 5 > 8080 S 0:0(0) win 1\n+0 > [flowlabel 0x12345] . 1:1(0)\n")
    assert (packets[0].ip.ecn, packets[0].ip.tos, packets[0].ip.ttl) == ("ce", 16, 5)
    assert packets[1].ip.ecn == "ect01" and packets[2].ports == (5, 8080)


def test_icmp():
    """An ICMP packet may have a code, an MTU and the quoted sequence numbers, or none of them."""
    packets = events("+0 < icmp unreachable frag_needed mtu 1200 [1:1001(1000)]\n+0 < icmp unreachable CODE\n"
                     "+0 < icmp time_exceeded exc_ttl [1:1(0)]\n+0 < [ttl 3] icmp source_quench [5:6(1)]\n"
                     "+0 < icmp unreachable [1:1(0)]\n+0 < icmp unreachable packet_too_big mtu 1280\n")
    assert (packets[0].type, packets[0].code, packets[0].mtu, packets[0].quote) == (3, 4, 1200, (1, 1000))
    assert (packets[1].type, packets[1].code, packets[1].quote) == (3, 1, None)
    assert (packets[2].type, packets[2].code) == (11, 0)
    assert (packets[3].type, packets[3].ip.ttl) == (4, 3)
    assert packets[4].code == 0 and packets[4].quote == (1, 0)


def test_values():
    """Arguments may be numbers, symbols, strings, lists, structs and functions such as htons()."""
    calls = events("""+0 sendmsg(3, {msg_name(...)=..., msg_iov(2)=[{..., 10}, {...,0x14}],
        msg_flags=0, msg_control=[{cmsg_level=SOL_IP, cmsg_type=IP_TOS, cmsg_data=5}]}, MSG_EOR|MSG_MORE) = 30
+0 setsockopt(3, SOL_TCP, TCP_FASTOPEN_KEY, "\\x01\\xfe" "ab", 4) = 0
+0 connect(3, {sa_family = AF_INET, sin_port = htons(80), sin_addr = inet_addr("192.0.2.7")}, 16) = -1 (note)
+0 fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)
+0 epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, fd=3}) = 0
+0 recvmsg(3, {msg_control=[{cmsg_level=CMSG_LEVEL_IP, cmsg_type=CMSG_TYPE_RECVERR,
        cmsg_data={ee_errno=0, ee_origin=SO_EE_ORIGIN_ICMP, ee_type=3, ee_code=1}}]}, MSG_ERRQUEUE) = -1 EAGAIN
+0 poll([{fd=3, events=POLLIN, revents=POLLIN|POLLHUP}], 1, -1) = ...
+0 read(3, NULL, 1 | 2) = -1
""")
    assert calls[0].arguments[1].get("msg_iov")[1].fields[1].value == 20
    assert calls[0].arguments[2] == Word("MSG_EOR|MSG_MORE", 0x8080)
    assert calls[1].arguments[3] == b"\x01\xfeab"
    assert (calls[2].arguments[1].port, calls[2].arguments[1].ip) == (80, "192.0.2.7")
    assert (calls[3].result, calls[6].result, calls[7].errno) == (2, None, None)
    cmsg = calls[5].arguments[1].get("msg_control")[0]
    assert cmsg.get("cmsg_level") == Word("SOL_IP", 0) and cmsg.get("cmsg_data").get("ee_code") == 1


def test_defines():
    """Definitions of the command line override those of the script, which override packetdrill's own."""
    text = "--define=LEN=7\n" + START + "+0 < . 1:1(0) ack LEN win LEN\n+0 < icmp unreachable CODE\n"
    assert parse("x", text).events[1].what.ack == 7
    assert parse("x", text, {"LEN": "9"}).events[1].what.window == 9
    assert parse("x", text, {"CODE": "port_unreachable"}).events[2].what.code == 3


def test_events_span_lines_and_comments_stand_anywhere():
    """A line break counts as a blank, and a comment may stand between any two words."""
    script = parse("x", "// one\n--tolerance_usecs=5 --mtu=1400 /* two */\n`true` // three\n0\n socket(...,"
                   "\n SOCK_STREAM, /* four */ IPPROTO_TCP) = 3 // five\n+0 <\n S 0:0(0)\n win 5\n"
                   "`true`\n`:`\n")
    assert script.options == {"tolerance_usecs": 5, "mtu": 1400}
    assert len(script.events) == 2 and len(script.before) == 1 and len(script.after) == 2


def test_packets_of_other_protocols_are_known():
    """UDP, ICMPv6 and encapsulated packets are parsed as Unsupported: the script is skipped and does not fail."""
    for text in ("+0 < icmp packet_too_big mtu 1280 [1:1001(1000)]\n", "+0 < icmp packet_too_big\n", "+0 < udp (10)\n", "+0 < icmpv6 unreachable packet_too_big mtu 1280\n",
                 "+0 > ipv4 1.1.1.1 > 2.2.2.2: . 1:1(0)\n"):
        assert isinstance(events(text)[0], Unsupported)


def test_numbers_of_64_bits():
    """The largest and the smallest 64-bit number are accepted."""
    calls = events("+0 read(3, ..., 18446744073709551615) = -9223372036854775808\n"
                   "+0 read(3, ..., 0x0000000000ffffffffffffffff) = 0\n")
    assert calls[0].arguments[2] == calls[1].arguments[2] == 2**64 - 1 and calls[0].result == -2**63


def test_parse_only(play, suites, tmp_path):
    """Parsing succeeds for a script that would be skipped."""
    path = tmp_path / "a.pkt"
    path.write_text(LISTEN + "+0 setsockopt(3, SOL_TCP, TCP_TX_DELAY, [1], 4) = 0\n")
    assert suites().parse(str(path)).events[3].what.name == "setsockopt"
    assert play(path.read_text()).status == "skip"
    assert os.path.exists(path)
