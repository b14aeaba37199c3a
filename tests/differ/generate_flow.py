# SPDX-License-Identifier: MIT
"""Scenarios with lost, overtaken and duplicated segments.

generate.py calls make_flow() and make_gaps().  In `flow` the kernel sends several segments at once, and a peer with a
round-trip time of at least 100 ms acknowledges them: honestly (receiver.py), late, not at all, or with SACK blocks
that no honest peer would send.  In `gaps` the peer's data arrives with holes, in another order, and twice.

ACKs that follow each other closely make a burst; no timer of loss recovery ends within one.
"""
BURST, ROUND, SLOW = (3, 3, 4, 6), (100, 140), (250, 900)   # ms between two ACKs
MSG = 0x4040                        # MSG_DONTWAIT and MSG_NOSIGNAL
TCP_CONGESTION = (6, 13, 4)
RENO = int.from_bytes(b"reno", "little")
MSSES = (1000, 1000, 1460, 536)
WINDOW = 65535
SEGMENT_MAX = 1448              # an MTU of 1500, timestamps
LISTENER_BACKLOG = 4
# SACK blocks that an honest peer would not send; M is the MSS.
ODD_BLOCKS = (
    "sackall+M:all+2M",             # beyond what was sent
    "sackuna+M:all+1",
    "sackuna-2M:una-M",             # below what was acknowledged: a D-SACK
    "sackuna-M:una",
    "sackuna-9M:una-8M",
    "sackuna+2M:una+M",             # inverted
    "sackuna+M:una+M",              # empty
    "sackuna+1M:una+1M1",           # one byte
    "sackuna:una+1",
    "sackuna+M:una+1M1:una+3M:una+3M1",
    "sackuna+5:una+M5",             # edges inside segments
    "sackuna+M5:una+3M5",
    "sackuna:una+M",                # begins at the ACK
    "sackuna+M:una+2M:una+M:una+2M",        # twice
    "sackuna+M:una+2M:una+M:una+4M",        # a D-SACK above the ACK
    "sackuna+2M:una+3M:una+M:una+2M",       # adjacent
    "sackuna+3M:una+4M:una+M:una+2M:una+5M:una+6M",
    "sackuna+M:all",                # everything but the first segment
    "sackhalf:all",
    "sackuna-M:una+2M",             # across the ACK
)
FATES = (("+", 40), ("++", 20), ("-", 10), ("-+", 12), ("--+", 4), ("+++++", 4), ("x+", 4), ("x", 2), ("xx+", 2),
         ("d", 3), ("+0", 4), ("++0", 2), ("--", 2))


def pick(rng, weighted):
    """Returns a value of ((value, weight), ...), at random by weight."""
    return rng.choices([v for v, _ in weighted], [w for _, w in weighted])[0]


def odd_blocks(rng, mss):
    """Returns a text of options with odd SACK blocks."""
    text = rng.choice(ODD_BLOCKS)
    for name, value in (("1M1", mss + 1), ("3M1", 3 * mss + 1), ("3M5", 3 * mss + 5), ("M5", mss + 5), ("1M", mss),
                        *((f"{k}M", k * mss) for k in range(2, 10)), ("M", mss)):
        text = text.replace(name, str(value))
    return text


def connect(maker):
    """Establishes a connection with a peer that is far away; returns the name of its socket and the MSS."""
    rng = maker.rng
    mss = rng.choice(MSSES)
    maker.options = f"mss{mss}" + (",sackOK" if rng.random() < .8 else "") + (",wscale2" if rng.random() < .3 else "")
    listener = maker.new_socket()
    maker.step("socket", listener, 2, 1 | 0o4000, 0, wait=0)
    maker.step("set", listener, 1, 2, 4, 1, wait=0)
    if rng.random() < .94:
        maker.step("set", listener, *TCP_CONGESTION, RENO, wait=0)
    maker.step("bind", listener, "local", "p0", 2, 16, wait=0)
    maker.step("listen", listener, LISTENER_BACKLOG, wait=0)
    maker.syn(wait=rng.randint(*ROUND))
    maker.step("seg", 0, ".", 1, 0, 1, WINDOW, maker.ts(False), "-", wait=3)
    child = maker.new_socket()
    maker.step("accept", listener, child, 0o4000, wait=20)
    return child, mss - (12 if maker.has_ts else 0)


def pause(rng):
    """Returns the wait after an ACK."""
    kind = pick(rng, (("burst", 60), ("round", 33), ("slow", 7)))
    return rng.choice(BURST) if kind == "burst" else rng.randint(*(ROUND if kind == "round" else SLOW))


def one(maker, child, mss, losses):
    """Adds one step to a flow."""
    rng = maker.rng
    what = pick(rng, (("ack", 70), ("odd", 8 if losses else 2), ("again", 4), ("write", 7), ("data", 4), ("info", 7),
                      ("window", 2), ("old", 2)))
    if what == "ack":
        maker.step("ack", 0, pick(rng, FATES) if losses else "+", WINDOW, maker.ts(False), wait=pause(rng))
    elif what == "odd":
        words = ("seg", 0, ".", "nxt", 0, rng.choice(("una", "una", "una", "half")), WINDOW, maker.ts(False),
                 odd_blocks(rng, mss))
        maker.sent.append(words)
        maker.step(*words, wait=pause(rng))
    elif what == "again" and maker.sent:
        maker.step(*rng.choice(maker.sent), wait=pause(rng))
    elif what == "write":
        maker.step("send", child, rng.choice((1, 500, mss, 3 * mss, 10 * mss)), MSG, wait=pause(rng))
    elif what == "data":
        maker.step("seg", 0, ".", rng.choice(("nxt", "nxt", "nxt+1000")), rng.choice((10, 1000)), "una", WINDOW,
                   maker.ts(False), "-", wait=pause(rng))
    elif what == "info":
        maker.step("info", child, rng.choice((1, 1, 1, 2)), wait=0)
    elif what == "window":
        maker.step("ack", 0, "+", rng.choice((3 * mss, 6 * mss)), maker.ts(False), wait=pause(rng))
    else:
        maker.step("seg", 0, ".", "nxt", 0, "una", WINDOW, maker.ts(False), "-", wait=pause(rng))


def make_flow(maker):
    """Makes a connection on which the kernel sends, and some of its segments are lost."""
    rng = maker.rng
    child, mss = connect(maker)
    for _ in range(rng.choice((1, 1, 2, 3))):
        for _ in range(rng.choice((1, 1, 2))):
            maker.step("send", child, rng.choice((3, 5, 10, 10, 10, 10, 10, 20, 20)) * mss + rng.choice((0, 0, 0, 100)), MSG, wait=3)
        maker.step("wait", wait=rng.randint(*ROUND))
        for _ in range(rng.randint(3, 14)):
            one(maker, child, mss, True)
        if rng.random() < .2:
            maker.step("wait", wait=rng.randint(700, 1500))
    maker.step("info", child, rng.choice((1, 1, 1, 2)), wait=0)
    if rng.random() < .2:
        maker.step("shutdown", child, 1, wait=rng.randint(*ROUND))
    for _ in range(3):
        maker.step("ack", 0, "+" * rng.choice((2, 10)), WINDOW, maker.ts(False), wait=rng.randint(*ROUND))
    maker.step("info", child, rng.choice((1, 1, 1, 2)), wait=0)
    maker.finish(child)


def order(rng, count):
    """Returns the numbers of segments in the order of their arrival."""
    numbers = list(range(count))
    for _ in range(rng.randint(1, 4)):
        what, at = rng.random(), rng.randrange(count)
        if what < .4:               # lost, and retransmitted later
            moved = numbers.pop(at % len(numbers))
            numbers.insert(rng.randint(at % (len(numbers) + 1), len(numbers)), moved)
        elif what < .6:             # lost for ever
            numbers.pop(at % len(numbers))
        elif what < .85:            # arrives again
            numbers.insert(rng.randint(0, len(numbers)), at)
        else:
            tail = numbers[at:]
            rng.shuffle(tail)
            numbers[at:] = tail
        numbers = numbers or [0]
    return numbers


def make_gaps(maker):
    """Makes a connection on which the peer's data arrives with holes."""
    rng = maker.rng
    child, _ = connect(maker)
    reads = rng.random() < .85
    size, start = rng.choice((1000, 1000, 1000, 100, 1460)), 1
    for _ in range(rng.choice((1, 1, 2))):
        count = rng.randint(3, 10)
        fin = count - 1 if rng.random() < .15 else None
        for k in order(rng, count):
            at, length = start + k * size, size
            if rng.random() < .1:           # other edges than those of the other segments
                shift = rng.choice((-size // 2, -1, 1, size // 2))
                at, length = max(1, at + shift), length + rng.choice((0, size, -shift))
            length = min(max(0, length), SEGMENT_MAX)
            maker.step("seg", 0, "F." if k == fin else ".", at, length, rng.choice(("all", "all", "una")), WINDOW,
                       maker.ts(), "-", wait=rng.choice((3, 4, 5, 70)))
            if reads:
                maker.step("recv", child, 100000, 0x40, wait=3)
            dice = rng.random()
            if dice < .04:
                maker.step("recv", child, rng.choice((100, 5000, 100000)), 0x40, wait=rng.choice((3, 70)))
            elif dice < .14:
                maker.step("send", child, rng.choice((10, 1000, 3000)), MSG, wait=rng.choice((3, 70)))
            elif dice < .17:
                maker.step("info", child, wait=0)
            elif dice < .19:
                maker.step("wait", wait=rng.choice((260, 700)))
        start += count * size
    maker.step("wait", wait=70)
    maker.finish(child)
