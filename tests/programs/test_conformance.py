# SPDX-License-Identifier: MIT
"""The checks of tests/programs/conformance have the same results on Linux and on softnet."""
import re
import subprocess

import pytest

from program import KERNELS, boot, built, pack, reports

LEAST = 1400  # number of checks: fewer would mean that a part of them did not run


def results(text):
    return re.findall(r"^(?:ok  |FAIL) .*$", text.replace("\r", ""), re.M)


@pytest.mark.smoke
@pytest.mark.parametrize("build", KERNELS)
def test_same_results(build, tmp_path):
    linux = subprocess.run([built("conformance")], capture_output=True, text=True, timeout=300, check=False)
    assert linux.returncode == 0, "\n".join(r for r in results(linux.stdout) if r.startswith("FAIL"))
    with boot(pack(tmp_path, built("conformance")), kernel=KERNELS[build]) as guest:
        guest.patience = 300
        guest.end()
    assert not reports(guest.console), guest.console
    here = results(guest.console)
    assert len(here) >= LEAST, guest.console
    assert here == results(linux.stdout)
