# SPDX-License-Identifier: MIT
"""Proportional rate reduction: during a recovery one segment is sent for every two that arrive (RFC 6937). RFC 6675
instead halves the window at once, which causes a silence of half a round trip."""
from softnet import Lab

NEEDS = {"controls": ("reno",), "sysctls": ("tcp_sack",)}
RATE, RTT, LOST = 8e6, 0.1, 150


def measure(full):
    """Runs a flow that loses one segment while its window has some hundred segments; returns the transfer."""
    lab = Lab(seed=1)
    a, b = lab.host(), lab.host()
    lab.wire(a, b, delay=RTT / 2, rate=RATE, drop={LOST})
    t = lab.transfer(a, b, 1500 * 1448 if full else 800 * 1448, congestion="reno", every=0.001, rcvbuf=2_000_000, sndbuf=2_000_000)
    lab.run()
    lab.close()
    return t


def recovery(t):
    """Returns the times (begin, end) of the recovery."""
    times = [s.time for s in t.samples if s.state == "Recovery"]
    return times[0], times[-1]


def sent(t):
    """Returns the times of the segments that left during the recovery."""
    begin, end = recovery(t)
    return [s.time for s in t.segments if begin - 0.001 <= s.time <= end]


def halving(t):
    """Returns the times at which RFC 6675 would send: its window is ssthresh at once, and each ACK that arrives in the recovery
    takes a segment out of the pipe."""
    begin, end = recovery(t)
    first = next(s for s in t.samples if s.time >= begin)
    before = [s for s in t.samples if s.time < begin][-1]
    # begin: the time of the retransmission
    pipe, window, times = before.unacked - 1, first.ssthresh, [begin]
    for ack in t.acks:
        arrives = ack.time + RTT / 2
        if begin < arrives <= end:
            pipe -= 1
            if pipe < window:
                pipe += 1
                times.append(arrives)
    return times


def silence(times):
    """Returns the longest pause between two times."""
    return max(y - x for x, y in zip(times, times[1:]))


def claims(t):
    """Yields the claims: PRR has no long silence, and segments leave in the recovery."""
    prr, half = silence(sent(t)), silence(halving(t))
    yield f"the longest silence in the recovery is {prr * 1e3:.0f} ms; halving at once would be silent for {half * 1e3:.0f} ms", prr < half / 2
    begin, end = recovery(t)
    yield f"{len(sent(t))} segments leave in the recovery of {(end - begin) * 1e3:.0f} ms", len(sent(t)) > 10


def draw(t, path):
    """Draws the number of segments that have left since the recovery began."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, (axes,) = plot.panels(height=3.2)
    begin = recovery(t)[0]
    for name, times in (("PRR: this kernel", sent(t)), ("halving at once: RFC 6675 on the same ACKs", halving(t))):
        plot.line(axes, [((x - begin) * 1e3, i + 1) for i, x in enumerate(times)], name, step=True)
    axes.set_xlabel("ms since the recovery began")
    axes.set_ylabel("segments that have left")
    return plot.save(figure, path)
