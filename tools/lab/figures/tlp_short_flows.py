# SPDX-License-Identifier: MIT
"""Tail loss probes: a flow that loses its last segments gets no duplicate ACKs; a probe after two round trips saves it
from the timeout (RFC 8985 7). The link is out for some milliseconds at a time, so that several segments in a row are
lost. If only one segment is outstanding, the probe also waits for the time of a delayed ACK, and gains less."""
import random

from softnet import Lab

NEEDS = {"controls": ("reno",), "sysctls": ("tcp_sack", "tcp_early_retrans")}
RTT, RATE, SIZE = 0.04, 5e6, 14_000
# OUT: seconds that the link is out; BETWEEN: seconds that it is good, on average
OUT, BETWEEN = 0.015, 0.15
SETTINGS = {"with probes": 3, "without": 0}


def outages(seconds):
    """Returns a list of random times at which the link is out."""
    chance, time, made = random.Random(1), 0.0, []
    while time < seconds:
        time += chance.expovariate(1 / BETWEEN)
        made.append((time, time + OUT))
        time += OUT
    return made


def run(early, flows):
    """Runs short flows, one after the other; returns their times from the handshake on, sorted."""
    lab = Lab(seed=3)
    a, b = (lab.host(f"sysctl.net.ipv4.tcp_early_retrans={early}") for _ in range(2))
    lab.wire(a, b, delay=RTT / 2, rate=RATE, outages=outages(2 * flows), back={"outages": []})
    made = [lab.transfer(a, b, SIZE, start=2 * i, every=0, segments=False, congestion="reno") for i in range(flows)]
    lab.run()
    lab.close()
    return sorted(t.finished - t.connected for t in made)


def measure(full):
    """Returns {setting: times}."""
    return {name: run(value, 1000 if full else 150) for name, value in SETTINGS.items()}


def at(times, share):
    """Returns a quantile of sorted numbers."""
    return times[min(int(share * len(times)), len(times) - 1)]


def claims(m):
    """Yields the claims: median, 95th percentile and mean of the flows' times, with and without probes."""
    probes, none = m["with probes"], m["without"]
    yield f"median: {at(probes, .5) * 1e3:.0f} ms with and {at(none, .5) * 1e3:.0f} ms without", at(probes, .5) <= 1.05 * at(none, .5)
    yield (f"95 % of the flows take at most {at(probes, .95) * 1e3:.0f} ms with probes, {at(none, .95) * 1e3:.0f} ms without",
           at(probes, .95) < at(none, .95))
    mean = sum(probes) / sum(none)
    yield f"on average a flow with probes takes {mean:.0%} of the time of one without", mean < 0.95


def draw(m, path):
    """Draws the distribution of the times."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, (axes,) = plot.panels(height=3.2)
    for name, times in m.items():
        plot.line(axes, [(x * 1e3, 100 * (i + 1) / len(times)) for i, x in enumerate(times)], name, step=True)
    plot.logarithmic(axes.xaxis)
    axes.set_ylim(50, 100)
    axes.set_xlabel(f"time of a transfer of {SIZE // 1000} kB after the handshake, ms")
    axes.set_ylabel("% of the flows")
    return plot.save(figure, path)
