# SPDX-License-Identifier: MIT
"""Bufferbloat: one flow fills a large droptail queue, and everything behind it waits; CoDel keeps the queue short (RFC 8289)."""
from softnet import CoDel, Lab

NEEDS = {"controls": ("reno",)}
RATE, RTT, QUEUE = 8e6, 0.03, 600_000


def run(queue, seconds):
    """Runs a download, and each second a short flow through the same queue. Returns the download, the queue, and the
    sorted times of the short flows."""
    lab = Lab(seed=1)
    net = lab.dumbbell(2, rate=RATE, rtt=RTT, queue=queue)
    (a, b), (c, d) = net.pairs
    bulk = lab.transfer(a, b, seconds=seconds, congestion="reno", segments=False)
    short = [lab.transfer(c, d, 3000, start=start + 0.5, every=0, congestion="reno") for start in range(4, seconds - 3)]
    lab.run()
    lab.close()
    return bulk, net.queue, sorted(t.seconds for t in short)


def measure(full):
    """Returns {name of the queue: result of run()}."""
    seconds = 40 if full else 30
    return {"droptail, 600 kB": run(QUEUE, seconds), "CoDel": run(CoDel(), seconds)}


def median(times):
    """Returns the median of sorted numbers."""
    return times[len(times) // 2]


def claims(m):
    """Yields the claims: the delays, the short flows' times, and the rates behind both queues."""
    (_, tail, slow), (_, codel, quick) = m.values()
    tail, codel = tail.result(), codel.result()
    yield (f"95 % of the packets wait at most {tail['delay_95'] * 1e3:.0f} ms behind droptail, {codel['delay_95'] * 1e3:.0f} ms with CoDel",
           tail["delay_95"] > 0.3 and codel["delay_95"] < 0.15)
    yield (f"a transfer of 3 kB beside the download takes {median(slow) * 1e3:.0f} ms and {median(quick) * 1e3:.0f} ms (median)",
           median(slow) > 3 * median(quick))
    rates = [bulk.goodput / RATE for bulk, _, _ in m.values()]
    yield f"the download has {rates[0]:.0%} and {rates[1]:.0%} of the link", rates[1] > 0.75 * rates[0]


def draw(m, path):
    """Draws the delays of both queues over time."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, (axes,) = plot.panels(height=3.2)
    for name, (_, queue, _) in m.items():
        plot.line(axes, [(s.time, max(s.sojourn * 1e3, 0.1)) for s in queue.samples], name)
    axes.axhline(5, color=plot.COLORS[6], linewidth=1, linestyle="--", label="CoDel's target")
    plot.logarithmic(axes.yaxis)
    axes.set_ylim(1)
    axes.set_xlabel("virtual seconds")
    axes.set_ylabel("queueing delay, ms")
    return plot.save(figure, path)
