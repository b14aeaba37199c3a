# SPDX-License-Identifier: MIT
"""The classes of a parsed script: options, events and their parts.

parser.py, parse_packet.py and parse_call.py create the objects, runner.py uses them.  Times are in nanoseconds.
"""
from dataclasses import dataclass, field

NS = 1_000_000_000
US = 1_000


@dataclass
class When:
    """An event's time.  relative: it counts from the end of the event before."""
    start: int = 0
    end: int | None = None      # the end in `start~end` (a range) or in `start...end` (a blocking call)
    relative: bool = False
    any: bool = False           # `*`: at any time
    blocking: bool = False      # `start...end`


@dataclass
class Word:
    """A symbol, for example SO_ERROR, or several joined by `|`; value: its number."""
    text: str
    value: int


@dataclass
class Field:
    """An element of a struct: `name = value`, `name(argument) = value`, or only a value (name None)."""
    name: str | None
    value: object
    argument: object = None


@dataclass
class Struct:
    """A struct in the script: `{...}`."""
    fields: list

    def get(self, name, fallback=None):
        """Returns the value of the field @name, @fallback if there is none."""
        for f in self.fields:
            if f.name == name:
                return f.value
        return fallback


@dataclass
class Address:
    """A socket address, from a struct with sa_family, sin_port and sin_addr."""
    family: int
    port: int
    ip: str


@dataclass
class Option:
    """A TCP option.  kind: nop eol mss wscale sackOK sack TS FO FOEXP md5 ECN kind-N; data: depends on the kind."""
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
    """The fields of the IP header that a script gives in `[...]`; None: the script does not give that field."""
    ecn: str | None = None      # noecn ect0 ect1 ce ect01
    tos: int | None = None
    ttl: int | None = None
    flowlabel: int | None = None


@dataclass
class TcpPacket:
    """A TCP packet of the script.  Its numbers and ports are the script's; flow.py translates them for the wire."""
    outbound: bool
    flags: frozenset
    ace: int | None             # AccECN's three-bit counter
    seq: int
    length: int
    ack: int | None = None
    window: int | None = None
    urgent: int | None = None
    options: list | None = field(default_factory=list)  # None: `<...>`, any options
    ip: IpInfo = field(default_factory=IpInfo)
    ports: tuple | None = None  # (source, destination); None: the script names no ports


@dataclass
class IcmpPacket:
    """An ICMP packet of the script: `icmp TYPE [CODE] [mtu N] [seq:end(len)]`."""
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
    """A system call and its expected result."""
    name: str
    arguments: list
    result: int | None          # None: `...`, anything
    errno: str | None
    text: str


@dataclass
class Shell:
    """One or several shell lines in backticks; line: the number of the first."""
    text: str
    line: int = 1


@dataclass
class Snippet:
    """Python code in `%{ ... }%`; line: the number of its first line."""
    text: str
    line: int = 1


@dataclass
class Unsupported:
    """A packet that the parser knows but the interpreter can't play: the script is skipped."""
    reason: str


@dataclass
class Event:
    """An event.  what: its packet, call, shell line or snippet; source: its text, for messages."""
    line: int
    when: When
    what: object
    source: str


@dataclass
class Script:
    """A parsed file."""
    path: str
    options: dict
    before: list                # of Shell: lines before the first event
    events: list                # of Event
    after: list                 # of Shell: lines after the last event
