# SPDX-License-Identifier: MIT
"""Draws a transfer as a figure of three panels; only this module needs matplotlib."""
import os

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402  pylint: disable=wrong-import-position

# Use a fixed salt for the ids in SVG, so that the same experiment gives the same file.
matplotlib.rcParams["svg.hashsalt"] = "softnet"


def plot_transfer(transfer, path):
    """Writes the figure; returns @path."""
    figure, (top, middle, bottom) = pyplot.subplots(3, 1, sharex=True, figsize=(9, 9))
    for color, label, chosen in (
            ("tab:blue", "sent", [s for s in transfer.segments if not s.again and not s.lost]),
            ("tab:orange", "sent again", [s for s in transfer.segments if s.again and not s.lost]),
            ("tab:red", "lost on the wire", [s for s in transfer.segments if s.lost])):
        top.scatter([s.time for s in chosen], [s.seq / 1000 for s in chosen], s=3, color=color, label=label)
    top.step([s.time for s in transfer.acks], [s.ack / 1000 for s in transfer.acks], where="post",
             color="tab:green", linewidth=0.8, label="acknowledged")
    top.set_ylabel("sequence number, kB")
    times = [s.time for s in transfer.samples]
    middle.step(times, [s.cwnd for s in transfer.samples], where="post", label="cwnd")
    limit = 2 * max(s.cwnd for s in transfer.samples)
    middle.step(times, [s.ssthresh if s.ssthresh < limit else float("nan") for s in transfer.samples],
                where="post", linestyle="--", label="ssthresh")
    middle.set_ylabel("segments")
    bottom.step(times, [s.rtt * 1000 for s in transfer.samples], where="post", label="smoothed RTT")
    bottom.step(times, [s.rto * 1000 for s in transfer.samples], where="post", linestyle="--",
                label="retransmission timeout")
    bottom.set_ylabel("ms")
    bottom.set_xlabel("virtual seconds")
    for axes in (top, middle, bottom):
        axes.legend(loc="best", fontsize="small")
        axes.grid(alpha=0.3)
    figure.tight_layout()
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path


def plot_lab(transfers, queue, path):
    """Draws throughput and cwnd of several transfers, and the delay of a queue; returns @path."""
    figure, panels = pyplot.subplots(3 if queue else 2, 1, sharex=True, figsize=(9, 9 if queue else 6))
    for t in transfers:
        rates = t.throughput()
        panels[0].step([time for time, _ in rates], [rate / 1e6 for _, rate in rates], label=t.name, linewidth=0.8)
        panels[1].step([s.time for s in t.samples], [s.cwnd for s in t.samples], where="post", label=t.name, linewidth=0.8)
    panels[0].set_ylabel("Mbit/s")
    panels[1].set_ylabel("cwnd, segments")
    if queue:
        panels[2].step([s.time for s in queue.samples], [s.sojourn * 1000 for s in queue.samples], where="post",
                       linewidth=0.8, label=queue.name)
        panels[2].set_ylabel("queueing delay, ms")
    panels[-1].set_xlabel("virtual seconds")
    for axes in panels:
        axes.legend(loc="best", fontsize="small")
        axes.grid(alpha=0.3)
    figure.tight_layout()
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path
