# SPDX-License-Identifier: MIT
"""Plays all scripts of tests/packet/scripts, also with sequence numbers that wrap, and checks the comment at the
beginning of each script."""
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
# {script: reason why it is skipped}.  All other scripts, and only those, are played.
SKIPS = {}


def text_of(name):
    """Returns the text of a script."""
    with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
        return f.read()


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(suites, name):
    """The script passes, with --check-ecr.  It is skipped only if SKIPS has it, and for that reason."""
    result = suites(rules={"check_ecr": True}).play(os.path.join(FOLDER, name))
    assert not result.failed(), "\n".join([result.reason, *result.lines])
    assert (result.reason if result.status == "skip" else None) == SKIPS.get(name)


# A SYN cookie is the kernel's initial sequence number, so the test cannot choose that number.
@pytest.mark.parametrize("name", [n for n in SCRIPTS if not n.startswith("cookies/")])
def test_wrapping(suites, name):
    """The script passes if the sequence numbers of both directions wrap."""
    result = suites(wrap=True).play(os.path.join(FOLDER, name))
    assert not result.failed(), "\n".join([result.reason, *result.lines])


@pytest.mark.parametrize("name", SCRIPTS)
def test_without_segmentation_in_the_device(suites, name):
    """The script sees the same segments if the kernel segments packets instead of the device."""
    result = suites(gso=False).play(os.path.join(FOLDER, name))
    assert not result.failed(), "\n".join([result.reason, *result.lines])


@pytest.mark.parametrize("name", SCRIPTS)
def test_head(name):
    """A script begins with a comment: whether Linux behaves the same, the tested behaviour, and its source."""
    assert name.endswith(".pkt")
    assert HEADER.match(text_of(name)), text_of(name).split("\n\n", maxsplit=1)[0]


def test_a_third_starts_just_below_the_wrap():
    """In at least a third of the scripts with a SYN from the peer, its sequence number is just below 2^32."""
    low = high = 0
    for name in SCRIPTS:
        numbers = [e.what.seq for e in parse(name, text_of(name)).events
                   if isinstance(e.what, TcpPacket) and not e.what.outbound and "S" in e.what.flags]
        if numbers:
            high += numbers[0] >= JUST_BELOW
            low += numbers[0] < JUST_BELOW
    assert 3 * high >= high + low, (high, low)
