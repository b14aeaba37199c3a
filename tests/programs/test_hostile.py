# SPDX-License-Identifier: MIT
"""The attacks of tests/programs/hostile.  Each ends as on Linux (or, where Linux is not asked, as its table says), and the
kernel reports nothing about itself."""
import re
import subprocess

import pytest

from program import boot, built, pack, reports


def attacks():
    text = subprocess.run([built("hostile"), "--list"], capture_output=True, text=True, check=True).stdout
    return [(name, int(signal), only_here == "1") for name, signal, only_here in map(str.split, text.splitlines())]


@pytest.fixture(scope="module", name="initrd")
def packed(tmp_path_factory):
    return pack(tmp_path_factory.mktemp("pack"), built("hostile"))


@pytest.mark.parametrize("name,signal,only_here", [a for a in attacks() if not a[2]], ids=lambda v: v if isinstance(v, str) else "")
def test_on_linux(name, signal, only_here, tmp_path):
    r = subprocess.run([built("hostile"), name], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert r.returncode == -signal, r.stderr


@pytest.mark.parametrize("name,signal,only_here", attacks(), ids=lambda v: v if isinstance(v, str) else "")
def test_here(name, signal, only_here, initrd):
    with boot(initrd, [name]) as guest:
        guest.wait(rf"plays {name}")
        guest.end()
    text = guest.console.replace("\r", "")
    assert not reports(text), text
    if signal:
        assert re.search(rf"killed by signal {signal}\b", text), text
    else:
        assert f"survived {name}" in text, text
