# SPDX-License-Identifier: MIT
"""Loads for a guest that several tests use, and checks that a guest has as many objects afterwards as before."""
import hashlib
import random
import selectors
import socket
import threading
import time

from guest import PATIENCE, recv_exact, slab_live
from peernet import GUEST_ADDRESS

# Slab caches of connections: their numbers of objects must be exactly as before, once all connections are closed.
# (TIME_WAIT has a cache of its own, and lasts a minute.)
OWN = ("TCP", "request_sock_TCP", "sock_inode_cache", "filp")
IN_FLIGHT = 32       # any other cache may have grown by this number of objects: buffers of netstat's own output


def echo_hashed(s, size, seed):
    """Sends @size random bytes to an echo service while reading them back, and checks that they are equal."""
    data = random.Random(seed).randbytes(size)
    writer = threading.Thread(target=s.sendall, args=(data,), daemon=True)
    writer.start()
    back = recv_exact(s, size)
    writer.join()
    assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()


def no_growth(before, after):
    """Checks that no slab cache has grown between two outputs of netstat, except TIME_WAIT's."""
    b, a = slab_live(before), slab_live(after)
    assert set(OWN) <= set(a), f"not all of {OWN} are among {sorted(a)}"
    grown = {k: (b.get(k, 0), n) for k, n in a.items() if k != "tw_sock_TCP"
             and (n != b[k] if k in OWN else n > b.get(k, 0) + IN_FLIGHT)}
    assert not grown, f"grown (before, after): {grown}"


def settled(g, before):
    """Waits until the guest has as many connection objects as @before.  This takes some time if a FIN was lost and is
    retransmitted."""
    end = time.monotonic() + PATIENCE
    want = {k: slab_live(before)[k] for k in OWN}
    while True:
        live = slab_live(g.netstat())
        now = {k: live[k] for k in OWN}
        if now == want:
            return
        assert time.monotonic() < end, f"objects that stay (want, have): {want}, {now}"


class Visit:
    """One short connection: connects, sends a byte, reads its echo, closes.  visit() calls on() when the socket is
    ready."""

    def __init__(self, s):
        self.s, self.connected = s, False
        s.setblocking(False)
        try:
            s.connect((GUEST_ADDRESS, 7))
        except BlockingIOError:
            pass

    def on(self):
        """Does the next step; returns the selectors event to wait for next, 0 at the end of the connection."""
        if not self.connected:
            wrong = self.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            assert not wrong, f"connect: error {wrong}"
            self.connected = True
            self.s.send(b"x")
            self.s.shutdown(socket.SHUT_WR)
            return selectors.EVENT_READ
        data = self.s.recv(16)
        if data:
            assert data == b"x"
            return selectors.EVENT_READ
        self.s.close()
        return 0


def visit(net, number, at_once=32):
    """Makes @number short connections, at most @at_once at the same time."""
    left = number
    fresh = []
    with selectors.DefaultSelector() as waiting:
        while left or waiting.get_map():
            while left and len(waiting.get_map()) < at_once:
                fresh = fresh or net.sockets(min(left, 64))
                v = Visit(fresh.pop())
                waiting.register(v.s, selectors.EVENT_WRITE, v)
                left -= 1
            ready = waiting.select(PATIENCE)
            assert ready, f"nothing for {PATIENCE} s; {left} of {number} connections not begun"
            for key, _ in ready:
                was = key.fileobj
                events = key.data.on()
                if events:
                    waiting.modify(was, events, key.data)
                else:
                    waiting.unregister(was)
