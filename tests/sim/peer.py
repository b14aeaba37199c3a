#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A minimal TCP that shares no code with the kernel under test, written from RFC 9293.

The simulator starts this program (tests/sim/peer.c describes the protocol between them) and plays one run after the
other with it.  It opens connections actively and passively, retransmits after a timeout and after three duplicate ACKs
(RFC 6298 without the RTT estimator, RFC 5681 3.2 without the congestion window), keeps data that arrives out of order,
probes a closed window with a byte (3.8.6.1), delays ACKs, closes each direction separately, and sends resets.  With
SACK (RFC 2018, 2883) it reports what it holds and what arrived twice, and fills the holes that the other end reports;
plan.temper makes its reports wrong in several ways.  It uses window scale and timestamps (RFC 7323) with some seeds.
Its application reads, writes and pauses like those of tests/sim/app.c, and compares each byte that it reads.

It does not use tests/wire/pkt.py, on purpose: the kernel, watch.c (with tests/wire/pkt.h) and this program
each have their own code for frames, so an error in one of them shows as a disagreement.
"""
import os
import random
import struct
import sys

NEVER = 2**64 - 1
MS, SEC = 10**6, 10**9
ADDRESS, MAC_LAST = bytes((10, 0, 0, 5)), 5
FIN, SYN, RST, PSH, ACK, ECE, CWR = 1, 2, 4, 8, 16, 64, 128
ECT_0, CE = 2, 3  # the ECN field of an IP header (RFC 3168 5)
RTO_FIRST, RTO_MOST = 400 * MS, 8 * SEC
DELAYED_ACK = 100 * MS
FLIGHT_SEGMENTS = 10
SILENCE = 30 * SEC  # after so long without a segment it sends a keepalive probe
PERIOD = 65521
RENEGES, LIES, BYTES, INVALID, DSACKS = 1, 2, 4, 8, 16  # tempers: sim.h has the same numbers
UNTRUE_MOST = 5  # maximum number of untrue reports of a connection that may cost the other end a timeout


def make_content():
    """Computes the same table of content as tests/sim/plan.c."""
    x, out = 1, bytearray()
    for _ in range(PERIOD):
        x = (x * 1103515245 + 12345) & 0xffffffff
        out.append(x >> 16 & 0xff)
    return bytes(out) * 2


CONTENT = make_content()


def content(connection, side, offset, n):
    """Returns @n bytes of a stream from @offset on; @n is at most the data of a frame."""
    at = (offset + 4099 * (2 * connection + side)) % PERIOD
    return CONTENT[at:at + n]


def checksum(data):
    """Computes the Internet checksum of RFC 1071."""
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def ahead(a, b):
    """Returns how far sequence number @a is ahead of @b; negative: behind."""
    return ((a - b + 0x80000000) & 0xffffffff) - 0x80000000


def tcp_frame(port, sport, dport, seq, ack, flags, window, options=b"", data=b"", tos=0):
    """Builds a whole Ethernet frame with a TCP segment for the host at @port of the switch."""
    options += b"\1" * (-len(options) % 4)
    there = bytes((10, 0, 0, port + 1))
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff,
                      (20 + len(options)) // 4 << 4, flags, window, 0, 0) + options + data
    total = checksum(ADDRESS + there + struct.pack(">HH", 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack(">H", total) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, tos, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + ADDRESS + there
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return bytes((2, 0, 0, 0, 0, port + 1, 2, 0, 0, 0, 0, MAC_LAST, 8, 0)) + ip + tcp


class Connection:
    """This program's end of a connection, and the application that uses it."""

    def __init__(self, stage, words, seed, mtu, sack, temper):
        (self.index, self.side, self.port, self.start, self.bytes, self.expects, self.chunk, self.half,
         self.pause_of_100, self.pause, self.abort_at, self.close_at, self.limit, wrap,
         self.forsaken) = map(int, words)
        self.stage, self.rng = stage, random.Random(seed * 16 + self.index)
        self.sport = (7000 if self.side else 20000) + self.index
        self.dport = (20000 if self.side else 7000) + self.index
        self.start += stage.now
        self.limit = self.limit and max(self.limit, 2000) or 65535
        if self.limit > 400000:
            self.limit = 400000
        self.mss = mtu - 40
        self.wscale = self.rng.choice((None, 0, 3))
        self.stamps = self.rng.random() < 0.5
        if self.wscale is None:
            self.limit = min(self.limit, 65535)
        self.isn = self.rng.getrandbits(32)
        if wrap:
            self.isn = 2**32 - 1 - self.rng.randrange(10000)
        self.state = "closed"   # listen, syn-sent, syn-received, open, over
        # ECN (RFC 3168): whether this end offers it, and how it answers an offer. The random numbers come from a
        # separate stream, so that the other streams do not change.
        rng = random.Random(seed * 16 + self.index + (1 << 64))
        self.ecn_offer = rng.choice((0, ECE | CWR))
        self.ecn_answer = rng.choice((0, ECE, ECE, ECE | CWR))  # the last reflects the offer, as faulty hosts do
        self.ecn = self.echo = self.reduced = False
        # SACK; its random numbers come from a stream of their own, too
        self.mood = random.Random(seed * 16 + self.index + (2 << 64))
        self.sack, self.temper, self.untrue = bool(sack), temper, 0
        self.recent = []        # offsets of segments that arrived out of order, the newest first
        self.twice = None       # a range that arrived twice; the next ACK reports it
        self.held = []          # ranges that the other end holds, sorted, without overlaps
        self.filled = set()     # offsets of holes that were sent again
        # sending; all numbers are offsets of bytes in the stream, so the SYN has -1
        self.written = 0        # bytes that the application has written
        self.una = self.nxt = self.most = 0
        self.window_end = 0
        self.peer_mss, self.peer_wscale = 536, 0
        self.fin_wanted = self.fin_acked = False
        self.rto, self.rto_at, self.dupacks = RTO_FIRST, NEVER, 0
        # receiving
        self.irs = self.rcv = self.read = 0
        self.ahead = {}         # received out of order: offset -> bytes
        # The offset of the other end's FIN: fin_kept has it once the FIN was received, fin_at once
        # all data before the FIN was received.
        self.fin_at = self.fin_kept = None
        self.edge = 0
        self.ack_at, self.unacked = NEVER, 0
        self.ts_recent = 0
        self.heard = stage.now
        self.app_at = NEVER
        self.paused = 0
        self.left = self.idle = False

    # ---- helpers

    def total(self):
        """Returns how many sequence numbers there are to send: the written bytes, and the FIN if it is due."""
        return self.written + (1 if self.fin_wanted else 0)

    def say(self, text):
        """Adds a line to the simulator's record of the run (story.c)."""
        self.stage.out(b"S", f"{self.index}{'b' if self.side else 'a'} (peer) {text}".encode() + b"\0")

    def fail(self, text):
        """Reports a failure: behaviour that no kernel may show."""
        self.stage.out(b"X", f"connection {self.index}: {text}".encode() + b"\0")

    def over(self):
        """Ends the connection, stops its timers, and tells the simulator once."""
        if self.state != "over":
            self.state = "over"
            self.rto_at = self.ack_at = self.app_at = NEVER
            self.stage.out(b"D", b"%d" % self.index)

    def deadline(self):
        """Returns the time at which time() must be called."""
        if self.state == "over":
            return NEVER
        if self.state == "closed":
            return self.start if not self.side else NEVER
        if self.state != "open":
            return self.rto_at
        return min(self.rto_at, self.ack_at, self.app_at, self.heard + SILENCE)

    # ---- sending

    def send(self, flags, offset, data=b""):
        """Sends one segment; @offset is the offset of its first byte in the stream, -1 for a SYN."""
        options, tos = b"", 0
        if flags & SYN:
            options = struct.pack(">BBH", 2, 4, self.mss)
            if self.wscale is not None:
                options += bytes((1, 3, 3, self.wscale))
            if self.sack:
                options += bytes((1, 1, 4, 2))
        if self.stamps and not flags & RST:
            options += struct.pack(">BBBBII", 1, 1, 8, 10, self.stage.now // MS + 1, self.ts_recent)
        if flags & ACK and not flags & (SYN | RST) and not data:
            options += self.report(40 - len(options))
        if self.ecn and not flags & (SYN | RST):
            flags |= ECE if self.echo else 0
            if data and offset >= self.most:
                tos = ECT_0
                flags |= CWR if self.reduced else 0
                self.reduced = False
        window = 0
        if flags & ACK and not flags & RST:
            self.ack_at, self.unacked = NEVER, 0
            free = self.limit - (self.rcv - self.read)
            if self.rcv + free - self.edge >= min(self.mss, self.limit // 2):
                self.edge = self.rcv + free
            # The right edge never moves back (3.8.6); the window is rounded up to a unit of the scale.
            shift = 0 if flags & SYN else self.wscale or 0
            window = max(self.edge - self.rcv, 0) + (1 << shift) - 1 >> shift
            window = min(window, 65535)
            self.edge = max(self.edge, self.rcv + (window << shift))
        ack = self.irs + 1 + self.rcv + (self.fin_at is not None and self.rcv == self.fin_at)
        self.stage.frame(tcp_frame(self.port, self.sport, self.dport, self.isn + 1 + offset,
                                   ack if flags & ACK else 0, flags, window, options, data, tos))

    def segment(self, offset, room):
        """Sends data from @offset on, at most @room bytes, and the FIN if it follows; returns the new offset."""
        most = min(self.peer_mss, self.mss) - (12 if self.stamps else 0)
        n = min(self.written - offset, most, room)
        flags = ACK | PSH
        end = offset + max(n, 0)
        if self.fin_wanted and end == self.written and (n < room or n <= 0):
            flags |= FIN
            end += 1
        self.send(flags, offset, content(self.index, self.side, offset, max(n, 0)))
        return end

    def push(self):
        """Sends the bytes that the window and the flight size permit, and sets the retransmit timer."""
        if self.state != "open":
            return
        limit = min(self.window_end, self.una + FLIGHT_SEGMENTS * self.peer_mss)
        while self.nxt < self.total() and self.nxt < limit:
            self.nxt = self.segment(self.nxt, limit - self.nxt)
        self.most = max(self.most, self.nxt)
        if self.una < self.total():
            if self.rto_at == NEVER:
                self.rto_at = self.stage.now + self.rto
        else:
            self.rto_at = NEVER

    def timeout(self):
        """The retransmit timer expired: sends the oldest segment again, or a byte beyond a closed window."""
        self.rto = min(2 * self.rto, RTO_MOST)
        self.rto_at = self.stage.now + self.rto
        if self.state == "syn-sent":
            self.send(SYN, -1)  # a retransmitted SYN does not offer ECN
        elif self.state == "syn-received":
            self.send(SYN | ACK | self.ecn, -1)
        else:
            self.again()

    def again(self):
        """Retransmits the oldest unacknowledged segment. If the window is closed, sends only the segment's first byte,
        as a probe."""
        if self.una < self.total():
            self.held, self.filled = [], {self.una}  # RFC 2018 8: a timeout clears what SACK blocks reported
            self.most = max(self.most, self.segment(self.una, max(self.window_end - self.una, 1)))
            self.nxt = max(self.nxt, self.una + 1 if self.window_end <= self.una else self.nxt)

    # ---- SACK

    def report(self, room):
        """Returns a SACK option of at most @room bytes, or nothing."""
        if not self.sack or self.state != "open":
            return b""
        twice, self.twice = self.twice, None
        blocks = [twice] if twice else []
        spans = []
        for at in sorted(self.ahead):
            end = at + len(self.ahead[at])
            if spans and at <= spans[-1][1]:
                spans[-1][1] = max(spans[-1][1], end)
            else:
                spans.append([at, end])
        self.recent = [at for at in self.recent if at in self.ahead]
        for at in self.recent:
            span = next(s for s in spans if s[0] <= at < s[1])
            if tuple(span) not in blocks:
                blocks.append(tuple(span))
        blocks = self.distort(blocks)[:(room - 4) // 8]
        if not blocks:
            return b""
        numbers = [(self.irs + 1 + n) & 0xffffffff for b in blocks for n in b]
        return bytes((1, 1, 5, 2 + 8 * len(blocks))) + struct.pack(f">{len(numbers)}I", *numbers)

    def costs(self):
        """Returns whether one more untrue report is due; tells the simulator, because such a report costs a
        timeout."""
        if self.untrue == UNTRUE_MOST or self.mood.random() < 0.8:
            return False
        self.untrue += 1
        self.stage.out(b"L", b"%d" % self.index)
        return True

    def distort(self, blocks):
        """Makes the true @blocks wrong, in the ways that the bits of self.temper name (TEMPER_* in sim.h)."""
        mood, edge, pick = self.mood, max(self.edge, self.rcv + 1), random.Random(self.mood.getrandbits(32))
        if self.temper & BYTES:
            blocks = [(at, at + 1) for at, end in blocks for at in [pick.randrange(at, end)]]
        if self.temper & RENEGES and self.ahead and self.costs():
            for at in [at for at in self.ahead if pick.random() < 0.7]:
                del self.ahead[at]
            self.say("drops data that it reported")
        if self.temper & LIES and self.ahead and self.costs():
            at = pick.randrange(self.rcv, edge)
            blocks = [(at, pick.randrange(at, edge) + 1)] + blocks
        if self.temper & INVALID and mood.random() < 0.5:
            at, n = pick.randrange(self.rcv, edge), pick.randrange(1, 5000)
            blocks = pick.choice(([(edge + n, edge + 2 * n)], [(at + n, at)], [(self.rcv - 2 * n, self.rcv - n)],
                                  [(at, at)], blocks[:1] * 3, [(at - 2**31, at)])) + blocks
        if self.temper & DSACKS and self.rcv and mood.random() < 0.5:
            at = pick.randrange(self.rcv)
            blocks = [(at, pick.randrange(at, self.rcv) + 1)] + blocks
        return blocks

    def take_blocks(self, option):
        """Stores the ranges that the other end's SACK blocks report; a block outside of the sent data is a failure."""
        words = struct.unpack(f">{len(option) // 4}I", option)
        spans = [(ahead(a, self.isn + 1), ahead(b, self.isn + 1)) for a, b in zip(words[::2], words[1::2])]
        for at, end in spans:
            if not at < end <= self.most:
                self.fail(f"a SACK block from {at} to {end}, sent were {self.most}")
        merged = []
        for at, end in sorted(self.held + spans):
            if end <= self.una:
                continue
            if merged and at <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((max(at, self.una), end))
        self.held = merged

    def fill(self):
        """Fills a hole below the data that the other end reported: the first hole that was not filled since the last
        timeout."""
        at = self.una
        if sum(end - start for start, end in self.held) < 2 * self.peer_mss:
            return
        for start, end in self.held:
            if at < start and at not in self.filled and self.una < self.window_end:
                self.filled.add(at)
                self.segment(at, start - at)
                return
            at = max(at, end)

    # ---- receiving

    def options(self, data):
        """Parses the options of a header; returns {kind: value}."""
        out, at = {}, 0
        while at < len(data) and data[at]:
            if data[at] == 1:
                at += 1
                continue
            if at + 1 >= len(data) or data[at + 1] < 2:
                break
            out[data[at]] = data[at + 2:at + data[at + 1]]
            at += data[at + 1]
        return out

    def take_syn(self, seq, flags, window, options):
        """Stores the initial sequence number and the options of the other end's SYN."""
        self.irs = seq
        self.peer_mss = struct.unpack(">H", options[2])[0] if 2 in options else 536
        if 3 not in options or self.wscale is None:
            self.wscale = None
            self.limit = min(self.limit, 65535)
        else:
            self.peer_wscale = options[3][0]
        self.stamps = self.stamps and 8 in options
        self.sack = self.sack and 4 in options
        self.window_end = window
        if self.stamps:
            self.ts_recent = struct.unpack(">I", options[8][:4])[0]

    def opened(self):
        """The handshake is complete: the application begins."""
        self.state = "open"
        self.una = self.nxt = 0
        self.rto, self.rto_at = RTO_FIRST, NEVER
        self.app_at = self.stage.now
        self.say("is connected")

    def take_ecn(self, flags, tos, data):
        """Notes what a segment says about ECN: the other end has reduced its window (CWR), the network marked this
        segment (CE), or the network marked a segment of ours (ECE)."""
        if data and flags & CWR:
            self.echo = False
        if data and tos & 3 == CE:
            self.echo = True
        if flags & ECE:
            self.reduced = True

    def arrive(self, seq, ack, flags, window, options, data, tos):
        """Processes a segment of this connection; its checksum was right."""
        self.heard = self.stage.now
        if self.state == "closed":
            if self.side and flags & (SYN | ACK | RST) == SYN:
                self.take_syn(seq, flags, window, options)
                self.state = "syn-received"
                self.rto_at = self.stage.now + RTO_FIRST
                self.ecn = self.ecn_answer if flags & ECE and flags & CWR else 0
                self.send(SYN | ACK | self.ecn, -1)
            return
        if flags & RST:
            self.reset(seq, ack, flags)
            return
        if self.state == "syn-sent":
            if flags & (SYN | ACK) == SYN | ACK and ahead(ack, self.isn) == 1:
                self.take_syn(seq, flags, window, options)
                self.ecn = self.ecn_offer and flags & (ECE | CWR) == ECE
                self.opened()
                self.send(ACK, 0)
                self.app()
            return
        if flags & SYN:
            if self.state == "syn-received":
                self.send(SYN | ACK | self.ecn, -1)
            elif self.state != "over":
                self.send(ACK, self.most)
            return
        if not flags & ACK:
            return
        if self.stamps and 8 in options:
            value = struct.unpack(">I", options[8][:4])[0]
            if ahead(seq, self.irs + 1 + self.rcv) <= 0 and ahead(value, self.ts_recent) > 0:
                self.ts_recent = value
        if self.state == "syn-received":
            if ahead(ack, self.isn) < 1:
                return
            self.ecn = self.ecn == ECE
            self.opened()
        if self.ecn:
            self.take_ecn(flags, tos, data)
        if 5 in options:
            if not self.sack:
                self.fail("SACK blocks, and SACK was not negotiated")
            self.take_blocks(options[5])
        self.take_ack(ahead(ack, self.isn + 1), window, data or flags & FIN)
        self.take_data(ahead(seq, self.irs + 1), data, flags & FIN)
        if self.state == "open":
            self.app()

    def reset(self, seq, ack, flags):
        """Processes a reset, if its number is acceptable (3.10.7)."""
        if self.state == "over":
            return
        if self.state == "syn-sent":
            if flags & ACK and ahead(ack, self.isn) == 1:
                self.fail("refused")
                self.over()
            return
        at = ahead(seq, self.irs + 1)
        if not self.rcv <= at <= max(self.edge, self.rcv + 1):
            return
        self.say("was reset")
        if not self.forsaken and not self.left and not (self.fin_acked and self.fin_at is not None):
            self.stage.out(b"R", b"%d" % self.index)
        self.over()

    def take_ack(self, ack, window, carries):
        """Processes the acknowledgment up to offset @ack, and the window."""
        if ack > self.most:
            self.fail(f"acknowledges {ack}, sent were {self.most}")
            return
        end = ack + (window << (self.peer_wscale if self.wscale is not None else 0))
        if ack > self.una:
            self.una, self.dupacks = ack, 0
            self.nxt = max(self.nxt, ack)
            self.rto = RTO_FIRST
            self.rto_at = NEVER if self.una >= self.total() else self.stage.now + self.rto
            if self.fin_wanted and ack > self.written:
                self.fin_acked = True
        elif ack == self.una and not carries and end == self.window_end and self.nxt > self.una:
            self.dupacks += 1
            if self.dupacks == 3 and not self.held:
                self.again()
        if self.held and ack == self.una:
            self.fill()
        self.window_end = max(self.window_end, end)

    def take_data(self, offset, data, fin):
        """Queues received data, and sends an ACK if one is due."""
        if not data and not fin:
            if offset < self.rcv and self.state != "over":
                self.send(ACK, self.nxt)  # answers a keepalive probe
            return
        end = offset + len(data)
        if end > max(self.edge, self.rcv) + 65536:
            self.fail(f"data up to {end}, offered were {self.edge}")
        if data != content(self.index, 1 - self.side, offset, len(data)) and offset >= 0:
            self.fail(f"other bytes at {offset}")
        if self.left and end > self.rcv:
            self.send(RST | ACK, self.nxt)
            self.over()
            return
        if fin:
            if self.fin_at not in (None, end):
                self.fail(f"FIN at {end} and at {self.fin_at}")
            if end <= self.edge:
                self.fin_kept = end
        in_order = offset <= self.rcv
        if offset < self.rcv and data:
            self.twice = (max(offset, 0), min(end, self.rcv)) if min(end, self.rcv) > max(offset, 0) else None
        elif data and self.ahead.get(offset) == data:
            self.twice = (offset, end)
        if data and offset > self.rcv:
            self.recent.insert(0, offset)
        if data and end > self.rcv:
            self.ahead[offset] = max(self.ahead.get(offset, b""), data, key=len)
        before = self.rcv
        while True:
            fit = [o for o in self.ahead if o <= self.rcv]
            if not fit:
                break
            for o in fit:
                piece = self.ahead.pop(o)
                self.rcv = max(self.rcv, min(o + len(piece), self.edge))
        if self.fin_kept == self.rcv and self.fin_at is None:
            self.fin_at = self.rcv
            in_order = False  # so the FIN is acknowledged at once
        if self.rcv > self.expects:
            self.fail(f"{self.rcv} bytes, {self.expects} were written")
        if self.state == "over":
            self.send(ACK, self.nxt)
            return
        self.unacked += 1
        if not in_order or self.rcv == before or self.ahead or self.unacked >= 2:
            self.send(ACK, self.nxt)
        elif self.ack_at == NEVER:
            self.ack_at = self.stage.now + DELAYED_ACK

    # ---- the application

    def app(self):
        """Runs the application: it reads, writes, pauses or ends; then sends what may be sent."""
        now = self.stage.now
        if self.state != "open":
            return
        if (now >= self.app_at or self.idle) and not self.left:
            self.app_at = NEVER
            self.turn()
        amount = self.written + self.read
        if not self.left and (0 <= self.abort_at <= amount or 0 <= self.close_at <= amount):
            self.leave()
        if self.state != "open":
            return
        if (self.half or self.left or self.read == self.expects) and self.written == self.bytes or self.left:
            self.fin_wanted = True
        self.push()
        if self.fin_acked and self.fin_at is not None and (self.left or self.read == self.fin_at):
            if self.read != self.expects and not self.forsaken and not self.left:
                self.fail(f"the end after {self.read} of {self.expects} bytes")
            self.over()

    def turn(self):
        """Reads all or a part of the received data, writes a piece of its own, and may pause."""
        unread = self.rcv - self.read
        if unread:
            self.read += unread if self.rng.random() < 0.5 else self.rng.randint(1, unread)
            free = self.rcv + self.limit - (self.rcv - self.read)
            if free - self.edge >= min(2 * self.mss, self.limit // 2):
                self.send(ACK, self.nxt)
        if self.written < self.bytes and self.written - self.una < 65536:
            self.written = min(self.bytes, self.written + self.rng.randint(1, self.chunk))
        again = self.written < self.bytes or self.read < self.rcv
        if self.rng.randrange(100) < self.pause_of_100 and self.paused < 15 * SEC:
            pause = self.rng.randint(0, self.pause)
            self.paused += pause
            self.app_at = self.stage.now + max(pause, MS)
        elif again:
            self.app_at = self.stage.now + MS
        self.idle = self.app_at == NEVER  # it waits for data, and reads it as soon as it arrives

    def leave(self):
        """The application leaves before the end: sends a reset, or closes although data still arrives."""
        self.left = True
        self.say("leaves")
        self.app_at = NEVER
        if self.abort_at >= 0 or self.rcv > self.read or self.ahead:
            self.send(RST | ACK, self.most)
            self.over()
        else:
            self.bytes = self.written

    def time(self):
        """deadline() was reached: runs the timers that are due."""
        now = self.stage.now
        if self.state == "closed" and not self.side and now >= self.start:
            self.state = "syn-sent"
            self.rto_at = now + RTO_FIRST
            self.send(SYN | self.ecn_offer, -1)
        if now >= self.rto_at:
            self.timeout()
        if self.state != "open":
            return
        if now >= self.ack_at:
            self.send(ACK, self.nxt)
        if now >= self.heard + SILENCE:
            self.heard = now
            self.send(ACK, self.una - 1)
        self.app()


class Stage:
    """The state of one run."""

    def __init__(self):
        self.now, self.connections, self.items = 0, {}, []

    def out(self, kind, data):
        """Adds an item of @kind to the answer for the simulator."""
        self.items.append(kind + struct.pack("<I", len(data)) + data)

    def frame(self, frame):
        """Sends a frame to the switch."""
        self.out(b"F", frame)

    def begin(self, text):
        """Begins a run with the plan that peer_begin() of peer.c has written."""
        first, *rest = text.decode().split("\n")
        seed, mtu, sack, temper = map(int, first.split())
        self.connections = {}
        for line in rest:
            c = Connection(self, line.split(), seed, mtu, sack, temper)
            self.connections[c.sport] = c

    def receive(self, frame):
        """Answers ARP; passes a TCP segment to its connection, or answers it with a reset if there is none."""
        if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] == ADDRESS:
            mac = bytes((2, 0, 0, 0, 0, MAC_LAST))
            self.frame(frame[6:12] + mac + frame[12:20] + b"\0\2" + mac + ADDRESS + frame[22:32])
            return
        ip = frame[14:]
        if frame[12:14] != b"\x08\0" or len(ip) < 40 or ip[0] != 0x45 or checksum(ip[:20]):
            return
        total = struct.unpack(">H", ip[2:4])[0]
        tcp = ip[20:total]
        if ip[9] != 6 or ip[16:20] != ADDRESS or total > len(ip) or len(tcp) < 20:
            return
        if checksum(ip[12:20] + struct.pack(">HH", 6, len(tcp)) + tcp):
            return
        sport, dport, seq, ack, doff, flags, window = struct.unpack(">HHIIBBH", tcp[:16])
        doff = (doff >> 4) * 4
        if doff < 20 or doff > len(tcp):
            return
        c = self.connections.get(dport)
        if c is None or c.dport != sport:
            if not flags & RST:
                n = len(tcp) - doff + (flags & SYN > 0) + (flags & FIN > 0)
                self.frame(tcp_frame(ip[15] - 1, dport, sport, ack if flags & ACK else 0, seq + n,
                                     RST if flags & ACK else RST | ACK, 0))
            if flags & SYN:  # meet() of world.c: this SYN makes the host resolve our address
                self.frame(tcp_frame(ip[15] - 1, dport, sport, 0, 0, SYN, 0))
            return
        if c.state == "over" and not flags & RST and c.left and not c.fin_acked:
            self.frame(tcp_frame(c.port, dport, sport, ack, 0, RST, 0))
            return
        c.arrive(seq, ack, flags, window, c.options(tcp[20:doff]), tcp[doff:], ip[1])

    def time(self):
        """Runs the timers that are due."""
        for c in self.connections.values():
            if c.deadline() <= self.now:
                c.time()

    def deadline(self):
        """Returns the earliest deadline of all connections."""
        return min((c.deadline() for c in self.connections.values()), default=NEVER)


def read_exactly(n):
    """Reads @n bytes from the simulator; exits at the end of the input."""
    data = b""
    while len(data) < n:
        more = os.read(0, n - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data


def main():
    """Reads messages and writes their answers until the simulator closes the connection."""
    stage = Stage()
    while True:
        kind, now, n = struct.unpack("<cQI", read_exactly(13))
        data = read_exactly(n)
        if kind == b"B":
            stage = Stage()
        stage.now = now
        if kind == b"B":
            stage.begin(data)
        elif kind == b"F":
            stage.receive(data)
        elif kind == b"T":
            stage.time()
        answer = struct.pack("<QI", stage.deadline(), len(stage.items)) + b"".join(stage.items)
        stage.items = []
        while answer:
            answer = answer[os.write(0, answer):]


if __name__ == "__main__":
    main()
