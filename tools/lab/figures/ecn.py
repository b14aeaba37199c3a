# SPDX-License-Identifier: MIT
"""ECN compared with loss: one flow through a CoDel queue, run twice.  The queue slows the sender by marks in one run, and
by drops in the other (RFC 3168)."""
from softnet import CoDel, Lab

NEEDS = {"controls": ("reno",), "sysctls": ("tcp_ecn",)}
RATE, RTT = 10e6, 0.04


def run(ecn, seconds):
    """Runs one flow through CoDel; returns the transfer and the queue."""
    lab = Lab(seed=1)
    net = lab.dumbbell(1, rate=RATE, rtt=RTT, queue=CoDel(ecn=True), cmdline=f"sysctl.net.ipv4.tcp_ecn={ecn}")
    (a, b), = net.pairs
    t = lab.transfer(a, b, seconds=seconds, congestion="reno", every=0.02)
    lab.run()
    lab.close()
    return t, net.queue


def measure(full):
    """Returns {name: result of run()}."""
    return {name: run(ecn, 30 if full else 12) for name, ecn in (("marks (ECN)", 1), ("drops", 0))}


def claims(m):
    """Yields the claims: marks replace the losses; delay and goodput stay about the same."""
    (marked, marks), (dropped, drops) = m.values()
    yield (f"ECN: {marks.marked} marks, {marked.lost} losses, {marked.retransmissions} retransmissions; "
           f"without: {drops.dropped} drops, {dropped.retransmissions} retransmissions",
           marks.marked > 0 and not marked.lost and not marked.retransmissions and dropped.retransmissions > 0)
    delays = [queue.result()["delay_mean"] * 1e3 for _, queue in m.values()]
    yield f"the mean queueing delay is {delays[0]:.1f} and {delays[1]:.1f} ms", delays[0] < 3 * delays[1]
    rates = [t.goodput / RATE for t, _ in m.values()]
    yield f"goodput: {rates[0]:.0%} and {rates[1]:.0%} of the link", rates[0] > 0.9 * rates[1]


def draw(m, path):
    """Draws the windows, with marks and losses."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, panels = plot.panels(2, sharex=True, sharey=True, height=2)
    for axes, (name, (t, _)), color in zip(panels, m.items(), plot.COLORS):
        plot.line(axes, [(s.time, s.cwnd) for s in t.samples], f"cwnd with {name}", step=True, color=color)
        hits = [s.time for s in t.segments if s.marked or s.lost]
        plot.dots(axes, [(x, 2) for x in hits], "a mark" if t.marked else "a loss", size=4, color=plot.COLORS[5])
        axes.set_ylabel("segments")
    panels[-1].set_xlabel("virtual seconds")
    return plot.save(figure, path)
