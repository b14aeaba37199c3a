# SPDX-License-Identifier: MIT
"""Random binds of several sockets to few ports: SO_REUSEADDR, SO_REUSEPORT, IP_BIND_ADDRESS_NO_PORT, listeners,
connections, TIME_WAIT.

generate.py calls make().  All connections are over the loopback.  A connection to a port with SO_REUSEPORT may go to
any listener of its group, at random, so a scenario with SO_REUSEPORT accepts only while at most one of its sockets has
listened.
"""
from generate_calls import INET, NONBLOCK, STREAM

REUSEADDR, REUSEPORT, LINGER, SO_ERROR = 2, 15, 13, 4
BIND_ADDRESS_NO_PORT = 24   # of level 0
PORTS = (("p1", 50), ("p2", 30), (0, 10), ("p3", 10))
WHERE = (("lo", 35), ("any", 35), ("lo2", 15), ("local", 15))
WHERE_TO = (("lo", 60), ("lo2", 20), ("local", 20))
WAIT = 2
OPERATIONS = (("socket", 14), ("bind", 26), ("listen", 16), ("connect", 14), ("accept", 10), ("set", 12), ("close", 12),
              ("shutdown", 3), ("disconnect", 4), ("name", 4), ("get", 2), ("pass", 1), ("no_port", 2))
TIME_WAIT = 300             # ms: long enough for a FIN and its ACK, and for a delayed ACK


class Binds:
    """The open sockets of a scenario, and its next calls."""

    def __init__(self, maker):
        self.maker, self.rng = maker, maker.rng
        self.names, self.listened = [], 0
        self.sides = {}         # name of a socket: listen or connect, what it called first
        self.options = self.rng.choice(((REUSEADDR,), (REUSEPORT,), (REUSEADDR, REUSEPORT)))
        self.share = self.rng.choice((.5, .8, 1))       # probability that a new socket gets one of these options

    def pick(self, weighted):
        """Returns a value of ((value, weight), ...), at random by weight."""
        return self.rng.choices([v for v, _ in weighted], [w for _, w in weighted])[0]

    def step(self, *words, wait=WAIT):
        """Adds a call."""
        self.maker.step(*words, wait=wait)

    def socket(self):
        """Adds a new socket, mostly with options."""
        name = self.maker.new_socket()
        self.names.append(name)
        self.step("socket", name, INET, STREAM | NONBLOCK, 0, wait=0)
        for option in self.options:
            if self.rng.random() < self.share:
                self.step("set", name, 1, option, 4, 1, wait=0)

    def accept(self, name):
        """Adds accept(), unless several listeners of one SO_REUSEPORT group could get the connection."""
        if self.listened > 1 and REUSEPORT in self.options:
            return
        child = self.maker.new_socket()
        self.names.append(child)
        self.step("accept", name, child, NONBLOCK)

    def has_changed_sides(self, name, what):
        """Returns true, mostly, if the socket called connect() and now listen(), or the other way round."""
        first = self.sides.setdefault(name, what)
        return first != what and self.rng.random() < .9

    def close(self, name):
        """Adds close(), sometimes by a reset."""
        if self.rng.random() < .15:
            self.step("set", name, 1, LINGER, 8, 1, 0, wait=0)
        self.names.remove(name)
        self.step("close", name)

    def one(self):
        """Adds one operation on a random socket."""
        name, what = self.rng.choice(self.names), self.pick(OPERATIONS)
        if what == "socket":
            self.socket()
        elif what == "bind":
            self.step("bind", name, self.pick(WHERE), self.pick(PORTS), INET, 16)
        elif what in ("listen", "connect") and self.has_changed_sides(name, what):
            self.step("get", name, 1, SO_ERROR, 4, 1)
        elif what == "listen":
            self.listened += 1
            self.step("listen", name, self.rng.choice((0, 1, 5)))
        elif what == "connect":
            self.step("connect", name, self.pick(WHERE_TO), self.pick(PORTS[:2]), INET, 16)
        elif what == "disconnect":
            self.step("connect", name, "any", 0, 0, 16)
        elif what == "accept":
            self.accept(name)
        elif what == "set":
            self.step("set", name, 1, self.rng.choice(self.options), 4, self.rng.choice((0, 1, 1, -1)))
        elif what == "get":
            self.step("get", name, 1, self.rng.choice(self.options), 4, 1)
        elif what == "close":
            self.close(name)
        elif what == "shutdown":
            self.step("shutdown", name, self.rng.choice((0, 1, 2)))
        elif what == "no_port":
            self.step("set", name, 0, BIND_ADDRESS_NO_PORT, 4, self.rng.choice((0, 1, 1)))
        elif what == "name":
            self.step("sockname", name, 16)
        else:
            self.step("wait", wait=TIME_WAIT)


def make(maker):
    """Adds steps with binds to @maker."""
    binds = Binds(maker)
    for _ in range(2):
        binds.socket()
    for _ in range(maker.rng.randint(10, 30)):
        if not binds.names:
            binds.socket()
        binds.one()
