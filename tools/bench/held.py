# SPDX-License-Identifier: MIT
"""The memory of a softnet guest, as its service netstat (port 15) reports it: the bytes that each idle connection holds,
by slab cache."""
import contextlib
import socket

NETSTAT = 15
PATIENCE = 10        # s for the whole report


def netstat(guest):
    """Returns the report of the guest's netstat, or None if the guest has no such service."""
    text = b""
    with contextlib.suppress(OSError), \
            socket.create_connection((guest.ip, guest.base + NETSTAT), timeout=PATIENCE) as s:
        while piece := s.recv(1 << 16):
            text += piece
    return text.decode(errors="replace") or None


def section(report, name):
    """Returns the part of a report that is the text of the file @name."""
    return report.split(f"== {name} ==\n", 1)[1].split("\n== ", 1)[0]


def caches(report):
    """Returns {cache: bytes of its slabs}. The bytes include the objects that are free."""
    held = {}
    for line in section(report, "/proc/slabinfo").splitlines():
        f = line.split()
        if "slabdata" in f and not line.startswith("#"):
            held[f[0]] = int(f[f.index("slabdata") + 2]) * int(f[5]) * 4096
    return held


def free_bytes(report):
    for line in section(report, "/proc/meminfo").splitlines():
        if line.startswith("MemFree:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no line MemFree in /proc/meminfo")


def bytes_each(before, after, connections):
    """Returns {cache: bytes for each connection} from two reports, largest first; caches below a tenth of a byte are left
    out. "other" is memory outside the slab caches, such as the program's pages and the descriptor table; "all" is the
    sum."""
    a, b = caches(before), caches(after)
    grown = {k: (n - a.get(k, 0)) / connections for k, n in b.items()}
    total = (free_bytes(before) - free_bytes(after)) / connections
    rows = dict(sorted(((k, v) for k, v in grown.items() if v >= 0.1), key=lambda kv: -kv[1]))
    return {**{k: round(v, 1) for k, v in rows.items()}, "other": round(total - sum(grown.values()), 1),
            "all": round(total, 1)}
