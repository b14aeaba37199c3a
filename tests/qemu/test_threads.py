# SPDX-License-Identifier: MIT
"""Preemption of threads, and the end of the machine after a crash."""
import re

import pytest
from guest import TEST_APPS, Guest, kernel, recv_exact


@pytest.mark.builds("checked", "shipped")
def test_a_spinning_thread_does_not_keep_an_echo_waiting():
    """kernel/spin.c: inetd runs beside a thread that never sleeps and never calls the kernel.  With preemption the echo
    thread waits at most one time slice; without it, no echo would come back.
    """
    with Guest(append="app=spin", kernel=kernel(TEST_APPS)) as g, g.connect(7) as s:
        for i in range(50):
            s.sendall(b"%03d" % i)
            assert recv_exact(s, 3) == b"%03d" % i


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_a_preempted_thread_keeps_its_vector_and_x87_registers(cpu):
    """kernel/fpu.c: two threads loop with different values and rounding modes in all registers, and are preempted; a third
    one makes the kernel use vector registers."""
    with Guest(append="app=fpu", cpu=cpu, net="", kernel=kernel(TEST_APPS), ready=r"^fpu: .*\n") as g:
        assert g.wait(r"^fpu: (.*)\n").group(1) == "2 threads lost the CPU 20 times and found all registers as they were"
        assert g.end() == 0


def test_a_bad_pointer_in_an_application_ends_with_a_dump():
    with Guest(append="app=crash", net="", kernel=kernel(TEST_APPS), ready=r"Page fault|page fault|#PF") as g:
        assert g.end() & 1, "QEMU ended without the debug port"
        assert g.q.returncode != 1, "a crash with the exit code of success"
        assert re.search(r"\bRIP\b.*[0-9a-f]{16}", g.console, re.I)
        assert re.search(r"\bCR2\b.*0*8\b", g.console, re.I), "the address that was touched is not named"
        assert re.search(r"[Bb]acktrace", g.console)


def test_panic_policy_reboot_and_halt():
    with Guest(append="app=crash panic=reboot", net="", kernel=kernel(TEST_APPS), ready=None, debug_exit=False) as g:
        assert g.end() == 0          # with -no-reboot QEMU ends at a reboot
    with Guest(append="app=crash panic=halt", net="", kernel=kernel(TEST_APPS), ready=r"halted \(panic=halt\): power off") as g:
        assert g.q.poll() is None    # QEMU still runs, so that a debugger could connect
