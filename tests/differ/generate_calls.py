# SPDX-License-Identifier: MIT
"""Random system calls on several sockets of one scenario, mostly over the loopback.

generate.py calls make(). No call may block: all sockets are non-blocking, and SO_LINGER is always used with a time
of 0.
"""
NONBLOCK = 0o4000
INET, STREAM = 2, 1
PORTS = (0, "p1", "p2", "p3")
WHERE = (("lo", 40), ("any", 20), ("local", 15), ("lo2", 5), ("elsewhere", 3), ("broadcast", 2), ("multicast", 2))
WHERE_TO = (("lo", 60), ("any", 5), ("local", 15), ("lo2", 5), ("broadcast", 2), ("multicast", 2))
BAD_SOCKETS = ((2, 1, 17), (2, 2 | NONBLOCK, 6), (2, 5, 0), (2, 11, 0), (99, 1, 0), (2, 1 | 0x40, 0), (2, 1, -1),
               (2, 1, 256), (2, 1, 1000), (2, 0, 0))
# (level, option): 1 if the value must be equal on both kernels, 0 if only its length.
GET = {(1, 4): 1, (1, 3): 1, (1, 30): 1, (1, 2): 1, (1, 7): 0, (1, 8): 0, (1, 9): 1, (1, 13): 1, (1, 18): 1,
       (1, 20): 1, (1, 38): 1, (1, 39): 1, (6, 1): 1, (6, 2): 0, (6, 3): 1, (6, 4): 1, (6, 5): 1, (6, 6): 1, (6, 7): 1,
       (6, 8): 1, (6, 9): 1, (6, 10): 0, (6, 12): 1, (6, 13): 0, (6, 18): 1, (6, 25): 1, (0, 1): 1, (0, 2): 1,
       (0, 10): 1, (0, 14): 1, (1, 99): 1, (6, 99): 1, (0, 199): 1, (41, 1): 1}
SET = ((1, 2), (1, 3), (1, 7), (1, 8), (1, 9), (1, 18), (1, 20), (6, 1), (6, 2), (6, 3), (6, 4), (6, 5), (6, 6),
       (6, 7), (6, 8), (6, 9), (6, 10), (6, 12), (6, 18), (6, 25), (0, 1), (0, 2), (0, 10), (1, 99), (6, 99), (0, 199),
       (6, 13))
VALUES = (0, 1, -1, 5, 100, 1000, 40000, 1 << 30)
IOCTLS = (0x541b, 0x5411, 0x8905, 0x1234, 0x894b)
WAIT = 2
OPERATIONS = (("socket", 16), ("bind", 12), ("listen", 10), ("connect", 16), ("accept", 12), ("send", 10), ("recv", 10),
              ("shutdown", 5), ("close", 4), ("name", 10), ("get", 5), ("set", 10), ("poll", 10), ("ioctl", 3),
              ("disconnect", 3), ("bad", 2))


def _pick(rng, weighted):
    return rng.choices([v for v, _ in weighted], [w for _, w in weighted])[0]


def _target(rng, where, ports, lengths):
    return (_pick(rng, where), rng.choice(ports), _pick(rng, ((INET, 20), (0, 2), (7, 1))), rng.choice(lengths))


def one(maker, rng, names):
    """Adds one call.  @names has the open sockets; the call may add or remove one."""
    name = rng.choice(names) if names else "s99"
    what = _pick(rng, OPERATIONS)
    if what == "socket":
        names.append(maker.new_socket())
        return ("socket", names[-1], INET, STREAM | NONBLOCK, rng.choice((0, 6)))
    if what == "bad":
        return ("socket", "s98", *rng.choice(BAD_SOCKETS))
    if what == "bind":
        return ("bind", name, *_target(rng, WHERE, PORTS, [16] * 20 + [8, 128, 200, -1]))
    if what == "listen":
        return ("listen", name, rng.choice((0, 1, 5, -1)))
    if what == "connect":
        return ("connect", name, *_target(rng, WHERE_TO, PORTS[1:], [16] * 20 + [1, 8]))
    if what == "disconnect":
        return ("connect", name, "any", 0, 0, 16)
    if what == "accept":
        child = maker.new_socket()
        names.append(child)
        return ("accept", name, child, rng.choice((0, NONBLOCK, NONBLOCK, 1)))
    if what == "send":
        return ("send", name, rng.choice((0, 1, 100, 5000)), 0x4000 | rng.choice((0, 0, 1, 0x8000)))
    if what == "recv":
        return ("recv", name, rng.choice((1, 100, 5000)), rng.choice((0, 0, 2, 0x20, 0x40, 0x100, 1, 0x22)))
    if what == "shutdown":
        return ("shutdown", name, rng.choice((0, 1, 2, 3, -1)))
    if what == "close":
        if name in names:
            names.remove(name)
        return ("close", name)
    if what == "name":
        return (rng.choice(("sockname", "peername")), name, rng.choice((16, 128, 4, 0, -1)))
    if what == "get":
        option = rng.choice(list(GET))
        return ("get", name, *option, rng.choice((4, 4, 16, 64, 1, 0, -1)), GET[option])
    if what == "set":
        if rng.random() < .05:
            return ("set", name, 1, 13, 8, rng.choice((0, 1)), 0)
        value = rng.choice(VALUES)
        return ("set", name, *rng.choice(SET), rng.choice((4, 4, 4, 16, 8, 1, 0, -1)), value, value)
    if what == "poll":
        return ("poll", name, rng.choice((1, 4, 5, 0x2005, 0)))
    return ("ioctl", name, rng.choice(IOCTLS))


def make(maker):
    """Adds steps with system calls to @maker."""
    names = []
    for _ in range(maker.rng.randint(8, 25)):
        maker.step(*one(maker, maker.rng, names), wait=WAIT)
