# SPDX-License-Identifier: MIT
"""`make run` as a person starts it: on a terminal, in a session of its own.  What is left when that goes?"""
import fcntl
import os
import select
import signal
import subprocess
import termios
import time

import pytest
from guest import PATIENCE, ROOT, free_ports


class Terminal:
    """make run on one end of a pseudo-terminal; we hold the other, and a pipe that all its processes hold too."""

    def __init__(self, leads):
        self.leads = leads       # is make the one whom the kernel tells, and whose end the others are told of?

    def control(self):
        if self.leads:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def __enter__(self):
        self.screen, terminal = os.openpty()
        self.alive, held = os.pipe()
        last = free_ports(1)[0]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        self.make = subprocess.Popen(["make", "run"], cwd=ROOT, env=dict(env, BOOT="pvh", PORT=str(last - 19)),
                                     stdin=terminal, stdout=terminal, stderr=terminal, pass_fds=[held],
                                     start_new_session=True, preexec_fn=self.control)
        os.close(terminal)
        os.close(held)
        self.said = b""
        return self

    def wait(self, word):
        until = time.monotonic() + PATIENCE
        while word not in self.said:
            assert select.select([self.screen], [], [], until - time.monotonic())[0], self.said
            self.said += os.read(self.screen, 4096)

    def hang_up(self):
        os.close(self.screen)
        self.screen = None

    def all_ended(self):
        return bool(select.select([self.alive], [], [], PATIENCE)[0]) and os.read(self.alive, 1) == b""

    def __exit__(self, *_):
        if not self.all_ended():
            os.killpg(self.make.pid, signal.SIGKILL)
        self.make.wait()
        os.close(self.alive)
        if self.screen is not None:
            os.close(self.screen)


@pytest.mark.parametrize("how, leads", [("terminal goes", True), ("terminal goes", False), ("make is killed", False),
                                        ("Ctrl-C", True)])
def test_nothing_stays_behind(how, leads):
    with Terminal(leads) as t:
        t.wait(b"READY")
        assert not select.select([t.alive], [], [], 0)[0]
        if how == "terminal goes":
            t.hang_up()
        elif how == "make is killed":
            t.make.kill()
        else:
            os.write(t.screen, b"\3")
        assert t.all_ended()


@pytest.mark.parametrize("variables, complaint", [
    ({"PORT": "0"}, "PORT=0: a number from 1 to 65516"),
    ({"PORT": str(2**64 + 1)}, "a number from 1 to 65516"),       # bash would count from 0 again
    ({"MEM": "1"}, "MEM=1: memory in MiB"),
    ({"MEM": str(2**64 + 4)}, "memory in MiB"),
    ({"MACHINE": "pdp11"}, "MACHINE=pdp11: q35, pc or microvm"),
    ({"BOOT": "uefi", "MEM": "40"}, "the UEFI firmware needs 56 MiB"),
    ({"BOOT": "uefi", "MACHINE": "microvm"}, "has no UEFI firmware"),
    ({"CMDLINE": "x" * 2048}, "CMDLINE has 2048 bytes: at most 2047"),
    ({"CMDLINE": "x" * 1025, "MACHINE": "microvm"}, "CMDLINE has 1025 bytes: at most 1024"),
    ({"PCAP": "/nowhere/at/all"}, "PCAP=/nowhere/at/all: cannot be written"),
])
def test_wrong_values_are_named(variables, complaint):
    ran = subprocess.run(["tools/run"], cwd=ROOT, env={"PATH": os.environ["PATH"], **variables},
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
    assert ran.returncode == 2
    assert complaint in ran.stderr
    assert not ran.stdout
