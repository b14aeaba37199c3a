# SPDX-License-Identifier: MIT
"""Devices as people have them: what the card is plugged into and how it interrupts, and NMIs."""
import re

import pytest
from guest import Guest, recv_exact
from monitor import Watched

NMI = re.compile(r"^\[ *(\d+\.\d+)\] NMI: reason unknown \(port 0x61: ..\); (\d+) since the last report", re.M)


def nmis(g):
    """How many NMIs /proc/interrupts has counted."""
    return int(re.search(r"^NMI: +(\d+) ", g.netstat()["/proc/interrupts"], re.M).group(1))


def echo(g, data):
    with g.connect(7) as s:
        s.sendall(data)
        assert recv_exact(s, len(data)) == data


@pytest.mark.parametrize("machine", ["q35", "microvm"])
def test_nmi_is_reported_and_survived(machine):
    """Linux's default_do_nmi() reports an NMI of unknown reason and goes on; port 0x61 is a PC's, not microvm's."""
    with Watched(machine=machine) as g:
        g.hmp("nmi")
        g.wait(NMI.pattern)
        echo(g, b"alive")
        assert nmis(g) == 1


# LIMIT(NMI_REPORT_MS)
def test_a_storm_of_nmis_is_counted_and_reported_once_a_second():
    with Watched() as g:
        for _ in range(200):
            g.hmp("nmi")
            last = nmis(g) if _ % 50 == 49 else 0
        echo(g, b"alive")
        assert last == 200
        lines = [(float(at), int(n)) for at, n in NMI.findall(g.console.replace("\r", ""))]
        assert lines[0][1] == 1 and sum(n for _, n in lines) <= 200
        assert all(b[0] - a[0] > 0.999 for a, b in zip(lines, lines[1:])), lines
