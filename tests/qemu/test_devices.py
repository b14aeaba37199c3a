# SPDX-License-Identifier: MIT
"""Network cards in different places of a machine and with different kinds of interrupts; NMIs."""
import re
import threading

import pytest
from guest import interrupts, recv_exact
from monitor import Watched

NMI = re.compile(r"^\[ *(\d+\.\d+)\] NMI: reason unknown \(port 0x61: ..\); (\d+) since the last report", re.M)


def nmis(g):
    """Returns the number of NMIs in /proc/interrupts."""
    return int(re.search(r"^NMI: +(\d+) ", g.netstat()["/proc/interrupts"], re.M).group(1))


def echo(g, data):
    with g.connect(7) as s:
        s.sendall(data)
        assert recv_exact(s, len(data)) == data


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("machine", ["q35", "microvm"])
def test_nmi_is_reported_and_survived(machine):
    """Like Linux's default_do_nmi(), the kernel reports an NMI of unknown reason and continues.  Only a PC, not
    microvm, has port 0x61, from which the reason is read."""
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
        echo(g, b"alive")
        assert 1 < nmis(g) <= 200      # fewer if several became pending at the same time
        lines = [(float(at), int(n)) for at, n in NMI.findall(g.console.replace("\r", ""))]
        # A second NMI may come before the first report is printed; the report then counts both.
        assert lines and all(n >= 1 for _, n in lines) and sum(n for _, n in lines) <= 200
        assert all(b[0] - a[0] > 0.999 for a, b in zip(lines, lines[1:])), lines


# ---- interrupts: a vector for each queue, shared vectors, a line ----

MIB = bytes(range(256)) * 4096


def serves(g):
    """Checks a network card: it echoes 1 MiB, reports a link that goes down and up by an interrupt, and echoes again."""
    with g.connect(7) as s:
        threading.Thread(target=s.sendall, args=(MIB,)).start()
        assert recv_exact(s, len(MIB)) == MIB
    g.hmp("set_link n0 off")
    g.wait("eth0: link down")
    g.hmp("set_link n0 on")
    g.wait("eth0: link up")
    echo(g, b"again")
    assert "WARN" not in g.console


@pytest.mark.parametrize("vectors", [1, 2])
def test_too_few_vectors_are_shared(vectors):
    """With one or two MSI-X vectors, both queues share a vector (virtio 1.1, 4.1.5.1.2: the driver may use one vector for
    several events).  With three, each queue and the configuration would have a vector of its own."""
    with Watched(device=f",vectors={vectors}") as g:
        serves(g)
        n = interrupts(g.netstat())
        assert n["virtio0-input.0"] == n["virtio0-output.0"] > 0


BRIDGE, PORT = "pci-bridge,chassis_nr=1,id=", "pcie-root-port,chassis=1,id="
# name: (machine, QEMU devices before the card, the card's bus and slot).  The interrupt line of each place is computed by
# a different rule (drivers/pci_intx.c).
LINES = {
    "q35": ("q35", [], ""),
    "q35-slot-25": ("q35", [], ",addr=0x19"),
    "q35-bridge": ("q35", [BRIDGE + "b,addr=7"], ",bus=b,addr=3"),
    "q35-root-port": ("q35", [PORT + "b,addr=7"], ",bus=b"),
    "q35-root-port-slot-28": ("q35", [PORT + "b,addr=0x1c"], ",bus=b"),
    "q35-bridge-slot-30": ("q35", ["i82801b11-bridge,id=a,addr=0x1e", BRIDGE + "b,bus=a,addr=2"], ",bus=b,addr=3"),
    "pc": ("pc", [], ""),
    "pc-bridge": ("pc", [BRIDGE + "b,addr=7"], ",bus=b,addr=2"),
    "pc-second-root": ("pc", ["pxb,id=b,bus_nr=128"], ",bus=b,addr=3"),
    "microvm": ("microvm,pcie=on", [], ""),
    "microvm-root-port": ("microvm,pcie=on", [PORT + "b,addr=6"], ",bus=b"),
}


def devices(names):
    return [word for name in names for word in ("-device", name)]


@pytest.mark.parametrize("place", LINES)
def test_card_without_msix_uses_its_line(place):
    """Without MSI-X (vectors=0) the card uses a level-triggered line of the I/O APIC and the ISR status (4.1.4.5)."""
    machine, early, where = LINES[place]
    with Watched(machine=machine, early=devices(early), device=",vectors=0" + where) as g:
        serves(g)
        assert "interrupt line, GSI" in g.console and interrupts(g.netstat())["virtio0-input.0"] > 0


def test_a_line_is_shared():
    """Devices in slots 4, 8 and 12 of q35 share one interrupt line."""
    more = devices(f"virtio-rng-pci,vectors=0,addr={n:#x}" for n in (8, 12))
    with Watched(device=",vectors=0,addr=4", extra=more) as g:
        serves(g)
        n = interrupts(g.netstat())
        assert n["virtio1-random"] > 0 and n["virtio2-random"] > 0
        assert len(set(re.findall(r"interrupt line, (GSI \d+)", g.console))) == 1


# ---- legacy devices, which are older than virtio 1.0 ----

# name: (machine, properties of QEMU's network card, text in the card's line on the console)
LEGACY = {
    "q35": ("q35", ",disable-modern=on,disable-legacy=off", "legacy"),
    "q35-two-vectors": ("q35", ",disable-modern=on,disable-legacy=off,vectors=2", "legacy"),
    "q35-line": ("q35", ",disable-modern=on,disable-legacy=off,vectors=0", "legacy"),
    "pc": ("pc", ",disable-modern=on", "legacy"),
    "pc-no-merging": ("pc", ",disable-modern=on,mrg_rxbuf=off", "legacy"),        # header of ten bytes
    "pc-header-apart": ("pc", ",disable-modern=on,any_layout=off", "legacy"),     # header in a descriptor of its own
    "pc-large-ring": ("pc", ",disable-modern=on,rx_queue_size=1024", "rings 1024/256"),
    "mmio": ("microvm-plain", "", "legacy"),                                      # QEMU's default
    "mmio-no-acpi": ("microvm,acpi=off", "", "legacy"),
}


@pytest.mark.parametrize("kind", LEGACY)
def test_legacy_card_serves(kind):
    machine, device, words = LEGACY[kind]
    with Watched(machine=machine, device=device) as g:
        g.wait(rf"eth0: virtio_net .*{words}")
        serves(g)
        assert interrupts(g.netstat())["virtio0-input.0"] > 0


def test_legacy_generator_gives_its_seed():
    with Watched(machine="pc", extra=devices(["virtio-rng-pci,disable-modern=on"])) as g:
        g.wait("virtio1-random: 64 bytes of seed from the host")


# ---- buses that the firmware did not number, and further root buses ----

SWITCH = [PORT + "a", "x3130-upstream,id=u,bus=a", "xio3130-downstream,chassis=2,id=b,bus=u"]
BUSES = {
    "pc-second-root": ("pc", ["pxb,id=b,bus_nr=128"], ",bus=b,addr=1"),
    "q35-second-root": ("q35", ["pxb-pcie,id=a,bus_nr=64", PORT + "b,bus=a"], ",bus=b"),
    # microvm's firmware does not set up PCI: the kernel itself numbers the buses and assigns addresses.
    "microvm": ("microvm,pcie=on", [], ""),
    "microvm-second-port": ("microvm,pcie=on", [PORT + "a,slot=1", PORT + "b,slot=2"], ",bus=b"),
    "microvm-switch": ("microvm,pcie=on", SWITCH, ",bus=b"),
}


@pytest.mark.parametrize("place", BUSES)
def test_card_is_found_on(place):
    machine, early, where = BUSES[place]
    with Watched(machine=machine, early=devices(early), device=where) as g:
        serves(g)


# name: (machine, QEMU devices before the card, the card's place and properties, text on the console)
CANNOT = {
    "q35-second-root-line": ("q35", ["pxb-pcie,id=a,bus_nr=64", PORT + "b,bus=a"], ",bus=b,vectors=0",
                             "no interrupt: neither MSI-X nor a line"),
    "microvm-legacy": ("microvm,pcie=on", [], ",disable-modern=on,disable-legacy=off", "gave BAR 0 no ports"),
    "microvm-bridges-in-a-bridge": ("microvm,pcie=on", [*SWITCH, "xio3130-downstream,chassis=3,id=c,bus=u"], ",bus=c",
                                    "a bridge without a bus number: devices behind it are not used"),
}


@pytest.mark.parametrize("kind", CANNOT)
def test_card_that_cannot_be_driven_is_reported(kind):
    machine, early, where, words = CANNOT[kind]
    with Watched(machine=machine, early=devices(early), device=where) as g:
        assert words in g.console and "no network card that the kernel knows" in g.console
