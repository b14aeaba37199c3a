# SPDX-License-Identifier: MIT
"""Plays scenarios on the hosted kernel, which is booted once and forked for each batch.

judge.py and recorded.py call Kernel.play().  A fork costs as much as the scenario that runs in it, so a child
plays several: each has its own remote address and ports, as in crowd.py, and is followed by five minutes of
virtual time, in which its connections end.  A crash of the kernel is recorded as an answer, which never equals
Linux's.
"""
import gc
import json
import os
import select
import signal
import time
import traceback

import hosted
import printer
from play import LOCAL_PORTS, Player

PORT = 8080
SLOTS = 16                  # scenarios played by one child
HANG_SECONDS = 100          # real time for one child
SHORT_OF_WRAP = 300         # in every second scenario the ISN is this far below 2^32
AS_RFC_6528 = 2**33         # in the others the kernel chooses the ISN
BETWEEN = 300 * 10**9       # ns of virtual time, in which connections of the scenario before end
UNDOS = ("TCPFullUndo", "TCPPartialUndo", "TCPDSACKUndo", "TCPLossUndo")     # counters of /proc/net/netstat
# Neither kernel limits the rate of ICMP errors: the two would count different seconds.
SETTINGS = {"net.ipv4.icmp_ratelimit": 0, "net.ipv4.icmp_msgs_per_sec": 10000, "net.ipv4.icmp_msgs_burst": 10000}
CONFIG = {"local_ip": hosted.LOCAL_IP, "remote_ip": hosted.REMOTE_IP, "mtu": 1500, "gso": True,
          "cmdline": " ".join(f"sysctl.{name}={value}" for name, value in SETTINGS.items())}
ADDRESSES = {"local": hosted.LOCAL_IP, "peer": hosted.REMOTE_IP, "lo": "127.0.0.1", "lo2": "127.0.0.2",
             "any": "0.0.0.0", "elsewhere": "10.9.9.9", "broadcast": "255.255.255.255", "multicast": "224.0.0.1",
             "subnet": "192.168.0.255"}


class Face:
    """The hosted kernel as one scenario sees it: the interface that play.py calls a machine."""

    def __init__(self, machine, slot):
        self.machine, self.slot = machine, slot
        self.addresses = dict(ADDRESSES, peer=f"192.0.2.{slot + 1}", g0=f"239.1.0.{slot + 1}", g1=f"239.2.0.{slot + 1}")
        self.now = machine.now

    def inject(self, packet):
        """Delivers an IP packet to the kernel."""
        self.machine.inject([packet])

    def call(self, number, *arguments):
        """Makes a system call; returns its result, or None if it did not return at once."""
        return self.machine.submit(number, arguments, arguments).result

    def take(self):
        """Returns the packets that the kernel sent since the last take()."""
        out = list(self.machine.packets)
        self.machine.packets.clear()
        return out

    def port(self, k):
        """Returns the scenario's k-th local port."""
        return PORT + self.slot * LOCAL_PORTS + k


def lines_of_child(function):
    """Runs @function in a child process, and yields the items that it yields, passed as JSON.  If the child crashes
    or hangs, the last item is {"crash": reason}."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writer, "w", encoding="utf-8") as out:
            try:
                for value in function():
                    out.write(json.dumps(value) + "\n")
                    out.flush()
            except BaseException:  # pylint: disable=broad-except
                out.write(json.dumps({"crash": traceback.format_exc().strip().splitlines()[-1]}) + "\n")
        os._exit(0)  # pylint: disable=protected-access
    os.close(writer)
    text, end = b"", time.monotonic() + HANG_SECONDS
    while ready := select.select([reader], [], [], max(0, end - time.monotonic()))[0]:
        part = os.read(reader, 1 << 16)
        if not part:
            break
        *lines, text = (text + part).split(b"\n")
        yield from map(json.loads, lines)
    os.close(reader)
    if not ready:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if not ready or status:
        yield {"crash": "the process ended" if ready else f"no end within {HANG_SECONDS} s"}


class Answers(list):
    """The answers to a scenario's steps; `prompt` has the same without packets at the edge of a step (play.py), and
    `undos` the number of undone reductions of the window up to the end of each step."""
    prompt = undos = ()


class Kernel:
    """The hosted kernel; the constructor boots it."""

    def __init__(self, library=hosted.LIBRARY):
        with open(library, "rb") as f:
            self.machine = hosted.Machine(f.read(), CONFIG)
        gc.collect()
        gc.freeze()

    def play(self, scenarios):
        """Yields for each of @scenarios the answers to its steps; if the kernel crashes, that is the last answer."""
        at = 0
        while at < len(scenarios):
            batch = scenarios[at:at + SLOTS]
            for answers in lines_of_child(lambda b=batch: self._play(b)):
                at += 1
                if isinstance(answers, dict):
                    yield Answers(["crash: " + answers["crash"]])
                    break
                played = Answers(answers[0])
                played.prompt, played.undos = answers[1:]
                yield played

    def _play(self, scenarios):
        for slot, scenario in enumerate(scenarios):
            self.machine.host.sn_set(b"iss", 2**32 - SHORT_OF_WRAP if scenario.seed % 2 else AS_RFC_6528)
            player = Player(scenario, Face(self.machine, slot))
            undos, before = [], self._undos()
            try:
                for until in player.play(scenario.at):
                    self.machine.advance(until)
                    undos.append(self._undos() - before)
                said = self.machine.complaint()
                if not said:
                    yield player.answers, player.prompt, undos[1:]
                    self.machine.advance(self.machine.now() + BETWEEN)
                    self.machine.packets.clear()
                    continue
            except hosted.Halted as error:
                said = "halted: " + str(error).split("\n", maxsplit=1)[0]
            raise RuntimeError(said)

    def _undos(self):
        names, numbers = (line.split() for line in self.machine.read_file("/proc/net/netstat").split("\n")[:2])
        return sum(int(number) for name, number in zip(names, numbers) if name in UNDOS)

    def script_of(self, scenario, said):
        """Plays the scenario and returns it as a packet script with this kernel's answers."""
        return next(lines_of_child(lambda: self._script(scenario, said)))

    def _script(self, scenario, said):
        player = Player(scenario, Face(self.machine, 0))
        for until in player.play(scenario.at or None):
            self.machine.advance(until)
        yield printer.script(player, said)
