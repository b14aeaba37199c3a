# SPDX-License-Identifier: MIT
"""Translates between a script's numbers for a connection and the live ones, those on the wire: ports,
sequence numbers and timestamps.

In a script the sequence number of a SYN is absolute, and all other sequence numbers are relative to the
initial one.  A script does not know the ports, nor the numbers that the kernel chooses.

Used by runner.py (which finds the connection of a packet) and compare.py.
"""
from dataclasses import dataclass, field, replace

from script import Option

MASK = 2**32 - 1

# States of a Flow.  CONNECTING: an active open, with or without its SYN-ACK yet; CHILD: a passive open.
NEW, LISTENING, CONNECTING, CHILD = "new", "listening", "connecting", "child"


class NoTimestamp(Exception):
    """Raised for a TS ecr in the script that equals no TS val of an earlier packet from the kernel."""


@dataclass
class Isn:
    """The initial sequence number of one direction, in the script and on the wire."""
    script: int = 0
    live: int = 0
    known: bool = False

    def offset(self, syn):
        """Returns the number to add to a script's sequence number to get the live one.  @syn: whether it is the
        number of a SYN."""
        return (self.live - self.script if syn else self.live) & MASK


@dataclass
class Flow:
    """One socket or connection; `local` is the kernel's end, `remote` the script's."""
    state: str
    local_ip: str = ""
    remote_ip: str = ""
    local_port: int = 0
    remote_port: int = 0
    fd: int | None = None                 # the kernel's descriptor number
    script_ports: tuple | None = None     # (remote, local), if the script names them
    local: Isn = field(default_factory=Isn)
    remote: Isn = field(default_factory=Isn)
    ts_live: dict = field(default_factory=dict)  # {the kernel's TS val in the script: its TS val on the wire}
    ts_first: tuple | None = None         # (in the script, on the wire): the kernel's first TS val

    def sent(self, seen):
        """Returns whether the kernel sent the packet @seen for this connection."""
        return (seen.src, seen.sport, seen.dst, seen.dport) == (
            self.local_ip, self.local_port, self.remote_ip, self.remote_port)

    # ---- to the kernel ---------------------------------------------------------------------------

    def live_inbound(self, packet, ecr_scaled=None):
        """Translates the script's packet to the kernel for the wire; returns the packet and its options."""
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
        """Returns (seq, ack, options) of a packet from the kernel, in the script's numbers."""
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
