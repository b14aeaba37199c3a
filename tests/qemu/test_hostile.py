# SPDX-License-Identifier: MIT
"""Linux's TCP and ours over a relay that harms packets: every byte arrives exactly once and in order."""
import pytest
from guest import drops, tcp_mib
from load import echo_hashed, settled, visit
from peernet import LinuxGuest

MIB = 1 << 20
HARMS = {
    "lossy": {"drop": 0.03},
    "disorderly": {"reorder": 0.1, "duplicate": 0.05, "delay": 0.02},
    "noisy": {"corrupt": 0.03},
    "hostile": {"drop": 0.02, "duplicate": 0.02, "reorder": 0.05, "corrupt": 0.01, "delay": 0.02},
}
SEEDS = 2
SEEDS_LONG = 20


def transfer(cable, harm, seed, size):
    """Transfers @size bytes in both directions with @harm; then stops the harm, and returns the guest's drop counters and
    its number of retransmissions."""
    with LinuxGuest(cable, seed=seed, harm=HARMS[harm]) as g:
        with g.connect(7) as s:
            echo_hashed(s, size, seed)
        to, back = cable.ask("counts")[0]
        for kind in HARMS[harm]:
            assert to[kind] and back[kind], f"the relay never did {kind}"
        g.heal()
        n = g.netstat()
        assert "WARN" not in g.console
        return drops(n), tcp_mib(n, "RetransSegs")


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("harm", HARMS)
def test_every_byte_arrives(cable, harm, seed):
    dropped, resent = transfer(cable, harm, seed, MIB)
    if "drop" in HARMS[harm] or "corrupt" in HARMS[harm]:
        assert resent
    if "corrupt" in HARMS[harm]:
        assert dropped["TCP_CSUM"]


def short_ones(cable, harm, seed, number):
    """Makes @number short connections with @harm; then stops the harm, and waits until all connections are gone."""
    with LinuxGuest(cable, seed=seed, harm=HARMS[harm]) as g:
        before = g.netstat()
        visit(cable, number, at_once=50)
        g.heal()
        settled(g, before)
        assert "WARN" not in g.console


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("harm", ["disorderly", "hostile"])
def test_short_connections_leave_no_objects(cable, harm):
    short_ones(cable, harm, 0, 100)


@pytest.mark.long
@pytest.mark.parametrize("harm", HARMS)
def test_many_short_connections_leave_no_objects(cable, harm):
    short_ones(cable, harm, 1, 3000)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEEDS, SEEDS + SEEDS_LONG))
@pytest.mark.parametrize("harm", HARMS)
def test_every_byte_arrives_with_more_seeds(cable, harm, seed):
    transfer(cable, harm, seed, 4 * MIB)
