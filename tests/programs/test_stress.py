# SPDX-License-Identifier: MIT
"""Threads under load do the same number of operations as on Linux; copies that sleep in page faults change no value;
after random system calls the kernel has reported no error of its own."""
import re
import subprocess

import pytest

from program import KERNELS, boot, built, pack, reports


def counts(text):
    found = re.search(r"locked \d+ .*", text)
    assert found, text
    return found.group(0).strip()


@pytest.mark.smoke
def test_threads(tmp_path):
    linux = subprocess.run([built("stress"), "300"], capture_output=True, text=True, check=True)
    with boot(pack(tmp_path, built("stress")), ["300"]) as guest:
        guest.patience = 300
        assert guest.end() == 0
    assert not reports(guest.console), guest.console
    assert counts(guest.console) == counts(linux.stdout)


@pytest.mark.parametrize("build", [pytest.param("checked", marks=pytest.mark.smoke), "shipped"])
def test_copies_that_sleep(build, tmp_path):
    subprocess.run([built("faults"), "100"], check=True)
    with boot(pack(tmp_path, built("faults")), ["100"], kernel=KERNELS[build]) as guest:
        guest.patience = 300
        guest.wait("faults: done")
        assert guest.end() == 0
    assert not reports(guest.console), guest.console


def same_run(seed):
    """Returns QEMU's options with which time and random numbers of the machine are the same in each run: a seed that fails
    can be played again, with FUZZ_VERBOSE=1 in `append`."""
    return ["-icount", "shift=0,sleep=off", "-seed", str(seed), "-rtc", "base=2026-01-01,clock=vm"]


@pytest.mark.parametrize("seed,threads,build", [
    (1, 1, "checked"), (2, 1, "shipped"), (3, 3, "checked"), pytest.param(4, 8, "checked", marks=pytest.mark.smoke)])
def test_random_calls(seed, threads, build, tmp_path):
    with boot(pack(tmp_path, built("fuzz")), [str(seed), "3000", str(threads)], kernel=KERNELS[build], extra=same_run(seed)) as guest:
        guest.patience = 300
        guest.wait("fuzz: done")
        guest.end()
    assert not reports(guest.console), guest.console
