# SPDX-License-Identifier: MIT
"""The program's half of the address space, and ring 3: applications of tests/qemu/kernel/inside."""
import os
import re
import struct
import subprocess

import pytest
from guest import ROOT, TEST_APPS, Guest, kernel


@pytest.mark.builds("checked", "shipped")
def test_pages_of_the_program_are_mapped_found_and_freed():
    """app=user-pages checks each function of kernel/hal.h for page tables."""
    with Guest(append="app=user-pages", net="", kernel=kernel(TEST_APPS), ready=r"user-pages: .*") as g:
        assert g.end() == 0, "a check failed"
    assert "user-pages: ok" in g.console


# ---- programs in ring 3 (tests/qemu/kernel/inside/programs.S) --------------------------------------

SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV = 4, 5, 7, 8, 11
SI_KERNEL, MAPERR, ACCERR = 0x80, 1, 2
CODE, DATA, KERNEL = 0x400000, 0x600000, 0xffff888000100000


def ring3(name, **more):
    """Boots the program @name of programs.S; returns (exit code, console)."""
    with Guest(append="app=r3-" + name, net="", kernel=kernel(TEST_APPS), ready="", **more) as g:
        status = g.end()
        g.reader.join()
        return status >> 1 if status & 1 else status, g.console.replace("\r", "")


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("name", ["hello", "registers", "flags", "pointers", "stacks", "numbers", "bases"])
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_a_program_runs(name, cpu):
    code, console = ring3(name, cpu=cpu)
    assert code == 7, console
    assert "is killed" not in console and "panic" not in console
    if name == "hello":
        assert "\nhello from ring 3\n" in console


@pytest.mark.parametrize("name, signal, si_code, address", [
    ("read_kernel", SIGSEGV, MAPERR, KERNEL), ("write_kernel", SIGSEGV, MAPERR, KERNEL),
    ("call_kernel", SIGSEGV, MAPERR, 0xffffffff80100000),
    ("write_code", SIGSEGV, ACCERR, CODE), ("run_data", SIGSEGV, ACCERR, DATA),
    ("null", SIGSEGV, MAPERR, 0),
    ("noncanonical", SIGSEGV, SI_KERNEL, 0), ("read_noncan", SIGSEGV, SI_KERNEL, 0),
    *[(name, SIGSEGV, SI_KERNEL, 0) for name in (
        "hlt", "cli", "in", "out", "wrmsr", "cr3", "int80", "int_timer", "int_nmi", "far_32", "far_kernel", "sgdt",
        "swapgs")],
    ("sysenter", SIGILL, 2, CODE),    # QEMU emulates a CPU of AMD, where SYSENTER is invalid in 64-bit mode; Intel: #GP
    ("int3", SIGTRAP, SI_KERNEL, 0), ("step", SIGTRAP, 2, None), ("step_syscall", SIGTRAP, 2, None),
    ("ud2", SIGILL, 2, CODE), ("wrgsbase", SIGILL, 2, CODE),
    ("divide", SIGFPE, 1, CODE + 4), ("x87", SIGFPE, 3, None),
])
def test_an_exception_is_a_signal(name, signal, si_code, address):
    """The codes and addresses are those of Linux's siginfo."""
    code, console = ring3(name)
    assert code == 128 + signal & 0x7f, console
    where = "0x[0-9a-f]+" if address is None else f"{address:#x}" if address else "0"
    where = "" if si_code == SI_KERNEL else f", address {where}"
    assert re.search(rf"\(thread 1\) is killed by signal {signal}, \w+, code {si_code}{where}$", console, re.M), console
    assert "panic" not in console and "exception" not in console.split("is killed")[0]


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("name", ["signal", "sigsegv", "sigaltstack", "restart", "interrupt", "threads", "forge_flags",
                                  "forge_mxcsr", "forge_fxsave", "forge_nofp"])
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_signals_and_threads(name, cpu):
    """signals.inc checks registers, frames and results.  qemu64 has no XSAVE."""
    code, console = ring3(name, cpu=cpu)
    assert code == 7, console
    assert "is killed" not in console and "panic" not in console


def test_a_handler_keeps_the_upper_halves_of_vector_registers():
    assert ring3("signal_avx")[0] == 7


@pytest.mark.parametrize("name, si_code, address", [
    ("forge_rip", SI_KERNEL, None), ("forge_rip2", SI_KERNEL, None), ("forge_kernel", MAPERR, 0xffffffff80100000),
    ("forge_stack", MAPERR, KERNEL - 8), ("forge_xsave", SI_KERNEL, None), ("forge_xbv", SI_KERNEL, None),
    ("forge_fp", SI_KERNEL, None), ("no_frame", SI_KERNEL, None), ("no_restorer", SI_KERNEL, None),
    ("no_stack", SI_KERNEL, None)])
def test_a_forged_frame_is_the_programs_end(name, si_code, address):
    """If rt_sigreturn() or the IRET after it can't restore a forged frame, only the program is killed."""
    code, console = ring3(name)
    assert code == 128 + SIGSEGV & 0x7f, console
    where = f", address {address:#x}" if address else ""
    assert re.search(rf"is killed by signal 11, SIGSEGV, code {si_code}{where}$", console, re.M), console
    assert "panic" not in console


def test_a_return_that_the_cpu_refuses_is_a_fault_of_the_program():
    with Guest(append="app=bad-iret", net="", kernel=kernel(TEST_APPS), ready="") as g:
        assert g.end() >> 1 == 128 + SIGSEGV & 0x7f
        g.reader.join()
    console = g.console.replace("\r", "")
    assert re.search(r"is killed by signal 11, SIGSEGV, code 128$", console, re.M), console
    assert "rip 0000000000400000  rsp 0000000000007000" in console and "rbx 0000000000001234" in console
    assert "trap 13, error code 18" in console     # the selector of the segment


ENTRY_MAX = 90       # instructions of the entry and the return of a system call
DISPATCH_MAX = 50    # from there to the call's function, and back


@pytest.mark.builds("shipped")
def test_the_instructions_of_a_system_call(tmp_path):
    """calls_many makes a million calls of getpid() more than calls_few.  The boot, whose number of instructions differs
    from run to run, is negligible beside them.  The number of instructions is limited because each of them costs time
    under TCG."""
    plugin = tmp_path / "insn_count.so"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", plugin, os.path.join(ROOT, "tools/bench/insn_count.c")], check=True)

    def kernels_instructions(name):
        out = tmp_path / name
        assert ring3(name, extra=["-plugin", f"{plugin},out={out}"])[0] == 7
        return struct.unpack("<5Q", out.read_bytes()[:40])[4]

    spent = kernels_instructions("calls_many") - kernels_instructions("calls_few")
    assert spent / 1000000 < ENTRY_MAX + DISPATCH_MAX


def test_system_calls_are_logged_on_request():
    console = ring3("hello strace=1")[1]
    assert re.search(r'\] \[1\] write\(1, "hello from ring 3\.", 18\) = 18$', console, re.M), console
    assert re.search(r"\] \[1\] exit_group\(7\)$", console, re.M), console
    console = ring3("pointers strace=1")[1]
    assert re.search(r"\] \[1\] write\(1, \S+, 8\) = -1, errno 14$", console, re.M), console


def test_missing_system_calls_are_reported_once():
    console = ring3("numbers")[1]
    assert console.count("system call -1 is missing: ENOSYS") == 1, console
    assert "system call 2147483647 is missing" not in console     # all numbers outside the table share one report
