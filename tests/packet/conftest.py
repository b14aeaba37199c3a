# SPDX-License-Identifier: MIT
"""Helpers of the interpreter's tests: a script as text, and its verdict."""
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
    """One Suite for each set of settings: a machine boots once."""
    made = {}

    def get(**settings):
        key = repr(sorted(settings.items()))
        if key not in made:
            made[key] = Suite(**settings)
        return made[key]
    return get


@pytest.fixture
def play(suites, tmp_path):
    """play(text, ...): the Result of a script."""
    def run(text, name="script.pkt", **settings):
        path = tmp_path / name
        path.write_text(text)
        return suites(**settings).play(str(path))
    return run
