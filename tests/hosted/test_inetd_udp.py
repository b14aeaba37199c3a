# SPDX-License-Identifier: MIT
"""inetd's services over UDP: echo (RFC 862), discard (863), chargen (864), daytime (867), in virtual time."""
import re
import struct

import pytest
from test_pinned import LOCAL, REMOTE, Attacked, hosted, packets

from pkt import checksum, ipv4_header

UDP = 17
CLIENT = 4000


@pytest.fixture(scope="module", name="machine")
def booted():
    return Attacked(64)


def datagram(sport, dport, payload):
    """A frame with a correct checksum from the client to the machine."""
    src, dst = packets.address(REMOTE), packets.address(LOCAL)
    length = 8 + len(payload)
    head = struct.pack(">HHHH", sport, dport, length, 0)
    check = checksum(src + dst + struct.pack(">HH", UDP, length) + head + payload) or 0xffff
    ip = ipv4_header(src, dst, UDP, length)
    return hosted.MAC.to_bytes(6, "big") + hosted.OUR_MAC + b"\x08\x00" + ip + head[:6] + struct.pack(">H", check) + payload


def ask(machine, port, payload=b"", sport=CLIENT):
    """Sends a request; returns the payloads of the answers, whose headers are checked."""
    machine.packets.clear()
    machine.host.put_frame(datagram(sport, port, payload))
    machine.advance(machine.now() + 10**8)
    answers = []
    for _, data in machine.packets:
        assert data[9] == UDP, "an answer that is no UDP"
        head = data[20:28]
        assert struct.unpack(">HHH", head[:6]) == (port, sport, len(data) - 20)
        answers.append(data[28:])
    return answers


@pytest.mark.parametrize("size", [0, 1, 7, 600, 1472])
def test_echo(machine, size):
    payload = bytes(i * 7 & 255 for i in range(size))
    assert ask(machine, 7, payload) == [payload]


def test_discard(machine):
    assert ask(machine, 9, b"nothing comes back") == []


def test_daytime(machine):
    """The time of the host's clock, which begins at the boot of the hosted kernel, in 26 bytes."""
    (answer,) = ask(machine, 13)
    assert re.fullmatch(rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d \d{4}\r\n", answer)


@pytest.mark.parametrize("size", [0, 10, 512, 1000])
def test_chargen_answers_with_no_more_than_it_got(machine, size):
    (answer,) = ask(machine, 19, bytes(size))
    assert len(answer) == min(size, 512)
    lines = answer.split(b"\r\n")
    assert all(len(line) == 72 for line in lines[:-1])
    assert all(32 <= c < 127 for line in lines for c in line)


@pytest.mark.parametrize("port", [7, 9, 13, 19])
@pytest.mark.parametrize("sport", [7, 9, 13, 19])
def test_services_do_not_answer_each_other(machine, port, sport):
    """Two services that answer each other would never stop (CVE-1999-0103)."""
    assert ask(machine, port, b"x" * 20, sport) == []
