# SPDX-License-Identifier: MIT
"""Controls QEMU through its monitor and its gdb server.

Watched is a Guest with both.  hmp() runs a command of the human monitor, for example "info registers"; gdb() sends one
packet of gdb's remote protocol.
"""
import json
import os
import re
import socket
import subprocess

from guest import PATIENCE, Guest, kernel


class Watched(Guest):
    def command(self):
        self.qmp_path, self.gdb_path = (os.path.join(self.dir.name, n) for n in ("qmp", "gdb"))
        return super().command() + ["-qmp", f"unix:{self.qmp_path},server=on,wait=off",
                                    "-gdb", f"unix:path={self.gdb_path},server=on,wait=off"]

    def qmp(self, command, **arguments):
        """Runs a command of QEMU's machine protocol; returns its result."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(self.qmp_path)
            with s.makefile("rw") as f:
                f.readline()      # the greeting
                for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                    f.write(json.dumps(request) + "\n")
                    f.flush()
                    while "return" not in (answer := json.loads(f.readline())):      # events come in between
                        assert "error" not in answer, answer
        return answer["return"]

    def hmp(self, line):
        """Runs the monitor command @line; returns its output."""
        return self.qmp("human-monitor-command", **{"command-line": line}).replace("\r", "")

    def register(self, name):
        return int(re.search(rf"\b{name}=([0-9a-f]+)", self.hmp("info registers")).group(1), 16)

    def write_memory(self, address, data):
        """Writes to a virtual address as a debugger does: also to memory that the page tables protect.  The guest is
        stopped meanwhile."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(self.gdb_path)
            answer = gdb(s, f"M{address:x},{len(data):x}:{data.hex()}")
            assert answer == "OK", answer
            gdb(s, "D")           # detach: the guest continues


def gdb(s, packet):
    """Sends a packet to the gdb server and returns the answer.  Ignores the stop reply (T...), which may come first."""
    s.sendall(f"${packet}#{sum(packet.encode()) & 0xff:02x}".encode())
    text = b""
    while True:
        while not (m := re.search(rb"\$([^#]*)#..", text)):
            chunk = s.recv(4096)
            assert chunk, f"the gdb server closed the connection after {packet}"
            text += chunk
        s.sendall(b"+")
        text = text[m.end():]
        if not m.group(1).startswith(b"T"):
            return m.group(1).decode()


def symbols(image=""):
    """Returns {symbol: address} of @image (default: the kernel), as linked; a guest has these addresses only with
    nokaslr."""
    out = subprocess.run(["nm", image or kernel()], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {f[2]: int(f[0], 16) for f in map(str.split, out.splitlines()) if len(f) == 3}
