# SPDX-License-Identifier: MIT
"""Memory protection and crash reports: forbidden accesses, dumps, page tables, KASLR, the watchdog."""
import os
import random
import re
import socket
import subprocess
import sys
import time

import pytest
from guest import PATIENCE, ROOT, TEST_APPS, Guest, kernel
from monitor import Watched, symbols

sys.path.insert(0, os.path.join(ROOT, "tools"))
from dwarfline import rows  # noqa: E402
from elf import Elf  # noqa: E402
from unwind import RBP, RSP, WORD, frames  # noqa: E402

CR4_UMIP, CR4_SMEP, CR4_SMAP = 1 << 11, 1 << 20, 1 << 21
USER_END = 0x7ffffffff000
DIRECT_MAP, STACKS = 0xffff888000000000, 0xffffc90000000000




# ---- mistakes of an application (tests/qemu/kernel/crash.c) ----------------------------------------

@pytest.mark.builds("checked", "shipped")
def test_applications_of_tests_are_not_in_the_image_that_users_get():
    """softnet.elf has no function, no name for app= and no source file name of the applications of tests."""
    sources = [name for name in os.listdir(os.path.join(ROOT, "tests", "qemu", "kernel")) if name.endswith(".c")]
    theirs = {name.removesuffix(".c") + "_main" for name in sources} - {"apps_main"}
    theirs |= {"read_null", "smash_stack"}
    assert {"crash_main", "spin_main", "fpu_main"} <= theirs <= set(symbols(kernel(TEST_APPS)))
    assert not theirs & set(symbols())
    for word in (b"crash-stack", b"tests/qemu/kernel"):
        with open(kernel(TEST_APPS), "rb") as test_apps, open(kernel(), "rb") as users:
            assert word in test_apps.read() and word not in users.read()


# LIMIT(THREAD_STACK_SIZE)
@pytest.mark.parametrize("app, says", [
    ("crash", r"^read of 0000000000000008 \(a NULL pointer\): nothing is mapped there$"),
    ("crash-page0", r"^read of 0000000000000000 \(a NULL pointer\): nothing is mapped there$"),
    ("crash-stack", r"Kernel panic: the stack was overwritten in smash_stack$"),
    ("crash-guard", r"Kernel panic: the stack of thread crash-guard overflowed$"),
    ("crash-nx", r"^execution of ffffffff\w{8}: not permitted$"),
    ("crash-wtext", r"^write of ffffffff\w{8} \(the kernel's text\): not permitted$"),
    ("crash-wconst", r"^write of ffffffff\w{8}: not permitted$"),
])
def test_a_mistake_is_reported(app, says):
    with Guest(append="app=" + app, net="", kernel=kernel(TEST_APPS), ready=says) as g:
        g.wait(r"Kernel panic")
        g.wait(rf"in thread {app} ")
        assert g.end() & 1 and g.q.returncode != 1, "no failure code"


def chain(console):
    """Returns the names of the functions in a dump's backtrace, the innermost first."""
    lines = console.replace("\r", "").split("backtrace, image moved up by", 1)[1].splitlines()[1:]
    found = []
    for line in lines:
        m = re.match(r"\??  [0-9a-f]{16} (\w+)\+0x([0-9a-f]+)/0x([0-9a-f]+)(?: \S+:\d+)?$", line)
        if not m:
            break
        assert int(m.group(2), 16) <= int(m.group(3), 16)
        found.append(m.group(1))
    return found


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("words", ["", "nokaslr"])
def test_a_dump_names_callers(words):
    """The backtrace has the callers of read_null() that crash.c and init/main.c imply."""
    with Guest(append="app=crash " + words, net="", kernel=kernel(TEST_APPS), ready=r"Kernel panic") as g:
        g.end()
    assert re.search(r"^rip ffffffff\w{8} .* read_null\+0x", g.console, re.M)
    assert chain(g.console) == ["crash_main", "app_thread", "thread_start", "context_start"]


def addr2line(addresses, image=""):
    """Returns binutils' "file:line" for each of @addresses (as linked), with paths relative to the tree's root; ":?" if
    there is no line.  @image: default the kernel."""
    out = subprocess.run(["addr2line", "-e", image or kernel()], input="".join(f"{a:#x}\n" for a in addresses), text=True,
                         check=True, stdout=subprocess.PIPE).stdout.splitlines()
    return [line.split(" (")[0].replace(ROOT + "/", "") for line in out]


def lines_told(console):
    """Returns [(address as linked, "file:line" or "")] of a dump. For a return address it is the address minus 1, which
    is inside the call instruction."""
    console = console.replace("\r", "")
    slide = int(re.search(r"image moved up by (?:0x)?([0-9a-f]+)", console).group(1), 16)
    found = re.findall(r"^(rip|\??  )\s*(ffffffff[0-9a-f]{8})\b.*? \w+\+0x[0-9a-f]+/0x[0-9a-f]+ ?(\S*)$", console, re.M)
    return [(int(at, 16) - slide - (kind != "rip"), place) for kind, at, place in found]


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("app, depth", [("crash", 4), ("crash-stack", 3), ("crash-guard", 20)])
def test_a_dump_tells_the_lines_that_addr2line_tells(app, depth, build):
    """The dump and addr2line agree on the line of each address.  With an overwritten stack, the shipped build may find
    only one address."""
    with Guest(append="app=" + app, net="", kernel=kernel(TEST_APPS), ready=r"Kernel panic") as g:
        g.end()
    told = lines_told(g.console)
    assert len(told) >= (1 if (app, build) == ("crash-stack", "shipped") else depth)
    for (_, place), wanted in zip(told, addr2line([a for a, _ in told], kernel(TEST_APPS))):
        assert place == wanted


def decoded_rows():
    """Returns {address: set of (file name without its folder, line)} as readelf decodes the line table."""
    out = subprocess.run(["readelf", "--wide", "--debug-dump=decodedline", kernel()], check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout
    found = {}
    for name, line, address in re.findall(r"^(\S+) +(\d+) +0x([0-9a-f]+)", out, re.M):
        found.setdefault(int(address, 16), set()).add((name, line))
    return found


@pytest.mark.builds("checked", "shipped")
def test_every_line_in_the_table_is_addr2lines():
    """tools/dwarfline.py and addr2line agree on the line at both ends of each row of the line table."""
    elf = Elf(kernel())
    table = rows(elf, elf.section(".text"))
    assert len(table) > 10000
    ends = [(a, b - 1, f"{path}:{line}") for (a, path, line), (b, _, _) in zip(table, table[1:]) if path]
    first, last = addr2line([e[0] for e in ends]), addr2line([e[1] for e in ends])
    differ = [(a, mine, {at_a, at_b}) for (a, _, mine), at_a, at_b in zip(ends, first, last) if {at_a, at_b} != {mine}]
    # If code of an inlined function begins a function, addr2line (binutils 2.40) names the file of the outer function,
    # with the right line.  In that case the output of readelf decides, because readelf prints the table as it is.
    known = decoded_rows() if differ else {}
    for a, mine, others in differ:
        name, line = mine.rsplit(":", 1)
        assert {o.rsplit(":", 1)[1] for o in others} == {line}, f"{a:x}: {mine}, {others}"
        assert (os.path.basename(name), line) in known[a], f"{a:x}: {mine}, {others}"
    assert len(differ) < len(table) // 250     # a bound on the exception: twice the share seen


@pytest.mark.builds("shipped")
def test_every_rule_in_the_table_is_readelfs():
    """The unwind table that tools/unwind.py makes from .debug_frame agrees with readelf's output for .debug_frame."""
    elf = Elf(kernel())
    mine = {}
    for begin, end, own in frames(elf, elf.section(".text")):
        mine.update({address: rule for address, rule in own if address < end})
    out = subprocess.run(["readelf", "--debug-dump=frames-interp", kernel()], check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout
    theirs, columns = {}, None
    for line in out.splitlines():
        words = line.split()
        if begin := re.search(r" FDE .* pc=([0-9a-f]+)\.\.", line):
            theirs[int(begin[1], 16)] = (RSP, 1, 0)       # readelf prints no row for a function whose rule never changes
        elif words[:2] == ["LOC", "CFA"]:
            columns = words
        elif columns and re.fullmatch(r"f{8}[0-9a-f]{8}", words[0] if words else ""):
            row = dict(zip(columns, words))
            register, distance = re.fullmatch(r"(rsp|rbp)\+(\d+)", row["CFA"]).groups()
            assert row["ra"] == "c-8"
            saved = re.fullmatch(r"c-(\d+)", row.get("rbp", "u"))
            theirs[int(words[0], 16)] = (RSP if register == "rsp" else RBP, int(distance) // WORD,
                                         int(saved[1]) // WORD if saved else 0)
    assert len(mine) > 5000 and theirs.items() >= mine.items()


@pytest.mark.builds("shipped")
@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"\x11", None])
def test_a_damaged_table_of_frames_ends_the_walk(tmp_path, filler):
    """With a damaged unwind table the dump still has the line of the fault, and the guest powers off as panic=poweroff
    requires."""
    image = kernel(TEST_APPS)
    data = bytearray(open(image, "rb").read())
    section = Elf(image).section(".tables")
    start, end = (symbols(image)[f"__unwind_{e}"] - section.address + section.offset for e in ("start", "end"))
    data[start:end] = filler * (end - start) if filler else random.Random(4).randbytes(end - start)
    damaged = tmp_path / "damaged.elf"
    damaged.write_bytes(data)
    with Guest(append="app=crash", net="", kernel=str(damaged),
               ready=r"Kernel panic: exception 14") as g:
        assert g.end() & 1
    assert "during a dump" not in g.console and "panic within" not in g.console
    assert re.search(r"^rip ffffffff\w{8} .* read_null\+0x\S+ tests/qemu/kernel/crash\.c:\d+\r?$", g.console, re.M)


@pytest.mark.parametrize("table, filler, says", [
    ("lines", b"\0", True), ("lines", b"\xff", True), ("lines", None, True),
    ("ksyms", b"\0", False), ("ksyms", b"\xff", False), ("ksyms", None, False)])
def test_a_damaged_table_does_not_stop_the_dump(tmp_path, table, filler, says):
    """With zeros, ones or random bytes instead of the table of lines or of symbols, the dump is complete; it has symbol
    names if their table is intact."""
    image = kernel(TEST_APPS)
    data = bytearray(open(image, "rb").read())
    section = Elf(image).section(".tables")
    start, end = (symbols(image)[f"__{table}_{e}"] - section.address + section.offset for e in ("start", "end"))
    data[start:end] = filler * (end - start) if filler else random.Random(4).randbytes(end - start)
    damaged = tmp_path / "damaged.elf"
    damaged.write_bytes(data)
    with Guest(append="app=crash", net="", kernel=str(damaged),
               ready=r"Kernel panic: exception 14") as g:
        assert g.end() & 1
    assert "during a dump" not in g.console and "panic within" not in g.console
    assert (" read_null+0x" in g.console) == says
    assert re.search(r"^backtrace, image moved up by .*\n(\??  ffffffff.*\n){4}", g.console.replace("\r", ""), re.M)


def symbolised(console, *image):
    return subprocess.run([sys.executable, os.path.join(ROOT, "tools", "symbolise"), *image], input=console, text=True,
                          check=True, stdout=subprocess.PIPE).stdout


@pytest.mark.builds("checked", "shipped")
def test_symbolise_finds_the_image_of_the_build_that_the_dump_is_from():
    """The test causes a dump in the kernel: it writes a UD2 instruction over the start of show_softirqs() and makes an
    application call it.  tools/symbolise, without an argument, must find the right image."""
    with Watched(append="nokaslr") as g:
        g.write_memory(symbols()["show_softirqs"], b"\x0f\x0b")
        with g.connect(15):
            g.wait(r"Kernel panic: exception 6")
        g.end()
    out = symbolised(g.console)
    assert re.search(r"show_softirqs at kernel/fs/proc_kernel\.c:\d+", out)
    assert re.search(r"kernel_syscall at kernel/syscall\.c:\d+", out)


@pytest.mark.builds("checked", "shipped")
def test_symbolise_names_the_lines():
    with Guest(append="app=crash", net="", kernel=kernel(TEST_APPS), ready=r"Kernel panic") as g:
        g.end()
    out = symbolised(g.console, kernel(TEST_APPS))
    with open(os.path.join(ROOT, "tests", "qemu", "kernel", "crash.c")) as f:
        source = f.read().splitlines()
    fault = 1 + next(i for i, line in enumerate(source) if "*(volatile int *)address" in line)
    call = 1 + next(i for i, line in enumerate(source) if "mistakes[i].make()" in line)
    assert f"read_null at tests/qemu/kernel/crash.c:{fault}" in out
    assert f"crash_main at tests/qemu/kernel/crash.c:{call}" in out
    assert re.search(r"app_thread at init/ring0/apps\.c:\d+", out)


@pytest.mark.parametrize("words, text, status, said", [
    (["nowhere.elf"], "rip ffffffff80101234", 1, "nowhere.elf is not there: name the IMAGE"),
    ([], "READY", 0, "no address of the image in this text"),
    (["a", "b"], "", 1, "one IMAGE at most"),
])
def test_symbolise_reports_wrong_arguments(words, text, status, said):
    done = subprocess.run([os.path.join(ROOT, "tools", "symbolise"), *words], input=text, text=True, check=False,
                          capture_output=True)
    assert done.returncode == status and said in done.stderr and "Traceback" not in done.stderr
    assert done.stdout.strip() == ("" if status else text)


# ---- the stacks of double faults, NMIs and machine checks ------------------------------------------

def exception_stack(number, image=""):
    """Returns (bottom, top) of an exception stack: 0 double fault, 1 NMI, 2 machine check.  Each has 8 KiB above a guard
    page (kernel/x86/desc.h)."""
    bottom = symbols(image)["ist_stacks"] + number * 3 * 4096 + 4096
    return bottom, bottom + 2 * 4096


def test_a_double_fault_has_its_own_stack():
    with Watched(append="app=crash-guard nokaslr panic=halt", kernel=kernel(TEST_APPS),
                 ready=r"Kernel panic: the stack of thread") as g:
        bottom, top = exception_stack(0, kernel(TEST_APPS))
        assert bottom < g.register("RSP") <= top


def test_an_nmi_has_its_own_stack():
    """An NMI pushes RIP, CS, RFLAGS, RSP and SS at the top of the NMI stack (Intel SDM volume 3, 6.14.2), which contains
    only zeros before."""
    with Watched(append="nokaslr") as g:
        bottom, top = exception_stack(1)

        def frame():
            return [int(word, 16) for word in re.findall(r" (0x[0-9a-f]{16})", g.hmp(f"x /5gx {top - 40:#x}"))]
        assert frame() == [0] * 5
        g.hmp("nmi")
        g.wait(r"NMI: reason unknown")
        rip, _, _, rsp, _ = frame()
        assert symbols()["__text_start"] <= rip < symbols()["__text_end"], hex(rip)
        assert not bottom < rsp <= top


# ---- page tables, as QEMU walks them ---------------------------------------------------------------

def mappings(g):
    """Returns [(virtual address, physical address, size, writable, executable, user-accessible)] of all mapped pages."""
    found = []
    for line in g.hmp("info tlb").splitlines():
        m = re.match(r"([0-9a-f]{16}): ([0-9a-f]{16}) (\S{9})$", line)
        assert m, line
        flags = m.group(3)       # X (no execute) G P (large) D A C T U W
        virt, phys = int(m.group(1), 16), int(m.group(2), 16)
        found.append((virt, phys, 0x200000 if "P" in flags else 0x1000, "W" in flags, "X" not in flags, "U" in flags))
    return found


@pytest.mark.parametrize("words", ["", "nokaslr"])
def test_no_page_is_writable_and_executable_and_text_has_no_writable_alias(words):
    with Watched(append=words) as g:      # 64 MiB need no page of 1 GiB, which `info tlb` would show like one of 2 MiB
        pages = mappings(g)
    assert not [p for p in pages if p[3] and p[4]], "writable and executable"
    assert not [p for p in pages if p[5] != (p[0] < USER_END)], "ring 3 may access the lower half, and nothing else"
    pages = [p for p in pages if p[0] >= USER_END]
    text = {p[1] + i for p in pages if p[4] for i in range(0, p[2], 0x1000)}
    sym = symbols()
    assert len(text) * 4096 == sym["__text_end"] - sym["__text_start"]
    for virt, phys, size, writable, executable, _ in pages:
        assert not (executable and virt < 0xffffffff80000000), f"{virt:x} can be run"
        if writable:
            assert not text & set(range(phys, phys + size, 0x1000)), f"text can be written at {virt:x}"
    if words == "nokaslr":
        there = {p[0] for p in pages}
        assert sym["__text_start"] in there
        assert sym["boot_stack_guard"] not in there
        for i in range(3):
            assert sym["ist_stacks"] + i * 3 * 4096 not in there
        rodata = {p[1] + i for p in pages if sym["__rodata_start"] <= p[0] < sym["__rodata_end"]
                  for i in range(0, p[2], 0x1000)}
        assert rodata and not [p for p in pages if p[3] and rodata & set(range(p[1], p[1] + p[2], 0x1000))]


@pytest.mark.parametrize("cpu, bits", [("max", CR4_UMIP | CR4_SMEP | CR4_SMAP), ("qemu64", 0)])
def test_cpu_protections_are_on(cpu, bits):
    with Watched(cpu=cpu) as g:
        assert g.register("CR4") & (CR4_UMIP | CR4_SMEP | CR4_SMAP) == bits
        assert g.register("CR0") & 1 << 16, "the kernel may write what is read-only"


# ---- the image's place -----------------------------------------------------------------------------

def test_the_image_lies_somewhere_else_each_time():
    """There are 504 possible addresses: four boots choose the same one only once in 128 million runs.

    The console line with the address has no time in front of it, because it is not in the log, which any peer may read.
    """
    seen = set()
    for _ in range(4):
        with Guest(append="loglevel=debug") as g:
            where = int(g.wait(r"^image: moved up by 0x([0-9a-f]+)").group(1), 16)
            assert where % 0x200000 == 0 and 4 * 0x200000 <= where < 508 * 0x200000
            seen.add(where)
    assert len(seen) > 1


def test_nokaslr_leaves_it_where_it_was_linked():
    with Watched(append="nokaslr loglevel=debug") as g:
        assert "image: moved up by 0\n" in g.console.replace("\r", "")
        assert "unknown" not in g.console
    with Guest() as g:
        assert "moved up" not in g.console


# ---- the watchdog and other console output ----------------------------------------------------------

# LIMIT(SOFT_LOCKUP_MS)
@pytest.mark.builds("checked", "shipped")
def test_a_soft_lockup_is_reported():
    """The test writes an endless loop over the start of show_softirqs(), and makes an application call it.  The watchdog
    reports where the CPU is."""
    with Watched(append="nokaslr") as g:
        g.write_memory(symbols()["show_softirqs"], b"\xeb\xfe")
        with g.connect(15):
            told = g.wait(r"soft lockup: (\S+) \(pid \d+\) keeps the CPU in the kernel for (\d+) ms, process context")
            assert int(told.group(2)) >= 2000        # SOFT_LOCKUP_MS
            # The interrupted address is the function's start.  It is no return address, so the dump must not subtract 1
            # from it: the result would be in another function.
            g.wait(r"\] +common\+0x\S+ kernel/x86/entry\.S:\d+\n.*\] +show_softirqs\+0x1/")
            g.wait(r"\] +kernel_syscall\+0x\S+ kernel/syscall\.c:\d+$")
    assert g.console.count("soft lockup:") == 1


@pytest.mark.builds("checked", "shipped")
def test_a_soft_interrupt_that_keeps_the_cpu_is_named():
    """The test writes an endless loop over tcp_v4_rcv() while the machine is idle with its timer off, and sends a SYN.  So
    a softirq on the idle thread's stack never ends; the watchdog reports it."""
    with Watched(append="nokaslr") as g:
        until = time.monotonic() + PATIENCE
        while not re.search(r"current_count = 0$", g.hmp("info lapic 0"), re.M):
            assert time.monotonic() < until, "the timer goes on"
        g.write_memory(symbols()["tcp_v4_rcv"], b"\xeb\xfe")
        with socket.socket() as s:
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", g.ports[7]))      # the user network accepts, and sends a SYN to the guest
            told = g.wait(r"soft lockup: (\S+) \(pid \d+\) keeps the CPU in the kernel for (\d+) ms, soft interrupt")
            assert int(told.group(2)) >= 2000        # SOFT_LOCKUP_MS
            g.wait(r"\] +common\+0x\S+ kernel/x86/entry\.S:\d+\n.*\] +tcp_v4_rcv\+0x1/")
            g.wait(r"\] +net_rx_action\+0x\S+ net/core/napi\.c:\d+$")
    assert g.console.count("soft lockup:") == 1


def test_the_hosts_random_numbers_are_used():
    with Guest(extra=["-device", "virtio-rng-pci"]) as g:
        g.wait(r"virtio\d+-random: [1-9]\d* bytes of seed from the host")


@pytest.mark.parametrize("firmware, first", [("", []), ("uefi", ["UEFI application"])])
def test_the_boot_timeline(firmware, first):
    with Guest(append="loglevel=debug", firmware=firmware) as g:
        stages = re.findall(r"boot: (.*?) +(\d+) us, until +(\d+) us", g.console)
    assert [s[0] for s in stages] == first + [
        "door", "moving the image", "page tables", "memory", "ACPI, APIC", "measuring the TSC", "random numbers",
        "threads, time", "files", "network", "command line", "initrd", "PCI", "virtio-mmio", "links"]
    took, until = [int(s[1]) for s in stages], [int(s[2]) for s in stages]
    assert until == sorted(until) and until[0] > 0
    # The stages before "measuring the TSC" end before the speed of the TSC is known, so the kernel computes their
    # times later. The times must add up, and the time of the banner in the log must lie in the right stage.
    # Otherwise the kernel has used a wrong speed or a wrong start value of the counter.
    assert all(abs(u - t - before) <= 1 for t, u, before in zip(took, until, [0] + until))
    assert took[[s[0] for s in stages].index("measuring the TSC")] > 0
    clock = re.search(r"\[ *(\d+)\.(\d{6})\] softnet [^ ]+, checked build, through", g.console)
    assert until[-6] <= int(clock.group(1)) * 1000000 + int(clock.group(2)) <= until[-5]
