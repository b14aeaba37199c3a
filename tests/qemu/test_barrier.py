# SPDX-License-Identifier: MIT
"""Checks that QEMU's TCG translates the barrier of hal_device_mb() to a barrier of the host.

For a guest with one CPU, TCG may omit barriers and lock prefixes.  But QEMU's device runs in another thread of the
host, so the barrier is needed.  The test makes QEMU log its translation of hal_device_mb().  It must contain a
barrier (`mb`), an atomic operation, or an exit to QEMU's main loop, which has a barrier itself.
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
    """Returns TCG's log: the operations of all translation blocks that begin in @function."""
    start, size = extent(function)
    log = os.path.join(tmp_path, "tcg")
    with Guest(append="nokaslr", extra=["-d", "op", "-dfilter", f"{start:#x}+{size:#x}", "-D", log]) as g:
        with g.connect(7) as s:
            s.sendall(b"x")
            assert s.recv(1) == b"x"
    with open(log) as f:
        return f.read()


@pytest.mark.builds("checked", "shipped")
def test_a_device_barrier_is_a_barrier_of_the_host(tmp_path):
    ops = translation(tmp_path, "hal_device_mb")
    assert "OP:" in ops, "the function was never translated: it is not called, or the filter is wrong"
    assert re.search(r"^ (mb |call atomic_)|^ exit_tb \$0x0$", ops, re.M), ops
