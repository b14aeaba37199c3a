# SPDX-License-Identifier: MIT
"""Experiments: hosts, links, transfers, and their measurements.

Times are virtual: seconds in the interface, nanoseconds inside.  The same seed and the same calls give the same
experiment, to the last byte.
"""
import ctypes
import os
import random
import struct
import sys
from dataclasses import dataclass, field

from softnet.host import NR, NS, Conductor, Halted, sockaddr_in

from . import checks
from .checks import require

LIBRARY = "build/host/libsoftnet.so"
AF_INET, SOCK_STREAM, SOL_SOCKET, SOL_TCP = 2, 1, 1, 6
SO_SNDBUF, SO_RCVBUF, TCP_CONGESTION, TCP_INFO = 7, 8, 13, 11
SHUT_WR = 1
ECONNREFUSED = 111
CHUNK = 65536
HOSTS_MAX = 254  # addresses in 10.0.0.0/24
SEED_MAX = 2**63
CMDLINE_MAX = 2047  # boot/boot_info.h: BOOT_CMDLINE_MAX with its NUL
WARM_UP_S = 60  # seconds of virtual time before an experiment, for neighbours and links
# Offsets in bytes of the u32 fields of struct tcp_info (include/uapi/tcp.h) that a sample keeps.
INFO_SIZE = 232
INFO = {"rto": 8, "snd_mss": 16, "unacked": 24, "lost": 32, "retrans": 36, "rtt": 68, "rttvar": 72,
        "ssthresh": 76, "cwnd": 80, "total_retrans": 100}
OPTIONS = {"sndbuf": (SOL_SOCKET, SO_SNDBUF), "rcvbuf": (SOL_SOCKET, SO_RCVBUF),
           "congestion": (SOL_TCP, TCP_CONGESTION)}


@dataclass
class Sample:
    """A sample of TCP_INFO: time in s; rtt, rttvar, rto in s; cwnd and ssthresh in segments."""
    time: float
    rtt: float
    rttvar: float
    rto: float
    cwnd: int
    ssthresh: int
    unacked: int
    lost: int
    total_retrans: int


@dataclass
class Segment:
    """A segment as its sender put it on the wire: a data segment, or an ACK with @length 0."""
    time: float
    seq: int      # bytes from the beginning of the stream
    length: int
    ack: int      # bytes from the beginning of the other direction's stream
    lost: bool
    again: bool   # a retransmission: it has data, all of which was sent before


class Link:
    """Both directions of a wire: each has a queue, a rate and a delay; loss, reordering and jitter follow from the
    lab's seed."""

    def __init__(self, lab, wire, rate, queue, loss, jitter):
        self.lab, self.wire = lab, wire
        self.rate, self.queue, self.loss, self.jitter = rate, queue, loss, jitter
        self.busy = {}      # sender -> time at which its last bit has left
        self.dropped = 0
        self.watchers = []  # called with (time_ns, sender, frame, lost)
        wire.hook = self._carry

    def _carry(self, _wire, sender, frame):
        now, lost, extra = self.lab.now_ns, False, 0
        if self.rate:
            leaves = max(self.busy.get(sender, 0), now)
            waiting = (leaves - now) * self.rate / 8 / NS
            if waiting and waiting + len(frame) > self.queue:
                lost = True
            else:
                leaves += int(len(frame) * 8 * NS / self.rate)
                self.busy[sender] = leaves
                extra = leaves - now
        if self.loss and self.lab.random.random() < self.loss:
            lost = True
        if self.jitter:
            extra += int(self.lab.random.random() * self.jitter * NS)
        self.dropped += lost
        for watcher in self.watchers:
            watcher(now, sender, frame, lost)
        return [] if lost else [(extra, frame)]


class Lab:
    """An experiment: its hosts, links and clock."""

    def __init__(self, seed=1, library=LIBRARY):
        if not os.path.exists(library):
            raise FileNotFoundError(f"{library} is not there: make {LIBRARY}, in the tree's root")
        checks.whole("seed", seed, 0, SEED_MAX, "0: no chance in the kernels")
        self.conductor = Conductor(library, seed)
        self.random = random.Random(seed)
        self.transfers = []
        self.closed = False
        self._ports = 7000

    @property
    def now_ns(self):
        """The virtual time in nanoseconds."""
        return self.conductor.now

    @property
    def now(self):
        """The virtual time in seconds."""
        return self.conductor.now / NS

    def host(self, cmdline="", **options):
        """Boots a host with the next address of 10.0.0.1, 10.0.0.2 ... ; @cmdline is softnet's command line,
        options are those of sn_set().  Raises ValueError for an option that is not known."""
        self._require_ours()
        checks.host_options(options)
        require(len(self.conductor.hosts) < HOSTS_MAX, f"a lab has at most {HOSTS_MAX} hosts")
        address = f"10.0.0.{len(self.conductor.hosts) + 1}"
        line = " ".join([f"ip={address}/24", "app=none"] + checks.words(cmdline))
        require(len(line.encode()) <= CMDLINE_MAX, f"cmdline: at most {CMDLINE_MAX} bytes with the lab's own words")
        h = self.conductor.host(line, **options)
        complaints = checks.complaints(h.console())
        if complaints:
            self.conductor.hosts.pop().release()
            raise ValueError(complaints)
        h.address = address
        return h

    def wire(self, a, b, delay=0.01, rate=0, queue=1 << 30, loss=0.0, jitter=0.0):
        """Connects two hosts: delay in s for one direction, rate in bit/s (0: no limit), queue in bytes at each
        end, loss as a share of frames, jitter in s (a frame may overtake another)."""
        self._require_ours(a, b)
        require(a is not b, "a wire has two ends")
        require(not (hasattr(a, "link") or hasattr(b, "link")), "a host has one wire, and one of these has it")
        checks.number("delay", delay, "seconds")
        checks.number("rate", rate, "bit/s; 0: as fast as you like", endless=True)
        checks.number("queue", queue, "bytes", endless=True)
        checks.number("jitter", jitter, "seconds")
        checks.number("loss", loss, "a share of frames, below 1")
        require(loss < 1, f"loss={loss}: a share, from 0 to below 1")
        link = Link(self, self.conductor.wire(a, b, delay), 0, 0, 0.0, 0.0)
        for one, other in ((a, b), (b, a)):  # ARP resolves addresses before the link gets its losses
            fd = one.call(NR.socket, AF_INET, SOCK_STREAM, 0)
            if one.call(NR.connect, fd, sockaddr_in(other.address, 1), 16) != -ECONNREFUSED:
                raise Halted("no host answers on a good wire")
            one.call(NR.close, fd)
        self.conductor.sleep(WARM_UP_S)
        link.rate, link.queue, link.loss, link.jitter = rate, queue, loss, jitter
        a.link = b.link = link
        return link

    def close(self):
        """Ends all hosts; the measurements stay readable."""
        self.closed = True
        self.conductor.close()

    def _require_ours(self, *hosts):
        require(not self.closed, "this lab is closed")
        for host in hosts:
            require(host in self.conductor.hosts, f"{host!r} is no host of this lab: lab.host() makes one")

    def transfer(self, sender, receiver, nbytes, every=0.01, **options):
        """Plans a connection that carries @nbytes when run() is called; TCP_INFO is sampled every @every seconds.
        Options: congestion="reno", sndbuf=, rcvbuf= in bytes."""
        self._require_ours(sender, receiver)
        require(sender is not receiver, "a transfer is between two hosts")
        require(hasattr(sender, "link") and sender.link is getattr(receiver, "link", None),
                 "no wire between these hosts: lab.wire() first")
        require(isinstance(nbytes, int) and nbytes >= 1, f"nbytes={nbytes!r}: a whole number, at least one")
        checks.number("every", every, "seconds between two looks")
        require(every * NS >= 1, f"every={every}: seconds between two looks, above 0")
        checks.transfer_options(options)
        self._ports += 1
        t = Transfer(self, sender, receiver, nbytes, self._ports, every, options)
        self.transfers.append(t)
        return t

    def run(self, seconds=3600):
        """Runs until all transfers are done.  Raises TimeoutError if they are not done after @seconds."""
        self._require_ours()
        checks.number("seconds", seconds, "of virtual time")
        end = self.now_ns + int(seconds * NS)
        for t in list(self.transfers):
            try:
                t.begin()
            except OSError:
                self.transfers.remove(t)    # so that other and later transfers run without it
                t.abandon()
                raise
        while not all(t.done for t in self.transfers):
            wake = min([end] + [t.next_sample for t in self.transfers if not t.done])
            self.conductor.run(wake, self._progress)
            for t in self.transfers:
                t.sample()
            if self.now_ns >= end:
                raise TimeoutError(f"not done after {seconds} s of virtual time")

    def _progress(self):
        """Called between instants of virtual time.  Returns true if an application made a system call, so that the
        instant is not over."""
        return any([t.progress() for t in self.transfers])


@dataclass
class Transfer:
    """One connection and its measurements: samples, segments (sent) and acks (received)."""
    lab: Lab
    sender: object
    receiver: object
    nbytes: int
    port: int
    every: float
    options: dict
    samples: list = field(default_factory=list)
    segments: list = field(default_factory=list)
    acks: list = field(default_factory=list)
    done: bool = False
    buffer: bytes = None  # the data to write; None before the transfer begins

    def begin(self):
        """Connects, and starts writing and reading."""
        if self.buffer is not None or self.done:
            return
        a, b, lab = self.sender, self.receiver, self.lab
        self.written = self.read = 0
        self.isn = {}
        self.highest = 0
        self.started = lab.now_ns
        self.listener = listener = b.call(NR.socket, AF_INET, SOCK_STREAM, 0)
        self.fd = a.call(NR.socket, AF_INET, SOCK_STREAM, 0)
        for h, fd in ((a, self.fd), (b, listener)):
            self._set_options(h, fd)
        b.call(NR.bind, listener, sockaddr_in("0.0.0.0", self.port), 16)
        b.call(NR.listen, listener, 1)
        a.link.watchers.append(self._watch)
        result = a.call(NR.connect, self.fd, sockaddr_in(b.address, self.port), 16)
        if result < 0:
            raise OSError(-result, "connect")
        self.peer_fd = b.call(NR.accept, listener, 0, 0)
        b.call(NR.close, listener)
        self.next_sample = lab.now_ns
        self.buffer = bytes(CHUNK)
        self.writing = self.reading = None
        self.progress()

    def abandon(self):
        """Closes the descriptors that a failed begin() had opened."""
        if self._watch in self.sender.link.watchers:
            self.sender.link.watchers.remove(self._watch)
        self.sender.call(NR.close, self.fd)
        self.receiver.call(NR.close, self.listener)

    def _set_options(self, h, fd):
        for name, value in self.options.items():
            level, option = OPTIONS[name]
            data = value.encode() if isinstance(value, str) else struct.pack("i", value)
            result = h.call(NR.setsockopt, fd, level, option, data, len(data))
            if result < 0:
                raise OSError(-result, f"{name}={value}")

    def progress(self):
        """Takes the results of finished system calls, and issues the next ones.  Returns true if it issued one."""
        if self.done or self.buffer is None:
            return False
        called = False
        if self.writing is not None and (n := self.sender.poll(self.writing)) is not None:
            self._check(n, "write")
            self.written += n
            self.writing = None
            if self.written == self.nbytes:
                self.shutting = self.sender.submit(NR.shutdown, self.fd, SHUT_WR)
                called = True
        if self.writing is None and self.written < self.nbytes:
            piece = min(CHUNK, self.nbytes - self.written)
            self.writing = self.sender.submit(NR.write, self.fd, self.buffer, piece)
            called = True
        if self.reading is not None and (n := self.receiver.poll(self.reading)) is not None:
            self._check(n, "read")
            self.read += n
            self.reading = None
            if n == 0:
                self.done = True
                self.finished = self.lab.now_ns
                return True
        if self.reading is None:
            self.reading = self.receiver.submit(NR.read, self.peer_fd, bytearray(CHUNK), CHUNK)
            called = True
        return called

    @staticmethod
    def _check(result, what):
        if result < 0:
            raise OSError(-result, what)

    def sample(self):
        """Samples the sender's TCP_INFO, if the next sample is due."""
        if self.lab.now_ns < self.next_sample or self.done:
            return
        info, size = ctypes.create_string_buffer(INFO_SIZE), ctypes.c_uint32(INFO_SIZE)
        self._check(self.sender.call(NR.getsockopt, self.fd, SOL_TCP, TCP_INFO, info,
                                     ctypes.addressof(size)), "getsockopt")
        f = {name: struct.unpack_from("<I", info.raw, at)[0] for name, at in INFO.items()}
        self.samples.append(Sample(self._time(self.lab.now_ns), f["rtt"] / 1e6, f["rttvar"] / 1e6,
                                   f["rto"] / 1e6, f["cwnd"], f["ssthresh"], f["unacked"], f["lost"],
                                   f["total_retrans"]))
        self.next_sample = self.lab.now_ns + int(self.every * NS)

    def _time(self, ns):
        return (ns - self.started) / NS

    def _watch(self, now, sender, frame, lost):
        """Called for every frame of the link: records the segments of this connection."""
        if frame[12:14] != b"\x08\0" or frame[23] != 6:
            return
        total = struct.unpack(">H", frame[16:18])[0]
        sport, dport, seq, ack, doff, flags = struct.unpack(">HHIIBB", frame[34:48])
        if self.port not in (sport, dport):
            return
        length = total - 20 - (doff >> 4) * 4
        if flags & 2:
            self.isn[sender.index] = seq
            return
        other = self.receiver if sender is self.sender else self.sender
        seq = (seq - self.isn[sender.index] - 1) & 0xffffffff
        ack = (ack - self.isn.get(other.index, 0) - 1) & 0xffffffff
        again = sender is self.sender and length > 0 and seq + length <= self.highest
        segment = Segment(self._time(now), seq, length, ack, lost, again)
        if sender is self.sender and length:
            self.segments.append(segment)
            self.highest = max(self.highest, seq + length)
        elif sender is self.receiver and flags & 16 and not flags & 4:
            self.acks.append(segment)

    @property
    def seconds(self):
        """Seconds from socket() to the reader's end of file."""
        self._require_done()
        return (self.finished - self.started) / NS

    @property
    def goodput(self):
        """The rate of the bytes that were read, in bit/s."""
        self._require_done()
        return self.read * 8 / self.seconds

    def _require_done(self):
        require(self.done, "this transfer is not over: lab.run() first")

    def plot(self, path):
        """Draws sequence numbers, cwnd and RTT over time, as SVG (needs matplotlib)."""
        self._require_done()
        try:
            from .plot import plot_transfer  # pylint: disable=import-outside-toplevel
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"{error}: a figure needs it; `tools/setup lab` gives it to /usr/bin/python3, "
                                      f"and this is {sys.executable}") from error
        return plot_transfer(self, path)
