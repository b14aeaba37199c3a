# SPDX-License-Identifier: MIT
"""make differ: random scenarios, played on the hosted kernel and on the host's own Linux.

This file says what a scenario is; the others, in the order in which a seed meets them:

    generate.py   a seed becomes a Scenario: its steps name positions ("the next byte", "all that was sent")
    play.py       one scenario on one machine, step by step; positions become numbers there
    crowd.py      the host's Linux as that machine: many scenarios at once in one network namespace
    ours.py       the hosted kernel as that machine: one forked process a scenario, in virtual time
    normal.py     what a machine did in a step, as words that must be equal on both
    known.py      differences that are meant or known, one predicate each (docs/linux-differences.md)
    judge.py      seeds in, verdicts out: Linux first, then our kernel with Linux's numbers and times
    shrink.py     steps are taken out as long as the same difference is seen
    printer.py    a scenario with Linux's answers as a packet script for tests/packet/run
    recorded.py   scenarios with Linux's answers as a file, for machines without root
    bugs.py       bugs that the recorded answers must find
    run           the command line

Time.  Linux runs by the wall's clock and a busy host is late, so a wait of 70 ms may become 75.  The times
at which the steps really happened on Linux are kept, and the hosted kernel, whose clock is ours, gets the
same steps at the same times: both kernels' timers see the same waits.

Numbers.  A position such as `all` depends on what the kernel sent so far.  Linux's play resolves it; the
hosted kernel gets the resolved numbers.  Sequence numbers count from each side's SYN, which is 0.

A step is a wait in milliseconds (after it) and words:

    seg PEER FLAGS SEQ LENGTH ACK WINDOW TSVAL OPTIONS
        FLAGS     as in a packet script; `-` is none
        SEQ       a number or nxt+N: the peer's next byte
        ACK       `-`, a number, or all+N, una+N, half+N (N may be negative): all that the kernel sent, what
                  was acknowledged last, half way between them
        TSVAL     `-`, or the timestamp's value after the scenario's first
        OPTIONS   `-`, or mss1000,wscale2 and so on
    icmp PEER TYPE CODE MTU SEQ     an ICMP error that quotes the segment at SEQ: a number, una+N or all+N
    wait                            nothing
    NAME ...                        a system call: play.py's CALLS; sN is the scenario's Nth socket
"""
from dataclasses import dataclass, field

KINDS = ("est", "half", "act", "shut", "call")


@dataclass
class Scenario:
    """Steps and what the peers are like.  at: Linux's time of each step and of the end, in microseconds."""
    seed: int
    kind: str
    irs: int                # every peer's initial sequence number
    ts_base: int            # the timestamp's value that the TSVALs count from
    steps: list             # (wait in ms, tuple of words)
    at: list = field(default_factory=list)

    def without(self, dropped):
        """The same without the steps whose indexes are in @dropped."""
        return Scenario(self.seed, self.kind, self.irs, self.ts_base,
                        [s for i, s in enumerate(self.steps) if i not in dropped])


def words_text(words):
    """A step's words as text."""
    return " ".join(map(str, words))


def words_of(text):
    """And back."""
    return tuple(int(w) if w.lstrip("-").isdigit() else w for w in text.split())
