# SPDX-License-Identifier: MIT
"""The DHCP client with the server of QEMU's user network, which is not ours: the default without `ip=`, `ip=dhcp`, and
a client on each of two cards.  tests/hosted/test_dhcp.c has the protocol in virtual time."""
import pytest
from guest import Guest
from test_words import TwoCards, echoes

LEASE = r"^\[ *\d+\.\d+\] eth0: 10\.0\.2\.15/24, 52:54:00:12:34:56, leased by 10\.0\.2\.2 for 86400 s$"


@pytest.mark.parametrize("words", ["", "ip=dhcp", "ip=::::vm:eth0:on"])
def test_the_program_starts_with_the_leased_address(words):
    with Guest(words, dhcp=True) as g:
        assert g.wait(LEASE).start() < g.wait("^READY").start()
        echoes(g)
        assert "no DHCP server" not in g.console
        routes = g.netstat()["/proc/net/route"].split("\n")
        assert any(r.startswith("eth0\t00000000\t0202000A\t0003") for r in routes)      # 10.0.2.2


@pytest.mark.builds("checked", "shipped")
def test_a_client_on_each_card():
    with TwoCards("ip=:::::eth0:dhcp ip=:::::eth1:dhcp") as g:
        g.wait(LEASE)
        g.wait(r"eth1: 10\.0\.3\.15/24, 52:54:00:12:34:57, leased by 10\.0\.3\.2 for 86400 s")
        echoes(g)
