# SPDX-License-Identifier: MIT
"""Plays many scenarios at once on the host's Linux, in one network namespace (needs root and TUN).

judge.py calls play_all() in a child process; the namespace ends with that process. A scenario mostly waits, so
hundreds of scenarios share a process. Each has a remote address of its own, so that Linux keeps a separate route,
path MTU and metrics for it, and four local ports. No system call blocks: sockets are non-blocking, and SO_LINGER
is always used with a time of 0.
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
from ours import ADDRESSES, CONFIG, SETTINGS
from play import LOCAL_PORTS, Player

PORT = 10000                # below the ephemeral ports
SLOTS = 5000                # maximum number of scenarios in one namespace, so that their ports stay below 32768
AT_ONCE = 128
NETS = {"peer": "10.200", "g0": "239.1", "g1": "239.2"}    # each scenario has one address in each
PING_GROUPS = "net.ipv4.ping_group_range", "0 2147483647"
PACKET_MAX = 65536
QUEUE = 20000               # packets that the device queues while this process is late
libc = linux.libc
libc.syscall.restype = ctypes.c_long


class Face:
    """The host's Linux as one scenario sees it: the interface that play.py calls a machine."""

    def __init__(self, crowd, slot):
        self.crowd, self.slot = crowd, slot
        self.addresses = dict(ADDRESSES, **{name: f"{net}.{slot // 250}.{slot % 250 + 1}" for name, net in NETS.items()})
        self.packets = []
        self.now = time.monotonic_ns

    def inject(self, packet):
        """Delivers an IP packet to Linux, after reading the packets that Linux sent before."""
        self.crowd.drain()
        try:
            os.write(self.crowd.tun, packet)
        except OSError:     # a packet that Linux refuses at the device gets no answer
            pass
        self.crowd.drain()

    def call(self, number, *arguments):
        """Makes a system call; returns its result, or a negative errno."""
        self.crowd.drain()
        values = [ctypes.c_long(a if isinstance(a, int) else ctypes.addressof(a)) for a in arguments]
        result = libc.syscall(ctypes.c_long(number), *values)
        result = -ctypes.get_errno() if result < 0 else result
        if number == linux.SYS_SOCKET:
            self.crowd.machine.choose_congestion(result)
        self.crowd.drain()
        return result

    def take(self):
        """Returns the packets that Linux sent since the last take()."""
        self.crowd.drain()
        out, self.packets = self.packets, []
        return out

    def port(self, k):
        """Returns the scenario's k-th local port."""
        return PORT + self.slot * LOCAL_PORTS + k


class Crowd:
    """A network namespace and the scenarios in it."""

    def __init__(self):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.machine = linux.Machine(CONFIG)
        self.machine.open()
        for name, value in (*SETTINGS.items(), PING_GROUPS):
            self.machine.sysctl(name, str(value))
        self.tun = self.machine.tun
        subprocess.run(["ip", "link", "set", linux.DEVICE, "txqueuelen", str(QUEUE)], check=True)
        self.faces = {}

    def drain(self):
        """Reads all packets that Linux sent, and gives each to the scenario with its remote address."""
        try:
            while True:
                data = os.read(self.tun, PACKET_MAX)
                face = self.faces.get(data[16:20])
                if face:
                    face.packets.append((time.monotonic_ns(), data))
        except BlockingIOError:
            pass

    def play(self, scenarios):
        """Plays the scenarios; returns a Player for each."""
        waiting, players, due, slot = list(reversed(scenarios)), [], [], 0
        while waiting or due:
            while waiting and len(due) < AT_ONCE:
                slot += 1
                face = Face(self, slot)
                for name in NETS:
                    self.faces[bytes(int(b) for b in face.addresses[name].split("."))] = face
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
    """Yields (answers, resolved steps, times) of each scenario; at most SLOTS scenarios. Call it in a child process."""
    assert len(scenarios) <= SLOTS
    yield from [(p.answers, p.steps, p.at) for p in Crowd().play(scenarios)]


def script_of(scenario, said):
    """Plays the scenario alone, and yields it as a packet script. Call it in a child process."""
    yield printer.script(Crowd().play([scenario])[0], said)
