# SPDX-License-Identifier: MIT
"""make differ: random scenarios, played on the hosted kernel and on the host's own Linux.

This file defines a scenario; the other files, in the order of their use:

    generate.py   makes a Scenario from a seed: its steps name positions ("the next byte", "all that was sent")
    play.py       plays one scenario on one machine, step by step; resolves positions to numbers
    dgram.py      the same for UDP datagrams, fragments and ICMP echoes
    receiver.py   which of the kernel's segments have arrived at an honest peer
    crowd.py      the host's Linux as such a machine: many scenarios at once in one network namespace
    ours.py       the hosted kernel as such a machine: several scenarios in a forked process, in virtual time
    normal.py     a machine's behaviour in a step, as words that must be equal on both machines
    known.py      known and intended differences, one predicate each (docs/linux-differences.md)
    texts.py      the texts of docs/linux-differences.md around its tables
    judge.py      plays seeds: Linux first, then our kernel with Linux's numbers and times; yields verdicts
    shrink.py     removes steps as long as the same difference remains
    printer.py    prints a scenario with Linux's answers as a packet script for tests/packet/run
    recorded.py   a file of scenarios with Linux's answers, for machines without root
    bugs.py       bugs that the recorded answers must find
    run           the command line

Time.  Linux's time is real, and a busy host is late, so a wait of 70 ms may become 75.  The times of the steps
on Linux are recorded, and the hosted kernel, whose clock is virtual, gets the same steps at the same times: so
the timers of both kernels see the same waits.

Numbers.  A position such as `all` depends on the segments that the kernel has sent.  The play on Linux resolves
it; the hosted kernel gets the resolved numbers.  Sequence numbers count from each side's SYN, which is 0.

A step is a wait in milliseconds, which follows it, and words:

    seg PEER FLAGS SEQ LENGTH ACK WINDOW TSVAL OPTIONS      a segment from a peer
        FLAGS     as in a packet script; `-` is none
        SEQ       a number or nxt+N, where nxt is the peer's next byte
        ACK       `-`, a number, or all+N, una+N, half+N (N may be negative): all is the end of the data that the kernel
                  sent, una the last acknowledgement, half the middle between the two
        TSVAL     `-`, or the timestamp's value minus the scenario's first
        OPTIONS   `-`, or mss1000,wscale2 and so on; sackFROM:TO:FROM:TO has two blocks (numbers, or positions like those of
                  ACK); ecrAT.N: echo the timestamp of the Nth segment that contained the byte AT, not of the last segment
    ack PEER FATES WINDOW TSVAL     decides what happened to the kernel's next segments (receiver.py), and acknowledges like an honest
                  peer; resolved, it is a seg, or a wait if FATES ends with a 0: the ACK is lost
    icmp PEER TYPE CODE MTU SEQ     an ICMP error that quotes the segment at SEQ: a number, una+N or all+N
    udp SPORT WHERE DPORT LENGTH FLAW               a datagram from the peer; a port is a number, pN, rN (the peer's), or ephN: the
                  port from which the kernel sent its last datagram to rN (dgram.py)
    frag ID SPORT DPORT TOTAL OFFSET LENGTH MORE VARIANT    a fragment of a datagram with TOTAL bytes
    err TYPE CODE INFO QUOTED FLAW  an ICMP error about the kernel's last datagram or echo request
    echo TYPE CODE IDENT NUMBER LENGTH FLAW         an ICMP echo, or another message; IDENT may be `ident`, the kernel's last one
    wait                            nothing
    NAME ...                        a system call of play.py's or dgram.py's CALLS; sN is the scenario's Nth socket
"""
from dataclasses import dataclass, field

KINDS = ("est", "half", "act", "shut", "call", "flow", "gaps", "bind", "udp", "frag", "ping", "opts")


@dataclass
class Scenario:
    """A scenario: its steps, and the peers' initial numbers. at: Linux's time of each step and of the end, in
    microseconds."""
    seed: int
    kind: str
    irs: int                # every peer's initial sequence number
    ts_base: int            # the timestamp from which the TSVALs count
    steps: list             # (wait in ms, tuple of words)
    at: list = field(default_factory=list)

    def without(self, dropped):
        """Returns the scenario without the steps whose indexes are in @dropped."""
        return Scenario(self.seed, self.kind, self.irs, self.ts_base,
                        [s for i, s in enumerate(self.steps) if i not in dropped])


def words_text(words):
    """Returns the words of a step as text."""
    return " ".join(map(str, words))


def words_of(text):
    """Returns the words of a step from its text."""
    return tuple(int(w) if w.lstrip("-").isdigit() else w for w in text.split())
