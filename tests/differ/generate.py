# SPDX-License-Identifier: MIT
"""Makes a Scenario from a seed.

judge.py calls scenario().  There are twelve kinds: `est` uses an established connection, `half` keeps a listener's
half-open connections waiting, `act` connects, `shut` closes early and then exchanges further segments, `call`
makes system calls on several sockets over the loopback.  All of these but `call` have ICMP errors.  `bind` binds
several sockets to few ports (generate_bind.py), `udp`, `frag` and `ping` use datagrams (generate_dgram.py), `opts` sets and
reads options (generate_opts.py).  In `flow` the kernel's segments are lost, overtaken and
duplicated; in `gaps` this happens to the peer's segments (generate_flow.py).

If a wait ended within some milliseconds of a timer's end, the timer could fire before or after the next step, and both
answers would be right.  So most waits are so short that no timer ends in them, or so long that a delayed ACK (40 ms) is
surely sent in them.
"""
import itertools
import random

import generate_dgram
import generate_flow
import generate_opts
from play import NONBLOCK
from scenario import KINDS, Scenario

KIND_WEIGHTS = (26, 13, 12, 12, 8, 13, 8, 5, 14, 5, 5, 10)
SHORT, SETTLED, RTO, LONG = 3, 70, 260, 700     # ms
SOCK_STREAM = 1
INET = 2
DONTWAIT, NOSIGNAL = 0x40, 0x4000
MSSES = (1000, 1460, 536, 100, 10)
WINDOWS = ((65535, 50), (30000, 10), (0, 8), (1, 3), (500, 6), (3000, 10))
ICMPS = ((3, 4, 1200), (3, 4, 600), (3, 4, 1000), (3, 4, 0), (3, 1, 0), (3, 3, 0), (3, 0, 0), (11, 0, 0),
         (3, 13, 0), (12, 0, 0), (4, 0, 0), (3, 2, 0))
POLL_ALL = 0x2005


def pick(rng, weighted):
    """Returns a value of ((value, weight), ...), at random by weight."""
    return rng.choices([v for v, _ in weighted], [w for _, w in weighted])[0]


class Maker:
    """Builds one scenario."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.seed, self.kind = seed, self.rng.choices(KINDS, KIND_WEIGHTS)[0]
        self.irs = self.rng.choice((1000, 0xffffff00, 0x7fffff00))
        self.ts_base = self.rng.choice((100000, 0xfffffff0, 0x7ffffff0))
        self.has_ts = self.rng.random() < .5
        self.options = f"mss{self.rng.choice(MSSES)}" + (",sackOK" if self.rng.random() < .5 else "") + (
            ",wscale2" if self.rng.random() < .3 else "")
        self.steps, self.sockets, self.sent = [], 0, []
        self.tsval = 0

    # ---- steps -----------------------------------------------------------------------------------------

    def step(self, *words, wait=None):
        """Adds a step."""
        if wait is None:
            wait = self.rng.choices((SHORT, SETTLED), (1, 4))[0]
        self.steps.append((wait, words))

    def ts(self, odd=True):
        """Returns the timestamp of the next segment."""
        if not self.has_ts:
            return "-"
        self.tsval += self.rng.randint(1, 20)
        if odd and self.rng.random() < .06:
            return self.tsval - self.rng.choice((1, 30, 1000, 1 << 30))
        if odd and self.rng.random() < .05:
            return "-"
        return self.tsval

    def new_socket(self):
        """Returns the name of a new socket."""
        self.sockets += 1
        return f"s{self.sockets - 1}"

    def syn(self, peer=0, wait=SHORT):
        """Adds a SYN from a peer."""
        self.step("seg", peer, "S", 0, 0, "-", 65535, self.ts(False), self.options, wait=wait)

    def listener(self, backlog=4):
        """Adds a socket that listens on port p0; returns its name."""
        name = self.new_socket()
        self.step("socket", name, INET, SOCK_STREAM | NONBLOCK, 0, wait=0)
        self.step("set", name, 1, 2, 4, 1, wait=0)
        for option in self.early_options():
            self.step("set", name, *option, wait=0)
        self.step("bind", name, "local", "p0", INET, 16, wait=0)
        self.step("listen", name, backlog, wait=0)
        return name

    def early_options(self):
        """Returns the options that are set on a socket before its connection exists; for most sockets none."""
        choices = ((6, 9, 4, 1), (6, 2, 4, 500), (1, 8, 4, 5000), (6, 1, 4, 1), (6, 10, 4, 2000), (6, 18, 4, 500))
        return [self.rng.choice(choices)] if self.rng.random() < .1 else []

    def established(self):
        """Establishes a connection from peer 0; returns the name of its socket."""
        listener = self.listener()
        self.syn()
        self.step("seg", 0, ".", 1, 0, 1, pick(self.rng, WINDOWS[:2]), self.ts(False), "-", wait=SHORT)
        child = self.new_socket()
        self.step("accept", listener, child, NONBLOCK, wait=SHORT)
        return child

    # ---- segments ----------------------------------------------------------------------------------------

    def segment(self, peer=0):
        """Adds a segment from a peer of a connection."""
        rng = self.rng
        if self.sent and rng.random() < .08:
            self.step(*rng.choice(self.sent))
            return
        kind = pick(rng, (("data", 40), ("ack", 25), ("fin", 7), ("datafin", 5), ("rst", 4), ("syn", 3),
                          ("noack", 2), ("urg", .3), ("synack", 2)))
        length = rng.choice((1, 10, 100, 536, 1000, 1400)) if kind in ("data", "datafin", "urg") else 0
        flags = {"fin": "F.", "datafin": "F.", "rst": rng.choice(("R", "R.")), "syn": "S", "synack": "S.",
                 "noack": rng.choice(("-", "P", "F")), "urg": "U."}.get(kind, ".")
        if kind == "noack":
            length = rng.choice((0, 10))
        seq = pick(rng, (("nxt", 60), (f"nxt+{rng.choice((1, 100, 1000, 1400, 3000))}", 15),
                         (f"nxt-{rng.choice((1, 50, 100, 1000))}", 13),
                         (f"nxt+{rng.choice((70000, 1 << 20, 1 << 30))}", 4), ("nxt-1", 3)))
        ack = pick(rng, (("all", 70), ("una", 15), ("half", 10), (f"una-{rng.choice((1, 100))}", 3),
                         (f"all+{rng.choice((1, 100, 100000))}", 3)))
        if seq == "nxt" and length and rng.random() < .1:
            seq, length = "nxt-10", length + 10
        words = ("seg", peer, flags, seq, length, ack if "." in flags else "-", pick(rng, WINDOWS), self.ts(),
                 self.options if "S" in flags else "-")
        self.sent.append(words)
        self.step(*words)

    def icmp(self):
        """Adds an ICMP error that quotes a sent segment, or sometimes a sequence number that was never sent."""
        kind, code, mtu = self.rng.choice(ICMPS)
        at = pick(self.rng, (("last", 50), ("una", 30), ("all+1000000", 10), ("una-1000", 10)))
        self.step("icmp", 0, kind, code, mtu, at)

    # ---- calls of one connection ---------------------------------------------------------------------------

    def act(self, name):
        """Adds a system call on the connection.  Returns False if it closed the socket."""
        rng = self.rng
        what = pick(rng, (("write", 40), ("read", 25), ("shut", 6), ("close", 4), ("option", 8), ("wait", 14)))
        if what == "write":
            self.step("send", name, rng.choice((1, 100, 1000, 3000, 10000)), NOSIGNAL | DONTWAIT)
        elif what == "read":
            self.step("recv", name, rng.choice((1, 100, 5000)), DONTWAIT)
        elif what == "shut":
            self.step("shutdown", name, rng.choice((0, 1, 1, 1, 2)))
        elif what == "close":
            self.close(name)
            return False
        elif what == "option":
            option = rng.choice(((6, 1, 4), (6, 3, 4), (6, 12, 4)))
            self.step("set", name, *option, rng.choice((0, 1)))
        else:
            self.step("wait", wait=rng.choice((RTO, LONG)))
        return True

    def close(self, name):
        """Adds close(), sometimes with SO_LINGER so that it resets the connection."""
        if self.rng.random() < .15:
            self.step("set", name, 1, 13, 8, 1, 0, wait=0)
        self.step("close", name)

    def finish(self, name):
        """Adds the last steps for an open socket."""
        self.step("info", name, wait=0)
        self.step("poll", name, POLL_ALL, wait=0)
        self.step("ioctl", name, 0x541b, wait=0)
        self.step("ioctl", name, 0x5411, wait=0)
        self.step("get", name, 1, 4, 4, wait=0)
        self.step("recv", name, 100000, DONTWAIT)
        self.step("recv", name, 100000, DONTWAIT)
        self.step("close", name)

    # ---- kinds -----------------------------------------------------------------------------------------------

    def talk(self, child, count, icmp=.13, segments=.5):
        """Adds random segments, errors and calls; returns the name of the socket, or None if it was closed."""
        for _ in range(count):
            dice = self.rng.random()
            if dice < segments or child is None:
                self.segment()
            elif dice < segments + icmp:
                self.icmp()
            elif not self.act(child):
                child = None
        return child

    def make_est(self):
        """Makes segments, errors and calls on an established connection."""
        child = self.talk(self.established(), self.rng.randint(4, 12))
        if child:
            self.finish(child)

    def make_shut(self):
        """Makes a connection that either side closes right after its beginning."""
        child = self.established()
        if self.rng.random() < .5:
            self.step("send", child, self.rng.choice((1, 1000, 10000)), NOSIGNAL | DONTWAIT)
        if self.rng.random() < .3:
            self.step("seg", 0, "F.", "nxt", self.rng.choice((0, 10)), "una", 65535, self.ts(), "-")
        if self.rng.random() < .5:
            self.step("shutdown", child, self.rng.choice((1, 1, 2)))
        else:
            self.close(child)
            child = None
        for _ in range(self.rng.randint(2, 8)):
            dice = self.rng.random()
            if dice < .3:
                self.step("seg", 0, self.rng.choice((".", "F.", "F.")), "nxt", self.rng.choice((0, 0, 10)), "all",
                          65535, self.ts(), "-")
            elif dice < .4:
                self.step("seg", 0, "S", f"nxt+{self.rng.choice((0, 1, 1000))}", 0, "-", 65535, self.ts(), self.options)
            else:
                child = self.talk(child, 1, .1, .8)
        if child:
            self.finish(child)

    def make_half(self):
        """Makes half-open connections from up to three peers; they wait at a listener."""
        listener = self.listener(self.rng.choice((0, 1, 4)))
        peers = self.rng.choice((1, 1, 2, 3))
        for peer in range(peers):
            self.syn(peer)
        child = None
        for _ in range(self.rng.randint(3, 10)):
            dice, peer = self.rng.random(), self.rng.randrange(peers)
            if dice < .12:
                self.icmp()
            elif dice < .25 and child is None:
                child = self.new_socket()
                self.step("accept", listener, child, NONBLOCK)
            elif dice < .3:
                self.step("wait", wait=self.rng.choice((RTO, LONG, 1200)))
            elif dice < .33:
                self.step("close", listener)
            elif dice < .5:
                self.step("seg", peer, ".", 1, 0, 1, pick(self.rng, WINDOWS[:2]), self.ts(), "-")
            elif dice < .6:
                self.syn(peer, SETTLED)
            elif dice < .75 and child:
                child = child if self.act(child) else None
            else:
                self.segment(peer)
        if child:
            self.finish(child)

    def make_act(self):
        """Makes a connection that the scenario's socket opens to a peer."""
        name = self.new_socket()
        self.step("socket", name, INET, SOCK_STREAM | NONBLOCK, 0, wait=0)
        for option in self.early_options():
            self.step("set", name, *option, wait=0)
        self.step("connect", name, "peer", "r0", INET, 16, wait=20)
        child = name
        for _ in range(self.rng.choice((0, 1, 1, 2, 4))):
            dice = self.rng.random()
            if dice < .6:
                flags = pick(self.rng, (("S.", 10), ("S", 1), ("R.", 1), ("R", 1), (".", 2), ("FS.", 1)))
                ack = pick(self.rng, ((1, 10), (0, 1), (2, 1), (5, 1)))
                self.step("seg", 0, flags, 0, self.rng.choice((0, 0, 10)), ack if "." in flags else "-",
                          pick(self.rng, WINDOWS), self.ts(), self.options if "S" in flags else "-", wait=SETTLED)
            elif dice < .7:
                self.icmp()
            elif child and not self.act(child):
                child = None
        self.step("seg", 0, "S.", 0, 0, 1, 65535, self.ts(False), self.options)
        child = self.talk(child, self.rng.randint(3, 9))
        if child:
            self.finish(child)

    def make_call(self):
        """Makes system calls on several sockets (generate_calls.py)."""
        import generate_calls  # pylint: disable=import-outside-toplevel
        generate_calls.make(self)

    def make_bind(self):
        """Makes conflicts of ports (generate_bind.py)."""
        import generate_bind  # pylint: disable=import-outside-toplevel
        generate_bind.make(self)

    def make_udp(self):
        """Makes UDP datagrams (generate_dgram.py)."""
        generate_dgram.make_udp(self)

    def make_frag(self):
        """Makes datagrams in fragments."""
        generate_dgram.make_frag(self)

    def make_ping(self):
        """Makes ICMP echoes on ping sockets."""
        generate_dgram.make_ping(self)

    def make_opts(self):
        """Makes calls with socket options (generate_opts.py)."""
        generate_opts.make(self)

    def make_flow(self):
        """Makes a connection on which the kernel's segments are lost (generate_flow.py)."""
        generate_flow.make_flow(self)

    def make_gaps(self):
        """Makes a connection on which the peer's segments are lost (generate_flow.py)."""
        generate_flow.make_gaps(self)


def scenario(seed):
    """Returns the scenario of a seed."""
    maker = Maker(seed)
    getattr(maker, "make_" + maker.kind)()
    return Scenario(seed, maker.kind, maker.irs, maker.ts_base, maker.steps)


def seeds(start, count, kinds):
    """Returns the first @count seeds from @start on whose scenario is of one of @kinds."""
    every = (seed for seed in itertools.count(start) if Maker(seed).kind in kinds)
    return list(itertools.islice(every, count))
