# SPDX-License-Identifier: MIT
"""Tests of make storm's own parts (tools/storm): the frames of each flood, their rate, and the table.  No guest is booted."""
import argparse
import json
import os
import socket
import struct
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools", "storm"), os.path.join(ROOT, "tests", "wire")]
import storm  # noqa: E402
from pkt import checksum, tcp_checksum  # noqa: E402

FLOOD = os.path.join(ROOT, "build", "bench", "flood")
MAC, GUEST, HOST = "52:54:00:77:00:02", "10.77.0.2", "10.77.0.1"
FRAMES = 500
SYN, RST, ACK = 2, 4, 16

# Runs in a network namespace of its own: prints the frames of a flood over the loopback device, in hexadecimal, then
# the JSON that the flood's program prints.
LISTEN = """
import socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("lo", 0))
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
out = subprocess.run(sys.argv[2:], check=True, stdout=subprocess.PIPE).stdout
s.setblocking(False)
for _ in range(int(sys.argv[1])):
    print(s.recv(2048).hex())
print(out.decode())
"""


def frames(kind):
    words = [FLOOD, kind, "-i", "lo", "-m", MAC, "-d", GUEST, "-g", HOST, "-t", "0.3", "-r", "5000"]
    p = subprocess.run(["unshare", "-Urn", sys.executable, "-c", LISTEN, str(FRAMES), *words], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True)
    if "unshare" in p.stderr:
        pytest.skip("network namespaces are not permitted here")
    assert p.returncode == 0, p.stderr
    lines = p.stdout.split("\n")
    said = json.loads(lines[FRAMES])
    assert said["refused"] == 0 and said["offered"] >= FRAMES
    return [bytes.fromhex(line) for line in lines[:FRAMES]]


def packet(frame):
    """Returns (protocol, source, flags and fragment offset, payload) of a frame with a correct IP packet for the guest."""
    assert frame[:6].hex(":") == MAC and frame[12:14] == b"\x08\0"
    p = frame[14:]
    assert p[0] == 0x45 and checksum(p[:20]) == 0 and int.from_bytes(p[2:4], "big") == len(p)
    assert p[16:20] == socket.inet_aton(GUEST) and p[12:14] in (b"\xc6\x12", b"\xc6\x13")
    return p[9], p[12:16], int.from_bytes(p[6:8], "big"), p[20:]


@pytest.mark.parametrize("kind, flags", [("syn", SYN), ("ack", ACK), ("rst", RST)])
def test_segments(kind, flags):
    seen = set()
    for f in frames(kind):
        proto, src, frag, t = packet(f)
        assert (proto, frag) == (6, 0) and tcp_checksum(src, socket.inet_aton(GUEST), t) == 0
        assert t[2:4] == b"\0\7" and t[13] == flags
        assert t[20:] == (b"\2\4\5\xb4" if kind == "syn" else b"")
        seen.add((src, t[:2], t[4:8]))
    assert len(seen) == FRAMES


def test_datagrams_and_fragments():
    for f in frames("udp"):
        proto, _, frag, u = packet(f)
        assert (proto, frag) == (17, 0) and struct.unpack(">HH", u[2:6]) == (4242, len(u))
    assert len({packet(f)[1] for f in frames("fragment") if packet(f)[2] == 0x2000}) > FRAMES * 9 // 10


def test_arp():
    ops = set()
    for f in frames("arp"):
        a = f[14:]
        op = int.from_bytes(a[6:8], "big")
        assert f[12:14] == b"\x08\x06" and a[:6] == bytes([0, 1, 8, 0, 6, 4])
        assert f[:6].hex(":") == (MAC if op == 2 else "ff:ff:ff:ff:ff:ff") and f[6:12] == a[8:14]
        assert a[14:17] == socket.inet_aton(GUEST)[:3] and 120 <= a[17] <= 250 and a[24:28] == socket.inet_aton(GUEST)
        ops.add(op)
    assert ops == {1, 2}


# Enters a namespace as the benches do; prints the namespace's number and its devices; then waits.
ENTER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from stage import Namespace
before = os.stat("/proc/self/ns/net").st_ino
with Namespace():
    inside = os.stat("/proc/self/ns/net").st_ino
    print(inside, inside != before, "tap0" in open("/proc/net/dev").read(), flush=True)
    sys.stdin.read()
"""


def test_a_killed_run_leaves_no_namespace():
    with subprocess.Popen([sys.executable, "-c", ENTER, os.path.join(ROOT, "tools", "bench")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        line = p.stdout.readline().split()
        p.kill()
        if not line and "Operation not permitted" in p.stderr.read():
            pytest.skip("network namespaces are not permitted here")
    assert line[1:] == ["True", "True"]
    # A namespace outlives its processes only if it is mounted in /run/netns, as `ip netns add`
    # does.
    names = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    assert not [n for n in names if os.stat("/run/netns/" + n).st_ino == int(line[0])]


REPORT = """== /proc/net/snmp ==
Tcp: ActiveOpens InSegs
Tcp: 1 20
== /proc/net/netstat ==
TcpExt: SyncookiesSent SyncookiesRecv
TcpExt: 7 3
== /proc/net/drops ==
QDISC_DROP 5 the queue is full
== /proc/meminfo ==
MemFree:          2048 kB
"""


def test_counters():
    assert storm.counters(REPORT) == {"Tcp.ActiveOpens": 1, "Tcp.InSegs": 20, "TcpExt.SyncookiesSent": 7,
                                      "TcpExt.SyncookiesRecv": 3, "drop.QDISC_DROP": 5}
    assert "drop.QDISC_DROP" not in storm.counters(REPORT.replace("== /proc/net/drops ==\nQDISC_DROP 5 the queue is full\n", ""))


def test_a_row_of_the_table():
    row = {"kind": "syn", "rate": "full", "guest": "softnet", "free_before": 3 << 20, "free_after": 2 << 20, "reached": 4000,
           "answered": 3000, "flood": {"offered": 10000, "refused": 1, "seconds": 2.0},
           "client": {"cps": 1234.5, "failed": 1, "stuck": 2, "p50_us": 1500.0, "p99_us": 20000.0}}
    assert storm.line(row) == ["syn", "full", "softnet", "5,000", "2,000", "1,500", "1,234", "3", "1.5", "20.0", "3.0 -> 2.0"]


def test_the_median_round():
    rows = [{"client": {"cps": n}} for n in (5, 1, 9)] + [{"client": {"error": "no answer"}}, {"client": {"cps": 2}}]
    assert storm.median(rows) == {"client": {"cps": 2}} and storm.median(rows[:3]) == {"client": {"cps": 5}}


@pytest.mark.parametrize("parse,wrong", [(storm.kinds, "nope"), (storm.kinds, "syn,"), (storm.rates, "abc"), (storm.rates, "0")])
def test_a_wrong_storm_or_rate_is_refused(parse, wrong):
    with pytest.raises(argparse.ArgumentTypeError):
        parse(wrong)


def test_right_storms_and_rates():
    assert storm.kinds("none,syn,readers") == ["none", "syn", "readers"]
    assert storm.rates("full,10000") == ["full", "10000"]
