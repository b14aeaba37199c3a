# SPDX-License-Identifier: MIT
"""A machine that is the Linux kernel of the host, in a network namespace of its own, behind a TUN device.

It has the interface of hosted.py, so that a script can be played on both kernels (run --versus-linux).  It
needs root and /dev/net/tun.  Time is real, and Python adds delays, so tolerances are wider.  SETTINGS sets
newer features of Linux, and defaults that depend on the host's memory, to the behaviour of our kernel.
"""
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import threading
import time
from collections import deque

from packets import vnet_header
from runner import Failed, Play
from shell import BadCommand, Skip
from tap import Result

TUN = "/dev/net/tun"
TUNSETIFF, IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x400454ca, 1, 0x1000, 0x4000
VNET_HEADER = bytes(10)     # the virtio_net_hdr of an ordinary packet, on a device that also accepts GSO packets
CLONE_NEWNET = 0x40000000
DEVICE = "tun0"
TOLERANCE_USECS = 25_000    # for the delays of Python and of other programs on the host
BLOCKED_AFTER = 0.004       # seconds; a call that takes longer is treated as blocking
CALL_SECONDS = 10           # for a call that cannot block: the host may be busy
PACKET_MAX = 65536
SYS_SOCKET = 41
CONGESTION = "net.ipv4.tcp_congestion_control"

SETTINGS = {
    "net.ipv4.tcp_rmem": "4096 131072 6291456", "net.ipv4.tcp_wmem": "4096 65536 4194304",
    CONGESTION: "cubic", "net.ipv4.tcp_ecn": "2", "net.ipv4.tcp_fastopen": "1",
    "net.ipv4.tcp_frto": "2", "net.ipv4.tcp_recovery": "1", "net.ipv4.tcp_early_retrans": "3",
    "net.ipv4.tcp_syn_retries": "6", "net.ipv4.tcp_synack_retries": "5", "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.tcp_syn_linear_timeouts": "0", "net.ipv4.tcp_tw_reuse": "1",
    "net.ipv4.tcp_slow_start_after_idle": "1", "net.ipv4.tcp_no_metrics_save": "1",
    "net.ipv4.tcp_invalid_ratelimit": "500", "net.ipv4.tcp_sack": "1", "net.ipv4.tcp_retrans_collapse": "0", "net.core.somaxconn": "4096",
    "net.ipv4.tcp_keepalive_time": "7200", "net.ipv4.tcp_mtu_probing": "0",
    "net.ipv6.conf.all.disable_ipv6": "1", "net.ipv4.conf.all.rp_filter": "0",
}

libc = ctypes.CDLL(None, use_errno=True)


class Ticket:
    """A system call, made in a thread of its own."""

    def __init__(self, number, arguments, keep, after=lambda result: None):
        self.result = self.time = None
        self.after = after      # called with the result
        self.keep = (arguments, keep)
        values = [ctypes.c_long(a if isinstance(a, int) else ctypes.addressof(a)) for a in arguments]
        self.thread = threading.Thread(target=self._run, args=(number, values), daemon=True)
        self.thread.start()
        self.thread.join(BLOCKED_AFTER)

    def _run(self, number, values):
        libc.syscall.restype = ctypes.c_long
        result = libc.syscall(ctypes.c_long(number), *values)
        self.time = time.monotonic_ns()
        error = ctypes.get_errno()
        self.after(result)
        self.result = -error if result < 0 else result


class Machine:
    """A network namespace with a TUN device; this process is the other end of the device."""

    virtual = False
    name = "Linux " + os.uname().release

    def __init__(self, config):
        if os.geteuid() or not os.path.exists(TUN):
            raise Skip("no root, or no " + TUN)
        self.config = config
        self.local_ip, self.remote_ip = config["local_ip"], config["remote_ip"]
        self.packets = deque()
        self.tun = None
        # A namespace accepts as its default only a congestion control that the host allows to all users. If the
        # namespace refuses the congestion control of SETTINGS, setsockopt() sets it for each socket.
        self.congestion = None
        self.header = VNET_HEADER if config.get("large") else b""

    def open(self):
        """Creates the namespace and the device; called in the process that will make the system calls."""
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        self.tun = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.tun, TUNSETIFF, struct.pack("16sH14x", DEVICE.encode(),
                                                     IFF_TUN | IFF_NO_PI | (IFF_VNET_HDR if self.header else 0)))
        refused = [name for name, value in SETTINGS.items() if self.sysctl(name, value) is False]
        if CONGESTION in refused:
            self.congestion = SETTINGS[CONGESTION].encode()
        for line in (f"link set {DEVICE} mtu {self.config['mtu']}", "link set lo up",
                     f"addr add {self.local_ip}/24 dev {DEVICE}", f"link set {DEVICE} up",
                     f"route add default dev {DEVICE}"):
            subprocess.run(["ip", *line.split()], check=True, stdout=subprocess.DEVNULL)

    def now(self):
        """Nanoseconds of the host's monotonic clock."""
        return time.monotonic_ns()

    def _receive(self, seconds):
        ready, _, _ = select.select([self.tun], [], [], max(seconds, 0))
        while ready:
            try:
                self.packets.append((self.now(), os.read(self.tun, len(self.header) + PACKET_MAX)[len(self.header):]))
            except BlockingIOError:
                return

    def advance(self, until, done=lambda: False):
        """Waits until the time @until (ns) or until done() is true; returns whether done() was true."""
        while True:
            left = until - self.now()
            # Wait in steps of at most 1 ms: the end of a system call in its thread does not wake select().
            self._receive(min(left, 1_000_000) / 1e9)
            if done():
                return True
            if left <= 0:
                return False

    def inject(self, packets):
        """Sends IP packets to the kernel."""
        for packet in packets:
            os.write(self.tun, self.header + packet)
        self._receive(0)

    def inject_large(self, packet, size):
        """Sends a GSO packet with gso_size @size to the kernel."""
        os.write(self.tun, vnet_header(packet, size) + packet)
        self._receive(0)

    def submit(self, number, arguments, keep=()):
        """Starts a system call; returns a Ticket."""
        ticket = Ticket(number, arguments, keep, self.choose_congestion if number == SYS_SOCKET else lambda result: None)
        self._receive(0)
        return ticket

    def choose_congestion(self, fd):
        """Gives the new socket @fd the congestion control of SETTINGS, unless it is the namespace's default."""
        if fd >= 0 and self.congestion:
            libc.setsockopt(fd, socket.IPPROTO_TCP, socket.TCP_CONGESTION, self.congestion, len(self.congestion))

    def call(self, number, *arguments):
        """Makes a system call that cannot block, and returns its result."""
        ticket = self.submit(number, arguments)
        ticket.thread.join(CALL_SECONDS)
        return ticket.result

    def sysctl(self, name, value=None):
        """Does the same as hosted.Machine.sysctl()."""
        path = "/proc/sys/" + name.replace(".", "/")
        if not os.path.exists(path):
            return None
        try:
            with open(path, "r" if value is None else "w", encoding="ascii") as f:
                if value is None:
                    return " ".join(f.read().split())
                f.write(value + "\n")
            return True
        except OSError:
            return False

    def complaint(self):
        """Always "": errors of the Linux kernel are not checked."""
        return ""

    def finish(self, _shells):
        """Does nothing: the namespace ends with the process."""


def story(suite, script, options, machine):
    """Plays @script on @machine, in the child process; returns a Result."""
    result = Result(script.path)
    try:
        machine.open()
    except (OSError, subprocess.CalledProcessError) as error:
        return Result(script.path, "skip", f"no namespace to run in: {error}")
    wider = max(options["tolerance_usecs"], TOLERANCE_USECS)
    play = Play(script, dict(options, tolerance_usecs=wider), machine, suite.rules)
    try:
        play.run()
    except Skip as skip:
        result.status, result.reason = "skip", str(skip)
    except BadCommand as error:
        result.status, result.reason = "not ok", str(error)
    except Failed as failed:
        result.status = "not ok"
        line = f"{script.path}:{play.event.line}: " if play.event else ""
        result.reason, result.lines = line + failed.what, list(failed.lines)
    result.notes = play.notes + play.snippets.printed.splitlines()
    return result
