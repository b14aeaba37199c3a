# SPDX-License-Identifier: MIT
"""BBR on a lossy link: it sends at the rate that it measures, and losses alone do not slow it down."""
from softnet import Lab, sweep

NEEDS = {"controls": ("reno", "cubic", "bbr"), "sysctls": ("tcp_sack",)}
RATE, RTT = 20e6, 0.04
CONTROLS = ("reno", "cubic", "bbr")


def goodput(control, loss, seed, seconds):
    """Runs one flow; returns its goodput as a share of the link's rate."""
    lab = Lab(seed=seed)
    net = lab.dumbbell(1, rate=RATE, rtt=RTT, loss=loss)
    (a, b), = net.pairs
    t = lab.transfer(a, b, seconds=seconds, congestion=control, every=0, segments=False)
    lab.run()
    share = t.goodput / RATE
    lab.close()
    return {"share": share}


def measure(full):
    """Returns {control: [(loss, mean share)]}."""
    losses = [0, 1e-4, 1e-3, 3e-3, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2] if full else [0, 0.05]
    seeds = [1, 2, 3] if full else [1]
    rows = sweep(goodput, control=list(CONTROLS), loss=losses, seed=seeds, seconds=[30 if full else 10])
    return {control: [(loss, sum(r["share"] for r in rows if (r["control"], r["loss"]) == (control, loss)) / len(seeds))
                      for loss in losses] for control in CONTROLS}


def claims(m):
    """Yields the claims: bbr is far ahead at 5 % loss; without losses all controls fill the link."""
    at = {control: dict(points)[0.05] for control, points in m.items()}
    yield (f"at 5 % loss bbr has {at['bbr']:.0%} of the link, cubic {at['cubic']:.0%}, reno {at['reno']:.0%}",
           at["bbr"] > 0.7 and at["bbr"] > 4 * max(at["cubic"], at["reno"]))
    yield "without losses all fill the link", all(points[0][1] > 0.8 for points in m.values())


def draw(m, path):
    """Draws goodput over the share of losses."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, (axes,) = plot.panels(height=3.2)
    for control, points in m.items():
        plot.line(axes, [(100 * loss, 100 * share) for loss, share in points], control, marker="o", markersize=3)
    axes.set_xscale("symlog", linthresh=0.01)
    axes.set_xticks([0, 0.01, 0.1, 1, 5, 20], ["0", "0.01", "0.1", "1", "5", "20"])
    axes.set_xlabel("frames lost, %")
    axes.set_ylabel("goodput, % of the link's rate")
    axes.set_ylim(0)
    return plot.save(figure, path)
