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

No random scenario can reach these differences, or none did. The second and the following lines of a script have the reason
for the behaviour here.
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

GROUPS = """
## Datagrams, IP options, fragments, ping and raw sockets

- An ICMP error or echo reply has "don't fragment" and the identification 0, unless it is longer than the path MTU
  ([attacks.md](attacks.md): idle scan). On Linux it has neither.
- A datagram with a wrong checksum is dropped when it arrives. Linux's poll() reports it on a non-blocking socket.
- A socket that is connected to port 0 receives from that port; on Linux from every port of the peer.
- A program joins several writes (UDP_CORK, MSG_MORE) and sends them to another address than the socket's peer. Here the next datagram
  goes to the peer; on Linux it goes to that other address. A path MTU that was learnt meanwhile counts here for the joined
  datagram, too.
- IP_PKTINFO of a datagram that this host sent to itself names the interface lo; on Linux that of the address.
- IP_PKTINFO describes a datagram that arrived before the option was set; on Linux all fields but `ipi_addr` are then 0. In the error
  queue, and of a ping socket, `ipi_spec_dst` is a local address; on Linux it is 0.
- No datagram with an IP_MULTICAST_TTL of 0 leaves this host (RFC 1112 6.1). On Linux it does if this host is not in the group.
- The ICMP error "fragment reassembly time exceeded" is reported (IP_RECVERR), because RFC 1122 3.2.2.4 says that time exceeded
  must be passed to the transport. Linux ignores it.
- A fragment that would end beyond 65,535 bytes is dropped; Linux drops the datagram when its last fragment arrives.
- At the limit of memory (`ipfrag_high_thresh`) the oldest incomplete datagrams are dropped, first those of the source that
  sends the next fragment. Linux since 4.17 takes no fragment of a new datagram until others are complete or expire, so that a flood of forged
  fragments keeps out all others for `ipfrag_time`.
- A source has at most 64 incomplete datagrams; Linux instead drops a datagram when 64 others of its source were begun
  since its last fragment (`ipfrag_max_dist`).
- A fragment that is not the last and whose length is no multiple of eight is dropped; Linux cuts off the rest.
- A fragment is a duplicate, which is dropped alone, if one other fragment has all its bytes. For Linux it is also one if several
  fragments that arrived in order have them together; here the whole datagram is dropped then.
- With MSG_TRUNC a ping socket returns the length of the message, as recv(2) says; on Linux that of the copied part. Source quench and
  redirects are not reported to a ping socket (RFC 6633); on Linux with IP_RECVERR as EREMOTEIO. No path MTU is learnt from an error about
  an echo reply.
- Each program may have ping and raw sockets, because there are no users: no `ping_group_range`, and no privilege is asked.
- After connect(AF_UNSPEC) a raw socket has the address of bind() and still receives. On Linux it loses both.
- A raw or ping socket has no MSG_MORE: each write is a datagram. A raw socket's protocol is at most 255; Linux also accepts 256 to 262.
- There are no source routes (RFC 7126 4.3, 4.4): IP_OPTIONS and IP_RETOPTS with one fail with EINVAL, and a received packet with one
  is answered with a parameter problem. Linux drops such a packet without an answer, unless `accept_source_route` is set.
- A SYN-ACK, its connection, a RST and an ICMP error do not copy the options of the packet that they answer. An echo reply does.
- The pointer of a parameter problem about an option's length is at the length; Linux's is at the option.

## Multicast

- A stream socket joins no group: every such option fails with EPROTO. Linux refuses only IP_ADD_MEMBERSHIP and IP_DROP_MEMBERSHIP.
- A query of IGMP version 2 or 3 without the Router Alert option is ignored, and so is a general query to a multicast address
  other than 224.0.0.1 (RFC 3376 9.1). Linux answers both.
- An interface has at most 256 groups, and a group on it 128 sources; a join beyond fails with ENOBUFS.
- Without a route to the group and without IP_MULTICAST_IF, multicast leaves through the first card. On Linux sendto() fails with
  ENETUNREACH, and IP_ADD_MEMBERSHIP with ENODEV.
"""

SOCKETS = """
## Sockets

- [socket-options.md](socket-options.md) lists the options that are absent, and those that some kinds of sockets refuse although
  Linux accepts them there without an effect.
- connect(AF_UNSPEC) while another thread waits in recv(): recv() fails with ECONNRESET, as on Linux before 6.4. Linux 6.18 fails with
  EPIPE, and keeps ECONNRESET for the next call.
- TCP_LINGER2 above `tcp_fin_timeout` counts as `tcp_fin_timeout`, as on Linux 4.11; newer ones permit two minutes. TCP_SAVE_SYN with
  2 (the link header, too) fails with EINVAL. A negative l_linger is stored as the longest time; Linux returns it as it was.
- MSG_ZEROCOPY copies the data, and its report says so (SO_EE_CODE_ZEROCOPY_COPIED), as Linux does on loopback and TUN devices. So
  a program may change its buffer at once, and no page is pinned (`errqueue/zero-copy-reports.pkt`).
- SO_TIMESTAMPING has no OPT_STATS, OPT_RX_FILTER, TX_COMPLETION and no clocks of devices: such a flag fails with EINVAL. A control
  message of level SOL_SOCKET that asks TCP's sendmsg() for a mark or a time fails with EINVAL too.
- AF_NETLINK has only NETLINK_ROUTE, and in it only RTM_GETLINK, RTM_GETADDR and RTM_GETROUTE: requests that change a link, an address or
  a route fail with EOPNOTSUPP. Of the options of SOL_NETLINK it has the memberships, NETLINK_PKTINFO, NETLINK_NO_ENOBUFS and
  NETLINK_CAP_ACK. Programs cannot write to each other through it: ECONNREFUSED for a port, EPERM for a group. A dump for a family other
  than AF_INET is empty. A route has no attributes but RTA_TABLE, RTA_DST, RTA_PREFSRC, RTA_GATEWAY and RTA_OIF.
- SIOCSIFFLAGS changes IFF_UP, IFF_PROMISC and IFF_ALLMULTI. A change of another flag that Linux would make (IFF_NOARP, IFF_MULTICAST, IFF_DEBUG
  and the like) fails with EOPNOTSUPP. No permission is checked. A route through a gateway is gone on Linux when its interface goes down;
  here it is back when the interface comes up, because the `ip=` and `gw=` that made it are still in force.
- SIOCSIFMTU accepts what the card's receive buffers hold: up to the MTU that the card offers, else up to 9,000 (with MRG_RXBUF) or 1,500.
  Of `lo`, up to 65,536; Linux's `lo` accepts every MTU.
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
