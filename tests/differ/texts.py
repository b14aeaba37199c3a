# SPDX-License-Identifier: MIT
"""The texts of docs/linux-differences.md around its two tables.  known.document() puts them together."""

HEAD = """
# Where it differs from Linux

`make differ` plays random scenarios on the hosted kernel and on the host's own Linux (docs/testing.md). A difference
is a fault, or it has a row here: a predicate on the scenario and both answers, the reason why the difference is intended
or accepted, and a packet script that shows it. "Here" is this kernel. There are at most 30 rows, and no row covers more
than 1 % of the seeds: the run checks both. `tests/differ/run --doc` makes the table from the predicates.

The last long run, {seeds} seeds from {from} at commit {commit} beside Linux {linux}:
"""

OTHERS = """
## In packet scripts only

No random scenario can reach these differences, or none did. In the first column "it" is Linux, and "there" is on Linux. The
second and the following lines of a script have the reason for the behaviour here.
"""

SETTINGS = """
## Settings

- `net.ipv4.tcp_allowed_congestion_control` binds every program, because there are no users. On Linux a program with
  CAP_NET_ADMIN may choose any congestion control.
- `dctcp` is in this list from the start. On Linux an administrator adds it.
"""

ARP = """
## ARP

- Linux takes a neighbour's new link address from any unsolicited message a second after the last change, from an announcement at once.
  Here the known link address is asked first, and stays if it answers ([attacks.md](attacks.md)). So a neighbour that moves to another
  link address is found after 3 s.
- Linux does not defend its address (RFC 5227 2.4). This kernel does.
"""

SOCKETS = """
## Sockets

- MSG_ZEROCOPY copies the data, and its report says so (SO_EE_CODE_ZEROCOPY_COPIED), as Linux does on loopback and TUN devices. So
  a program may change its buffer at once, and no page is pinned (`errqueue/zero-copy-reports.pkt`).
- SO_TIMESTAMPING has no OPT_STATS, OPT_RX_FILTER, TX_COMPLETION and no clocks of devices: such a flag fails with EINVAL. A control
  message of sendmsg() fails with EINVAL too.
"""

CALLS = """
## System calls

[docs/process.md](process.md) has the differences of processes, memory, signals and waiting. Those of files:

| call | difference | reason |
|---|---|---|
| `fallocate`, `lseek` | after `fallocate`, the allocated pages are data for SEEK_DATA and SEEK_HOLE; on Linux's tmpfs these pages are a hole until they are written | no page has a mark "allocated, not written"; the bytes read are zeroes in both |
| `fallocate` | a mode other than 0 and FALLOC_FL_KEEP_SIZE: EOPNOTSUPP; Linux's tmpfs also has FALLOC_FL_PUNCH_HOLE | no traced program needs it |
| `open` | O_TMPFILE: EOPNOTSUPP | programs then create a file and unlink it |
| `mknod` | a FIFO: EPERM | one process has no other to open the second end |
| `renameat2` | RENAME_EXCHANGE, RENAME_WHITEOUT: EINVAL | as on a file system of Linux without them |
| `getxattr` and its relatives, `inotify_*`, `fanotify_*`, `memfd_create`, `copy_file_range` | ENOSYS | no traced program needs them; a program copies with read() and write() if copy_file_range() fails |
| `splice` from `/dev/null` | 0, the end of the file; on Linux EINVAL | what read() returns |
"""
