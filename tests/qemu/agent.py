# SPDX-License-Identifier: MIT
"""A process in a network namespace of its own; it creates sockets in this namespace for the tests.

    agent.py FD user|root

FD is a SEQPACKET socket to peernet.py.  A request is a line of JSON, possibly with file descriptors; so is the answer.
A socket stays in the namespace in which it was created, also when another process uses it.  So the agent creates the
sockets, and the tests, outside the namespace, use them as usual.  Between requests the agent runs the relay (relay.py)
of a guest with a dgram or stream netdev.  It exits when the other end of FD is closed.
"""
import errno
import json
import os
import select
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools")]
import netns  # noqa: E402
from relay import Framed, Way  # noqa: E402

NEAR, FAR, TAP = "veth0", "veth1", "tap0"
ADDRESS = "10.0.2.2/24"
ETH_P_ALL = 3
PACKET_OUTGOING = 4
PACKET_IGNORE_OUTGOING, SOL_PACKET = 23, 263


class Agent:
    def __init__(self, control):
        self.control = control
        self.ways = []

    # ---- requests; each method returns (answer, descriptors) ----

    def sockets(self, n, family, kind, proto):
        return None, [socket.socket(family, kind, proto).detach() for _ in range(n)]

    def veth(self):
        netns.make_veth(NEAR, FAR, ADDRESS)
        return None, []

    def tap(self):
        netns.make_tap(TAP, ADDRESS)
        netns.sh("ip", "link", "set", TAP, "up")
        return None, [netns.open_tap(TAP)]

    def sh(self, words):
        return netns.sh(*words), []

    def sysctl(self, name, value):
        """Sets a setting; the answer is its old value, or None if /proc/sys is read-only, as in some containers."""
        path = "/proc/sys/net/ipv4/" + name
        with open(path) as f:
            old = f.read().strip()
        try:
            with open(path, "w") as f:
                f.write(value)
        except OSError as e:
            if e.errno in (errno.EROFS, errno.EACCES):
                old = None
            else:
                raise
        return old, []

    def attach(self, fds, seed, harm, stream=False):
        """Starts a relay between veth1 and the socket fds[0], which is connected to a guest's QEMU."""
        self.detach()
        wire = socket.socket(fileno=fds[0])
        cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        cable.bind((FAR, 0))
        cable.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)      # do not receive the relay's own frames
        for s in (wire, cable):
            s.setblocking(False)
        wire = Framed(wire) if stream else wire
        self.ways = [Way(cable, wire, f"{seed} to the guest", harm), Way(wire, cable, f"{seed} from the guest", harm)]
        return None, []

    def detach(self):
        counts = self.counts()
        for w in self.ways:
            w.source.close()
        self.ways = []
        return counts

    def heal(self):
        for w in self.ways:
            w.harm = {}
        return None, []

    def stop_reading(self, stop):
        """Makes the relay stop reading frames from the guest or, if @stop is false, resume."""
        self.ways[1].stopped = stop
        return None, []

    def counts(self):
        return [w.counts for w in self.ways], []

    # ---- the loop ----

    def serve(self):
        """Handles one request; returns False if the other end of FD is closed."""
        text, fds, _, _ = socket.recv_fds(self.control, 65536, 4)
        if not text:
            return False
        request = json.loads(text)
        op = request.pop("op")
        if fds:
            request["fds"] = fds
        try:
            answer, out = getattr(self, op)(**request)
            said = {"ok": answer}
        except Exception as e:      # any exception is reported to the test
            said, out = {"error": f"{type(e).__name__}: {e} {getattr(e, 'output', '') or ''}"}, []
        socket.send_fds(self.control, [json.dumps(said).encode()], out)
        for fd in out:
            os.close(fd)
        return True

    def step(self):
        """Waits for a request, a frame or the end of a frame's delay, and handles it; returns False at the end."""
        now = time.monotonic()
        for w in self.ways:
            w.due(now)
            w.flush()
        ask = select.poll()
        ask.register(self.control, select.POLLIN)
        want = {}
        for w in self.ways:
            want[w.source] = want.get(w.source, 0) | (0 if w.full() else select.POLLIN)
            want[w.sink] = want.get(w.sink, 0) | (select.POLLOUT if w.waits() else 0)
        for s, events in want.items():
            if events:
                ask.register(s, events)
        next_due = min((d for w in self.ways if (d := w.deadline()) is not None), default=None)
        patience = None if next_due is None else max(0, (next_due - now) * 1000 + 1)
        ready = dict(ask.poll(0 if any(w.has_frame() for w in self.ways) else patience))
        now = time.monotonic()
        for w in self.ways:
            if w.has_frame() or ready.get(w.source.fileno(), 0) & ~select.POLLOUT:
                w.take(now)
        return self.serve() if self.control.fileno() in ready else True


def main():
    netns.die_with_parent()
    control = socket.socket(fileno=int(sys.argv[1]))
    user = sys.argv[2] == "user"
    if user and os.getuid() == 0:
        netns.become_user()
        netns.die_with_parent()     # again, because a change of the user ID cancels the effect of the first call
    netns.new_network(user)
    netns.prepare()
    control.send(b'{"ok": null}')
    agent = Agent(control)
    while agent.step():
        pass


if __name__ == "__main__":
    main()
