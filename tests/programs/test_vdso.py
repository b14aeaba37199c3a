# SPDX-License-Identifier: MIT
"""vdso.c, on Linux and here: the vDSO and the system calls read the same clocks."""
import re
import subprocess

import pytest

from program import boot, built, pack, reports


def test_on_linux():
    assert "vdso: ok" in subprocess.run([built("vdso")], capture_output=True, text=True, check=True).stdout


@pytest.mark.smoke
def test_here(tmp_path):
    with boot(pack(tmp_path, built("vdso")), net="") as guest:
        assert guest.end() == 0, guest.console
        guest.reader.join()
    assert "vdso: ok" in guest.console and not reports(guest.console)


@pytest.mark.smoke
def test_the_object_has_no_relocations_and_symbols_of_one_version():
    """C libraries apply no relocations to the vDSO, and look for symbols of the version LINUX_2.6."""
    def readelf(*options):
        return subprocess.run(["readelf", "-W", *options, "../../build/shipped/kernel/x86/vdso/vdso.so"], capture_output=True,
                              text=True, check=True).stdout
    assert "no relocations" in readelf("-r")
    names = re.findall(r"FUNC +(?:GLOBAL|WEAK) +DEFAULT +\d+ (\w+)@@LINUX_2\.6$", readelf("--dyn-syms"), re.M)
    functions = ("clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu")
    assert sorted(names) == sorted([*functions, *("__vdso_" + f for f in functions)])
