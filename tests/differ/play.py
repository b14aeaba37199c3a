# SPDX-License-Identifier: MIT
"""Plays one scenario on one machine, step by step.

crowd.py and ours.py call play(), a generator that yields the time until which its machine must run.  It leaves
the answers, the resolved steps, their times and all packets in the Player; and the prompt answers, which have no packet
that Linux's timers might send only after the step's end.  A machine (a Face) has

    now()               the time in nanoseconds
    inject(bytes)       delivers an IP packet
    call(number, ...)   returns a system call's result (negative errno), or None if the call did not return at once
    take()              returns the IP packets sent since the last take(): (time, bytes)
    addresses           {name: "A.B.C.D"}: local, peer, lo ...
    port(k)             returns the k-th local port of this scenario
"""
import ctypes
import os
import re
import struct
import sys
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "packet"))
# pylint: disable=wrong-import-position
from packets import ICMP, TCP, IpInfo, build_icmp, build_tcp, ip_header, read_packet  # noqa: E402
from script import Option  # noqa: E402
from symbols import NUMBERS  # noqa: E402
from syscalls import sockaddr  # noqa: E402
from tcpinfo import decode  # noqa: E402
import normal  # noqa: E402
from dgram import CALLS as DGRAM_CALLS, KINDS as DGRAM_KINDS, STEPS as DGRAM_STEPS, Datagrams, buffer  # noqa: E402
from receiver import BLOCKS_MAX, Receiver  # noqa: E402

MASK = normal.MASK
MS, US = 1_000_000, 1_000
REMOTE_PORT = 5555          # port of peer 0; peer n has this + n
LOCAL_PORTS = 4             # ports of a scenario: p0 to p3
REMOTE_PORTS = 4            # of the peer that have names: r0 to r3
BAD_FD = 9999
NONBLOCK = 0o4000
NO_TS = "-"
EPHEMERAL = "eph"
TCP_CLOSE = 7
SIOCOUTQ = 0x5411
DGRAM_PROTOCOLS = (1, 17)
MSS_DEFAULT = 536           # the MSS of a peer whose SYN has no MSS option
TS_BYTES = 12
# Linux's timer wheel (CONFIG_HZ=250) rounds timeouts up, those below 256 ms by at most 4 ms, longer ones by more.
# Each row: (timeouts below this, are late by at most this), in ms; this includes 4 ms for the tick, and 4 ms for a
# busy host.
WHEEL = ((256, 12), (2048, 40))
WHEEL_MAX = 264
# counted from the step's beginning; a packet that is sent later was sent by a timer
AT_ONCE_US = 500
# Fields of TCP_INFO that are compared; of a closed socket only the state.
INFO_NAMES = ("state", "ca_state", "retransmits", "unacked")
RECOVERY_NAMES = INFO_NAMES + ("sacked", "lost", "retrans", "snd_cwnd", "snd_ssthresh", "reordering", "reord_seen",
                               "dsack_dups", "total_retrans")
DELIVERED_NAMES = RECOVERY_NAMES + ("delivered",)
INFO = (INFO_NAMES, RECOVERY_NAMES, DELIVERED_NAMES)


@dataclass
class Peer:
    """The remote end of one connection, with the state that a real peer would have."""
    number: int
    port: int               # the peer's port
    local_port: int         # the kernel's port
    irs: int                # the peer's initial sequence number
    iss: int | None = None  # the kernel's initial sequence number
    next: int = 1           # the peer's next sequence number, relative to irs
    una: int = 1            # the kernel's bytes that the peer acknowledged
    top: int = 0            # the end of the data that the kernel sent
    ecr: int = 0            # the kernel's last timestamp, to be echoed
    quote: int = 0          # where the kernel's last SYN or data begins; an ICMP error may quote it
    mss: int = MSS_DEFAULT  # maximum number of data bytes in a segment to this peer
    sack: bool = False      # both SYNs permit SACK
    received: Receiver | None = None
    live: list = field(default_factory=list)


def number_at(word, names):
    """Returns the number of a position: for nxt+5 with names {"nxt": 7} it is 12; for a number, itself."""
    if isinstance(word, int):
        return word
    for i, c in enumerate(word):
        if c in "+-":
            return names[word[:i]] + int(word[i:])
    return names[word]


def sack_edges(item):
    """Returns the numbers or positions of an option like sack1:5:9:12; None if it is another option."""
    if not item.startswith("sack") or item == "sackOK":
        return None
    return [int(edge) if edge.lstrip("-").isdigit() else edge for edge in item[4:].split(":")]


def echo_of(options):
    """Returns (position, number) of the item ecrPOSITION.NUMBER in a text of options, or None."""
    found = re.search(r"\becr(\d+)\.(\d+)", options)
    return (int(found[1]), int(found[2])) if found else None


def options_of(word, iss=0):
    """Returns the Options of a text like mss1000,wscale2 or sack1:5:9:12, whose numbers count from @iss."""
    out = []
    for item in [] if word == "-" else word.split(","):
        name, edges = item.rstrip("0123456789"), sack_edges(item)
        if edges:
            numbers = [(edge + iss) & MASK for edge in edges]
            out += [Option("nop"), Option("nop"), Option("sack", list(zip(numbers[::2], numbers[1::2])))]
        elif not item.startswith("ecr"):
            out += {"wscale": [Option("nop")], "sackOK": [Option("nop"), Option("nop")]}.get(name, [])
            out.append(Option(name, int(item[len(name):]) if item != name else None))
    return out


class Player:
    """Plays one scenario on one machine, and keeps the results."""

    def __init__(self, scenario, face):
        self.scenario, self.face = scenario, face
        self.answers, self.prompt, self.steps, self.at, self.packets = [], [], [], [], []
        self.unsayable = set()  # steps that a packet script cannot express (printer.NO_WORD_FOR)
        self.sockets = {}       # name: descriptor
        self.peers = {}
        self.protocols = {}     # name of a socket: its third argument of socket()
        self.dgram = Datagrams(self) if scenario.kind in DGRAM_KINDS else None
        self.start = 0
        self.result = self.extra = None

    def fd(self, name):
        """Returns a socket's descriptor, or a bad descriptor if there is no such socket."""
        return self.sockets.get(name, BAD_FD)

    def peer(self, number):
        """Returns a peer; creates it at its first use."""
        if number not in self.peers:
            self.peers[number] = Peer(number, REMOTE_PORT + number, self.face.port(0), self.scenario.irs)
        return self.peers[number]

    # ---- the steps -----------------------------------------------------------------------------------

    def play(self, times=None):
        """Plays the scenario; yields the time at which it must be resumed. @times has the time of each step and of
        the end, in us; without @times, each step's own wait is used."""
        self.start = start = self.face.now()
        self.peer(0)
        for i, (wait, words) in enumerate(self.scenario.steps):
            if times:
                yield start + times[i] * US
            if i:
                self._collect()
            self.at.append((self.face.now() - start) // US)
            self.result = self.extra = None
            words = self._act(words)
            self.steps.append((wait, words))
            if not times:
                yield self.face.now() + wait * MS
        if times:
            yield start + times[-1] * US
        self._collect()
        self.at.append((self.face.now() - start) // US)
        for fd in self.sockets.values():
            self.face.call(NUMBERS["close"], fd)

    def _act(self, words):
        name = words[0]
        if name == "seg":
            return self._segment(*words[1:])
        if name == "ack":
            return self._ack(*words[1:])
        if name == "icmp":
            return self._icmp(*words[1:])
        if name in DGRAM_STEPS + DGRAM_CALLS:
            self.unsayable.add(len(self.answers))
            getattr(self.dgram, name)(*words[1:])
        elif name != "wait":
            CALLS[name](self, *words[1:])
        return words

    # ---- packets ---------------------------------------------------------------------------------------

    def _segment(self, number, flags, seq, length, ack, window, tsval, options):
        peer = self.peer(number)
        names = {"nxt": peer.next, "una": peer.una, "all": max(peer.top, peer.una),
                 "half": peer.una + (max(peer.top, peer.una) - peer.una) // 2}
        seq = number_at(seq, names)
        ack = ack if ack == "-" else number_at(ack, names)
        options = ",".join(self._resolved(item, names) for item in options.split(","))
        made = options_of(options, peer.iss or 0)
        bits = frozenset() if flags == "-" else frozenset(flags)
        if tsval != NO_TS:
            ecr = self._echo(peer, options) if "." in bits else 0
            made = [Option("nop"), Option("nop"), Option("TS", ((self.scenario.ts_base + tsval) & MASK, ecr)), *made] \
                if "sack" in options and "sackOK" not in options else \
                made + [Option("nop"), Option("nop"), Option("TS", ((self.scenario.ts_base + tsval) & MASK, ecr))]
        if "S" in bits:
            self._offered(peer, options, tsval)
        live = SimpleNamespace(flags=bits, ports=(peer.port, peer.local_port), seq=(peer.irs + seq) & MASK,
                               ack=((peer.iss or 0) + ack) & MASK if ack != "-" else 0, window=window,
                               urgent=1 if "U" in bits else 0, ip=IpInfo())
        self.face.inject(build_tcp(self.face.addresses["peer"], self.face.addresses["local"], live, made, length))
        if ack != "-" and "R" not in bits and peer.una < ack <= peer.top:
            peer.una = ack
        end = seq + length + ("F" in bits)
        if not bits & {"R", "S"} and seq <= peer.next < end:
            peer.next = end
        return "seg", number, flags, seq, length, ack, window, tsval, options

    @staticmethod
    def _resolved(item, names):
        edges = sack_edges(item)
        return "sack" + ":".join(str(number_at(edge, names)) for edge in edges) if edges else item

    @staticmethod
    def _offered(peer, options, tsval):
        """Learns from the peer's SYN how long the kernel's segments can be."""
        mss = re.search(r"mss(\d+)", options)
        peer.mss = max(1, (int(mss[1]) if mss else MSS_DEFAULT) - (TS_BYTES if tsval != NO_TS else 0))
        peer.sack = "sackOK" in options

    @staticmethod
    def _echo(peer, options):
        echo = echo_of(options)
        stamp = peer.received.stamp_of(*echo) if echo and peer.received else None
        return peer.ecr if stamp is None else stamp

    def _ack(self, number, fates, window, tsval):
        """Decides the fate of the kernel's next segments and acknowledges them; a fate of 0 loses the ACK."""
        peer = self.peer(number)
        received = peer.received = peer.received or Receiver(peer.mss)
        received.play(fates)
        if "0" in fates:
            return ("wait",)
        blocks = received.reported(BLOCKS_MAX - (tsval != NO_TS))
        options = ["sack" + ":".join(f"{low}:{high}" for low, high in blocks)] if blocks and peer.sack else []
        if tsval != NO_TS and received.echo is not None and received.sent[received.echo][2] is not None:
            options.append("ecr{}.{}".format(*received.transmission(received.echo)))
        return self._segment(number, ".", "nxt", 0, received.next, window, tsval, ",".join(options) or "-")

    def _icmp(self, number, kind, code, mtu, seq):
        peer = self.peer(number)
        seq = number_at(seq, {"una": peer.una, "all": max(peer.top, peer.una), "last": peer.quote})
        local, remote = self.face.addresses["local"], self.face.addresses["peer"]
        tcp = struct.pack(">HHI", peer.local_port, peer.port, ((peer.iss or 0) + seq) & MASK)
        quote = ip_header(local, remote, TCP, 20) + tcp
        self.face.inject(build_icmp(remote, local, SimpleNamespace(type=kind, code=code, mtu=mtu, ip=IpInfo()), quote))
        return "icmp", number, kind, code, mtu, seq

    def _collect(self):
        """Records the packets of the step that ends here, and its answer."""
        seen_by_peer, prompt, kept = {}, {}, []
        taken = self.face.take()
        for time, data in taken:
            seen = read_packet(time, data)
            if seen is None or seen.dst != self.face.addresses["peer"]:
                continue
            peer = next((p for p in self.peers.values() if p.port == seen.dport), None)
            if seen.proto == ICMP or peer is None:
                continue
            if "S" in seen.flags and peer.iss not in (None, seen.seq) or "R" in seen.flags and not seen.seq:
                self.unsayable.add(len(self.answers))
            self._learn(peer, seen)
            seen_by_peer.setdefault(peer.number, []).append(seen)
            if not self._on_the_edge((time - self.start) // US):
                prompt.setdefault(peer.number, []).append(seen)
            kept.append(((time - self.start) // US, peer.number, replace(seen, seq=(seen.seq - (peer.iss or 0)) & MASK,
                                                                            ack=(seen.ack - peer.irs) & MASK if "." in seen.flags else 0)))
        datagrams = self.dgram.words([data for _, data in taken]) if self.dgram else []
        self.packets.append(kept)
        self.answers.append(self._answer(seen_by_peer, datagrams))
        self.prompt.append(self._answer(prompt, datagrams))

    def _answer(self, seen_by_peer, datagrams):
        words = {n: normal.packets_words(seen, self.peers[n].iss or 0, self.peers[n].irs, self.scenario.ts_base)
                 for n, seen in seen_by_peer.items()}
        return " ".join(word for word in (normal.answer(self.result, self.extra, words), *datagrams) if word)

    def _on_the_edge(self, sent):
        """Returns true if a timer sent a packet at the time @sent (us), and Linux's timer may end only after this step."""
        late = next((late for below, late in WHEEL if sent < below * 1000), WHEEL_MAX)
        return sent > self.at[-1] + AT_ONCE_US and sent + late * 1000 > (self.face.now() - self.start) // US

    @staticmethod
    def _learn(peer, seen):
        peer.local_port = seen.sport
        if "S" in seen.flags and peer.iss != seen.seq:
            peer.iss, peer.una, peer.top, peer.received = seen.seq, 1, 0, None     # a new connection
        stamp = next((o.data[0] for o in seen.options if o.kind == "TS"), None)
        peer.ecr = peer.ecr if stamp is None else stamp
        if "R" in seen.flags or peer.iss is None:
            return
        start = normal.signed(seen.seq - peer.iss)
        end = start + len(seen.payload) + len(seen.flags & {"S", "F"})
        peer.top = max(peer.top, end)
        if "S" not in seen.flags and end > start:
            peer.received = peer.received or Receiver(peer.mss)
            peer.received.add(start, end, stamp)
        if seen.payload or "S" in seen.flags:
            peer.quote = start

    # ---- calls -------------------------------------------------------------------------------------------

    def call(self, name, *arguments, is_fd=False, keep=()):  # pylint: disable=unused-argument
        """Makes the call and keeps its result as the text that normal.result_word() makes of it. @keep: buffers to
        which the arguments point."""
        result = self.face.call(NUMBERS[name], *arguments)
        self.result = normal.result_word(result, is_fd)
        return result

    def _named(self, result, name):
        if result is not None and result >= 0:
            self.sockets[name] = result

    def socket(self, name, domain, kind, protocol):
        """Creates sN; @kind already includes SOCK_NONBLOCK."""
        self.protocols[name] = protocol
        if self.dgram and protocol in DGRAM_PROTOCOLS:
            self.unsayable.add(len(self.answers))
        self._named(self.call("socket", domain, kind, protocol, is_fd=True), name)

    def accept(self, listener, name, flags):
        """Accepts; makes a blocking child non-blocking, because no call may block."""
        fd = self.call("accept4", self.fd(listener), 0, 0, flags, is_fd=True)
        if fd is not None and fd >= 0 and not flags & NONBLOCK:
            self.face.call(NUMBERS["fcntl"], fd, 4, NONBLOCK)
        self._named(fd, name)

    def close(self, name):
        """Closes the socket; its name is then free."""
        self.call("close", self.fd(name))
        self.sockets.pop(name, None)

    def port_of(self, word):
        """Returns the number of a port: pN of the kernel, rN of the peer, or a number."""
        if isinstance(word, int):
            return word
        return REMOTE_PORT + int(word[1:]) if word[0] == "r" else self.face.port(int(word[1:]))

    def address(self, where, port, family):
        """Returns a struct sockaddr_in, with room behind it."""
        return buffer(sockaddr(family, self.face.addresses[where], self.port_of(port)) + bytes(256))

    def bind(self, name, where, port, family, length):
        """Calls bind()."""
        self.call("bind", self.fd(name), self.address(where, port, family), length)

    def connect(self, name, where, port, family, length):
        """Calls connect(). A peer learns the kernel's port from the SYN."""
        self.call("connect", self.fd(name), self.address(where, port, family), length)

    def send(self, name, size, flags):
        """Calls sendto() without an address."""
        self.call("sendto", self.fd(name), buffer(bytes(max(size, 1))), size, flags, 0, 0)

    def recv(self, name, size, flags):
        """Calls recvfrom() without an address."""
        self.call("recvfrom", self.fd(name), buffer(bytes(max(size, 1))), size, flags, 0, 0)

    def _plain(name):  # pylint: disable=no-self-argument
        def made(self, socket, *numbers):
            self.call(name, self.fd(socket), *numbers)
        return made

    def _name(call):  # pylint: disable=no-self-argument
        def made(self, socket, length):
            data, size = buffer(bytes(128)), buffer(struct.pack("<i", length))
            if self.call(call, self.fd(socket), data, size) == 0:
                self.extra = self._address_text(data.raw, struct.unpack("<i", size.raw)[0])
        return made

    def port_name(self, number):
        """Returns the name of a port."""
        known = {0: "0", **{self.face.port(k): f"p{k}" for k in range(LOCAL_PORTS)},
                 **{REMOTE_PORT + n: f"r{n}" for n in range(REMOTE_PORTS)}}
        return known.get(number, EPHEMERAL)

    def host_name(self, data):
        """Returns the name of an address, which is four bytes; an unknown one in numbers."""
        ip = ".".join(map(str, data))
        return next((name for name, known in self.face.addresses.items() if known == ip), ip)

    def protocol(self, name):
        """Returns the third argument with which socket() made @name."""
        return self.protocols.get(name)

    def _address_text(self, data, length):
        return f"{length},{data[0]},{self.host_name(data[4:8])},{self.port_name(struct.unpack('>H', data[2:4])[0])}"

    def get(self, name, level, option, length, shown=1):
        """Calls getsockopt(). If @shown, the answer includes the value's bytes, else only their number."""
        data, size = buffer(bytes(256)), buffer(struct.pack("<i", length))
        if self.call("getsockopt", self.fd(name), level, option, data, size) == 0:
            got = struct.unpack("<i", size.raw)[0]
            self.extra = f"{got}" + (":" + data.raw[:min(got, 16)].hex() if shown else "")

    def set(self, name, level, option, length, *values):
        """Calls setsockopt() with ints as the value."""
        data = struct.pack(f"<{len(values)}i", *values).ljust(max(length, 16), b"\0")
        self.call("setsockopt", self.fd(name), level, option, buffer(data), length)

    def poll(self, name, events):
        """Calls poll() with a timeout of 0."""
        data = buffer(struct.pack("<ihh", self.fd(name), events, 0))
        self.call("poll", data, 1, 0)
        self.extra = f"{struct.unpack('<ihh', data.raw)[2] & 0xffff:x}"

    def ioctl(self, name, request):
        """Calls ioctl() with a pointer to an int."""
        data = buffer(bytes(8))
        if self.call("ioctl", self.fd(name), request, data) == 0:
            # The memory that sent datagrams hold depends on the device: it is not compared.
            held = request == SIOCOUTQ and self.protocol(name) in DGRAM_PROTOCOLS
            self.extra = None if held else str(struct.unpack("<i", data.raw[:4])[0])

    def info(self, name, recovery=0):
        """Reads TCP_INFO: the connection's state; with @recovery, 1 or 2, also that of loss recovery."""
        data, size = buffer(bytes(512)), buffer(struct.pack("<i", 512))
        if self.call("getsockopt", self.fd(name), 6, 11, data, size) == 0:
            info = decode(data.raw[:struct.unpack("<i", size.raw)[0]])
            names = INFO[recovery]
            names = names if info["tcpi_state"] != TCP_CLOSE else names[:1]
            self.extra = ",".join(str(info["tcpi_" + what]) for what in names)

    listen, shutdown = _plain("listen"), _plain("shutdown")
    sockname, peername = _name("getsockname"), _name("getpeername")


CALLS = {name: getattr(Player, name) for name in (
    "socket accept close bind connect send recv listen shutdown sockname peername get set poll ioctl info").split()}
