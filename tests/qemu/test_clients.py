# SPDX-License-Identifier: MIT
"""Linux's own clients judge the guest: ping and traceroute reach it, and tshark reads all that it sent."""
import os
import re
import socket
import subprocess

import pytest
from capture import keep
from guest import MAC, PATIENCE, recv_exact
from peernet import GUEST_ADDRESS, LinuxGuest

WARNING = 0x600000      # Wireshark's severity; errors have a larger number


@pytest.fixture(scope="module")
def guest(net, build):
    with LinuxGuest(net) as g:
        yield g


def run(guest, *words):
    """Runs a command in the namespace, beside the agent, which must go on with the relay; returns its output."""
    enter = ["nsenter", "-t", str(guest.network.agent.pid), "--net"]
    if os.getuid() != 0:
        enter += ["--user", "--preserve-credentials"]
    p = subprocess.run(enter + list(words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    assert p.returncode == 0, p.stdout
    return p.stdout


@pytest.mark.parametrize("size", [1, 1471, 1472, 1473, 8000, 65507])
def test_ping_sizes(guest, size):
    """ping compares the data of the reply with that of the request; from 1473 bytes on both are in fragments."""
    text = run(guest, "ping", "-n", "-c1", f"-W{PATIENCE}", "-s", str(size), GUEST_ADDRESS)
    assert " 1 received" in text and f"{size + 8} bytes from {GUEST_ADDRESS}" in text and "wrong" not in text, text


def test_ping_records_the_route(guest):
    """ping -R: the guest adds its address when it receives the request, and when it sends the reply (RFC 1122 3.2.2.6)."""
    text = run(guest, "ping", "-n", "-c1", f"-W{PATIENCE}", "-R", GUEST_ADDRESS)
    route = re.findall(r"^(?:RR:)?\s+(\d+\.\d+\.\d+\.\d+)$", text, re.M)
    assert len(route) == 4 and route[1:3] == [GUEST_ADDRESS] * 2 and route[0] == route[3], text


@pytest.mark.parametrize("kind", ["tsonly", "tsandaddr"])
def test_ping_timestamps(guest, kind):
    """ping -T: the host that receives a packet, and the one that sends it, add the time (RFC 781)."""
    text = run(guest, "ping", "-n", "-c1", f"-W{PATIENCE}", "-T", kind, GUEST_ADDRESS)
    assert " 1 received" in text and "TS:" in text, text
    if kind == "tsandaddr":
        assert len(re.findall(rf"^\t{re.escape(GUEST_ADDRESS)}\t-?\d+$", text, re.M)) == 2, text


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("how", [[], ["-I"], ["-T", "-p", "1"], ["-T", "-p", "7"]], ids=["udp", "icmp", "tcp closed", "tcp"])
def test_traceroute(guest, how):
    """The guest is one hop away, and answers each kind of probe: UDP by a port unreachable, TCP by SYN-ACK or RST."""
    text = run(guest, "traceroute", "-n", "-q1", "-N1", "-m3", f"-w{PATIENCE}", *how, GUEST_ADDRESS)
    assert re.search(rf"^ 1  {re.escape(GUEST_ADDRESS)}  [\d.]+ ms", text, re.M) and "!" not in text, text


def test_what_tshark_reads(net, tmp_path):
    """Wireshark finds nothing to warn of in the guest's packets, but the resets, which are meant."""
    with LinuxGuest(net) as guest:
        run(guest, "ping", "-n", "-c1", f"-W{PATIENCE}", "-R", GUEST_ADDRESS)
        run(guest, "ping", "-n", "-c1", f"-W{PATIENCE}", "-T", "tsandaddr", GUEST_ADDRESS)
        run(guest, "ping", "-n", "-c1", f"-W{PATIENCE}", "-s", "8000", GUEST_ADDRESS)
        run(guest, "traceroute", "-n", "-q1", "-N1", "-m3", GUEST_ADDRESS)
        run(guest, "traceroute", "-n", "-q1", "-N1", "-m3", "-T", "-p", "1", GUEST_ADDRESS)
        with guest.connect(7) as s:
            s.sendall(bytes(20000))
            recv_exact(s, 20000)
        with net.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(bytes(3000), (GUEST_ADDRESS, 7))
            assert len(s.recv(4000)) == 3000
        keep(guest.pcap(), MAC, tmp_path / "wire.pcap")

    def matching(expression):
        p = subprocess.run(["tshark", "-n", "-r", tmp_path / "wire.pcap", "-o", "ip.check_checksum:TRUE",
                            "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-Y", expression],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
        return p.stdout

    ours = f"eth.src == {':'.join(f'{b:02x}' for b in MAC)}"
    assert len(matching(ours).splitlines()) > 20
    assert matching(f"{ours} && _ws.expert.severity >= {WARNING} && !tcp.connection.rst") == ""
