# SPDX-License-Identifier: MIT
"""Two flows at one bottleneck: two CUBIC flows come close to equal shares, the slower the path the sooner; beside BBR,
CUBIC starves in a queue of one bandwidth-delay product, and not in a longer one."""
from softnet import DropTail, Lab, sweep

NEEDS = {"controls": ("cubic", "bbr"), "sysctls": ("tcp_sack",)}
BUFFERS = "sysctl.net.ipv4.tcp_rmem=4096,131072,67108864 sysctl.net.ipv4.tcp_wmem=4096,65536,67108864"
RTT, FRAME, STEP = 0.05, 1514, 5
SLOW, FAST = 10e6, 100e6


def pair(rate, queue, first, seed, seconds):
    """Runs a flow of the control @first and one of cubic through a queue of @queue bandwidth-delay products. Returns
    the first flow's share of all bytes that had arrived after 5, 10, 15 ... seconds."""
    lab = Lab(seed=seed)
    net = lab.dumbbell(2, rate=rate, rtt=RTT, queue=DropTail(bytes=rate * RTT / 8 * queue), cmdline=BUFFERS, host={"ram": 512 << 20},
                       processing=FRAME * 8 / rate)
    flows = [lab.transfer(a, b, seconds=seconds, congestion=control, every=STEP, segments=False)
             for (a, b), control in zip(net.pairs, (first, "cubic"))]
    lab.run()
    shares = [(one.time, one.read / (one.read + two.read)) for one, two in zip(*(f.samples for f in flows)) if one.time >= STEP * 0.9]
    lab.close()
    return {"shares": shares}


def measure(full):
    """Returns the two experiments: cubic {rate: [shares of one run]}, bbr [(queue, mean share after the last second)]."""
    rates, seeds, queues = ((SLOW, FAST), range(1, 11), (0.5, 1, 1.5, 2, 3, 4, 6, 8)) if full else ((SLOW,), (1, 2), (1, 3))
    cubic = {rate: [r["shares"] for r in sweep(pair, rate=[rate], queue=[1], first=["cubic"], seed=list(seeds), seconds=[60])]
             for rate in rates}
    rows = sweep(pair, rate=[SLOW], queue=list(queues), first=["bbr"], seed=[1, 2] if full else [1], seconds=[120 if full else 60])
    ends = {queue: [r["shares"][-1][1] for r in rows if r["queue"] == queue] for queue in queues}
    return {"cubic": cubic, "bbr": [(queue, sum(at) / len(at)) for queue, at in ends.items()]}


def claims(m):
    """Yields the claims: cubic is fair to itself, in each run on a slow path and in the mean on a fast one; BBR leaves
    CUBIC at least a fifth in a queue of two bandwidth-delay products or more."""
    for rate, runs in m["cubic"].items():
        ends = [run[-1][1] for run in runs]
        mean = sum(ends) / len(ends)
        yield (f"{len(ends)} pairs of cubic flows at {rate / 1e6:.0f} Mbit/s: after 60 s the first flow has {min(ends):.0%} to "
               f"{max(ends):.0%} of the bytes, {mean:.0%} in the mean", 0.45 < mean < 0.55 and (rate > SLOW or 0.45 < min(ends) and max(ends) < 0.55))
    cubic = {queue: 1 - share for queue, share in m["bbr"]}
    yield f"beside bbr, in a queue of one BDP, cubic has {cubic[1]:.0%}", 0.08 < cubic[1] < 0.2
    long = {queue: share for queue, share in cubic.items() if queue >= 2}
    yield (f"in queues of {min(long):g} BDP and more it has {min(long.values()):.0%} to {max(long.values()):.0%}",
           0.2 < min(long.values()) and max(long.values()) < 0.8)


def draw(m, path):
    """Draws shares over time, one line for each run, and CUBIC's share beside BBR over the length of the queue."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, (left, right) = plot.panels(1, 2, height=2.8, sharey=True)
    for color, (rate, runs) in zip((plot.COLORS[0], plot.COLORS[1]), reversed(m["cubic"].items())):
        for run in runs:
            label = f"{rate / 1e6:.0f} Mbit/s" if run is runs[0] else None
            plot.line(left, [(time, 100 * share) for time, share in run], label, color=color, linewidth=0.8)
    left.set_title("two cubic flows, a queue of one BDP")
    left.set_xlabel("virtual seconds")
    left.set_ylabel("share of the bytes, %")
    left.set_ylim(0, 100)
    for color, label, points in ((plot.COLORS[2], "bbr", m["bbr"]), (plot.COLORS[0], "cubic", [(q, 1 - share) for q, share in m["bbr"]])):
        plot.line(right, [(q, 100 * share) for q, share in points], label, color=color, marker="o", markersize=3)
    right.set_title("bbr beside cubic")
    right.set_xlabel("length of the queue, BDP")
    return plot.save(figure, path)
