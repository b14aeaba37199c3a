# SPDX-License-Identifier: MIT
"""Boots many times, each time with short loads in a different order, to find faults that occur once in a hundred
boots.

If a load ends without one finished operation, with an error, with wrong bytes, or with a connection that failed or
made no progress, autopsy.py writes down the state of the guest, which still runs, and the next boot begins. A slow
load is no fault; a load without progress is.
"""
import random
import tempfile
import time

import autopsy
from measure import asked_of, limit, one
from stage import Boot, Stuck, bounded, say

REST = (0, 0, 0.05, 0.3, 1.2)     # seconds between two loads: long enough for delayed ACKs, retransmissions or idling


def fault(r):
    """Returns the error in a client's answer, or None."""
    if "error" in r:
        return r["error"]
    if not (r.get("ops") or r.get("mb")):
        return "not one operation was finished"
    wrong = {k: r[k] for k in ("bad", "dead", "stuck", "failed") if r.get(k)}
    return ", ".join(f"{k} {v}" for k, v in wrong.items()) or None


def one_boot(ns, guest, args, turn):
    """Boots once, and runs the loads until one finds a fault. Returns [the folder with the guest's state], or []."""
    order = list(asked_of(guest, args))
    turn.shuffle(order)
    with tempfile.TemporaryDirectory(prefix="bench-") as tmp, Boot(ns, guest, tmp) as b:
        if b.boot_ms is None:
            return [autopsy.write_down(b, f"no echo within {b.timeout} s of its start")]
        try:
            with bounded(limit(guest, args), args.lock):
                for name in order:
                    time.sleep(turn.choice(REST))
                    what = fault(one(b, name, turn.choice((0.5, 1, 2)) * args.secs))
                    if what:
                        return [autopsy.write_down(b, f"{name}: {what}")]
        except Stuck as e:
            return [autopsy.write_down(b, str(e))]
        say(f"  boot {b.boot_ms} ms, {len(order)} loads")
    return []


def soak(ns, guest, args):
    turn = random.Random(args.seed)
    faults = []
    for i in range(args.boots):
        say(f"soak {i + 1} of {args.boots}, {len(faults)} faults")
        faults += one_boot(ns, guest, args, turn)
    print(f"{args.boots} boots, {len(faults)} faults" + "".join(f"\n  {f}" for f in faults))
    return 1 if faults else 0
