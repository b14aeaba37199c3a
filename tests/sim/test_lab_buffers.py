# SPDX-License-Identifier: MIT
"""A bigger buffer must not make a transfer slower.  Users of other stacks reported a throughput that fell as the receive
buffer grew; here the virtual time that four megabytes need is compared for buffers from 8 KiB to 4 MiB."""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools/lab"))
from softnet import Lab  # noqa: E402  pylint: disable=wrong-import-position

NBYTES = 4 << 20
SIZES = [8 << 10 << i for i in range(10)]       # 8 KiB to 4 MiB
# The bottleneck's queue takes a whole transfer, so the buffers decide and not losses.
QUEUE = 2 * NBYTES
PATHS = {"lan": (1e9, 0.0002), "dsl": (20e6, 0.01), "far": (50e6, 0.04)}
# How much longer a transfer with the next size may take: 2 %, and a round trip, because by Nagle's algorithm the last, small
# segment may wait for the ACK of an earlier small one.
WORSE = 1.02


def milliseconds(path, **sizes):
    rate, delay = PATHS[path]
    lab = Lab(seed=3)
    a, b = lab.host(ram=256 << 20), lab.host(ram=256 << 20)
    lab.wire(a, b, rate=rate, delay=delay, queue=QUEUE)
    t = lab.transfer(a, b, NBYTES, congestion="reno", **sizes)
    lab.run(300)
    lab.close()
    assert t.lost == 0
    return t.seconds * 1000


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("which", ["rcvbuf", "sndbuf", "both"])
def test_time_does_not_grow_with_the_buffer(path, which):
    names = ["rcvbuf", "sndbuf"] if which == "both" else [which]
    times = [milliseconds(path, **dict.fromkeys(names, size)) for size in SIZES]
    for i in range(1, len(times)):
        assert times[i] <= times[i - 1] * WORSE + 2000 * PATHS[path][1], [f"{s >> 10} KiB: {t:.1f} ms" for s, t in zip(SIZES, times)]
    assert times[-1] < times[0], times
