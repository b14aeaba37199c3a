# SPDX-License-Identifier: MIT
"""Congestion avoidance: Reno's window grows by a segment each round trip, and falls to half at a loss (RFC 5681)."""
from softnet import Lab

NEEDS = {"controls": ("reno",)}
RATE, RTT = 10e6, 0.04
BDP = RATE * RTT / 8


def measure(full):
    """Runs one flow through a queue of one bandwidth-delay product; returns the transfer and the queue."""
    lab = Lab(seed=1)
    net = lab.dumbbell(1, rate=RATE, rtt=RTT)
    (a, b), = net.pairs
    t = lab.transfer(a, b, seconds=60 if full else 30, congestion="reno", every=0.02, segments=False)
    lab.run()
    lab.close()
    return t, net.queue


def falls(t):
    """Returns [(time, cwnd before, ssthresh after)] where a recovery begins, after the first seconds."""
    pairs = zip(t.samples, t.samples[1:])
    return [(y.time, x.cwnd, y.ssthresh) for x, y in pairs if x.state != y.state == "Recovery" and y.time > 8]


def claims(m):
    """Yields the claims: ssthresh is half of cwnd; the link stays busy; the queue fills."""
    t, queue = m
    cuts = falls(t)
    ratios = [after / before for _, before, after in cuts]
    yield (f"at a loss ssthresh becomes {min(ratios):.2f} to {max(ratios):.2f} of cwnd, {len(cuts)} times" if cuts else "no loss",
           bool(cuts) and all(0.4 < r < 0.6 for r in ratios))
    later = [s for s in t.samples if s.time > 8]
    rate = (later[-1].read - later[0].read) * 8 / (later[-1].time - later[0].time)
    yield f"the queue of one bandwidth-delay product keeps the link busy: {rate / RATE:.0%} of its rate are goodput", rate > 0.9 * RATE
    most = max(s.packets for s in queue.samples)
    yield f"the queue reaches {most} packets ({BDP / 1514:.0f} are the bandwidth-delay product)", most > 0.9 * BDP / 1514


def draw(m, path):
    """Draws the window and the queue over time."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    t, queue = m
    figure, (top, bottom) = plot.panels(2, sharex=True)
    plot.line(top, [(s.time, s.cwnd) for s in t.samples], "cwnd", step=True)
    limit = 2 * sorted(s.cwnd for s in t.samples)[-1]
    plot.line(top, [(s.time, s.ssthresh) for s in t.samples if s.ssthresh < limit], "ssthresh", step=True, linestyle="--")
    top.axhline(BDP / 1514, color=plot.COLORS[6], linewidth=0.7, label="bandwidth-delay product")
    top.set_ylabel("segments")
    plot.line(bottom, [(s.time, s.packets) for s in queue.samples], color=plot.COLORS[2])
    bottom.set_ylabel("packets in the queue")
    bottom.set_xlabel("virtual seconds")
    return plot.save(figure, path)
