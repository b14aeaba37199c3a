# SPDX-License-Identifier: MIT
"""Tests of the simulator: it finds planted bugs, a seed always gives the same run, goodput is unchanged."""
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import canary  # noqa: E402

ROOT = pathlib.Path(__file__).parent.parent.parent
RUN = [sys.executable, "tests/sim/run"]
KERNELS, PEERS = 10, 9  # seeds: KERNELS has our kernel at both ends, PEERS has peer.py at one end


def run(*words):
    """Runs tests/sim/run; returns its output and exit status."""
    done = subprocess.run([*RUN, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr, done.returncode


@pytest.mark.parametrize("name", canary.CANARIES)
def test_a_planted_bug_is_found(name):
    """The simulator finds each planted bug within 500 seeds."""
    out, status = run("--canary", name)
    assert status == 0, out
    assert "FAIL seed" in out


@pytest.mark.parametrize("seed", (KERNELS, PEERS))
def test_the_same_seed_is_the_same_run(seed):
    """Two runs of a seed print the same events."""
    first, second = run("--replay", seed), run("--replay", seed)
    assert first[1] == 0
    assert first[0].count("\n") > 20
    assert first == second


@pytest.mark.skipif(not shutil.which("tshark"), reason="no tshark to read the capture with")
@pytest.mark.parametrize("seed", (KERNELS, PEERS))
def test_a_replay_leaves_a_capture(seed):
    """tshark reads the capture and finds all checksums right; a lost frame has the comment "lost"."""
    assert run("--replay", seed, "loss=1000", "sides=0x3ff", "corrupt=0")[1] == 0
    out = subprocess.run(["tshark", "-r", f"build/sim/{seed}.pcapng", "-Y", "tcp",
                          "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-e", "tcp.checksum.status", "-e", "frame.comment"],
                         cwd=ROOT, capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    assert any(comment == "lost" for _, comment in rows)
    assert sum(status == "1" for status, _ in rows) == len(rows) > 20


def test_a_closed_pipe_leaves_the_capture_complete():
    """If the reader closes the pipe (`run --replay N | head`), the capture is complete and no error is printed."""
    path = ROOT / f"build/sim/{KERNELS}.pcapng"
    assert run("--replay", KERNELS)[1] == 0
    whole = path.read_bytes()
    assert len(whole) > 10_000
    path.unlink()
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*RUN, "--replay", str(KERNELS)], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True,
                          check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
    assert path.read_bytes() == whole


def test_a_failure_is_shrunk():
    """--shrink finds a plan that fails in the same way with fewer kinds of trouble."""
    library = "build/sim/canary/wmem/libsoftnet.so"
    out, status = run("--shrink", 11, "--library", library)
    assert status == 1, out
    words = re.search(r"^tests/sim/run (.*)", out, re.M)[1].split()
    assert "dup=0" in words and "corrupt=0" in words
    out, status = run(*words)
    assert status == 1 and "sk_wmem_queued" in out


def test_the_summary_counts_failures():
    """The summary counts the failed seeds, and the exit status is 1."""
    out, status = run("--seeds", 6, "--library", "build/sim/canary/wmem/libsoftnet.so")
    assert status == 1
    assert int(re.search(r"^sim: 6 seeds, (\d+) failed,", out.splitlines()[-1])[1]) == out.count("FAIL seed")


@pytest.mark.parametrize("words", [["losss=1"], ["--seeds", -3], ["--seeds", 0], ["--seeds", "many"], ["--from", 2**64], ["--replay", -1],
                                   ["--library", "/nowhere"], ["--canary", "nonsense"]])
def test_an_impossible_plan_is_refused(words):
    """An invalid argument is an error with exit status 2; no seed is played."""
    out, status = run("--seeds", 1, *words)
    assert status == 2
    assert " failed" not in out


def test_a_canary_that_cannot_be_loaded_found_nothing():
    """A canary library that cannot be loaded does not count as a bug found."""
    broken = ROOT / "build/sim/canary/broken/libsoftnet.so"
    broken.parent.mkdir(exist_ok=True)
    broken.write_text("not a library")
    assert run("--canary", "broken")[1] == 2


def test_goodput_has_not_changed():
    """The table of goodput equals goodput.txt; a change of it must be understood before it is accepted."""
    golden = (ROOT / "tests/sim/goodput.txt").read_text()
    out, status = run("--goodput")
    assert status == 0, out
    moved = "".join(difflib.unified_diff(golden.splitlines(True), out.splitlines(True), "golden", "now"))
    assert not moved, (f"{moved}\nIf that is meant: tests/sim/run --goodput >tests/sim/goodput.txt, and say "
                       "why in the commit.")
