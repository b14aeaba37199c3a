# SPDX-License-Identifier: MIT
"""The sets of measurements: boot, speed, insn, mem, idle, loss.  Each takes a guest and returns one row of figures."""
import json
import struct
import tempfile

import autopsy
import held
from lossy import LOSSY, lossy
from stage import Boot, EXTRA_IP, N_SRC, Stuck, bounded, netbench, say

DEFAULT_SETS = ("boot", "speed", "insn", "mem", "idle")
SETS = (*DEFAULT_SETS, "loss")      # loss alone takes as long as the others together

# name: (netbench's arguments, the keys of its JSON to keep), in the order of measurement.
SPEED = {
    "icmp1": (["icmp"], ["tps", "p50_us"]),
    "rr1": (["rr", "-n", "1", "-m", "1"], ["tps", "p50_us", "p99_us"]),
    "rr64": (["rr", "-n", "64", "-m", "1"], ["tps", "p50_us", "p99_us"]),
    "rr16x16k": (["rr", "-n", "16", "-m", "16384"], ["tps", "p99_us"]),
    "udprr1": (["udprr", "-n", "1", "-m", "64"], ["tps", "p50_us"]),
    "udprr32": (["udprr", "-n", "32", "-m", "64"], ["tps", "p99_us", "lost"]),
    "crr1": (["crr", "-k", "1"], ["cps", "p50_us"]),
    "crr32": (["crr", "-k", "32"], ["cps", "p99_us", "failed", "stuck"]),
    "in1": (["in", "-n", "1"], ["mb_per_s", "retrans"]),
    "in8": (["in", "-n", "8"], ["mb_per_s"]),
    "out1": (["out", "-n", "1"], ["mb_per_s"]),
    "out8": (["out", "-n", "8"], ["mb_per_s"]),
}
COST = ["vcpu_cpu", "qemu_other_cpu", "client_cpu"]
WARM_UP = 0.3
# Seconds in addition to the time of measuring: for a boot, and for connecting and ending in one measurement. They are
# generous, because the machine may be busy with other work: only a guest that hangs should reach them.
BOOT_SLACK = 60
ONE_SLACK = 8


def unit(name):
    return "mb" if name.startswith(("in", "out")) else "op"


def chosen(args):
    """Returns the measurements that --only names, else all."""
    for n in args.only or ():
        if n not in SPEED and n not in LOSSY:
            raise SystemExit(f"bench: no measurement {n}; there are {', '.join([*SPEED, *LOSSY])}")
    return {n: SPEED[n] for n in args.only or SPEED if n in SPEED}


def asked_of(guest, args):
    """Returns those of the chosen measurements that this guest can serve."""
    return {n: v for n, v in chosen(args).items() if not any(n.startswith(w) for w in guest.lacks)}


def limit(guest, args):
    """Returns the seconds after which a boot with all its measurements counts as hung."""
    return BOOT_SLACK + guest.boot_timeout * 3 + len(asked_of(guest, args)) * (args.secs + ONE_SLACK)


def one(boot, name, secs, warm_up=WARM_UP):
    """Runs one measurement on a booted guest; returns the client's JSON."""
    extra = ["-t", str(secs), "-w", str(warm_up)]
    if name.startswith("crr"):
        extra += ["-S", str(N_SRC), "-A", EXTRA_IP]
    r = netbench(boot.guest, SPEED[name][0] + extra, boot.q, boot.counts, limit=secs + 30)
    r["name"], r["guest"] = name, boot.guest.name
    return r


def sound(boot, name, r, out):
    """Reports errors in the client's answer; returns False if the answer has no usable figure."""
    if "error" in r:
        say(f"    {boot.guest.name} {name}: {r['error']}")
        autopsy.write_down(boot, f"{name}: {r['error']}")
        return False
    wrong = (r.get("bad") or 0) + (r.get("dead") or 0)
    if wrong:
        say(f"    {boot.guest.name} {name}: bad {r.get('bad')} dead {r.get('dead')}")
        out[f"{name}.bad"] = wrong
    return True


def speed(boot, args, out, raw):
    out["boot_ms"] = boot.boot_ms
    idle = netbench(boot.guest, ["sleep", "-t", "1"], boot.q)
    out["idle.vcpu_cpu"] = idle.get("vcpu_cpu")
    for name in asked_of(boot.guest, args):
        r = one(boot, name, args.secs)
        raw.append(r)
        if sound(boot, name, r, out):
            for k in SPEED[name][1] + COST:
                out[f"{name}.{k}"] = r.get(k)
        elif not boot.alive():
            break


def insn(boot, args, out, raw):
    """Measures the guest instructions for each operation. Each figure is given twice: with all counted instructions,
    and without the instructions that an idle guest would have executed in the same time."""
    idle = netbench(boot.guest, ["sleep", "-t", "1"], boot.q, boot.counts).get("insn_per_sec", 0)
    out["idle.insn_per_s"] = idle
    for name in asked_of(boot.guest, args):
        r = one(boot, name, min(args.secs, 2))
        raw.append(r)
        if sound(boot, name, r, out):
            ops = r.get("ops") or r.get("mb") or 0
            if ops:
                out[f"{name}.insn_per_{unit(name)}"] = round(r["insn"] / ops, 1)
                out[f"{name}.insn_net_per_{unit(name)}"] = round((r["insn"] - idle * r["secs"]) / ops, 1)
        elif not boot.alive():
            break


def session(ns, guest, args, kind):
    """Boots once and runs every measurement once."""
    out, raw = {}, []
    with tempfile.TemporaryDirectory(prefix="bench-") as tmp, \
            Boot(ns, guest, tmp, plugin="insn_count.so" if kind == "insn" else None) as b:
        try:
            with bounded(limit(guest, args), args.lock):
                if b.boot_ms is None:
                    autopsy.write_down(b, f"no echo within {b.timeout} s of its start")
                    return out, [{"guest": guest.name, "error": "no boot"}]
                say(f"  {guest.name} [{kind}] boot {b.boot_ms} ms")
                (insn if kind == "insn" else speed)(b, args, out, raw)
        except Stuck as e:
            autopsy.write_down(b, str(e))
            raw.append({"guest": guest.name, "kind": kind, "error": str(e)})
    return out, raw


def boot_only(ns, guest, args):
    """Boots twice: once to measure the time until the first echoed byte, and once with insn_count.so to count the
    instructions until then, including the firmware's."""
    row = {}
    for plugin in (None, "insn_count.so"):
        with tempfile.TemporaryDirectory(prefix="bench-") as tmp, bounded(limit(guest, args), args.lock), \
                Boot(ns, guest, tmp, plugin=plugin) as b:
            if b.boot_ms is None:
                autopsy.write_down(b, f"no echo within {b.timeout} s of its start")
            elif plugin:
                with open(b.counts, "rb") as f:
                    row["boot_insn"], = struct.unpack("<Q", f.read(8))
            else:
                row["boot_ms"] = b.boot_ms
    say(f"  {guest.name} [boot] {row.get('boot_ms')} ms, {row.get('boot_insn')} instructions")
    return row, []


def min_mem(ns, guest, args):
    """Finds by bisection the least memory (QEMU's -m, in MiB) with which the guest boots and echoes a byte."""
    lo, hi = 0, int(guest.mem)       # a guest with lo MiB fails, one with hi MiB boots
    with tempfile.TemporaryDirectory(prefix="bench-") as tmp, bounded(BOOT_SLACK * 4, args.lock, True):
        while hi - lo > 1:
            mid = (lo + hi) // 2
            with Boot(ns, guest, tmp, mem=mid, timeout=min(guest.boot_timeout, args.mem_timeout)) as b:
                ok = b.boot_ms is not None
            say(f"  {guest.name} [mem] -m {mid}: {'echoes' if ok else 'no'}")
            lo, hi = (lo, mid) if ok else (mid, hi)
    return {"min_mem_mib": hi}, []


def max_idle(ns, guest, args):
    """Measures how many open connections the guest can hold, with an echo on each at the end, and the memory of each."""
    reports = []
    with tempfile.TemporaryDirectory(prefix="bench-") as tmp, bounded(BOOT_SLACK * 4, args.lock, True), \
            Boot(ns, guest, tmp) as b:
        reports.append(held.netstat(guest))
        r = netbench(guest, ["idle", "-p", "-n", str(args.idle_max), "-k", "64", "-t", str(args.idle_secs),
                             "-S", str(N_SRC), "-A", EXTRA_IP], b.q, limit=args.idle_secs + 30,
                     paused=lambda: reports.append(held.netstat(guest)))
        if not b.alive():
            r["guest"] = "QEMU exited: " + b.serial()[-300:]
    if all(reports) and r.get("opened"):
        r["bytes_each"] = held.bytes_each(*reports, r["opened"])
    say("   ", json.dumps(r))
    return {"idle.opened": r.get("opened"), "idle.echo_ok": r.get("echo_ok"),
            "idle.open_per_s": r["opened"] / r["open_s"] if r.get("open_s") else None,
            **{f"idle.bytes_each.{k}": v for k, v in r.get("bytes_each", {}).items()}}, [r]


def one_pass(ns, guest, args, kind, raw, turn):
    """Measures one row of a set.  @turn: the number of the pair of runs to which the row belongs.  If the guest hangs,
    only this row is lost, not the run."""
    if kind == "loss":
        row, more = lossy(ns, guest, args, turn)
        raw += more
        return row
    do = {"boot": boot_only, "mem": min_mem, "idle": max_idle}.get(kind)
    try:
        row, more = do(ns, guest, args) if do else session(ns, guest, args, kind)
    except Stuck as e:
        say(f"{guest.name} [{kind}]: {e}")
        row, more = {}, [{"guest": guest.name, "kind": kind, "error": str(e)}]
    raw += more
    return row
