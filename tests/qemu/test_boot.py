# SPDX-License-Identifier: MIT
"""The boot: on each machine, with little memory, and with wrong options on the command line."""
import re
import socket
import threading

import pytest
from guest import MACHINES, Guest, interrupts, recv_exact


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_boots(machine, cpu):
    with Guest(machine=machine, cpu=cpu) as g:
        assert "through the PVH door" in g.console
        assert "WARN" not in g.console


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("machine", MACHINES)
def test_serves_on_every_machine(machine):
    """The same ELF file serves on each machine, over PCI with MSI-X and over MMIO with an interrupt line: it echoes 1 MiB
    and closes the connection."""
    data = bytes(range(256)) * 4096
    with Guest(machine=machine) as g:
        for _ in range(3):
            with g.connect(7) as s:
                threading.Thread(target=s.sendall, args=(data,)).start()
                assert recv_exact(s, len(data)) == data
                s.shutdown(socket.SHUT_WR)
                assert s.recv(1) == b""
        n = g.netstat()
        assert "0A" in n["/proc/net/tcp"]
        assert interrupts(n)["virtio0-input.0"] > 0


def test_microvm_without_any_timer_measures_the_tsc():
    """Without PIT and ACPI the kernel can measure the TSC only by the APIC's timer."""
    with Guest(machine="microvm-bare") as g:
        assert "guessed speed" not in g.console


@pytest.mark.parametrize("word", ["512", "512@0xfeb00000", "@0xfeb00000:5", "512@0xfeb00000:", "256@0xfeb00000:5",
                                  "512@0xfeb00001:5", "4K@0xfffffffffffff000:5", "512@0xfeb00000:5x",
                                  "17179869184G@0xfeb00000:5", "512@0xfeb00000:4294967296"])
def test_wrong_mmio_slot_is_named(word):
    with Guest(append="virtio_mmio.device=" + word, net="") as g:
        assert "expected virtio_mmio.device=SIZE@ADDR:IRQ" in g.console


def test_mmio_slot_without_a_device():
    with Guest(append="virtio_mmio.device=4K@0xfe000000:5:1", net="") as g:
        assert "no virtio device at fe000000" in g.console


# LIMIT(VIRTIO_MMIO_MAX)
def test_more_mmio_slots_than_the_limit():
    """The kernel probes 32 slots, reports the 33rd as invalid, and the boot continues."""
    words = [f"virtio_mmio.device=4K@{0xfe000000 + i * 0x1000:#x}:5:{i}" for i in range(33)]
    with Guest(append=" ".join(words), net="") as g:
        assert g.console.count("no virtio device at fe0") == 32
        assert f'invalid option "{words[32]}"' in g.console


def test_boots_in_16_mib():
    with Guest(mem=16):
        pass


def test_unknown_option_is_reported_and_the_boot_continues():
    with Guest(append="lgolevel=7") as g:
        assert '"lgolevel=7" is passed to the program' in g.console


@pytest.mark.builds("checked", "shipped")
def test_debug_lines_of_tcp():
    """loglevel.tcp=debug prints the handshake of a connection on the console, and no debug lines of other subsystems."""
    with Guest(append="loglevel.tcp=debug") as g:
        with g.connect(7) as s:
            s.sendall(b"text")
            assert recv_exact(s, 4) == b"text"
        for flags in ("S", "S\\."):
            g.wait(rf"\] tcp: (in |out) [\d.]+:\d+ > [\d.]+:\d+ {flags} seq")
        g.wait(r"\] tcp: .* SYN_RECV > ESTABLISHED")
        assert not re.search(r"\] (ip|arp|net|sched): ", g.console)


@pytest.mark.builds("checked", "shipped")
def test_the_banner_names_version_and_build():
    with Guest() as g:
        assert re.search(r"\] softnet \d+\.\d+\.\d+-(g[0-9a-f]{12}(-dirty)?|unknown), (checked|shipped) build, ", g.console)


def test_a_missing_card_is_reported():
    with Guest(net="", ready="READY") as g:
        assert "no network card that the kernel knows" in g.console


def test_a_wrong_value_is_reported():
    with Guest(append="panic=never") as g:
        assert "panic=halt|reboot|poweroff" in g.console


@pytest.mark.parametrize("machine", ["q35", "pc", "microvm"])
def test_serves_in_4_mib(machine):
    """4 MiB are enough for a small service: 32 connections at once, with 1 MiB of data through one of them."""
    data = bytes(range(256)) * 4096
    with Guest(machine=machine, mem=4) as g:
        socks = []
        for i in range(32):
            socks.append(g.connect(7))
            socks[i].sendall(b"%03d" % i)
            assert recv_exact(socks[i], 3) == b"%03d" % i
        threading.Thread(target=socks[0].sendall, args=(data,)).start()
        assert recv_exact(socks[0], len(data)) == data
        for s in socks:
            s.close()
        with g.connect(7) as s:
            s.sendall(b"again")
            assert recv_exact(s, 5) == b"again"
        assert "WARN" not in g.console


@pytest.mark.builds("checked", "shipped")
def test_boots_in_3_mib():
    """A q35 gets 3 MiB: in 2 MiB, the image would leave no room for page tables."""
    with Guest(mem=3) as g, g.connect(7) as s:
        s.sendall(b"x")
        assert recv_exact(s, 1) == b"x"
