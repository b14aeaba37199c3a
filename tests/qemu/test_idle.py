# SPDX-License-Identifier: MIT
"""Idle connections at inetd: 100,000 must fit a machine of 256 MiB.  This test holds 6,250 in 16 MiB, the same share;
`make bench SETS=idle` measures the whole number."""
import re
import selectors

import pytest
from guest import PATIENCE
from peernet import GUEST_ADDRESS, LinuxGuest

MEM, CONNECTIONS = 16, 6250
AT_ONCE = 64
# The most bytes that a connection may hold: in each slab cache, free objects of its slabs included, and in total.  The
# program's pages, the descriptor table and page tables count only in the total.  100,000 connections of 2,000 bytes
# leave 68 MB of 256 MiB for the rest of the machine.
BYTES = {"TCP": 1640, "eventpoll_epi": 130, "filp": 98, "sock_inode_cache": 75}
BYTES_IN_ALL = 2000


def cache_bytes(netstat):
    """Returns {slab cache: bytes of its pages} from /proc/slabinfo."""
    rows = [line.split() for line in netstat["/proc/slabinfo"].splitlines() if " : slabdata " in line and line[0] != "#"]
    return {f[0]: int(f[f.index("slabdata") + 2]) * int(f[5]) * 4096 for f in rows}


def free_bytes(netstat):
    return int(re.search(r"^MemFree: +(\d+) kB$", netstat["/proc/meminfo"], re.M).group(1)) * 1024


def echo_each(socks, text, connect=False):
    """Echoes @text once on each socket, on at most AT_ONCE of them at a time; with @connect, connects them first."""
    waiting, left = selectors.DefaultSelector(), list(reversed(socks))
    with waiting:
        while left or waiting.get_map():
            while left and len(waiting.get_map()) < AT_ONCE:
                s = left.pop()
                if connect:
                    s.setblocking(False)
                    s.connect_ex((GUEST_ADDRESS, 7))
                waiting.register(s, selectors.EVENT_WRITE)
            ready = waiting.select(PATIENCE)
            assert ready, f"nothing for {PATIENCE} s; {len(left)} of {len(socks)} connections not begun"
            for key, events in ready:
                if events & selectors.EVENT_WRITE:
                    assert key.fileobj.send(text) == len(text)
                    waiting.modify(key.fileobj, selectors.EVENT_READ)
                else:
                    assert key.fileobj.recv(16) == text
                    waiting.unregister(key.fileobj)


@pytest.mark.builds("shipped")
def test_idle_connections_of_a_sixteenth(cable, many_files):
    """Each connection echoes when it is made, and again while all are held.  Only the shipped build: the locks of the
    checked build are larger."""
    with LinuxGuest(cable, mem=MEM, capture=False) as g:
        before = g.netstat()
        socks = cable.sockets(CONNECTIONS)
        echo_each(socks, b"a", connect=True)
        held = g.netstat()
        echo_each(socks, b"b")
        a, b = cache_bytes(before), cache_bytes(held)
        each = {k: round((b[k] - a[k]) / CONNECTIONS, 1) for k in BYTES}
        each["all"] = round((free_bytes(before) - free_bytes(held)) / CONNECTIONS, 1)
        more = {k: each[k] for k, most in {**BYTES, "all": BYTES_IN_ALL}.items() if each[k] > most}
        assert not more, f"more bytes than {BYTES}, all {BYTES_IN_ALL}: {each}"
        for s in socks:
            s.close()
        assert "WARN" not in g.console
