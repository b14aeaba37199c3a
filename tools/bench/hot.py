# SPDX-License-Identifier: MIT
"""The profile: the instructions that each function executes for one operation, and how often it is entered.

hot_count.so counts every instruction, without sampling.  The instructions of an inlined function count for the
function that contains them.
"""
import array
import bisect
import subprocess
import tempfile

from measure import asked_of, one, unit
from stage import Boot, say


class Symbols:
    def __init__(self, elf):
        out = subprocess.run(["nm", "-n", "--defined-only", elf], check=True, stdout=subprocess.PIPE, text=True).stdout
        rows = [line.split() for line in out.splitlines()]
        self.rows = sorted((int(a, 16), n) for a, kind, n in (r for r in rows if len(r) == 3)
                           if kind in "tTwW" and int(a, 16) >> 63)
        self.at = [a for a, _ in self.rows]
        self.base, self.size = self.at[0] & ~0xfff, self.at[-1] - (self.at[0] & ~0xfff) + 0x10000

    def name(self, address):
        i = bisect.bisect_right(self.at, address) - 1
        return self.rows[i][1] if i >= 0 else "?"


def read(path, size):
    with open(path, "rb") as f:
        a = array.array("Q", f.read())
    return a[:size + 1], a[size + 1:]


def by_function(symbols, before, after):
    """Returns {function: [instructions, entries]} for the time between two readings of the counters."""
    got = {}
    for i in range(symbols.size + 1):
        n = after[0][i] - before[0][i]
        if not n:
            continue
        address = symbols.base + i
        name = symbols.name(address) if i < symbols.size else "(elsewhere)"
        row = got.setdefault(name, [0, 0])
        row[0] += n
        if i < symbols.size and address == symbols.at[bisect.bisect_right(symbols.at, address) - 1]:
            row[1] += after[1][i] - before[1][i]
    return got


def cost(r, got):
    """Returns the instructions of one operation, or None if no operation was finished."""
    ops = r.get("ops") or r.get("mb")
    return sum(v[0] for v in got.values()) / ops if ops and "error" not in r else None


def table(name, runs, top):
    """Returns the table of the run with the median cost; its heading has the range of all runs. Each element of runs
    is (the client's result, the result of by_function())."""
    good = sorted((run for run in runs if cost(*run) is not None), key=lambda run: cost(*run))
    if len(good) < len(runs):
        why = next(r.get("error", "no operation was finished") for r, got in runs if cost(r, got) is None)
        return f"**{name}**: not measured ({why})\n"
    r, got = good[len(good) // 2]
    ops = r.get("ops") or r.get("mb")
    what = {"op": "connection" if name.startswith("crr") else "echo", "mb": "MB"}[unit(name)]
    total = sum(v[0] for v in got.values())
    between = f" (median of {len(good)}: {cost(*good[0]):,.0f} to {cost(*good[-1]):,.0f})" if len(good) > 1 else ""
    out = [f"**{name}**: {total / ops:,.0f} instructions per {what}{between}", "",
           f"| function | instructions per {what} | share | entries per {what} |", "|---|---:|---:|---:|"]
    rows = sorted(got.items(), key=lambda kv: -kv[1][0])
    for fn, (n, entries) in rows[:top]:
        out.append(f"| {fn} | {n / ops:,.0f} | {100 * n / total:.1f} % | {entries / ops:,.1f} |")
    rest = sum(v[0] for _, v in rows[top:])
    out.append(f"| {max(len(rows) - top, 0)} others | {rest / ops:,.0f} | {100 * rest / total:.1f} % | |")
    return "\n".join(out) + "\n"


def profile(ns, guest, args):
    """Runs each measurement in args.runs boots. Returns Markdown: a table for each measurement, which shows the boot
    whose cost is the median."""
    if not guest.symbols:
        raise SystemExit(f"bench: {guest.name} names no SYMBOLS")
    symbols = Symbols(guest.symbols)
    out = []
    for name in asked_of(guest, args):
        out.append(table(name, [profile_run(ns, guest, args, symbols, name) for _ in range(args.runs)], args.top))
    return "\n".join(out)


def profile_run(ns, guest, args, symbols, name):
    """Boots once and measures; returns the client's result and the result of by_function()."""
    plugin = f"hot_count.so,base={symbols.base:#x},size={symbols.size}"
    with tempfile.TemporaryDirectory(prefix="bench-") as tmp, Boot(ns, guest, tmp, plugin=plugin) as b:
        if b.boot_ms is None:
            raise SystemExit(f"bench: {guest.name} does not boot\n{b.explain()}")
        # the client must not read this file, which does not have insn_count's format
        counts, b.counts = b.counts, None
        before = read(counts, symbols.size)
        r = one(b, name, args.secs, warm_up=0)     # warm_up=0: the counters have only instructions of operations
        after = read(counts, symbols.size)
        say(f"  {guest.name} [profile] {name}: {r.get('ops') or r.get('mb')} in {r.get('secs')} s")
        return r, by_function(symbols, before, after)
