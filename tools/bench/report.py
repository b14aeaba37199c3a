# SPDX-License-Identifier: MIT
"""Tables of measured figures: text for the terminal, Markdown for the documents.

A ratio of two guests is computed for each pair of runs. The two runs of a pair follow each other directly: the load of
this machine changes single figures by 10 to 30 %, but it changes both runs of a pair alike.
"""
import statistics

from lossy import LOSSY

LESS_IS_BETTER = ("_us", "_ms", "insn", "lost", "failed", "stuck", "retrans", "_mib", "bytes", "_cpu", "bad")

# The rows of the Markdown table: metric, description.
ROWS = [
    ("boot_ms", "QEMU's start to the first echoed byte, ms"),
    ("boot_insn", "instructions from QEMU's start to the first echoed byte, with the firmware's"),
    ("icmp1.tps", "ICMP echo, one at a time, per s"),
    ("rr1.tps", "TCP echo of 1 byte, one connection, per s"),
    ("rr64.tps", "the same on 64 connections"),
    ("rr16x16k.tps", "TCP echo of 16 KiB, 16 connections, per s"),
    ("udprr1.tps", "UDP echo of 64 bytes, one socket, per s"),
    ("udprr32.tps", "the same on 32 sockets"),
    ("crr1.cps", "connect, echo 1 byte, close; one at a time, per s"),
    ("crr32.cps", "the same, 32 at a time"),
    ("in1.mb_per_s", "received, one connection, MB/s"),
    ("in8.mb_per_s", "received, 8 connections, MB/s"),
    ("out1.mb_per_s", "sent, one connection, MB/s"),
    ("out8.mb_per_s", "sent, 8 connections, MB/s"),
    ("icmp1.insn_net_per_op", "instructions per ICMP echo"),
    ("rr1.insn_net_per_op", "instructions per TCP echo (rr1)"),
    ("rr64.insn_net_per_op", "instructions per TCP echo (rr64)"),
    ("rr16x16k.insn_net_per_op", "instructions per echo of 16 KiB"),
    ("udprr1.insn_net_per_op", "instructions per UDP echo (udprr1)"),
    ("udprr32.insn_net_per_op", "instructions per UDP echo (udprr32)"),
    ("crr1.insn_net_per_op", "instructions per connection (crr1)"),
    ("crr32.insn_net_per_op", "instructions per connection (crr32)"),
    ("in1.insn_net_per_mb", "instructions per MB received (in1)"),
    ("in8.insn_net_per_mb", "instructions per MB received (in8)"),
    ("out1.insn_net_per_mb", "instructions per MB sent (out1)"),
    ("out8.insn_net_per_mb", "instructions per MB sent (out8)"),
    ("idle.insn_per_s", "instructions per second when idle"),
    ("min_mem_mib", "smallest memory that boots and echoes, MiB"),
    ("idle.echo_ok", "connections held in 256 MiB, each proven by an echo"),
    ("image_bytes", "image, bytes"),
] + [(f"{name}.mbit_per_s", f"{'sent with ' + control if mode == 'out' else 'received'}, {loss} % loss, Mbit/s")
     for name, (mode, control, loss) in LOSSY.items()]


def spread(vals):
    v = sorted(x for x in vals if x is not None)
    return (v[0], statistics.median(v), v[-1]) if v else None


def num(x):
    if x is None:
        return "-"
    if x == int(x) and abs(x) < 1e15:
        return str(int(x))
    return f"{x:.0f}" if abs(x) >= 1000 else f"{x:.2f}" if abs(x) >= 1 else f"{x:.3f}"


def wide(x):
    """Returns a figure for readers: from 100 on without decimals and with commas between thousands, below 100 with
    one decimal, unless that is 0."""
    if x is None:
        return "-"
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.1f}".removesuffix(".0")


def order(rows):
    return list(dict.fromkeys(k for r in rows for k in r))


def ratios(a, b, key):
    """Returns the spread of a / b over the pairs in which both have a figure."""
    return spread([x[key] / y[key] for x, y in zip(a, b) if x.get(key) is not None and y.get(key)])


def verdict(q, key):
    """Returns "+" if the guest is better in every pair, "-" if it is worse in every pair, else "". CPU times get ""."""
    if not q or key.endswith("_cpu"):
        return ""
    less = any(w in key for w in LESS_IS_BETTER)
    good, bad = (q[2] < 1, q[0] > 1) if less else (q[0] > 1, q[2] < 1)
    return "+" if good else "-" if bad else ""


def text_one(name, rows):
    out = [f"  {'metric':28} {'min':>12} {'median':>12} {'max':>12}   {name}"]
    for k in order(rows):
        s = spread([r.get(k) for r in rows])
        if s:
            out.append(f"  {k:28} {num(s[0]):>12} {num(s[1]):>12} {num(s[2]):>12}")
    return out


def text_pair(first, other, a, b):
    out = [f"  {min(len(a), len(b))} pair(s): medians, and {first} / {other} pair by pair "
           f"(+ better in every pair, - worse in every pair)",
           f"  {'metric':28} {first[:14]:>14} {other[:14]:>14} {'ratio min':>10} {'median':>8} {'max':>8}"]
    for k in order(a + b):
        sa, sb, q = spread([r.get(k) for r in a]), spread([r.get(k) for r in b]), ratios(a, b, k)
        out.append(f"  {k:28} {num(sa and sa[1]):>14} {num(sb and sb[1]):>14} "
                   + (f"{q[0]:10.3f} {q[1]:8.3f} {q[2]:8.3f} {verdict(q, k)}" if q else f"{'-':>10}"))
    return out


def text(result):
    out = []
    guests = result["guests"]
    for kind, rows in result["sets"].items():
        out.append(f"\n[{kind}]")
        if len(guests) == 1:
            out += text_one(guests[0], rows[guests[0]])
        for other in guests[1:]:
            out += text_pair(guests[0], other, rows[guests[0]], rows[other])
    out += [""] + [f"image of {g}: {result['image_bytes'][g]:,} bytes" for g in guests]
    return "\n".join(out)


def of_guest(result, guest):
    """Returns all figures of a guest: {metric: [one value for each pass]}.  boot_ms is from the set boot, if that
    was run."""
    got = {"image_bytes": [result["image_bytes"][guest]]}
    for kind, rows in result["sets"].items():
        for k in order(rows[guest]):
            if k != "boot_ms" or kind == "boot" or "boot" not in result["sets"]:
                got[k] = [r.get(k) for r in rows[guest]]
    return got


def pair_ratio(a, b):
    q = spread([x / y for x, y in zip(a, b) if x is not None and y])
    if not q:
        return "-"
    return f"{q[1]:.2f}" if len(a) < 2 else f"{q[1]:.2f} ({q[0]:.2f} to {q[2]:.2f})"


def markdown(result):
    """Returns the table for build/bench/table.md."""
    guests = result["guests"]
    first, others = guests[0], guests[1:]
    got = {g: of_guest(result, g) for g in guests}
    out = [f"{result['date']}, {result['commit']}, {result['qemu_version']}, {result['cpus']} cores, load "
           f"{result['load']} at the start. Made by `{result['command']}`.", "",
           "| | " + " | ".join([first] + [c for g in others for c in (g, f"{first} / {g}")]) + " |",
           "|---|" + "---:|" * (1 + 2 * len(others))]
    for key, words in ROWS:
        mid = {g: spread(got[g].get(key, [])) for g in guests}
        if not mid[first] and not any(mid.values()):
            continue
        cells = [wide(mid[first] and mid[first][1])]
        for g in others:
            cells += [wide(mid[g] and mid[g][1]), pair_ratio(got[first].get(key, []), got[g].get(key, []))]
        out.append(f"| {words} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def cell(result, key):
    """Returns one cell of the table with a column for each recorded run: softnet's figure, and its ratio to the second
    guest."""
    guests = result["guests"]
    got = [of_guest(result, g).get(key, []) for g in guests[:2]]
    mid = spread(got[0])
    if not mid:
        return ""
    ratio = spread([x / y for x, y in zip(got[0], got[1]) if x is not None and y]) if len(got) > 1 else None
    return wide(mid[1]) + (f" ({ratio[1]:.2f})" if ratio else "")


def add_column(page, result):
    """Returns @page with this run as a further column of the table below the line `<!-- dates -->`."""
    lines = page.split("\n")
    at = lines.index("<!-- dates -->") + 1
    old = []
    while at + len(old) < len(lines) and lines[at + len(old)].startswith("|"):
        old.append(lines[at + len(old)])
    cells = {row.split("|")[1].strip(): [c.strip() for c in row.split("|")[2:-1]] for row in old[2:]}
    head = [c.strip() for c in old[0].split("|")[2:-1]] if old else []
    new = ["| | " + " | ".join(head + [f"{result['date']} {result['commit']}, {result['build']} build"]) + " |",
           "|---|" + "---:|" * (len(head) + 1)]
    for key, words in ROWS:
        row = cells.get(words, [""] * len(head)) + [cell(result, key)]
        if any(row):
            new.append(f"| {words} | " + " | ".join(row) + " |")
    return "\n".join(lines[:at] + new + lines[at + len(old):])
