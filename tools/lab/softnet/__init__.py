# SPDX-License-Identifier: MIT
"""A laboratory for TCP: hosts that run softnet's kernel, links with rate, delay and loss, one virtual clock.

docs/lab.md explains it; tools/lab/example.py is a complete experiment.  This package offers the hosted kernel's
Python interface (tests/host/softnet.py: Conductor, Host, NR, ...), and for experiments Lab, whose links have a
rate, a queue and losses, and Transfer, which records its own measurements.
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

from .lab import Lab, Link, Sample, Segment, Transfer  # noqa: E402  pylint: disable=wrong-import-position

__all__ = ["NR", "NS", "Conductor", "Halted", "Host", "Lab", "Link", "Sample", "Segment", "Transfer",
           "sockaddr_in"]
