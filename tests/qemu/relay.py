# SPDX-License-Identifier: MIT
"""Forwards frames between Linux's end of a cable and the socket of QEMU's dgram or stream netdev, in both directions.
It can drop, duplicate, reorder, corrupt or delay IPv4 packets, at random with a seed, and mark those that are
ECN-capable (RFC 3168 5).

Each direction has its own random numbers and draws five of them for each IPv4 packet; marks have a generator of their
own.  So the treatment of a packet depends only on the seed and on the packet's number.  ARP frames are forwarded
unchanged: ARP has no checksum, and the receiver would accept a corrupted answer.  agent.py runs the relay.  Nothing
here sleeps; deadline() returns when a delayed frame is due.
"""
import collections
import errno
import heapq
import random

QUEUE = 256           # frames that wait for a sink; beyond it no more are read, and the source's own buffer fills
LATE_MAX = 0.02       # s: the longest delay of a frame
SWAP_FLUSH = 0.005    # s: a frame to be reordered is held until the next one; without a next one, this long
KINDS = ("drop", "duplicate", "reorder", "corrupt", "delay")
# TOS, IP_SUM: offsets in a frame; CE: the ECN field of a marked packet
TOS, IP_SUM, CE = 15, 24, 3
# Errors that mean a lost frame, which is not sent again: the receiver is gone, or (ENOBUFS from a packet socket) the other
# end of the veth pair dropped the frame, for example because it is longer than its MTU.
LOST = (errno.ENOBUFS, errno.ECONNREFUSED, errno.ENOTCONN, errno.ENOENT, errno.ECONNRESET, errno.EPIPE, errno.ENETDOWN)


def marked(frame):
    """Returns @frame with a CE mark and the header checksum that follows from it (RFC 1624), or None if the packet is
    not ECN-capable."""
    if not frame[TOS] & CE:
        return None
    out = bytearray(frame)
    out[TOS] |= CE
    total = (~int.from_bytes(frame[IP_SUM:IP_SUM + 2], "big") & 0xffff) + out[TOS] - frame[TOS]
    out[IP_SUM:IP_SUM + 2] = (~(total + (total >> 16)) & 0xffff).to_bytes(2, "big")
    return bytes(out)


class Framed:
    """QEMU's stream netdev as a socket that sends and receives whole frames: before each frame in the stream stands its
    length, four bytes.  Non-blocking."""

    def __init__(self, stream):
        self.stream, self.came, self.rest = stream, bytearray(), b""
        self.fileno, self.close = stream.fileno, stream.close

    def has_frame(self):
        return len(self.came) >= 4 and len(self.came) >= 4 + int.from_bytes(self.came[:4], "big")

    def recv(self, size):
        if not self.has_frame():
            data = self.stream.recv(size)
            if not data:
                raise ConnectionResetError(errno.ECONNRESET, "QEMU closed the stream")
            self.came += data
        if not self.has_frame():
            raise BlockingIOError
        end = 4 + int.from_bytes(self.came[:4], "big")
        frame = bytes(self.came[4:end])
        del self.came[:end]
        return frame

    def finish(self):
        """Sends the rest of the last frame."""
        while self.rest:
            self.rest = self.rest[self.stream.send(self.rest):]

    def send(self, frame):
        self.finish()
        data = len(frame).to_bytes(4, "big") + frame
        self.rest = data[self.stream.send(data):]


class Way:
    """One direction of the relay, from the socket @source to the socket @sink.  @harm: {"drop" or another of KINDS:
    its probability}."""

    def __init__(self, source, sink, seed, harm):
        assert set(harm) <= {*KINDS, "mark"}, harm
        self.source, self.sink, self.harm = source, sink, harm
        self.random, self.marks = random.Random(seed), random.Random(f"marks {seed}")
        self.stopped = False    # no frame is read from the source, so that the source's own buffers fill
        self.out = collections.deque()
        self.late = []          # delayed frames: a heap of (due, number, frame)
        self.held = None        # (due, frame) of a frame to be reordered: the next frame is sent before it
        self.n = 0
        self.counts = dict.fromkeys(("frames", "lost", "mark") + KINDS, 0)

    def full(self):
        return self.stopped or len(self.out) >= QUEUE

    def arrived(self, frame, now):
        """Decides at random what to do with @frame, and queues, holds or drops it."""
        self.n += 1
        self.counts["frames"] += 1
        if frame[12:14] != b"\x08\x00" or not self.harm:
            return self.out.append(frame)
        if self.marks.random() < self.harm.get("mark", 0) and (other := marked(frame)):
            frame = other
            self.counts["mark"] += 1
        dice = [self.random.random() for _ in KINDS]
        hit = {k for k, d in zip(KINDS, dice) if d < self.harm.get(k, 0)}
        for k in hit:
            self.counts[k] += 1
        if "drop" in hit:
            return None
        if "corrupt" in hit:    # this number is uniform below the probability: it also selects the bit
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
        """Moves frames whose delay is over to the output queue."""
        while self.late and self.late[0][0] <= now:
            self.out.append(heapq.heappop(self.late)[2])
        if self.held and self.held[0] <= now:
            self.out.append(self.held[1])
            self.held = None

    def deadline(self):
        """Returns the time at which the next delayed or held frame is due, None if there is none."""
        times = [self.late[0][0]] if self.late else []
        return min(times + ([self.held[0]] if self.held else []), default=None)

    def has_frame(self):
        """Returns whether the source has a frame although the socket below it may have no data."""
        return not self.full() and isinstance(self.source, Framed) and self.source.has_frame()

    def waits(self):
        """Returns whether something is to be sent when the sink is writable."""
        return bool(self.out) or isinstance(self.sink, Framed) and bool(self.sink.rest)

    def flush(self):
        """Sends queued frames until the sink is full; further frames wait until the sink is writable again."""
        while self.waits():
            try:
                if not self.out:
                    return self.sink.finish()
                self.sink.send(self.out[0])
            except BlockingIOError:
                return None
            except OSError as e:
                if e.errno not in LOST:
                    raise
                self.counts["lost"] += 1
            self.out.popleft()
        return None

    def take(self, now, most=64):
        """Reads at most @most frames that the source has now."""
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
