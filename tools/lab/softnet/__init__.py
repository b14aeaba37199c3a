# SPDX-License-Identifier: MIT
"""A laboratory for TCP: hosts with softnet's kernel, wires as bad as you like, one virtual clock.

docs/lab.md shows it; tools/lab/example.py is a whole experiment.  This is the Python face of the hosted
kernel (tests/host/softnet.py: Conductor, Host, NR, ...) and what an experiment wants besides:
Lab, whose wires have a rate, a queue and losses, and Transfer, which measures itself.
"""
import importlib.util
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]


def _load_host():
    """The hosted kernel's own module, under this package's name."""
    spec = importlib.util.spec_from_file_location("softnet.host", ROOT / "tests/host/softnet.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["softnet.host"] = module
    spec.loader.exec_module(module)
    return module


host = _load_host()
NR, NS, Conductor, Halted, Host, sockaddr_in = (
    host.NR, host.NS, host.Conductor, host.Halted, host.Host, host.sockaddr_in)

from .lab import Lab, Link, Sample, Segment, Transfer  # noqa: E402  pylint: disable=wrong-import-position

__all__ = ["NR", "NS", "Conductor", "Halted", "Host", "Lab", "Link", "Sample", "Segment", "Transfer",
           "sockaddr_in"]
