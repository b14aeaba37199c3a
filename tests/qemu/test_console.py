# SPDX-License-Identifier: MIT
"""A serial console without a reader: its socket is full before the guest's first byte."""
import re
import socket
import time

import pytest
from guest import PATIENCE, recv_exact
from monitor import Watched


class Unread(Watched):
    """.reader_end is our end of the serial port's socket, with .stale bytes in it before the guest's first."""

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
        """One echo.  There is no READY to wait for, so a port that is still closed is tried again."""
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
def test_costs_one_wait_and_comes_back():
    with Unread("loglevel=debug") as g:
        g.echo()
        g.hmp("set_link n0 off")
        g.hmp("set_link n0 on")
        g.echo()
        stats = dict(re.findall(r"(\w+) (\d+)", g.netstat()["/proc/console"]))
        assert int(stats["lost"]) > 1000      # all of the boot's text
        assert stats["waits"] == "1"
        # The reader comes back: what the port still held, then, with the next text, how much is missing.
        recv_exact(g.reader_end, g.stale)
        g.hmp("set_link n0 off")
        text = ""
        while "eth0: link down\r\n" not in text:
            text += g.reader_end.recv(4096).decode()
        told = re.search(r"\[console: (\d+) bytes were not taken in time: lost\]\r\n\[[ .\d]+\] eth0: link down", text)
        assert told and told.group(1) == stats["lost"]
