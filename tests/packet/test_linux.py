# SPDX-License-Identifier: MIT
"""The host's own kernel as the machine: the parts that need neither root nor a device."""
import types

import linux
from parser import parse
from conftest import LISTEN
from symbols import NUMBERS


def test_the_result_of_a_late_call(monkeypatch):
    """call() waits for the result, however late the thread of the call runs."""
    machine = object.__new__(linux.Machine)
    monkeypatch.setattr(machine, "_receive", lambda seconds: None)
    monkeypatch.setattr(linux, "BLOCKED_AFTER", 0)
    milliseconds = 20
    assert machine.submit(NUMBERS["poll"], [0, 0, milliseconds]).result is None
    assert machine.call(NUMBERS["poll"], 0, 0, milliseconds) == 0


def test_output_of_a_snippet_is_a_note(monkeypatch):
    """The output of a snippet is among the notes of the Result, which --verbose prints, as on the hosted kernel."""
    snippets = types.SimpleNamespace(printed="10\n5\n")
    play = types.SimpleNamespace(run=lambda: None, notes=["a note"], snippets=snippets)
    monkeypatch.setattr(linux, "Play", lambda *arguments: play)
    machine = types.SimpleNamespace(open=lambda: None)
    suite = types.SimpleNamespace(rules={})
    result = linux.story(suite, parse("x", LISTEN), {"tolerance_usecs": 4000}, machine)
    assert (result.status, result.notes) == ("ok", ["a note", "10", "5"])
