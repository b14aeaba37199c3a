# SPDX-License-Identifier: MIT
"""Slow start: from ten segments the window doubles each round trip (RFC 5681 3.1, 6928)."""
from softnet import Lab

NEEDS = {"controls": ("reno",)}
RTT = 0.1


def measure(full):
    """Runs one flow over a path with room for all of it; returns the transfer."""
    lab = Lab(seed=1)
    a, b = lab.host(), lab.host()
    lab.wire(a, b, delay=RTT / 2, rate=200e6)
    t = lab.transfer(a, b, 1_000_000 if full else 500_000, congestion="reno", every=0.005)
    lab.run()
    lab.close()
    return t


def sent_in_round(t, k):
    """Returns the number of segments that left in the k-th round trip after the handshake."""
    begin = t.started + RTT * (k + 1)
    return sum(begin - RTT / 4 <= s.time < begin + RTT * 3 / 4 for s in t.segments)


def claims(t):
    """Yields the claims: the window doubles in each round trip; no segment is lost."""
    rounds = [sent_in_round(t, k) for k in range(5)]
    yield (f"segments sent in the first round trips: {', '.join(map(str, rounds))}",
           rounds[0] == 10 and all(1.7 * x <= y <= 2.2 * x for x, y in zip(rounds[:3], rounds[1:4])))
    yield "no segment is lost or sent again", not t.lost and not t.retransmissions


def draw(t, path):
    """Draws sequence numbers and the window over time."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, (top, bottom) = plot.panels(2, sharex=True)
    plot.segments(top, t.segments, "sent", plot.COLORS[0], 1 / RTT)
    plot.line(top, [(a.time / RTT, a.ack / 1000) for a in t.acks], "acknowledged", step=True, color=plot.COLORS[2])
    top.set_ylabel("sequence number, kB")
    plot.line(bottom, [(s.time / RTT, s.cwnd) for s in t.samples], "cwnd", step=True)
    bottom.set_yscale("log", base=2)
    bottom.set_yticks([10, 20, 40, 80, 160, 320], [10, 20, 40, 80, 160, 320])
    bottom.set_ylabel("segments")
    bottom.set_xlabel("round trips since connect()")
    return plot.save(figure, path)
