# SPDX-License-Identifier: MIT
"""The laboratory's links and flows (tools/lab): rates, troubles, several flows, results, files, sweeps."""
import csv
import math
import os
import pathlib
import re
import struct
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools/lab"))
from test_lab_queues import Splitmix  # noqa: E402  pylint: disable=wrong-import-position
from softnet import Bursts, CoDel, DropTail, Lab, RED, Step, fairness, sweep  # noqa: E402  pylint: disable=wrong-import-position

# bytes of a full frame, and of its headers: Ethernet, IP, TCP with timestamps
FULL, HEADERS = 1514, 14 + 20 + 32


@pytest.fixture(name="lab")
def fixture_lab():
    lab = Lab(seed=7)
    yield lab
    lab.close()


def pair(lab, **wire):
    """Makes two hosts and a link between them; returns all three."""
    a, b = lab.host(), lab.host()
    return a, b, lab.wire(a, b, **wire)


def arrivals(t, start, end):
    """Returns the number of bytes that were read between two times, taken from the samples."""
    reads = [s.read for s in t.samples if start <= s.time <= end]
    return reads[-1] - reads[0]


# ---- rates ------------------------------------------------------------------------------------------------------------

def test_steps_of_the_rate(lab):
    """The rate is 8, then 2, then 4 Mbit/s: in each phase the payload arrives at its share of the rate, within 2 %."""
    a, b, _ = pair(lab, delay=0.005, queue=40_000, rates=[(0, 8e6), (5, 2e6), (10, 4e6)])
    t = lab.transfer(a, b, seconds=15, congestion="reno")
    lab.run()
    share = (FULL - HEADERS) / FULL
    for start, end, rate in ((2, 5, 8e6), (6, 10, 2e6), (11, 15, 4e6)):
        assert arrivals(t, start, end) * 8 / (end - start) == pytest.approx(rate * share, rel=0.02)


def test_processing_takes_time_and_keeps_the_order(lab):
    """The link processes one frame after the other, each for up to a millisecond, on average half a millisecond: some
    2,000 frames arrive in a second, and none overtakes another, so nothing is sent again."""
    a, b, link = pair(lab, delay=0.005, processing=0.001, back={"processing": 0})
    t = lab.transfer(a, b, seconds=10, congestion="reno")
    lab.run()
    assert arrivals(t, 2, 10) / 8 == pytest.approx(2000 * (FULL - HEADERS), rel=0.05)
    assert t.retransmissions == 0 and link.forth.lost == 0


def test_a_rate_of_zero(lab):
    """The link stands still for two seconds, and the frames that waited go on afterwards."""
    a, b, link = pair(lab, delay=0.005, queue=40_000, rates=[(0, 8e6), (2, 0), (4, 8e6)])
    t = lab.transfer(a, b, seconds=8)
    lab.run()
    assert arrivals(t, 2.02, 4) == 0 and arrivals(t, 4, 4.2) > 20_000 and link.forth.lost == 0


def test_a_rate_changes_within_a_packet(lab):
    """1,000 bits of a packet leave at 1 Mbit/s, the rest at 8 Mbit/s: the transfer ends exactly at the computed time."""
    a, b, link = pair(lab, delay=0.0, rate=1e6)
    t = lab.transfer(a, b, 1448)
    lab.run()
    lab.conductor.sleep(1)  # until the connection's last frames have left
    fixed = t.finished - t.started
    sent = t.segments[0].time
    lab.at(lab.now + sent - t.started + 0.001, lambda: link.forth.set(rate=8e6))
    again = lab.transfer(a, b, 1448)
    lab.run()
    bits = (FULL + HEADERS) * 8     # the data, and the handshake's ACK before it
    slow, fast = fixed, again.finished - again.started
    assert slow - fast == pytest.approx((bits - 1000) / 1e6 * 7 / 8, abs=1e-7)


def test_a_trace_of_opportunities(lab):
    """In Mahimahi's format, a trace with four packets in each 10 ms gives 4.8 Mbit/s of IP packets."""
    a, b, _ = pair(lab, delay=0.005, queue=40_000, trace=[5, 5, 10, 10])
    t = lab.transfer(a, b, seconds=10, congestion="reno")
    lab.run()
    assert arrivals(t, 2, 10) * 8 / 8 == pytest.approx(4.8e6 * 1448 / 1500, rel=0.02)


def test_an_outage(lab):
    """All frames during the outage are lost, and no others."""
    a, b, link = pair(lab, delay=0.01, rate=4e6, queue=50_000, outages=[(2, 3)])
    t = lab.transfer(a, b, seconds=8)
    lab.run()
    assert link.forth.lost > 0 and 0 <= link.forth.lost + link.forth.dropped - t.lost <= 2     # frames without data
    assert arrivals(t, 2.1, 3) == 0 and arrivals(t, 5, 8) > 0


# ---- troubles ---------------------------------------------------------------------------------------------------------

def many(lab, **wire):
    """Returns the forward direction of a link, after it has carried some 14,000 data frames."""
    a, b, link = pair(lab, delay=0.001, **wire)
    lab.transfer(a, b, 20_000_000, segments=False, every=0)
    lab.run()
    return link.forth


@pytest.mark.parametrize("options, counter", [
    ({"loss": 0.01}, "lost"), ({"duplicate": 0.02}, "duplicated"), ({"reorder": 0.02, "reorder_delay": 0.0005}, "reordered")])
def test_shares(lab, options, counter):
    """The share of lost, duplicated or reordered frames is the requested one, within four standard deviations."""
    way = many(lab, **options)
    p = next(iter(options.values()))
    assert abs(getattr(way, counter) - p * way.frames) < 4 * math.sqrt(p * way.frames)


def test_bursts(lab):
    """Frame by frame, losses are those of a Gilbert-Elliott model that draws the same random numbers; bursts
    have 5 frames on average."""
    way = many(lab, loss=Bursts(enter=0.002, leave=0.2, loss=0.9))
    chance, bad, lost, bursts = Splitmix(7, purpose=16 * way.number + 3), False, 0, 0
    for _ in range(way.frames):
        if chance.share() < (0.2 if bad else 0.002):
            bad = not bad
            bursts += bad
        lost += bad and chance.share() < 0.9
    assert way.lost == lost > 2 * bursts > 20


def test_chosen_segments(lab):
    """The numbers in `drop` count the data segments on this link."""
    a, b, link = pair(lab, delay=0.01, drop={3, 7})
    t = lab.transfer(a, b, 30_000)
    lab.run()
    assert [i for i, s in enumerate(t.segments) if s.lost] == [3, 7]
    assert t.lost == 2 == link.forth.lost and t.retransmissions >= 2


def test_each_direction_has_its_settings(lab):
    """On an asymmetric link, as an ADSL line, the direction of the ACKs is slower and has its own queue."""
    a, b, link = pair(lab, delay=0.01, rate=8e6, back={"rate": 1e5, "queue": DropTail(packets=5)})
    lab.transfer(a, b, 1_000_000)
    lab.run()
    assert link.forth.dropped == 0 and link.back.dropped > 0


def test_equal_seeds_give_equal_runs():
    """With every trouble at once, equal seeds give equal runs, and another seed gives another run."""
    def run(seed):
        lab = Lab(seed=seed)
        a, b, _ = pair(lab, rate=5e6, queue=RED(ecn=True), loss=Bursts(0.01, 0.3), duplicate=0.01, reorder=0.02,
                       reorder_delay=0.01, jitter=0.002, rates=[(1, 2e6)], outages=[(2, 2.2)])
        t = lab.transfer(a, b, 500_000)
        lab.poisson(a, b, rate=2, nbytes=5000, seconds=2)
        lab.run()
        lab.close()
        return t.segments, lab.results()
    assert run(1) == run(1)
    assert run(1) != run(2)


# ---- queues -------------------------------------------------------------------------------------------------------------

def test_the_queueing_delay_is_that_of_the_queue():
    """With a window larger than the path holds, a droptail queue stays full; CoDel keeps the queue's delay at its
    target."""
    delays = {}
    for name, queue in (("droptail", 100_000), ("codel", CoDel())):
        lab = Lab(seed=1)
        a, b, link = pair(lab, delay=0.01, rate=8e6, queue=queue)
        lab.transfer(a, b, seconds=20, segments=False, congestion="reno")
        lab.run()
        lab.close()
        delays[name] = link.forth.result()
    assert 0.05 < delays["droptail"]["delay_95"] <= 0.1
    assert delays["codel"]["delay_mean"] < 0.02
    assert delays["droptail"]["dropped"] > 0 and delays["codel"]["dropped"] > 0


def test_the_average_and_the_95th_percentile():
    """The mean and the 95th percentile of the delay are right for ten packets that waited 0 to 9 transmission times."""
    lab = Lab(seed=1)
    a, b, link = pair(lab, delay=0.1, rate=FULL * 8 * 1000)
    lab.transfer(a, b, 10 * 1448, segments=False)
    lab.run()
    lab.close()
    waits = [w for w in link.forth.delays if w > 5e-4]
    assert waits == pytest.approx([i / 1000 for i in range(1, 10)], abs=1e-4)
    result = link.forth.result()
    assert result["delay_mean"] == pytest.approx(sum(link.forth.delays) / len(link.forth.delays))
    assert result["delay_95"] == sorted(link.forth.delays)[math.ceil(0.95 * len(link.forth.delays)) - 1]


def test_queues_that_mark_drop_without_ecn(lab):
    """A Step queue marks no segment that is not ECT."""
    a, b, link = pair(lab, delay=0.01, rate=8e6, queue=Step(threshold=5, packets=50))
    t = lab.transfer(a, b, 1_000_000)
    lab.run()
    assert link.forth.marked == t.marked == 0


# ---- several flows --------------------------------------------------------------------------------------------------------

def test_a_dumbbell(lab):
    """Three flows of the same RTT share the bottleneck; a fourth flow, which begins later, gets a quarter of it."""
    net = lab.dumbbell(4, rate=10e6, rtt=0.04, queue=CoDel())
    flows = [lab.transfer(a, b, seconds=30 - start, start=start, segments=False, congestion="reno")
             for (a, b), start in zip(net.pairs, (0, 0, 0, 10))]
    lab.run()
    assert [t.started for t in flows] == [0, 0, 0, 10] and all(t.finished == 30 for t in flows)
    assert 0.85 * 10e6 < sum(arrivals(t, 15, 30) for t in flows) * 8 / 15 < 10e6
    assert fairness([arrivals(t, 15, 30) for t in flows]) > 0.9
    results = lab.results()
    assert results["fairness"] == fairness([t.goodput for t in flows])
    assert [f["congestion"] for f in results["flows"]] == ["reno"] * 4
    assert net.queue.result()["frames"] > 20_000


def test_round_trips_of_a_dumbbell(lab):
    """Each pair of hosts has its own RTT, which a flow measures while no queue delays it."""
    net = lab.dumbbell(3, rate=1e9, rtt=[0.02, 0.05, 0.1])
    flows = [lab.transfer(a, b, 20_000, start=i) for i, (a, b) in enumerate(net.pairs)]
    lab.run()
    for t, rtt in zip(flows, (0.02, 0.05, 0.1)):
        assert t.samples[-1].min_rtt == pytest.approx(rtt, abs=0.001)


def test_a_switch_passes_frames_on(lab):
    """In a star of three hosts, each has a flow to the next one; a frame goes only to its destination."""
    hub, hosts = lab.switch(), [lab.host() for _ in range(3)]
    links = [lab.wire(h, hub, delay=0.001) for h in hosts]
    flows = [lab.transfer(hosts[i], hosts[(i + 1) % 3], 100_000) for i in range(3)]
    lab.run()
    assert all(t.read == 100_000 for t in flows)
    sent = [sum(len(t.segments) for t in flows if t.sender is h) for h in hosts]
    for link, n in zip(links, sent):
        assert n <= link.forth.frames < 2 * n


def test_a_loop_is_refused(lab):
    """A wire that would make a loop is refused, because networks are trees."""
    a, b, c = (lab.switch() for _ in range(3))
    lab.wire(a, b)
    lab.wire(b, c)
    with pytest.raises(ValueError, match="make a loop"):
        lab.wire(c, a)
    with pytest.raises(ValueError, match="no setting of a link; there are rate, "):
        lab.wire(c, lab.host(), rte=3)
    lab.wire(c, lab.host())     # the refused wire left no state behind


def test_background_traffic(lab):
    """Short flows of a Poisson process run beside a source that pauses.  When all have ended, no socket and no
    unfinished system call is left."""
    a, b, _ = pair(lab, rate=10e6, delay=0.01)
    short = lab.poisson(a, b, rate=20, nbytes=10_000, seconds=10)
    periods = lab.on_off(a, b, on=0.5, off=0.5, seconds=10)
    lab.run()
    assert len(short) == pytest.approx(200, abs=60) and sum(t.read for t in short) == sum(t.plan["nbytes"] for t in short)
    assert sum(t.seconds for t in periods) == pytest.approx(5, abs=2.5)
    assert all(t.done and not t.error for t in short + periods)
    assert lab.results()["fairness"] == 1   # the value for no flow: background traffic does not count
    lab.conductor.sleep(200)
    assert a.caches()["TCP"] == b.caches()["TCP"] == 0
    assert a.sn_calls_in_flight() == b.sn_calls_in_flight() == 0


def test_a_flow_without_a_path_fails(lab):
    """The link is cut before one flow's handshake: the other flow finishes, then the error is raised."""
    a, b, _ = pair(lab, outages=[(5, 1000)])
    good, bad = lab.transfer(a, b, 1000), lab.transfer(a, b, 1000, start=6, name="the late one")
    with pytest.raises(OSError, match="timed out.*the late one"):
        lab.run()
    assert good.read == 1000 and bad.done and bad.read == 0


def test_a_run_that_does_not_end(lab):
    """If the run does not end in time, the error names the unfinished transfers."""
    a, b, _ = pair(lab, rate=1e5)
    lab.transfer(a, b, 10_000_000, name="too much")
    with pytest.raises(TimeoutError, match="after 5 s of virtual time: too much"):
        lab.run(5)


def test_a_flow_knows_its_control(lab):
    """A transfer uses the congestion control that was asked for, else the host's default."""
    a, b = (lab.host("sysctl.net.ipv4.tcp_congestion_control=reno") for _ in range(2))
    lab.wire(a, b)
    for name in lab.controls():
        lab.transfer(a, b, 1000, congestion=name)
    lab.transfer(a, b, 1000)
    lab.run()
    assert [f["congestion"] for f in lab.results()["flows"]] == [*lab.controls(), "reno"]


def test_actions(lab):
    """lab.at() calls a function at a given time; the function may change a link or start a transfer."""
    a, b, link = pair(lab, rate=8e6)
    made = []
    lab.transfer(a, b, 1000)
    lab.at(3, lambda: made.append(lab.transfer(a, b, 1000)))
    lab.at(2, lambda: link.set(rate=1e5))
    lab.run()
    assert made[0].started == 3 and made[0].read == 1000 and made[0].seconds > 0.08


# ---- results as files -----------------------------------------------------------------------------------------------------

def blocks(path):
    """Returns the blocks of a pcapng file as a list of (type, body)."""
    data, at, found = pathlib.Path(path).read_bytes(), 0, []
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        assert struct.unpack_from("<I", data, at + length - 4)[0] == length
        found.append((kind, data[at + 8:at + length - 4]))
        at += length
    return found


def test_captures(lab, tmp_path):
    """A host's capture has the frames that it sent and received.  A link's capture has the frames that left the
    queue, and the dropped ones with the reason."""
    a, b, link = pair(lab, delay=0.01, drop={4})
    lab.capture(a, tmp_path / "a.pcapng")
    lab.capture(link, tmp_path / "link.pcapng")
    t = lab.transfer(a, b, 20_000)
    lab.run()
    lab.conductor.sleep(1)  # until the last ACKs have arrived
    host, wire = blocks(tmp_path / "a.pcapng"), blocks(tmp_path / "link.pcapng")
    assert [kind for kind, _ in host[:3]] == [0x0a0d0d0a, 1, 6]
    tcp = [body for kind, body in host if kind == 6 and body[20 + 12:20 + 14] == b"\x08\0"]
    times = [(high << 32 | low) / 1e9 for high, low in (struct.unpack_from("<II", body, 4) for body in tcp)]
    assert times == sorted(times) and len(tcp) > len(t.segments) + len(t.acks)
    assert [b"lost" in body for kind, body in wire if kind == 6].count(True) == 1


def test_tables(lab, tmp_path):
    """The samples of a flow and of a queue can be written as CSV, with a line of names."""
    a, b, link = pair(lab, rate=8e6)
    t = lab.transfer(a, b, 300_000, every=0.02)
    lab.run()
    with open(t.csv(tmp_path / "flow.csv"), encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == len(t.samples) > 5
    assert [int(r["cwnd"]) for r in rows] == [s.cwnd for s in t.samples] and rows[0]["state"] == "Open"
    gaps = {round(y.time - x.time, 9) for x, y in zip(t.samples, t.samples[1:-1])}
    assert gaps == {0.02}
    with open(link.forth.csv(tmp_path / "sub/queue.csv"), encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    assert max(int(r["packets"]) for r in rows) == max(s.packets for s in link.forth.samples) > 0
    assert int(rows[-1]["sent_bytes"]) <= link.forth.bytes


# ---- sweeps ---------------------------------------------------------------------------------------------------------------

def goodput(rate, seed):
    """Runs a small experiment."""
    lab = Lab(seed=seed)
    a, b, _ = pair(lab, rate=rate)
    t = lab.transfer(a, b, 100_000)
    lab.run()
    return {"goodput": t.goodput}


def test_a_sweep(tmp_path):
    """The rows of the result and of the CSV file have the order of the combinations, with any number of workers."""
    rows = sweep(goodput, workers=3, csv=tmp_path / "sweep.csv", rate=[1e6, 2e6], seed=[1, 2])
    assert [(r["rate"], r["seed"]) for r in rows] == [(1e6, 1), (1e6, 2), (2e6, 1), (2e6, 2)]
    assert rows == sweep(goodput, workers=1, rate=[1e6, 2e6], seed=[1, 2])
    assert rows[0]["goodput"] < 1e6 < rows[2]["goodput"]
    assert (tmp_path / "sweep.csv").read_text().splitlines()[0] == "rate,seed,goodput"


def failing(x):
    """Depending on @x, raises an error, ends its process, or returns an object that can't be sent to the parent."""
    if x == 1:
        raise ValueError("no such x")
    if x == 2:
        os._exit(3)
    return (lambda: x) if x == 3 else x


def test_a_sweep_with_failures(capfd):
    """The row of a failed combination has its parameters and the error; the other rows have their results."""
    rows = sweep(failing, x=[0, 1, 2, 3, 4])
    assert rows[0] == {"x": 0, "result": 0} and rows[4] == {"x": 4, "result": 4}
    assert re.fullmatch(r"ValueError: no such x \(\S+/test_lab_links.py, line \d+\)", rows[1]["error"]) and "status 3" in rows[2]["error"]
    assert "cannot be passed" in rows[3]["error"]
    said = capfd.readouterr().err
    assert "x=1: ValueError: no such x" in said and "x=2: the process ended" in said
    with pytest.raises(ValueError, match="rate=3: a list"):
        sweep(goodput, rate=3)


# ---- errors in words --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("words, call", [
    ("rates: the times rise, and 1 is behind 2", lambda a, b, lab: lab.wire(a, b, rates=[(2, 1e6), (1, 2e6)])),
    ("rates: 5 is no pair", lambda a, b, lab: lab.wire(a, b, rates=[5])),
    ("ends before it begins", lambda a, b, lab: lab.wire(a, b, outages=[(2, 1)])),
    ("trace: the times rise", lambda a, b, lab: lab.wire(a, b, trace=[3, 1])),
    ("RED: low=9 is below high=3", lambda a, b, lab: lab.wire(a, b, queue=RED(low=9, high=3))),
    ("queue='big': bytes, or", lambda a, b, lab: lab.wire(a, b, queue="big")),
    ("CoDel: target=-1: a number", lambda a, b, lab: lab.wire(a, b, queue=CoDel(target=-1))),
    ("Bursts: enter=2: a share", lambda a, b, lab: lab.wire(a, b, loss=Bursts(2, 1))),
    ("reorder=1: a share", lambda a, b, lab: lab.wire(a, b, reorder=1)),
])
def test_invalid_settings_are_refused(words, call, lab):
    """An invalid argument is refused before anything is created: afterwards the same hosts can be wired."""
    a, b = lab.host(), lab.host()
    with pytest.raises(ValueError, match=words):
        call(a, b, lab)
    lab.wire(a, b)
