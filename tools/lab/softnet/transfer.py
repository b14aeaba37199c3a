# SPDX-License-Identifier: MIT
"""Transfers: each is one connection with its measurements."""
import ctypes
import os
import struct
import sys
from typing import NamedTuple

from softnet.host import NR, NS, sockaddr_in

from .checks import require
from .engine import info_layout
from .links import write_csv

AF_INET, SOCK_STREAM, SOL_SOCKET, SOL_TCP = 2, 1, 1, 6
SO_SNDBUF, SO_RCVBUF, TCP_CONGESTION = 7, 8, 13
OPTIONS = {"sndbuf": (SOL_SOCKET, SO_SNDBUF), "rcvbuf": (SOL_SOCKET, SO_RCVBUF),
           "congestion": (SOL_TCP, TCP_CONGESTION)}
# The names of the fields of struct tcp_info (include/uapi/tcp.h), in order, and their format.
INFO, INFO_FORMAT = info_layout()
SAMPLE = struct.Struct("<QQ" + INFO_FORMAT)   # struct flow_sample of engine.h: the time, the bytes read, struct tcp_info
SEGMENT = struct.Struct("<3Q 2I")
LOST, AGAIN, MARKED = 1, 2, 4   # enum segment_flags in engine.h
NOT_PACED = 2**64 - 1
CA_STATES = ("Open", "Disorder", "CWR", "Recovery", "Loss")


class Sample(NamedTuple):
    """A sample of the sender's TCP_INFO. In seconds: time, rtt (smoothed), rttvar, rto, min_rtt. In segments: cwnd,
    ssthresh, inflight, unacked, sacked, lost, retrans, total_retrans, delivered, delivered_ce. In bit/s:
    pacing_rate (None: sending is not paced), delivery_rate. state is the state of loss recovery. acked: bytes that
    were acknowledged; read: bytes that the reader has read."""
    time: float
    state: str
    cwnd: int
    ssthresh: int
    inflight: int
    rtt: float
    rttvar: float
    rto: float
    min_rtt: float
    unacked: int
    sacked: int
    lost: int
    retrans: int
    total_retrans: int
    delivered: int
    delivered_ce: int
    pacing_rate: object
    delivery_rate: float
    acked: int
    read: int


class Segment(NamedTuple):
    """A segment as its sender put it on the wire: a data segment, or an ACK."""
    time: float
    seq: int      # bytes from the beginning of the stream
    length: int
    ack: int      # bytes from the beginning of the other direction's stream
    lost: bool    # dropped or lost on its way
    again: bool   # a retransmission: it has data, all of which was sent before
    marked: bool  # a queue on its way set CE


def _sample(values):
    time, read = values[:2]
    i = dict(zip(INFO, values[2:]))
    return Sample(
        time / NS, CA_STATES[i["ca_state"]], i["snd_cwnd"], i["snd_ssthresh"],
        i["unacked"] - i["sacked"] - i["lost"] + i["retrans"], i["rtt"] / 1e6, i["rttvar"] / 1e6, i["rto"] / 1e6,
        i["min_rtt"] / 1e6, i["unacked"], i["sacked"], i["lost"], i["retrans"], i["total_retrans"], i["delivered"],
        i["delivered_ce"], None if i["pacing_rate"] == NOT_PACED else i["pacing_rate"] * 8, i["delivery_rate"] * 8,
        i["bytes_acked"], read)


class Transfer:
    """One connection. After lab.run() it has samples, segments (those of the sender), acks (those of the receiver),
    and results."""

    def __init__(self, lab, sender, receiver, port, plan, options):
        self.lab, self.sender, self.receiver, self.port = lab, sender, receiver, port
        self.plan, self.options = plan, options     # plan: name, nbytes, start, seconds, every, segments
        self.name = plan["name"] or f"{sender.address} to {receiver.address}, port {port}"
        self._flow = None
        self._cache = {}
        self.congestion = None  # the name of its control, once the transfer has begun

    # ---- running ------------------------------------------------------------------------------------------------

    def begin(self):
        """Makes the sockets, and hands them to the engine, which connects them at the start of the flow."""
        if self._flow is not None:
            return
        a, b, engine = self.sender, self.receiver, self.lab.conductor
        self.listener = b.call(NR.socket, AF_INET, SOCK_STREAM, 0)
        self.fd = a.call(NR.socket, AF_INET, SOCK_STREAM, 0)
        for h, fd in ((a, self.fd), (b, self.listener)):
            self._set_options(h, fd)
        b.call(NR.bind, self.listener, sockaddr_in("0.0.0.0", self.port), 16)
        b.call(NR.listen, self.listener, 1)
        name = ctypes.create_string_buffer(16)      # TCP_CA_NAME_MAX
        a.call(NR.getsockopt, self.fd, SOL_TCP, TCP_CONGESTION, name, struct.pack("i", len(name)))
        self.congestion = name.value.decode()
        self._flow = engine("flow", a.node, self.fd, b.node, self.listener, sockaddr_in(b.address, self.port), self.port)
        plan = self.plan
        start = max(int(plan["start"] * NS), engine.now)
        self._set("start", start)
        self._set("bytes", plan["nbytes"] or 0)
        self._set("end", start + int(plan["seconds"] * NS) if plan["seconds"] else 0)
        self._set("every", int(plan["every"] * NS))
        self._set("record", int(plan["segments"]))
        engine("flow_begin", self._flow)

    def abandon(self):
        """Closes the descriptors that a failed begin() had opened."""
        self.sender.call(NR.close, self.fd)
        self.receiver.call(NR.close, self.listener)

    def _set_options(self, h, fd):
        for name, value in self.options.items():
            level, option = OPTIONS[name]
            data = value.encode() if isinstance(value, str) else struct.pack("i", value)
            result = h.call(NR.setsockopt, fd, level, option, data, len(data))
            if result < 0:
                raise OSError(-result, f"{name}={value}")

    def _set(self, name, value):
        self.lab.conductor("flow_set", self._flow, name.encode(), value)

    def _get(self, name):
        return 0 if self._flow is None else self.lab.conductor("flow_get", self._flow, name.encode())

    def _records(self, name, layout, *args):
        """Yields the structs in an array of the engine."""
        if self._flow is None:
            return iter(())
        return layout.iter_unpack(self.lab.conductor.records(name, layout.size, self._flow, *args))

    # ---- measurements -------------------------------------------------------------------------------------------

    done = property(lambda self: bool(self._get("done")), doc="The flow is over, also if it failed.")
    read = property(lambda self: self._get("read"), doc="Bytes that the reader received.")
    lost = property(lambda self: self._get("lost"), doc="Data segments that were dropped or lost on their way.")
    marked = property(lambda self: self._get("marked"), doc="Data segments that a queue marked (ECN).")
    retransmissions = property(lambda self: self._get("again"), doc="Data segments all of whose bytes had been sent before.")
    started = property(lambda self: self._get("started") / NS, doc="The time of connect(), in s.")
    connected = property(lambda self: self._get("connected") / NS, doc="The time at which connect() returned, in s.")
    finished = property(lambda self: self._get("finished") / NS, doc="The time at which the reader got the last byte or the flow was ended, in s.")

    @property
    def error(self):
        """The OSError that ended the flow; None if it did not fail."""
        number = -self._get("error")
        return OSError(number, os.strerror(number), self.name) if number else None

    def _cached(self, name, make):
        """Returns the result of make(). If the flow is over, its lists no longer change: the result is kept for later
        calls."""
        if name in self._cache:
            return self._cache[name]
        made = make()
        if self.done:
            self._cache[name] = made
        return made

    @property
    def samples(self):
        """The samples of the sender's TCP_INFO, a list."""
        return self._cached("samples", lambda: [_sample(v) for v in self._records("flow_samples", SAMPLE)])

    def _segments(self, acks):
        return [Segment(time / NS, seq, length, ack, bool(flags & LOST), bool(flags & AGAIN), bool(flags & MARKED))
                for time, seq, ack, length, flags in self._records("flow_segments", SEGMENT, acks)]

    @property
    def segments(self):
        """The data segments that the sender sent, in order."""
        return self._cached("segments", lambda: self._segments(False))

    @property
    def acks(self):
        """The segments that the receiver sent, in order."""
        return self._cached("acks", lambda: self._segments(True))

    @property
    def seconds(self):
        """The seconds from connect(), at the time `started`, to the end of the flow, at the time `finished`."""
        self._require_done()
        return self.finished - self.started

    @property
    def goodput(self):
        """The rate of the bytes that were read, in bit/s."""
        self._require_done()
        return self.read * 8 / self.seconds if self.seconds else 0.0

    def throughput(self, step=0.1):
        """Returns [(time, bit/s)]: the rate of the bytes that were read, over steps of @step seconds. A step is not
        shorter than the time between two samples."""
        points, last = [], None
        for s in self.samples:
            if last is None:
                last = s
            elif s.time - last.time >= step * 0.999:
                points.append((s.time, (s.read - last.read) * 8 / (s.time - last.time)))
                last = s
        return points

    def result(self):
        """Returns the flow's measurements as a dict."""
        self._require_done()
        rtts = [s.rtt for s in self.samples if s.rtt]
        return {"flow": self.name, "congestion": self.congestion, "start": self.started,
                "seconds": self.seconds, "bytes": self.read, "goodput": self.goodput,
                "segments": self._get("segments"), "retransmissions": self.retransmissions, "lost": self.lost,
                "marked": self.marked, "rtt_mean": sum(rtts) / len(rtts) if rtts else None,
                "background": self.plan["background"],
                "error": str(self.error) if self.error else None}

    def csv(self, path):
        """Writes the samples as CSV; returns @path."""
        return write_csv(path, Sample._fields, self.samples)

    def _require_done(self):
        require(self.done, "this transfer is not over: lab.run() first")

    def plot(self, path):
        """Draws sequence numbers, cwnd and RTT over time, and writes the figure as SVG (needs matplotlib)."""
        self._require_done()
        return plotter().plot_transfer(self, path)


def plotter():
    """Returns the module that draws; says which Python has matplotlib, if this one has none."""
    try:
        from . import plot  # pylint: disable=import-outside-toplevel
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{error}: a figure needs it; `tools/setup lab` gives it to /usr/bin/python3, "
                                  f"and this is {sys.executable}") from error
    return plot
