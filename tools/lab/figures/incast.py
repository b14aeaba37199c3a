# SPDX-License-Identifier: MIT
"""Incast: many servers answer one client at once, and their first windows overflow the switch's queue.  A flow whose
last segments are lost waits for its timeout, two hundred times as long as the answer takes."""
from softnet import DropTail, Lab, sweep

NEEDS = {"controls": ("reno",)}
RATE, DELAY, ANSWER, QUEUE = 1e9, 20e-6, 32_000, 64
LINK_S = ANSWER * 8 / RATE


def answer(servers, seed):
    """Returns the time until the client has all answers, and the number of dropped packets."""
    lab = Lab(seed=seed)
    hub, client = lab.switch(), lab.host()
    port = lab.wire(hub, client, delay=DELAY, rate=RATE, queue=DropTail(packets=QUEUE)).forth
    flows = []
    for _ in range(servers):
        server = lab.host(ram=16 << 20)
        lab.wire(server, hub, delay=DELAY, rate=RATE)
        flows.append(lab.transfer(server, client, ANSWER, congestion="reno", every=0, start=0.001))
    lab.run()
    seconds = max(t.finished for t in flows) - 0.001
    lab.close()
    return {"seconds": seconds, "dropped": port.dropped}


def measure(full):
    """Returns one row for each number of servers."""
    return sweep(answer, servers=[1, 2, 3, 4, 6, 8, 12, 16, 24, 32] if full else [2, 24], seed=[1])


def claims(rows):
    """Yields the claims: few servers fit into the queue, and many have to wait for timeouts."""
    good = [r for r in rows if not r["dropped"]]
    bad = [r for r in rows if r["dropped"]]
    yield (f"up to {good[-1]['servers']} servers nothing is dropped, and all answers are there after {good[-1]['seconds'] * 1e3:.1f} ms",
           good[-1]["seconds"] < 3 * good[-1]["servers"] * LINK_S + 0.01)
    yield (f"with {bad[-1]['servers']} servers {bad[-1]['dropped']} packets are dropped, and it takes {bad[-1]['seconds'] * 1e3:.0f} ms, "
           f"{bad[-1]['seconds'] / (bad[-1]['servers'] * LINK_S):.0f} times the time on the link", bad[-1]["seconds"] > 0.2)


def draw(rows, path):
    """Draws the time over the number of servers."""
    from softnet import plot    # pylint: disable=import-outside-toplevel
    figure, (axes,) = plot.panels(height=3.2)
    plot.line(axes, [(r["servers"], r["seconds"] * 1e3) for r in rows], "until the last answer", marker="o", markersize=3)
    plot.line(axes, [(r["servers"], r["servers"] * LINK_S * 1e3) for r in rows], "their bytes at the link's rate", color=plot.COLORS[6],
              linestyle="--")
    plot.logarithmic(axes.yaxis)
    axes.set_xlabel("servers that answer at once, 32 kB each")
    axes.set_ylabel("ms")
    return plot.save(figure, path)
