# SPDX-License-Identifier: MIT
"""A laboratory for TCP: hosts that run softnet's kernel, links with rate, delay and loss, one virtual clock.

docs/lab.md explains it; tools/lab/example.py is a complete experiment. This package offers the hosted kernel's
Python interface (tests/host/softnet.py: Conductor, Host, NR, ...), and for experiments:

    lab.py       Lab: hosts, switches, links, traffic, results
    links.py     links, the disciplines of their queues, losses
    transfer.py  a transfer and its measurements
    sweep.py     an experiment for each combination of parameters
    engine.py    the engine in C (tools/lab/engine): clock, network, applications
    plot.py      figures
    checks.py    checks of the arguments of hosts, links and transfers
"""
import importlib.util
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]


def _load_host():
    """Loads the hosted kernel's module tests/host/softnet.py under the name softnet.host."""
    spec = importlib.util.spec_from_file_location("softnet.host", ROOT / "tests/host/softnet.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["softnet.host"] = module
    spec.loader.exec_module(module)
    return module


host = _load_host()
NR, NS, Conductor, Halted, Host, sockaddr_in = (
    host.NR, host.NS, host.Conductor, host.Halted, host.Host, host.sockaddr_in)

# pylint: disable=wrong-import-position
from .lab import Dumbbell, Lab, Switch, fairness  # noqa: E402
from .links import Bursts, CoDel, Direction, DropTail, Link, Policer, QueueSample, RED, Step, write_csv  # noqa: E402
from .sweep import sweep  # noqa: E402
from .transfer import Sample, Segment, Transfer  # noqa: E402

__all__ = ["NR", "NS", "Bursts", "CoDel", "Conductor", "Direction", "DropTail", "Dumbbell", "Halted", "Host", "Lab",
           "Link", "Policer", "QueueSample", "RED", "Sample", "Segment", "Step", "Switch", "Transfer", "fairness", "sockaddr_in",
           "sweep", "write_csv"]
