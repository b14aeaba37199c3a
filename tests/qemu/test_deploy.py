# SPDX-License-Identifier: MIT
"""docs/deploy: the example files can be parsed, and softnet knows all options on their command lines."""
import json
import os
import xml.etree.ElementTree

import pytest
from guest import ROOT, Guest, recv_exact

DEPLOY = os.path.join(ROOT, "docs", "deploy")


def load(name):
    with open(os.path.join(DEPLOY, name)) as f:
        return json.load(f)


def libvirt():
    return xml.etree.ElementTree.parse(os.path.join(DEPLOY, "libvirt.xml")).getroot()


CMDLINES = {
    "firecracker": ("microvm", lambda: load("firecracker.json")["boot-source"]["boot_args"]),
    "cloud-hypervisor": ("q35", lambda: load("cloud-hypervisor.json")["payload"]["cmdline"]),
    "libvirt": ("q35", lambda: libvirt().findtext("os/cmdline")),
}


@pytest.mark.parametrize("monitor", CMDLINES)
def test_every_option_is_known(monitor):
    machine, cmdline = CMDLINES[monitor]
    with Guest(machine=machine, append=cmdline()) as g:
        assert "command line:" not in g.console
        assert "eth0: link up" in g.console


@pytest.mark.builds("checked", "shipped")
def test_a_card_behind_a_root_port():
    """On q35 libvirt puts the network card behind a root port, on a bus that the firmware numbered."""
    assert libvirt().find("os/type").get("machine") == "q35"
    with Guest(device=",bus=rp1", early=["-device", "pcie-root-port,id=rp1,chassis=1,slot=1"]) as g, g.connect(7) as s:
        s.sendall(b"x")
        assert recv_exact(s, 1) == b"x"
