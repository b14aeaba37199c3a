# SPDX-License-Identifier: MIT
"""Programs of Debian judge the machine's UDP: iperf3 and socat, on the host and in the machine.

The machine is on a tap in a network namespace, because QEMU's user network passes on no multicast.
"""
import json
import os
import re
import shutil

import pytest
from program import pack, quoted, reports

import peernet  # program.py has added its folder to the path
from peernet import GUEST_ADDRESS, LinuxGuest

GROUP = "239.1.2.3"
HOST_ADDRESS = "10.0.2.2"


@pytest.fixture(scope="module", name="tap")
def tap_of_the_host():
    reason = peernet.lacking_tap()
    if reason:
        pytest.skip(reason)
    with peernet.Network(False) as n:
        n.tap = n.ask("tap")[1][0]
        yield n
        os.close(n.tap)


def program(tap, tmp_path, name, args, ready, append="", **options):
    """Returns a machine that runs Debian's program @name."""
    (tmp_path / "empty").mkdir()
    initrd = pack(tmp_path, shutil.which(name), "--dir", f"{tmp_path}/empty=/tmp")
    return LinuxGuest(tap, wire="tap", append=f"{append} init=/init -- {quoted(args)}", extra=["-initrd", initrd],
                      ready=ready, **options)


def host(tap, command):
    return tap.sh("sh", "-c", command)


def socat(tap, text, address, options=""):
    """Sends @text with the host's socat, and returns what comes back within a second."""
    return host(tap, f"printf %s '{text}' | socat -t1 - '{address}'{options}")


def test_socat_at_the_echo_service(tap):
    """Without a program of its own the machine runs inetd, which has UDP's echo service."""
    with LinuxGuest(tap, wire="tap") as guest:
        assert socat(tap, "one datagram", f"UDP4:{GUEST_ADDRESS}:7") == "one datagram"
        # A closed port: socat gets the ICMP error.
        assert "Connection refused" in host(tap, f"echo x | socat -t1 - UDP4:{GUEST_ADDRESS}:4242 2>&1 || true")
        # a broadcast
        assert socat(tap, "to all", "UDP4-DATAGRAM:10.0.2.255:7,broadcast") == "to all"
    assert not reports(guest.console), guest.console


def test_socat_in_a_group(tap, tmp_path):
    """socat in the machine joins a group, and echoes a datagram to its sender."""
    address = f"UDP4-RECVFROM:5000,ip-add-membership={GROUP}:eth0"
    tap.sh("ip", "route", "replace", "239.0.0.0/8", "dev", "tap0")
    with program(tap, tmp_path, "socat", ["-d", "-d", address, "PIPE"], r"receiving on") as guest:
        assert socat(tap, "to the group", f"UDP4-DATAGRAM:{GROUP}:5000,bind={HOST_ADDRESS}") == "to the group"
        assert guest.end() == 0
    assert not reports(guest.console), guest.console


def test_iperf3_loses_only_what_the_kernel_counts(tap, tmp_path):
    """The server in the machine reports lost datagrams: as many as the kernel logs as dropped. The rate is one at which
    neither the tap nor the console loses any."""
    with program(tap, tmp_path, "iperf3", ["-s", "-1"], r"Server listening", append="loglevel.net=debug", mem=128) as guest:
        said = json.loads(host(tap, f"iperf3 -c {GUEST_ADDRESS} -u -b 8M -l 1000 -t 2 -J"))
        assert guest.end() == 0
    total = said["end"]["sum"]
    assert total["packets"] > 100, said
    dropped = len(re.findall(r"SOCKET_RCVBUFF", guest.console))
    assert total["lost_packets"] == dropped, said
    assert total["lost_packets"] < total["packets"] / 2, said
    assert not reports(guest.console), guest.console
