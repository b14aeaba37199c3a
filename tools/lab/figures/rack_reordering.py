# SPDX-License-Identifier: MIT
"""RACK under reordering: it decides about a loss by time, not by three duplicate ACKs, so that a packet which is a few
milliseconds late is not sent again (RFC 8985)."""
from softnet import Lab, sweep

NEEDS = {"controls": ("reno",), "sysctls": ("tcp_sack", "tcp_recovery")}
RATE, RTT, SHARE = 20e6, 0.04, 0.01
# Without RACK the threshold would adapt to the reordering that is seen: RFC 5681's is fixed.
SETTINGS = {"RACK": "tcp_recovery=1", "three duplicate ACKs": "tcp_recovery=0 sysctl.net.ipv4.tcp_max_reordering=3"}


def transfer(recovery, late, seed, seconds):
    """Runs a flow of which one frame in a hundred is late; returns its goodput and retransmissions, as shares."""
    lab = Lab(seed=seed)
    net = lab.dumbbell(1, rate=RATE, rtt=RTT, cmdline=f"sysctl.net.ipv4.{recovery}", reorder=SHARE, reorder_delay=late)
    (a, b), = net.pairs
    t = lab.transfer(a, b, seconds=seconds, congestion="reno", every=0, segments=False)
    lab.run()
    lab.close()
    return {"share": t.goodput / RATE, "again": t.retransmissions / t.result()["segments"]}


def measure(full):
    """Returns {setting: rows of the sweep}."""
    lates = [0, 0.001, 0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02] if full else [0.008]
    rows = sweep(transfer, recovery=list(SETTINGS.values()), late=lates, seed=[1], seconds=[30 if full else 8])
    return {name: [r for r in rows if r["recovery"] == value] for name, value in SETTINGS.items()}


def claims(m):
    """Yields goodput and retransmissions for frames that are 8 ms late, a fifth of the round trip."""
    rack, dupacks = (next(r for r in rows if r["late"] == 0.008) for rows in m.values())
    yield (f"frames that are 8 ms late: RACK reaches {rack['share']:.0%} of the link, three duplicate ACKs {dupacks['share']:.0%}",
           rack["share"] > 0.8 and rack["share"] > 1.1 * dupacks["share"])
    yield (f"RACK sends {rack['again']:.2%} of the segments again, three duplicate ACKs {dupacks['again']:.2%}",
           rack["again"] < 0.5 * dupacks["again"])


def draw(m, path):
    """Draws goodput and retransmissions over the lateness."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, (left, right) = plot.panels(1, 2, height=3)
    for name, rows in m.items():
        plot.line(left, [(r["late"] * 1e3, r["share"] * 100) for r in rows], name, marker="o", markersize=3)
        plot.line(right, [(r["late"] * 1e3, r["again"] * 100) for r in rows], name, marker="o", markersize=3)
    left.set_ylabel("goodput, % of the link's rate")
    left.set_ylim(0)
    right.set_ylabel("segments sent again, %")
    for axes in (left, right):
        axes.set_xlabel("1 % of the frames are so many ms late")
    return plot.save(figure, path)
