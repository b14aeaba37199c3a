# SPDX-License-Identifier: MIT
"""A connection as the script sees it and as it is: two ports, two initial sequence numbers, timestamps.

A script writes numbers on SYNs as they are and all others from the initial sequence number; it
names neither ports nor what the kernel chooses.  Here script's numbers become live ones and back.

Used by runner.py (which decides whose a packet is) and compare.py.
"""
from dataclasses import dataclass, field, replace

from script import Option

MASK = 2**32 - 1

# Where a socket's story stands: what may still be learned from its packets.
NEW, LISTENING, CONNECTING, CHILD = "new", "listening", "connecting", "child"


class NoTimestamp(Exception):
    """An echo of a timestamp that the script did not see."""


@dataclass
class Isn:
    """Of one direction: the script's and the live one."""
    script: int = 0
    live: int = 0
    known: bool = False

    def offset(self, syn):
        """The number to add to the script's number."""
        return (self.live - self.script if syn else self.live) & MASK


@dataclass
class Flow:
    """One socket or connection."""
    state: str
    local_ip: str = ""
    remote_ip: str = ""
    local_port: int = 0
    remote_port: int = 0
    fd: int | None = None                 # live
    script_ports: tuple | None = None     # (remote, local), where the script names them
    local: Isn = field(default_factory=Isn)
    remote: Isn = field(default_factory=Isn)
    ts_live: dict = field(default_factory=dict)  # a scripted value of the kernel's: the live one
    ts_first: tuple | None = None         # (scripted, live) of the first that was seen

    def sent(self, seen):
        """Is it a packet of this connection's kernel end?"""
        return (seen.src, seen.sport, seen.dst, seen.dport) == (
            self.local_ip, self.local_port, self.remote_ip, self.remote_port)

    # ---- to the kernel ---------------------------------------------------------------------------

    def live_inbound(self, packet, ecr_scaled=None):
        """@packet (scripted, inbound) with live numbers and ports, and its options with live ones."""
        syn = "S" in packet.flags
        ack = packet.ack
        if ack is not None:
            ack = (ack + self.local.offset(syn)) & MASK
        live = replace(packet, seq=(packet.seq + self.remote.offset(syn)) & MASK, ack=ack,
                       ports=(self.remote_port, self.local_port))
        return live, [self._live_option(o, packet, ecr_scaled) for o in packet.options]

    def _live_option(self, option, packet, ecr_scaled):
        if option.kind == "sack":
            base = self.local.offset(False)
            return Option("sack", [((left + base) & MASK, (right + base) & MASK)
                                   for left, right in option.data])
        if option.kind == "TS":
            value, echo = option.data
            return Option("TS", (value, self._live_echo(echo, packet, ecr_scaled)))
        return option

    def _live_echo(self, echo, packet, tick):
        if echo in self.ts_live:
            return self.ts_live[echo]
        if tick is not None and self.ts_first and tick:
            return (self.ts_first[1] + echo - self.ts_first[0]) & MASK
        if echo == 0 or "." not in packet.flags:
            return echo
        raise NoTimestamp(f"TS ecr {echo}: no packet with that TS val was sent before")

    # ---- from the kernel ----------------------------------------------------------------------------

    def scripted(self, seen):
        """A live outbound packet in the script's numbers: (seq, ack, options)."""
        syn = "S" in seen.flags
        seq = (seen.seq - self.local.offset(syn)) & MASK
        ack = seen.ack
        if "." in seen.flags:
            ack = (ack - self.remote.offset(syn)) & MASK
        base = self.remote.offset(False)
        options = []
        for o in seen.options:
            if o.kind == "sack":
                o = Option("sack", [((left - base) & MASK, (right - base) & MASK)
                                    for left, right in o.data])
            options.append(o)
        return seq, ack, options
