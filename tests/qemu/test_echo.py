# SPDX-License-Identifier: MIT
"""The services of apps/inetd.c over QEMU's user network.  That network terminates TCP connections itself, so
test_wire.py tests closes and refusals, with raw frames."""
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
    """The client writes and reads at the same time, because no buffer holds 16 MiB."""
    data = random.Random(1).randbytes(16 * MIB)
    with guest.connect(7) as s:
        writer = threading.Thread(target=s.sendall, args=(data,))
        writer.start()
        back = recv_exact(s, len(data))
        writer.join()
    assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()


def test_half_close(guest):
    """After the client's FIN the service still echoes the data before it, and then closes the connection."""
    with guest.connect(7) as s:
        s.sendall(b"last words")
        s.shutdown(socket.SHUT_WR)
        assert recv_exact(s, 10) == b"last words"
        assert s.recv(1) == b""


@pytest.mark.builds("checked", "shipped")
def test_fifty_connections_at_once(guest):
    """Each connection gets an echo before the next one is opened, because QEMU's listeners have a backlog of one: the
    host would drop the SYN of a further connection and retransmit it a second later."""
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


def test_discard_reads_and_sends_nothing(guest):
    with guest.connect(9) as s:
        s.sendall(bytes(MIB))
        s.shutdown(socket.SHUT_WR)
        assert s.recv(1) == b""


def test_chargen_is_a_stream_without_holes(guest):
    """chargen sends RFC 864's lines: each line begins with the second character of the line before."""
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
    """Returns the paths of the files that the README lists in its sentence about netstat."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        sentence = re.search(r"netstat \(15: /proc's (.*?); also", f.read(), re.S)[1]
    return {"/proc/" + name for name in re.findall(r"[\w/]+", sentence)}


@pytest.mark.builds("checked", "shipped")
def test_load_is_counted_and_leaves_no_objects():
    """Under load the counters of interrupts and softirqs rise; no object of the closed connections remains."""
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
        # A closed connection may leave only its TIME_WAIT entry, which has a cache of its own.
        assert live_after["TCP"] == live_before["TCP"]
        assert live_after["sock_inode_cache"] == live_before["sock_inode_cache"]
        assert live_after["filp"] == live_before["filp"]
        assert live_after["request_sock_TCP"] == live_before["request_sock_TCP"]


def test_five_hundred_connections_at_once_leave_no_objects():
    """500 connections at once make the descriptor table double four times, to 1024 descriptors; 500 more follow one after
    the other.  When all are closed, all slab caches have as many objects as before, except those in `moving`: buffers of
    netstat's own output, TIME_WAIT entries, and the mappings that inetd's malloc keeps.
    """
    moving = {"vm_area_struct", "skbuff_head_cache", "skbuff_fclone_cache", "tw_sock_TCP", "kmalloc-256", "kmalloc-512",
              "kmalloc-1024", "kmalloc-2048"}

    def standing(g):
        return {cache: n for cache, n in slab_live(g.netstat()).items() if cache not in moving}

    with Guest() as g:
        assert echo(g, b"once") == b"once"      # so that objects allocated at the first use exist
        before = standing(g)
        socks = []
        for i in range(500):
            socks.append(g.connect(7))
            socks[i].sendall(b"x")
            assert recv_exact(socks[i], 1) == b"x"
        assert standing(g)["filp"] >= before["filp"] + 500
        for s in socks:
            s.close()
        for _ in range(500):
            assert echo(g, b"x") == b"x"
        until = time.monotonic() + PATIENCE
        while more := {c: (before.get(c), n) for c, n in standing(g).items() if n > before.get(c, 0)}:
            assert time.monotonic() < until, more


def test_idle_is_idle():
    """Without load there are no ticks and no polling: between two netstat outputs only netstat's own packets cause
    softirqs."""
    with Guest() as g:
        first = g.netstat()
        second = g.netstat()
        cost = sum(softirqs(second).values()) - sum(softirqs(first).values())
        uptime = [float(n["/proc/uptime"].split()[0]) for n in (first, second) if "/proc/uptime" in n]
        assert cost < 200, f"{cost} softirqs between two netstat outputs, uptimes {uptime}"
