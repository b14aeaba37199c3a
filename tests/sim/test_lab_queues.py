# SPDX-License-Identifier: MIT
"""The queues of the laboratory (tools/lab/engine/queue.c), compared with models written from the papers and RFCs."""
import collections
import ctypes
import math
import pathlib
import random
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools/lab"))
from softnet import engine, links  # noqa: E402  pylint: disable=wrong-import-position

MS = 1_000_000
FULL = 1514
MARKED = 1 << 30    # engine.h: TRIAL_MARKED
MASK = 2**64 - 1


class Queue:
    """A queue of tools/lab/engine, without a link."""

    def __init__(self, seed=1, **settings):
        self.lib = engine.load()
        self.lib.queue_trial_new.restype = ctypes.c_void_p
        self.lib.queue_trial_new.argtypes = [ctypes.c_uint64]
        self.lib.queue_trial_set.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_double]
        self.lib.queue_trial_put.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32, ctypes.c_bool]
        self.lib.queue_trial_put.restype = ctypes.c_bool
        self.lib.queue_trial_get.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
        self.lib.queue_trial_average.argtypes = [ctypes.c_void_p]
        self.lib.queue_trial_average.restype = ctypes.c_double
        self.lib.queue_trial_free.argtypes = [ctypes.c_void_p]
        self.queue = self.lib.queue_trial_new(seed)
        for name, value in settings.items():
            assert self.lib.queue_trial_set(self.queue, name.encode(), value) == 0, name

    def put(self, now, length=FULL, ect=False):
        """Returns whether the queue accepted the packet."""
        return self.lib.queue_trial_put(self.queue, int(now), length, ect)

    def get(self, now):
        """Returns (number, whether it is marked) of the packet that leaves, None if the queue is empty."""
        number = self.lib.queue_trial_get(self.queue, int(now))
        return None if number < 0 else (number & ~MARKED, bool(number & MARKED))

    def average(self):
        """Returns RED's average queue length in packets."""
        return self.lib.queue_trial_average(self.queue)

    def __del__(self):
        self.lib.queue_trial_free(self.queue)


class Splitmix:
    """The random numbers of tools/lab/engine, from the description of splitmix64 (Steele, Lea and Flood 2014)."""

    def __init__(self, seed, purpose=0):
        self.state = (seed * 0x9e3779b97f4a7c15 + purpose) & MASK
        self.share()

    def share(self):
        """Returns the next random number, in [0, 1)."""
        self.state = (self.state + 0x9e3779b97f4a7c15) & MASK
        z = self.state
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & MASK
        z = (z ^ z >> 27) * 0x94d049bb133111eb & MASK
        return ((z ^ z >> 31) >> 11) / 2**53


# ---- droptail -----------------------------------------------------------------------------------------------------

def test_droptail_counts_bytes_and_packets():
    """Each limit holds, alone and together with the other; packets leave in the order of arrival."""
    for settings, room in (({"limit_packets": 3}, 3), ({"limit_bytes": 3 * FULL}, 3), ({"limit_bytes": 4 * FULL - 1}, 3),
                           ({"limit_packets": 5, "limit_bytes": 2 * FULL}, 2), ({}, 10)):
        q = Queue(**settings)
        taken = [i for i in range(10) if q.put(0)]
        assert taken == list(range(room))
        assert [q.get(1)[0] for _ in taken] == taken and q.get(1) is None
    q = Queue(limit_bytes=100)
    assert q.put(0, 60) and not q.put(0, 60) and q.put(0, 40)


# ---- RED ------------------------------------------------------------------------------------------------------------

class RedModel:
    """A model of RED as in Floyd and Jacobson 1993, figure 2, in the gentle variant; the average is in packets."""

    def __init__(self, seed, low, high, most, weight, packet_ns):
        self.low, self.high, self.most, self.weight, self.packet_ns = low, high, most, weight, packet_ns
        self.avg, self.count, self.q_time, self.queued, self.random = 0.0, -1, 0, 0, Splitmix(seed)

    def arrival(self, now):
        """Returns whether RED accepts the packet that arrives."""
        if self.queued:
            self.avg = (1 - self.weight) * self.avg + self.weight * self.queued
        else:
            m = (now - self.q_time) / self.packet_ns
            self.avg = (1 - self.weight) ** m * self.avg
        if self.avg >= 2 * self.high:
            p_b = 1.0
        elif self.avg >= self.high:
            p_b = self.most + (1 - self.most) * (self.avg / self.high - 1)
        elif self.avg >= self.low:
            p_b = self.most * (self.avg - self.low) / (self.high - self.low)
        else:
            self.count = -1
            self.queued += 1
            return True
        if p_b < 1:
            self.count += 1
            p_a = p_b / (1 - self.count * p_b) if self.count * p_b < 1 else 1.0
            if self.random.share() >= p_a:
                self.queued += 1
                return True
        self.count = 0
        return False

    def departure(self, now):
        """Records that a packet leaves."""
        self.queued -= 1
        if not self.queued:
            self.q_time = now


@pytest.mark.parametrize("seed, load", [(1, 0.95), (2, 1.1), (3, 1.6), (4, 3)])
def test_red_follows_the_paper(seed, load):
    """At each of 5,000 arrivals the average and the decision equal the model's, for loads from light to far above the
    thresholds."""
    settings = {"low": 5, "high": 15, "most": 0.1, "weight": 0.02, "packet_ns": MS}
    q, model = Queue(seed, discipline=links.RED_KIND, gentle=1, **settings), RedModel(seed, **settings)
    chance, now, leaves, waiting, drops = random.Random(seed), 0, 0, 0, 0
    for _ in range(5000):
        now += int(chance.expovariate(load) * MS)
        while waiting and leaves <= now:
            assert q.get(leaves) is not None
            model.departure(leaves)
            waiting -= 1
            leaves += MS
        if not waiting:
            leaves = now + MS
        taken = q.put(now)
        assert taken == model.arrival(now)
        assert math.isclose(q.average(), model.avg, rel_tol=1e-9, abs_tol=1e-12)
        waiting += taken
        drops += not taken
    assert drops > 0


def test_red_is_a_tail_drop_above_twice_the_threshold():
    """RED drops all packets above twice the upper threshold, or without `gentle` above the upper threshold itself."""
    for gentle, reached in ((1, 8), (0, 4)):
        q = Queue(discipline=links.RED_KIND, low=2, high=4, most=0.001, weight=1, gentle=gentle, packet_ns=MS)
        taken = sum(q.put(0) for _ in range(100))
        assert taken <= reached + 1


def test_red_marks_below_the_upper_threshold_only():
    """RFC 3168 7: "the CE codepoint ... instead of dropping".  Above the upper threshold ECT packets are dropped,
    too; packets that are not ECT are dropped where ECT packets are marked."""
    settings = {"discipline": links.RED_KIND, "low": 2, "high": 50, "most": 1, "weight": 1, "gentle": 1, "packet_ns": MS, "ecn": 1}
    q, other = Queue(5, **settings), Queue(5, **settings)
    taken = [q.put(0, ect=True) for _ in range(60)]
    assert all(taken[:50]) and not all(taken)
    assert not all(other.put(0, ect=False) for _ in range(50))
    marks = []
    while left := q.get(1):
        marks.append(left[1])
    assert not any(marks[:2]) and any(marks)


# ---- CoDel ----------------------------------------------------------------------------------------------------------

class CodelModel:
    """A model of CoDel: the state machine of RFC 8289 section 5 on a list of (number, time, length)."""
    TARGET, INTERVAL, MAXPACKET = 5 * MS, 100 * MS, 1514

    def __init__(self):
        self.packets, self.bytes = collections.deque(), 0
        self.first_above_time = self.drop_next = 0
        self.count = self.lastcount = 0
        self.dropping = False

    def enqueue(self, packet):
        """Appends a packet: (number, time, length)."""
        self.packets.append(packet)
        self.bytes += packet[2]

    def dodequeue(self, now):
        """Returns the first packet, and whether CoDel may drop it."""
        if not self.packets:
            self.first_above_time = 0
            return None, False
        p = self.packets.popleft()
        self.bytes -= p[2]
        if now - p[1] < self.TARGET or self.bytes <= self.MAXPACKET:
            self.first_above_time = 0
        elif self.first_above_time == 0:
            self.first_above_time = now + self.INTERVAL
        elif now >= self.first_above_time:
            return p, True
        return p, False

    def next_after(self, t):
        """Returns the time of the next drop, @t being the time of the last one."""
        return t + int(self.INTERVAL / math.sqrt(self.count))

    def deque(self, now):
        """Returns the number of the packet that leaves, None if there is none."""
        p, ok = self.dodequeue(now)
        if self.dropping:
            if not ok:
                self.dropping = False
            while now >= self.drop_next and self.dropping:
                self.count += 1
                p, ok = self.dodequeue(now)
                if ok:
                    self.drop_next = self.next_after(self.drop_next)
                else:
                    self.dropping = False
        elif ok:
            p, ok = self.dodequeue(now)
            self.dropping = True
            delta = self.count - self.lastcount
            self.count = delta if delta > 1 and now - self.drop_next < 16 * self.INTERVAL else 1
            self.drop_next = self.next_after(now)
            self.lastcount = self.count
        return p[0] if p else None


@pytest.mark.parametrize("seed", range(1, 6))
def test_codel_follows_the_rfc(seed):
    """In 20,000 dequeues, with phases of overload and of low load, the queue and the model return the same packets."""
    q, model = Queue(discipline=links.CODEL_KIND, target=5 * MS, interval=100 * MS), CodelModel()
    chance, number, drops, last = random.Random(seed), 0, 0, -1
    for tick in range(20000):
        now = tick * MS
        load = (1.4, 0.7, 3, 0.2)[tick // 500 % 4]
        for _ in range(int(load) + (chance.random() < load % 1)):
            length = chance.choice((60, 600, FULL))
            assert q.put(now, length)
            model.enqueue((number, now, length))
            number += 1
        left = q.get(now)
        assert (left and left[0]) == model.deque(now)
        if left:
            drops += left[0] - last - 1
            last = left[0]
    assert drops > 50


def test_codel_drops_at_the_interval_divided_by_the_root():
    """In a queue that never empties, the times between drops are those of RFC 8289's control law."""
    q = Queue(discipline=links.CODEL_KIND, target=5 * MS, interval=100 * MS)
    for _ in range(5000):
        q.put(0)
    times, last = [], -1
    for tick in range(1, 2000):
        number = q.get(tick * MS)[0]
        if number > last + 1:
            times += [tick] * (number - last - 1)
        last = number
    expected, t = [], times[0]
    assert times[0] == 105  # the sojourn time reaches 5 ms at 5 ms; the first drop is 100 ms later
    for n in range(1, 20):
        expected.append(t)
        t += 100 / math.sqrt(n)
    assert all(abs(a - b) <= 1 for a, b in zip(times, expected))


def test_codel_marks_instead():
    """With ECN no ECT packet is dropped; packets are marked at the times at which others would be dropped."""
    q = Queue(discipline=links.CODEL_KIND, target=5 * MS, interval=100 * MS, ecn=1)
    for _ in range(1000):
        q.put(0, ect=True)
    left = [q.get(tick * MS) for tick in range(1, 900)]
    assert [number for number, _ in left] == list(range(899))
    assert [i + 1 for i, (_, marked) in enumerate(left) if marked][:3] == [105, 205, 276]


# ---- a policer ---------------------------------------------------------------------------------------------------------

def test_a_policer_passes_its_burst_and_then_its_rate():
    """8 Mbit/s are a byte in a microsecond. A full bucket passes a burst at once; an idle time of any length fills it again,
    but not above the burst; a small packet passes where there are too few tokens for a large one."""
    q = Queue(discipline=links.POLICER_KIND, token_rate=8e6, burst=3 * FULL)
    assert [q.put(0) for _ in range(4)] == [True] * 3 + [False]
    assert [q.put(FULL * 1000 - 1), q.put(FULL * 1000)] == [False, True]
    assert [q.put(1000 * MS) for _ in range(4)] == [True] * 3 + [False]
    later = 1000 * MS + 100_000
    assert [q.put(later, 101), q.put(later, 100), q.put(later, 60)] == [False, True, False]


# ---- marking all packets above a threshold -----------------------------------------------------------------------------

def test_step_marks_above_its_threshold():
    """An ECT packet is marked if more packets than the threshold wait, itself included; other packets are not marked.
    At the limit both kinds are dropped."""
    q = Queue(discipline=links.STEP_KIND, threshold=5, limit_packets=8, ecn=1)
    assert [q.put(0, ect=i % 2 == 0) for i in range(10)] == [True] * 8 + [False] * 2
    assert [q.get(0) for _ in range(8)] == [(i, i == 6) for i in range(8)]
