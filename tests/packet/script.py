# SPDX-License-Identifier: MIT
"""A parsed script: options, events and their objects.

Made by parser.py and its kin, used by runner.py.  Times are in nanoseconds.
"""
from dataclasses import dataclass, field

NS = 1_000_000_000
US = 1_000


@dataclass
class When:
    """An event's time.  relative: counts from the end of the event before."""
    start: int = 0
    end: int | None = None      # of a range, or of a blocking call
    relative: bool = False
    any: bool = False           # `*`
    blocking: bool = False      # `start...end`


@dataclass
class Word:
    """A symbol: its text and its value."""
    text: str
    value: int


@dataclass
class Field:
    """`name = value` or `name(argument) = value` of a struct, or a value alone (name None)."""
    name: str | None
    value: object
    argument: object = None


@dataclass
class Struct:
    """`{...}`"""
    fields: list

    def get(self, name, fallback=None):
        """The value of a named field."""
        for f in self.fields:
            if f.name == name:
                return f.value
        return fallback


@dataclass
class Address:
    """A socket address written out, or made of it."""
    family: int
    port: int
    ip: str


@dataclass
class Option:
    """A TCP option.  kind: nop eol mss wscale sackOK sack TS FO FOEXP md5 ECN; data by kind."""
    kind: str
    data: object = None

    def __str__(self):
        if self.data is None:
            return self.kind
        if self.kind == "TS":
            return "TS val %d ecr %d" % self.data
        if self.kind == "sack":
            return "sack " + " ".join("%d:%d" % block for block in self.data)
        if self.kind == "ECN":
            return "ECN " + " ".join("%s %d" % pair for pair in self.data)
        if isinstance(self.data, bytes):
            return f"{self.kind} {self.data.hex()}".rstrip()
        return f"{self.kind} {self.data}"


@dataclass
class IpInfo:
    """The fields of the IP header in `[...]`; None: none given."""
    ecn: str | None = None      # noecn ect0 ect1 ce ect01
    tos: int | None = None
    ttl: int | None = None
    flowlabel: int | None = None


@dataclass
class TcpPacket:
    """A line of a TCP packet, in the script's numbers."""
    outbound: bool
    flags: frozenset
    ace: int | None             # AccECN's count of three bits
    seq: int
    length: int
    ack: int | None = None
    window: int | None = None
    urgent: int | None = None
    options: list | None = field(default_factory=list)  # None: `<...>`, any
    ip: IpInfo = field(default_factory=IpInfo)
    ports: tuple | None = None  # (source, destination), in the script's numbers


@dataclass
class IcmpPacket:
    """`icmp TYPE [CODE] [mtu N] [seq:end(len)]`"""
    outbound: bool
    type: int
    code: int
    mtu: int | None
    quote: tuple | None         # (seq, length)
    text: str
    ip: IpInfo = field(default_factory=IpInfo)
    ports: tuple | None = None


@dataclass
class Call:
    """A system call and what is expected of it."""
    name: str
    arguments: list
    result: int | None          # None: `...`, anything
    errno: str | None
    text: str


@dataclass
class Shell:
    """A line in backticks, or several."""
    text: str
    line: int = 1


@dataclass
class Snippet:
    """`%{ ... }%`"""
    text: str
    line: int = 1


@dataclass
class Unsupported:
    """Understood, and known not to be done here."""
    reason: str


@dataclass
class Event:
    """One line of the story."""
    line: int
    when: When
    what: object
    source: str


@dataclass
class Script:
    """All of a file."""
    path: str
    options: dict
    before: list                # Shell
    events: list                # Event
    after: list                 # Shell
