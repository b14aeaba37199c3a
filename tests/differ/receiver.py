# SPDX-License-Identifier: MIT
"""The receiving half of a peer: which of the kernel's segments have arrived, and how an honest peer acknowledges them.

play.py keeps one Receiver for each connection of a peer.  Segments that the kernel sends wait in a queue; a step
`ack` decides the fate of the next ones, one letter each:

    +   the segment arrives
    -   it is lost
    x   it is overtaken: it goes to the end of the queue
    d   it arrives twice

RFC 2018 4, 2883 4 (the blocks), 7323 4.3 (the timestamp that is echoed).
"""
BLOCKS_MAX = 4


class Receiver:
    """The peer's receiving side.  Positions in the kernel's stream count from its SYN, which is 0."""

    def __init__(self, mss):
        self.mss = mss
        self.next = 1           # all data before it has arrived
        self.blocks = []        # data that arrived behind a hole: [(from, to)], the newest first
        self.twice = None       # the part of the last segment that had already arrived
        self.queue = []         # segments that wait for their fate: (from, to, index in sent)
        self.sent = []          # all segments that the kernel sent: (from, to, timestamp or None)
        self.acked = 1          # the last acknowledgement
        self.echo = None        # index in sent of the segment whose timestamp is echoed

    def add(self, start, end, stamp):
        """Handles a packet that the kernel sent; cuts a large one into segments."""
        while start < end:
            stop = min(end, start + self.mss)
            self.queue.append((start, stop, len(self.sent)))
            self.sent.append((start, stop, stamp))
            start = stop

    def play(self, fates):
        """Decides the fate of the next segments."""
        for fate in fates:
            if not self.queue:
                return
            segment = self.queue.pop(0)
            if fate == "x":
                self.queue.append(segment)
            for _ in range({"+": 1, "d": 2}.get(fate, 0)):
                self._arrives(*segment)

    def _arrives(self, start, end, index):
        if start <= self.acked and end > self.next or self.echo is None:
            self.echo = index
        self.twice = None
        known = [(0, self.next), *self.blocks]
        for low, high in known:
            if start < high and low < end and self.twice is None:
                self.twice = max(start, low), min(end, high)
        joined = [b for b in self.blocks if b[0] <= end and start <= b[1]]
        block = min([start, *(b[0] for b in joined)]), max([end, *(b[1] for b in joined)])
        self.blocks = [b for b in self.blocks if b not in joined]
        if block[0] <= self.next:
            self.next = max(self.next, block[1])
        else:
            self.blocks.insert(0, block)
        self.blocks = [b for b in self.blocks if b[1] > self.next]

    def reported(self, most=BLOCKS_MAX):
        """Returns the blocks of the next ACK, at most @most; a D-SACK is the first one."""
        first, self.twice = [self.twice] if self.twice else [], None
        self.acked = self.next
        return (first + self.blocks)[:most]

    def transmission(self, index):
        """Returns (position, n): the segment sent[index] is the nth transmission of the byte at this position."""
        at = self.sent[index][0]
        return at, sum(start <= at < end for start, end, _ in self.sent[:index + 1])

    def stamp_of(self, at, number):
        """Returns the timestamp of the @number-th segment that contained the byte @at; None if it was not sent."""
        stamps = [stamp for start, end, stamp in self.sent if start <= at < end]
        return stamps[number - 1] if len(stamps) >= number else None
