#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots guests in QEMU (TCG) on a tap device inside a network namespace of their own, measures them from outside,
prints tables, writes JSON and Markdown to build/bench, and removes guests and namespace.

  bench.py run softnet linux [--pairs 3] [--sets boot,speed,insn,mem,idle] [--only rr1,crr1]
            and [--sets loss], which takes as long as the others together
  bench.py profile softnet [--only rr1]     instructions of an operation, for each function
  bench.py soak softnet [--boots 60]        many boots with short loads; lists the boots in which something failed
  bench.py up softnet [--stay 300]          boot, and wait for experiments by hand
  bench.py record build/bench/result.json   adds a run as a column to docs/performance.md
  bench.py list                             the guests and the measurements

With several guests the runs alternate (A B A B ...), and a ratio is computed for each pair of runs.
Needs root (namespace and tap), gcc, iproute2, QEMU; `tools/setup bench` installs them.
"""
import argparse
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import hot  # noqa: E402
import report  # noqa: E402
import soak  # noqa: E402
from guest import BUILD, Guest, ROOT, names, softnet_build  # noqa: E402
from lossy import LOSSY  # noqa: E402
from measure import DEFAULT_SETS, SETS, SPEED, chosen, one_pass  # noqa: E402
from stage import Boot, Namespace, SECS_MAX, build_tools, need_root, say, sh  # noqa: E402


class Stopped(Exception):
    """Raised by SIGTERM or Ctrl-C: the command `run` still prints and writes the results so far."""


def commit():
    c = sh("git", "-C", ROOT, "describe", "--always", "--dirty", "--exclude", "*", check=False).strip()
    return c if c and " " not in c else "no git"


def passes(args, kind):
    return {"mem": 1, "idle": args.idle_runs}.get(kind, args.pairs)


def cmd_run(args):
    for s in args.sets:
        if s not in SETS:
            sys.exit(f"bench: no set {s}; there are {', '.join(SETS)}")
    chosen(args)
    guests = [Guest(g, args) for g in args.guests]
    result = {
        "date": time.strftime("%Y-%m-%d"), "commit": commit(), "command": args.said,
        "build": softnet_build(),
        "qemu_version": sh("qemu-system-x86_64", "--version").split(" (")[0].replace("QEMU emulator version", "QEMU"),
        "cpus": os.cpu_count(), "load": f"{os.getloadavg()[0]:.1f}",
        "guests": [g.name for g in guests], "qemu": {g.name: " ".join(g.qemu("TMP")) for g in guests},
        "image_bytes": {g.name: g.image_bytes() for g in guests}, "sets": {}, "raw": []}
    with contextlib.suppress(Stopped), Namespace() as ns:
        for s in args.sets:
            rows = result["sets"][s] = {g.name: [] for g in guests}
            for i in range(passes(args, s)):
                say(f"[{s}] {i + 1} of {passes(args, s)}")
                for g in guests:
                    rows[g.name].append(one_pass(ns, g, args, s, result["raw"], i + 1))
    print(report.text(result))
    table = report.markdown(result)
    for name, what in (("result.json", json.dumps(result, indent=1)), ("table.md", table)):
        with open(os.path.join(BUILD, name), "w") as f:
            f.write(what)
        print(os.path.relpath(os.path.join(BUILD, name)))
    return 0 if not any("error" in r for r in result["raw"]) else 1


def cmd_profile(args):
    with contextlib.suppress(Stopped), Namespace() as ns:
        table = hot.profile(ns, Guest(args.guests[0], args), args)
        with open(os.path.join(BUILD, "profile.md"), "w") as f:
            f.write(table)
        print(table)


def cmd_soak(args):
    with contextlib.suppress(Stopped), Namespace() as ns:
        return soak.soak(ns, Guest(args.guests[0], args), args)


def cmd_up(args):
    g = Guest(args.guests[0], args)
    with Namespace() as ns, tempfile.TemporaryDirectory(prefix="bench-") as tmp, \
            Boot(ns, g, tmp, plugin="insn_count.so" if args.plugin else None) as b:
        print(f"boot_ms {b.boot_ms}; QEMU pid {b.q.pid}; guest {g.ip}; console {tmp}/serial.log; monitor {tmp}/monitor"
              + (f"; counts {b.counts}" if b.counts else ""))
        print(f"enter with: nsenter -n -t {os.getpid()} {os.path.join(BUILD, 'netbench')} rr -h {g.ip} -P {b.q.pid}"
              + f"\nends in {args.stay:.0f} s, or at Ctrl-C", flush=True)
        if b.boot_ms is None:
            print(b.explain())
        with contextlib.suppress(Stopped):
            time.sleep(args.stay)


def cmd_record(args):
    page = os.path.join(ROOT, "docs", "performance.md")
    with open(args.result) as f:
        result = json.load(f)
    with open(page) as f:
        new = report.add_column(f.read(), result)
    with open(page, "w") as f:
        f.write(new)


def cmd_list(_args):
    for g in names():
        print("guest", g)
    for n, (c, k) in SPEED.items():
        print("measurement", n, "=", " ".join(c), "->", ", ".join(k))
    for n in LOSSY:
        print("measurement", n, "-> mbit_per_s (set loss)")


def words(s):
    return [w for w in s.replace(",", " ").split() if w]


def common(parser, secs):
    """Adds the options that are common to all commands that boot a guest. argparse's parents= is not used, because it
    would share the options, and so their defaults, between the commands."""
    for o, kw in {
            "--secs": dict(type=seconds, default=secs, help="seconds for each measurement"),
            "--only": dict(type=words, help="measurements, by comma (see list)"),
            "--machine": {}, "--cpu": {}, "--nic": {}, "--nic-opts": {}, "--mem": {}, "--qemu-args": {},
            "--offload": dict(choices=["on", "off"], default="on"),
            "--lock": dict(default=os.environ.get("BENCH_LOCK"), help="file to flock around each boot (or BENCH_LOCK)"),
            "--mem-timeout": dict(type=float, default=12), "--idle-max": dict(type=int, default=200000),
            "--idle-secs": dict(type=seconds, default=SECS_MAX), "--idle-runs": dict(type=int, default=1),
    }.items():
        parser.add_argument(o, **kw)


def seconds(s):
    """Parses a time limit, in seconds, for one measurement of the load client."""
    v = float(s)
    if not 0 < v <= SECS_MAX:
        raise argparse.ArgumentTypeError(f"{s}: more than 0 and at most {SECS_MAX} seconds")
    return v


def several(word):
    """Parses a number of repetitions, at least 1."""
    if not word.isascii() or not word.isdigit() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word}: a whole number from 1")
    return int(word)


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="cmd", required=True)

    def command(name, do, secs, guests):
        c = sub.add_parser(name)
        c.add_argument("guests", nargs=guests)
        common(c, secs)
        c.set_defaults(do=do)
        return c

    r = command("run", cmd_run, 3.0, "+")
    r.add_argument("--pairs", type=several, default=3)
    r.add_argument("--sets", type=words, default=list(DEFAULT_SETS))
    f = command("profile", cmd_profile, 2.0, 1)
    f.add_argument("--runs", type=several, default=5, help="boots, of which the one with the median cost is shown")
    f.add_argument("--top", type=int, default=25, help="functions in each table")
    s = command("soak", cmd_soak, 0.4, 1)
    s.add_argument("--boots", type=several, default=60)
    s.add_argument("--seed", type=int, default=1)
    u = command("up", cmd_up, 3.0, 1)
    u.add_argument("--plugin", action="store_true")
    u.add_argument("--stay", type=float, default=300, help="seconds until it ends by itself")
    c = sub.add_parser("record")
    c.add_argument("result")
    c.set_defaults(do=cmd_record)
    sub.add_parser("list").set_defaults(do=cmd_list)
    return p


def main():
    args = options().parse_args()
    args.said = os.environ.get("BENCH_SAID") or "tools/bench/bench.py " + shlex.join(sys.argv[1:])

    def stop(*_):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise Stopped

    if args.cmd not in ("list", "record"):
        need_root()
        try:
            build_tools()
        except subprocess.CalledProcessError:
            sys.exit("bench: the tools could not be built; tools/setup bench installs what they need")
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with contextlib.suppress(Stopped):
        sys.exit(args.do(args) or 0)


if __name__ == "__main__":
    main()
