# SPDX-License-Identifier: MIT
"""Fixtures for the tests of the interpreter: they play a script that is given as text."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from suite import Suite  # noqa: E402

LISTEN = """0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
"""
SERVER = LISTEN + """+0 < S 0:0(0) win 32792 <mss 1000,nop,wscale 7>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>
+.1 < . 1:1(0) ack 1 win 257
+0 accept(3, ..., ...) = 4
"""


@pytest.fixture(scope="session")
def suites():
    """suites(**settings): a Suite; the same one for equal settings, so that each machine boots only once."""
    made = {}

    def get(**settings):
        key = repr(sorted(settings.items()))
        if key not in made:
            made[key] = Suite(**settings)
        return made[key]
    return get


@pytest.fixture
def play(suites, tmp_path):
    """play(text, **settings): plays a script and returns its Result."""
    def run(text, name="script.pkt", **settings):
        path = tmp_path / name
        path.write_text(text)
        return suites(**settings).play(str(path))
    return run
