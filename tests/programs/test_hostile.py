# SPDX-License-Identifier: MIT
"""The attacks of tests/programs/hostile.  Each ends as on Linux (or as its table says, if it is not played on Linux),
and the kernel reports no error of its own."""
import os
import re
import shutil
import subprocess
import tempfile

import pytest

from program import boot, built, pack, reports


# Attacks that end otherwise on the CPU that QEMU 7.2 emulates (TCG): {name: signal; 0: none}.
TCG = {
    "insn-into_icebp": 4,          # the instruction does not exist
    "insn-alignment": 0,           # AC has no effect
    "insn-sse_error": 0,           # MXCSR enables no exception
    "insn-mxcsr_reserved": 0,      # LDMXCSR accepts each value
    "stack_odd": 11,               # a protection fault instead of a stack fault
    "return_odd_stack": 11,
}


SMOKE = ("call-kernel-pointers", "call-robust-circle", "insn-hlt", "insn-sse_error", "jump_image", "return_odd_ip", "memory_touched", "loop_of_threads")


def attacks(linux=False):
    """Returns the attacks, or with @linux only those that are also played on Linux."""
    text = subprocess.run([built("hostile"), "--list"], capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in text.splitlines()]
    assert {name for name, *_ in lines}.issuperset({*SMOKE, *TCG})
    return [pytest.param(name, int(signal), marks=[pytest.mark.smoke] if name in SMOKE else [], id=name)
            for name, signal, only_here in lines if not (linux and only_here == "1")]


@pytest.fixture(scope="module", name="initrd")
def packed(tmp_path_factory):
    return pack(tmp_path_factory.mktemp("pack"), built("hostile"))


@pytest.fixture(scope="module", name="harmless")
def user_without_rights():
    """Yields the options with which subprocess starts the attacks on Linux: in a folder of their own, and not as root,
    because wild calls of root could change this system."""
    with tempfile.TemporaryDirectory(prefix="softnet-hostile-") as folder:
        os.chmod(folder, 0o777)
        shutil.copy(built("hostile"), folder)
        unprivileged = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        yield {"executable": f"{folder}/hostile", "cwd": folder, **unprivileged}


@pytest.mark.parametrize("name,signal", attacks(linux=True))
def test_on_linux(name, signal, harmless):
    r = subprocess.run(["hostile", name], capture_output=True, text=True, timeout=300, check=False, **harmless)
    assert r.returncode == -signal, r.stderr


@pytest.mark.parametrize("name,signal", attacks())
def test_here(name, signal, initrd):
    with boot(initrd, [name]) as guest:
        guest.patience = 300
        guest.wait(rf"plays {name}")
        status = guest.end()
        guest.reader.join()
    signal = TCG.get(name, signal)
    text = guest.console.replace("\r", "")
    assert not reports(text), text
    if signal:
        assert re.search(rf"killed by signal {signal}\b", text), text
    else:    # some attacks end by exit_group(0)
        assert f"survived {name}" in text or (status == 0 and "is killed" not in text), text
