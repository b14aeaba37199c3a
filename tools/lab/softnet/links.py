# SPDX-License-Identifier: MIT
"""Links: their two directions, the disciplines of their queues, and their losses.

The engine does the work (tools/lab/engine/net.c, queue.c); this module checks the settings and passes them on.
"""
import csv
import math
import struct
from dataclasses import dataclass, fields
from typing import NamedTuple

from softnet.host import NS

from . import checks
from .checks import require

DROPTAIL_KIND, RED_KIND, CODEL_KIND, STEP_KIND, POLICER_KIND = range(5)    # enum discipline in engine.h


@dataclass
class DropTail:
    """Drops a packet that does not fit. bytes and packets are the most that may wait; 0: no limit."""
    bytes: float = 0
    packets: float = 0
    kind = DROPTAIL_KIND


@dataclass
class RED:
    """Random Early Detection (Floyd and Jacobson 1993; RFC 2309). low and high: the thresholds of the average queue,
    in packets; most: the drop probability at high; weight: weight of a new value in the average; gentle: above
    high the probability rises slowly to 1; ecn: ECT packets are marked, not dropped; packets, bytes: as in
    DropTail."""
    low: float = 5
    high: float = 15
    most: float = 0.1
    weight: float = 0.002
    packets: float = 1000
    bytes: float = 0
    gentle: bool = True
    ecn: bool = False
    kind = RED_KIND


@dataclass
class CoDel:
    """CoDel (RFC 8289). target and interval in seconds; ecn: ECT packets are marked, not dropped; packets, bytes: as
    in DropTail."""
    target: float = 0.005
    interval: float = 0.1
    packets: float = 1000
    bytes: float = 0
    ecn: bool = False
    kind = CODEL_KIND


@dataclass
class Step:
    """Marks ECT packets while more than threshold packets wait, as DCTCP requires of a switch (RFC 8257 3.1). packets,
    bytes: as in DropTail."""
    threshold: float = 20
    packets: float = 1000
    bytes: float = 0
    ecn = True
    kind = STEP_KIND


@dataclass
class Policer:
    """Drops a packet that finds fewer tokens than it has bytes. rate: bit/s, at which tokens come; burst: the bytes that
    pass at once when the bucket is full, as it is at the beginning; packets, bytes: as in DropTail. The rate of the link
    itself must be higher, and not 0."""
    rate: float = 8e6
    burst: float = 60_000
    packets: float = 1000
    bytes: float = 0
    kind = POLICER_KIND


@dataclass
class Bursts:
    """Losses in bursts (Gilbert and Elliott). enter: the probability that a burst begins at a frame; leave: the
    probability that the burst ends at a frame; loss: the share of frames that are lost in a burst; otherwise: the share
    that are lost outside of bursts."""
    enter: float
    leave: float
    loss: float = 1.0
    otherwise: float = 0.0


DISCIPLINES = (DropTail, RED, CoDel, Step, Policer)
SHARES = ("duplicate", "reorder")
SECONDS = ("delay", "jitter", "reorder_delay", "processing", "every")
LISTS = ("rates", "trace", "outages", "drop")
OPTIONS = ("rate", "queue", "loss") + SHARES + SECONDS + LISTS
# Fields of the disciplines that have another name in the engine: {name here: name in the engine}.
ENGINE_NAMES = {"bytes": "limit_bytes", "packets": "limit_packets", "rate": "token_rate"}


class QueueSample(NamedTuple):
    """The state of a queue.  time: in s; bytes and packets that wait; sojourn: seconds that the packet which left last
    had spent in the queue; sent_bytes, dropped and marked: counts since the beginning."""
    time: float
    bytes: int
    packets: int
    sojourn: float
    sent_bytes: int
    dropped: int
    marked: int


def _pairs(name, value, unit):
    """Checks a list of pairs of numbers whose first numbers rise. Returns a flat list, with the first numbers in ns."""
    flat, last = [], -1.0
    require(isinstance(value, (list, tuple)), f"{name}={value!r}: a list of (seconds, {unit})")
    for pair in value:
        require(isinstance(pair, (list, tuple)) and len(pair) == 2, f"{name}: {pair!r} is no pair of (seconds, {unit})")
        checks.number(f"{name}: time", pair[0], "seconds")
        checks.number(f"{name}: {unit}", pair[1], unit)
        require(pair[0] > last, f"{name}: the times rise, and {pair[0]} is behind {last}")
        last = pair[0]
        flat += [pair[0] * NS, pair[1]]
    return flat


def _flat_list(name, value):
    """Checks the list @value; returns its numbers in the form that the engine expects."""
    if name == "rates":
        return _pairs(name, value, "bit/s")
    if name == "outages":
        flat = _pairs(name, value, "seconds")
        for start, end in value:
            require(end > start, f"outages: ({start}, {end}) ends before it begins")
        return [x * NS if i % 2 else x for i, x in enumerate(flat)]
    unit = "milliseconds" if name == "trace" else "numbers of data segments"
    require(isinstance(value, (list, tuple, set, range)), f"{name}={value!r}: a list of {unit}")
    for x in value:
        checks.number(name, x, unit)
    if name == "trace":
        require(not value or list(value) == sorted(value), "trace: the times rise")
        require(not value or value[-1] > 0, "trace: the last time is the length of the trace, above 0")
        return [x * 1e6 for x in value]
    return sorted(value)


def _queue_commands(queue):
    """Checks a discipline; returns its settings in the form that the engine expects."""
    if isinstance(queue, (int, float)):
        checks.number("queue", queue, "bytes, or DropTail(), RED(), CoDel(), Step(), Policer()", endless=True)
        queue = DropTail(bytes=0 if queue == math.inf else max(queue, 1))
    require(isinstance(queue, DISCIPLINES), f"queue={queue!r}: bytes, or DropTail(), RED(), CoDel(), Step(), Policer()")
    kind = type(queue).__name__
    for field in fields(queue):
        checks.number(f"{kind}: {field.name}", getattr(queue, field.name), "see its description")
    if isinstance(queue, RED):
        require(queue.low < queue.high, f"RED: low={queue.low} is below high={queue.high}")
        require(0 < queue.most <= 1 and 0 < queue.weight <= 1, "RED: most and weight are shares above 0")
    yield "discipline", queue.kind
    yield "ecn", float(getattr(queue, "ecn", False))
    for field in fields(queue):
        if field.name != "ecn":
            value = getattr(queue, field.name) * (NS if field.name in ("target", "interval") else 1)
            yield ENGINE_NAMES.get(field.name, field.name), value


def _loss_commands(loss):
    """Checks a share of losses, or Bursts; returns the engine's settings for it."""
    if isinstance(loss, Bursts):
        for field in fields(loss):
            value = getattr(loss, field.name)
            require(isinstance(value, (int, float)) and 0 <= value <= 1, f"Bursts: {field.name}={value!r}: a share, 0 to 1")
        yield from (("loss", loss.otherwise), ("bad_enter", loss.enter), ("bad_leave", loss.leave), ("bad_loss", loss.loss))
    else:
        checks.share("loss", loss)
        yield from (("loss", loss), ("bad_enter", 0))


def commands(options):
    """Checks the settings of a direction; returns them as (name, number or list of numbers) for the engine."""
    made = []
    for name, value in options.items():
        require(name in OPTIONS, f"{name}={value!r}: no setting of a link; there are {', '.join(OPTIONS)}")
        if name == "rate":
            checks.number("rate", value, "bit/s; 0: unlimited", endless=True)
            made.append((name, 0 if value == math.inf else value))
        elif name == "queue":
            made += _queue_commands(value)
        elif name == "loss":
            made += _loss_commands(value)
        elif name in SHARES:
            checks.share(name, value)
            made.append((name, value))
        elif name in SECONDS:
            checks.number(name, value, "seconds")
            made.append((name, value * NS))
        else:
            made.append((name, _flat_list(name, value)))
    return made


class Direction:
    """One direction of a link, with its counters and samples. set() changes its settings, also while the lab runs."""
    __slots__ = ("_engine", "_pipe", "name")    # so that link.forth.loss = 0.1 is an error, and not without effect

    def __init__(self, engine, sender, receiver, name):
        self._engine, self.name = engine, name
        self._pipe = engine("pipe", sender.node, receiver.node)

    @property
    def number(self):
        """The number of the direction's pipe in the engine."""
        return self._pipe

    def set(self, **options):
        """Changes settings; takes the same options as Lab.wire()."""
        for name, value in commands(options):
            if isinstance(value, list):
                self._engine.numbers(self._pipe, name, value)
            else:
                result = self._engine("pipe_set", self._pipe, name.encode(), value)
                require(result == 0, f"{name}: this engine has no such setting: `make lab-build`")

    def _get(self, name):
        return int(self._engine("pipe_get", self._pipe, name.encode()))

    frames = property(lambda self: self._get("frames"), doc="Frames that were sent.")
    bytes = property(lambda self: self._get("bytes"), doc="Their bytes.")
    dropped = property(lambda self: self._get("dropped"), doc="Packets that the queue dropped.")
    marked = property(lambda self: self._get("marked"), doc="Packets that the queue marked (ECN).")
    lost = property(lambda self: self._get("lost"), doc="Frames that were lost behind the queue.")
    duplicated = property(lambda self: self._get("duplicated"), doc="Frames that arrived twice.")
    reordered = property(lambda self: self._get("reordered"), doc="Frames that were delayed by reorder_delay.")

    @property
    def samples(self):
        """The samples of the queue, in the order of time."""
        return [QueueSample(t / NS, size, packets, sojourn / NS, sent, dropped, marked)
                for t, size, packets, sojourn, sent, dropped, marked in
                struct.iter_unpack("<7Q", self._engine.records("pipe_samples", 56, self._pipe))]

    @property
    def delays(self):
        """The queueing delay of each packet that was sent: a list, in s."""
        return [ns / NS for ns, in struct.iter_unpack("<Q", self._engine.records("pipe_sojourns", 8, self._pipe))]

    def result(self):
        """Returns the counters and the queueing delay, as a dict."""
        delays = sorted(self.delays)
        return {"link": self.name, "frames": self.frames, "bytes": self.bytes, "dropped": self.dropped,
                "marked": self.marked, "lost": self.lost, "duplicated": self.duplicated, "reordered": self.reordered,
                "delay_mean": sum(delays) / len(delays) if delays else 0.0,
                "delay_95": delays[math.ceil(0.95 * len(delays)) - 1] if delays else 0.0}

    def csv(self, path):
        """Writes the samples of the queue as CSV; returns @path."""
        return write_csv(path, QueueSample._fields, self.samples)


class Link:
    """A link, with two directions: `forth` leads from the first end to the second, `back` from the second to the
    first."""
    __slots__ = ("_engine", "name", "forth", "back")

    def __init__(self, engine, a, b, name):
        self._engine, self.name = engine, name
        self.forth = Direction(engine, a, b, f"{name} forth")
        self.back = Direction(engine, b, a, f"{name} back")

    def set(self, **options):
        """Changes settings of both directions. If a setting is invalid, changes neither direction."""
        commands(options)   # so that an error changes neither direction
        self.forth.set(**options)
        self.back.set(**options)

    @property
    def dropped(self):
        """The number of packets that did not arrive, in both directions: dropped by a queue, or lost."""
        return sum(d.dropped + d.lost for d in (self.forth, self.back))

    def capture(self, path):
        """Writes the frames of both directions to a pcapng file from now on. A frame is written when it leaves the
        queue; a dropped one when it is dropped, with the reason as a comment."""
        checks.folder_of(path)
        if self._engine("capture_link", self.forth.number, self.back.number, str(path).encode()) < 0:
            raise OSError(f"{path}: cannot be written")
        return path


def write_csv(path, header, rows):
    """Writes a table as CSV; returns @path."""
    checks.folder_of(path)
    with open(path, "w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path
