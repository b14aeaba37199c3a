# SPDX-License-Identifier: MIT
"""The laboratory (tools/lab): what it measures is what was arranged, and its document shows what runs."""
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools/lab"))
from softnet import Lab  # noqa: E402  pylint: disable=wrong-import-position

LIBRARY = str(ROOT / "build/host/libsoftnet.so")
BYTES, DELAY, RATE = 500_000, 0.025, 8e6


def transfer(loss):
    """A transfer over a link of 8 Mbit/s and 50 ms there and back."""
    lab = Lab(seed=3, library=LIBRARY)
    a, b = lab.host(), lab.host()
    link = lab.wire(a, b, delay=DELAY, rate=RATE, queue=1 << 24, loss=loss)
    t = lab.transfer(a, b, BYTES)
    lab.run()
    lab.close()
    return t, link


def test_a_good_wire():
    """All arrives, not faster than the link; no sample below the path's round trip; cwnd only grows."""
    t, link = transfer(0)
    assert t.read == BYTES and link.dropped == 0
    assert 0.5 * RATE < t.goodput < RATE
    assert min(s.rtt for s in t.samples) >= 2 * DELAY
    windows = [s.cwnd for s in t.samples]
    assert windows[0] == 10 and windows == sorted(windows) and windows[-1] > 20  # RFC 6928's ten
    assert sum(s.length for s in t.segments) == BYTES
    assert not any(s.again or s.lost for s in t.segments)
    acks = [a.ack for a in t.acks]
    assert acks == sorted(acks) and acks[-1] > 0.99 * BYTES


def test_losses_show():
    """Each lost segment is sent again, and the window falls."""
    t, link = transfer(0.02)
    assert t.read == BYTES and link.dropped > 0
    assert {s.seq for s in t.segments if s.lost} <= {s.seq for s in t.segments if s.again or not s.lost}
    windows = [s.cwnd for s in t.samples]
    assert any(later < earlier for earlier, later in zip(windows, windows[1:]))
    assert t.samples[-1].total_retrans >= sum(s.lost for s in t.segments[:-3]) > 0


def test_the_same_seed_is_the_same_experiment():
    """To the nanosecond."""
    first, second = transfer(0.02)[0], transfer(0.02)[0]
    assert first.segments == second.segments and first.samples == second.samples


def test_a_wrong_option_is_refused():
    """With the kernel's errno."""
    lab = Lab(library=LIBRARY)
    a, b = lab.host(), lab.host()
    lab.wire(a, b)
    lab.transfer(a, b, 1000, congestion="no-such")
    with pytest.raises(OSError, match="no-such"):
        lab.run()
    lab.close()


def test_a_wrong_option_leaves_the_lab_usable():
    """The transfer that failed is gone with its sockets; those before and after it run."""
    lab = Lab(library=LIBRARY)
    a, b = lab.host(), lab.host()
    lab.wire(a, b)
    sockets = a.caches()["TCP"], b.caches()["TCP"]
    for _ in range(2):
        lab.transfer(a, b, 1000, congestion="no-such")
        with pytest.raises(OSError, match="no-such"):
            lab.run()
        assert (a.caches()["TCP"], b.caches()["TCP"]) == sockets
    good = lab.transfer(a, b, 1000, congestion="reno")
    lab.run()
    assert good.done and good.read == 1000
    lab.close()


def test_what_was_sent_again():
    """A segment whose bytes had left before, counted here by the wire itself; an ACK carries none."""
    t, _ = transfer(0.02)
    sent, again = 0, []
    for s in t.segments:
        again.append(s.seq + s.length <= sent)
        sent = max(sent, s.seq + s.length)
    assert [s.again for s in t.segments] == again and any(again) and not all(again)
    assert t.acks and not any(a.again for a in t.acks)


def test_a_python_without_matplotlib(monkeypatch):
    """The one that has it is named."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "softnet.plot", raising=False)
    with pytest.raises(ModuleNotFoundError, match="tools/setup lab"):
        transfer(0)[0].plot("/nowhere")


def test_a_library_that_is_not_there():
    """The message says what builds it."""
    with pytest.raises(FileNotFoundError, match="make build/host/libsoftnet.so"):
        Lab(library="build/nowhere.so")


def test_the_document_shows_the_example():
    """Line by line."""
    shown = re.search(r"```python\n(.*?)```", (ROOT / "docs/lab.md").read_text(), re.S)[1]
    assert (ROOT / "tools/lab/example.py").read_text().endswith('"""\n' + shown)


def test_nonsense_is_refused():
    """Before anything runs, with words that say what would be right."""
    lab = Lab(library=LIBRARY)
    a, b, c, d = (lab.host() for _ in range(4))
    lab.wire(a, b)
    for call, words in ((lambda: lab.wire(c, c), "two ends"), (lambda: lab.wire(a, c), "one wire"),
                        (lambda: lab.wire(c, d, loss=2), "a share"), (lambda: lab.wire(c, d, delay=-1), "below 0"),
                        (lambda: lab.transfer(a, c, 1), "no wire"), (lambda: lab.transfer(a, b, 0), "at least one"),
                        (lambda: lab.transfer(a, b, 1, frob=2), "sndbuf"),
                        (lambda: lab.transfer(a, b, 1, every=0), "above 0")):
        with pytest.raises(ValueError, match=words):
            call()
    lab.close()
