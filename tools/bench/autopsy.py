# SPDX-License-Identifier: MIT
"""Writes down the state of a guest that makes no progress, before the bench ends it.

From outside: its console, its sockets, QEMU's threads.  From QEMU's monitor: registers and interrupt
controllers, each twice, so that a change is visible.  From gdb (autopsy_gdb.py, with the kernel's symbols): the
current instruction, every thread's backtrace, the timer wheel, pending softirqs and the rings.
"""
import contextlib
import os
import shutil
import socket
import subprocess
import time

from guest import BUILD, HERE
from stage import netbench, say, sh

MONITOR = ["info status", "info registers", "info lapic", "info pic", "info irq", "info network"]


def monitor(path, commands, timeout=3):
    """Sends commands to QEMU's monitor; returns its output. Gives up when nothing arrives for @timeout seconds."""
    out = b""
    with socket.socket(socket.AF_UNIX) as s, contextlib.suppress(OSError):
        s.settimeout(timeout)
        s.connect(path)
        for c in [None] + commands:
            if c:
                s.sendall(c.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"(qemu) "):
                more = s.recv(65536)
                if not more:
                    raise OSError("the monitor closed")
                answer += more
            out += answer
    return out.decode(errors="replace")


def debugger(boot):
    if not boot.guest.symbols or not shutil.which("gdb"):
        return "no gdb here, or no symbols of this guest\n"
    door = os.path.join(boot.tmp, "gdb")
    monitor(os.path.join(boot.tmp, "monitor"), [f"gdbserver unix:{door},server=on,wait=off"])
    p = subprocess.run(["timeout", "60", "gdb", "-batch", "-nx", boot.guest.symbols, "-ex", f"target remote {door}",
                        "-x", os.path.join(HERE, "autopsy_gdb.py")],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return p.stdout


def counters(boot):
    """Returns the result of a ping to the guest, and the guest's own report (netstat, port 15) if it answers."""
    out = f"{netbench(boot.guest, ['icmp', '-t', '1', '-w', '0'], limit=5)}\n"
    try:
        with socket.create_connection((boot.guest.ip, boot.guest.base + 15), timeout=5) as s:
            while more := s.recv(65536):
                out += more.decode(errors="replace")
    except OSError as e:
        out += f"port 15: {e}\n"
    return out


def write_down(boot, why):
    """Writes everything to a new folder build/bench/stuck-*/; prints and returns the folder's name."""
    folder = os.path.join(BUILD, time.strftime("stuck-%Y%m%d-%H%M%S-") + boot.guest.name.replace("/", "_"))
    os.makedirs(folder, exist_ok=True)

    def put(name, text):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)

    put("why", f"{why}\n{boot.explain()}\n")
    put("serial", boot.serial(1 << 24))
    put("counters", counters(boot))
    put("sockets", sh("ss", "-tanmoi", check=False) + sh("ip", "-s", "link", "show", "tap0", check=False))
    if boot.alive():
        tasks = "".join(f"{t} {text(boot.q.pid, t, 'comm')} {text(boot.q.pid, t, 'wchan')} "
                        f"{text(boot.q.pid, t, 'schedstat')}\n" for t in os.listdir(f"/proc/{boot.q.pid}/task"))
        put("qemu-threads", tasks)
        for i in range(2):
            put(f"monitor-{i}", monitor(os.path.join(boot.tmp, "monitor"), MONITOR))
        put("gdb", debugger(boot))
    say(f"  {boot.guest.name}: {why}; its state is in {folder}")
    return folder


def text(pid, task, name):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/{name}") as f:
        return f.read().strip()
    return "-"
