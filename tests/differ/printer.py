# SPDX-License-Identifier: MIT
"""Prints a scenario with Linux's answers as a packet script for tests/packet/run.

judge.py calls script().  The script expects Linux's packets and results, at Linux's times: where the hosted
kernel differs, the script fails.  A step that the script language cannot express becomes a comment.
"""
import struct

from compare import absorb, describe
from play import INFO, LOCAL_PORTS, NO_TS, REMOTE_PORT, echo_of, options_of
from receiver import Receiver
from scenario import words_text
from script import Option
from symbols import SYMBOLS

TOLERANCE_USECS = 20_000
TOGETHER_US = 2000          # longest time between two packets of one send(); a later packet is a probe, for example
TS_FIRST = 1000             # the kernel's first timestamp in the script
FIRST_FD = 3
MSG_FLAGS = {name: SYMBOLS[name] for name in ("MSG_OOB", "MSG_PEEK", "MSG_TRUNC", "MSG_DONTWAIT", "MSG_WAITALL",
                                              "MSG_NOSIGNAL", "MSG_MORE")}
TYPE_FLAGS = {"SOCK_STREAM": 1, "SOCK_NONBLOCK": SYMBOLS["SOCK_NONBLOCK"]}
IOCTLS = {0x541b: "SIOCINQ", 0x5411: "SIOCOUTQ"}
LEVELS = {1: ("SOL_SOCKET", "SO_"), 6: ("SOL_TCP", "TCP_"), 0: ("SOL_IP", "IP_")}
NO_WORD_FOR = "the language cannot express this step: a datagram, or a number does not count from the peer's first connection"
TCP_CONGESTION = 6, 13
ICMPS = {3: "unreachable", 11: "time_exceeded", 12: "parameter_problem", 4: "source_quench"}


def flags_text(value, table):
    """Returns the names of flags as A|B."""
    names = [name for name, bit in table.items() if value & bit]
    return "|".join(names) if sum(table[n] for n in names) == value and names else str(value)


def option_names(level, option):
    """Returns the names of a level and an option, or their numbers if they have none."""
    level_name, prefix = LEVELS.get(level, (str(level), "?"))
    name = next((n for n, v in SYMBOLS.items() if v == option and n.startswith(prefix)
                 and not n.startswith("IP_PMTUDISC")), str(option))
    return level_name, name


def glued(packets):
    """Returns [(time, peer, Seen)], in which the segments of one send are merged into one packet, as the script
    language expects them."""
    out, size, last = [], 0, 0
    for time, peer, seen in packets:
        together = out and out[-1][1] == peer and size and time - last < TOGETHER_US
        whole, last = absorb(out[-1][2], seen, size) if together else None, time
        if whole is None:
            out.append((time, peer, seen))
            size = len(seen.payload)
        else:
            out[-1] = (out[-1][0], peer, whole)
    return out


class Writer:
    """Writes one script."""

    def __init__(self, player):
        self.player, self.irs = player, player.scenario.irs
        self.ts_base = player.scenario.ts_base
        self.fds, self.ts_first = {}, {}
        self.several = len(player.peers) > 1
        self.ecr = {}
        self.sent = {}          # peer: Receiver with the script's timestamps

    def fd(self, name):
        """Returns the script's descriptor number for sN; a bad one if the scenario never created that socket."""
        return self.fds.get(name, 9999)

    def made(self, name, answer):
        """Returns the script's next descriptor number, if the call returned a descriptor; else the call's result."""
        if answer.split(" ")[0] == "=fd":
            self.fds[name] = FIRST_FD + len(self.fds)
            return str(self.fds[name])
        return self.result(answer)

    @staticmethod
    def result(answer):
        """Returns the result as the script language writes it: 5, or -1 EAGAIN."""
        word = answer.split(" ")[0][1:]
        return word if word.lstrip("-").isdigit() else f"-1 {word}"

    def lines(self):
        """Yields all lines of the script but its head."""
        player = self.player
        for i, (_, words) in enumerate(player.steps):
            at = f"{player.at[i] / 1e6:.6f}"
            line = self.step(words, player.answers[i])
            if i in player.unsayable:
                yield f"// {NO_WORD_FOR}:"
            if line:
                yield line if line.startswith("//") else f"{at} {line}"
            for time, peer, seen in glued(player.packets[i]):
                yield f"{time / 1e6:.6f} {self.outbound(peer, seen)}"

    def step(self, words, answer):
        """Returns the script's line for a step."""
        name = words[0]
        if name == "wait":
            return ""
        if name == "seg":
            return self.inbound(*words[1:])
        if name == "icmp":
            return self.icmp(*words[1:])
        said = getattr(self, "call_" + name, None)
        return said(answer, *words[1:]) if said else "// " + words_text(words)

    # ---- packets -----------------------------------------------------------------------------------------

    def ports(self, peer, outbound):
        """Returns the ports of a packet, if the script has several connections, else ""."""
        if not self.several:
            return ""
        remote, local = REMOTE_PORT + peer, 8080
        return f"{local} > {remote} " if outbound else f"{remote} > {local} "

    def inbound(self, peer, flags, seq, length, ack, window, tsval, options):
        """Returns the line of a segment from the peer: < ..."""
        made = options_of(options)
        if tsval != NO_TS:
            echo = echo_of(options)
            ecr = self.sent[peer].stamp_of(*echo) if echo and peer in self.sent else None
            ecr = self.ecr.get(peer, 0) if ecr is None else ecr
            stamp = [Option("nop"), Option("nop"), Option("TS", ((self.ts_base + tsval) % 2**32, ecr if "." in flags else 0))]
            made = stamp + made if "S" not in flags else made + stamp
        seq = (seq + (self.irs if "S" in flags else 0)) % 2**32
        text = describe(frozenset(flags) - {"-"}, seq, length, None if ack == "-" else ack % 2**32, window,
                        1 if "U" in flags else 0, made)
        return f"< {self.ports(peer, False)}{text}"

    def outbound(self, peer, seen):
        """Returns the line of a segment from the kernel: > ..."""
        made = []
        for o in seen.options:
            if o.kind == "TS":
                first = self.ts_first.setdefault(peer, o.data[0])
                self.ecr[peer] = (TS_FIRST + o.data[0] - first) % 2**32
                o = Option("TS", (self.ecr[peer], o.data[1]))
            elif o.kind == "sack":
                o = Option("sack", [tuple((edge - self.irs) % 2**32 for edge in block) for block in o.data])
            made.append(o)
        size = len(seen.payload) + ("F" in seen.flags)
        if size:
            self.sent.setdefault(peer, Receiver(self.player.peers[peer].mss)).add(
                seen.seq, seen.seq + size, self.ecr.get(peer))
        ack = (seen.ack + (self.irs if "S" in seen.flags else 0)) % 2**32 if "." in seen.flags else None
        text = describe(seen.flags, seen.seq, len(seen.payload), ack, None if seen.window else 0, seen.urgent, made)
        return f"> {self.ports(peer, True)}{text}"

    def icmp(self, _peer, kind, code, mtu, seq):
        """Returns the line of an ICMP error: < icmp ..."""
        mtu = f" mtu {mtu}" if (kind, code) == (3, 4) else ""
        seq %= 2**32
        code = "" if kind == 4 else f" {code}"
        return f"< icmp {ICMPS[kind]}{code}{mtu} [{seq}:{(seq + 1) % 2**32}(1)]"

    # ---- calls ---------------------------------------------------------------------------------------------

    def call_socket(self, answer, name, domain, kind, protocol):
        """Returns the script's text of the call socket()."""
        domain = "..." if domain == 2 else domain
        return f"socket({domain}, {flags_text(kind, TYPE_FLAGS)}, {protocol}) = {self.made(name, answer)}"

    def call_accept(self, answer, name, child, flags):
        """Returns the script's text of the call accept4()."""
        text = f"accept4({self.fd(name)}, ..., ..., {flags_text(flags, TYPE_FLAGS) if flags else 0})"
        return f"{text} = {self.made(child, answer)}"

    def address(self, where, port, family, length):
        """Returns the second and the third argument of a call with an address."""
        default = ("local", "p0") if port == "p0" else ("peer", "r0")
        if (where, port) == default and family == 2 and length == 16:
            return "..., ..."
        face = self.player.face
        number = port if isinstance(port, int) else 8080 + int(port[1:]) % LOCAL_PORTS
        ip = {"peer": "192.0.2.1"}.get(where, face.addresses[where])
        return f'{{sa_family = {family}, sin_port = htons({number}), sin_addr = inet_addr("{ip}")}}, {length}'

    def call_bind(self, answer, name, where, port, family, length):
        """Returns the script's text of the call bind()."""
        return f"bind({self.fd(name)}, {self.address(where, port, family, length)}) = {self.result(answer)}"

    def call_connect(self, answer, name, where, port, family, length):
        """Returns the script's text of the call connect()."""
        return f"connect({self.fd(name)}, {self.address(where, port, family, length)}) = {self.result(answer)}"

    def call_listen(self, answer, name, backlog):
        """Returns the script's text of the call listen()."""
        return f"listen({self.fd(name)}, {backlog}) = {self.result(answer)}"

    def call_shutdown(self, answer, name, how):
        """Returns the script's text of the call shutdown()."""
        return f"shutdown({self.fd(name)}, {how}) = {self.result(answer)}"

    def call_close(self, answer, name):
        """Returns the script's text of the call close()."""
        text = f"close({self.fd(name)}) = {self.result(answer)}"
        return text

    def call_send(self, answer, name, size, flags):
        """Returns the script's text of the call send()."""
        return f"send({self.fd(name)}, ..., {size}, {flags_text(flags, MSG_FLAGS)}) = {self.result(answer)}"

    def call_recv(self, answer, name, size, flags):
        """Returns the script's text of the call recv()."""
        return f"recv({self.fd(name)}, ..., {size}, {flags_text(flags, MSG_FLAGS) if flags else 0}) = {self.result(answer)}"

    def call_sockname(self, answer, name, length):
        """Returns the script's text of the call getsockname(), with its result only."""
        if length < 0:
            return f"// the language cannot express getsockname() with a length of {length}: {self.result(answer)}"
        return f"getsockname({self.fd(name)}, ..., ...) = {self.result(answer)}"

    def call_peername(self, answer, name, length):
        """Returns the script's text of the call getpeername(), with its result only."""
        if length < 0:
            return f"// the language cannot express getpeername() with a length of {length}: {self.result(answer)}"
        return f"getpeername({self.fd(name)}, ..., ...) = {self.result(answer)}"

    def call_get(self, answer, name, level, option, length, shown=1):
        """Returns the script's text of the call getsockopt()."""
        value, out = "...", length
        extra = self.extra(answer)
        if extra is not None:
            out, _, data = extra.partition(":")
            if shown and len(data) == 8:
                value = f"[{struct.unpack('<i', bytes.fromhex(data))[0]}]"
        level, option = option_names(level, option)
        return f"getsockopt({self.fd(name)}, {level}, {option}, {value}, [{out}]) = {self.result(answer)}"

    def call_set(self, answer, name, level, option, length, *values):
        """Returns the script's text of the call setsockopt()."""
        value = f"[{values[0]}]"
        if (level, option) == (1, 13):
            value = f"{{l_onoff={values[0]}, l_linger={values[1]}}}"
        if (level, option) == TCP_CONGESTION:
            value = '"' + struct.pack("<i", values[0]).decode() + '"'
        level, option = option_names(level, option)
        return f"setsockopt({self.fd(name)}, {level}, {option}, {value}, {length}) = {self.result(answer)}"

    def call_poll(self, answer, name, events):
        """Returns the script's text of the call poll()."""
        got = int(self.extra(answer) or "0", 16)
        return f"poll([{{fd={self.fd(name)}, events={events}, revents={got}}}], 1, 0) = {self.result(answer)}"

    def call_ioctl(self, answer, name, request):
        """Returns the script's text of the call ioctl()."""
        value = self.extra(answer)
        return (f"ioctl({self.fd(name)}, {IOCTLS.get(request, request)}, {'...' if value is None else f'[{value}]'})"
                f" = {self.result(answer)}")

    def call_info(self, answer, name, recovery=0):
        """Returns the script's text of the call that reads TCP_INFO."""
        extra = self.extra(answer)
        what = "..."
        if extra is not None:
            names = INFO[recovery]
            what = "{" + ", ".join(f"tcpi_{n}={v}" for n, v in zip(names, extra.split(","))) + "}"
        return f"getsockopt({self.fd(name)}, SOL_TCP, TCP_INFO, {what}, ...) = {self.result(answer)}"

    @staticmethod
    def extra(answer):
        """Returns the text in [...] of an answer."""
        if "[" not in answer:
            return None
        return answer.split("[")[1].split("]")[0]


def script(player, said):
    """Returns the text of the script.  @said: lines of comment for its head."""
    head = ["// linux: same", *(f"// {line}" for line in said), "", f"--tolerance_usecs={TOLERANCE_USECS}", ""]
    return "\n".join(head + list(Writer(player).lines())) + "\n"

