# SPDX-License-Identifier: MIT
"""Does the barrier between our index and the device's reach the host, in what TCG makes of it?

TCG leaves barriers and lock prefixes out for a machine with one CPU, and the device is another thread.  So
QEMU is asked for its translation of hal_device_mb(): an operation `mb`, an atomic, or the way out to its main
loop (which has a barrier), before the function returns.
"""
import os
import re
import subprocess

import pytest
from guest import Guest, kernel


def extent(function):
    out = subprocess.run(["nm", "-S", kernel()], check=True, stdout=subprocess.PIPE, text=True).stdout
    start, size = re.search(rf"^(\w+) (\w+) [tT] {function}$", out, re.M).groups()
    return int(start, 16), int(size, 16)


def translation(tmp_path, function):
    """The operations of the blocks that begin in the function, up to each block's end."""
    start, size = extent(function)
    log = os.path.join(tmp_path, "tcg")
    with Guest(append="nokaslr", extra=["-d", "op", "-dfilter", f"{start:#x}+{size:#x}", "-D", log]) as g:
        with g.connect(7) as s:
            s.sendall(b"x")
            assert s.recv(1) == b"x"
    with open(log) as f:
        return f.read()


@pytest.mark.builds("checked", "shipped")
def test_a_device_barrier_is_one_on_the_host(tmp_path):
    ops = translation(tmp_path, "hal_device_mb")
    assert "OP:" in ops, "the function was never translated: it is not called, or the filter is wrong"
    assert re.search(r"^ (mb |call atomic_)|^ exit_tb \$0x0$", ops, re.M), ops
