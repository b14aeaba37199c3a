# SPDX-License-Identifier: MIT
"""The services of apps/inetd.c over QEMU's user network (which ends TCP itself: closes and refusals are
tested on a raw wire, test_wire.py)."""
import hashlib
import os
import random
import re
import socket
import threading
import time

import pytest
from guest import PATIENCE, ROOT, Guest, interrupts, recv_exact, slab_live, softirqs

MIB = 1 << 20


@pytest.fixture(scope="module")
def guest(build):
    with Guest() as g:
        yield g


def echo(g, data):
    with g.connect(7) as s:
        s.sendall(data)
        return recv_exact(s, len(data))


def test_one_byte(guest):
    assert echo(guest, b"x") == b"x"


@pytest.mark.builds("checked", "shipped")
def test_sixteen_mib_echoed(guest):
    """Written and read at once: neither side may wait for the other to take all."""
    data = random.Random(1).randbytes(16 * MIB)
    with guest.connect(7) as s:
        writer = threading.Thread(target=s.sendall, args=(data,))
        writer.start()
        back = recv_exact(s, len(data))
        writer.join()
    assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()


def test_half_close(guest):
    """Echo goes on after our FIN, then closes from its side."""
    with guest.connect(7) as s:
        s.sendall(b"last words")
        s.shutdown(socket.SHUT_WR)
        assert recv_exact(s, 10) == b"last words"
        assert s.recv(1) == b""


@pytest.mark.builds("checked", "shipped")
def test_fifty_connections_at_once(guest):
    """A connection has its first echo before the next begins: QEMU's listener holds one that it has not accepted,
    Linux drops the SYN of another, and sends it again a second later."""
    socks = []
    try:
        for _ in range(50):
            socks.append(guest.connect(7))
            socks[-1].sendall(b"x")
            assert recv_exact(socks[-1], 1) == b"x"
        for i, s in enumerate(socks):
            s.sendall(b"connection %d\n" % i)
        for i, s in reversed(list(enumerate(socks))):
            want = b"connection %d\n" % i
            assert recv_exact(s, len(want)) == want
    finally:
        for s in socks:
            s.close()


def test_discard_takes_and_says_nothing(guest):
    with guest.connect(9) as s:
        s.sendall(bytes(MIB))
        s.shutdown(socket.SHUT_WR)
        assert s.recv(1) == b""


def test_chargen_is_a_stream_without_holes(guest):
    """RFC 864's rotating lines: each line begins one character after the one before."""
    with guest.connect(19) as s:
        data = recv_exact(s, MIB)
    lines = data.split(b"\r\n")
    assert len(lines[0]) == 72
    for a, b in zip(lines[:-2], lines[1:-1]):
        assert len(b) == 72 and b[:71] == a[1:]


def test_netstat_in_linux_formats(guest):
    n = guest.netstat()
    tcp = n["/proc/net/tcp"].splitlines()
    assert tcp[0].split()[:4] == ["sl", "local_address", "rem_address", "st"]
    rows = [line.split() for line in tcp[1:]]
    listening = {int(r[1].split(":")[1], 16) for r in rows if r[3] == "0A"}
    assert listening == {7, 9, 15, 19}
    assert any(r[3] == "01" and r[1].endswith(":000F") for r in rows), "the connection that asks is not there"
    names, values = [line.split() for line in n["/proc/net/snmp"].splitlines() if line.startswith("Tcp:")]
    assert len(names) == len(values)
    counters = dict(zip(names, values))
    assert int(counters["PassiveOpens"]) > 0 and int(counters["CurrEstab"]) >= 1
    dev = {line.split(":")[0].strip(): line.split(":")[1].split() for line in n["/proc/net/dev"].splitlines()[2:]}
    assert int(dev["eth0"][1]) > 0 and int(dev["eth0"][9]) > 0
    assert any("10.0.2.2" in line and "0x2" in line for line in n["/proc/net/arp"].splitlines())
    assert set(n) == named_in_the_readme() | {"inetd"}
    assert not [path for path, text in n.items() if "(error" in text]
    assert int(re.search(r"^time (\d+)$", n["inetd"], re.M)[1]) > 1_700_000_000, "the real-time clock's, not 1970's"


def named_in_the_readme():
    """The files that the README's sentence on netstat lists."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        sentence = re.search(r"netstat \(15: /proc's (.*?); also", f.read(), re.S)[1]
    return {"/proc/" + name for name in re.findall(r"[\w/]+", sentence)}


@pytest.mark.builds("checked", "shipped")
def test_load_shows_and_leaves_nothing():
    """Interrupts and softirqs rise under load and stand still when idle; no object is lost."""
    with Guest() as g:
        before = g.netstat()
        for _ in range(20):
            assert echo(g, b"y" * 1000) == b"y" * 1000
        loaded = g.netstat()
        for count in (interrupts, softirqs):
            b, a = count(before), count(loaded)
            rose = {k for k in a if a[k] - b.get(k, 0) >= 20}
            assert rose, f"nothing rose by 20: {b} -> {a}"
        assert softirqs(loaded)["NET_RX"] - softirqs(before)["NET_RX"] >= 20

        live_before, live_after = slab_live(before), slab_live(loaded)
        for cache in ("TCP", "request_sock_TCP", "sock_inode_cache", "filp"):
            assert cache in live_after, f"{cache} is not among {sorted(live_after)}"
        # TIME_WAIT is the only thing that a closed connection may leave, for its minute.
        assert live_after["TCP"] == live_before["TCP"]
        assert live_after["sock_inode_cache"] == live_before["sock_inode_cache"]
        assert live_after["filp"] == live_before["filp"]
        assert live_after["request_sock_TCP"] == live_before["request_sock_TCP"]


def test_five_hundred_at_once_leave_nothing():
    """The descriptor table doubles four times, to 1024 numbers; then as many connections one after the other.

    Of packets some may be alive while the answer that tells about them is on its way, and of TIME_WAIT
    those of the questions: all else is as before, once the last ones have said good-bye.
    """
    moving = {"skbuff_head_cache", "skbuff_fclone_cache", "tw_sock_TCP", "kmalloc-256", "kmalloc-512", "kmalloc-1024",
              "kmalloc-2048"}

    def standing(g):
        return {cache: n for cache, n in slab_live(g.netstat()).items() if cache not in moving}

    with Guest() as g:
        assert echo(g, b"once") == b"once"      # what is made on first use is there
        before = standing(g)
        socks = []
        for i in range(500):
            socks.append(g.connect(7))
            socks[i].sendall(b"x")
            assert recv_exact(socks[i], 1) == b"x"
        assert standing(g)["kmalloc-8192"] > before["kmalloc-8192"]
        for s in socks:
            s.close()
        for _ in range(500):
            assert echo(g, b"x") == b"x"
        until = time.monotonic() + PATIENCE
        while more := {c: (before.get(c), n) for c, n in standing(g).items() if n > before.get(c, 0)}:
            assert time.monotonic() < until, more


def test_idle_is_idle():
    """Between two looks without load there are only the looks' own packets: no tick, no polling."""
    with Guest() as g:
        first = g.netstat()
        second = g.netstat()
        cost = sum(softirqs(second).values()) - sum(softirqs(first).values())
        uptime = [float(n["/proc/uptime"].split()[0]) for n in (first, second) if "/proc/uptime" in n]
        assert cost < 200, f"{cost} softirqs between two looks, uptimes {uptime}"
