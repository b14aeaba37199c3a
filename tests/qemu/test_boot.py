# SPDX-License-Identifier: MIT
"""Does it come up, and does it end as it should?"""
import pytest
from guest import Guest


@pytest.mark.parametrize("machine", ["q35", "pc"])
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_boots(machine, cpu):
    with Guest(machine=machine, cpu=cpu) as g:
        assert "through the PVH door" in g.console
        assert "WARN" not in g.console


def test_boots_in_16_mib():
    with Guest(mem=16):
        pass


def test_unknown_word_is_named_and_stops_nothing():
    with Guest(append="lgolevel=7") as g:
        assert 'unknown word "lgolevel=7"' in g.console
        assert "loglevel=" in g.console.split("unknown word", 1)[1]


def test_wrong_value_is_named():
    with Guest(append="panic=never") as g:
        assert "panic=halt|reboot|poweroff" in g.console
