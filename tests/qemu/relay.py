# SPDX-License-Identifier: MIT
"""The wire between Linux's end of a cable and QEMU's dgram socket: frames go both ways, and may be lost, doubled,
swapped, spoiled or late, as a seed decides.

Each direction has its own random numbers, five for each IPv4 packet whatever becomes of it: a packet's fate depends
on the seed and on its place in the sequence alone.  ARP has no checksum, so a spoilt answer would be believed; it
passes unharmed.  agent.py runs the relay; nothing here sleeps, and what is due later is said by deadline().
"""
import collections
import errno
import heapq
import random

QUEUE = 256           # frames that wait for a sink; then the source's own buffer fills, and its own rules hold
LATE_MAX = 0.02       # s that a late frame is held
SWAP_FLUSH = 0.005    # s after which a frame that waits to be overtaken goes though nothing overtook it
KINDS = ("drop", "duplicate", "reorder", "corrupt", "delay")
# The other end is gone; and ENOBUFS, with which a packet socket says that the other end of the cable dropped the frame
# (longer than its MTU of now, perhaps): a cable does not try again.
LOST = (errno.ENOBUFS, errno.ECONNREFUSED, errno.ENOTCONN, errno.ENOENT, errno.ECONNRESET, errno.EPIPE, errno.ENETDOWN)


class Way:
    """One direction.  @harm: {kind: probability}."""

    def __init__(self, source, sink, seed, harm):
        assert set(harm) <= set(KINDS), harm
        self.source, self.sink, self.harm = source, sink, harm
        self.random = random.Random(seed)
        self.out = collections.deque()
        self.late = []          # heap of (due, number, frame)
        self.held = None        # (due, frame): the next one overtakes it
        self.n = 0
        self.counts = dict.fromkeys(("frames", "lost") + KINDS, 0)

    def full(self):
        return len(self.out) >= QUEUE

    def arrived(self, frame, now):
        """Decides what becomes of the frame."""
        self.n += 1
        self.counts["frames"] += 1
        if frame[12:14] != b"\x08\x00" or not self.harm:
            return self.out.append(frame)
        dice = [self.random.random() for _ in KINDS]
        hit = {k for k, d in zip(KINDS, dice) if d < self.harm.get(k, 0)}
        for k in hit:
            self.counts[k] += 1
        if "drop" in hit:
            return None
        if "corrupt" in hit:    # what is left of that number below its bound is evenly spread: it names the bit
            bit = int(dice[KINDS.index("corrupt")] / self.harm["corrupt"] * len(frame) * 8)
            frame = bytearray(frame)
            frame[bit // 8] ^= 1 << bit % 8
        if "duplicate" in hit:
            self.out.append(frame)
        if "delay" in hit:
            late = dice[KINDS.index("delay")] / self.harm["delay"] * LATE_MAX
            return heapq.heappush(self.late, (now + late, self.n, frame))
        overtaken, self.held = self.held, None
        if "reorder" in hit and not overtaken:
            self.held = (now + SWAP_FLUSH, frame)
        else:
            self.out.append(frame)
            if overtaken:
                self.out.append(overtaken[1])
        return None

    def due(self, now):
        """Frames whose delay is over join the queue."""
        while self.late and self.late[0][0] <= now:
            self.out.append(heapq.heappop(self.late)[2])
        if self.held and self.held[0] <= now:
            self.out.append(self.held[1])
            self.held = None

    def deadline(self):
        times = [self.late[0][0]] if self.late else []
        return min(times + ([self.held[0]] if self.held else []), default=None)

    def flush(self):
        """Sends what the sink takes; the rest waits until it is writable."""
        while self.out:
            try:
                self.sink.send(self.out[0])
            except BlockingIOError:
                return
            except OSError as e:
                if e.errno not in LOST:
                    raise
                self.counts["lost"] += 1
            self.out.popleft()

    def take(self, now, most=64):
        """Reads what is there, within reason."""
        for _ in range(most):
            if self.full():
                return
            try:
                frame = self.source.recv(65536)
            except BlockingIOError:
                return
            except OSError as e:
                if e.errno in LOST:
                    return
                raise
            self.arrived(frame, now)
