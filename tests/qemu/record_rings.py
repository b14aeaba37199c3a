#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Records the contents of a guest's virtio-net rings while QEMU's device and the guest's driver work on them.

    tests/qemu/record_rings.py [MACHINE]    writes the files in tests/unit/traces, which tests/unit/test_ring_trace.c
                                            replays; xzcat shows one

In each step one frame is sent to the guest.  When the rings no longer change, they are read from the guest's physical
memory and compared with the step before.  QEMU's tracepoints tell how often the driver rang the doorbell and how often
the device raised an interrupt.  Some steps first overwrite used_event (or the flags) of the receive queue, to record
when the device raises an interrupt and when not.

A trace has these lines; the test recognises each by its first letter:
    ring QUEUE NUM EVENT_IDX
    step NAME
    poke OFFSET BYTES      bytes written into the receive queue's available ring before the frame is sent
    in LENGTH              length of the frame to the guest, without a virtio header
    out LENGTH             length of a frame from the guest
    kick QUEUE TIMES       doorbells of the driver
    notify QUEUE TIMES     interrupts of the device
    mem QUEUE AREA OFFSET BYTES    changed bytes of AREA (desc, avail or used), except addresses of buffers
"""
import lzma
import os
import re
import socket
import struct
import sys
import time

import monitor
from guest import ROOT
from monitor import Watched
from wire import PEER_IP, PEER_MAC, GUEST_IP, ether, icmp_echo, ipv4

TRACES = os.path.join(ROOT, "tests", "unit", "traces")
UNKNOWN_TYPE = 0x88b6    # an EtherType (IEEE 802: local experimental) that the guest drops without an answer
PINGS = 65           # more than a quarter of the ring; sent before the guest's ARP checks that we are still reachable
SETTLED = 0.02       # s between two readings of the rings, which must be equal


class Recorder(Watched):
    def command(self):
        self.log = os.path.join(self.dir.name, "log")
        return super().command() + ["-d", "trace:virtio_queue_notify,trace:virtio_notify", "-D", self.log]

    def find_rings(self):
        path = re.search(r"(\S+) \[virtio-net\]", self.hmp("info virtio")).group(1)
        self.rings = []
        for q in (0, 1):
            text = self.hmp(f"info virtio-queue-status {path} {q}")
            at = {k: int(re.search(rf"\b{k}:\s+(\S+)", text).group(1), 0) for k in ("num", "desc", "avail", "used")}
            self.rings.append(at)

    def areas(self, q):
        r = self.rings[q]
        return {"desc": (r["desc"], 16 * r["num"]), "avail": (r["avail"], 6 + 2 * r["num"]),
                "used": (r["used"], 6 + 8 * r["num"])}

    def read_rings(self):
        """Stops the guest and reads its rings; returns {(queue, area): bytes}, with the buffers' addresses set to 0."""
        memory = {}
        self.hmp("stop")
        for q in (0, 1):
            for name, (at, size) in self.areas(q).items():
                file = os.path.join(self.dir.name, "mem")
                self.hmp(f'pmemsave {at:#x} {size} "{file}"')
                data = bytearray(open(file, "rb").read())
                if name == "desc":
                    for i in range(0, size, 16):
                        data[i:i + 8] = bytes(8)
                memory[q, name] = bytes(data)
        self.hmp("cont")
        return memory

    def settled(self, want):
        """Returns read_rings() as soon as two readings in succession are equal and want(memory) is true."""
        before = None
        while True:
            memory = self.read_rings()
            if memory == before and want(memory):
                return memory
            before = memory
            time.sleep(SETTLED)

    def write_avail(self, offset, data):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.gdb_path)
            assert monitor.gdb(s, "Qqemu.PhyMemMode:1") == "OK"
            at = self.rings[0]["avail"] + offset
            assert monitor.gdb(s, f"M{at:x},{len(data):x}:{data.hex()}") == "OK"
            assert monitor.gdb(s, "Qqemu.PhyMemMode:0") == "OK"
            monitor.gdb(s, "D")

    def events(self):
        """Returns the numbers of doorbells and interrupts since the boot: {"kick": [receive, transmit], "notify": ...}."""
        counts, queue_of = {"kick": [0, 0], "notify": [0, 0]}, {}
        for line in open(self.log):
            if m := re.search(r"virtio_queue_notify vdev \S+ n (\d+) vq (\S+)", line):
                queue_of[m.group(2)] = int(m.group(1))
                if int(m.group(1)) < 2:
                    counts["kick"][int(m.group(1))] += 1
            elif m := re.search(r"virtio_notify vdev \S+ vq (\S+)", line):
                if queue_of.get(m.group(1), 2) < 2:
                    counts["notify"][queue_of[m.group(1)]] += 1
        return counts

    def frames(self):
        self.wire.setblocking(False)
        out = []
        try:
            while True:
                out.append(self.wire.recv(65536))
        except BlockingIOError:
            return out


def used_idx(memory):
    return struct.unpack_from("<H", memory[0, "used"], 2)[0]


def changes(before, after):
    for (q, name), new in after.items():
        old = before.get((q, name), bytes(len(new)))
        at = 0
        while at < len(new):
            if old[at:at + 2] == new[at:at + 2]:
                at += 2
                continue
            end = at
            while end < len(new) and old[end:end + 2] != new[end:end + 2] and end - at < 32:
                end += 2
            yield f"mem {q} {name} {at} {new[at:end].hex()}"
            at = end


class Trace:
    def __init__(self, guest, out, event_idx):
        self.g, self.out, self.event_idx = guest, out, event_idx
        self.memory, self.counts = {}, {"kick": [0, 0], "notify": [0, 0]}
        for q, ring in enumerate(guest.rings):
            print(f"ring {q} {ring['num']} {event_idx:d}", file=out)

    def step(self, name, frame=None, poke=None):
        g = self.g
        print(f"step {name}", file=self.out)
        want = used_idx(self.memory) + 1 & 0xffff if frame else 0
        if poke:
            g.write_avail(*poke)
            print(f"poke {poke[0]} {poke[1].hex()}", file=self.out)
            was = bytearray(self.memory[0, "avail"])
            was[poke[0]:poke[0] + len(poke[1])] = poke[1]
            self.memory[0, "avail"] = bytes(was)
        if frame:
            print(f"in {len(frame)}", file=self.out)
            g.wire.sendto(frame, g.wire_to)
        after = g.settled(lambda memory: used_idx(memory) == want)
        for f in g.frames():
            print(f"out {len(f)}", file=self.out)
        counts = g.events()
        for what, queues in counts.items():
            for q in (0, 1):
                if n := queues[q] - self.counts[what][q]:
                    print(f"{what} {q} {n}", file=self.out)
        for line in changes(self.memory, after):
            print(line, file=self.out)
        self.memory, self.counts = after, counts

    def decide(self, name, distance):
        """Sets used_event to the used index + @distance (without EVENT_IDX: disables interrupts if @distance is 0) and
        sends a frame, so that the trace shows whether the device interrupts.  Then enables interrupts and sends another."""
        at = used_idx(self.memory)
        frame = ether(bytes(46), UNKNOWN_TYPE)
        if self.event_idx:
            offset = 4 + 2 * self.g.rings[0]["num"]
            self.step(f"{name}{distance:+d}", frame, (offset, struct.pack("<H", at + distance & 0xffff)))
            self.step("told", frame, (offset, struct.pack("<H", at + 1 & 0xffff)))
        else:
            self.step(f"{name}{distance:+d}", frame, (0, struct.pack("<H", distance == 0)))
            self.step("told", frame, (0, bytes(2)))


def record(machine, event_idx, unknown):
    """Records one trace.  @unknown: the number of frames of UNKNOWN_TYPE at its beginning."""
    path = os.path.join(TRACES, f"{machine}-{'event' if event_idx else 'flags'}.trace.xz")
    with Recorder("ip=10.0.2.15/24", machine=machine, net="dgram", capture=False,
                  device="" if event_idx else ",event_idx=off") as g, lzma.open(path, "wt", preset=9 | lzma.PRESET_EXTREME) as out:
        g.find_rings()
        print("# tests/qemu/record_rings.py, " + os.popen("qemu-system-x86_64 --version").readline().strip(), file=out)
        trace = Trace(g, out, event_idx)
        trace.step("boot")
        for n in range(unknown):
            trace.step("unknown-type", ether(bytes(46 + n), UNKNOWN_TYPE))
        arp = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + PEER_MAC + PEER_IP + bytes(6) + GUEST_IP
        trace.step("arp", ether(arp + bytes(18), 0x0806, b"\xff" * 6))
        for n in range(PINGS):
            trace.step("ping", ether(ipv4(icmp_echo(bytes(16 + n * 37 % 1400), n), 1)))
            if n % 9 == 4:
                trace.decide("event", (0, 1, -1, 2, -2, 300, -300)[n // 9 % 7])
    print(path, os.path.getsize(path))


if __name__ == "__main__":
    os.makedirs(TRACES, exist_ok=True)
    for machine, event_idx, unknown in (("q35", True, 200), ("q35", False, 0), ("microvm", True, 0),
                                        ("microvm", False, 0)):
        if sys.argv[1:] in ([], [machine]):
            record(machine, event_idx, unknown)
