# SPDX-License-Identifier: MIT
"""The set of measurements "loss": streams from the guest and to it, through a path with a delay, a rate and lost
packets.

relay.c is the path, between the client's tap and QEMU's dgram netdev. This netdev has no offloads, so frames are no
longer than an Ethernet's. Both guests of a pair lose the packets with the same numbers.
"""
import contextlib
import copy
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile

import autopsy
from guest import BUILD
from stage import Boot, Stuck, bounded, die_with_parent, netbench, open_tap, say

RATE_KBIT = 50_000
DELAY_US = 10_000                                           # of one direction
QUEUE = RATE_KBIT * 1000 // 8 * 2 * DELAY_US // 1_000_000   # bytes: one bandwidth-delay product
LOSSES = (0, 1, 3)                                          # percent, in both directions
PER_PERCENT = 1000                                          # relay.c takes lost packets in 100,000
TUNSETOFFLOAD = 0x400454d0
DATAGRAMS, BUFFER = 4096, 4 << 20     # frames, and bytes, that may wait between the relay and QEMU
SECS_MIN = 10                         # with 3 % loss, a shorter stream has too few losses for a mean
WARM_UP = 1
SETTLE = 3                            # until the guest has answered the thousands of SYNs sent while it booted
SLACK = 90                            # seconds for a boot, and for connecting: a SYN may be lost too

# name: (netbench's mode, the sender's congestion control, percent of loss)
LOSSY = {f"out-{control}-{loss}": ("out", control, loss) for control in ("cubic", "reno") for loss in LOSSES}
LOSSY |= {f"in-{loss}": ("in", "cubic", loss) for loss in LOSSES}


def real_time(pid):
    """Gives the threads of process @pid real-time priority, because a vCPU that waits for a core lengthens the round
    trip. If this process may not set priorities, the figures only vary more."""
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setscheduler(int(thread), os.SCHED_RR, os.sched_param(1))


@contextlib.contextmanager
def hurry(boot):
    """During the body of the `with` statement, a booted guest and the client run as real-time processes. Enter it after
    the boot, which would take a whole core from other processes."""
    real_time(boot.q.pid)
    real_time(os.getpid())      # the client inherits it
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Path:
    """The path of one boot.  The constructor opens its ends: the tap, and a pair of sockets, one for QEMU."""

    def __init__(self):
        with open("/proc/sys/net/unix/max_dgram_qlen", "w") as f:
            f.write(str(DATAGRAMS))
        self.tap = open_tap("tap0", vnet_hdr=False)
        # An earlier QEMU may have left offloads set on the tap. The relay cannot carry them, because its frames have no
        # virtio_net_hdr.
        fcntl.ioctl(self.tap, TUNSETOFFLOAD, 0)
        self.mine, self.qemus = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for s in (self.mine, self.qemus):
            s.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_SNDBUFFORCE", 32), BUFFER)
        self.mine.setblocking(False)
        self.for_qemu = (self.qemus.fileno(),)
        self.netdev = f"dgram,id=n0,local.type=fd,local.str={self.qemus.fileno()}"

    def close(self):
        os.close(self.tap)
        self.mine.close()
        self.qemus.close()

    @contextlib.contextmanager
    def relay(self, loss, seed, out, capture=None):
        """Runs the relay during the body of the `with` statement; its counters go into @out.  @capture: a file for
        the headers of all frames."""
        fds = self.tap, self.mine.fileno()
        a = [os.path.join(BUILD, "relay"), "-f", f"{fds[0]},{fds[1]}", "-r", RATE_KBIT, "-q", QUEUE, "-d", DELAY_US,
             "-l", loss * PER_PERCENT, "-s", seed]
        a += ["-w", capture] if capture else []
        p = subprocess.Popen([str(w) for w in a], stdout=subprocess.PIPE, pass_fds=fds, preexec_fn=die_with_parent)
        try:
            yield
        finally:
            p.send_signal(signal.SIGTERM)
            out |= json.loads(p.communicate()[0] or "{}")


def one(boot, path, name, seed, secs):
    """Runs one stream; returns the client's JSON with the relay's counters."""
    mode, control, loss = LOSSY[name]
    counts = {}
    capture = os.path.join(BUILD, f"loss-{boot.guest.name}-{name}.pcap") if os.environ.get("BENCH_CAPTURE") else None
    with path.relay(loss, seed, counts, capture):
        r = netbench(boot.guest, [mode, "-n", "1", "-C", control, "-t", str(secs), "-w", str(WARM_UP)], boot.q,
                     limit=secs + 30)
    return r | {"name": name, "guest": boot.guest.name, "relay": counts}


def keep(r, out):
    name, relay = r["name"], r["relay"]
    out[f"{name}.mbit_per_s"] = round(r["mb"] * 8 / r["secs"], 3)
    out[f"{name}.relay_late_us"] = relay["late_us"][0]
    refused = sum(relay["refused"] + relay["too_long"])
    if refused:     # losses beyond the chosen ones: the figure does not count
        say(f"    {r['guest']} {name}: the relay could not forward {refused} frames")
        del out[f"{name}.mbit_per_s"]


def one_control(ns, guest, args, control, names, seed, out, raw):
    """Boots once, with one congestion control, and runs its streams."""
    guest = copy.copy(guest)
    guest.append += f" sysctl.net.ipv4.tcp_congestion_control={control}"
    secs = max(args.secs, SECS_MIN)
    limit = SLACK + guest.boot_timeout + len(names) * (secs + SLACK / 3)
    with contextlib.ExitStack() as stack:
        stack.enter_context(bounded(limit, args.lock))
        path = stack.enter_context(contextlib.closing(Path()))
        tmp = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        boot = Boot(ns, guest, tmp, path=path)
        with path.relay(0, seed, {}):
            stack.enter_context(boot)
            netbench(guest, ["sleep", "-t", str(SETTLE)], limit=SETTLE + 30)
        if boot.boot_ms is None:
            autopsy.write_down(boot, f"no echo within {boot.timeout} s of its start")
            return raw.append({"guest": guest.name, "error": "no boot"})
        stack.enter_context(hurry(boot))
        for name in names:
            r = one(boot, path, name, seed, secs)
            raw.append(r)
            if "error" in r:
                say(f"    {guest.name} {name}: {r['error']}")
                autopsy.write_down(boot, f"{name}: {r['error']}")
            else:
                keep(r, out)
    return None


def lossy(ns, guest, args, seed):
    """Measures one row of the set: a boot for each congestion control.  @seed decides which packets are lost; both
    guests of a pair get the same."""
    out, raw = {}, []
    chosen = [n for n in LOSSY if not args.only or n in args.only]
    for control in dict.fromkeys(LOSSY[n][1] for n in chosen):
        try:
            one_control(ns, guest, args, control, [n for n in chosen if LOSSY[n][1] == control], seed, out, raw)
        except Stuck as e:
            say(f"{guest.name} [loss] {control}: {e}")
            raw.append({"guest": guest.name, "kind": "loss", "error": str(e)})
    say(f"  {guest.name} [loss] " + ", ".join(f"{k.removesuffix('.mbit_per_s')} {v}" for k, v in out.items()
                                               if k.endswith("mbit_per_s")))
    return out, raw
