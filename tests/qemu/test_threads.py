# SPDX-License-Identifier: MIT
"""Threads against each other, and against the kernel's own mistakes."""
import re

import pytest
from guest import TEST_APPS, Guest, kernel, recv_exact


@pytest.mark.builds("checked", "shipped")
def test_a_spinning_thread_does_not_keep_an_echo_waiting():
    """kernel/spin.c: inetd, and a thread that never sleeps and never calls the kernel.

    Without preemption not one echo would come back.  With it, the spinning thread has a slice between
    two turns of the echo thread, no more: both make progress.
    """
    with Guest(append="app=spin", kernel=kernel(TEST_APPS)) as g, g.connect(7) as s:
        for i in range(50):
            s.sendall(b"%03d" % i)
            assert recv_exact(s, 3) == b"%03d" % i


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_a_preempted_thread_keeps_its_vector_and_x87_registers(cpu):
    """kernel/fpu.c: two threads spin on full registers, rounding each its own way; a third one copies."""
    with Guest(append="app=fpu", cpu=cpu, net="", kernel=kernel(TEST_APPS), ready=r"^fpu: .*\n") as g:
        assert g.wait(r"^fpu: (.*)\n").group(1) == "2 threads lost the CPU 20 times and found all registers as they were"
        assert g.end() == 0


def test_a_bad_pointer_in_an_application_ends_with_a_dump():
    with Guest(append="app=crash", net="", kernel=kernel(TEST_APPS), ready=r"Page fault|page fault|#PF") as g:
        assert g.end() & 1, "QEMU ended without the debug port"
        assert g.q.returncode != 1, "a crash that says success"
        assert re.search(r"\bRIP\b.*[0-9a-f]{16}", g.console, re.I)
        assert re.search(r"\bCR2\b.*0*8\b", g.console, re.I), "the address that was touched is not named"
        assert re.search(r"[Bb]acktrace", g.console)


def test_panic_policy_reboot_and_halt():
    with Guest(append="app=crash panic=reboot", net="", kernel=kernel(TEST_APPS), ready=None, debug_exit=False) as g:
        assert g.end() == 0          # -no-reboot: QEMU takes a reboot for an end
    with Guest(append="app=crash panic=halt", net="", kernel=kernel(TEST_APPS), ready=r"[Bb]acktrace") as g:
        assert g.q.poll() is None    # it stays, for a debugger
