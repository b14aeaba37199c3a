# SPDX-License-Identifier: MIT
"""The machine that a script runs on: the hosted kernel, its clock and its wire.

runner.py uses five operations: advance() the clock, inject() packets, submit() system calls, take sent packets
from `packets`, and sysctl().  linux.py has the same interface.  The machine also simulates the kernel's
gateway: it answers each ARP request of the kernel at once.

Time is virtual: the time of a packet is the time at which the kernel gave it to its device.
"""
import ctypes
import os
import re
import struct
import sys
from collections import deque
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "host"))
from packets import vnet_header  # noqa: E402  pylint: disable=wrong-import-position
from softnet import HALTED, NEVER, NR, Halted, Host  # noqa: E402  pylint: disable=wrong-import-position

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBRARY = os.path.join(ROOT, "build", "host", "libsoftnet.so")

MAC = 0x020000000001
OUR_MAC = bytes.fromhex("020000000002")
ETH_IP, ETH_ARP = 0x0800, 0x0806
ETH_HEADER = 14
ETH_MIN = 60            # bytes; a shorter frame is padded
SETTLE = 10 * 10**9     # ns of running after the boot, until the addresses are announced and the kernel is idle

STEPS_MAX = 100_000     # at one instant; more means that the kernel never becomes idle
FEATURE_HOST_TSO4, FEATURE_GUEST_TSO4 = 1 << 11, 1 << 7
FEATURES = 0x12801a82b    # MODEL_FEATURES_DEFAULT of virtio_model.h

LOCAL_IP, REMOTE_IP = "192.168.0.1", "192.0.2.1"


class Ticket:
    """A submitted system call.  result: None until the call returns; time: when it returned (ns)."""

    def __init__(self, number, keep):
        self.number, self.keep = number, keep
        self.result = self.time = None


def gateway(local_ip):
    """Returns an address in the kernel's subnet other than the kernel's own."""
    head, last = local_ip.rsplit(".", 1)
    return f"{head}.{2 if last == '1' else 1}"


class Machine:
    """One booted kernel."""

    virtual = True
    name = "softnet"

    def __init__(self, library, config):
        self.local_ip, self.remote_ip = config["local_ip"], config["remote_ip"]
        self.host = Host(SimpleNamespace(now=0), library, 0)
        self.packets = deque()      # (time in ns, bytes) of IP packets that the kernel sent
        self.tickets = []
        self._mac = MAC.to_bytes(6, "big")
        self.host.sn_set(b"mac", MAC)
        self.host.sn_set(b"mtu", config["mtu"])
        features = FEATURES if config["gso"] else FEATURES & ~FEATURE_HOST_TSO4
        if config.get("large"):     # only for scripts that need it: the driver uses other receive buffers then
            features |= FEATURE_GUEST_TSO4
        self.host.sn_set(b"features", features)
        for name, value in config.get("options", {}).items():
            self.host.sn_set(name.encode(), value)
        cmdline = f"ip={self.local_ip}/24 gw={gateway(self.local_ip)} {config['cmdline']}".strip()
        self.host.boot(cmdline, 0)
        wrong = re.findall(r"command line: (?:unknown|invalid) option .*|command line: an option of .*", self.host.console())
        if wrong:
            self.host.release()
            raise Halted("; ".join(wrong))
        self.advance(SETTLE)

    # ---- time ----------------------------------------------------------------------------------

    def now(self):
        """Nanoseconds since the boot."""
        return self.host.sn_clock()

    def advance(self, until, done=lambda: False):
        """Runs the kernel until the time @until (ns) or until done() is true; returns whether done() was true."""
        while True:
            deadline = self._instant()
            if done():
                return True
            if deadline in (NEVER, HALTED) or deadline > until:
                if until > self.now():
                    self.host.sn_set_clock(until)
                    self._instant()
                    return done()
                return False
            self.host.sn_set_clock(deadline)

    def idle(self):
        """Returns whether no timer is armed: without a packet or a call nothing more happens."""
        return self.host.deadline == NEVER

    def _instant(self):
        for _ in range(STEPS_MAX):
            replies = [r for r in map(self._frame, self.host.step()) if r]
            for reply in replies:
                self.host.put_frame(reply)
            if not replies:
                self._poll()
                if self.host.deadline > self.now():
                    return self.host.deadline
        raise Halted(f"no end to the instant {self.now()} ns")

    def _poll(self):
        for ticket in [t for t in self.tickets if t.result is None]:
            ticket.result = self.host.poll(ticket.number)
            if ticket.result is not None:
                ticket.time = self.now()
                self.tickets.remove(ticket)

    # ---- the wire ------------------------------------------------------------------------------

    def _frame(self, frame):
        """Handles a frame from the kernel: stores an IP packet in `packets`; returns the reply to an ARP request,
        otherwise None."""
        kind = int.from_bytes(frame[12:14], "big")
        body = frame[14:]
        if kind == ETH_IP:
            if len(frame) <= ETH_MIN and len(body) >= 20:
                body = body[:int.from_bytes(body[2:4], "big")]
            self.packets.append((self.now(), body))
            return None
        if kind != ETH_ARP or len(body) < 28 or body[6:8] != b"\0\1":
            return None
        sender, target = body[14:18], body[24:28]
        if sender == target:    # an announcement
            return None
        return frame[6:12] + OUR_MAC + struct.pack(">HHHBBH", ETH_ARP, 1, ETH_IP, 6, 4, 2) + \
            OUR_MAC + target + body[8:14] + sender

    def inject(self, packets):
        """Sends IP packets to the kernel, all at the same time."""
        for packet in packets:
            self.host.put_frame(self._mac + OUR_MAC + struct.pack(">H", ETH_IP) + packet)
        self._instant()

    def inject_large(self, packet, size):
        """Sends a GSO packet with gso_size @size to the kernel, as from a device that merged received segments."""
        frame = self._mac + OUR_MAC + struct.pack(">H", ETH_IP) + packet
        header = vnet_header(packet, size, ETH_HEADER) + bytes(2)
        if not self.host.put_with_header(header, frame):
            raise Halted("no receive buffers for a large packet")
        self._instant()

    # ---- system calls -----------------------------------------------------------------------------

    def submit(self, number, arguments, keep=()):
        """Starts a system call and runs the kernel until it is idle; returns a Ticket.  @keep: the buffers of the
        call, kept alive with the ticket."""
        ticket = Ticket(self.host.submit(number, *arguments), keep)
        self.tickets.append(ticket)
        self._instant()
        return ticket

    def call(self, number, *arguments):
        """Makes a system call that should not block; returns its result, None if it has not returned."""
        ticket = self.submit(number, arguments, arguments)
        return ticket.result

    # ---- settings -----------------------------------------------------------------------------------

    def sysctl(self, name, value=None):
        """Reads the setting @name of /proc/sys, or sets it to @value.  Returns None if there is no such setting,
        False if the kernel rejects the value."""
        path = ctypes.create_string_buffer(("/proc/sys/" + name.replace(".", "/")).encode())
        fd = self.call(NR.open, path, os.O_RDONLY if value is None else os.O_WRONLY)
        if fd < 0:
            return None
        if value is None:
            buffer = ctypes.create_string_buffer(4096)
            size = self.call(NR.read, fd, buffer, 4096)
            result = " ".join(buffer.raw[:max(size, 0)].decode().split())
        else:
            data = ctypes.create_string_buffer((value + "\n").encode())
            result = self.call(NR.write, fd, data, len(value) + 1) > 0
        self.call(NR.close, fd)
        return result

    def read_file(self, path):
        """Returns the text of a file of /proc, at most 16 KiB."""
        fd = self.call(NR.open, ctypes.create_string_buffer(path.encode()), os.O_RDONLY)
        buffer = ctypes.create_string_buffer(16384)
        size = self.call(NR.read, fd, buffer, len(buffer))
        self.call(NR.close, fd)
        return buffer.raw[:max(size, 0)].decode()

    def complaint(self):
        """Returns the kernel's panic message or first warning, which makes the script fail; "" if there is none."""
        if self.host.panic_message():
            return "kernel panic: " + self.host.panic_message()
        if self.host.sn_warn_count():
            lines = [line for line in self.host.console().splitlines() if "WARN" in line]
            return "the kernel warned: " + (lines[0] if lines else "?")
        return ""


def load():
    """Returns the library's bytes."""
    with open(LIBRARY, "rb") as f:
        return f.read()


__all__ = ["Machine", "Halted", "load", "gateway", "LOCAL_IP", "REMOTE_IP", "NR"]
