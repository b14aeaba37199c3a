# SPDX-License-Identifier: MIT
"""Threads under load do the same number of operations as on Linux; after random system calls the kernel has
reported no error of its own."""
import re
import subprocess

import pytest

from program import boot, built, pack, reports


def counts(text):
    found = re.search(r"locked \d+ .*", text)
    assert found, text
    return found.group(0).strip()


def test_threads(tmp_path):
    linux = subprocess.run([built("stress"), "300"], capture_output=True, text=True, check=True)
    with boot(pack(tmp_path, built("stress")), ["300"]) as guest:
        guest.patience = 300
        assert guest.end() == 0
    assert not reports(guest.console), guest.console
    assert counts(guest.console) == counts(linux.stdout)


@pytest.mark.parametrize("seed", range(1, 5))
def test_random_calls(seed, tmp_path):
    with boot(pack(tmp_path, built("fuzz")), [str(seed), "3000"]) as guest:
        guest.patience = 300
        guest.wait("fuzz: done")
        guest.end()
    assert not reports(guest.console), guest.console
