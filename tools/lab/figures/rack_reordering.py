# SPDX-License-Identifier: MIT
"""RACK under reordering: it decides about a loss by time, not by three duplicate ACKs, so that a packet which is a few
milliseconds late is not sent again (RFC 8985). It is compared with RFC 6582's three duplicate ACKs, with and without
timestamps. With timestamps the sender notices later that a reduction was needless (RFC 3522)."""
from softnet import Lab, sweep

NEEDS = {"controls": ("reno",), "sysctls": ("tcp_sack", "tcp_recovery")}
RATE, RTT, SHARE, LATE = 20e6, 0.04, 0.01, 0.008
RCVBUF = 140_000    # a window that fits path and queue: nothing is lost, so each retransmission is needless
# tcp_max_reordering=3 keeps the threshold of duplicate ACKs at three, as in RFC 6582. Otherwise the threshold would
# adapt to the reordering.
SETTINGS = {"RACK": "tcp_sack=1", "three duplicate ACKs": "tcp_sack=0 tcp_max_reordering=3",
            "three, without timestamps": "tcp_sack=0 tcp_max_reordering=3 tcp_timestamps=0"}


def transfer(setting, late, seconds):
    """Runs a flow of which one frame in a hundred is late. Returns three results: the goodput as a share of the rate,
    the number of lost segments, and the share of segments that were sent again."""
    lab = Lab(seed=1)
    cmdline = " ".join(f"sysctl.net.ipv4.{word}" for word in setting.split())
    net = lab.dumbbell(1, rate=RATE, rtt=RTT, cmdline=cmdline, reorder=SHARE, reorder_delay=late, back={"reorder": 0})
    (a, b), = net.pairs
    t = lab.transfer(a, b, seconds=seconds, congestion="reno", every=0, segments=False, rcvbuf=RCVBUF)
    lab.run()
    result = t.result()
    lab.close()
    return {"share": t.goodput / RATE, "lost": t.lost, "needless": t.retransmissions / result["segments"]}


def measure(full):
    """Returns {setting: rows of the sweep}."""
    lates = [0, 0.0005, 0.001, 0.002, 0.004, 0.006, LATE, 0.01] if full else [LATE]
    rows = sweep(transfer, setting=list(SETTINGS.values()), late=lates, seconds=[30 if full else 10])
    return {name: [r for r in rows if r["setting"] == value] for name, value in SETTINGS.items()}


def claims(m):
    """Yields the claims about goodput and needless retransmissions when frames are 8 ms late, a fifth of the round
    trip."""
    rack, dupacks, bare = (next(r for r in rows if r["late"] == LATE) for rows in m.values())
    yield "nothing is lost", not any(r["lost"] for rows in m.values() for r in rows)
    yield (f"frames that are {LATE * 1e3:.0f} ms late: RACK sends {rack['needless']:.2%} of the segments again, three duplicate "
           f"ACKs {dupacks['needless']:.2%}: each late one", rack["needless"] < 0.1 * dupacks["needless"] and dupacks["needless"] > SHARE / 2)
    yield (f"RACK reaches {rack['share']:.0%} of the link; three duplicate ACKs {dupacks['share']:.0%}, as timestamps undo the "
           f"reductions, and {bare['share']:.0%} without them",
           rack["share"] > 0.9 and rack["share"] >= dupacks["share"] > 2 * bare["share"])


def draw(m, path):
    """Draws goodput and needless retransmissions over the lateness."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, (left, right) = plot.panels(1, 2, height=3)
    for name, rows in m.items():
        plot.line(left, [(r["late"] * 1e3, r["share"] * 100) for r in rows], name, marker="o", markersize=3)
        plot.line(right, [(r["late"] * 1e3, r["needless"] * 100) for r in rows], marker="o", markersize=3)
    left.set_ylabel("goodput, % of the link's rate")
    left.set_ylim(0)
    right.set_ylabel("segments sent again without need, %")
    for axes in (left, right):
        axes.set_xlabel("1 % of the frames are so many ms late")
    return plot.save(figure, path)
