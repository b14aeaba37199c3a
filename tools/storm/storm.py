#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Floods a guest while a client connects, echoes a byte and closes, again and again; prints a table.  See docs/storm.md.

  storm.py softnet linux [--only syn,ack] [--secs 5] [--rates full,20000] [--rounds 3]

Each guest boots on a tap in a network namespace of its own, and goes through all storms in turn.  With several rounds
the guests alternate, and the table has the round in which the client made the median number of connections.  Needs
root.
"""
import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import held  # noqa: E402  pylint: disable=wrong-import-position
from guest import BUILD, HOST_IP, MAC, Guest  # noqa: E402  pylint: disable=wrong-import-position
from stage import (EXTRA_IP, N_SRC, Boot, Namespace, build_tools, die_with_parent, need_root,  # noqa: E402  pylint: disable=wrong-import-position
                   netbench, say)

FLOODS = ("syn", "ack", "rst", "udp", "fragment", "arp")
READERS = 5000
CLIENTS = 4             # connections that the client has open at a time
LEAD = 0.5              # s: the flood begins before the client's measurement and ends after it
SETTLE = 3              # s between a storm's end and the second look at the memory
REST = 70               # s: after this time no half-open connection of a flood is left (63 s of SYN-ACKs)
# Both guests have an accept queue of 4,096 connections, and a route to the floods' random source addresses.
APPEND = {"SOFTNET_APPEND": f"gw={HOST_IP}",
          "LINUX_APPEND": f"gw={HOST_IP} sysctl.net.core.somaxconn=4096 sysctl.net.ipv4.tcp_max_syn_backlog=4096"}


def counters(report):
    """Returns {name: value} of the guest's counters: TcpExt, Tcp, Icmp, and softnet's drops."""
    found = {}
    for name in ("/proc/net/snmp", "/proc/net/netstat"):
        lines = [line.split() for line in held.section(report, name).splitlines() if ":" in line]
        for head, values in zip(lines[::2], lines[1::2]):
            found |= {head[0][:-1] + "." + k: int(v) for k, v in zip(head[1:], values[1:])}
    if "== /proc/net/drops ==" in report:
        for line in held.section(report, "/proc/net/drops").splitlines():
            f = line.split()
            if len(f) > 1 and f[1].isdigit():
                found["drop." + f[0]] = int(f[1])
    return found


def device():
    """Returns (frames to the guest, frames from it, frames to it that the tap dropped)."""
    with open("/proc/net/dev") as f:
        fields = re.search(r"^\s*tap0:(.*)$", f.read(), re.M)[1].split()
    return int(fields[9]), int(fields[1]), int(fields[11])


def start(tool, *args):
    return subprocess.Popen([os.path.join(BUILD, tool), *map(str, args)], stdout=subprocess.PIPE, text=True,
                            preexec_fn=die_with_parent)


def flood(kind, guest, secs, rate):
    more = [] if rate == "full" else ["-r", rate]
    return start("flood", kind, "-i", "tap0", "-m", MAC, "-d", guest.ip, "-g", HOST_IP, "-t", secs, "-p", guest.base + 7, *more)


def client(guest, secs, boot):
    return netbench(guest, ["crr", "-k", str(CLIENTS), "-t", str(secs), "-w", "0.1"], qemu=boot.q, limit=secs + 20)


def look(guest):
    for _ in range(10):
        if report := held.netstat(guest):
            return report
        time.sleep(1)
    raise SystemExit(f"storm: {guest.name} does not answer at port 15 any more")


def storm(guest, boot, kind, secs, rate):
    """Plays one storm; returns its row."""
    before, device_before = look(guest), device()
    row = {"guest": guest.name, "kind": kind, "rate": rate}
    t0 = time.monotonic()
    if kind == "none":
        row["client"] = client(guest, secs, boot)
    elif kind == "readers":
        with start("readers", "-h", guest.ip, "-A", EXTRA_IP, "-S", N_SRC, "-n", READERS, "-t", int(secs + 2 * LEAD)) as p:
            p.stdout.readline()
            row["client"] = client(guest, secs, boot)
            row["flood"] = json.loads(p.stdout.read())
    else:
        with flood(kind, guest, secs + 2 * LEAD, rate) as p:
            time.sleep(LEAD)
            row["client"] = client(guest, secs, boot)
            row["flood"] = json.loads(p.stdout.read())
    took = time.monotonic() - t0
    row["reached"], row["answered"], row["dropped"] = ((b - a) for a, b in zip(device_before, device()))
    row["seconds"] = took
    time.sleep(SETTLE)
    after = look(guest)
    a, b = counters(before), counters(after)
    row["counters"] = {k: v - a.get(k, 0) for k, v in b.items() if v != a.get(k, 0)}
    row["free_before"], row["free_after"] = held.free_bytes(before), held.free_bytes(after)
    return row


def mib(n):
    return f"{n / 2**20:.1f}"


def thousands(n):
    return f"{n:,.0f}"


def line(row):
    c, f = row["client"], row.get("flood", {})
    offered = reached = answered = "-"
    if "offered" in f:
        offered = thousands(f["offered"] / f["seconds"])
        reached = thousands(row["reached"] / f["seconds"])
        answered = thousands(row["answered"] / f["seconds"])
    elif f:
        offered, reached = f"{f['open']} open", f"{f['alive']} at the end"
    if "error" in c:
        return [row["kind"], row["rate"], row["guest"], offered, reached, answered, c["error"][:40], "-", "-", "-", "-"]
    return [row["kind"], row["rate"], row["guest"], offered, reached, answered, thousands(c["cps"]), str(c["failed"] + c["stuck"]),
            f"{c['p50_us'] / 1e3:.1f}" if "p50_us" in c else "-", f"{c['p99_us'] / 1e3:.1f}" if "p99_us" in c else "-",
            f"{mib(row['free_before'])} -> {mib(row['free_after'])}"]


HEAD = ["storm", "rate", "guest", "offered/s", "reached the ring/s", "frames from the guest/s", "client's connections/s", "failed", "p50 ms",
        "p99 ms", "free MiB before -> after"]


def table(rows):
    return "\n".join("| " + " | ".join(r) + " |" for r in [HEAD, ["---"] * len(HEAD), *map(line, rows)])


def all_storms(ns, guest, args, last):
    rows = []
    with tempfile.TemporaryDirectory(prefix="storm-") as tmp, Boot(ns, guest, tmp) as boot:
        if boot.boot_ms is None:
            raise SystemExit(boot.explain())
        first = None
        for kind in args.only:
            for rate in args.rates if kind in FLOODS else ["-"]:
                row = storm(guest, boot, kind, args.secs, rate)
                first = first or row["free_before"]
                rows.append(row)
                say("  ".join(line(row)))
        if last:
            time.sleep(args.rest)
            end = held.free_bytes(look(guest))
            print(f"{guest.name}: free memory before the first storm {mib(first)} MiB, {args.rest:.0f} s after the last {mib(end)} MiB")
            rows[-1]["free_first"], rows[-1]["free_rested"] = first, end
        row = storm(guest, boot, "none", args.secs, "-")
        row["kind"] = "none, afterwards"
        rows.append(row)
    return rows


def median(rows):
    """Returns the row with the median of the client's connections a second."""
    return sorted(rows, key=lambda r: r["client"].get("cps", 0))[len(rows) // 2]


def kinds(s):
    """Returns the storms of --only."""
    found = s.split(",")
    for kind in set(found) - {"none", *FLOODS, "readers"}:
        raise argparse.ArgumentTypeError(f"no storm {kind}: none, {', '.join(FLOODS)} or readers")
    return found


def rates(s):
    """Returns the rates of --rates."""
    found = s.split(",")
    for rate in found:
        if rate != "full" and not (rate.isdigit() and int(rate)):
            raise argparse.ArgumentTypeError(f"no rate {rate}: full, or frames a second")
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("guests", nargs="+")
    p.add_argument("--only", type=kinds, default=["none", *FLOODS, "readers"])
    p.add_argument("--secs", type=float, default=5.0)
    p.add_argument("--rates", type=rates, default=["full", "10000"])
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--rest", type=float, default=REST)
    args = p.parse_args()
    args.machine = args.cpu = args.nic = args.nic_opts = args.mem = args.qemu_args = None
    args.offload = "on"
    need_root()
    build_tools()
    os.environ.update(APPEND)
    rows = []
    # Make the guests before the namespace is entered: from inside, Debian's packages cannot be fetched.
    guests = [Guest(name, args) for name in args.guests]
    # SIGTERM ends the run as Ctrl-C does: guests, their files and the namespace disappear.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), Namespace() as ns:
        for n in range(args.rounds):
            for guest in guests:
                rows += all_storms(ns, guest, args, n == args.rounds - 1)
    groups = {}
    for r in rows:
        groups.setdefault(([*args.only, "none, afterwards"].index(r["kind"]), r["rate"], args.guests.index(r["guest"])), []).append(r)
    print(table([median(groups[key]) for key in sorted(groups)]))
    with open(os.path.join(BUILD, "storm.json"), "w") as f:
        json.dump(rows, f, indent=1)


if __name__ == "__main__":
    main()
