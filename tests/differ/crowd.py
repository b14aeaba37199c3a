# SPDX-License-Identifier: MIT
"""The host's Linux as a scenario's machine: many scenarios at once, in one network namespace (root, TUN).

play_all() <- judge.py, in a process of its own, whose namespace goes with it.  Scenarios mostly wait, so
hundreds share a process: each has a remote address of its own (so routes, path MTUs and metrics are its
own) and four local ports.  No call waits: sockets are non-blocking, and no scenario lingers.
"""
import ctypes
import heapq
import os
import resource
import select
import subprocess
import time

import linux
import printer
from ours import ADDRESSES, CONFIG
from play import LOCAL_PORTS, Player

PORT = 10000                # below the ephemeral ones
SLOTS = 5000                # scenarios in a namespace's life: their ports end below 32768
AT_ONCE = 128
PACKET_MAX = 65536
QUEUE = 20000               # packets that the device keeps while we are late
libc = linux.libc
libc.syscall.restype = ctypes.c_long


class Face:
    """play.py's machine for one scenario."""

    def __init__(self, crowd, slot):
        self.crowd, self.slot = crowd, slot
        self.addresses = dict(ADDRESSES, peer=f"10.200.{slot // 250}.{slot % 250 + 1}")
        self.packets = []
        self.now = time.monotonic_ns

    def inject(self, packet):
        """An IP packet arrives; what was sent before is taken first."""
        self.crowd.drain()
        try:
            os.write(self.crowd.tun, packet)
        except OSError:     # a packet that Linux refuses at the device is one that it does not answer
            pass
        self.crowd.drain()

    def call(self, number, *arguments):
        """A system call."""
        self.crowd.drain()
        values = [ctypes.c_long(a if isinstance(a, int) else ctypes.addressof(a)) for a in arguments]
        result = libc.syscall(ctypes.c_long(number), *values)
        result = -ctypes.get_errno() if result < 0 else result
        self.crowd.drain()
        return result

    def take(self):
        """The frames that were sent."""
        self.crowd.drain()
        out, self.packets = self.packets, []
        return out

    def port(self, k):
        """The scenario's own."""
        return PORT + self.slot * LOCAL_PORTS + k


class Crowd:
    """A namespace and its scenarios."""

    def __init__(self):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        machine = linux.Machine(CONFIG)
        machine.open()
        self.tun = machine.tun
        subprocess.run(["ip", "link", "set", linux.DEVICE, "txqueuelen", str(QUEUE)], check=True)
        self.faces = {}

    def drain(self):
        """Packets go to the scenario whose peer they are for."""
        try:
            while True:
                data = os.read(self.tun, PACKET_MAX)
                face = self.faces.get(data[16:20])
                if face:
                    face.packets.append((time.monotonic_ns(), data))
        except BlockingIOError:
            pass

    def play(self, scenarios):
        """A Player for each, played."""
        waiting, players, due, slot = list(reversed(scenarios)), [], [], 0
        while waiting or due:
            while waiting and len(due) < AT_ONCE:
                slot += 1
                face = Face(self, slot)
                self.faces[bytes(int(b) for b in face.addresses["peer"].split("."))] = face
                player = Player(waiting.pop(), face)
                players.append(player)
                heapq.heappush(due, (time.monotonic_ns(), slot, player.play()))
            until, number, story = heapq.heappop(due)
            while (left := until - time.monotonic_ns()) > 0:
                select.select([self.tun], [], [], left / 1e9)
                self.drain()
            until = next(story, None)
            if until is not None:
                heapq.heappush(due, (until, number, story))
        return players


def play_all(scenarios):
    """In a process of its own: (answers, resolved steps, times) of each; there are at most SLOTS."""
    assert len(scenarios) <= SLOTS
    yield from [(p.answers, p.steps, p.at) for p in Crowd().play(scenarios)]


def script_of(scenario, said):
    """In a process of its own: the scenario, played alone, as a packet script."""
    yield printer.script(Crowd().play([scenario])[0], said)
