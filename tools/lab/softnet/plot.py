# SPDX-License-Identifier: MIT
"""Figures as SVG; only this module needs matplotlib.

Text is stored as text, not as paths, and takes its colour from the reader's light or dark mode; the background is
transparent; the same experiment gives the same file.
"""
import os
import re

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402  pylint: disable=wrong-import-position

INK = "#0a0b0c"     # save() replaces it by the colour of text in the reader's mode
# Colors of the first, second ... series: readable on white and on black.
COLORS = ("#3b82d6", "#e8743b", "#2f9e6e", "#b565c9", "#c9a227", "#d64550", "#7a8793", "#4bb4c4")
STYLE = f"<style>svg{{color:#1f2328}}@media(prefers-color-scheme:dark){{svg{{color:#d1d7e0}}}}text{{fill:{INK}}}</style>"
matplotlib.rcParams.update({
    "svg.hashsalt": "softnet", "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif",
    "axes.prop_cycle": matplotlib.cycler(color=COLORS), "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.7, "lines.linewidth": 1.2, "grid.alpha": 0.25, "grid.linewidth": 0.5, "grid.color": INK,
    "legend.frameon": False, "legend.fontsize": 8, "figure.facecolor": "none", "axes.facecolor": "none",
    "axes.grid": True, "axes.titlesize": 9, "axes.titlelocation": "left",
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "legend.labelcolor"), INK),
})
POINTS_MAX = 600    # points of a line at most: more than a figure is pixels wide


def panels(rows=1, columns=1, width=7.2, height=2.4, **options):
    """Makes a figure of @rows times @columns panels; returns (figure, list of axes)."""
    figure, axes = pyplot.subplots(rows, columns, figsize=(width, height * rows), squeeze=False, **options)
    return figure, list(axes.flat)


def thin(points, most=POINTS_MAX):
    """Thins out the points (x, y) to about @most: keeps the lowest and the highest of each piece, so that peaks
    stay."""
    points = list(points)
    if len(points) <= most:
        return points
    size, kept = -(-2 * len(points) // most), []
    for i in range(0, len(points), size):
        piece = points[i:i + size]
        ends = {min(piece, key=lambda p: p[1]), max(piece, key=lambda p: p[1])}
        kept += sorted(ends)
    return kept


def line(axes, points, label=None, step=False, **options):
    """Draws (x, y) as a line or as steps."""
    points = thin(points)
    draw = axes.step if step else axes.plot
    draw([x for x, _ in points], [y for _, y in points], label=label, **({"where": "post"} if step else {}), **options)


def dots(axes, points, label=None, size=2, **options):
    """Draws (x, y) as dots."""
    axes.plot([x for x, _ in points], [y for _, y in points], linestyle="none", marker=".", markersize=size, label=label, **options)


def bars(axes, points, label=None, **options):
    """Draws (x, low, high) as vertical strokes: segments in a diagram of sequence numbers. All are one path, for a
    small file."""
    gap = float("nan")
    axes.plot([x for point in points for x in (point[0], point[0], gap)],
              [y for point in points for y in (*point[1:], gap)], label=label, **options)


def segments(axes, chosen, label, color, scale=1.0, **options):
    """Draws Segments: sequence numbers in kB over time."""
    bars(axes, [(s.time * scale, s.seq / 1000, (s.seq + s.length) / 1000) for s in chosen], label, color=color, **options)


def logarithmic(axis, **options):
    """Makes an axis logarithmic, with plain numbers: logarithmic(axes.yaxis)."""
    getattr(axis.axes, f"set_{axis.axis_name}scale")("log", **options)
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(lambda value, _: "")


def save(figure, path):
    """Writes the figure as SVG for light and dark mode; returns @path."""
    for axes in figure.axes:
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="best")
    figure.tight_layout()
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<!DOCTYPE.*?>\n", "", text, flags=re.S)
    text = re.sub(r"(<svg [^>]*>)", lambda m: m[1] + "\n " + STYLE, text, count=1)
    text = text.replace(INK, "currentColor")
    text = re.sub(r"font-family: [^;\"]*|font: ([\d.]+px) [^;\"]*", lambda m: f"font: {m[1]} sans-serif" if m[1] else "font-family: sans-serif", text)
    text = re.sub(r"-?\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), text)
    text = "\n".join(row.rstrip() for row in text.splitlines()) + "\n"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def plot_transfer(transfer, path):
    """Draws sequence numbers, cwnd and RTT of a transfer over time; returns @path."""
    figure, (top, middle, bottom) = panels(3, sharex=True)
    for color, label, chosen in (
            (COLORS[0], "sent", [s for s in transfer.segments if not s.again and not s.lost]),
            (COLORS[1], "sent again", [s for s in transfer.segments if s.again and not s.lost]),
            (COLORS[5], "lost", [s for s in transfer.segments if s.lost])):
        segments(top, chosen, label, color)
    line(top, [(s.time, s.ack / 1000) for s in transfer.acks], "acknowledged", step=True, color=COLORS[2])
    top.set_ylabel("sequence number, kB")
    samples = transfer.samples
    line(middle, [(s.time, s.cwnd) for s in samples], "cwnd", step=True)
    limit = 2 * max(s.cwnd for s in samples)
    line(middle, [(s.time, s.ssthresh) for s in samples if s.ssthresh < limit], "ssthresh", step=True, linestyle="--")
    middle.set_ylabel("segments")
    line(bottom, [(s.time, s.rtt * 1000) for s in samples], "smoothed RTT", step=True)
    line(bottom, [(s.time, s.rto * 1000) for s in samples], "retransmission timeout", step=True, linestyle="--")
    bottom.set_ylabel("ms")
    bottom.set_xlabel("virtual seconds")
    return save(figure, path)


def plot_lab(transfers, queue, path):
    """Draws throughput and cwnd of several transfers, and the delay of a queue; returns @path."""
    figure, axes = panels(3 if queue else 2, sharex=True)
    for t in transfers:
        line(axes[0], [(time, rate / 1e6) for time, rate in t.throughput()], t.name, step=True)
        line(axes[1], [(s.time, s.cwnd) for s in t.samples], t.name, step=True)
    axes[0].set_ylabel("Mbit/s")
    axes[1].set_ylabel("cwnd, segments")
    if queue:
        line(axes[2], [(s.time, s.sojourn * 1000) for s in queue.samples], queue.name)
        axes[2].set_ylabel("queueing delay, ms")
    axes[-1].set_xlabel("virtual seconds")
    return save(figure, path)
