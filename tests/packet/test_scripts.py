# SPDX-License-Identifier: MIT
"""Our own scripts: each plays, also with both directions' numbers wrapping in it, and says what Linux does."""
import collections
import os
import re

import pytest
from parser import parse
from script import TcpPacket

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts")
SCRIPTS = sorted(os.path.relpath(os.path.join(folder, name), FOLDER)
                 for folder, _, names in os.walk(FOLDER) for name in names)
HEADER = re.compile(r"// linux: (same|differs, because \S.*|not run, because \S.*)\n(?:// \S.*\n){2,}\n")
JUST_BELOW = 2**32 - 2500
# How many scripts may be skipped for a reason: more is a failure, and fewer is a line to take out.
SKIPS = {}


def text_of(name):
    """A script."""
    with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
        return f.read()


@pytest.fixture(scope="module", name="results")
def played(suites):
    """{name: Result} of all."""
    s = suites(rules={"check_ecr": True})
    return {name: s.play(os.path.join(FOLDER, name)) for name in SCRIPTS}


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(results, name):
    """It holds; the echo of our timestamps counts."""
    result = results[name]
    assert not result.failed(), "\n".join([result.reason, *result.lines])


@pytest.mark.parametrize("name", SCRIPTS)
def test_wrapping(suites, name):
    """It holds with sequence numbers that wrap, whichever they are."""
    result = suites(wrap=True).play(os.path.join(FOLDER, name))
    assert not result.failed(), "\n".join([result.reason, *result.lines])


@pytest.mark.parametrize("name", SCRIPTS)
def test_without_segmentation_in_the_device(suites, name):
    """The segments on the wire do not show whether the kernel or the device cut them."""
    result = suites(gso=False).play(os.path.join(FOLDER, name))
    assert not result.failed(), "\n".join([result.reason, *result.lines])


@pytest.mark.parametrize("name", SCRIPTS)
def test_head(name):
    """The first lines: Linux's behaviour, the behaviour tested, and its source."""
    assert name.endswith(".pkt")
    assert HEADER.match(text_of(name)), text_of(name).split("\n\n", maxsplit=1)[0]


def test_a_third_starts_just_below_the_wrap():
    """Of those that name the peer's initial sequence number."""
    low = high = 0
    for name in SCRIPTS:
        numbers = [e.what.seq for e in parse(name, text_of(name)).events
                   if isinstance(e.what, TcpPacket) and not e.what.outbound and "S" in e.what.flags]
        if numbers:
            high += numbers[0] >= JUST_BELOW
            low += numbers[0] < JUST_BELOW
    assert 3 * high >= high + low, (high, low)


def test_skips(results):
    """No more than were agreed to, reason by reason."""
    reasons = collections.Counter(r.reason for r in results.values() if r.status == "skip")
    assert dict(reasons) == SKIPS
