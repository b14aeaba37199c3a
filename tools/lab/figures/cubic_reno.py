# SPDX-License-Identifier: MIT
"""CUBIC beside Reno from 1 to 1,000 Mbit/s (RFC 9438): on long fast paths with few losses Reno's window grows too
slowly to fill them."""
from softnet import Lab, sweep

NEEDS = {"controls": ("reno", "cubic"), "sysctls": ("tcp_sack",)}
CONTROLS = ("reno", "cubic")
BUFFERS = "sysctl.net.ipv4.tcp_rmem=4096,131072,67108864 sysctl.net.ipv4.tcp_wmem=4096,65536,67108864"


def goodput(rate, control, seed, seconds, rtt, loss):
    """Runs one flow; returns the goodput of the last three quarters of the time."""
    lab = Lab(seed=seed)
    net = lab.dumbbell(1, rate=rate, rtt=rtt, cmdline=BUFFERS, host={"ram": 512 << 20}, loss=loss)
    (a, b), = net.pairs
    t = lab.transfer(a, b, seconds=seconds, congestion=control, every=0.1, segments=False)
    lab.run()
    later = [s for s in t.samples if s.time >= seconds / 4]
    lab.close()
    return {"goodput": (later[-1].read - later[0].read) * 8 / (later[-1].time - later[0].time)}


def measure(full):
    """Returns {control: [(rate, mean goodput)]}, and under "path" the round trip and the share of losses. A small run
    has more losses, which keep the windows small, so that fewer segments are enough to show the difference."""
    rates = [1e6, 3e6, 1e7, 3e7, 1e8, 3e8, 1e9] if full else [1e6, 5e7]
    seeds, rtt, loss = ([1, 2], 0.1, 1e-5) if full else ([1, 2], 0.2, 2e-4)
    rows = sweep(goodput, rate=rates, control=list(CONTROLS), seed=seeds, seconds=[100 if full else 60], rtt=[rtt], loss=[loss])
    return {"path": (rtt, loss), **{control: [
        (rate, sum(r["goodput"] for r in rows if r["rate"] == rate and r["control"] == control) / len(seeds))
        for rate in rates] for control in CONTROLS}}


def claims(m):
    """Yields the claims: both controls are equal on slow paths, and cubic is ahead on fast ones."""
    rtt, loss = m["path"]
    (_, slow_reno), (_, slow_cubic) = m["reno"][0], m["cubic"][0]
    yield (f"at {m['reno'][0][0] / 1e6:.0f} Mbit/s both fill the link: reno {slow_reno / 1e6:.1f}, cubic {slow_cubic / 1e6:.1f} Mbit/s",
           0.8 < slow_cubic / slow_reno < 1.3)
    (rate, reno), (_, cubic) = m["reno"][-1], m["cubic"][-1]
    yield (f"at {rate / 1e6:.0f} Mbit/s, {rtt * 1000:.0f} ms and one loss in {1 / loss:,.0f} frames reno reaches {reno / 1e6:.0f}, "
           f"cubic {cubic / 1e6:.0f} Mbit/s", cubic > 1.2 * reno)


def draw(m, path):
    """Draws goodput over the rate of the link, both logarithmic."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, (axes,) = plot.panels(height=3.2)
    for control in CONTROLS:
        plot.line(axes, [(x / 1e6, y / 1e6) for x, y in m[control]], control, marker="o", markersize=3)
    rates = [x / 1e6 for x, _ in m["reno"]]
    axes.plot(rates, rates, color=plot.COLORS[6], linewidth=0.7, label="the link")
    plot.logarithmic(axes.xaxis)
    plot.logarithmic(axes.yaxis)
    axes.set_xlabel("rate of the link, Mbit/s")
    axes.set_ylabel("goodput, Mbit/s")
    return plot.save(figure, path)
