# SPDX-License-Identifier: MIT
"""Tests the differential tester without Linux: recorded answers, planted bugs, scripts, and its own tables."""
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import play  # noqa: E402,F401  pylint: disable=unused-import
from suite import Suite  # noqa: E402
import bugs  # noqa: E402
import generate  # noqa: E402
import known  # noqa: E402
import normal  # noqa: E402
import printer  # noqa: E402
import recorded  # noqa: E402
from ours import Kernel  # noqa: E402
from scenario import KINDS  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RECORDED_MIN = 200      # least number of scenarios in the file
SCRIPTS = range(1, 31)  # seeds of the scripts that are played


def run(*words):
    """Runs tests/differ/run; returns its output and exit status."""
    done = subprocess.run([sys.executable, "tests/differ/run", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr, done.returncode


@pytest.fixture(scope="module", name="kernel")
def booted():
    """Returns the hosted kernel, booted."""
    return Kernel()


def test_recorded_answers(kernel):
    """On the recorded scenarios of every kind, this kernel's answers equal Linux's or differ in a known way."""
    plays = recorded.load()
    assert len(plays) >= RECORDED_MIN
    assert {scenario.kind for scenario, _ in plays} == set(KINDS)
    unknown = [str(d) for d in recorded.differences(kernel, plays) if not known.row(d)]
    assert not unknown, "\n".join(unknown)


@pytest.mark.parametrize("name", bugs.BUGS)
def test_a_planted_bug_is_found(name):
    """The bug changes an answer, and does not crash the kernel."""
    out, status = run("--canary", name)
    assert status == 0, out
    assert "crash" not in out


@pytest.mark.parametrize("words", [["--seeds", "0"], ["--seeds", "many"], ["--from", "-1"], ["--record", "0"]])
def test_an_impossible_plan_is_refused(words):
    """The error message names the least allowed number. A run without scenarios is refused: it would find no
    difference."""
    out, status = run(*words)
    assert status == 2 and f"{words[1]}: a whole number from {0 if words[0] == '--from' else 1}" in out


def test_make_differ_plays_as_many_as_it_says():
    """`make differ` has a default of SEEDS of its own, different from that of other goals."""
    env = {k: v for k, v in os.environ.items() if k not in ("SEEDS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES")}
    for word, seeds in ([], "2000"), (["SEEDS=7"], "7"):
        said = subprocess.run(["make", "-n", "differ", *word], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        assert f"tests/differ/run --seeds {seeds} --from 1" in said.stdout


def test_one_seed_is_one_scenario():
    """A seed gives the same scenario in any order of seeds."""
    first = {seed: generate.scenario(seed) for seed in range(50)}
    assert all(generate.scenario(seed) == first[seed] for seed in reversed(range(50)))


def test_recorded_text():
    """Reading recorded.txt and writing it again gives the same text."""
    class Text(list):
        """A file to write to."""
        write = list.append
    with open(recorded.FILE, encoding="utf-8") as f:
        text = f.read()
    out = Text()
    recorded.write(out, text.split(" what ")[1].split(" answered")[0], recorded.read(text))
    assert "".join(out) == text


@pytest.mark.parametrize("seed", SCRIPTS)
def test_scripts(kernel, tmp_path, seed):
    """A scenario printed as a packet script with this kernel's answers passes on this kernel."""
    path = tmp_path / "script.pkt"
    path.write_text(kernel.script_of(generate.scenario(seed), ["a test"]))
    if printer.NO_WORD_FOR in path.read_text():
        return      # the language cannot express it
    result = Suite(gso=False).play(str(path))
    assert result.status == "ok", "\n".join([result.reason, *result.lines, path.read_text()])


def test_normal_form_merges():
    """Contiguous segments become one word, and so do repeated ACKs."""
    def seen(flags, seq, size, ack=1):
        return play.SimpleNamespace(flags=frozenset(flags), seq=seq, payload=bytes(size), ack=ack, window=9, options=[],
                                    wrong=[])
    words = normal.packets_words([seen(".", 1, 10), seen(".F", 11, 5), seen(".", 1, 10), seen(".", 17, 0),
                                  seen(".", 17, 0)], 0, 0, 0)
    assert words == ["D1-17F", "D1-11", "A17/1", "a1"]


def test_rows():
    """The table has at most ROWS_MAX rows, the document is up to date, and each row has a script that Linux plays
    differently."""
    text = (ROOT / "docs" / "linux-differences.md").read_text()
    assert len(known.ROWS) <= known.ROWS_MAX
    assert known.document(known.hits_of(text)) == text, "tests/differ/run --doc >docs/linux-differences.md"
    for predicate in known.ROWS:
        script = predicate.__doc__.split("Script:")[1].strip()
        text = (ROOT / "tests" / "packet" / "scripts" / script).read_text()
        assert text.startswith("// linux: differs, because "), script
