# SPDX-License-Identifier: MIT
"""A serial console that no program reads: the socket behind the serial port is full before the guest's first byte."""
import re
import socket
import time

import pytest
from guest import PATIENCE, recv_exact
from monitor import Watched


class Unread(Watched):
    """A guest whose serial port is a socket that is full before the boot: .reader_end is the test's end of it, from
    which .stale bytes can be read."""

    def __init__(self, append):
        super().__init__(append, ready="", capture=False)
        self.reader_end, self.qemu_end = socket.socketpair()
        self.reader_end.settimeout(PATIENCE)
        self.qemu_end.setblocking(False)
        self.stale = 0
        try:
            while True:
                self.stale += self.qemu_end.send(b"\0")
        except BlockingIOError:
            pass
        self.keep_fds = (self.qemu_end.fileno(),)

    def command(self):
        cmd = super().command()
        at = cmd.index("-serial")
        return cmd[:at] + ["-chardev", f"socket,id=serial,fd={self.keep_fds[0]}", "-serial", "chardev:serial"] + cmd[at + 2:]

    def echo(self):
        """Makes one echo.  The guest can't print READY, so this connects again and again until the port is open."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with self.connect(7) as s:
                    s.sendall(b"x")
                    return recv_exact(s, 1)
            except (ConnectionError, AssertionError):
                assert time.monotonic() < until


# LIMIT(CONSOLE_POLLS_MAX)
@pytest.mark.builds("checked", "shipped")
def test_an_unread_console_costs_one_wait_and_recovers():
    """A full serial port delays the kernel once; afterwards it drops console text without waiting.  When the port is read
    again, the kernel prints how many bytes are missing."""
    with Unread("loglevel=debug") as g:
        g.echo()
        g.hmp("set_link n0 off")
        g.hmp("set_link n0 on")
        g.echo()
        stats = dict(re.findall(r"(\w+) (\d+)", g.netstat()["/proc/console"]))
        assert int(stats["lost"]) > 1000      # the boot's console text
        assert stats["waits"] == "1"
        # Empty the socket.  Before the next line, the console prints how many bytes were lost.
        recv_exact(g.reader_end, g.stale)
        g.hmp("set_link n0 off")
        text = ""
        while "eth0: link down\r\n" not in text:
            text += g.reader_end.recv(4096).decode()
        told = re.search(r"\[console: (\d+) bytes were not taken in time: lost\]\r\n\[[ .\d]+\] eth0: link down", text)
        assert told and told.group(1) == stats["lost"]
