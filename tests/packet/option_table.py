# SPDX-License-Identifier: MIT
"""The table of all socket options that Linux has, and of those that the kernel has.

test_option_table.py compares it with the kernel, with the system's headers and with docs/socket-options.md, which
`/usr/bin/python3 tests/packet/option_table.py >docs/socket-options.md` makes. unsupported.py takes the names of the
options that TCP sockets lack from it.

An option either works, and then names a test in which its value changes a packet, a time or a result; or it is absent,
and then getsockopt() and setsockopt() fail with ENOPROTOOPT. No option is accepted and ignored: an absent option that a
program needs fails at once, where the program can report it.
"""
import collections

# level: the symbol; number: Linux's; test: a file below tests/ that has the option's name, None if the option is absent;
# sockets: those that know the option (of "tcp", "udp", "ping"); the others refuse it with ENOPROTOOPT;
# text: what a reader of the option's manual page does not expect, or why the option is absent.
Option = collections.namedtuple("Option", "level name number test sockets text")

ALL = "tcp udp ping"
DATAGRAM = "udp ping"
_CALLS, _HOSTED = "packet/scripts/calls/", "hosted/test_"
_DEVICES = _HOSTED + "socket_options.c"

# The options of each level: {name: (number, test, text), or (number, test, text, the sockets that
# know the option)}.
_FILTER = "there are no packet filters (BPF)"
_BUSY = "the device's queue is not polled by reads"
_REPAIR = "connections are not saved and restored"
_SOCKET = {
    "SO_DEBUG": (1, None, "`loglevel.tcp=debug` logs segments"),
    "SO_REUSEADDR": (2, _HOSTED + "close.c", ""),
    "SO_TYPE": (3, _HOSTED + "udp.c", ""),
    "SO_ERROR": (4, _HOSTED + "errors.c", ""),
    "SO_DONTROUTE": (5, _DEVICES, "MSG_DONTROUTE too"),
    "SO_BROADCAST": (6, _HOSTED + "udp_wire.c", "a permission for datagrams; TCP connects to no broadcast address"),
    "SO_SNDBUF": (7, _HOSTED + "memory.c", ""),
    "SO_RCVBUF": (8, _HOSTED + "close_orders.c", ""),
    "SO_KEEPALIVE": (9, _HOSTED + "options.c", "TCP's"),
    "SO_OOBINLINE": (10, _HOSTED + "options.c", "TCP's"),
    "SO_NO_CHECK": (11, _HOSTED + "udp_wire.c", "only datagrams of UDP have an optional checksum", DATAGRAM),
    "SO_PRIORITY": (12, None, "a device's queue has no priorities"),
    "SO_LINGER": (13, _HOSTED + "linger.c", "TCP's"),
    "SO_BSDCOMPAT": (14, None, "has no effect on Linux, since 2.2"),
    "SO_REUSEPORT": (15, _HOSTED + "reuseport.c", ""),
    "SO_PASSCRED": (16, _HOSTED + "unix_names.c", "for AF_UNIX and AF_NETLINK; others: EOPNOTSUPP"),
    "SO_PEERCRED": (17, _HOSTED + "unix_names.c", "for AF_UNIX; others: no process"),
    "SO_RCVLOWAT": (18, _HOSTED + "options.c", ""),
    "SO_SNDLOWAT": (19, _HOSTED + "sockopt.c", "always 1, read only"),
    "SO_RCVTIMEO": (20, _HOSTED + "errors.c", ""),
    "SO_SNDTIMEO": (21, _HOSTED + "errors.c", ""),
    "SO_SECURITY_AUTHENTICATION": (22, None, "does not exist on Linux either"),
    "SO_SECURITY_ENCRYPTION_TRANSPORT": (23, None, "does not exist on Linux either"),
    "SO_SECURITY_ENCRYPTION_NETWORK": (24, None, "does not exist on Linux either"),
    "SO_BINDTODEVICE": (25, _DEVICES, ""),
    "SO_ATTACH_FILTER": (26, None, _FILTER),
    "SO_DETACH_FILTER": (27, None, _FILTER),
    "SO_PEERNAME": (28, None, "getpeername() tells the same"),
    "SO_TIMESTAMP": (29, "packet/scripts/errqueue/times-of-receipt.pkt", ""),
    "SO_ACCEPTCONN": (30, _HOSTED + "udp.c", ""),
    "SO_PEERSEC": (31, None, "there are no security labels"),
    "SO_SNDBUFFORCE": (32, _DEVICES, ""),
    "SO_RCVBUFFORCE": (33, _DEVICES, ""),
    "SO_PASSSEC": (34, None, "there are no security labels"),
    "SO_TIMESTAMPNS": (35, "packet/scripts/errqueue/times-of-receipt.pkt", ""),
    "SO_MARK": (36, _CALLS + "stored-options.pkt",
                "accepted sockets inherit it; there are no rules for marks, so no packet changes, as on Linux without rules"),
    "SO_TIMESTAMPING": (37, _HOSTED + "errqueue.c", "software times"),
    "SO_PROTOCOL": (38, _HOSTED + "udp.c", ""),
    "SO_DOMAIN": (39, _HOSTED + "unix.c", ""),
    "SO_RXQ_OVFL": (40, _HOSTED + "udp_times.c", "of datagrams; others store it"),
    "SO_WIFI_STATUS": (41, None, "there is no wireless device"),
    "SO_PEEK_OFF": (42, _HOSTED + "udp_messages.c", "for UDP and AF_UNIX; others: EOPNOTSUPP"),
    "SO_NOFCS": (43, None, "there are no packet sockets"),
    "SO_LOCK_FILTER": (44, None, _FILTER),
    "SO_SELECT_ERR_QUEUE": (45, _DEVICES, "for datagrams"),
    "SO_BUSY_POLL": (46, None, _BUSY),
    "SO_MAX_PACING_RATE": (47, _HOSTED + "pacing.c", "TCP's"),
    "SO_BPF_EXTENSIONS": (48, None, _FILTER),
    "SO_INCOMING_CPU": (49, None, "there is one CPU"),
    "SO_ATTACH_BPF": (50, None, _FILTER),
    "SO_ATTACH_REUSEPORT_CBPF": (51, None, _FILTER),
    "SO_ATTACH_REUSEPORT_EBPF": (52, None, _FILTER),
    "SO_CNX_ADVICE": (53, None, "a route that does not answer is found out by ARP"),
    "SO_MEMINFO": (55, None, "since Linux 4.12"),
    "SO_INCOMING_NAPI_ID": (56, None, "since Linux 4.12"),
    "SO_COOKIE": (57, None, "since Linux 4.12"),
    "SO_PEERGROUPS": (59, None, "since Linux 4.13"),
    "SO_ZEROCOPY": (60, _HOSTED + "errqueue.c", "TCP's"),
    "SO_TXTIME": (61, None, "since Linux 4.19; a device sends at once"),
    "SO_BINDTOIFINDEX": (62, _DEVICES, "since Linux 5.0"),
    "SO_TIMESTAMP_NEW": (63, None, "since Linux 5.1, for 32-bit programs"),
    "SO_TIMESTAMPNS_NEW": (64, None, "since Linux 5.1, for 32-bit programs"),
    "SO_TIMESTAMPING_NEW": (65, None, "since Linux 5.1, for 32-bit programs"),
    "SO_RCVTIMEO_NEW": (66, None, "since Linux 5.1, for 32-bit programs"),
    "SO_SNDTIMEO_NEW": (67, None, "since Linux 5.1, for 32-bit programs"),
    "SO_DETACH_REUSEPORT_BPF": (68, None, _FILTER),
    "SO_PREFER_BUSY_POLL": (69, None, _BUSY),
    "SO_BUSY_POLL_BUDGET": (70, None, _BUSY),
    "SO_NETNS_COOKIE": (71, None, "since Linux 5.14"),
    "SO_BUF_LOCK": (72, None, "since Linux 5.15"),
    "SO_RESERVE_MEM": (73, None, "since Linux 5.16"),
    "SO_TXREHASH": (74, None, "since Linux 5.18"),
    "SO_RCVMARK": (75, None, "since Linux 5.19; packets carry no mark"),
}
_STREAM = "streams have no datagrams: Linux accepts it, without effect on read()"
_IP = {
    "IP_TOS": (1, _CALLS + "type-of-service.pkt", ""),
    "IP_TTL": (2, _CALLS + "type-of-service.pkt", ""),
    "IP_HDRINCL": (3, None, "only raw sockets have it (`tests/hosted/test_raw.c`)"),
    "IP_OPTIONS": (4, _HOSTED + "ip_options.c", "no source routes"),
    "IP_ROUTER_ALERT": (5, None, "packets are not forwarded"),
    "IP_RECVOPTS": (6, _HOSTED + "ip_options.c", _STREAM, DATAGRAM),
    "IP_RETOPTS": (7, _HOSTED + "ip_options.c", _STREAM, DATAGRAM),
    "IP_PKTINFO": (8, _HOSTED + "udp_messages.c", _STREAM, DATAGRAM),
    "IP_PKTOPTIONS": (9, None, "a stream has no control messages of packets"),
    "IP_MTU_DISCOVER": (10, _HOSTED + "pmtu.c", ""),
    "IP_RECVERR": (11, _HOSTED + "errqueue.c", ""),
    "IP_RECVTTL": (12, _HOSTED + "udp_messages.c", _STREAM, DATAGRAM),
    "IP_RECVTOS": (13, _HOSTED + "udp_messages.c", _STREAM, DATAGRAM),
    "IP_MTU": (14, _HOSTED + "pmtu.c", ""),
    "IP_FREEBIND": (15, _DEVICES, ""),
    "IP_IPSEC_POLICY": (16, None, "there is no IPsec"),
    "IP_XFRM_POLICY": (17, None, "there is no IPsec"),
    "IP_PASSSEC": (18, None, "there are no security labels"),
    "IP_TRANSPARENT": (19, None, "packets for other hosts are dropped"),
    "IP_RECVORIGDSTADDR": (20, _HOSTED + "udp_messages.c", _STREAM, DATAGRAM),
    "IP_MINTTL": (21, _DEVICES, "Linux accepts it for datagrams too, without effect", "tcp"),
    "IP_NODEFRAG": (22, None, "a host always puts fragments together"),
    "IP_CHECKSUM": (23, None, "a device's sum of the bytes is not kept"),
    "IP_BIND_ADDRESS_NO_PORT": (24, _CALLS + "bind-address-no-port.pkt", ""),
    "IP_RECVFRAGSIZE": (25, None, "the sizes of fragments are not kept"),
    "IP_RECVERR_RFC4884": (26, None, "since Linux 5.9"),
    "IP_MULTICAST_IF": (32, _HOSTED + "multicast.c", ""),
    "IP_MULTICAST_TTL": (33, _HOSTED + "multicast_wire.c", ""),
    "IP_MULTICAST_LOOP": (34, _HOSTED + "multicast_wire.c", ""),
    "IP_ADD_MEMBERSHIP": (35, _HOSTED + "multicast_wire.c", ""),
    "IP_DROP_MEMBERSHIP": (36, _HOSTED + "multicast.c", ""),
    "IP_UNBLOCK_SOURCE": (37, _HOSTED + "multicast.c", ""),
    "IP_BLOCK_SOURCE": (38, _HOSTED + "multicast.c", ""),
    "IP_ADD_SOURCE_MEMBERSHIP": (39, _HOSTED + "multicast.c", ""),
    "IP_DROP_SOURCE_MEMBERSHIP": (40, _HOSTED + "multicast.c", ""),
    "IP_MSFILTER": (41, _HOSTED + "multicast.c", ""),
    "MCAST_JOIN_GROUP": (42, _HOSTED + "multicast.c", ""),
    "MCAST_BLOCK_SOURCE": (43, _HOSTED + "multicast.c", ""),
    "MCAST_UNBLOCK_SOURCE": (44, _HOSTED + "multicast.c", ""),
    "MCAST_LEAVE_GROUP": (45, _HOSTED + "multicast.c", ""),
    "MCAST_JOIN_SOURCE_GROUP": (46, _HOSTED + "multicast.c", ""),
    "MCAST_LEAVE_SOURCE_GROUP": (47, _HOSTED + "multicast.c", ""),
    "MCAST_MSFILTER": (48, _HOSTED + "multicast.c", ""),
    "IP_MULTICAST_ALL": (49, _HOSTED + "multicast.c", ""),
    "IP_UNICAST_IF": (50, _DEVICES, "Linux accepts it for streams too, without effect", DATAGRAM),
    "IP_LOCAL_PORT_RANGE": (51, None, "since Linux 6.3"),
    "IP_PROTOCOL": (52, None, "since Linux 6.4"),
}
_TCP = {
    "TCP_NODELAY": (1, "packet/scripts/nagle/nodelay.pkt", ""),
    "TCP_MAXSEG": (2, "packet/scripts/options/maxseg.pkt", ""),
    "TCP_CORK": (3, "packet/scripts/nagle/cork.pkt", ""),
    "TCP_KEEPIDLE": (4, "packet/scripts/keepalive/unanswered.pkt", ""),
    "TCP_KEEPINTVL": (5, "packet/scripts/keepalive/unanswered.pkt", ""),
    "TCP_KEEPCNT": (6, "packet/scripts/keepalive/unanswered.pkt", ""),
    "TCP_SYNCNT": (7, "packet/scripts/handshake/syn-retransmitted.pkt", ""),
    "TCP_LINGER2": (8, "packet/scripts/close/fin-wait-2-of-an-orphan.pkt", ""),
    "TCP_DEFER_ACCEPT": (9, "packet/scripts/handshake/defer-accept.pkt", ""),
    "TCP_WINDOW_CLAMP": (10, "packet/scripts/window/clamp-is-kept.pkt", ""),
    "TCP_INFO": (11, _HOSTED + "info.c", ""),
    "TCP_QUICKACK": (12, _HOSTED + "sockopt.c", ""),
    "TCP_CONGESTION": (13, _HOSTED + "sockopt.c", ""),
    "TCP_MD5SIG": (14, None, "segments are not signed (RFC 2385 is obsolete)"),
    "TCP_THIN_LINEAR_TIMEOUTS": (16, "packet/scripts/rto/thin-stream-does-not-double.pkt", ""),
    "TCP_THIN_DUPACK": (17, None, "has no effect on Linux, since 4.11"),
    "TCP_USER_TIMEOUT": (18, "packet/scripts/rto/user-timeout.pkt", ""),
    "TCP_REPAIR": (19, None, _REPAIR),
    "TCP_REPAIR_QUEUE": (20, None, _REPAIR),
    "TCP_QUEUE_SEQ": (21, None, _REPAIR),
    "TCP_REPAIR_OPTIONS": (22, None, _REPAIR),
    "TCP_FASTOPEN": (23, "packet/scripts/fastopen/server-queue-full.pkt", ""),
    "TCP_TIMESTAMP": (24, None, _REPAIR),
    "TCP_NOTSENT_LOWAT": (25, "packet/scripts/epoll/edge-of-unsent-data.pkt", ""),
    "TCP_CC_INFO": (26, _HOSTED + "sockopt.c", ""),
    "TCP_SAVE_SYN": (27, _HOSTED + "listen.c", ""),
    "TCP_SAVED_SYN": (28, _HOSTED + "listen.c", ""),
    "TCP_REPAIR_WINDOW": (29, None, _REPAIR),
    "TCP_FASTOPEN_CONNECT": (30, _HOSTED + "fastopen.c", ""),
    "TCP_ULP": (31, None, "since Linux 4.13; TLS is the program's"),
    "TCP_MD5SIG_EXT": (32, None, "segments are not signed (RFC 2385 is obsolete)"),
    "TCP_FASTOPEN_KEY": (33, "packet/scripts/fastopen/server-key-option.pkt", "since Linux 4.15"),
    "TCP_FASTOPEN_NO_COOKIE": (34, "packet/scripts/fastopen/client-no-cookie-option.pkt", "since Linux 4.15"),
    "TCP_ZEROCOPY_RECEIVE": (35, None, "since Linux 4.18"),
    "TCP_INQ": (36, _CALLS + "unread-bytes.pkt", "since Linux 4.18"),
    "TCP_TX_DELAY": (37, None, "since Linux 5.3"),
    "TCP_AO_ADD_KEY": (38, None, "since Linux 6.7; segments are not signed (RFC 5925)"),
    "TCP_AO_DEL_KEY": (39, None, "since Linux 6.7"),
    "TCP_AO_INFO": (40, None, "since Linux 6.7"),
    "TCP_AO_GET_KEYS": (41, None, "since Linux 6.7"),
    "TCP_AO_REPAIR": (42, None, "since Linux 6.7"),
    "TCP_IS_MPTCP": (43, None, "since Linux 6.7; there is no MPTCP"),
    "TCP_RTO_MAX_MS": (44, "packet/scripts/rto/limits-of-a-socket.pkt", "since Linux 6.15"),
    "TCP_RTO_MIN_US": (45, "packet/scripts/rto/limits-of-a-socket.pkt", "since Linux 6.15"),
    "TCP_DELACK_MAX_US": (46, "packet/scripts/ack/delay-of-a-socket.pkt", "since Linux 6.15"),
}
_UDP = {
    "UDP_CORK": (1, _HOSTED + "udp_messages.c", ""),
    "UDP_ENCAP": (100, None, "there are no tunnels"),
    "UDP_NO_CHECK6_TX": (101, None, "IPv6"),
    "UDP_NO_CHECK6_RX": (102, None, "IPv6"),
    "UDP_SEGMENT": (103, _HOSTED + "udp_wire.c", "since Linux 4.18"),
    "UDP_GRO": (104, _HOSTED + "udp_gro.c", "since Linux 5.0"),
}


def _rows(level, sockets, options):
    for name, (number, test, text, *only) in options.items():
        known_by = "" if test is None else only[0] if only else sockets
        yield Option(level, name, number, test, known_by, text)


OPTIONS = (*_rows("SOL_SOCKET", ALL, _SOCKET), *_rows("SOL_IP", ALL, _IP), *_rows("SOL_TCP", "tcp", _TCP),
           *_rows("SOL_UDP", "udp", _UDP))

_HEAD = """# Socket options

All options of levels SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP and IPPROTO_UDP in the headers of Linux. The table is made by
`/usr/bin/python3 tests/packet/option_table.py`. An option either works, and the named test shows that its value
changes a packet, a time or a result; or it is absent: getsockopt() and setsockopt() fail with ENOPROTOOPT. Meaning,
types and ranges are those of Linux's socket(7), ip(7), tcp(7) and udp(7). "TCP's" and the like: the option concerns only these
sockets; others store its value. `make packet` compares the table with the kernel and with the system's headers.
"""


def document():
    """Returns the text of docs/socket-options.md."""
    parts = [_HEAD]
    for level in ("SOL_SOCKET", "SOL_IP", "SOL_TCP", "SOL_UDP"):
        rows = [o for o in OPTIONS if o.level == level]
        parts += [f"\n## {level}\n", "| option | refused by | notes | test |", "|---|---|---|---|"]
        everyone = {"SOL_SOCKET": ALL, "SOL_IP": ALL, "SOL_TCP": "tcp", "SOL_UDP": "udp"}[level].split()
        for o in rows:
            if o.test:
                refused = [s for s in everyone if s not in o.sockets.split()]
                parts.append(f"| {o.name} | {', '.join(refused)} | {o.text} | [{o.test.split('/')[-1]}](../tests/{o.test}) |")
        parts += ["", "Absent:", "", "| option | why |", "|---|---|"]
        parts += [f"| {o.name} | {o.text} |" for o in rows if not o.test]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    print(document(), end="")
