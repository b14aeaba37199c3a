# SPDX-License-Identifier: MIT
"""Random datagrams: the kinds `udp`, `frag` and `ping`.

generate.py calls make_udp(), make_frag() and make_ping(). Each scenario has one to three sockets, datagrams from the peer
with and without flaws, ICMP errors about the kernel's datagrams, and calls. No call blocks.

If several sockets of an SO_REUSEPORT group could receive a datagram, the kernel chooses one by a secret hash. So a scenario
with that option sends nothing that the group could receive.

Not played, because docs/linux-differences.md has it: fragments beyond 65,535 bytes, ICMP timestamps, expired reassembly;
MSG_TRUNC, IP_PKTINFO, source quench and redirects on a ping socket; connect() to port 0, two destinations or another path MTU while a datagram is corked;
IP_MULTICAST_TTL of 0; IP_PKTINFO set when a datagram is queued, and poll() then, if its checksum is wrong.
"""
NONBLOCK = 0o4000
INET, DGRAM, UDP, ICMP = 2, 2, 17, 1
DONTWAIT, NOSIGNAL, PEEK, TRUNC, MORE, OOB, ERRQUEUE = 0x40, 0x4000, 2, 0x20, 0x8000, 1, 0x2000
SOL_SOCKET, SOL_IP, SOL_UDP = 1, 0, 17
REUSEADDR, REUSEPORT, SO_ERROR, SO_BROADCAST, UDP_CORK = 2, 15, 4, 6, 1
RECVERR, PKTINFO = 11, 8
JOIN, LEAVE, MULTICAST_IF, MULTICAST_LOOP, MULTICAST_TTL, MULTICAST_ALL = 35, 36, 32, 34, 33, 49
JOIN_SOURCE, LEAVE_SOURCE, BLOCK, UNBLOCK = 39, 40, 38, 37
SIOCINQ, SIOCOUTQ = 0x541b, 0x5411
WAIT = 3
PIECE_MAX = 1472                # bytes of a fragment: eight more still fit into a frame
SIZES = (0, 1, 8, 100, 512, 1000, 1472, 1473, 3000)
HUGE = (9000, 20000, 65507, 65508, 65535)
# (level, option): values that are set.
OPTIONS = {
    (SOL_IP, 2): (0, 1, 5, 64, 255, 256, -1), (SOL_IP, 1): (0, 0x10, 0xff, 0x100, -1), (SOL_IP, PKTINFO): (0, 1),
    (SOL_IP, RECVERR): (0, 1, 1, 1), (SOL_IP, 12): (0, 1, 1), (SOL_IP, 13): (0, 1, 1), (SOL_IP, 20): (0, 1, 1),
    (SOL_IP, 10): (0, 1, 2, 3, 4, 5, 6, -1), (SOL_SOCKET, SO_BROADCAST): (0, 1, 1), (SOL_SOCKET, REUSEADDR): (0, 1),
    (SOL_UDP, UDP_CORK): (0, 1), (SOL_UDP, 103): (0, 100, 1000, 1472, 1473, 65535, 65536, -1), (SOL_SOCKET, 11): (0, 1),
    (SOL_SOCKET, 42): (-1, 0, 5, 100), (SOL_IP, MULTICAST_TTL): (1, 5, 255, 256, -1, -2), (SOL_IP, MULTICAST_LOOP): (0, 1),
    (SOL_IP, MULTICAST_ALL): (0, 1, 2), (SOL_SOCKET, 18): (0, 1, 100), (SOL_IP, 24): (0, 1),
}
NOT_OF_PING = ((SOL_IP, PKTINFO), (SOL_SOCKET, 11), (SOL_SOCKET, 42), (SOL_UDP, UDP_CORK), (SOL_UDP, 103))
FLAWS = (("-", 70), ("badsum", 4), ("nosum", 6), ("short", 3), ("long", 4), ("tiny", 2), ("zero", 2), ("cut", 2), ("ttl1", 2),
         ("tos", 4), ("df", 3), ("ipsum", 1))
ERRORS = ((3, 0, 0), (3, 1, 0), (3, 2, 0), (3, 3, 0), (3, 3, 0), (3, 4, 1200), (3, 4, 600), (3, 4, 60), (3, 4, 2000), (3, 5, 0),
          (3, 9, 0), (3, 13, 0), (3, 15, 0), (3, 16, 0), (4, 0, 0), (11, 0, 0), (12, 0, 0x14000000), (5, 1, 0))
FRAG_NEEDED, QUENCH, REDIRECT = (3, 4), (4, 0), (5, 1)
PORTS = (("p0", 40), ("p1", 30), (0, 15), ("p2", 10))
WHERE = (("any", 40), ("local", 30), ("lo", 15), ("lo2", 5), ("g0", 5), ("elsewhere", 3), ("subnet", 2), ("broadcast", 2))
WHERE_TO = (("peer", 60), ("lo", 15), ("local", 8), ("lo2", 3), ("g0", 4), ("any", 2), ("subnet", 3), ("broadcast", 2))
CONTROLS = (("-", 55), ("pktinfo:local", 8), ("pktinfo:lo", 2), ("pktinfo:elsewhere", 2), ("ttl:7", 6), ("ttl:0", 2), ("ttl:256", 2),
            ("tos:40", 6), ("tos:256", 2), ("gso:100", 6), ("gso:1000", 4), ("bad", 2), ("ttl:9,tos:16", 4))


def pick(rng, weighted):
    """Returns a value of ((value, weight), ...), at random by weight."""
    return rng.choices([v for v, _ in weighted], [w for _, w in weighted])[0]


class Talk:
    """The sockets of one scenario, and its next steps."""

    def __init__(self, maker, protocol=UDP):
        self.maker, self.rng, self.protocol = maker, maker.rng, protocol
        self.names = []
        self.bad = False        # a datagram with a wrong checksum may be queued: Linux's poll() reports it, and not recvmsg()
        self.shared = protocol == UDP and self.rng.random() < .08     # with SO_REUSEPORT
        self.corks = protocol == UDP and self.rng.random() < .25      # with UDP_CORK and MSG_MORE

    def step(self, *words, wait=WAIT):
        """Adds a step."""
        self.maker.step(*words, wait=wait)

    def socket(self):
        """Adds a socket, often bound or connected, with an option or two; returns its name."""
        rng, name = self.rng, self.maker.new_socket()
        self.names.append(name)
        self.step("socket", name, INET, DGRAM | NONBLOCK, self.protocol, wait=0)
        if self.shared and rng.random() < .8:
            self.step("set", name, SOL_SOCKET, REUSEPORT, 4, 1, wait=0)
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            self.set(name, False)
        if rng.random() < .7:
            self.step("bind", name, pick(rng, WHERE[:2]), pick(rng, PORTS), INET, 16, wait=0)
        if rng.random() < .5:
            self.step("connect", name, "peer", f"r{rng.choice((0, 0, 0 if self.corks else 1))}", INET, 16, wait=0)
        return name

    def options(self, late=False):
        """Returns the options that a socket of this protocol has; if @late, those that may be set after a datagram came."""
        absent = NOT_OF_PING if self.protocol != UDP else () if self.corks else ((SOL_UDP, UDP_CORK),)
        return [key for key in OPTIONS if key not in absent and not (late and key == (SOL_IP, PKTINFO))]

    def set(self, name, late=True):
        """Adds setsockopt()."""
        level, option = self.rng.choice(self.options(late))
        self.step("set", name, level, option, self.rng.choice((4, 4, 4, 4, 1)) if level == SOL_IP else 4,
                  self.rng.choice(OPTIONS[level, option]), wait=0)

    def size(self, *more):
        """Returns a number of bytes."""
        return self.rng.choice(SIZES * 3 + more)

    def port(self):
        """Returns a port of the kernel to which the peer sends."""
        return pick(self.rng, (("p0", 40), ("p1", 25), ("eph0", 15), ("eph1", 5), ("p2", 10), ("p3", 5)))

    def incoming(self):
        """Adds a datagram from the peer."""
        if self.shared:
            return
        flaw = pick(self.rng, FLAWS)
        self.step("udp", f"r{self.rng.choice((0, 0, 0, 1, 2))}", pick(self.rng, (("local", 85), ("g0", 8), ("subnet", 4), (
            "broadcast", 3))), self.port(), self.rng.choice((0, 1, 20, 100, 1000, 1472)), flaw)
        self.bad = self.bad or flaw == "badsum"

    def error(self):
        """Adds an ICMP error about the kernel's last datagram."""
        if self.shared:
            return
        without = (QUENCH, REDIRECT) if self.protocol != UDP else (FRAG_NEEDED,) if self.corks else ()
        self.step("err", *self.rng.choice([e for e in ERRORS if e[:2] not in without]), self.rng.choice((8, 8, 28, 100, 4, 0)),
                  pick(self.rng, (("-", 90), ("unsent", 6), ("badsum", 4))))

    def send(self, name):
        """Adds a call that sends."""
        rng = self.rng
        flags = pick(rng, ((0, 60), (DONTWAIT, 20), (MORE, 30 if self.corks else 0), (OOB, 2), (0x800, 2))) | NOSIGNAL
        what = rng.random()
        if what < .35:
            self.step("send", name, self.size(*HUGE), flags)
            return
        where, port = "peer" if self.corks else pick(rng, WHERE_TO), "r0" if self.corks else pick(rng, (("r0", 50), ("r1", 15), ("p0", 15), ("p1", 15), (0, 5)))
        if where in ("lo", "local", "lo2", "any") and port != 0:
            port = "p3" if self.shared else rng.choice(("p0", "p1", "p2"))
        if what < .65:
            self.step("sendto", name, where, port, self.size(*HUGE), flags)
        else:
            self.step("sendmsg", name, rng.choice((where, where, "-")), port, self.size(), flags, pick(rng, CONTROLS))

    def receive(self, name):
        """Adds a call that receives."""
        trunc = 8 if self.protocol == UDP else 0
        flags = pick(self.rng, ((0, 55), (PEEK, 15), (TRUNC, trunc), (PEEK | TRUNC, trunc / 2), (ERRQUEUE, 15), (OOB, 1), (
            ERRQUEUE | PEEK, 1), (0x100, 1)))
        self.step("recvmsg", name, self.rng.choice((0, 1, 50, 2000, 70000)), flags, self.rng.choice((0, 200, 200, 200, 30)))

    def group(self, name):
        """Adds a call about groups."""
        rng = self.rng
        if rng.random() < .7:
            self.step("group", name, rng.choice((JOIN, JOIN, LEAVE, MULTICAST_IF)), rng.choice(("g0", "g0", "g0", "g1", "lo", "any")),
                      rng.choice(("local", "local", "local", "lo", "elsewhere")), rng.choice((8, 8, 12, 4, 7)))
        else:
            self.step("source", name, rng.choice((JOIN_SOURCE, LEAVE_SOURCE, BLOCK, UNBLOCK)), rng.choice(("g0", "g0", "g1")),
                      "local", rng.choice(("peer", "peer", "elsewhere")))

    def look(self, name):
        """Adds a call that only reads a socket's state."""
        what = self.rng.randrange(1 if self.bad else 0, 6)
        if what == 0:
            self.step("poll", name, self.rng.choice((1, 4, 5, 0x2005, 0x2047)), wait=0)
        elif what == 1:
            self.step("ioctl", name, self.rng.choice((SIOCINQ, SIOCOUTQ)), wait=0)
        elif what == 2:
            self.step("get", name, SOL_SOCKET, SO_ERROR, 4, 1, wait=0)
        elif what == 3:
            self.step(self.rng.choice(("sockname", "peername")), name, 16, wait=0)
        else:
            level, option = self.rng.choice(self.options() + [(SOL_IP, 14)])
            self.step("get", name, level, option, self.rng.choice((4, 4, 1, 8, 0)), 1, wait=0)

    def change(self, name):
        """Adds bind(), connect(), shutdown() or close()."""
        rng, what = self.rng, self.rng.random()
        length = rng.choice([16] * 12 + [8, 128])
        if what < .25:
            self.step("bind", name, pick(rng, WHERE), pick(rng, PORTS), pick(rng, ((INET, 20), (0, 2), (7, 1))), length)
        elif what < .55:
            where = "peer" if self.corks else pick(rng, WHERE_TO)
            port = "r0" if self.corks else pick(rng, (("r0", 60), ("r1", 20))) if where not in ("lo", "local", "lo2", "any") else \
                "p3" if self.shared else rng.choice(("p0", "p1", "p2"))
            self.step("connect", name, where, port, pick(rng, ((INET, 20), (7, 1))), length)
        elif what < .75:
            self.step("connect", name, "any", 0, 0, 16)
        elif what < .9:
            self.step("shutdown", name, rng.choice((0, 1, 2, 3)))
        else:
            self.names.remove(name)
            self.step("close", name)

    def finish(self):
        """Adds the last steps: what each socket has received."""
        for name in self.names:
            if not self.bad:
                self.step("poll", name, 0x2047, wait=0)
            for flags in (ERRQUEUE, 0, 0):
                self.step("recvmsg", name, 70000, flags, 200, wait=0)


def make_udp(maker):
    """Makes datagrams, errors and calls on UDP sockets."""
    talk, rng = Talk(maker), maker.rng
    for _ in range(rng.choice((1, 1, 2, 3))):
        talk.socket()
    for _ in range(rng.randint(8, 30)):
        name = rng.choice(talk.names) if talk.names else talk.socket()
        what = pick(rng, (("incoming", 22), ("error", 9), ("send", 22), ("receive", 20), ("group", 5), ("look", 10), ("change", 10),
                          ("set", 6), ("socket", 2)))
        if what in ("incoming", "error", "socket"):
            getattr(talk, what)()
        else:
            getattr(talk, what)(name)
    talk.finish()


# ---- fragments -------------------------------------------------------------------------------------------------

def pieces(rng, total):
    """Returns [(offset, size, more)] of a datagram's fragments, in order; mostly 8-byte units."""
    end, cut = total + 8, list(range(0, total + 8, PIECE_MAX))
    for _ in range(rng.randint(1, 4)):
        cut.append(rng.randrange(8, max(9, end), 8))
    cut = sorted(set(c for c in cut if c < end)) + [end]
    return [(a, b - a, b < end) for a, b in zip(cut, cut[1:])]


def spoiled(rng, parts):
    """Returns the fragments in another order, with one repeated, missing, shifted or of another length."""
    out = [(*part, 0) for part in parts]
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        at = rng.randrange(len(out))
        offset, size, more, variant = out[at]
        what = rng.random()
        if what < .25:
            out.insert(rng.randint(0, len(out)), out[at])
        elif what < .35:
            out.insert(rng.randint(0, len(out)), (offset, size, more, 1))       # the same place, other bytes
        elif what < .5:
            out.insert(rng.randint(0, len(out)), (max(0, offset - 8), size + 8, more, variant))
        elif what < .6:
            out.insert(rng.randint(0, len(out)), (offset, max(8, size // 2 & ~7), True, variant))
        elif what < .7 and len(out) > 1:
            out.pop(at)
        elif what < .8:
            out[at] = (offset, size, not more, variant)
        elif what < .9:
            out.insert(rng.randint(0, len(out)), (offset + size, 8, False, variant))    # another end
        else:
            out.insert(rng.randint(0, len(out)), (rng.choice((65400, 40000)), rng.choice((8, 64)), rng.random() < .5, variant))
    if rng.random() < .6:
        rng.shuffle(out)
    return out


def make_frag(maker):
    """Makes datagrams in fragments, in both directions."""
    talk, rng = Talk(maker), maker.rng
    talk.shared = False
    name = maker.new_socket()
    talk.names.append(name)
    talk.step("socket", name, INET, DGRAM | NONBLOCK, UDP, wait=0)
    talk.step("bind", name, "any", "p0", INET, 16, wait=0)
    for option in (PKTINFO, RECVERR, 13):
        if rng.random() < .3:
            talk.step("set", name, SOL_IP, option, 4, 1, wait=0)
    for number in range(rng.randint(1, 4)):
        total = rng.choice((0, 8, 24, 100, 1000, 3000))
        port = pick(rng, (("p0", 85), ("p3", 15)))
        for offset, size, more, variant in spoiled(rng, pieces(rng, total)):
            talk.bad = talk.bad or variant == 1
            talk.step("frag", 100 + number, "r0", port, total, offset, size, int(more), variant)
        dice = rng.random()
        if dice < .5:
            talk.receive(name)
        if dice < .2:
            talk.step("set", name, SOL_IP, 10, 4, rng.choice((0, 1, 2, 3, 4, 5)), wait=0)
        if dice < .4:
            talk.step("sendto", name, rng.choice(("peer", "peer", "lo")), "r0", rng.choice((1472, 1473, 3000, 5000, 65507)), NOSIGNAL)
        if dice < .1:
            talk.error()
    talk.finish()


# ---- ping sockets ----------------------------------------------------------------------------------------------

def make_ping(maker):
    """Makes echo requests, replies and errors on ping sockets."""
    talk, rng = Talk(maker, ICMP), maker.rng
    for _ in range(rng.choice((1, 1, 2))):
        talk.socket()
    for _ in range(rng.randint(6, 20)):
        name = rng.choice(talk.names) if talk.names else talk.socket()
        what = pick(rng, (("ping", 25), ("echo", 25), ("error", 8), ("receive", 18), ("look", 8), ("change", 8), ("set", 6)))
        if what == "ping":
            talk.step("ping", name, rng.choice(("peer", "peer", "-", "lo", "local", "g0", "subnet")), rng.randrange(4),
                      rng.choice((0, 1, 56, 56, 1000, 2000, -8, -4)), rng.choice((8, 8, 8, 8, 8, 0, 13)), NOSIGNAL)
        elif what == "echo":
            talk.step("echo", rng.choice((0, 0, 0, 8, 8, 14, 99)), rng.choice((0, 0, 0, 1)), pick(rng, (
                ("ident", 60), ("p0", 25), ("p1", 15))), rng.randrange(4), rng.choice((0, 1, 56, 1400)), pick(rng, (
                    ("-", 85), ("badsum", 5), ("cut", 4), ("ttl1", 3), ("tos", 3))))
        elif what == "error":
            talk.error()
        else:
            getattr(talk, what)(name)
    talk.finish()
