# SPDX-License-Identifier: MIT
"""The relay (relay.py) without a guest: equal seeds give equal results, each kind of harm does what its name says, and
without harm nothing is changed.  Also the rules of conftest.py about skips and builds."""
import errno
import os
import struct
import subprocess
import sys

import pytest
from conftest import HERE, never_shipped, wrong_skips
from relay import KINDS, Way

N = 2000


class Sink:
    def __init__(self):
        self.got = []

    def send(self, frame):
        self.got.append(bytes(frame))


def packet(i, kind=b"\x08\x00"):
    return bytes(12) + kind + struct.pack(">I", i) + bytes(50)


def through(seed, harm, kind=b"\x08\x00"):
    """Sends N packets through one direction of a relay, one each millisecond; returns the frames that came out, and the
    Way."""
    way = Way(None, Sink(), seed, harm)
    for i in range(N):
        way.due(i / 1000)
        way.arrived(packet(i, kind), i / 1000)
        way.flush()
    while (later := way.deadline()) is not None:
        way.due(later)
    way.flush()
    return way.sink.got, way


SENT = [packet(i) for i in range(N)]
ALL = dict.fromkeys(KINDS, 0.05)


def test_a_clean_relay_changes_nothing():
    assert through(1, {})[0] == SENT


def test_arp_passes_unharmed():
    assert through(1, dict.fromkeys(KINDS, 1), b"\x08\x06")[0] == [packet(i, b"\x08\x06") for i in range(N)]


def test_equal_seeds_give_equal_results():
    assert through(7, ALL)[0] == through(7, ALL)[0] != through(8, ALL)[0]


def test_drop_loses_and_does_no_more():
    got, way = through(1, {"drop": 0.1})
    assert len(got) == N - way.counts["drop"] and got == [p for p in SENT if p in set(got)]
    assert 100 < way.counts["drop"] < 300      # expected 200, within seven standard deviations


def test_duplicate_sends_twice():
    got, way = through(1, {"duplicate": 0.1})
    assert way.counts["duplicate"] and len(got) == N + way.counts["duplicate"] and sorted(set(got)) == SENT


def test_reorder_swaps_and_loses_nothing():
    got, way = through(1, {"reorder": 0.1})
    assert way.counts["reorder"] and got != SENT and sorted(got) == SENT


def test_corrupt_turns_one_bit():
    got, way = through(1, {"corrupt": 0.1})
    bits = [bin(int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).count("1") for a, b in zip(got, SENT)]
    assert len(got) == N and max(bits) == 1 and sum(bits) == way.counts["corrupt"] > 0


def test_delay_is_late_and_comes():
    got, way = through(1, {"delay": 0.1})
    assert way.counts["delay"] and got != SENT and sorted(got) == SENT


def test_mark_changes_the_field_and_the_checksum():
    """An ECN-capable packet gets CE and a correct header checksum; another one is not changed."""
    def checksum(header):
        total = sum(struct.unpack(">10H", header))
        return (total & 0xffff) + (total >> 16)

    for tos in (0, 1, 2, 3, 0xfe):
        ip = bytearray(struct.pack(">BBHHHBBH8s", 0x45, tos, 40, 7, 0x4000, 64, 6, 0, bytes((10, 0, 0, 1, 10, 0, 0, 2))))
        ip[10:12] = (~checksum(ip) & 0xffff).to_bytes(2, "big")
        frame = bytes(12) + b"\x08\x00" + bytes(ip) + bytes(20)
        way = Way(None, Sink(), 1, {"mark": 1})
        way.arrived(frame, 0)
        way.flush()
        got = way.sink.got[0]
        assert way.counts["mark"] == (tos & 3 > 0)
        assert got[15] == (tos | 3 if tos & 3 else tos)
        assert checksum(got[14:34]) == 0xffff
        assert got[34:] == frame[34:]


def test_a_full_sink_stops_the_source_and_loses_nothing():
    class Full(Sink):
        def send(self, frame):
            raise BlockingIOError

    class Endless:
        def recv(self, most):
            return packet(0)

    way = Way(Endless(), Full(), 1, {})
    for _ in range(100):
        way.take(0)
        way.flush()
    assert way.full() and len(way.out) == way.counts["frames"] and not way.counts["lost"]


def test_a_frame_that_cannot_be_sent_does_not_delay_the_next():
    class Picky(Sink):
        def send(self, frame):
            if frame == packet(1):
                raise OSError(errno.ENOBUFS, "longer than the other end's MTU")
            super().send(frame)

    way = Way(None, Picky(), 1, {})
    for i in range(3):
        way.arrived(packet(i), 0)
    way.flush()
    assert way.sink.got == [packet(0), packet(2)] and way.counts["lost"] == 1 and not way.out


@pytest.mark.parametrize("skipped, wrong", [
    ({}, 0), ({"no tap": 2}, 0), ({"no tap": 3}, 1), ({"some new reason": 1}, 1), ({"no tap": 3, "other": 1}, 2),
])
def test_more_skips_than_allowed_are_wrong(skipped, wrong):
    assert len(wrong_skips(skipped, {"no tap": 2})) == wrong


@pytest.mark.parametrize("booted, wrong", [
    (set(), 0), ({("test_a.py", "checked")}, 1), ({("test_a.py", "shipped")}, 0),
    ({("test_a.py", "checked"), ("test_a.py", "shipped"), ("test_b.py", "checked")}, 1),
])
def test_a_file_that_never_boots_the_shipped_build_is_wrong(booted, wrong):
    assert len(never_shipped(booted)) == wrong


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["in one process", "in two"])
def test_a_run_fails_by_these_rules(tmp_path, workers):
    """The rules also hold with pytest-xdist: its workers report skips and booted builds to the main process."""
    (tmp_path / "aside.py").write_text(f"import guest\nguest.FAILED = {str(tmp_path / 'failed')!r}\n")
    for name in "ab":
        (tmp_path / f"test_{name}.py").write_text("import guest, pytest\n"
                                                  "def test_one(): pytest.skip('a new reason')\n"
                                                  "def test_two(build): guest.Guest.booted.add((__file__[-9:], build))\n")
    ran = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "aside", "-p", "conftest",
                          *workers], cwd=tmp_path, env=dict(os.environ, PYTHONPATH=f"{tmp_path}:{HERE}"),
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, ran.stdout
    assert "2 passed, 2 skipped" in ran.stdout and "\nskipped: 2\n  2: a new reason\n" in ran.stdout
    assert 'FAIL  2 tests were skipped because "a new reason": skips.txt permits 0' in ran.stdout
    assert ran.stdout.count("FAIL  test_") == ran.stdout.count(".py boots the checked build only") == 2
