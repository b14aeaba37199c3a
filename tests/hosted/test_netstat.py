# SPDX-License-Identifier: MIT
"""The counters of /proc/net/snmp and /proc/net/netstat have the names and the order of the host's Linux.

Some programs find a counter by its position.  The host may be older or newer than the kernel's model (Linux 6.18), so
a name that one of the two lacks is ignored.
"""
import os
import re

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GROUPS = {"Ip": "snmp", "Icmp": "snmp", "Tcp": "snmp", "Udp": "snmp", "TcpExt": "netstat", "IpExt": "netstat"}


def ours(group):
    with open(os.path.join(ROOT, "net/core/snmp.h"), encoding="utf-8") as f:
        return re.findall(rf"\bX\({group}, (\w+)\)", f.read())


def linux(group):
    with open(f"/proc/net/{GROUPS[group]}", encoding="ascii") as f:
        return next(line.split()[1:] for line in f if line.startswith(f"{group}:"))


def misplaced(names, order):
    """Returns the first name in @names whose predecessor comes after it in @order; None if there is none."""
    known = [name for name in names if name in order]
    return next((b for a, b in zip(known, known[1:]) if order.index(a) > order.index(b)), None)


@pytest.mark.parametrize("group", GROUPS)
def test_the_order_is_linux(group):
    """The counters of a group are in Linux's order, and at most a tenth of their names is unknown to
    Linux."""
    assert misplaced(ours(group), linux(group)) is None
    unknown = set(ours(group)) - set(linux(group))
    assert len(unknown) <= len(ours(group)) // 10, unknown


def test_a_misplaced_one_is_noticed():
    """misplaced() finds a planted error."""
    assert misplaced(["b", "x", "a"], ["a", "b", "c"]) == "a"
