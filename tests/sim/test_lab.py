# SPDX-License-Identifier: MIT
"""Tests of the laboratory (tools/lab): its measurements agree with the network it built, errors are clear."""
import math
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools/lab"))
from softnet import NR, Halted, Lab, checks, engine, lab as lab_module, transfer as transfer_module  # noqa: E402  pylint: disable=wrong-import-position

LIBRARY = str(ROOT / "build/host/libsoftnet.so")
BYTES, DELAY, RATE = 500_000, 0.025, 8e6


def transfer(loss):
    """Runs a transfer over a link of 8 Mbit/s with a round trip of 50 ms; returns the transfer and
    the link."""
    lab = Lab(seed=3, library=LIBRARY)
    a, b = lab.host(), lab.host()
    link = lab.wire(a, b, delay=DELAY, rate=RATE, queue=1 << 24, loss=loss)
    t = lab.transfer(a, b, BYTES)
    lab.run()
    lab.close()
    return t, link


def test_a_link_without_loss():
    """All bytes arrive, not faster than the link; no RTT sample is below the path's round trip; cwnd only grows."""
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
    """Each lost segment is retransmitted, and cwnd falls."""
    t, link = transfer(0.02)
    assert t.read == BYTES and link.dropped > 0
    assert {s.seq for s in t.segments if s.lost} <= {s.seq for s in t.segments if s.again or not s.lost}
    windows = [s.cwnd for s in t.samples]
    assert any(later < earlier for earlier, later in zip(windows, windows[1:]))
    assert t.samples[-1].total_retrans >= sum(s.lost for s in t.segments[:-3]) > 0


def test_the_same_seed_is_the_same_experiment():
    """All segments and samples of two runs are equal, to the nanosecond."""
    first, second = transfer(0.02)[0], transfer(0.02)[0]
    assert first.segments == second.segments and first.samples == second.samples


def test_a_call_that_fails_leaves_the_lab_usable():
    """A failed transfer leaves no sockets, and a later transfer succeeds."""
    lab = Lab(library=LIBRARY)
    a, b = lab.host(), lab.host()
    lab.wire(a, b)
    sockets = a.caches()["TCP"], b.caches()["TCP"]
    for _ in range(2):
        lab.transfer(a, b, 1000).options["congestion"] = "no-such"  # bypasses the lab's check, so the kernel refuses
        with pytest.raises(OSError, match="no-such"):
            lab.run()
        assert (a.caches()["TCP"], b.caches()["TCP"]) == sockets
    good = lab.transfer(a, b, 1000, congestion="reno")
    lab.run()
    assert good.done and good.read == 1000
    lab.close()


def test_retransmissions():
    """`again` is set for exactly those segments whose bytes were all sent before, and for no ACK."""
    t, _ = transfer(0.02)
    sent, again = 0, []
    for s in t.segments:
        again.append(s.seq + s.length <= sent)
        sent = max(sent, s.seq + s.length)
    assert [s.again for s in t.segments] == again and any(again) and not all(again)
    assert t.acks and not any(a.again for a in t.acks)


def test_a_python_without_matplotlib(monkeypatch):
    """Without matplotlib the error names the command that installs it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "softnet.plot", raising=False)
    monkeypatch.delattr(sys.modules["softnet"], "plot", raising=False)  # another test may have drawn
    with pytest.raises(ModuleNotFoundError, match="tools/setup lab"):
        transfer(0)[0].plot("/nowhere")


def test_a_library_that_is_not_there(monkeypatch):
    """If the library of the kernel or of tools/lab/engine does not exist, the error names the command that
    builds it."""
    with pytest.raises(FileNotFoundError, match="make lab-build"):
        Lab(library="build/nowhere.so")
    monkeypatch.setattr(engine, "ENGINE", "build/nowhere.so")
    with pytest.raises(FileNotFoundError, match="nowhere.so does not exist.*make lab-build"):
        Lab()


def test_the_document_shows_the_example(tmp_path):
    """docs/lab.md shows the example line by line, and the shown program runs in any folder, without a terminal."""
    shown = re.search(r"```python\n(.*?)```", (ROOT / "docs/lab.md").read_text(), re.S)[1]
    assert (ROOT / "tools/lab/example.py").read_text().endswith('"""\n' + shown)
    p = subprocess.run(["/usr/bin/python3", "-c", shown], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "tools/lab")})
    assert p.returncode == 0 and "Mbit/s" in p.stdout, p.stdout
    assert (tmp_path / "build/lab/flows.svg").exists()


def test_invalid_arguments_are_refused():
    """An invalid argument is refused before the simulation runs, and the error says which values are valid."""
    lab = Lab(library=LIBRARY)
    a, b, c, d = (lab.host() for _ in range(4))
    lab.wire(a, b)
    for call, words in ((lambda: lab.wire(c, c), "two ends"), (lambda: lab.wire(a, c), "one wire"),
                        (lambda: lab.wire(c, d, loss=2), "a share"),
                        (lambda: lab.wire(c, d, loss=math.nan), "loss=nan: a number from 0"),
                        (lambda: lab.wire(c, d, delay=-1), "delay=-1: a number from 0"),
                        (lambda: lab.wire(c, d, delay=math.inf), "delay=inf: a number from 0"),
                        (lambda: lab.wire(c, d, rate="8M"), "rate='8M': a number from 0"),
                        (lambda: lab.transfer(a, c, 1), "no wire"), (lambda: lab.transfer(a, b, 0), "at least one"),
                        (lambda: lab.transfer(a, b, 1e6), "nbytes=1000000.0: a whole number"),
                        (lambda: lab.transfer(a, b, 1, frob=2), "congestion, sndbuf, rcvbuf"),
                        (lambda: lab.transfer(a, b, 1, sndbuf=0), "sndbuf=0: a whole number from 1 to 2147483647"),
                        (lambda: lab.transfer(a, b, 1, congestion="quick"), "'quick'.*available: .*reno"),
                        (lambda: lab.transfer(a, b, 1, every=1e-10), "0 or at least"),
                        (lambda: lab.transfer(a, b, 1, start=-1), "start=-1: a number from 0"),
                        (lambda: lab.transfer(a, b), "nbytes=, or seconds="),
                        (lambda: lab.transfer(a, b, seconds=0), "above 0"),
                        (lambda: lab.poisson(a, b, 0, 1, 1), "rate=0: above 0"),
                        (lambda: lab.on_off(a, b, 0, 1, 1), "on=0: above 0"),
                        (lambda: lab.dumbbell(2, 1e6, rtt=[0.1]), "1 values for 2 pairs"),
                        (lambda: lab.dumbbell(1, 1e6, rtt=0.1, delay=0.2), "the least RTT is 0.1"),
                        (lambda: lab.capture(3, "/nowhere"), "no host of this lab"),
                        (lambda: lab.plot("/nowhere"), "nothing to draw"),
                        (lambda: lab.run(-1), "seconds=-1"),
                        (lambda: Lab("x", LIBRARY), "seed='x': a whole number from 0")):
        with pytest.raises(ValueError, match=words):
            call()
    lab.close()


def test_early_results_and_closed_labs_are_refused():
    """It is an error to read a result before run(), and to use hosts of another lab or of a closed lab. After close()
    no function of the lab's library is called."""
    lab, other = Lab(library=LIBRARY), Lab(library=LIBRARY)
    a, b, c = lab.host(), lab.host(), other.host()
    lab.wire(a, b)
    t = lab.transfer(a, b, 1000)
    refused = [(lambda: t.goodput, "lab.run\\(\\) first"), (lambda: t.seconds, "not over"), (lambda: t.plot("/nowhere"), "not over"),
               (lambda: lab.transfer(a, a, 1), "between two hosts"), (lambda: other.wire(c, a), "no host of this lab"),
               (lambda: other.transfer(a, b, 1), "no host of this lab"), (lambda: lab.wire(None, a), "None is no host")]
    for call, words in refused:
        with pytest.raises(ValueError, match=words):
            call()
    lab.run()
    lab.close()
    lab.close()
    assert t.goodput > 0
    for call in (lab.run, lab.host, lambda: lab.transfer(a, b, 1), lambda: lab.wire(a, b)):
        with pytest.raises(ValueError, match="closed"):
            call()
    for call in (lambda: a.call(NR.getpid), a.console, lambda: a.slurp("/proc/uptime")):
        with pytest.raises(Halted, match="released"):
            call()
    other.close()


@pytest.mark.parametrize("cmdline, options, words", [
    ("ip=foo", {}, "ip=foo: the lab numbers its hosts itself"),
    ("frob=1", {}, 'unknown option "frob=1"(.|\n)*known: sysctl'),
    ("loglevel=emerg frob", {}, 'unknown option "frob"'),
    ("sysctl.net.ipv4.tcp_retries2=300", {}, r"expected sysctl.net.ipv4.tcp_retries2=0..255"),
    ("app=nothing", {}, "expected app="),
    ("gw=10.9.9.9", {}, "gw=10.9.9.9: not in the network"),
    ("x" * 2048, {}, "cmdline: at most 2047 bytes"),
    (None, {}, "cmdline=None: a text"),
    ("", {"mtu": 60}, r"mtu=60: a whole number from 68 to 9000"),
    ("", {"mtu": 70000}, r"mtu=70000: a whole number from 68 to 9000"),
    ("", {"ram": 100}, r"ram=100: a whole number from 2097152 to 17179869184 \(bytes\)"),
    ("", {"ram": "64M"}, r"ram='64M': a whole number"),
    ("", {"queue_size": 48}, "a power of two"),
    ("", {"mac": 0x010000000000}, "an address of one card"),
    ("", {"memory": 1}, "no option of a host; there are ctrl_early, .*, mtu, .*ram"),
])
def test_invalid_host_options_are_refused(cmdline, options, words):
    """An invalid option of a host is an error, not only a line on its console; the next host gets its address."""
    lab = Lab(library=LIBRARY)
    with pytest.raises(ValueError, match=words):
        lab.host(cmdline, **options)
    assert lab.host("loglevel=warn sysctl.net.ipv4.tcp_retries2=8", mtu=9000, ram=2 << 20).address == "10.0.0.1"
    lab.close()


def test_the_lab_knows_the_kernels_controls_and_options():
    """The lab's lists of congestion controls and of host options are those of the kernel's sources."""
    registered = [name for f in (ROOT / "net").rglob("*.c")
                  for name in re.findall(r"tcp_register_congestion_control\(&tcp_(\w+)\)", f.read_text())]
    assert set(registered) <= set(lab_module.CONTROLS)
    lab = Lab(library=LIBRARY)
    lab.host()
    assert set(lab.controls()) == set(registered)
    lab.close()
    read = [name for f in (ROOT / "tests/host").glob("*.c")
            for name in re.findall(r'host_option\("(\w+)"', f.read_text())]
    assert set(read) | {"fail_alloc", "fail_row", "hold_tx", "keep_pages", "race_edge"} == set(checks.HOST_OPTIONS)


def test_a_sample_has_the_fields_of_tcp_info():
    """The offsets of fields at the beginning, in the middle and behind bit fields are those of Linux's struct."""
    at, places = 0, {}
    for name, kind in zip(transfer_module.INFO, transfer_module.INFO_FORMAT):
        places[name] = at
        at += {"B": 1, "H": 2, "I": 4, "Q": 8}[kind]
    assert at + 16 == transfer_module.SAMPLE.size
    linux = {"ca_state": 1, "rto": 8, "rtt": 68, "snd_cwnd": 80, "total_retrans": 100, "pacing_rate": 104,
             "delivery_rate": 160, "delivered": 192, "snd_wnd": 228}
    assert {name: places[name] for name in linux} == linux
