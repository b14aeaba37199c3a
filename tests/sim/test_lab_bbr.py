# SPDX-License-Identifier: MIT
"""BBR behind a token bucket (net/tcp/tcp_bbr_lt.c), in the laboratory.

A policer passes bursts, so BBR's filter of the largest delivery rate shows more than the policer's rate. The constants are
those of Linux's tcp_bbr.c (bbr_lt_bw_sampling): two consecutive intervals of at least four rounds that have equal rates,
and in which a fifth is lost, give the policer's rate, which is used for 48 rounds.
"""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools/lab"))
from softnet import DropTail, Lab, Policer  # noqa: E402  pylint: disable=wrong-import-position

FULL, PAYLOAD = 1514, 1448
RATE, DELAY, EVERY = 10e6, 0.02, 0.005
# ROUNDS: rounds for which the rate is used; INTERVAL: rounds of the shortest interval
ROUNDS, INTERVAL = 48, 4
EQUAL = 1 / 8       # two rates that differ by less are equal
MARGIN = .99        # the pacing rate is 1 % below the bandwidth
SAMPLED = RATE * PAYLOAD / FULL * MARGIN
LONG = 20 * 2 * DELAY   # seconds; without a policer, PROBE_BW has the same rate for at most six round trips


def flow(queue, rate, loss=0):
    """Returns a transfer of 9 s, too short for PROBE_RTT."""
    lab = Lab(seed=3)
    a, b = lab.host(), lab.host()
    lab.wire(a, b, delay=DELAY, rate=rate, queue=queue, loss=loss, back={"queue": 1_000_000, "loss": 0})
    t = lab.transfer(a, b, seconds=9, congestion="bbr", every=EVERY)
    lab.run()
    lab.close()
    return t


def held(t):
    """Returns (first time, last time, pacing rate) of each period in which the pacing rate does not change for LONG."""
    runs = []
    for s in t.samples:
        if runs and runs[-1][2] == s.pacing_rate:
            runs[-1][1] = s.time
        else:
            runs.append([s.time, s.time, s.pacing_rate])
    return [run for run in runs if run[1] - run[0] > LONG]


def lost_share(t, start, end):
    """Returns the share of the segments sent between two times that was lost."""
    lost = [s.lost for s in t.segments if start <= s.time < end]
    return sum(lost) / len(lost)


@pytest.fixture(name="policed", scope="module")
def fixture_policed():
    return flow(Policer(rate=RATE, burst=60_000), 10 * RATE)


def test_a_policer_is_found(policed):
    """In each period in which the pacing rate is constant (held()), it is the policer's rate, and no segment is lost.
    Before the first period a fifth of the segments is lost. Two intervals of at most 16 rounds each must be enough,
    after some rounds without a loss."""
    runs = held(policed)
    assert len(runs) >= 3 and runs[0][0] < (16 + 16 + 4) * 2 * DELAY
    assert lost_share(policed, 0, runs[0][0]) > 0.2
    for start, end, rate in runs:
        assert rate == pytest.approx(SAMPLED, rel=EQUAL)
        assert lost_share(policed, start + 2 * DELAY, end - 2 * DELAY) == 0


def test_the_path_is_probed_again_after_48_rounds(policed):
    """A period lasts 48 rounds. Then the sender exceeds the policer's rate again, loses segments, and finds the same rate."""
    runs = held(policed)
    for (start, end, _), (following, _, _) in zip(runs, runs[1:]):
        rtts = [s.rtt for s in policed.samples if start <= s.time <= end]
        assert (ROUNDS - 2) * min(rtts) < end - start < (ROUNDS + 2) * max(rtts)
        assert max(s.pacing_rate for s in policed.samples if end < s.time < following) > 1.2 * SAMPLED
        assert lost_share(policed, end, following) > 0.1
        first = next(s.time for s in policed.segments if s.lost and s.time > end - 2 * DELAY)
        assert following - first > 2 * INTERVAL * 2 * DELAY


def test_a_queue_is_no_policer():
    """A queue of a bandwidth-delay product in front of a link of the same rate loses segments in STARTUP only. So BBR keeps
    probing: the pacing rate changes with each phase."""
    t = flow(DropTail(bytes=RATE * 2 * DELAY / 8), RATE)
    assert t.lost > 0 and not held(t)


def test_a_policer_loses_a_fifth():
    """A link that loses frames at random also delivers at equal rates. BBR does not take it for a policer at 8 % loss,
    but does at 30 %."""
    few, many = (flow(DropTail(bytes=RATE * 2 * DELAY / 8), RATE, loss) for loss in (0.08, 0.3))
    assert few.lost > 0 and not held(few) and held(many)
