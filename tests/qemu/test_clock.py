# SPDX-License-Identifier: MIT
"""The time of day, from each source that a machine may have.  The tests set QEMU's clock to a date and compare the date
in the kernel's boot log.  (QEMU 7.2 computes dates more than 68 years from today wrongly; tests/unit/test_cmos.c tests
later dates.)"""
import calendar
import re
import time

import pytest
from guest import Guest

PAST_32_BITS = "2038-01-19T03:14:08"     # 2^31 s
LEAP_DAY = "2088-02-29T23:59:58"         # the date changes during the boot


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


@pytest.mark.parametrize("base", [PAST_32_BITS, LEAP_DAY])
@pytest.mark.parametrize("options, source", [
    ({}, "the real-time clock"),
    ({"machine": "pc"}, "the real-time clock"),
    ({"machine": "microvm"}, "the real-time clock"),
    ({"firmware": "uefi"}, "the UEFI firmware"),
], ids=["q35", "pc", "microvm", "uefi"])
def test_date_of_the_machine(options, source, base):
    started = time.monotonic()
    with Guest(extra=["-rtc", f"base={base},clock=vm"], **options) as g:
        passed = time.monotonic() - started
        date, time_of_day, by = re.search(r"clock: (\S+) (\S+) UTC by (.*?)\r?\n", g.console).groups()
        assert by == source
        assert 0 <= seconds(f"{date}T{time_of_day}") - seconds(base) <= passed + 1


@pytest.mark.parametrize("options", [{}, {"firmware": "uefi"}, {"machine": "microvm-bare"}],
                         ids=["q35", "uefi", "microvm-bare"])
def test_command_line_comes_first(options):
    with Guest(append="clock=4107542400", extra=["-rtc", "base=2026-01-01T00:00:00"], **options) as g:
        assert re.search(r"clock: 2100-03-01 00:0\d:\d\d UTC by the command line", g.console)


def test_machine_without_a_clock():
    with Guest(machine="microvm-bare") as g:
        assert "the time of day is not known" in g.console
        assert "WARN" not in g.console


@pytest.mark.builds("checked", "shipped")
def test_an_invalid_option_leaves_the_machines_clock():
    with Guest(append="clock=yesterday", extra=["-rtc", f"base={PAST_32_BITS}"]) as g:
        assert 'invalid option "clock=yesterday": expected clock=SECONDS' in g.console
        assert "clock: 2038-01-19 03:1" in g.console
